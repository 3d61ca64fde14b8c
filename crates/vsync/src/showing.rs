//! Showing: who would come by a merge, and was never in a view with this side, is judged as one
//! that joins.
//!
//! Takes: SHOW, SHOWN, and what the user answers. Promises: where not everybody may come in, two
//! sides become one only if each process of the other was in a view with this one, was invited, is
//! listed, shows the key, or is let in by the user; who may not hears why. Keeps: what as many have
//! shown as may be kin, and who has refused this side.

use alloc::vec::Vec;

use muts::{Instant, ProcId};

use crate::control::Control;
use crate::interface::{Fault, Up};
use crate::limits::KIN_MAX;
use crate::serving::Serving;
use crate::terms::{Admission, Denial, Terms, Verdict};
use crate::turn::Turn;

/// The nonce of a refusal that answers no joining: joinings are numbered by a clock.
pub(crate) const NO_JOINING: u64 = u64::MAX;

/// A process of another side, as a coordinator judges it, or as it judges this one.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// None: it has not been heard yet.
    ticket: Option<Vec<u8>>,
    /// The user's, once it has been asked.
    answer: Option<Verdict>,
    /// When it was asked to show last.
    asked: Option<Instant>,
    /// When it was refused last.
    denied: Option<Instant>,
    /// Why it has refused this side.
    refuses: Option<Denial>,
}

impl Serving {
    /// Whether all of these may come in by a merge; asks and tells them what has to be.
    pub(crate) fn lets_in(&mut self, turn: &mut Turn<'_>, members: &[ProcId]) -> bool {
        let terms = turn.terms(self.group());
        if terms.admission == Admission::Anybody {
            return true;
        }
        // Not only up to the first that may not: all are asked at the same time.
        let mut all = true;
        for proc in members {
            let verdict = self.judge_kin(turn, &terms, *proc);
            all &= verdict == Verdict::Comes;
            if let Verdict::Denied(denial) = verdict {
                self.deny(turn, *proc, denial);
            }
        }
        all
    }

    fn judge_kin(&mut self, turn: &mut Turn<'_>, terms: &Terms, proc: ProcId) -> Verdict {
        if let Admission::Listed(_) = terms.admission {
            return terms.judge(proc.node, &[]);
        }
        if self.kin.was_in(proc) || self.invited.contains_key(&proc) {
            return Verdict::Comes;
        }
        self.ask_to_show(turn, proc);
        let group = self.group();
        let Some(shown) = self.shown.get_mut(&proc) else { return Verdict::Asks };
        let Some(ticket) = &shown.ticket else { return Verdict::Asks };
        let verdict = terms.judge(proc.node, ticket);
        if verdict == Verdict::Asks {
            if let Some(answer) = shown.answer {
                return answer;
            }
            shown.answer = Some(Verdict::Asks);
            turn.tell(Up::Asks { group, who: proc, ticket: ticket.clone() });
        }
        verdict
    }

    /// What is known of it, unless there are too many.
    fn known(&mut self, turn: &Turn<'_>, proc: ProcId) -> Option<&mut Shown> {
        if self.shown.len() >= KIN_MAX && !self.shown.contains_key(&proc) {
            self.shown.retain(|other, _| !turn.peers.is_lost(*other));
            if self.shown.len() >= KIN_MAX {
                return None;
            }
        }
        Some(self.shown.entry(proc).or_default())
    }

    /// What it shows may be another thing by and by: as long as it is not let in it is asked again.
    fn ask_to_show(&mut self, turn: &mut Turn<'_>, proc: ProcId) {
        let group = self.group();
        let Some(shown) = self.known(turn, proc) else { return };
        // The user is asked once.
        let due = shown.asked.is_none_or(|at| turn.now.since(at) >= turn.config.announce);
        if due && shown.answer.is_none() {
            shown.asked = Some(turn.now);
            turn.control(proc, &Control::Show { group });
        }
    }

    fn deny(&mut self, turn: &mut Turn<'_>, proc: ProcId, denial: Denial) {
        let group = self.group();
        let Some(shown) = self.known(turn, proc) else { return };
        if shown.denied.is_none_or(|at| turn.now.since(at) >= turn.config.announce) {
            shown.denied = Some(turn.now);
            turn.counters.denied += 1;
            turn.control(proc, &Control::Denied { group, nonce: NO_JOINING, denial });
        }
    }

    /// Takes a SHOW: what a joiner would show.
    pub(crate) fn take_show(&self, turn: &mut Turn<'_>, from: ProcId) {
        let group = self.group();
        let ticket = turn.terms(group).shows();
        turn.control(from, &Control::Shown { group, ticket });
    }

    /// Takes a SHOWN: of whoever was asked for it.
    pub(crate) fn take_shown(&mut self, from: ProcId, ticket: Vec<u8>) {
        if let Some(shown) = self.shown.get_mut(&from) {
            shown.ticket = Some(ticket);
        }
    }

    /// The user's answer, if it is about one of another side.
    pub(crate) fn answer_shown(&mut self, who: ProcId, verdict: Verdict) {
        if let Some(answer) = self.shown.get_mut(&who).and_then(|shown| shown.answer.as_mut()) {
            *answer = verdict;
        }
    }

    /// Takes a refusal by another side's coordinator: told once by each.
    pub(crate) fn take_denied(&mut self, turn: &mut Turn<'_>, from: ProcId, denial: Denial) {
        let group = self.group();
        if let Some(shown) = self.known(turn, from)
            && shown.refuses != Some(denial)
        {
            shown.refuses = Some(denial);
            turn.tell(Up::Fault { group, fault: Fault::Denied(denial) });
        }
    }

    /// Whether one of the two sides does not let the other in: they stay what they are.
    pub(crate) fn is_refused(&self, proc: ProcId) -> bool {
        let refused = |shown: &Shown| shown.denied.is_some() || shown.refuses.is_some();
        self.shown.get(&proc).is_some_and(refused)
    }
}
