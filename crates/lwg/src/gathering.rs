//! Gathering: parts of a group that were found apart meet on one core group.
//!
//! The lowest member of each part sees to it, and after a while whoever knows of it. *Keeps* what
//! is to meet, bounded, each with the time at which it is looked at next: a turn looks at a bounded
//! number, and while as many groups are on their way as may be at nothing is looked at; the first
//! that has come makes room for the next.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::Instant;
use vsync::{Core, GroupId};

use crate::groups::Groups;
use crate::here::CoreNumber;
use crate::id::LwgId;
use crate::limits::{GATHER, GATHERED_AT_ONCE, GATHERED_BY, GATHERING_MAX, MOVES_MAX, SEEK_MEET};
use crate::policy::{GATHERED, Policy};

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Gathering {
    parts: BTreeMap<LwgId, Meeting>,
    due: BTreeSet<(Instant, LwgId)>,
}

/// Parts of a group are to meet on a core group.
#[derive(Debug, Clone, Copy)]
struct Meeting {
    to: GroupId,
    /// Until when its lowest member sees to it alone.
    until: Instant,
    /// When this process gives up: it may not be let in there.
    ends: Option<Instant>,
    /// When it is looked at next.
    at: Instant,
}

impl Gathering {
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// False: there is no room for it.
    fn insert(&mut self, lwg: LwgId, meeting: Meeting) -> bool {
        self.remove(lwg);
        let room = self.parts.len() < GATHERING_MAX;
        if room {
            self.parts.insert(lwg, meeting);
            self.due.insert((meeting.at, lwg));
        }
        room
    }

    fn remove(&mut self, lwg: LwgId) {
        if let Some(meeting) = self.parts.remove(&lwg) {
            self.due.remove(&(meeting.at, lwg));
        }
    }

    fn look_at(&mut self, lwg: LwgId, at: Instant) {
        if let Some(meeting) = self.parts.get_mut(&lwg) {
            self.due.remove(&(meeting.at, lwg));
            meeting.at = at;
            self.due.insert((at, lwg));
        }
    }

    /// Those that are looked at first, up to that time.
    fn next(&self, until: Instant) -> Vec<LwgId> {
        let due = self.due.iter().take(GATHERED_AT_ONCE).take_while(|(at, _)| *at <= until);
        due.map(|(_, lwg)| *lwg).collect()
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Parts of a group have moved apart: they meet where they were one, which all of them who know
    /// of it are in.
    pub(crate) fn gather(&mut self, lwg: LwgId, to: GroupId) {
        let now = self.here.now;
        let known = self.gathering.parts.get(&lwg).filter(|known| known.to == to);
        // What waits for others to have come is not late.
        let behind = GATHER * (self.gathering.len() / MOVES_MAX) as u32;
        let until = known.map_or(now + GATHERED_BY + behind, |known| known.until);
        self.begin_gathering(lwg, Meeting { to, until, ends: None, at: now });
    }

    /// Another part of a group was found on a core group that this process may not be in yet.
    pub(crate) fn gather_sought(&mut self, lwg: LwgId, to: GroupId) {
        let (now, ends) = (self.here.now, Some(self.here.now + SEEK_MEET));
        self.begin_gathering(lwg, Meeting { to, until: now, ends, at: now });
    }

    /// A group of this process has come to a core group. If its parts were to meet there they do:
    /// whoever has it moved on at once, as a policy may, does so for good.
    pub(crate) fn gathered(&mut self, lwg: LwgId, core: CoreNumber) {
        let meeting = self.gathering.parts.get(&lwg);
        if meeting.is_some_and(|meeting| self.numbers.get(&meeting.to) == Some(&core)) {
            self.gathering.remove(lwg);
        }
    }

    fn begin_gathering(&mut self, lwg: LwgId, meeting: Meeting) {
        if !self.gathering.insert(lwg, meeting) {
            self.here.counters.ungathered += 1;
        } else if !self.moves.is_full() {
            self.gather_on(lwg);
        }
    }

    /// When something is looked at: not while nothing more can move.
    pub(crate) fn gathering_deadline(&self) -> Option<Instant> {
        self.gathering.deadline().filter(|_| !self.moves.is_full())
    }

    /// Tries again what it is time for.
    pub(crate) fn gather_again(&mut self) {
        self.gather_some(self.here.now);
    }

    /// A core group has a new view: those that would be next are looked at now.
    pub(crate) fn gather_sooner(&mut self) {
        self.gather_some(Instant::from_nanos(u64::MAX));
    }

    fn gather_some(&mut self, until: Instant) {
        for lwg in self.gathering.next(until) {
            if self.moves.is_full() {
                return;
            }
            self.gather_on(lwg);
        }
    }

    fn gather_on(&mut self, lwg: LwgId) {
        let Some(&Meeting { to, until, ends, .. }) = self.gathering.parts.get(&lwg) else { return };
        let now = self.here.now;
        if ends.is_some_and(|ends| ends <= now) {
            return self.gathering.remove(lwg);
        }
        self.gathering.look_at(lwg, now + GATHER);
        if self.here.arriving.contains_key(&lwg) || self.moves.is_moving(lwg) {
            return;
        }
        let home = self.here.find(lwg);
        let members = home.map(|(_, slot)| self.here.table.members(slot).clone());
        let members = members.filter(|members| members.contains(&self.here.me));
        let number = self.numbers.get(&to).copied();
        let (Some((from, _)), Some(number), Some(members)) = (home, number, members) else {
            if number.is_some() || ends.is_none() {
                self.gathering.remove(lwg);
            }
            return;
        };
        if from == number {
            self.gathering.remove(lwg);
        } else if members.iter().min() == Some(&self.here.me) || now >= until {
            let strangers = self.strangers(number, &members);
            if strangers.is_empty() {
                self.start_move(lwg, to, GATHERED, false);
            } else {
                let members = strangers.iter().map(|member| member.proc).collect();
                self.ask_below(vsync::Down::Invite { group: to, members });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::Duration;

    #[test]
    fn what_is_due_is_looked_at_a_bounded_part_at_a_time() {
        let mut gathering = Gathering::default();
        let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
        let lwg = |count| LwgId { creator: 1, count };
        let meeting = |at| Meeting { to: GroupId(1), until: at, ends: None, at };
        let all = GATHERED_AT_ONCE as u64 + 1;
        assert!((0..all).all(|count| gathering.insert(lwg(count), meeting(at(1)))));
        assert!(gathering.insert(lwg(all), meeting(at(9))));
        assert!(gathering.next(at(0)).is_empty());
        let first = gathering.next(at(1));
        assert_eq!(first.len(), GATHERED_AT_ONCE);
        first.iter().for_each(|lwg| gathering.look_at(*lwg, at(2)));
        assert_eq!(gathering.next(at(1)), [lwg(all - 1)]);
        gathering.remove(lwg(all - 1));
        assert!(gathering.insert(lwg(all), meeting(at(3))));
        assert_eq!(gathering.len(), gathering.due.len());
        assert_eq!(gathering.deadline(), Some(at(2)));
        for count in all + 1..GATHERING_MAX as u64 + 1 {
            assert!(gathering.insert(lwg(count), meeting(at(4))));
        }
        assert!(!gathering.insert(lwg(u64::MAX), meeting(at(1))), "there is no room");
        assert!(gathering.insert(lwg(0), meeting(at(1))), "it is there already");
    }
}
