//! The whole contract between floors: six verbs in three pairs.

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
    /// Its bytes. None at all: the system says that nobody listens at that address.
    pub bytes: Bytes,
}

/// A datagram for the network.
#[derive(Debug, Clone)]
pub struct Transmit {
    /// Where it goes.
    pub to: Address,
    /// Its bytes, to be gathered in this order; at most the path's limit together.
    pub parts: Parts,
}

/// In how many places the bytes of most datagrams lie: those of others lie apart.
const PARTS_USUAL: usize = 5;

/// The places where a datagram's bytes lie: what many receivers get is not copied for each.
pub type Parts = smallvec::SmallVec<[Bytes; PARTS_USUAL]>;

impl Transmit {
    /// A datagram that lies in one place.
    #[must_use]
    pub fn whole(to: Address, bytes: Bytes) -> Self {
        Self { to, parts: smallvec::smallvec![bytes] }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it in one place, copied if it lies in several.
    #[must_use]
    pub fn gather(&self) -> Bytes {
        match &self.parts[..] {
            [only] => only.clone(),
            parts => parts.concat().into(),
        }
    }
}
