//! Reader: frames as they come out of a pipe, in whatever pieces.
//!
//! Takes: what was read, wherever it lies. Promises: each frame once, whole, copied once. Keeps: a
//! frame that has not come whole.

use bytes::{Buf, Bytes, BytesMut};
use muts::{Malformed, Message, Wire};

use super::frame::{QUERY, Say, Tell};
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

/// Makes frames of the bytes that come out of a pipe in whatever pieces, each frame once and whole.
#[derive(Debug)]
pub struct Reader {
    /// The beginning of a frame.
    begun: BytesMut,
    /// Whole frames, to be taken.
    block: Bytes,
    longest: usize,
    /// How long the query is that was longer.
    overlong: Option<usize>,
}

/// A frame is; how long it is if it is a query.
struct TooLong(Option<usize>);

impl Default for Reader {
    fn default() -> Self {
        Self::limited(GATE_FRAME_BYTES_MAX)
    }
}

impl Reader {
    /// One that takes no frame that is longer.
    #[must_use]
    pub fn limited(longest: usize) -> Self {
        Self { begun: BytesMut::new(), block: Bytes::new(), longest, overlong: None }
    }

    /// Takes frames of any length that there may be from now on.
    pub(crate) const fn lift(&mut self) {
        self.longest = GATE_FRAME_BYTES_MAX;
    }

    /// The next frame that is whole, with what came; none once all of that is taken.
    ///
    /// # Errors
    /// [`Malformed`] if it is longer than any can be, or means nothing: the pipe is of no more use.
    pub fn take<T: Framed>(&mut self, came: &mut &[u8]) -> Result<Option<T>, Malformed> {
        if self.block.is_empty() {
            self.block = if self.begun.is_empty() { self.cut(came)? } else { self.join(came)? };
        }
        let Some(length) = self.block.first_chunk::<4>() else { return Ok(None) };
        let end = 4 + u32::from_le_bytes(*length) as usize;
        let read = T::of(&self.block, &self.block[4..end]);
        self.block.advance(end);
        read.map(Some)
    }

    /// How many bytes the frame of a query has behind its length, if [`Reader::take`] has failed
    /// because that is more than any frame may have here.
    #[must_use]
    pub const fn overlong_query(&self) -> Option<usize> {
        self.overlong
    }

    /// How long the frame is that begins here, if its length has come. Of one that is too long only
    /// here the next byte too: whoever asks is told more.
    fn frame_bytes(&self, from: &[u8]) -> Result<Option<usize>, TooLong> {
        let Some(length) = from.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length <= self.longest {
            return Ok(Some(4 + length));
        }
        if length > GATE_FRAME_BYTES_MAX {
            return Err(TooLong(None));
        }
        let query = |kind: &u8| (*kind == QUERY).then_some(length);
        from.get(4).map_or(Ok(None), |kind| Err(TooLong(query(kind))))
    }

    fn refuse(&mut self, TooLong(query): TooLong) -> Malformed {
        self.overlong = query;
        Malformed
    }

    /// Copies some of the whole frames that came to a buffer of their own.
    fn cut(&mut self, came: &mut &[u8]) -> Result<Bytes, Malformed> {
        let mut whole = 0;
        while whole < GATE_BLOCK_BYTES {
            match self.frame_bytes(&came[whole..]) {
                Ok(Some(bytes)) if whole + bytes <= came.len() => whole += bytes,
                // Those before it count, and may change what it may be.
                _ if whole > 0 => break,
                Ok(_) => return self.join(came),
                Err(wrong) => return Err(self.refuse(wrong)),
            }
        }
        Ok(Bytes::copy_from_slice(came.split_off(..whole).expect("it was counted")))
    }

    /// Adds what came to the frame that is begun; nothing if it lacks more.
    fn join(&mut self, came: &mut &[u8]) -> Result<Bytes, Malformed> {
        loop {
            let bytes = self.frame_bytes(&self.begun).map_err(|wrong| self.refuse(wrong))?;
            let least = if self.begun.len() < 4 { 4 } else { 5 };
            let lacks = bytes.unwrap_or(least) - self.begun.len();
            if lacks == 0 {
                return Ok(self.begun.split().freeze());
            }
            // Room grows with what has come, never with what is only said.
            let Some(more) = came.split_off(..lacks.min(came.len())).filter(|it| !it.is_empty())
            else {
                return Ok(Bytes::new());
            };
            self.begun.extend_from_slice(more);
        }
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
        let bytes = out.take();
        let came = &mut &bytes[..];
        for at in 0..2_000_u32 {
            let said = reader.take(came);
            let Ok(Some(Say::Ask(Down::Cast { message, .. }))) = said else { panic!("{said:?}") };
            assert_eq!(message.body()[..], at.to_le_bytes());
            assert!(reader.block.len() < GATE_BLOCK_BYTES, "{at}");
        }
        assert!(reader.block.is_empty() && reader.begun.is_empty() && came.is_empty());
    }
}
