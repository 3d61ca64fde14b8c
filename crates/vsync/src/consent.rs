//! Consent, the member's side of a flush: promise, say what is here, say when all is here.
//!
//! Takes: PREPARE and CUT of whoever coordinates. Promises: once blocked a member sends and tells
//! nothing more in this epoch until an INSTALL, but goes on receiving and handing over; who
//! coordinates is waited for as long as anybody gets nearer to the cut. Keeps: the highest ballot
//! promised, and the cut it was asked to hold.

use alloc::boxed::Box;

use muts::{Instant, ProcId};

use crate::control::{Ballot, Control, Cut, Held};
use crate::fetching::Wanted;
use crate::flush::Status;
use crate::serving::Serving;
use crate::turn::Turn;

/// Blocked: a flush has this member's answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked {
    /// Whose flush.
    pub(crate) by: ProcId,
    /// Since when.
    pub(crate) since: Instant,
    /// When it was last heard that it comes along, or that it began.
    pub(crate) moved: Instant,
    /// How far it had come then, by its own count.
    progress: u64,
    /// Since when by anybody's in this epoch.
    pub(crate) first: Instant,
}

impl Serving {
    /// Blocks, for this ballot.
    pub(crate) fn promise(&mut self, turn: &Turn<'_>, ballot: Ballot, by: ProcId) {
        self.promised = ballot;
        if self.epoch.frozen.is_none() {
            self.epoch.frozen = Some(self.epoch.received());
        }
        let first = self.blocked.map_or(turn.now, |blocked| blocked.first);
        let (since, moved) = (turn.now, turn.now);
        self.blocked = Some(Blocked { by, since, moved, progress: 0, first });
        self.wanted = None;
    }

    /// Takes a PREPARE of this epoch.
    pub(crate) fn take_prepare(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        ballot: Ballot,
        excluded: &[ProcId],
    ) {
        if excluded.contains(&turn.me()) {
            self.give_up(turn, from);
            return;
        }
        if !self.admits_ballot(turn, from, ballot) {
            return;
        }
        if ballot > self.promised && !self.may_close(turn) {
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            let excluded = excluded.to_vec();
            return self.keep(from, Control::Prepare { group, epoch, ballot, excluded });
        }
        if ballot > self.promised {
            self.flush = None;
            self.merge = None;
            self.promise(turn, ballot, from);
        }
        let Status { received, highest, held, voter } = self.status(excluded);
        let (group, epoch) = (self.epoch.group, self.epoch.view);
        let status = Control::Status { group, epoch, ballot, received, highest, held, voter };
        turn.control(from, &status);
    }

