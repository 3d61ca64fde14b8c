//! Seeking: parts of a group that nothing has brought together find each other.
//!
//! Mostly the core group knows where the other part is, and they meet there at once (moves.rs). It
//! may have forgotten, or been given up. So whoever is in a group that has lost members asks each
//! of those, some seconds after it has come or gone in a core group with this process, where *its*
//! part is. The next incarnation of one that has crashed is in no part and is asked for nothing.
//! The answer is there once they can hear each other, however long that takes: what is said to one
//! process waits for it. An answer that took long only tells that it is there again.
//!
//! The part on the lower core group goes to the higher one, whichever asks, and however many parts
//! there are: so nothing goes in circles. What is wrong or old by the time it comes costs nothing
//! but a move: that is safe whoever starts it.
//!
//! *Keeps* one small note for each process, and nothing for a group: what there is to ask for is
//! read from the table, a bounded piece at a time.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Duration, Instant, Message, ProcId};
use vsync::{Core, Endpoint, GroupId};

use crate::groups::Groups;
use crate::id::{LwgId, Members};
use crate::letter::{Letter, Part};
use crate::limits::{
    PART_MEMBERS_MAX, SEEK, SEEK_FRESH, SEEK_MAX, SEEK_PAUSE_MAX, SOUGHT_MAX, SOUGHT_PEERS_MAX,
};
use crate::membership::Index;
use crate::policy::Policy;
use crate::table::{NOWHERE, Slot};
use crate::traits::{LOST, RELAXED};

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Seeking {
    peers: BTreeMap<Endpoint, Peer>,
    due: BTreeSet<(Instant, Endpoint)>,
}

/// A process that may be in parts of what this one is in.
struct Peer {
    stage: Stage,
    /// How long it is left alone after the next round that has found anything.
    pause: Duration,
    /// Something is still to be asked when this round is over.
    again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Rest,
    /// It is asked then, for what follows that place.
    Due(Instant, Option<Cursor>),
    /// Since then, and what comes next.
    Asked(Instant, Option<Cursor>),
}

/// How far the table is read: the next entry of a membership on a core group; nowhere: at its
/// first.
type Cursor = (GroupId, Index, Slot);

impl Seeking {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// That process has come or gone.
    pub(crate) fn note(&mut self, now: Instant, peer: Endpoint) {
        if self.peers.len() >= SOUGHT_PEERS_MAX && !self.peers.contains_key(&peer) {
            return;
        }
        let new = Peer { stage: Stage::Rest, pause: SEEK, again: false };
        let known = self.peers.entry(peer).or_insert(new);
        known.pause = SEEK;
        match known.stage {
            Stage::Rest => self.schedule(peer, now + SEEK, None),
            Stage::Due(..) => {}
            Stage::Asked(..) => known.again = true,
        }
    }

