//! Out: frames that wait to be written to a pipe.
//!
//! Takes: what is to be said. Promises: gives it all in one piece. Keeps: how long the last piece
//! was, so that the next is written where there is room for as much.

use alloc::vec::Vec;

use bytes::Bytes;
use muts::Wire;

use crate::limits::GATE_KEEP_BYTES;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    last: usize,
}

impl Out {
    /// Appends a frame.
    pub(crate) fn put(&mut self, what: &impl Wire) {
        if self.bytes.is_empty() {
            self.bytes.reserve(self.last.min(GATE_KEEP_BYTES));
        }
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        what.write(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - at - 4).expect("a frame under 4 GiB");
        self.bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Bytes that wait.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All that waits.
    pub(crate) fn take(&mut self) -> Bytes {
        self.last = self.bytes.len();
        core::mem::take(&mut self.bytes).into()
    }
}
