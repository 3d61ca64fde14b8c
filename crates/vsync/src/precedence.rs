//! Precedence: of two that do not hear each other, and that others hear, the lower rank goes first.
//!
//! Takes: whom others hear by their rows. Promises: a coordinator leaves those others to a lower
//! rank, which suspects it too and flushes: if both did at once, each might win some of them, and
//! neither view could take in the other while those two do not hear each other. No longer than the
//! lower rank may take to notice. Keeps: for whom it waits, and since when.

use muts::{Duration, Instant, ProcId};

use crate::serving::Serving;
use crate::turn::Turn;

/// A call of a silent one, and two heartbeats.
const TOLD_WITHIN: Duration = Duration::from_millis(300);

/// Of two that a firewall keeps apart, and says so, either is told within a heartbeat and a moment.
/// Where a process is over those who have not been told so miss it later.
const REFUSED_WITHIN: Duration = Duration::from_millis(200);

/// How long a lower rank may take to notice. What is silent in one direction is noticed at the
/// other end when that has been told so for as long again, and first it has to be told.
fn patience(turn: &Turn<'_>, who: ProcId) -> Duration {
    let suspicion = turn.config.suspicion;
    if turn.peers.has_ended(who) {
        REFUSED_WITHIN.min(suspicion)
    } else {
        suspicion + (suspicion / 2).max(TOLD_WITHIN)
    }
}

/// A lower rank that is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lower {
    pub(crate) who: ProcId,
    /// Since when one has been.
    pub(crate) since: Instant,
    /// No longer than until then.
    pub(crate) until: Instant,
}

impl Serving {
    /// Whether a lower rank, suspected here and heard by one who is not, is to act first.
    pub(crate) fn waits_for_lower(&mut self, turn: &Turn<'_>) -> bool {
        let who = if self.flush.is_some() { None } else { self.heard_lower(turn) };
        let since = self.lower.map_or(turn.now, |lower| lower.since);
        self.lower = who.map(|who| Lower { who, since, until: since + patience(turn, who) });
        self.lower.is_some_and(|lower| turn.now < lower.until)
    }

    fn heard_lower(&self, turn: &Turn<'_>) -> Option<ProcId> {
        let hears = |other: &ProcId, lower: &ProcId| {
            *other != turn.me()
                && !self.suspects(turn, *other)
                && turn.peers.is_heard_by(*lower, *other)
        };
        let mut lower = self.epoch.members.iter().copied().take(self.epoch.rank);
        // Who is gone has acted.
        lower.find(|lower| {
            !self.gone.contains(lower)
                && turn.peers.suspects(turn.now, *lower)
                && self.epoch.members.iter().any(|other| hears(other, lower))
        })
    }
}
