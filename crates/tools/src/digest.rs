//! Digest: by which two members see that their states are equal.

use core::fmt;

use muts::{Malformed, Sink, Wire};

/// A 64-bit FNV-1a hash over saved bytes: the same on every machine. It finds accidents, not
/// forgeries: those are kept out below, where every datagram is authenticated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::NOTHING.and(bytes)
    }

    /// The digest of no bytes.
    pub(crate) const NOTHING: Self = Self(0xcbf2_9ce4_8422_2325);

    /// The digest of what this is one of, and of these bytes behind it.
    pub(crate) fn and(self, bytes: &[u8]) -> Self {
        let mut hash = self.0;
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Wire for Digest {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(u64::read(from)?))
    }
}

/// What is known of saved bytes without having them. Equal sums: taken for equal states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// How many bytes.
    pub(crate) length: u64,
    /// Their digest.
    pub(crate) digest: Digest,
}

impl Sum {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, digest: Digest::of(bytes) }
    }
}

impl Wire for Sum {
    fn write(&self, into: &mut impl Sink) {
        self.length.write(into);
        self.digest.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { length: u64::read(from)?, digest: Digest::read(from)? })
    }
}
