//! What the kernel counts.

use muts::Duration;

use crate::grounds::Charge;

/// Counters since the start; names as told by `Counted` are prefixed `vsync.`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) views: u64,
    pub(crate) flushes: u64,
    pub(crate) flushes_restarted: u64,
    /// Epochs that ended in a flush here, and for how long nobody could multicast meanwhile, in
    /// microseconds.
    flushed: u64,
    flushed_us: u64,
    pub(crate) merges: u64,
    pub(crate) suspicions: u64,
    pub(crate) settlings: u64,
    pub(crate) casts: u64,
    pub(crate) delivered: u64,
    pub(crate) orders_sent: u64,
    pub(crate) orphans: u64,
    pub(crate) trimmed: u64,
    pub(crate) skips: u64,
    pub(crate) pasts: u64,
    pub(crate) globals: u64,
    pub(crate) globals_again: u64,
    pub(crate) denied: u64,
    pub(crate) pulls: u64,
    pub(crate) fills: u64,
    pub(crate) handons: u64,
    pub(crate) refused: u64,
    pub(crate) control_sent: u64,
    pub(crate) control_received: u64,
    pub(crate) asks_refused: u64,
    pub(crate) malformed: u64,
    pub(crate) strays: u64,
    pub(crate) unsound: u64,
    pub(crate) held_by_flush: u64,
    pub(crate) held_by_window: u64,
    pub(crate) held_across: u64,
    pub(crate) not_primary: u64,
    excluded_over: u64,
    excluded_silent: u64,
    excluded_never_met: u64,
    excluded_deaf: u64,
    excluded_elsewhere: u64,
    excluded_apart: u64,
    excluded_unsound: u64,
    pub(crate) too_long: u64,
}

impl Counters {
    /// A flush was begun without somebody, for this reason; or somebody said what cannot be.
    pub(crate) const fn excluded(&mut self, charge: Charge) {
        let count = match charge {
            Charge::Over => &mut self.excluded_over,
            Charge::Silent => &mut self.excluded_silent,
            Charge::NeverMet => &mut self.excluded_never_met,
            Charge::Deaf => &mut self.excluded_deaf,
            Charge::Elsewhere => &mut self.excluded_elsewhere,
            Charge::Unsound => &mut self.excluded_unsound,
            Charge::Apart(_) => &mut self.excluded_apart,
        };
        *count += 1;
    }

    /// This member was blocked for so long before its next epoch.
    pub(crate) fn unblocked(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.flushed += 1;
        self.flushed_us = self.flushed_us.saturating_add(us);
    }

    pub(crate) fn each(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        tell("vsync.views", self.views);
        tell("vsync.flushes", self.flushes);
        tell("vsync.flushes_restarted", self.flushes_restarted);
        tell("vsync.flushed", self.flushed);
        tell("vsync.flushed_us", self.flushed_us);
        tell("vsync.merges", self.merges);
        tell("vsync.suspicions", self.suspicions);
        tell("vsync.settlings", self.settlings);
        tell("vsync.casts", self.casts);
        tell("vsync.delivered", self.delivered);
        tell("vsync.orders_sent", self.orders_sent);
        tell("vsync.orphans", self.orphans);
        tell("vsync.trimmed", self.trimmed);
        tell("vsync.skips", self.skips);
        tell("vsync.pasts", self.pasts);
        tell("vsync.globals", self.globals);
        tell("vsync.globals_again", self.globals_again);
        tell("vsync.denied", self.denied);
        tell("vsync.pulls", self.pulls);
        tell("vsync.fills", self.fills);
        tell("vsync.handons", self.handons);
        tell("vsync.refused", self.refused);
        tell("vsync.control_sent", self.control_sent);
        tell("vsync.control_received", self.control_received);
        tell("vsync.asks_refused", self.asks_refused);
        tell("vsync.malformed", self.malformed);
        tell("vsync.strays", self.strays);
        tell("vsync.unsound", self.unsound);
        tell("vsync.held_by_flush", self.held_by_flush);
        tell("vsync.held_by_window", self.held_by_window);
        tell("vsync.held_across", self.held_across);
        tell("vsync.not_primary", self.not_primary);
        tell("vsync.excluded_over", self.excluded_over);
        tell("vsync.excluded_silent", self.excluded_silent);
        tell("vsync.excluded_never_met", self.excluded_never_met);
        tell("vsync.excluded_deaf", self.excluded_deaf);
        tell("vsync.excluded_elsewhere", self.excluded_elsewhere);
        tell("vsync.excluded_apart", self.excluded_apart);
        tell("vsync.excluded_unsound", self.excluded_unsound);
        tell("vsync.dropped_too_long", self.too_long);
    }
}
