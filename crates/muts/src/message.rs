//! Message: headers pushed going down, popped going up, over a shared body.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::wire::{Malformed, Wire, read_bytes, write_varint};

/// A message on its way through the floors.
///
/// Each floor pushes its header going down and pops it going up. The body is shared, never copied
/// by a floor. Headers lie in `heads` from the topmost floor to the lowest, each followed by its
/// length (two bytes, little-endian), so that the lowest floor's is popped first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    heads: Vec<u8>,
    body: Bytes,
}

impl Message {
    /// A message without headers.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { heads: Vec::new(), body: body.into() }
    }

    /// What the application sees.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body alone, once every header is popped or of no more use.
    #[must_use]
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// Adds a header below all others.
    ///
    /// # Panics
    /// If it is longer than 65,535 bytes: headers are ours and bounded by `limits.rs`.
    pub fn push(&mut self, header: &impl Wire) {
        let start = self.heads.len();
        header.write(&mut self.heads);
        let length = u16::try_from(self.heads.len() - start).expect("a header under 64 KiB");
        self.heads.extend_from_slice(&length.to_le_bytes());
    }

    /// Takes off the lowest header.
    ///
    /// # Errors
    /// [`Malformed`] if there is none, or it is not of that kind, or has bytes left over.
    pub fn pop<T: Wire>(&mut self) -> Result<T, Malformed> {
        let end = self.heads.len().checked_sub(2).ok_or(Malformed)?;
        let length = usize::from(u16::from_le_bytes([self.heads[end], self.heads[end + 1]]));
        let start = end.checked_sub(length).ok_or(Malformed)?;
        let mut header = &self.heads[start..end];
        let popped = T::read(&mut header)?;
        if !header.is_empty() {
            return Err(Malformed);
        }
        self.heads.truncate(start);
        Ok(popped)
    }

    /// Bytes on the wire, without what the transport adds.
    #[must_use]
    pub fn len(&self) -> usize {
        // The length of the headers is a varint of at most three bytes for anything we push.
        3 + self.heads.len() + self.body.len()
    }

    /// Whether it holds nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.body.is_empty()
    }

    /// Writes headers and body: `varint heads_len | heads | body to the end`.
    pub fn write(&self, into: &mut Vec<u8>) {
        write_varint(into, self.heads.len() as u64);
        into.extend_from_slice(&self.heads);
        into.extend_from_slice(&self.body);
    }

    /// What [`Message::write`] writes before the body.
    pub(crate) fn head_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.heads.len() + 3);
        write_varint(&mut bytes, self.heads.len() as u64);
        bytes.extend_from_slice(&self.heads);
        bytes
    }

    /// Reads what [`Message::write`] wrote; the body stays in the buffer it came in.
    ///
    /// # Errors
    /// [`Malformed`] if the headers are longer than the bytes.
    pub fn read(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut rest = &bytes[..];
        let heads = read_bytes(&mut rest)?.to_vec();
        Ok(Self { heads, body: bytes.slice(bytes.len() - rest.len()..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_last_is_popped_first() {
        let mut message = Message::new(&b"body"[..]);
        message.push(&7_u64);
        message.push(&9_u32);
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        let mut read = Message::read(&bytes.into()).expect("what was written");
        assert_eq!(read.pop::<u32>(), Ok(9));
        assert_eq!(read.pop::<u64>(), Ok(7));
        assert_eq!(read.pop::<u64>(), Err(Malformed));
        assert_eq!(&read.into_body()[..], b"body");
    }

    #[test]
    fn a_header_of_another_kind_is_refused_and_kept() {
        let mut message = Message::new(&b""[..]);
        message.push(&7_u64);
        assert_eq!(message.pop::<u32>(), Err(Malformed));
        assert_eq!(message.pop::<u64>(), Ok(7));
    }
}
