//! Admission: coming into a group and leaving it, at the members' side.
//!
//! Takes: JOIN, LEAVE, and the invitations of this member's user. Promises: who asked is in one of
//! the next views, many at once; no two incarnations of one node in a view; a leaver's messages are
//! complete. Keeps: who asked, for as long as it goes on asking, and who was invited, until it
//! is in or the patience is over: of each no more than a view can hold.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Instant, ProcId};

use crate::control::Control;
use crate::install::Joiner;
use crate::interface::{Fault, Up};
use crate::limits::{JOINS_MAX, MEMBERS_MAX, PAUSE_MAX};
use crate::peers::Peers;
use crate::serving::Serving;
use crate::terms::{Denial, Verdict};
use crate::turn::Turn;

/// Somebody asked to come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) nonce: u64,
    /// The highest epoch number that it has seen for any group it left.
    pub(crate) highest: u64,
    /// When it asked last: it repeats itself while it wants to.
    last: Instant,
}

/// Somebody of whom the user has to say whether it may come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    nonce: u64,
    last: Instant,
    verdict: Verdict,
}

/// A group that is being founded here.
#[derive(Debug)]
pub(crate) struct Founding {
    /// Who is to be in the first view.
    pub(crate) wanted: BTreeSet<ProcId>,
    /// When it begins with those who are there.
    pub(crate) until: Instant,
}

impl Serving {
    /// Takes a JOIN, for this coordinator or to be relayed to it: by whom the joiner asked, and by
    /// nobody else. Two who take each other for the coordinator would never end.
    pub(crate) fn take_join(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        (who, nonce): (ProcId, u64),
        highest: u64,
        ticket: Vec<u8>,
    ) {
        let group = self.group();
        if self.epoch.members.contains(&who) {
            self.answer_joined(turn, who, nonce);
            return;
        }
        if let Some(sighting) = self.sightings.get_mut(&who) {
            sighting.joins(nonce);
        }
        let coordinator = self.coordinator(turn);
        if coordinator != turn.me() {
            if from == who {
                turn.control(coordinator, &Control::Join { group, who, nonce, highest, ticket });
            }
            return;
        }
        let invited = self.invited.contains_key(&who)
            || self.founding.as_ref().is_some_and(|founding| founding.wanted.contains(&who));
        let verdict = match turn.terms(group).judge(who.node, &ticket) {
            _ if invited => Verdict::Comes,
            Verdict::Asks => self.ask_user(turn, who, nonce, ticket),
            verdict => verdict,
        };
        if let Verdict::Denied(denial) = verdict {
            turn.counters.denied += 1;
            turn.control(who, &Control::Denied { group, nonce, denial });
        } else if verdict == Verdict::Asks {
            // It asks again until its user has answered here.
        } else if self.joins.len() < JOINS_MAX || self.joins.contains_key(&who) {
            self.joins.insert(who, Asked { nonce, highest, last: turn.now });
        }
    }

    /// What the user says, who is asked once for each joining.
    fn ask_user(
        &mut self,
        turn: &mut Turn<'_>,
        who: ProcId,
        nonce: u64,
        ticket: Vec<u8>,
    ) -> Verdict {
        if let Some(pending) = self.asked.get_mut(&who)
            && pending.nonce == nonce
        {
            pending.last = turn.now;
            return pending.verdict;
        }
        if self.asked.len() < JOINS_MAX || self.asked.contains_key(&who) {
            let verdict = Verdict::Asks;
            self.asked.insert(who, Pending { nonce, last: turn.now, verdict });
            turn.tell(Up::Asks { group: self.group(), who, ticket });
        }
        Verdict::Asks
    }

    /// Takes the user's answer; what it was not asked is nothing.
    pub(crate) fn answer(&mut self, who: ProcId, denied: Option<u16>) {
        let refused = |reason| Verdict::Denied(Denial::Refused(reason));
        let verdict = denied.map_or(Verdict::Comes, refused);
        if let Some(pending) = self.asked.get_mut(&who) {
            pending.verdict = verdict;
        }
        self.answer_shown(who, verdict);
    }

    /// A member that still asks to join lacks the INSTALL that let it in, or has forgotten all.
    fn answer_joined(&mut self, turn: &mut Turn<'_>, who: ProcId, nonce: u64) {
        let admitting = self.history.iter().find(|install| {
            install.joiners.iter().any(|joiner| joiner.proc == who && joiner.nonce == nonce)
        });
        if let Some(install) = admitting {
            turn.counters.handons += 1;
            turn.control(who, &Control::Install(Arc::clone(install)));
        } else if !self.let_in.iter().any(|it| it.proc == who && it.nonce >= nonce) {
            let since = *self.pleading.entry(who).or_insert(turn.now);
            if turn.now.since(since) > turn.config.suspicion {
                self.give_up(turn, who);
            }
        }
    }

