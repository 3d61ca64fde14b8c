//! Every bound of the library, each with its reason. The node has its own.

use std::time::Duration;

/// How long the crank lies before the own thread takes it: longer than a thread takes from one wait
/// to the next, far shorter than any timeout of the floors.
pub(crate) const GRACE: Duration = Duration::from_millis(1);

/// The longest body of a message, in bytes: what the kernel takes, less room for what light-weight
/// groups add. It is refused before anything of it is copied.
pub const BODY_BYTES_MAX: usize = vsync::limits::CAST_BYTES_MAX - (64 << 10);

/// How many members a group has at most: as many as a view of its core group.
pub const MEMBERS_MAX: usize = lwg::limits::MEMBERS_MAX;

/// Asks queued or handed back before a send waits for room: some hundred thousand small messages
/// would be seconds of work nobody sees; this many keep a busy tower busy.
pub(crate) const ASKS_WAITING_MAX: usize = 8_192;

/// Asks that the tower handed back for one group before who sends there waits: others are not held
/// up by them, and it is a window's worth.
pub(crate) const KEPT_MAX: usize = 1_024;

/// How long who says something to one process waits for room for it, when as much waits as may: a
/// member that takes nothing is out of its group by then, as long as `Timing::untaken` is not set.
pub(crate) const TAKEN_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of others' messages that lie at one handle before the senders of its groups are told to
/// wait: many times what is on the way in a busy group, so that a thread that takes a pause of some
/// milliseconds holds up nobody.
pub(crate) const UNTAKEN_BYTES_MAX: usize = 4 << 20;

/// The part of that, one in so many, below which they may go on: far enough that a slow process is
/// not asked for each message.
pub(crate) const EASED_BELOW: usize = 4;

/// The same at all handles together, beyond which each message chokes its group: a process with a
/// million groups may take none of them.
pub(crate) const PILE_BYTES_MAX: usize = 64 << 20;

/// Bytes of a process's own messages that lie at one handle before nothing more is sent by it: far
/// more than what comes at once while its thread does something else, so that only who never
/// receives comes there.
pub(crate) const OWN_UNTAKEN_BYTES_MAX: usize = 64 << 20;

/// Asks taken into the tower in one turn, so that the network is served in between: a window full.
pub(crate) const ASKS_PER_TURN: usize = 256;

/// How long a daemon may take to let a process in: it answers within a turn of its loop.
pub(crate) const ATTACH_PATIENCE: Duration = Duration::from_secs(5);

/// How long a start waits for those without whom it must not begin, unless it is told otherwise: a
/// host that boots takes that.
pub(crate) const MET_WITHIN: Duration = Duration::from_secs(60);

/// Nodes of other versions that are remembered: those of an upgrade that went wrong.
pub(crate) const STRANGE_MAX: usize = 64;

/// Nodes that are remembered although no process of theirs is there: as many as the transport
/// remembers incarnations of.
pub(crate) const NODES_AWAY_MAX: usize = 16_384;

/// Labels of light-weight groups: one for each of a million.
pub(crate) const LABELS_MAX: usize = 1 << 20;

/// Groups that keep their labels although this process is out of them: it may be added again.
pub(crate) const LABELS_OUT_MAX: usize = 4_096;
