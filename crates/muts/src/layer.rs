//! The whole contract between floors: six verbs in three pairs.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::address::Address;
use crate::time::Instant;

/// A floor: a plain value that does no I/O and reads no clock.
///
/// One turn of whoever turns the crank: one thing in (`down`, `receive` or `wake`), then everything
/// out (`up` and `transmit` until both answer `None`), then sleep until `deadline`.
pub trait Layer {
    /// What the floor above may ask.
    type Down;
    /// What the floor above may be told.
    type Up;

    /// Takes an ask, or hands it back because there is no room now.
    ///
    /// # Errors
    /// [`Full`] holds the ask, unchanged; an `Up` that tells of room follows when there is some.
    fn down(&mut self, now: Instant, ask: Self::Down) -> Result<(), Full<Self::Down>>;

    /// The next thing told to the floor above, in the one order that means something.
    fn up(&mut self) -> Option<Self::Up>;

    /// Takes a datagram from the network.
    fn receive(&mut self, now: Instant, packet: Packet);

    /// The next datagram for the network.
    fn transmit(&mut self, now: Instant) -> Option<Transmit>;

    /// Does what was to be done by now. Calling it early or late does no harm.
    fn wake(&mut self, now: Instant);

    /// When `wake` is wanted next.
    fn deadline(&self) -> Option<Instant>;
}

/// An ask that found no room, handed back whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// A datagram that came from the network.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Who sent it, as far as the network knows.
    pub from: Address,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A datagram for the network.
#[derive(Debug, Clone)]
pub struct Transmit {
    /// Where it goes.
    pub to: Address,
    /// Its bytes; at most the path's limit.
    pub bytes: Vec<u8>,
}
