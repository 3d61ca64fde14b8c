//! Reader: frames as they come out of a pipe, in whatever pieces.

use bytes::{Buf, Bytes, BytesMut};
use muts::{Malformed, Message, Wire};

use super::frame::{Say, Tell};
use crate::interface::{Down, Up};
use crate::limits::{GATE_BLOCK_BYTES, GATE_FRAME_BYTES_MAX};

/// What stands in a frame. A message stays in the frame's buffer: it is not copied again.
pub trait Framed: Wire {
    /// Reads all of a frame, which lies in this buffer.
    ///
    /// # Errors
    /// [`Malformed`] if it means nothing, or has bytes left over.
    fn of(buffer: &Bytes, frame: &[u8]) -> Result<Self, Malformed>;
}

impl Framed for Say {
    fn of(buffer: &Bytes, frame: &[u8]) -> Result<Self, Malformed> {
        let mut rest = frame;
        let say = match *frame {
            // An ask, and of those a cast.
            [3, 7, ..] => {
                rest = &rest[2..];
                let (group, how) = (Wire::read(&mut rest)?, Wire::read(&mut rest)?);
                let message = Message::read_within(buffer, &mut rest)?;
                Self::Ask(Down::Cast { group, how, message })
            }
            _ => Self::read(&mut rest)?,
        };
        if rest.is_empty() { Ok(say) } else { Err(Malformed) }
    }
}

impl Framed for Tell {
    fn of(buffer: &Bytes, frame: &[u8]) -> Result<Self, Malformed> {
        let mut rest = frame;
        let tell = match *frame {
            // Something told, and of that a cast.
            [5, 4, ..] => {
                rest = &rest[2..];
                let (group, from, seq) =
                    (Wire::read(&mut rest)?, Wire::read(&mut rest)?, Wire::read(&mut rest)?);
                let (order, safe) = (Wire::read(&mut rest)?, Wire::read(&mut rest)?);
                let message = Message::read_within(buffer, &mut rest)?;
                Self::Told(Up::Cast { group, from, seq, order, safe, message })
            }
            _ => Self::read(&mut rest)?,
        };
        if rest.is_empty() { Ok(tell) } else { Err(Malformed) }
    }
}

/// Puts frames together again from what a pipe gives.
#[derive(Debug)]
pub struct Reader {
    bytes: BytesMut,
    /// Whole frames, to be taken.
    block: Bytes,
    longest: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self::limited(GATE_FRAME_BYTES_MAX)
    }
}

impl Reader {
    /// One that takes no frame that is longer.
    #[must_use]
    pub(crate) fn limited(longest: usize) -> Self {
        Self { bytes: BytesMut::new(), block: Bytes::new(), longest }
    }

    /// Takes frames of any length that there may be from now on.
    pub(crate) const fn lift(&mut self) {
        self.longest = GATE_FRAME_BYTES_MAX;
    }

    /// Takes what came.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame that is whole.
    ///
    /// # Errors
    /// [`Malformed`] if it is longer than any can be, or means nothing: the pipe is of no more use.
    pub fn take<T: Framed>(&mut self) -> Result<Option<T>, Malformed> {
        if self.block.is_empty() {
            self.cut_block()?;
        }
        let Some(length) = self.block.first_chunk::<4>() else { return Ok(None) };
        let end = 4 + u32::from_le_bytes(*length) as usize;
        let read = T::of(&self.block, &self.block[4..end]);
        self.block.advance(end);
        read.map(Some)
    }

    /// Copies some of the whole frames that are here to a buffer of their own.
    fn cut_block(&mut self) -> Result<(), Malformed> {
        let mut whole = 0;
        while whole < GATE_BLOCK_BYTES
            && let Some(length) = self.bytes[whole..].first_chunk::<4>()
        {
            let length = u32::from_le_bytes(*length) as usize;
            if length > self.longest && whole == 0 {
                return Err(Malformed);
            }
            if length > self.longest || self.bytes.len() - whole < 4 + length {
                break;
            }
            whole += 4 + length;
        }
        self.block = Bytes::copy_from_slice(&self.bytes[..whole]);
        self.bytes.advance(whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::GroupId;
    use crate::gate::out::Out;
    use crate::order::Order;

    #[test]
    fn a_message_that_is_kept_keeps_little_beside_it() {
        let mut out = Out::default();
        for at in 0..2_000_u32 {
            let message = Message::new(at.to_le_bytes().to_vec());
            let how = Order::Fifo.into();
            out.put(&Say::Ask(Down::Cast { group: GroupId(5), how, message }));
        }
        let mut reader = Reader::default();
        reader.put(&out.take());
        for at in 0..2_000_u32 {
            let said = reader.take();
            let Ok(Some(Say::Ask(Down::Cast { message, .. }))) = said else { panic!("{said:?}") };
            assert_eq!(message.body()[..], at.to_le_bytes());
            assert!(reader.block.len() < GATE_BLOCK_BYTES, "{at}");
        }
        assert!(reader.block.is_empty() && reader.bytes.is_empty());
    }
}
