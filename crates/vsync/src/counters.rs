//! What the kernel counts.

/// Counters since the start; names as told by `Counted` are prefixed `vsync.`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) views: u64,
    pub(crate) flushes: u64,
    pub(crate) flushes_restarted: u64,
    pub(crate) merges: u64,
    pub(crate) suspicions: u64,
    pub(crate) casts: u64,
    pub(crate) delivered: u64,
    pub(crate) orders_sent: u64,
    pub(crate) orphans: u64,
    pub(crate) trimmed: u64,
    pub(crate) skips: u64,
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
    pub(crate) too_long: u64,
}

impl Counters {
    pub(crate) fn each(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        tell("vsync.views", self.views);
        tell("vsync.flushes", self.flushes);
        tell("vsync.flushes_restarted", self.flushes_restarted);
        tell("vsync.merges", self.merges);
        tell("vsync.suspicions", self.suspicions);
        tell("vsync.casts", self.casts);
        tell("vsync.delivered", self.delivered);
        tell("vsync.orders_sent", self.orders_sent);
        tell("vsync.orphans", self.orphans);
        tell("vsync.trimmed", self.trimmed);
        tell("vsync.skips", self.skips);
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
        tell("vsync.dropped_too_long", self.too_long);
    }
}
