//! Message: headers pushed going down, popped going up, over a shared body.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, Bytes};

use crate::wire::{Malformed, Sink, Wire, read_bytes, read_varint, write_varint};

/// Headers up to this length lie in the message itself: those of all floors on a usual message.
const INLINE_BYTES: usize = 22;

/// A message on its way through the floors.
///
/// Each floor pushes its header going down and pops it going up. The body is shared, never copied
/// by a floor. Headers lie from the topmost floor to the lowest, each followed by its length (two
/// bytes, little-endian), so that the lowest floor's is popped first. On the wire:
/// `varint length of the headers | headers | body to the end`.
#[derive(Debug, Clone, Default)]
pub struct Message {
    heads: Heads,
    body: Bytes,
}

/// Where the headers lie: few in place, many of one's own in a vector, many of a received message
/// in the buffer that it came in. Many are rare, and lie elsewhere.
#[derive(Debug, Clone)]
#[expect(clippy::box_collection, reason = "a pointer makes every message shorter")]
enum Heads {
    Inline(Inline),
    Many(Box<Vec<u8>>),
    Shared(Box<Bytes>),
}

// Each message is moved once or twice by every floor.
const _: () = assert!(size_of::<Heads>() == 24, "headers have grown");

/// A few bytes. They are copied as a whole: that costs less than to look how many there are, or to
/// share them.
#[derive(Clone, Copy)]
struct Inline {
    length: u8,
    bytes: [u8; INLINE_BYTES],
}

impl Inline {
    const EMPTY: Self = Self { length: 0, bytes: [0; INLINE_BYTES] };

    /// The first so many of these, which are enough.
    fn beginning(bytes: &[u8], length: usize) -> Self {
        // What lies behind them does no harm, and costs less than to stop in time.
        match bytes.first_chunk() {
            Some(bytes) => Self { length: length as u8, bytes: *bytes },
            None => {
                let mut few = Self::EMPTY;
                few.append(&bytes[..length]);
                few
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether so many more fit.
    fn fits(&self, more: usize) -> bool {
        usize::from(self.length) + more <= INLINE_BYTES
    }

    /// Appends what fits.
    fn append(&mut self, more: &[u8]) {
        let start = usize::from(self.length);
        self.bytes[start..start + more.len()].copy_from_slice(more);
        self.length += more.len() as u8;
    }
}

impl fmt::Debug for Inline {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.bytes(), to)
    }
}

impl Default for Heads {
    fn default() -> Self {
        Self::Inline(Inline::EMPTY)
    }
}

impl Heads {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline(few) => few.bytes(),
            Self::Many(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Self::Inline(few) => few.length = few.length.min(length as u8),
            // Who needs none of it does not keep the buffer.
            Self::Shared(_) if length == 0 => *self = Self::default(),
            Self::Many(bytes) => bytes.truncate(length),
            Self::Shared(bytes) => bytes.truncate(length),
        }
    }
}

impl Sink for Heads {
    fn push(&mut self, byte: u8) {
        match self {
            Self::Inline(few) if few.fits(1) => {
                few.bytes[usize::from(few.length)] = byte;
                few.length += 1;
            }
            _ => self.extend_from_slice(&[byte]),
        }
    }

    fn extend_from_slice(&mut self, more: &[u8]) {
        match self {
            Self::Inline(few) if few.fits(more.len()) => few.append(more),
            Self::Many(bytes) => bytes.extend_from_slice(more),
            // The bytes of a message that was received are others' too.
            Self::Shared(bytes) if bytes.len() + more.len() <= INLINE_BYTES => {
                let mut few = Inline::EMPTY;
                few.append(bytes);
                few.append(more);
                *self = Self::Inline(few);
            }
            Self::Inline(_) | Self::Shared(_) => {
                *self = Self::Many(Box::new([self.bytes(), more].concat()));
            }
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.heads.bytes() == other.heads.bytes() && self.body == other.body
    }
}

impl Eq for Message {}

impl Message {
    /// A message without headers.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { heads: Heads::default(), body: body.into() }
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
        let start = self.heads.bytes().len();
        header.write(&mut self.heads);
        let length = self.heads.bytes().len() - start;
        let length = u16::try_from(length).expect("a header under 64 KiB");
        self.heads.extend_from_slice(&length.to_le_bytes());
    }

    /// Takes off the lowest header.
    ///
    /// # Errors
    /// [`Malformed`] if there is none, or it is not of that kind, or has bytes left over.
    pub fn pop<T: Wire>(&mut self) -> Result<T, Malformed> {
        let read = |mut header: &[u8]| {
            let popped = T::read(&mut header).ok()?;
            header.is_empty().then_some(popped)
        };
        self.pop_if(read).ok_or(Malformed)
    }

