//! The names of this floor: groups and sends, minted by whoever asks.

use core::fmt;

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire};
use smallvec::SmallVec;
use vsync::Endpoint;

/// Members of a light-weight group; inline while few.
pub type Members = SmallVec<[Endpoint; 4]>;

/// Names a light-weight group: a hash of its creating endpoint, incarnation included, and a
/// counter there. No name, no coordination, no conflict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LwgId {
    /// Hash of the creating endpoint.
    pub creator: u64,
    /// Which of its groups.
    pub count: u64,
}

impl LwgId {
    /// The `count`-th group that this endpoint creates.
    #[must_use]
    pub fn minted(by: Endpoint, count: u64) -> Self {
        let mut bytes = Vec::with_capacity(20);
        by.write(&mut bytes);
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self { creator: hash, count }
    }
}

impl fmt::Debug for LwgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}.{}", self.creator, self.count)
    }
}

impl Wire for LwgId {
    fn write(&self, into: &mut impl Sink) {
        self.creator.write(into);
        self.count.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { creator: u64::read(from)?, count: u64::read(from)? })
    }
}

/// Names a multicast of one sender: minted by it, grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SendId(pub u64);
