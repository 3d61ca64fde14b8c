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
    /// What was given last.
    given: Bytes,
    /// Something was given since the last rest.
    used: bool,
}

impl Out {
    /// Appends a frame.
    pub(crate) fn put(&mut self, what: &impl Wire) {
        if self.bytes.is_empty()
            && let Ok(mut again) = core::mem::take(&mut self.given).try_into_mut()
        {
            again.clear();
            self.bytes = again;
        }
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
        let bytes = core::mem::take(&mut self.bytes).freeze();
        self.used = true;
        self.given = if bytes.len() > GATE_KEEP_BYTES { Bytes::new() } else { bytes.clone() };
        bytes
    }

    /// Gives the buffer back if nothing was given since the last time.
    pub(crate) fn rest(&mut self) {
        if !core::mem::take(&mut self.used) {
            self.given = Bytes::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_given_back_when_it_is_not() {
        let mut out = Out::default();
        let mut places = alloc::collections::BTreeSet::new();
        for round in 0..100_u64 {
            out.put(&round);
            out.put(&round);
            let bytes = out.take();
            assert_eq!((bytes.len(), bytes[4]), (24, round as u8));
            places.insert(bytes.as_ptr() as usize);
        }
        assert_eq!(places.len(), 1);
        out.rest();
        assert!(!out.given.is_empty(), "it was in use");
        out.rest();
        assert!(out.given.is_empty());
    }

    #[test]
    fn what_was_given_stays_as_it_is_and_much_is_not_kept() {
        let mut out = Out::default();
        out.put(&1_u64);
        let first = out.take();
        out.put(&2_u64);
        assert_eq!((first[4], out.take()[4]), (1, 2));
        out.put(&alloc::vec![0_u8; GATE_KEEP_BYTES]);
        assert!(out.take().len() > GATE_KEEP_BYTES && out.given.is_empty());
    }
}
