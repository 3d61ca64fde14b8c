//! Digest: by which two members see that their states are equal.

use core::fmt;

use muts::{Malformed, Sink, Wire};

/// A 64-bit hash over saved bytes, eight at a time as FNV-1a takes one, and folded: the same on
/// every machine, and of a gigabyte in half a second. It finds accidents, not forgeries: those are
/// kept out below, where every datagram is authenticated.
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

    /// The digest of what this is one of, a multiple of eight bytes, and of these behind it.
    pub(crate) fn and(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let hash = words.iter().fold(self.0, |hash, word| fold(hash, u64::from_le_bytes(*word)));
        Self(rest.iter().fold(hash, |hash, byte| fold(hash, u64::from(*byte))))
    }
}

/// The upper half is folded into the lower: a product alone carries nothing downwards, and two
/// changes of an upper bit would cancel out.
const fn fold(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    product ^ (product >> 32)
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn a_digest_goes_on_where_it_was_left_at_any_word() {
        let bytes: Vec<u8> = (0..100).collect();
        for at in (0..100).step_by(8) {
            let (one, other) = bytes.split_at(at);
            assert_eq!(Digest::NOTHING.and(one).and(other), Digest::of(&bytes), "at {at}");
        }
    }

    #[test]
    fn any_bit_and_any_two_bits_of_one_place_in_their_words_make_a_difference() {
        let mut bytes = vec![0_u8; 32];
        let whole = Digest::of(&bytes);
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Digest::of(&bytes), whole, "bit {bit}");
            for other in (bit % 64..bit).step_by(64) {
                bytes[other / 8] ^= 1 << (other % 8);
                assert_ne!(Digest::of(&bytes), whole, "bits {other} and {bit}");
                bytes[other / 8] ^= 1 << (other % 8);
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_ne!(Digest::of(&bytes[1..]), whole);
    }
}
