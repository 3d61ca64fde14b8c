//! The hash behind view ids and labels: FNV-1a, 64 bits, the same on every machine.

use alloc::vec::Vec;

use muts::Wire;

use crate::view::ViewId;

/// A hash over values in the form that they cross the network in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digest(Vec<u8>);

impl Digest {
    /// Begins with a word that keeps the uses of hashes apart.
    pub(crate) fn of(word: &str) -> Self {
        Self(word.as_bytes().to_vec())
    }

    pub(crate) fn with(mut self, value: &impl Wire) -> Self {
        value.write(&mut self.0);
        self
    }

    pub(crate) fn end(self) -> u64 {
        let hash = self.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // FNV leaves the last bytes' differences in the low bits; spread them.
        (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl ViewId {
    /// The id of change `counter` with this cause, after this one.
    pub(crate) fn after(self, counter: u64, cause: u64) -> Self {
        let digest = Digest::of("view").with(&self).with(&counter).with(&cause).end();
        Self { counter, digest }
    }

    /// The id of the view that parts unite in: the same whichever part one comes from.
    pub(crate) fn united(counter: u64, cause: u64) -> Self {
        Self { counter, digest: Digest::of("united").with(&counter).with(&cause).end() }
    }
}
