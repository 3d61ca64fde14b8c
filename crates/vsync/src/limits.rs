//! Every bound of the kernel, each with its reason.

use core::time::Duration;

/// Members of one view: ranks fit a byte, and a vector of positions fits one datagram.
pub const MEMBERS_MAX: usize = 256;

/// The highest number of an epoch or of a ballot's round that is taken from others: there is room
/// above it for those that follow, and for what the floors above make of them (times a million). At
/// a thousand views a second it is reached in 278 years.
pub const EPOCH_MAX: u64 = 1 << 43;

/// The highest position or stamp that is taken from others: so that one can be added.
pub const POSITION_MAX: u64 = 1 << 62;

/// Positions by which two members may differ in what they have received of one stream: more than
/// any window and what is pressed into it hold. What others say is looked through so far.
pub const AHEAD_MAX: u64 = 1 << 18;

/// INSTALLs kept for laggards while there may be any: one that is sixteen epochs behind is told
/// that it is out instead.
pub const HISTORY_MAX: usize = 16;

/// Joins that wait for one view change: more than a view can hold would be refused anyway.
pub const JOINS_MAX: usize = MEMBERS_MAX;

/// Processes remembered as once members, to be looked for after a partition.
pub const KIN_MAX: usize = MEMBERS_MAX;

/// Nodes remembered although no process of theirs lives that was met: so that what is said of them
/// late is known to be old.
pub const LOST_MAX: usize = 1024;

/// How long after a process is over the next of its node is taken for it by those who look for it
/// in a group: it is met at the same time, where it is not what ended the other in order.
pub const HEIR_AWAITED_FOR: Duration = Duration::from_secs(60);

/// Groups that one is not in of which is remembered who is: those that somebody left or was invited
/// to in vain, a few for each peer; and one is forgotten in a second of the others' asking.
pub const HEARD_MAX: usize = 1024;

/// Frames that one PULL is answered with: a whole window of the transport, since hardly ever
/// anybody lacks more of a sender. It asks again where it does.
pub const PULL_FRAMES_MAX: u64 = muts::limits::WINDOW_MESSAGES as u64;

/// Bytes of a ticket: it travels in every JOIN, beside nothing large.
pub const TICKET_BYTES_MAX: usize = 256;

/// Nodes that the terms of a client may list: many times as many as can be members at a time.
pub const LISTED_MAX: usize = 16 * MEMBERS_MAX;

/// Exclusions remembered for whoever asks: some rounds of a large view.
pub const EXCLUSIONS_MAX: usize = 64;

/// Groups compared with a peer at one heartbeat when digests differ: a second's heartbeats go
/// through thousands, and what that costs does not grow with their number.
pub const COMPARED_MAX: usize = 256;

/// Groups that others choke, counted for each of those: some bytes each, and a process that takes
/// nothing chokes the few that it is sent to before it is put out.
pub const CHOKED_MAX: usize = 65_536;

/// A frame at the gate: the longest message, and what stands before it.
pub const GATE_FRAME_BYTES_MAX: usize = muts::limits::MESSAGE_BYTES_MAX + (64 << 10);

/// The name of a client's node.
pub const GATE_NAME_BYTES_MAX: usize = 64;

/// Frames that share a buffer once they are read: it lives as long as any of their messages, so a
/// message that is kept for long keeps no more than this beside it.
pub const GATE_BLOCK_BYTES: usize = 8 << 10;

/// Bytes of casts of one group, and of sends, that a client may have under way: enough to keep a
/// kernel busy during one way through the gate, few enough to be taken although a window is full.
pub const GATE_CREDIT_BYTES: u64 = 256 << 10;

/// A buffer in which frames wait is used again unless more waited in it: what a client is told of
/// the datagrams of one turn.
pub const GATE_KEEP_BYTES: usize = 512 << 10;

/// Bytes that wait for a client before its kernel is given no more multicasts: those who send to
/// its groups are slowed to its pace then, and nobody else is.
pub const GATE_CHOKE_BYTES: usize = 1 << 20;

/// Bytes that wait for a client at the most; it is put out beyond them. One message of the longest
/// kind may be among them.
pub const GATE_BACKLOG_BYTES_MAX: usize = GATE_FRAME_BYTES_MAX + (16 << 20);

/// Nodes remembered although no process of theirs lives, so that none of their earlier ones is
/// taken for a later one.
pub const GATE_NODES_MAX: usize = 65_536;

/// A table of beats that is told rather than posted: some ten datagrams of a loopback, fifty of a
/// network, so that it mostly comes whole where a datagram in a hundred is lost.
pub const GATE_TABLE_TOLD_MAX: usize = 64 << 10;

/// Streams at a time of those who have not said who they are: the one that has been silent longest
/// makes room for the next.
pub const GATE_STRANGERS_MAX: usize = 32;

/// How far ahead of the daemon's clock a client's incarnation may be, in microseconds. Incarnations
/// begin with the clock, and only a later one takes the place of an earlier one: with one from the
/// end of time a name would be of no use to anybody any more.
pub const GATE_AHEAD_MAX_US: u64 = 24 * 60 * 60 * 1_000_000;

/// A frame of somebody who has not said yet who it is: a hello or a query.
pub const GATE_STRANGER_BYTES_MAX: usize = 4096;

/// The longest pause between two repetitions of one control message: what ten thousand groups say
/// again in vain then leaves room for what they wait for, and a message that was lost again and
/// again still comes several times within any patience of a second or more.
pub const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How long a group is still at most, so that another may multicast what follows from it: several
/// round trips of most networks, and no time that anybody takes for an end.
pub const HUSHED_FOR: Duration = Duration::from_millis(200);

/// How long it goes on being still once that other may multicast: for who is woken to do so, and
/// not for who does something else first.
pub const HUSHED_BRIEFLY: Duration = Duration::from_millis(1);

/// How long an INSTALL is repeated to whom it concerns: who has not answered by then is suspected,
/// or went another way and is told by whoever meets it. So no more is kept for one that is silent
/// than the views decided in that time.
pub const SPREAD_FOR: Duration = Duration::from_secs(10);

/// The longest message with the headers of the floors above, in bytes: what a transport carries,
/// less room for what the kernel adds.
pub const CAST_BYTES_MAX: usize = muts::limits::MESSAGE_BYTES_MAX - (64 << 10);
