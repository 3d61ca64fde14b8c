//! Flush, the coordinator's side: gather what everybody has, agree on a cut, decide the next view.
//!
//! Takes: STATUS, CUT_OK and REFUSE of the participants. Promises: INSTALL is decided only when
//! every participant holds the cut (V1), and every flush ends in one. Keeps: nothing beyond its
//! epoch. A new suspicion starts it again with a higher ballot, until something is decided.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use muts::{Duration, Instant, ProcId};

use crate::control::{Ballot, Control, Cut, Gap, Held};
use crate::grounds::Exclusion;
use crate::install::{Lost, Part};
use crate::serving::Serving;
use crate::survey::{Answer, survey};
use crate::turn::Turn;

/// How far a flush has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waiting for STATUS.
    Preparing,
    /// Waiting for CUT_OK.
    Cutting,
    /// Everybody holds the cut; a merge may still be waiting for the other side.
    Ready,
}

/// What one participant answered.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) received: Vec<u64>,
    pub(crate) highest: u64,
    /// Of the excluded senders' streams.
    pub(crate) held: Vec<Held>,
    /// Whether it counts for a primary view.
    pub(crate) voter: bool,
}

/// A flush under way here.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) ballot: Ballot,
    pub(crate) excluded: BTreeSet<ProcId>,
    pub(crate) phase: Phase,
    /// When it starts again, since somebody has promised a higher ballot.
    pub(crate) again: Option<Instant>,
    since: Instant,
    statuses: BTreeMap<ProcId, Status>,
    holding: BTreeSet<ProcId>,
    /// How many positions of the cut others lack, as far as they have said so.
    lacking: BTreeMap<ProcId, u64>,
    /// How often that became less.
    progress: u64,
    cut: Vec<u64>,
    gaps: Vec<Gap>,
    lost: Vec<Lost>,
}

impl Flush {
    /// Whether this member's answer is missing.
    pub(crate) fn waits_for(&self, proc: ProcId) -> bool {
        let answered = match self.phase {
            Phase::Preparing => self.statuses.contains_key(&proc),
            Phase::Cutting | Phase::Ready => self.holding.contains(&proc),
        };
        !answered && !self.excluded.contains(&proc)
    }

    fn wanted(&self) -> Cut {
        let (ends, gaps) = (self.cut.clone(), self.gaps.clone());
        Cut { ends, gaps, progress: self.progress }
    }
}

