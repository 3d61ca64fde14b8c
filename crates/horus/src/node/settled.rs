//! Settled: whether anything is under way, looked at until twice nothing was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::limits::SETTLED_LOOK;

/// What counts as under way, as the floors tell it.
const UNDER_WAY: [&str; 3] = ["vsync.unsettled", "lwg.unsettled", "horus.asks_waiting"];

/// A `settled` that was asked for.
#[derive(Debug)]
pub(crate) struct Settling {
    until: Instant,
    next: Instant,
    quiet: bool,
}

/// What a look showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing is under way, twice in a row.
    Settled,
    /// Look again.
    Unsure,
    /// The time is over; this is under way.
    Late(String),
}

impl Settling {
    /// Looks from now on.
    pub(crate) fn new(now: Instant, patience: Duration) -> Self {
        Self { until: now + patience, next: now, quiet: false }
    }

    /// When to look next.
    pub(crate) const fn next(&self) -> Instant {
        self.next
    }

    /// Judges a look; `own` is what the node itself has under way.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        counters: &BTreeMap<&'static str, u64>,
        own: usize,
    ) -> Look {
        let gauge = |name: &&'static str| counters.get(*name).copied().unwrap_or(0);
        let mut busy: Vec<_> = UNDER_WAY
            .iter()
            .filter(|name| gauge(name) > 0)
            .map(|name| format!("{name} is {}", gauge(name)))
            .collect();
        if own > 0 {
            busy.push(format!("{own} operations have not ended"));
        }
        if busy.is_empty() && std::mem::replace(&mut self.quiet, true) {
            return Look::Settled;
        }
        self.quiet = busy.is_empty();
        if now >= self.until && !busy.is_empty() {
            return Look::Late(busy.join(", "));
        }
        self.next = now + SETTLED_LOOK;
        Look::Unsure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_quiet_look_is_not_enough_and_a_busy_one_begins_anew() {
        let now = Instant::now();
        let mut settling = Settling::new(now, Duration::from_secs(1));
        let quiet = BTreeMap::from([("vsync.unsettled", 0), ("vsync.views", 9)]);
        let busy = BTreeMap::from([("vsync.unsettled", 2)]);
        assert_eq!(settling.look(now, &quiet, 0), Look::Unsure);
        assert_eq!(settling.look(now, &busy, 0), Look::Unsure);
        assert_eq!(settling.look(now, &quiet, 1), Look::Unsure);
        assert_eq!(settling.look(now, &quiet, 0), Look::Unsure);
        assert_eq!(settling.look(now, &quiet, 0), Look::Settled);
        let late = settling.look(now + Duration::from_secs(2), &busy, 0);
        assert_eq!(late, Look::Late("vsync.unsettled is 2".into()));
    }
}
