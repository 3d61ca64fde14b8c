//! Down and Up of the transport: all that crosses between it and the floor above.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::address::Address;
use crate::layer::Layer;
use crate::message::Message;
use crate::process::{NodeId, ProcId};
use crate::time::Instant;

/// Names a channel: one number but 0, chosen by whoever opens it, the same at all its peers.
///
/// The group kernel opens one channel for each epoch of each core group and makes the number a hash
/// of both, so that no message of one epoch can be taken for one of another (T4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub u64);

/// Peers of a channel: a bit each, in the order in which it was opened with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience(pub [u64; 4]);

impl Audience {
    /// Every peer.
    pub const ALL: Self = Self([u64::MAX; 4]);
    /// Nobody.
    pub const NONE: Self = Self([0; 4]);

    /// Whether the peer at this place is meant.
    #[must_use]
    pub const fn has(&self, place: usize) -> bool {
        self.0[place / 64] & (1 << (place % 64)) != 0
    }

    /// Means the peer at this place too.
    pub const fn insert(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }
}

/// What the transport may be asked.
#[derive(Debug, Clone)]
pub enum Down {
    /// Introduces a node by where it listens; said again, the newest address counts.
    Meet {
        /// The node; [`NodeId::ANYBODY`]: whoever listens there is called now, if nobody there is
        /// linked, and not again before this is said again.
        node: NodeId,
        /// Where it listens.
        address: Address,
    },
    /// Opens a channel to these peers (each once, without the caller itself; none is fine, at most
    /// `limits::PEERS_MAX`). One that is open is closed first.
    Open {
        /// Its number.
        channel: Channel,
        /// Whom it reaches and who may be heard on it; audiences count in this order.
        peers: Vec<ProcId>,
        /// Whether each message told counts against its sender until `Taken` is said of it.
        /// Otherwise it counts until it is told.
        credit: bool,
    },
    /// Closes a channel: what was not delivered is dropped, later frames for it are ignored.
    Close {
        /// Its number.
        channel: Channel,
    },
    /// Leaves a peer out of a channel from now on: for who is silent, or lost, and is not to be
    /// waited for. What it sends there itself is still told.
    Omit {
        /// The channel.
        channel: Channel,
        /// The peer.
        peer: ProcId,
    },
    /// Multicasts to peers of a channel: reliable, FIFO per sender. Who is not in the audience is
    /// told `Skip`. One that is too long is told as `TooLong`.
    Cast {
        /// Its number; what is cast on one that is not open goes nowhere, and is counted.
        channel: Channel,
        /// Whom it is meant for.
        to: Audience,
        /// The message, at most `limits::MESSAGE_BYTES_MAX` with its headers.
        message: Message,
    },
    /// The same, taken although the window is full: for who has promised it to somebody and soon
    /// asks no more. What is beyond the window is the asker's to bound.
    Press {
        /// Its number.
        channel: Channel,
        /// Whom it is meant for.
        to: Audience,
        /// The message.
        message: Message,
    },
    /// The floor above is done with so many bytes of messages of that sender.
    Taken {
        /// The channel.
        channel: Channel,
        /// The sender.
        from: ProcId,
        /// The lengths of the messages, added up.
        bytes: u64,
    },
    /// Sends to one peer: reliable and FIFO among all `Send`s to that peer.
    Send {
        /// The peer; unknown or lost peers swallow it, since `Lost` has been or will be told.
        to: ProcId,
        /// The message.
        message: Message,
    },
    /// Sends to one peer without any promise, ahead of everything reliable: for control messages
    /// that are repeated until they have had their effect. At most one datagram long; longer ones
    /// are cut and joined, and lost if one part is.
    Tell {
        /// The peer.
        to: ProcId,
        /// Whether it belongs to a change of members: datagrams that carry any such are counted
        /// apart, so that the price of a change can be told from the load beside it.
        change: bool,
        /// The message.
        message: Message,
    },
    /// Somebody else misses this peer: it is asked for a sign of life at once, and given less time.
    Miss {
        /// The peer.
        peer: ProcId,
    },
    /// This process ends: whoever was met is told, without any promise, so that it need not be
    /// missed. What is asked after that is of no use to anybody.
    Farewell,
    /// What heartbeats to this peer carry from now on.
    Beat {
        /// The peer.
        to: ProcId,
        /// A few bytes of the floor above: replaced, not queued.
        bytes: Bytes,
        /// One goes at once, or a moment after the last that did: this is not to wait its turn.
        soon: bool,
    },
}