    /// Takes a LEAVE.
    pub(crate) fn take_leave(&mut self, from: ProcId) {
        if self.epoch.members.contains(&from) {
            self.leaves.insert(from);
        }
    }

    /// Own GBCASTs that wait for their flush go first: nobody delivers them without this member.
    pub(crate) fn begin_leave(&mut self, turn: &Turn<'_>) {
        let waits = self.epoch.has_own_global() || !self.cast_again.is_empty();
        if self.leaving && !waits && self.leaves.insert(turn.me()) {
            self.repeating.now(turn);
        }
    }

    /// Repeats one's own wish to leave to whoever coordinates.
    pub(crate) fn push_leave(&mut self, turn: &mut Turn<'_>) {
        let coordinator = self.coordinator(turn);
        if self.leaves.contains(&turn.me()) && coordinator != turn.me() {
            let (group, epoch) = (self.group(), self.epoch.view);
            turn.control(coordinator, &Control::Leave { group, epoch });
        }
    }

    /// Whether a view change would let somebody in now; while founding, whether all are there.
    pub(crate) fn can_admit(&self, turn: &Turn<'_>) -> bool {
        let admissible = self.admissible(turn.peers, turn.now, &self.epoch.members);
        match &self.founding {
            None => !admissible.is_empty(),
            Some(founding) => {
                // Who is in another component of the group comes by a merge.
                let elsewhere = |proc: &ProcId| {
                    self.sightings.get(proc).is_some_and(|sighting| sighting.view().is_some())
                };
                let there = |proc: &ProcId| {
                    *proc == turn.me()
                        || admissible.iter().any(|joiner| joiner.proc == *proc)
                        || elsewhere(proc)
                };
                founding.until <= turn.now || founding.wanted.iter().all(there)
            }
        }
    }

    /// Forgets who asks no more: it gave up, died, or asks another coordinator by now.
    pub(crate) fn forget_joins(&mut self, turn: &Turn<'_>) {
        // Three times the longest pause of who still asks.
        let patience = PAUSE_MAX * 3;
        self.asked.retain(|_, pending| turn.now.since(pending.last) < patience);
        self.joins.retain(|proc, asked| {
            turn.now.since(asked.last) < patience && !turn.peers.is_lost(*proc)
        });
    }

    /// Who of those that asked can be in a view with these: linked with all of them and with each
    /// other, and of another node than each.
    pub(crate) fn admissible(&self, peers: &Peers, now: Instant, with: &[ProcId]) -> Vec<Joiner> {
        let mut view = with.to_vec();
        let mut admitted = Vec::new();
        // The newest incarnation of a node first: it is the one that lives.
        for (proc, asked) in self.joins.iter().rev() {
            let linked = view.iter().all(|other| peers.linked(now, *proc, *other));
            let only = view.iter().all(|other| other.node != proc.node);
            if linked && only && view.len() < MEMBERS_MAX && !peers.suspects(now, *proc) {
                view.push(*proc);
                admitted.push(Joiner { proc: *proc, nonce: asked.nonce });
            }
        }
        admitted.reverse();
        admitted
    }

    /// Invites processes into the group.
    pub(crate) fn invite(&mut self, turn: &mut Turn<'_>, members: Vec<ProcId>) -> Option<Fault> {
        if self.invited.len() + members.len() > MEMBERS_MAX {
            return Some(Fault::TooMany);
        }
        let until = turn.now + turn.config.founding;
        for proc in members {
            if !self.epoch.members.contains(&proc) {
                self.invited.insert(proc, until);
            }
        }
        self.repeating.now(turn);
        None
    }

    /// Repeats invitations until the invited are in or the patience is over.
    pub(crate) fn tend_invitations(&mut self, turn: &mut Turn<'_>) {
        let members = &self.epoch.members;
        self.invited.retain(|proc, _| !members.contains(proc));
        let overdue: Vec<ProcId> = self
            .invited
            .iter()
            .filter(|(proc, until)| **until <= turn.now || turn.peers.is_lost(**proc))
            .map(|(proc, _)| *proc)
            .collect();
        for proc in &overdue {
            self.invited.remove(proc);
        }
        if !overdue.is_empty() && self.founding.is_none() {
            turn.tell(Up::Fault { group: self.group(), fault: Fault::Missing(overdue) });
        }
        if self.repeating.is_due(turn) {
            for proc in self.invited.keys().copied().filter(|proc| !self.joins.contains_key(proc)) {
                turn.control(proc, &Control::Invite { group: self.group() });
            }
        }
    }
}