    /// A part has come to another core group: others may be anywhere.
    pub(crate) fn note_all(&mut self, now: Instant) {
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.note(now, peer);
        }
    }

    /// That process is over.
    pub(crate) fn forget(&mut self, proc: ProcId) {
        self.peers.retain(|peer, _| peer.proc != proc);
        self.due.retain(|(_, peer)| peer.proc != proc);
    }

    fn schedule(&mut self, peer: Endpoint, at: Instant, cursor: Option<Cursor>) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.stage = Stage::Due(at, cursor);
            self.due.insert((at, peer));
        }
    }

    /// A round is over: another follows if it has found anything.
    fn rest(&mut self, now: Instant, peer: Endpoint) {
        let Some(known) = self.peers.get_mut(&peer) else { return };
        known.stage = Stage::Rest;
        if core::mem::take(&mut known.again) {
            let at = now + known.pause;
            known.pause = (known.pause * 2).min(SEEK_PAUSE_MAX);
            self.schedule(peer, at, None);
        }
    }

    fn again(&mut self, peer: Endpoint) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.again = true;
        }
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Asks whoever is to be asked by now.
    pub(crate) fn seek(&mut self) {
        while let Some(&(at, peer)) = self.seeking.due.first() {
            if at > self.here.now {
                return;
            }
            self.seeking.due.pop_first();
            if let Some(Peer { stage: Stage::Due(_, cursor), .. }) = self.seeking.peers.get(&peer) {
                let cursor = *cursor;
                self.seek_at(peer, cursor);
            }
        }
    }

    /// Asks a process for what comes next, if there is more; a round is over if not.
    fn seek_at(&mut self, peer: Endpoint, from: Option<Cursor>) {
        let (groups, next) = self.sought_of(peer, from);
        if !groups.is_empty() {
            if let Some(known) = self.seeking.peers.get_mut(&peer) {
                known.stage = Stage::Asked(self.here.now, next);
            }
            self.here.counters.sought += groups.len() as u64;
            self.send_letter(peer, &Letter::Seek { groups }, Message::default());
        } else if next.is_some() {
            // Other things go on between.
            self.seeking.schedule(peer, self.here.now + SEEK_TURN, next);
        } else {
            self.seeking.rest(self.here.now, peer);
        }
    }

    /// Groups that this process is in without that one, which they have lost, and where to read on.
    /// Of a core group in motion none: it is looked at again.
    fn sought_of(&mut self, peer: Endpoint, from: Option<Cursor>) -> (Vec<LwgId>, Option<Cursor>) {
        let (mut groups, mut read) = (Vec::new(), 0);
        if self.here.table.memberships.latest.is_over(&peer) {
            return (groups, None);
        }
        let first = from.map_or(GroupId(0), |(core, ..)| core);
        for (&core, &number) in self.numbers.range(first..) {
            if read >= SEEK_MAX {
                return (groups, Some((core, 0, NOWHERE)));
            }
            read += 1;
            let Some(group) = self.cores[number as usize].as_ref() else { continue };
            if group.exchange.is_some() || !group.is_swept() {
                self.seeking.again(peer);
                continue;
            }
            let memberships = &self.here.table.memberships;
            let here = from.filter(|(at, ..)| *at == core);
            let mut next = match here {
                Some((_, index, _)) if memberships.is_of(index, number) => Some(index),
                Some((_, index, _)) => memberships.after(number, Some(index)),
                None => memberships.after(number, None),
            };
            while let Some(index) = next {
                if read >= SEEK_MAX {
                    return (groups, Some((core, index, NOWHERE)));
                }
                read += 1;
                let members = memberships.members(index);
                let mut at = NOWHERE;
                let apart = memberships.lost(index).may_be(&peer) && !members.contains(&peer);
                if apart && members.contains(&self.here.me) {
                    at = memberships.first(index);
                }
                if let Some((_, _, slot)) =
                    here.filter(|(_, same, at)| *same == index && *at != NOWHERE)
                {
                    let stands = self.here.table.is_taken(slot)
                        && self.here.table.entry(slot).membership == index;
                    at = if stands { slot } else { NOWHERE };
                    if !stands {
                        self.seeking.again(peer);
                    }
                }
                while at != NOWHERE {
                    if read >= SEEK_MAX || groups.len() == SOUGHT_MAX {
                        return (groups, Some((core, index, at)));
                    }
                    read += 1;
                    let entry = self.here.table.entry(at);
                    if entry.marks.has(LOST) && !entry.marks.has(RELAXED) {
                        groups.push(entry.lwg);
                    }
                    at = entry.next;
                }
                next = memberships.after(number, Some(index));
            }
        }
        (groups, None)
    }

    /// A process asks where the parts of these are that this one is in.
    pub(crate) fn on_seek(&mut self, from: Endpoint, groups: &[LwgId]) {
        let (mut again, mut named) = (false, 0);
        let mut parts: BTreeMap<(GroupId, Index), Part> = BTreeMap::new();
        for &lwg in groups {
            again |= self.here.arriving.contains_key(&lwg);
            let Some((core, slot, members)) = self.part_of(lwg) else { continue };
            if members.contains(&from) {
                // One of the two is about to know better.
                again = true;
                continue;
            }
            let key = (core, self.here.table.entry(slot).membership);
            if !parts.contains_key(&key) {
                named += members.len();
            }
            if named > PART_MEMBERS_MAX {
                again = true;
                break;
            }
            let new = Part { core, members, groups: Vec::new() };
            parts.entry(key).or_insert(new).groups.push(lwg);
        }
        let parts = parts.into_values().collect();
        self.send_letter(from, &Letter::Found { again, parts }, Message::default());
    }

    /// Where this process is in a group, and with whom.
    fn part_of(&mut self, lwg: LwgId) -> Option<(GroupId, Slot, Members)> {
        if self.here.arriving.contains_key(&lwg) {
            return None;
        }
        let (number, _) = self.here.find(lwg)?;
        let core = self.cores[number as usize].as_mut()?;
        let slot = core.directory.find(&mut self.here, lwg)?;
        let members = self.here.table.members(slot);
        members.contains(&self.here.me).then(|| (core.id(), slot, members.clone()))
    }

    /// A process that was asked says where its parts are.
    pub(crate) fn on_found(&mut self, from: Endpoint, again: bool, parts: Vec<Part>) {
        let Some(known) = self.seeking.peers.get_mut(&from) else { return };
        let Stage::Asked(since, next) = known.stage else { return };
        if self.here.now.since(since) > SEEK_FRESH {
            // It was away: first what its return sets going has its time.
            (known.pause, known.again) = (SEEK, true);
            return self.seeking.rest(self.here.now, from);
        }
        known.again |= again;
        for part in parts {
            self.meet(from, part);
        }
        match next {
            Some(next) => self.seek_at(from, Some(next)),
            None => self.seeking.rest(self.here.now, from),
        }
    }

    /// That process is in these groups elsewhere: what is on the lower core group goes to the
    /// higher one.
    fn meet(&mut self, from: Endpoint, part: Part) {
        let Part { core: theirs, members: others, groups } = part;
        let mut go = Vec::new();
        let mut going = Members::new();
        let mut come: BTreeMap<GroupId, Vec<LwgId>> = BTreeMap::new();
        for lwg in groups {
            let Some((mine, _, members)) = self.part_of(lwg) else { continue };
            if members.contains(&from) {
                continue;
            }
            self.seeking.again(from);
            self.here.counters.found += 1;
            // Those on one core group meet as it does.
            if mine < theirs {
                go.push(lwg);
                let new = members.into_iter().filter(|member| !going.contains(member));
                going.extend(new.collect::<Members>());
            } else if mine > theirs {
                come.entry(mine).or_default().push(lwg);
            }
        }
        if !go.is_empty() && !self.numbers.contains_key(&theirs) {
            let letter = Letter::Bring { core: theirs, members: going };
            self.send_letter(from, &letter, Message::default());
        }
        for lwg in go {
            self.gather_sought(lwg, theirs);
        }
        for (core, groups) in come {
            self.invite_to(core, &others);
            self.send_letter(from, &Letter::Come { core, groups }, Message::default());
        }
    }

    /// Whoever of these is not in that core group is invited.
    pub(crate) fn invite_to(&mut self, core: GroupId, members: &[Endpoint]) {
        let Some(&number) = self.numbers.get(&core) else { return };
        let strangers = self.strangers(number, members);
        if !strangers.is_empty() {
            let members = strangers.iter().map(|member| member.proc).collect();
            self.ask_below(vsync::Down::Invite { group: core, members });
        }
    }

    /// The other part of these is on a higher core group.
    pub(crate) fn on_come(&mut self, core: GroupId, groups: &[LwgId]) {
        for &lwg in groups {
            if self.part_of(lwg).is_some_and(|(mine, ..)| mine < core) {
                self.gather_sought(lwg, core);
            }
        }
    }
}

/// Between two pieces of the table that had nothing to ask for.
const SEEK_TURN: Duration = Duration::from_millis(1);
