//! Every bound of the transport, each with its reason.

/// The largest message with its headers: what one multicast may make a receiver hold.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Frames of one stream that are not yet acknowledged by all: memory at the sender, and what a
/// receiver may have to keep out of order.
pub const WINDOW_FRAMES: u64 = 4096;

/// Bytes of one stream that wait or are not yet acknowledged; a larger message goes alone.
pub const WINDOW_BYTES: usize = 4 << 20;

/// Bytes under way to one peer, at the start, at the least and at the most: a quarter of a socket
/// buffer of the usual size, two datagrams, and one that was asked to be large.
pub const FLIGHT_BYTES_START: usize = 64 << 10;
/// See [`FLIGHT_BYTES_START`].
pub const FLIGHT_BYTES_MIN: usize = 4 << 10;
/// See [`FLIGHT_BYTES_START`].
pub const FLIGHT_BYTES_MAX: usize = 1 << 20;

/// Datagrams below this are carried by every path (IPv6 asks for 1,280 with headers).
pub const DATAGRAM_BYTES_MIN: usize = 256;

/// Control messages that wait for one peer: more than a second of them is of no use to anybody.
pub const TELLS_WAITING_MAX: usize = 4096;

/// Bytes of control messages of which parts are missing, for one peer.
pub const TELL_PARTS_BYTES_MAX: usize = 1 << 20;

/// Control messages of which parts are missing, for one peer.
pub const TELL_PARTS_MAX: usize = 16;

/// Bytes kept for channels that are not open here yet, for one peer: a burst at a view change.
pub const EARLY_BYTES_MAX: usize = 256 << 10;

/// Frames acknowledged at the latest after so many.
pub const ACK_FRAMES: u32 = 16;

/// Ranges told in one acknowledgement: what is beyond is asked for again anyway.
pub const ACK_RANGES_MAX: usize = 32;

/// Bytes of the floor above in one heartbeat.
pub const BEAT_BYTES_MAX: usize = 16 << 10;

/// Bytes that wait to be sent to one process alone: four of the largest messages.
pub const SENDS_WAITING_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;

/// Channels remembered as closed: their last frames are ignored, not kept as early.
pub const CLOSED_MAX: usize = 256;

/// Channels whose end one heartbeat tells.
pub const BEAT_ENDS_MAX: usize = 32;
