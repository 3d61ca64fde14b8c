//! Flood: many messages, as fast as they become stable or as often as was said.

use std::fmt;
use std::time::{Duration, Instant};

use super::limits::FLOOD_ON_THE_WAY_MAX;

/// Where it goes, by the id of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A core group.
    Core(vsync::GroupId),
    /// A light-weight group.
    Light(horus::LwgId),
}

/// One flood under way.
#[derive(Debug)]
pub(crate) struct Flood {
    /// Where it goes.
    pub(crate) target: Target,
    /// Its order.
    pub(crate) order: lwg::Order,
    /// Bytes of each body.
    pub(crate) size: usize,
    /// Whether receivers show it.
    pub(crate) quiet: bool,
    count: u64,
    rate: Option<f64>,
    sent: u64,
    stable: u64,
    start: Instant,
}

impl Flood {
    /// Begins now.
    pub(crate) fn new(
        target: Target,
        order: lwg::Order,
        (size, count): (usize, u64),
        rate: Option<f64>,
        quiet: bool,
    ) -> Self {
        let start = Instant::now();
        Self { target, order, size, quiet, count, rate, sent: 0, stable: 0, start }
    }

    /// How many may go out now.
    pub(crate) fn due(&self, now: Instant) -> u64 {
        let room = FLOOD_ON_THE_WAY_MAX.saturating_sub(self.sent - self.stable);
        let left = self.count - self.sent;
        let paced = self.rate.map_or(u64::MAX, |rate| {
            let by_now = now.saturating_duration_since(self.start).as_secs_f64() * rate;
            // Truncated, and the first one at once.
            (by_now as u64).saturating_add(1).saturating_sub(self.sent)
        });
        room.min(left).min(paced)
    }

    /// When the next one goes out, if only time holds it back.
    pub(crate) fn next(&self) -> Option<Instant> {
        let rate = self.rate.filter(|_| self.sent < self.count)?;
        if self.sent - self.stable >= FLOOD_ON_THE_WAY_MAX {
            return None;
        }
        self.start.checked_add(Duration::try_from_secs_f64(self.sent as f64 / rate).ok()?)
    }

    /// One went out.
    pub(crate) const fn sent(&mut self) {
        self.sent += 1;
    }

    /// One is stable, or will never be.
    pub(crate) const fn settled(&mut self) {
        self.stable += 1;
    }

    /// How many, in what time; once all are sent and stable.
    pub(crate) fn over(&self, now: Instant) -> Option<(u64, f64)> {
        let seconds = now.saturating_duration_since(self.start).as_secs_f64();
        (self.stable >= self.count).then_some((self.count, seconds))
    }

    /// The body of the message of this id, of the size asked for: the id and filler, so that no two
    /// are alike; of an id that is too long its end, where the numbers are.
    pub(crate) fn body(&self, id: &str) -> Vec<u8> {
        let id = id.as_bytes();
        let mut body = id[id.len().saturating_sub(self.size)..].to_vec();
        body.resize(self.size, b'.');
        body
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} sent, {} of them stable", self.sent, self.count, self.stable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_on_the_way_than_the_limit_and_it_ends_when_all_are_stable() {
        let target = Target::Core(vsync::GroupId(1));
        let mut flood = Flood::new(target, lwg::Order::Fifo, (1, 600), None, true);
        let now = Instant::now();
        assert_eq!(flood.due(now), FLOOD_ON_THE_WAY_MAX);
        (0..FLOOD_ON_THE_WAY_MAX).for_each(|_| flood.sent());
        assert_eq!(flood.due(now), 0);
        flood.settled();
        assert_eq!(flood.due(now), 1);
        (0..88).for_each(|_| flood.sent());
        (0..598).for_each(|_| flood.settled());
        assert!(flood.over(now).is_none());
        flood.settled();
        assert!(flood.over(now).is_some());
    }

    #[test]
    fn each_body_has_the_size_asked_for_and_no_two_are_alike() {
        for size in [3, 5, 9, 100] {
            let target = Target::Core(vsync::GroupId(1));
            let flood = Flood::new(target, lwg::Order::Fifo, (size, 500), None, true);
            let bodies = (100..600).map(|number| flood.body(&format!("a#12:{number}")));
            let bodies: std::collections::BTreeSet<_> = bodies.collect();
            assert!(bodies.len() == 500 && bodies.iter().all(|body| body.len() == size), "{size}");
        }
    }

    #[test]
    fn a_rate_holds_back_what_is_not_due_yet() {
        let target = Target::Core(vsync::GroupId(1));
        let mut flood = Flood::new(target, lwg::Order::Fifo, (1, 10), Some(2.0), true);
        let start = flood.start;
        assert_eq!(flood.due(start), 1);
        flood.sent();
        assert_eq!(flood.due(start), 0);
        assert_eq!(flood.next(), Some(start + Duration::from_millis(500)));
        assert_eq!(flood.due(start + Duration::from_millis(1_100)), 2);
    }
}
