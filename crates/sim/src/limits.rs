//! Every bound of this crate, each with its reason.

use muts::Duration;

/// Datagrams that wait at a stopped process: about what a socket buffer of 1 MiB keeps.
pub const INBOX_DATAGRAMS_MAX: usize = 1_000;

/// Things told, or datagrams sent, in one turn: far above any window, so only a loop reaches it.
pub const UPS_PER_TURN_MAX: usize = 1_000_000;

/// Asks in one turn: far above any burst, so only a loop reaches it.
pub const ASKS_PER_TURN_MAX: usize = 1_000_000;

/// Wakes of one process within [`MOMENT`]: half of what a timer that is never satisfied comes to,
/// and more than the groups of a family that are united one in a turn.
pub const WAKES_IN_A_MOMENT_MAX: u64 = 10_000;

/// In what time wakes are counted: shorter than any wait for which a tower may spin.
pub const MOMENT: Duration = Duration::from_millis(100);

/// Faults that a run of two minutes has at least: what happens in peace is what unit tests are for.
pub const FAULTS_MIN: u64 = 20;

/// Kinds of them: fewer would try a protocol against one weakness of its surroundings only.
pub const FAULT_KINDS_MIN: usize = 6;

/// The longest probation of a link in storms: no longer than a run has to settle.
pub const GOOD_MAX: Duration = Duration::from_secs(4);

/// How many times a tenth of a second what settles at the end may still take: one that is mute but
/// for a word now and then may begin another probation of its link just then.
pub const SETTLES_AFTER: usize = 60;

/// The same before all is marked as settled: what nobody uses is put away in a moment, and for
/// nothing else is the time to settle any longer.
pub const PUT_AWAY: usize = 10;
