//! Beats: when a heartbeat goes to one peer, and what it carries.
//!
//! Takes: what goes to the peer anyway, and what the floor above wants it to know. Promises: the
//! peer is sent something once a period, and once a period what has changed; what has not goes with
//! something else, at the latest after two periods. Keeps: three moments.

use bytes::Bytes;

use crate::time::{Duration, Instant};

/// Heartbeats to a peer, and from it.
#[derive(Debug)]
pub(crate) struct Beats {
    every: Duration,
    bytes: Bytes,
    /// They have changed since they went last.
    news: bool,
    /// From then on one goes with anything else.
    due: Instant,
    /// When it is looked at whether one has to go by itself.
    look: Instant,
    /// When anything went last.
    went: Instant,
    sent: u64,
    heard: u64,
}

impl Beats {
    pub(crate) fn new(now: Instant, every: Duration) -> Self {
        let bytes = Bytes::new();
        Self { every, bytes, news: true, due: now, look: now, went: now, sent: 0, heard: 0 }
    }

    /// The link stands: the first goes at once.
    pub(crate) const fn begin(&mut self, now: Instant) {
        (self.due, self.look) = (now, now);
    }

    /// What they carry from now on.
    pub(crate) fn carry(&mut self, bytes: Bytes) {
        if self.bytes != bytes {
            self.bytes = bytes;
            self.news = true;
            self.look = self.look.min(self.due);
        }
    }

    /// When it is looked at next whether one has to go.
    pub(crate) const fn look_at(&self) -> Instant {
        self.look
    }

    /// Whether one has to go now, whatever else does.
    pub(crate) fn look(&mut self, now: Instant) -> bool {
        if self.look > now {
            return false;
        }
        let wanted = if self.news { self.due } else { self.due.max(self.went + self.every) };
        let goes = wanted <= now;
        self.look = if goes { now + self.every } else { wanted };
        goes
    }

    /// Whether one goes with what goes now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// Something goes to the peer.
    pub(crate) const fn went(&mut self, now: Instant) {
        self.went = now;
    }

    /// One goes now: its number, and what it carries.
    pub(crate) fn next(&mut self, now: Instant) -> (u64, &Bytes) {
        self.sent += 1;
        self.news = false;
        (self.due, self.look) = (now + self.every, now + self.every);
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

    const EVERY: Duration = Duration::from_millis(100);

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// Beats of which the first has gone at once.
    fn beats() -> Beats {
        let mut beats = Beats::new(at(0), EVERY);
        beats.carry(Bytes::from_static(b"news"));
        assert!(beats.look(at(0)));
        assert_eq!(beats.next(at(0)), (1, &Bytes::from_static(b"news")));
        beats
    }

    /// When one goes by itself, looked at when it wants to be, with something else at `others`.
    fn goes(beats: &mut Beats, others: &[u64]) -> u64 {
        for ms in 1..1_000 {
            if others.contains(&ms) {
                beats.went(at(ms));
            }
            if beats.look_at() <= at(ms) && beats.look(at(ms)) {
                return ms;
            }
        }
        panic!("none goes");
    }

    #[test]
    fn where_nothing_else_goes_one_goes_every_period() {
        assert_eq!(goes(&mut beats(), &[]), 100);
    }

    #[test]
    fn what_has_not_changed_waits_for_something_else_and_the_peer_is_sent_something_each_period() {
        assert_eq!(goes(&mut beats(), &[30, 60]), 160);
        assert!(beats().is_due(at(100)) && !beats().is_due(at(99)));
        assert_eq!(goes(&mut beats(), &[99, 150, 190]), 290, "none took it along");
    }

    #[test]
    fn what_has_changed_goes_after_a_period() {
        let mut same = beats();
        same.carry(Bytes::from_static(b"news"));
        assert_eq!(goes(&mut same, &[60]), 160, "it has not");
        let mut other = beats();
        other.went(at(60));
        assert!(!other.look(at(100)));
        other.carry(Bytes::from_static(b"more"));
        assert!(other.look_at() <= at(100) && other.look(at(110)));
    }

    #[test]
    fn an_older_one_is_none() {
        let mut beats = beats();
        assert!(beats.came(2) && !beats.came(2) && !beats.came(1) && beats.came(3));
    }
}
