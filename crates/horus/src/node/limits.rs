//! Every bound of the node, each with its reason.

use std::time::Duration;

/// How long a line may wait from when it was read, for a peer that it names to be met, or for a
/// group to be entered or brought up to date: a start on a busy host.
pub(crate) const MEETING_PATIENCE: Duration = Duration::from_secs(5);

/// A line of input: longer bodies come from files, which `put` reads.
pub(crate) const LINE_BYTES_MAX: usize = 1 << 20;

/// Lines read ahead of the one that is carried out: a script is held back, not swallowed.
pub(crate) const LINES_AHEAD_MAX: usize = 1_024;

/// Lines that wait at one time: who fills this does not look at the answers.
pub(crate) const PARKED_MAX: usize = 1_024;

/// A message id: it travels in a header with each message.
pub(crate) const ID_BYTES_MAX: usize = 256;

/// A document: what one message can carry, less its name and headers.
pub(crate) const DOCUMENT_BYTES_MAX: usize = (16 << 20) - (64 << 10);

/// Ids of own messages and replies that were told with a command, and are not taken again: a script
/// that repeats itself is found out, and a program that runs for weeks fills no memory.
pub(crate) const IDS_KEPT_MAX: usize = 65_536;

/// Ids of messages of core groups, to which nobody replies: who tries does so soon.
pub(crate) const CASTS_KEPT_MAX: usize = 1_024;

/// Own messages of a flood that are not stable yet: enough to fill a window of the transport, few
/// enough that a view change strands no more than it can hold.
pub(crate) const FLOOD_ON_THE_WAY_MAX: u64 = 512;

/// Between two looks at whether all is settled: about a heartbeat, so that few more are made than
/// there can be news.
pub(crate) const SETTLED_LOOK: Duration = Duration::from_millis(100);

/// Heartbeats for whose time nothing may be under way before all is settled: two that are lost or
/// late do not hide a link that has healed.
pub(crate) const SETTLED_BEATS: u32 = 5;

/// How long `settled` looks if nothing was said.
pub(crate) const SETTLED_PATIENCE: Duration = Duration::from_secs(10);

/// Core groups left at one time at the end: thousands of view changes at once would be in each
/// other's way.
pub(crate) const LEAVING_AT_ONCE: usize = 256;

/// How long no group may be left at the end before the node ends anyway: a coordinator that has
/// died is found out well before.
pub(crate) const LEAVING_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes told on standard output that may wait for the reader: what comes in a burst, while the
/// reader is not looking.
pub(crate) const UNREAD_BYTES_MAX: usize = 1 << 20;

/// How long a reader of standard output may take nothing once the node is to end: one that is alive
/// takes something well before, and who ends a process does not wait much longer.
pub(crate) const READER_PATIENCE: Duration = Duration::from_secs(3);

/// Bytes of a body shown in words or as JSON on standard output; longer ones only by their size.
pub(crate) const BODY_SHOWN_MAX: usize = 256;

/// A document's name: a path in a tree of files.
pub(crate) const NAME_BYTES_MAX: usize = 1_024;

/// Processes that have asked to come into a core group and wait for the user's answer: beyond that
/// the first is forgotten here, and told again once it asks anew.
pub(crate) const ASKED_KEPT_MAX: usize = 1_024;

/// Messages of others that may still be replied to, and own sends whose replies may still be taken:
/// the oldest is declined or discarded beyond that.
pub(crate) const REPLIES_KEPT_MAX: usize = 65_536;

/// How long a process that was met may take to say what it is called: a letter on a link that
/// stands is there within some round trips, also over one that loses a third.
pub(crate) const INTRODUCTION_PATIENCE: Duration = Duration::from_secs(1);
