//! Repeating: when what nobody has answered is said again, and when a patience ends.
//!
//! Takes: what has just been said, and that something changed. Promises: the first repetition comes
//! soon, the others ever more seldom while nothing changes; who waits for time alone is woken then,
//! not at a repetition. Keeps: one pause a group, and two moments.

use muts::{Duration, Instant};

use crate::limits::PAUSE_MAX;
use crate::merge::Merge;
use crate::serving::Serving;
use crate::turn::Turn;

/// When a group says its control messages again.
#[derive(Debug, Default)]
pub(crate) struct Repeating {
    /// When next; never while nothing is under way.
    due: Option<Instant>,
    /// How long the pause before that is.
    pause: Duration,
    /// When the first patience ends.
    look: Option<Instant>,
}

impl Repeating {
    /// What is to be said has changed: at once, then soon, then ever more seldom.
    pub(crate) const fn now(&mut self, turn: &Turn<'_>) {
        self.due = Some(turn.now);
        self.pause = Duration::ZERO;
    }

    /// It has just been said: soon, then ever more seldom.
    pub(crate) fn soon(&mut self, turn: &Turn<'_>) {
        self.due = Some(turn.now + turn.config.control);
        self.pause = turn.config.control;
    }

    /// Somebody may hear again, or has to hear it instead of another: not later than soon.
    pub(crate) fn stir(&mut self, turn: &Turn<'_>) {
        let soon = turn.now + turn.config.control;
        self.due = self.due.map(|due| due.min(soon));
        self.pause = Duration::ZERO;
    }

    /// Whether everything unanswered is to be said in this turn.
    pub(crate) fn is_due(&self, turn: &Turn<'_>) -> bool {
        self.due.is_some_and(|due| due <= turn.now)
    }

    /// The pause under way, or a short one.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// When the first of its timers is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.due, self.look].into_iter().flatten().min()
    }

    /// It has been said, if it was due.
    fn go_on(&mut self, turn: &mut Turn<'_>) {
        if self.due.is_none_or(|due| due <= turn.now) {
            self.pause = (self.pause * 2).min(PAUSE_MAX).max(turn.config.control);
            let jitter = turn.random.below(self.pause.as_nanos() as u64 / 4);
            self.due = Some(turn.now + self.pause + Duration::from_nanos(jitter));
        }
    }

    fn rest(&mut self) {
        self.due = None;
        self.pause = Duration::ZERO;
    }
}

impl Serving {
    /// Sets the timers anew after anything has happened; answers when the next is due.
    pub(crate) fn reschedule(&mut self, turn: &mut Turn<'_>) -> Option<Instant> {
        if self.is_restless(turn) {
            self.repeating.go_on(turn);
        } else {
            self.repeating.rest();
            self.rest();
        }
        self.repeating.look = self.next_look(turn);
        self.reschedule_whereabouts(turn);
        self.due()
    }

    /// When the first patience ends that has not ended yet.
    fn next_look(&self, turn: &Turn<'_>) -> Option<Instant> {
        let config = turn.config;
        let looks = [
            self.reason_since.map(|since| since + config.gather),
            self.lower.map(|lower| lower.until),
            self.blocked.map(|blocked| blocked.since + config.control * 2),
            self.blocked.map(|blocked| blocked.since + config.merge),
            self.blocked.map(|blocked| blocked.moved + config.flush),
            self.flush.as_ref().and_then(|flush| flush.again),
            self.merge.as_deref().map(Merge::until),
            self.wanted.as_ref().and_then(|wanted| wanted.ask_again()),
            self.founding.as_ref().map(|founding| founding.until),
            self.invited.values().min().copied(),
            self.apart.values().min().map(|since| *since + config.suspicion * 2),
        ];
        looks.into_iter().flatten().filter(|at| *at > turn.now).min()
    }

    /// When the first of the timers is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        let own = [self.repeating.deadline(), self.reopen_due()];
        let dues = own.into_iter().chain([self.where_due, self.epoch.stability.due, self.hushed]);
        dues.flatten().min()
    }
}