impl Serving {
    /// Starts a flush, or starts it again, as coordinator.
    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>) {
        let me = turn.me();
        let again = self.flush.is_some();
        let keep = self.clique(turn);
        let excluded: BTreeSet<ProcId> =
            self.epoch.members.iter().copied().filter(|proc| !keep.contains(proc)).collect();
        for who in &excluded {
            let charge = self.charge(turn, *who, &keep);
            let (group, view, at) = (self.group(), self.epoch.told, turn.now);
            turn.remember(Exclusion { group, view, who: *who, charge, at });
        }
        if again {
            self.merge = None;
            turn.counters.flushes_restarted += 1;
        } else {
            turn.counters.flushes += 1;
        }
        self.round = self.round.max(self.promised.round) + 1;
        let ballot = Ballot { round: self.round, rank: Reverse(self.epoch.rank as u8) };
        self.flush = Some(Box::new(Flush {
            ballot,
            excluded: excluded.clone(),
            phase: Phase::Preparing,
            again: None,
            since: turn.now,
            statuses: BTreeMap::new(),
            holding: BTreeSet::new(),
            lacking: BTreeMap::new(),
            progress: 0,
            cut: Vec::new(),
            gaps: Vec::new(),
            lost: Vec::new(),
        }));
        self.promise(turn, ballot, me);
        let status = self.status(&excluded);
        self.take_status(turn, me, ballot, status);
        self.repeating.soon(turn);
        self.push_flush(turn);
    }

    /// Those of the view that can go on together: greedily by rank, the coordinator first.
    fn clique(&self, turn: &Turn<'_>) -> Vec<ProcId> {
        let mut kept = vec![turn.me()];
        for proc in self.epoch.members.iter().copied() {
            let fits = !self.suspects(turn, proc)
                && kept.iter().all(|other| turn.peers.compatible(turn.now, proc, *other));
            if fits && !kept.contains(&proc) {
                kept.push(proc);
            }
        }
        kept
    }

    /// Those who take part in the flush, by rank.
    fn participants(&self) -> Vec<ProcId> {
        let flush = self.flush.as_ref().expect("a flush under way");
        let members = self.epoch.members.iter().copied();
        members.filter(|proc| !flush.excluded.contains(proc)).collect()
    }

    /// Repeats what the participants have not answered. CUT goes to all until the decision, also to
    /// those that answered: a REFUSE may have become due.
    pub(crate) fn push_flush(&mut self, turn: &mut Turn<'_>) {
        let Some(flush) = &self.flush else { return };
        let (group, epoch, ballot) = (self.epoch.group, self.epoch.view, flush.ballot);
        let message = match flush.phase {
            Phase::Preparing => {
                let excluded = flush.excluded.iter().copied().collect();
                Control::Prepare { group, epoch, ballot, excluded }
            }
            Phase::Cutting | Phase::Ready => {
                Control::Cut { group, epoch, ballot, cut: flush.wanted() }
            }
        };
        for proc in self.participants() {
            let flush = self.flush.as_ref().expect("a flush under way");
            let answered = flush.phase == Phase::Preparing && flush.statuses.contains_key(&proc);
            if proc != turn.me() && !answered {
                turn.control(proc, &message);
            }
        }
    }

    /// Takes a participant's STATUS.
    pub(crate) fn take_status(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        ballot: Ballot,
        status: Status,
    ) {
        let Some(flush) = &self.flush else { return };
        let expected = flush.ballot == ballot && flush.phase == Phase::Preparing;
        if !expected || flush.excluded.contains(&from) {
            return;
        }
        if !self.is_sound_status(from, &status) {
            return self.note_unsound(turn, from);
        }
        let flush = self.flush.as_mut().expect("looked at just now");
        flush.statuses.insert(from, status);
        let participants = self.participants();
        let flush = self.flush.as_ref().expect("a flush under way");
        if participants.iter().all(|proc| flush.statuses.contains_key(proc)) {
            self.cut_streams(turn, &participants);
        }
    }

    /// Everybody answered: what of each stream is delivered by all who move along, and who lacks
    /// what of the excluded ones and can get it from whom.
    fn cut_streams(&mut self, turn: &mut Turn<'_>, participants: &[ProcId]) {
        let ranks: Vec<(u8, ProcId)> = participants
            .iter()
            .map(|proc| (self.epoch.rank_of(*proc).expect("a member") as u8, *proc))
            .collect();
        let members = self.epoch.members.clone();
        let flush = self.flush.as_mut().expect("a flush under way");
        let has = |proc: &ProcId, stream: usize| flush.statuses[proc].received[stream];
        let (mut cut, mut gaps, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for (stream, sender) in members.iter().enumerate() {
            // A live sender's own answer is final: it sends nothing more in this epoch.
            if let Some(own) = flush.statuses.get(sender) {
                cut.push(own.received[stream]);
                continue;
            }
            let answers: Vec<Answer<'_>> = ranks
                .iter()
                .map(|(rank, proc)| Answer {
                    rank: *rank,
                    received: has(proc, stream),
                    held: flush.statuses[proc].held.iter().find(|h| usize::from(h.of) == stream),
                })
                .collect();
            let survey = survey(stream as u8, &answers);
            cut.push(survey.end);
            gaps.extend(survey.gaps);
            lost.push(survey.lost);
        }
        flush.holding = participants
            .iter()
            .copied()
            .filter(|proc| (0..cut.len()).all(|stream| has(proc, stream) >= cut[stream]))
            .collect();
        flush.cut = cut;
        flush.gaps = gaps;
        flush.lost = lost;
        flush.phase = Phase::Cutting;
        let (cut, ballot) = (flush.wanted(), flush.ballot);
        self.take_cut(turn, turn.me(), ballot, cut);
        self.ready_if_held(turn);
        self.repeating.soon(turn);
        self.push_flush(turn);
    }

    /// Takes a participant's CUT_OK.
    pub(crate) fn take_cut_ok(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        ballot: Ballot,
        lacking: u64,
    ) {
        if let Some(flush) = &mut self.flush
            && flush.ballot == ballot
            && flush.phase == Phase::Cutting
        {
            let before = flush.lacking.insert(from, lacking);
            flush.progress += u64::from(before.is_none_or(|before| lacking < before));
            if lacking == 0 {
                flush.holding.insert(from);
            }
            self.ready_if_held(turn);
        }
    }

    fn ready_if_held(&mut self, turn: &mut Turn<'_>) {
        let Some(flush) = &self.flush else { return };
        let held = self.participants().iter().all(|proc| flush.holding.contains(proc));
        if flush.phase == Phase::Cutting && held {
            self.flush.as_mut().expect("a flush under way").phase = Phase::Ready;
            self.decide_if_ready(turn);
        }
    }

    /// Somebody promised a higher ballot: try above it, after a pause that lets the other end.
    pub(crate) fn take_refuse(&mut self, turn: &mut Turn<'_>, promised: Ballot) {
        let Some(flush) = &mut self.flush else { return };
        if promised <= flush.ballot {
            return;
        }
        turn.counters.refused += 1;
        self.round = self.round.max(promised.round);
        if flush.again.is_none() {
            let control = turn.config.control;
            let jitter = turn.random.below(control.as_nanos() as u64);
            flush.again = Some(flush.since + control * 4 + Duration::from_nanos(jitter));
        }
    }

    /// This component's share of the next view.
    pub(crate) fn own_part(&self, turn: &Turn<'_>) -> Part {
        let flush = self.flush.as_ref().expect("a flush under way");
        let (leavers, members): (Vec<ProcId>, Vec<ProcId>) =
            self.participants().into_iter().partition(|proc| self.leaves.contains(proc));
        let votes = |proc: &ProcId| flush.statuses.get(proc).is_some_and(|status| status.voter);
        Part {
            view: self.epoch.told,
            digest: self.digest,
            voters: members.iter().copied().filter(votes).collect(),
            epoch: self.epoch.view,
            cut: flush.cut.clone(),
            lost: flush.lost.clone(),
            members,
            leavers,
            highest: flush.statuses.values().map(|status| status.highest).max().unwrap_or(0),
            hidden: self.founding.is_some(),
            kin: self.kin.relatives().filter(|kin| !turn.peers.is_lost(kin.proc)).collect(),
        }
    }
}
