//! Down and Up of the transport: all that crosses between it and the floor above.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::address::Address;
use crate::layer::Layer;
use crate::message::Message;
use crate::process::{NodeId, ProcId};
use crate::time::Instant;

/// Names a channel: one number, chosen by whoever opens it, the same at all its peers.
///
/// The group kernel opens one channel for each epoch of each core group and makes the number a hash
/// of both, so that no message of one epoch can be taken for one of another (T4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub u64);

/// What the transport may be asked.
#[derive(Debug, Clone)]
pub enum Down {
    /// Introduces a node by where it listens; said again, the newest address counts.
    Meet {
        /// The node.
        node: NodeId,
        /// Where it listens.
        address: Address,
    },
    /// Opens a channel to these peers (without the caller itself; none is fine).
    Open {
        /// Its number.
        channel: Channel,
        /// Whom it reaches and who may be heard on it.
        peers: Vec<ProcId>,
    },
    /// Closes a channel: what was not delivered is dropped, later frames for it are ignored.
    Close {
        /// Its number.
        channel: Channel,
    },
    /// Multicasts to all peers of a channel: reliable, FIFO per sender.
    Cast {
        /// Its number.
        channel: Channel,
        /// The message, at most `limits::MESSAGE_BYTES_MAX` with its headers.
        message: Message,
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
    /// What heartbeats to this peer carry from now on.
    Beat {
        /// The peer.
        to: ProcId,
        /// A few bytes of the floor above: replaced, not queued.
        bytes: Bytes,
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
    /// Every peer of the channel has received all own casts with a number below `below`.
    Settled {
        /// The channel.
        channel: Channel,
        /// The first number that is not yet settled.
        below: u64,
    },
    /// Nothing has been heard of this peer for the silence limit, direct probes included.
    Silent {
        /// The peer.
        peer: ProcId,
        /// When it was heard last.
        since: Instant,
    },
    /// A silent peer has been heard again.
    Back {
        /// The peer.
        peer: ProcId,
    },
    /// This incarnation is known to be over: a newer one of its node has been met.
    Lost {
        /// The peer.
        peer: ProcId,
    },
    /// A channel that handed back a `Cast` can take one again.
    Room {
        /// The channel.
        channel: Channel,
    },
}

/// The name of this face: anything with these words can carry a group kernel.
pub trait Multicast: Layer<Down = Down, Up = Up> {}

impl<T: Layer<Down = Down, Up = Up>> Multicast for T {}
