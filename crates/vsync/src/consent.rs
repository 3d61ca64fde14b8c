//! Consent, the member's side of a flush: promise, say what is here, fetch what is missing.
//!
//! Takes: PREPARE and CUT of whoever coordinates, PULL and FILL. Promises: once blocked a member
//! sends and delivers nothing more in this epoch until an INSTALL, but goes on receiving and
//! handing over. Keeps: the highest ballot promised, and the cut it was asked to hold.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Instant, Message, ProcId};

use crate::control::{Ballot, Control, Gap, Held};
use crate::flush::Status;
use crate::header::SendHeader;
use crate::limits::PULL_FRAMES_MAX;
use crate::serving::Serving;
use crate::turn::Turn;

/// Blocked: a flush has this member's answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked {
    /// Whose flush.
    pub(crate) by: ProcId,
    /// Since when.
    pub(crate) since: Instant,
    /// Since when by anybody's in this epoch.
    pub(crate) first: Instant,
}

/// What this member was asked to hold.
#[derive(Debug)]
pub(crate) struct Wanted {
    cut: Vec<u64>,
    /// What of it no live sender will bring.
    gaps: Vec<Gap>,
    /// When the holders are asked again.
    ask_again: Instant,
    /// It has been said that all is here: said again only where that is asked again.
    told: bool,
}

impl Wanted {
    /// When the holders are asked again, if there is anything to ask them.
    pub(crate) fn ask_again(&self) -> Option<Instant> {
        (!self.gaps.is_empty()).then_some(self.ask_again)
    }
}

impl Serving {
    /// Blocks, for this ballot.
    pub(crate) fn promise(&mut self, turn: &Turn<'_>, ballot: Ballot, by: ProcId) {
        self.promised = ballot;
        if self.epoch.frozen.is_none() {
            self.epoch.frozen = Some(self.epoch.received());
        }
        let first = self.blocked.map_or(turn.now, |blocked| blocked.first);
        self.blocked = Some(Blocked { by, since: turn.now, first });
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
    pub(crate) fn hear_cut(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        ballot: Ballot,
        cut: Vec<u64>,
        gaps: &[Gap],
    ) {
        if !self.admits_ballot(turn, from, ballot) || ballot != self.promised {
            return;
        }
        if self.is_sound_cut(&cut) {
            self.take_cut(turn, from, ballot, cut, gaps);
        } else {
            self.note_unsound(turn, from);
        }
    }

    /// Notes what is to be held, fetches it, and says so once it is here.
    pub(crate) fn take_cut(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        ballot: Ballot,
        cut: Vec<u64>,
        gaps: &[Gap],
    ) {
        if self.wanted.is_none() {
            let (gaps, ask_again) = (gaps.to_vec(), turn.now);
            self.wanted = Some(Box::new(Wanted { cut, gaps, ask_again, told: false }));
            self.pull(turn);
        }
        if from != turn.me() && self.holds_cut() {
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            turn.control(from, &Control::CutOk { group, epoch, ballot });
            self.wanted.iter_mut().for_each(|wanted| wanted.told = true);
        }
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
            self.take_cut_ok(turn, turn.me(), ballot);
        } else {
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            turn.control(blocked.by, &Control::CutOk { group, epoch, ballot });
        }
    }

    /// Asks the named holders for what is missing of excluded senders, until it is here.
    pub(crate) fn pull(&mut self, turn: &mut Turn<'_>) {
        let due = self.wanted.as_ref().is_some_and(|wanted| wanted.ask_again <= turn.now);
        let Some(mut wanted) = self.wanted.take_if(|_| due) else { return };
        wanted.ask_again = turn.now + turn.config.control * 4;
        for gap in &wanted.gaps {
            let rank = usize::from(gap.of);
            let holder = gap.holder.and_then(|rank| self.epoch.members.get(usize::from(rank)));
            let Some(holder) = holder.filter(|holder| **holder != turn.me()) else { continue };
            let Some(stream) = self.epoch.streams.get(rank) else { continue };
            let from = stream.received().max(gap.span.from);
            let beyond = &self.epoch.beyond;
            let missing = (from..gap.span.end).find(|at| !beyond.contains_key(&(rank, *at)));
            if let Some(position) = missing {
                turn.counters.pulls += 1;
                let (group, epoch, of) = (self.epoch.group, self.epoch.view, gap.of);
                let pull = Control::Pull { group, epoch, of, position, end: gap.span.end };
                turn.control(*holder, &pull);
            }
        }
        self.wanted = Some(wanted);
    }

    /// Hands over frames of somebody else.
    pub(crate) fn take_pull(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        of: u8,
        position: u64,
        end: u64,
    ) {
        let Some(stream) = self.epoch.streams.get(usize::from(of)) else { return };
        let members = self.epoch.members.len();
        let Some(asker) = self.epoch.rank_of(from) else { return };
        for position in position..end.min(position.saturating_add(PULL_FRAMES_MAX)) {
            let Some(frame) = stream.frame(position) else { return };
            let mut message: Message = frame.for_filling(members, asker);
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            message.push(&SendHeader::Fill { group, epoch, rank: of, position });
            turn.counters.fills += 1;
            turn.ask(muts::Down::Send { to: from, message });
        }
    }

    /// Takes a frame that a holder handed over.
    pub(crate) fn take_fill(
        &mut self,
        turn: &mut Turn<'_>,
        rank: u8,
        position: u64,
        message: Message,
    ) {
        let rank = usize::from(rank);
        if rank >= self.epoch.streams.len() {
            turn.counters.malformed += 1;
            return;
        }
        self.epoch.fill(turn, rank, position, message);
    }
}
