//! Every bound of the kernel, each with its reason.

use core::time::Duration;

/// Members of one view: ranks fit a byte, and a vector of positions fits one datagram.
pub const MEMBERS_MAX: usize = 256;

/// INSTALLs kept for laggards: one that is sixteen epochs behind is told that it is out instead.
pub const HISTORY_MAX: usize = 16;

/// Joins that wait for one view change: more than a view can hold would be refused anyway.
pub const JOINS_MAX: usize = MEMBERS_MAX;

/// Processes remembered as once members, to be looked for after a partition.
pub const KIN_MAX: usize = MEMBERS_MAX;

/// Frames that one PULL is answered with: a whole window of the transport, since nobody lacks more.
pub const PULL_FRAMES_MAX: u64 = 4096;

/// Groups compared with a peer at one heartbeat when digests differ: a second's heartbeats go
/// through thousands, and what that costs does not grow with their number.
pub const COMPARED_MAX: usize = 256;

/// The longest pause between two repetitions of one control message: what ten thousand groups say
/// again in vain then leaves room for what they wait for, and a message that was lost again and
/// again still comes several times within any patience of a second or more.
pub const PAUSE_MAX: Duration = Duration::from_millis(500);
