//! Every bound of the transport, each with its reason.

/// The largest message with its headers: what one multicast may make a receiver hold.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Bytes of one stream that are not yet acknowledged by all: memory at the sender, and what a
/// receiver may have to keep out of order. A larger message goes alone.
pub const WINDOW_BYTES: usize = 4 << 20;

/// Messages of one stream that are not yet acknowledged by all: what a flush may have to agree on.
pub const WINDOW_MESSAGES: usize = 16_384;

/// The highest position in a stream that is taken from others: so that a window can be added.
pub const STREAM_BYTES_MAX: u64 = 1 << 62;

/// Bytes of one stream that a receiver is sent before it has said that its end is open: a first
/// burst right after a view change, when the others hear of the view at nearly the same time.
pub const UNASKED_BYTES: u64 = 32 << 10;

/// Bytes kept for channels that are not open here yet, for one peer. Beyond it a datagram is not
/// acknowledged, so it comes again.
pub const EARLY_BYTES_MAX: usize = 2 << 20;

/// What of it streams may take: the rest is for credits, of which each channel has one.
pub const EARLY_STREAM_BYTES_MAX: usize = EARLY_BYTES_MAX / 4 * 3;

/// When what finds no room there comes again, unless its receiver asks for it before: opening the
/// channel it does.
pub const EARLY_PAUSE: core::time::Duration = core::time::Duration::from_secs(1);

/// How long those bytes are kept: longer than any view change takes.
pub const EARLY_KEPT: core::time::Duration = core::time::Duration::from_secs(60);

/// Bytes under way to one peer at the start: what the receive buffer of a small system holds.
pub const FLIGHT_BYTES_START: usize = 64 << 10;

/// Bytes under way to one peer at the most: what the receive buffer of a well-kept one holds.
pub const FLIGHT_BYTES_MAX: usize = 4 << 20;

/// Datagrams under way to one peer at the least, so that one lost among them is noticed by those
/// behind it.
pub const FLIGHT_DATAGRAMS_MIN: usize = 8;

/// Datagrams below this are carried by every path (IPv6 asks for 1,280 with headers).
pub const DATAGRAM_BYTES_SAFE: usize = 1_200;

/// The shortest limit on datagrams that can be set: every frame but data fits.
pub const DATAGRAM_BYTES_MIN: usize = 256;

/// The longest that can be: what UDP over IPv4 carries.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Places from which one datagram is gathered.
pub const PARTS_MAX: usize = 16;

/// Runs of a stream shorter than this are copied into the datagram: cheaper than a place of their
/// own.
pub const COPIED_BYTES_MAX: usize = 512;

/// Shorter datagrams are copied out of the buffer that they came in.
pub const KEPT_APART_BYTES: usize = 2 << 10;

/// Bodies longer than this stay where they are until they are sent; shorter ones are copied
/// together, once, when they are cast.
pub const GATHERED_BYTES_MAX: usize = 4 << 10;

/// Control messages that wait for one peer: more than a second of them is of no use to anybody.
pub const TELLS_WAITING_MAX: usize = 4096;

/// Bytes of control messages of which parts are missing, for one peer.
pub const TELL_PARTS_BYTES_MAX: usize = 1 << 20;

/// Control messages of which parts are missing, for one peer.
pub const TELL_PARTS_MAX: usize = 16;

/// Datagrams acknowledged at the latest after so many, where their sender does not wait.
pub const ACK_DATAGRAMS: u32 = 16;

/// How long the acknowledgement of a message alone waits for an answer to go with. Longer than an
/// answer by return takes even where all share a core: whoever only acknowledges would take it from
/// those who answer. Short against the millisecond after which its sender suspects that it is lost.
pub const ANSWER_PAUSE: core::time::Duration = core::time::Duration::from_micros(300);

/// What is longer is no question, but part of much: its sender waits for room to go on.
pub const QUESTION_BYTES_MAX: usize = 8 << 10;

/// Bytes acknowledged at the latest after so many, where datagrams are long.
pub const ACK_BYTES: usize = 256 << 10;

/// How long a skip waits to go with anything else: long against what it costs its receiver, short
/// against a change of members, which may have to wait for it.
pub const SKIP_PAUSE: core::time::Duration = core::time::Duration::from_millis(1);

/// How long one does whose receiver has just passed over many: a wake-up for each pause is all that
/// a flood for others costs it. Short against the beats by which failures are noticed, and the
/// window of a sender does not fill meanwhile.
pub const SKIPS_PAUSE: core::time::Duration = core::time::Duration::from_millis(4);

