//! Out: frames that wait to be written to a pipe.
//!
//! Takes: what is to be said. Promises: gives it all in one piece. Keeps: the buffer, to be used
//! again once nobody refers to what was given, until it has not been needed for a while.

use bytes::{Bytes, BytesMut};
use muts::Wire;

use crate::limits::GATE_KEEP_BYTES;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: BytesMut,
    /// Something was given since the last rest.
    used: bool,
}

impl Out {
    /// Appends a frame.
    pub(crate) fn put(&mut self, what: &impl Wire) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        what.write(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - at - 4).expect("a frame under 4 GiB");
        self.bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All that waits.
    pub(crate) fn take(&mut self) -> Bytes {
        self.used = true;
        if self.bytes.len() > GATE_KEEP_BYTES {
            return core::mem::take(&mut self.bytes).freeze();
        }
        self.bytes.split().freeze()
    }

    /// Gives the buffer back if nothing was given since the last time.
    pub(crate) fn rest(&mut self) {
        if !core::mem::take(&mut self.used) && self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
    }
}
