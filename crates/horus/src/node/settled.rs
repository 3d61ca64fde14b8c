//! Settled: whether anything is under way, looked at until for some heartbeats nothing was.
//!
//! One look proves little: what a heartbeat has to bring (a link that has healed, a view that
//! differs) is not known before it comes, and a daemon tells of its kernel by the next look.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::limits::{SETTLED_BEATS, SETTLED_LOOK};

/// What counts as under way, as the floors tell it.
const UNDER_WAY: [&str; 5] =
    ["muts.unheard", "vsync.changing", "vsync.parted", "vsync.disagreeing", "lwg.unsettled"];

/// A `settled` that was asked for.
#[derive(Debug)]
pub(crate) struct Settling {
    until: Instant,
    next: Instant,
    quiet_since: Option<Instant>,
    /// For how long nothing may be under way.
    quiet: Duration,
}

/// What a look showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing has been under way for long enough.
    Settled,
    /// Look again.
    Unsure,
    /// The time is over; this is under way.
    Late(String),
}

impl Settling {
    /// Looks from now on.
    pub(crate) fn new(now: Instant, patience: Duration, beat: Duration) -> Self {
        let quiet = (beat * SETTLED_BEATS).max(SETTLED_LOOK * 2);
        Self { until: now + patience, next: now, quiet_since: None, quiet }
    }

    /// When to look next.
    pub(crate) const fn next(&self) -> Instant {
        self.next
    }

    /// When it has ended in any case.
    pub(crate) fn end(&self) -> Instant {
        self.until.max(self.next)
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
            busy.push(format!("operations that have not ended: {own}"));
        }
        self.next = now + SETTLED_LOOK;
        if busy.is_empty() {
            let since = *self.quiet_since.get_or_insert(now);
            let long = now.saturating_duration_since(since) >= self.quiet;
            return if long { Look::Settled } else { Look::Unsure };
        }
        self.quiet_since = None;
        if now >= self.until { Look::Late(busy.join(", ")) } else { Look::Unsure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_quiet_look_is_not_enough_and_a_busy_one_begins_anew() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut settling = Settling::new(start, Duration::from_secs(1), Duration::from_millis(20));
        let quiet = BTreeMap::from([("vsync.changing", 0), ("vsync.views", 9)]);
        let busy = BTreeMap::from([("vsync.changing", 2)]);
        assert_eq!(settling.look(at(0), &quiet, 0), Look::Unsure);
        assert_eq!(settling.look(at(60), &busy, 0), Look::Unsure);
        assert_eq!(settling.look(at(120), &quiet, 1), Look::Unsure);
        assert_eq!(settling.look(at(180), &quiet, 0), Look::Unsure);
        assert_eq!(settling.look(at(370), &quiet, 0), Look::Unsure);
        assert_eq!(settling.look(at(380), &quiet, 0), Look::Settled);
        let late = settling.look(at(2_000), &busy, 0);
        assert_eq!(late, Look::Late("vsync.changing is 2".into()));
    }
}
