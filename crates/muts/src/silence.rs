//! Silence: who was heard when, and what to do about it (the feedback of paper section 4).
//!
//! Takes: every valid datagram of the peer. Promises: `Silent` only after the limit and after
//! probes went unanswered for half of it; `Back` with the first sign of life. Judges nobody.

use crate::time::{Duration, Instant};

/// Between two probes of a peer that was not heard for half of the limit.
const PROBE_EVERY: Duration = Duration::from_millis(25);
/// Between two of a peer that is silent already.
const CALL_EVERY: Duration = Duration::from_millis(200);

/// What one look found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing to do.
    Fine,
    /// Ask the peer for a sign of life.
    Probe,
    /// It has just become silent.
    NowSilent,
    /// It is silent: call it as one calls a stranger.
    Call,
}

#[derive(Debug)]
pub(crate) struct Silence {
    limit: Duration,
    heard: Instant,
    silent: bool,
    next: Instant,
}

impl Silence {
    pub(crate) fn new(now: Instant, limit: Duration) -> Self {
        Self { limit, heard: now, silent: false, next: now + limit / 2 }
    }

    /// The peer was heard. Answers whether it was silent before.
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        self.heard = now;
        self.next = now + self.limit / 2;
        core::mem::take(&mut self.silent)
    }

    /// This process itself was away: nobody is to be accused for that.
    pub(crate) fn excuse(&mut self, now: Instant) {
        if !self.silent {
            self.heard = now;
            self.next = now + self.limit / 2;
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// When to look next.
    pub(crate) fn due(&self) -> Instant {
        self.next
    }

    /// Looks, when it is due.
    pub(crate) fn look(&mut self, now: Instant) -> Look {
        if self.next > now {
            return Look::Fine;
        }
        if self.silent {
            self.next = now + CALL_EVERY;
            return Look::Call;
        }
        if now.since(self.heard) >= self.limit {
            self.silent = true;
            self.next = now + CALL_EVERY;
            return Look::NowSilent;
        }
        self.next = (now + PROBE_EVERY).min(self.heard + self.limit);
        Look::Probe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn probes_come_before_silence_and_silence_once() {
        let mut silence = Silence::new(at(0), Duration::from_millis(1000));
        let looks: alloc::vec::Vec<Look> =
            (0..1_200).map(|ms| silence.look(at(ms))).filter(|look| *look != Look::Fine).collect();
        assert_eq!(looks.iter().filter(|look| **look == Look::Probe).count(), 20);
        assert_eq!(looks.iter().filter(|look| **look == Look::NowSilent).count(), 1);
        assert!(silence.hear(at(1_200)), "it was silent");
        assert!(!silence.hear(at(1_201)));
    }

    #[test]
    fn who_was_away_itself_accuses_nobody() {
        let mut silence = Silence::new(at(0), Duration::from_millis(1000));
        silence.excuse(at(5_000));
        assert_eq!(silence.look(at(5_000)), Look::Fine);
        assert_eq!(silence.look(at(5_500)), Look::Probe);
    }
}
