//! Every bound of the demo, each with its reason.

use std::time::Duration;

/// Processes: as many as fit on a small machine, and enough for eleven different memberships.
pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Members of a group: a file that has but one copy is not replicated.
pub(super) const MEMBERS_MIN: usize = 2;

/// How long nothing may come of a phase before it is given up: several times the longest patience
/// of the floors (a founding, 5 s), and short enough that a person waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Groups of one run: the tables of a person's screen and the time of a coffee.
pub(super) const GROUPS_MAX: u32 = 20_000;

/// Bytes of a tree: each process keeps its copies in memory.
pub(super) const TREE_BYTES_MAX: u64 = 256 << 20;

/// Bytes of a piece; larger files are cut: half of what one message may carry.
pub(super) const PIECE_BYTES_MAX: u64 = 8 << 20;

/// Bytes of a piece's name: what a document's name may have.
pub(super) const NAME_BYTES_MAX: usize = 1_024;

/// Creates under way at one time: a node reads a thousand lines ahead.
pub(super) const CREATES_AHEAD: usize = 256;

/// Groups of each set of members whose creation is timed alone, so that none waits for another.
pub(super) const TIMED_PER_SET: usize = 9;

/// Puts of one process under way at one time, and their bytes: a window of the transport.
pub(super) const PUTS_AHEAD: usize = 64;
/// See [`PUTS_AHEAD`].
pub(super) const PUT_BYTES_AHEAD: u64 = 4 << 20;

/// Adds of one process under way at one time: a node reads a thousand lines ahead.
pub(super) const ADDS_AHEAD: usize = 32;

/// Messages a second that each process multicasts while another is killed: a load that is seen,
/// on two cores and with each delivery told as a line.
pub(super) const LOAD_RATE: u64 = 200;

/// How many of them: they last until the killed process is back.
pub(super) const LOAD_COUNT: u64 = 3 * LOAD_RATE;

/// Bytes of each.
pub(super) const LOAD_BYTES: u64 = 256;

/// Deliveries of it at each process before the kill: the load is well under way.
pub(super) const LOAD_SEEN: u64 = 50;