/// What the transport may tell.
#[derive(Debug, Clone)]
pub enum Up {
    /// A link to this process stands: it has been heard and it hears us. An older incarnation of
    /// its node, if one was met, was told `Lost` just before.
    Met {
        /// The peer.
        peer: ProcId,
    },
    /// A process called that speaks no version of the transport that is spoken here: there will be
    /// no link. One of the two has to be updated.
    Refused {
        /// Who.
        peer: ProcId,
        /// The lowest and the highest version that it speaks.
        versions: (u8, u8),
    },
    /// A message of a channel, the next of that sender.
    Cast {
        /// The channel.
        channel: Channel,
        /// Who cast it.
        from: ProcId,
        /// Its number among that sender's casts on this channel: 0, 1, 2 and so on.
        seq: u64,
        /// The message.
        message: Message,
    },
    /// That sender's next casts on a channel were not meant for this process.
    Skip {
        /// The channel.
        channel: Channel,
        /// Who cast them.
        from: ProcId,
        /// The number of the first after them.
        below: u64,
    },
    /// A message sent to this process alone.
    Send {
        /// Who sent it.
        from: ProcId,
        /// The message.
        message: Message,
    },
    /// A control message; may be missing, late, or told twice.
    Tell {
        /// Who sent it.
        from: ProcId,
        /// The message.
        message: Message,
    },
    /// A peer's heartbeat, newer than all told before.
    Beat {
        /// Who sent it.
        from: ProcId,
        /// The bytes that the floor above put in over there.
        bytes: Bytes,
    },
    /// Every peer of the channel that has not closed its end, and was not left out, has received,
    /// or been told to skip, all own casts with a number below `below`.
    Settled {
        /// The channel.
        channel: Channel,
        /// The first number that is not yet settled.
        below: u64,
    },
    /// A message was longer than `limits::MESSAGE_BYTES_MAX` with its headers: it is not sent.
    TooLong {
        /// The channel that it was cast on; 0: it was for one peer.
        channel: Channel,
        /// How long it was, in bytes.
        bytes: usize,
    },
    /// A peer has closed its end of a channel: nothing more goes there, and nobody waits for it.
    Gone {
        /// The channel.
        channel: Channel,
        /// The peer.
        peer: ProcId,
    },
    /// Nothing has been heard of this peer for the silence limit, direct probes included; or it
    /// calls as one calls who is silent, and has acknowledged nothing for as long: it is deaf.
    Silent {
        /// The peer.
        peer: ProcId,
        /// When it was heard last, or began to call without hearing. Where that is less than half
        /// the limit ago, the system has said that nobody is there: its process seems to be over.
        since: Instant,
    },
    /// A silent peer has been heard again, and has shown that it hears what has been said since: of
    /// one that is deaf nothing is said, whatever it says itself.
    Back {
        /// The peer.
        peer: ProcId,
    },
    /// This incarnation is known to be over: it has said farewell, or a newer one of its node has
    /// been met.
    Lost {
        /// The peer.
        peer: ProcId,
    },
    /// A channel that handed back a `Cast` can take one again.
    Room {
        /// The channel; 0: that of sends to one peer, of which any can be tried again.
        channel: Channel,
    },
}

/// The name of this face: anything with these words can carry a group kernel.
pub trait Multicast: Layer<Down = Down, Up = Up> {}

impl<T: Layer<Down = Down, Up = Up>> Multicast for T {}
