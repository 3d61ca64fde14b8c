//! Beats: when a heartbeat goes to one peer, and what it carries.
//!
//! Takes: what the floor above wants the peer to know. Promises: one goes each period, with what
//! else goes to the peer then. Keeps: when the next one is due.

use bytes::Bytes;

use crate::time::{Duration, Instant};

/// Heartbeats to a peer, and from it.
#[derive(Debug)]
pub(crate) struct Beats {
    every: Duration,
    bytes: Bytes,
    due: Instant,
    sent: u64,
    heard: u64,
}

impl Beats {
    pub(crate) fn new(now: Instant, every: Duration) -> Self {
        Self { every, bytes: Bytes::new(), due: now, sent: 0, heard: 0 }
    }

    /// The link stands: the first goes at once.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.due = now;
    }

    /// What they carry from now on.
    pub(crate) fn carry(&mut self, bytes: Bytes) {
        self.bytes = bytes;
    }

    /// When the next one goes.
    pub(crate) const fn due(&self) -> Instant {
        self.due
    }

    /// One goes now: its number, and what it carries.
    pub(crate) fn next(&mut self, now: Instant) -> (u64, &Bytes) {
        self.sent += 1;
        self.due = now + self.every;
        (self.sent, &self.bytes)
    }

    /// How many bytes the next carries.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// One came with this number; answers whether it is newer than all before.
    pub(crate) const fn came(&mut self, number: u64) -> bool {
        let newer = number > self.heard;
        if newer {
            self.heard = number;
        }
        newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_each_period_with_what_was_carried_last() {
        let (start, every) = (Instant::ZERO, Duration::from_millis(100));
        let mut beats = Beats::new(start, every);
        beats.carry(Bytes::from_static(b"news"));
        assert_eq!(beats.next(start), (1, &Bytes::from_static(b"news")));
        assert_eq!(beats.due(), start + every);
        beats.carry(Bytes::from_static(b"more"));
        assert_eq!(beats.next(start + every), (2, &Bytes::from_static(b"more")));
        assert_eq!(beats.due(), start + every * 2);
    }

    #[test]
    fn an_older_one_is_none() {
        let mut beats = Beats::new(Instant::ZERO, Duration::from_millis(100));
        assert!(beats.came(2) && !beats.came(2) && !beats.came(1) && beats.came(3));
    }
}
