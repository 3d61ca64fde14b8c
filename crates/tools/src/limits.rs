//! Every bound of this crate, each with its reason.

use muts::Duration;

/// Bytes of a snapshot in one message: large enough that headers cost nothing, small enough that
/// other traffic between two members is not held up noticeably.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks asked for and not yet here: 512 KiB on the way keep a fast link busy, and are the most
/// that a donor queues for one taker.
pub const CHUNKS_ASKED_MAX: u32 = 8;

/// Bytes of states that the members of a group receive in a second, unless told otherwise: a
/// quarter of what a link of a gigabit carries, and a gigabyte in half a minute.
pub const BYTES_A_SECOND: u64 = 32 << 20;

/// How much of that may come at once where nothing has come for a while: a small state waits for
/// nothing, and nobody notices.
pub(crate) const SMOOTH: Duration = Duration::from_millis(20);

/// Bytes of the largest state that can be transferred: the taker holds it twice for a moment.
pub const STATE_BYTES_MAX: u64 = 1 << 30;

/// Snapshots that a donor keeps when a view begins, that of its beginning among them: the oldest,
/// so that who takes one comes to its end however often views change; who would take one that had
/// no room takes the next that is cut.
pub const CUTS_MAX: usize = 4;

/// Bytes of commands kept while the state is awaited (64 MiB, as the design has it): beyond it a
/// fresh snapshot is cheaper than the queue.
pub const HELD_BYTES_MAX: usize = 64 << 20;

/// What a command costs in that account besides its bytes.
pub(crate) const HELD_COMMAND_BYTES: usize = 64;

/// Bytes of a frozen state that are written in one turn: about a millisecond's worth.
pub const WRITTEN_A_TURN: usize = 1 << 20;

/// Attempts at receiving the state in one view; the next view begins to count anew.
pub const ATTEMPTS_MAX: u32 = 5;

/// Nothing heard from the donor for so long: ask again. Links repeat by themselves what is lost,
/// so this only matters where a floor below has dropped a message.
pub(crate) const STALL: Duration = Duration::from_millis(1000);

/// Asked again so many times in vain: try another snapshot.
pub(crate) const STALLS_MAX: u32 = 3;
