//! The hash behind view ids and labels: FNV-1a, 64 bits, the same on every machine.

use muts::{Sink, Wire};

use crate::view::ViewId;

/// A hash over values in the form that they cross the network in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest(u64);

impl Sink for Digest {
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl Digest {
    /// Begins with a word that keeps the uses of hashes apart.
    pub(crate) fn of(word: &str) -> Self {
        let mut digest = Self(0xcbf2_9ce4_8422_2325);
        digest.extend_from_slice(word.as_bytes());
        digest
    }

    pub(crate) fn with(mut self, value: &impl Wire) -> Self {
        value.write(&mut self);
        self
    }

    pub(crate) const fn end(self) -> u64 {
        // FNV leaves the last bytes' differences in the low bits; spread them.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
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
