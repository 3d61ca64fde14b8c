//! Every bound of this crate, each with its reason.

/// Datagrams that wait at a stopped process: about what a socket buffer of 1 MiB keeps.
pub const INBOX_DATAGRAMS_MAX: usize = 1_000;

/// Things told, or datagrams sent, in one turn: far above any window, so only a loop reaches it.
pub const UPS_PER_TURN_MAX: usize = 1_000_000;

/// Asks in one turn: far above any burst, so only a loop reaches it.
pub const ASKS_PER_TURN_MAX: usize = 1_000_000;

/// Wakes of one process within one second: a timer that is never satisfied reaches it at once.
pub const WAKES_PER_SECOND_MAX: u64 = 20_000;

/// Faults that a run of two minutes has at least: what happens in peace is what unit tests are for.
pub const FAULTS_MIN: u64 = 20;

/// Kinds of them: fewer would try a protocol against one weakness of its surroundings only.
pub const FAULT_KINDS_MIN: usize = 6;