    /// What is here, and of the streams of excluded senders how it is here.
    pub(crate) fn status<'a>(&self, excluded: impl IntoIterator<Item = &'a ProcId>) -> Status {
        let ranks = excluded.into_iter().filter_map(|proc| self.epoch.rank_of(*proc));
        let held = ranks.map(|rank| {
            let stream = &self.epoch.streams[rank];
            let (head, skipped) = (stream.head(), stream.skipped());
            Held { of: rank as u8, head, skipped, aside: stream.aside(self.epoch.rank) }
        });
        let held = held.collect();
        let (received, highest, voter) = (self.epoch.received(), self.highest, self.voter);
        Status { received, highest, held, voter }
    }

    /// Whether the sender may close this epoch with that ballot; tells it if not.
    fn admits_ballot(&mut self, turn: &mut Turn<'_>, from: ProcId, ballot: Ballot) -> bool {
        if self.gone.contains(&from) || self.epoch.rank_of(from).is_none() {
            return false;
        }
        if ballot < self.promised {
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            turn.control(from, &Control::Refuse { group, epoch, promised: self.promised });
            return false;
        }
        true
    }

    /// Takes a CUT of this epoch from somebody else.
    pub(crate) fn hear_cut(&mut self, turn: &mut Turn<'_>, from: ProcId, ballot: Ballot, cut: Cut) {
        if !self.admits_ballot(turn, from, ballot) || ballot != self.promised {
            return;
        }
        if let Some(blocked) = &mut self.blocked
            && cut.progress > blocked.progress
        {
            (blocked.moved, blocked.progress) = (turn.now, cut.progress);
        }
        if self.is_sound_cut(&cut.ends) {
            self.take_cut(turn, from, ballot, cut);
        } else {
            self.note_unsound(turn, from);
        }
    }

    /// Notes what is to be held, fetches it, and says so once it is here.
    pub(crate) fn take_cut(&mut self, turn: &mut Turn<'_>, from: ProcId, ballot: Ballot, cut: Cut) {
        if self.wanted.is_none() {
            self.wanted = Some(Box::new(Wanted::new(turn, cut.ends, cut.gaps)));
            self.pull(turn);
        }
        if from != turn.me() {
            let lacking = self.lacking();
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            turn.control(from, &Control::CutOk { group, epoch, ballot, lacking });
            self.wanted.iter_mut().for_each(|wanted| wanted.told = lacking == 0);
        }
    }

    /// How many positions of the cut are still to come, or somewhat more; none if it is held.
    fn lacking(&self) -> u64 {
        let Some(wanted) = self.wanted.as_ref().filter(|_| !self.holds_cut()) else { return 0 };
        let streams = wanted.cut.iter().zip(&self.epoch.streams);
        let ahead: u64 = streams.map(|(end, stream)| end.saturating_sub(stream.received())).sum();
        ahead.saturating_sub(self.epoch.beyond.len() as u64).max(1)
    }

    fn holds_cut(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| {
            (0..wanted.cut.len()).all(|rank| self.lacks(wanted, rank).is_none())
        })
    }

    /// The first position of a stream that is still to come, void ones passed over.
    fn lacks(&self, wanted: &Wanted, rank: usize) -> Option<u64> {
        let from = self.epoch.streams[rank].received();
        (from..wanted.cut[rank]).find(|position| {
            let mut gaps = wanted.gaps.iter();
            let gap = gaps.find(|gap| usize::from(gap.of) == rank && gap.span.has(*position));
            gap.is_none_or(|gap| gap.holder.is_some())
                && !self.epoch.beyond.contains_key(&(rank, *position))
        })
    }

    /// Something was received: perhaps the cut is held now.
    pub(crate) fn check_cut(&mut self, turn: &mut Turn<'_>) {
        let told = self.wanted.as_ref().is_none_or(|wanted| wanted.told);
        if told || !self.holds_cut() {
            return;
        }
        self.wanted.iter_mut().for_each(|wanted| wanted.told = true);
        let Some(blocked) = self.blocked else { return };
        let ballot = self.promised;
        if blocked.by == turn.me() {
            self.take_cut_ok(turn, turn.me(), ballot, 0);
        } else {
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            turn.control(blocked.by, &Control::CutOk { group, epoch, ballot, lacking: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretended::{Member, proc};
    use alloc::{vec, vec::Vec};
    use core::cmp::Reverse;

    const fn ballot(round: u64, rank: u8) -> Ballot {
        Ballot { round, rank: Reverse(rank) }
    }

    fn cut() -> Cut {
        Cut { ends: vec![0; 3], gaps: Vec::new(), progress: 1 }
    }

    /// It may hold less than the higher one's, which is not looked at once another is held.
    #[test]
    fn the_cut_of_a_lower_ballot_is_refused_and_not_held() {
        let mut member = Member::last_of(3);
        let (low, high) = (ballot(1, 0), ballot(2, 1));
        let said = member.does(|serving, turn| serving.take_prepare(turn, proc(1), high, &[]));
        let is_status = |control: &Control| match control {
            Control::Status { ballot, .. } => *ballot == high,
            _ => false,
        };
        assert!(matches!(&said[..], [(to, what)] if *to == proc(1) && is_status(what)), "{said:?}");

        let said = member.does(|serving, turn| serving.hear_cut(turn, proc(0), low, cut()));
        let refuses = |control: &Control| match control {
            Control::Refuse { promised, .. } => *promised == high,
            _ => false,
        };
        assert!(matches!(&said[..], [(to, what)] if *to == proc(0) && refuses(what)), "{said:?}");
        assert!(member.serving.wanted.is_none());

        let said = member.does(|serving, turn| serving.hear_cut(turn, proc(1), high, cut()));
        let holds = |control: &Control| matches!(control, Control::CutOk { lacking: 0, .. });
        assert!(matches!(&said[..], [(to, what)] if *to == proc(1) && holds(what)), "{said:?}");
    }

    /// Nobody has promised that it moves along.
    #[test]
    fn the_cut_of_a_ballot_that_was_not_promised_is_not_held() {
        let mut member = Member::last_of(3);
        member.does(|serving, turn| serving.take_prepare(turn, proc(0), ballot(1, 0), &[]));
        let said =
            member.does(|serving, turn| serving.hear_cut(turn, proc(1), ballot(2, 1), cut()));
        assert!(said.is_empty() && member.serving.wanted.is_none(), "{said:?}");
    }
}