    /// Takes off the lowest header if `read` makes anything of it; answers that.
    #[inline]
    pub fn pop_if<T>(&mut self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let (rest, length) = self.heads.bytes().split_last_chunk::<2>()?;
        let start = rest.len().checked_sub(usize::from(u16::from_le_bytes(*length)))?;
        let popped = read(&rest[start..])?;
        self.heads.truncate(start);
        Some(popped)
    }

    /// Bytes on the wire, without what the transport adds.
    #[must_use]
    pub fn len(&self) -> usize {
        let heads = self.heads.bytes().len();
        let length = if heads < 0x80 {
            1
        } else if heads < 0x4000 {
            2
        } else {
            3
        };
        length + heads + self.body.len()
    }

    /// Whether it holds nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.bytes().is_empty() && self.body.is_empty()
    }

    /// Writes headers and body.
    pub fn write(&self, into: &mut impl Sink) {
        self.write_heads(into);
        into.extend_from_slice(&self.body);
    }

    /// What [`Message::write`] writes before the body.
    pub(crate) fn write_heads(&self, into: &mut impl Sink) {
        let heads = self.heads.bytes();
        write_varint(into, heads.len() as u64);
        into.extend_from_slice(heads);
    }

    /// Reads what [`Message::write`] wrote; the body, and many headers, stay in the buffer that it
    /// came in.
    ///
    /// # Errors
    /// [`Malformed`] if the headers are longer than the bytes.
    pub fn read(mut bytes: Bytes) -> Result<Self, Malformed> {
        let mut rest = &bytes[..];
        let length = usize::try_from(read_varint(&mut rest)?).map_err(|_| Malformed)?;
        if length > rest.len() {
            return Err(Malformed);
        }
        let at = bytes.len() - rest.len();
        let heads = if length <= INLINE_BYTES {
            Heads::Inline(Inline::beginning(rest, length))
        } else {
            Heads::Shared(Box::new(bytes.slice(at..at + length)))
        };
        bytes.advance(at + length);
        Ok(Self { heads, body: bytes })
    }

    /// Reads what [`Wire::write`] wrote behind its length, from within a buffer in which it stays.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are fewer than that length, or the headers longer.
    ///
    /// # Panics
    /// If the bytes do not lie in the buffer.
    pub fn read_within(buffer: &Bytes, from: &mut &[u8]) -> Result<Self, Malformed> {
        Self::read(buffer.slice_ref(read_bytes(from)?))
    }
}

/// Behind its length: for messages that something follows. The bytes are copied, each part to where
/// it stays.
impl Wire for Message {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, self.len() as u64);
        Self::write(self, into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let mut rest = read_bytes(from)?;
        let heads = read_bytes(&mut rest)?;
        let mut message = Self::new(Bytes::copy_from_slice(rest));
        message.heads.extend_from_slice(heads);
        Ok(message)
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
        assert_eq!(bytes.len(), message.len());
        let mut read = Message::read(bytes.into()).expect("what was written");
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

    #[test]
    fn a_header_is_taken_off_if_it_is_the_one_that_is_looked_for() {
        let mut message = Message::new(&b"body"[..]);
        message.push(&7_u8);
        message.push(&0x0807_u16);
        let is = |wanted: &'static [u8]| move |header: &[u8]| (header == wanted).then_some(());
        assert_eq!(message.pop_if(is(&[8])), None, "it ends so, and is longer");
        assert_eq!(message.pop_if(is(&[7, 8])), Some(()));
        assert_eq!(message.pop_if(is(&[7])), Some(()));
        assert_eq!(message.pop_if(is(&[])), None, "there is none");
        assert_eq!(message, Message::new(&b"body"[..]));
    }

    #[test]
    fn headers_of_any_length_lie_where_they_fit() {
        for length in [0, 1, 16, 17, 18, 19, 20, 21, 22, 200, 20_000] {
            let mut message = Message::new(&b"body"[..]);
            message.push(&1_u8);
            let header = alloc::vec![7_u8; length];
            message.push(&header);
            let mut bytes = Vec::new();
            message.write(&mut bytes);
            assert_eq!(bytes.len(), message.len(), "{length}");
            let mut read = Message::read(bytes.into()).expect("what was written");
            read.push(&header);
            assert_eq!(read.pop(), Ok(header.clone()));
            assert_eq!(read, message);
            assert_eq!(read.pop(), Ok(header));
            assert_eq!(read.pop(), Ok(1_u8));
            assert!(read.heads.bytes().is_empty());
        }
    }
}