/// How many are many: the messages of a millisecond where its wake-up costs much of theirs.
pub const SKIPS_MANY: u32 = 64;

/// Ranges told in one acknowledgement: what is beyond is sent again anyway.
pub const ACK_RANGES_MAX: usize = 32;

/// Bytes of the floor above in one heartbeat.
pub const BEAT_BYTES_MAX: usize = 1_100;

/// Channels remembered as closed, so that their senders are told instead of kept waiting.
pub const CLOSED_MAX: usize = 65_536;

/// Channels of which nothing is known any more and whose sender is to be told so, for one peer.
pub const GONE_WAITING_MAX: usize = 64;

/// Greetings of strangers that are answered at a time: a whole cluster that starts at once. Peers
/// that are known to be where they call from have room of their own.
pub const GREETINGS_MAX: usize = 1_024;

/// Greetings under way with one address, begun by either end: who calls again before an answer can
/// have come needs a few. The next takes the place of the oldest.
pub const GREETINGS_EACH: usize = 8;

/// The longest message of a greeting: three keys, two tags, a hello. A longer one is not looked at.
pub const GREETING_BYTES_MAX: usize = 256;

/// Marks kept, to be shown to those who were called.
pub const COOKIES_MAX: usize = 1_024;

/// Processes that have links at a time: what is remembered of one is a few kilobytes, and what it
/// may make this end hold besides is bounded above. Beyond it somebody who was not introduced and
/// is in no channel makes room, the longest unheard first; else the newcomer is not taken.
pub const LINKS_MAX: usize = 4_096;

/// Nodes whose newest incarnation is remembered, those introduced not counted; beyond it who has no
/// link is forgotten, the longest unheard first.
pub const NODES_MAX: usize = 16_384;

/// How long a greeting may take: several round trips of the longest path.
pub const GREETING_KEPT: core::time::Duration = core::time::Duration::from_secs(5);

/// Hellos taken in one window of time before callers have to show where they are: a whole cluster
/// that starts at once. Then so many hosts are heard in a window, who was introduced not counted.
pub const HELLOS_A_WINDOW: u32 = 256;

/// And of each of them so many: processes of one host that start at once.
pub const HELLOS_A_HOST: usize = 32;

/// That window.
pub const HELLOS_WINDOW: core::time::Duration = core::time::Duration::from_millis(100);

/// Peers that one datagram in the hall is for: each takes 12 of its bytes. The next takes the rest.
pub const HALL_PEERS_MAX: usize = 32;

/// Runs of a stream shorter than this go to each peer with what else waits for it, unless nothing
/// else does: packing spares more than the hall.
pub const HALL_BYTES_MIN: usize = 512;

/// Processes of one host that may speak to this one through local sockets, and that it may speak to
/// so; beyond it nobody is taken, and whoever else is spoken to counts as not there.
pub const NEIGHBOURS_MAX: usize = 1_024;

/// Peers of one channel.
pub const PEERS_MAX: usize = 256;

/// Addresses that were found without a name, and what came of them: more than a cluster has hosts.
pub const ANYBODY_MAX: usize = 512;

/// Until such an address is called again, at first: a round trip and some.
pub const ANYBODY_PAUSE_MIN: core::time::Duration = core::time::Duration::from_millis(200);

/// And at most: who starts later is met within it.
pub const ANYBODY_PAUSE_MAX: core::time::Duration = core::time::Duration::from_secs(2);

/// How often a finder tells what it knows.
pub const FIND_EVERY: core::time::Duration = core::time::Duration::from_millis(250);

/// The longest pause between two look-ups: an address that moved is found within it.
pub const LOOK_UP_MAX: core::time::Duration = core::time::Duration::from_secs(30);

/// Addresses from one source of a finder's.
pub const FOUND_MAX: usize = 256;

/// How often a process says in the network where it listens.
pub const BEACON_EVERY: core::time::Duration = core::time::Duration::from_secs(1);

/// Beacons heeded between two of one's own: more than a network has hosts, less than a flood.
pub const BEACONS_A_ROUND: usize = 256;

/// How long a name server may take.
pub const NAME_SERVER_PATIENCE: core::time::Duration = core::time::Duration::from_secs(2);

/// Datagrams that bad links hold up (`Chaos`): the queues of a network have an end too.
pub const HELD_UP_MAX: usize = 16_384;
