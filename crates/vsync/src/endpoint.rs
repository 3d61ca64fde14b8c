//! Who is in a group, and which group it is.

use core::fmt;

use muts::{Malformed, ProcId, Sink, Wire};

use crate::epoch::channel_of;
use crate::view::ViewId;

/// What a view lists: a seat at a process. An embedded tower has one seat, 0; a daemon has one for
/// each of its clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Endpoint {
    /// The process whose tower it is.
    pub proc: ProcId,
    /// The seat there.
    pub seat: u32,
}

impl Endpoint {
    /// The one seat of a process that embeds its tower.
    #[must_use]
    pub const fn of(proc: ProcId) -> Self {
        Self { proc, seat: 0 }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.proc)?;
        if self.seat == 0 { Ok(()) } else { write!(f, ".{}", self.seat) }
    }
}

impl Wire for Endpoint {
    fn write(&self, into: &mut impl Sink) {
        self.proc.write(into);
        self.seat.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { proc: ProcId::read(from)?, seat: u32::read(from)? })
    }
}

/// Names a core group: 128 bits, unique without coordination, or a hash of a word that its users
/// agree on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GroupId(pub u128);

impl GroupId {
    /// The group of a word: everybody who says the word means the same group.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        for byte in word.bytes() {
            hash =
                (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        // The top bit keeps words and minted numbers apart.
        Self(hash | 1 << 127)
    }

    /// Whether anybody may found it, because its name is a word: a minted one has one founder ever.
    #[must_use]
    pub const fn is_of_word(self) -> bool {
        self.0 >> 127 == 1
    }

    /// The `count`-th group that this process mints.
    #[must_use]
    pub fn minted(by: ProcId, count: u32) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in by.node.0.to_le_bytes().into_iter().chain(by.incarnation.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self((u128::from(hash) << 32 | u128::from(count)) & !(1 << 127))
    }

    /// The rank that gives places to ABCASTs in views of so many members, of which there is one at
    /// least: groups of the same members have theirs at different ones. What the sequencer casts
    /// itself needs no second hop, so who mints a name may look for one that suits it.
    #[must_use]
    pub fn sequencer(self, members: usize) -> usize {
        (channel_of(self, ViewId::default()).0 % members as u64) as usize
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Wire for GroupId {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(u128::read(from)?))
    }
}
