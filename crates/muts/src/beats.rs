//! Beats: when a heartbeat goes to one peer, and what it carries.
//!
//! Takes: what the floor above wants the peer to know. Promises: one goes each period, with what
//! else goes to the peer then, and some before their turn. Keeps: when the next one is due.

use bytes::Bytes;

use crate::time::{Duration, Instant};

/// The most that go out of turn in one period.
const HURRIED_IN_A_PERIOD: u32 = 8;

/// Heartbeats to a peer, and from it.
#[derive(Debug)]
pub(crate) struct Beats {
    every: Duration,
    bytes: Bytes,
    due: Instant,
    /// One that is not to wait for that goes then.
    hurried: Option<Instant>,
    /// No other such before then.
    calm: Instant,
    sent: u64,
    heard: u64,
}

impl Beats {
    pub(crate) fn new(now: Instant, every: Duration) -> Self {
        Self { every, bytes: Bytes::new(), due: now, hurried: None, calm: now, sent: 0, heard: 0 }
    }

    /// The link stands: the first goes at once.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.due = now;
    }

    /// What they carry from now on.
    pub(crate) fn carry(&mut self, bytes: Bytes) {
        self.bytes = bytes;
    }

    /// What they carry now is not to wait its turn. Where many are missed one by one it goes a few
    /// times a period and not for each.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.hurried = Some(now.max(self.calm));
    }

    /// When the next one goes.
    pub(crate) fn due(&self) -> Instant {
        self.hurried.map_or(self.due, |hurried| hurried.min(self.due))
    }

    /// One goes now: its number, and what it carries.
    pub(crate) fn next(&mut self, now: Instant) -> (u64, &Bytes) {
        self.sent += 1;
        if self.hurried.take().is_some() {
            self.calm = now + self.every / HURRIED_IN_A_PERIOD;
        }
        // One that came before its turn leaves that as it is: all who miss somebody would keep the
        // same time from then on.
        if self.due <= now {
            self.due = now + self.every;
        }
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
    fn what_is_not_to_wait_goes_at_once_a_few_times_a_period_and_leaves_the_turns_as_they_are() {
        let (start, every) = (Instant::ZERO, Duration::from_millis(80));
        let after = |ms| start + Duration::from_millis(ms);
        let mut beats = Beats::new(start, every);
        beats.next(start);
        beats.hurry(after(25));
        assert_eq!(beats.due(), after(25));
        beats.next(after(25));
        assert_eq!(beats.due(), after(80));
        beats.hurry(after(26));
        beats.hurry(after(27));
        assert_eq!(beats.due(), after(35), "not for each");
        beats.next(after(35));
        beats.hurry(after(79));
        beats.next(after(80));
        assert_eq!(beats.due(), after(160), "it went with the one whose turn it was");
    }

    #[test]
    fn an_older_one_is_none() {
        let mut beats = Beats::new(Instant::ZERO, Duration::from_millis(100));
        assert!(beats.came(2) && !beats.came(2) && !beats.came(1) && beats.came(3));
    }
}
