//! Records: how messages lie in a stream, and how a receiver gets them out again.
//!
//! A record is a message behind its length. The pieces in which a stream arrives are cut anywhere,
//! so a message that lies whole in one piece stays there, and one that does not is joined: copied
//! once. There is one message to join per sender and channel, and no table to exhaust.

use bytes::{Buf, Bytes, BytesMut};

use crate::blocks::Blocks;
use crate::header::varint_bytes;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::message::Message;
use crate::wire::{Malformed, read_varint};

/// What a message is given room for at first; more comes as its bytes do. No longer ones are joined
/// in room that is used again and again: what carries messages of 64 KiB takes no memory for each.
const ROOM_AT_FIRST: usize = 128 << 10;

/// The longest length of a message.
const LENGTH_BYTES_MAX: usize = 5;

const _: () = assert!(MESSAGE_BYTES_MAX <= u32::MAX as usize, "a length has to fit");

/// How many bytes of a stream a message takes.
pub(crate) fn record_bytes(message: &Message) -> usize {
    varint_bytes(message.len() as u64) + message.len()
}

/// Takes messages out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Joiner(Option<Begun>);

/// A record that is not whole yet.
#[derive(Debug)]
enum Begun {
    /// What has come of its length.
    Length(heapless::Vec<u8, LENGTH_BYTES_MAX>),
    /// What has come of the message, and how long it is.
    Message(BytesMut, u32),
}

impl Joiner {
    /// Whether the stream is in the middle of a record.
    pub(crate) fn is_inside(&self) -> bool {
        self.0.is_some()
    }

    /// Takes the next piece of the stream; tells every message that it completes. What is joined
    /// lies in the blocks.
    ///
    /// # Errors
    /// [`Malformed`] if a message is over the limit or its headers are longer than it is: then
    /// nothing more can be made of this stream.
    pub(crate) fn take(
        &mut self,
        blocks: &mut Blocks,
        mut piece: Bytes,
        mut tell: impl FnMut(Message),
    ) -> Result<(), Malformed> {
        if let Some(begun) = self.0.take() {
            match begun.take(blocks, &mut piece)? {
                Ok(whole) => tell(Message::read(whole)?),
                Err(more) => self.0 = Some(more),
            }
        }
        while !piece.is_empty() {
            match length_of(&piece)? {
                Some((start, length)) if piece.len() >= start + length => {
                    piece.advance(start);
                    tell(Message::read(piece.split_to(length))?);
                }
                _ => {
                    let begun = Begun::Length(heapless::Vec::new());
                    self.0 = begun.take(blocks, &mut piece)?.err();
                    debug_assert!(self.is_inside(), "a record that is whole needs no joining");
                }
            }
        }
        Ok(())
    }
}

impl Begun {
    /// Takes what it lacks, as far as that has come; answers the message if it is whole.
    fn take(
        self,
        blocks: &mut Blocks,
        piece: &mut Bytes,
    ) -> Result<Result<Bytes, Self>, Malformed> {
        let (mut bytes, length) = match self {
            Self::Message(bytes, length) => (bytes, length as usize),
            Self::Length(mut said) => loop {
                if let Some((_, length)) = length_of(&said)? {
                    let again = length <= ROOM_AT_FIRST;
                    break (if again { blocks.carve(length) } else { BytesMut::new() }, length);
                }
                if piece.is_empty() {
                    return Ok(Err(Self::Length(said)));
                }
                said.push(piece.get_u8()).map_err(|_| Malformed)?;
            },
        };
        let taken = piece.split_to((length - bytes.len()).min(piece.len()));
        if bytes.capacity() < length {
            // Room grows with what has come, never with what is only said.
            let room = length.min(((bytes.len() + taken.len()) * 2).max(ROOM_AT_FIRST));
            bytes.reserve(room - bytes.len());
        }
        bytes.extend_from_slice(&taken);
        Ok(if bytes.len() == length {
            Ok(bytes.freeze())
        } else {
            Err(Self::Message(bytes, length as u32))
        })
    }
}

/// Where the message begins and how long it is; none if that has not come whole.
fn length_of(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut rest = bytes;
    let Ok(length) = read_varint(&mut rest) else {
        return if bytes.len() < LENGTH_BYTES_MAX { Ok(None) } else { Err(Malformed) };
    };
    match usize::try_from(length) {
        Ok(length) if length <= MESSAGE_BYTES_MAX => Ok(Some((bytes.len() - rest.len(), length))),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::wire::write_varint;
    use alloc::vec::Vec;

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let mut random = Random::new(5);
        for _ in 0..200 {
            let mut stream = Vec::new();
            let sent: Vec<Message> = (0..random.below(20))
                .map(|number| {
                    let most = if random.chance(100_000) { 100_000 } else { 300 };
                    let length = random.below(most);
                    let mut message = Message::new(alloc::vec![number as u8; length as usize]);
                    (0..random.below(3)).for_each(|header| message.push(&header));
                    message
                })
                .collect();
            for message in &sent {
                let before = stream.len();
                write_varint(&mut stream, message.len() as u64);
                message.write(&mut stream);
                assert_eq!(stream.len() - before, record_bytes(message));
            }
            let (mut joiner, mut got) = (Joiner::default(), Vec::new());
            let mut blocks = Blocks::default();
            let mut rest = Bytes::from(stream);
            while !rest.is_empty() {
                let length = 1 + random.below(rest.len().min(400) as u64) as usize;
                let piece = rest.split_to(length);
                let took = joiner.take(&mut blocks, piece, |message| got.push(message));
                took.expect("what was written");
            }
            assert_eq!(got, sent);
            assert!(!joiner.is_inside());
        }
    }

    #[test]
    fn a_length_over_the_limit_is_malformed_and_reserves_nothing() {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, MESSAGE_BYTES_MAX as u64 + 1);
        let mut blocks = Blocks::default();
        let took = Joiner::default().take(&mut blocks, bytes.into(), |_| {});
        assert_eq!(took, Err(Malformed));
        let mut bytes = Vec::new();
        write_varint(&mut bytes, MESSAGE_BYTES_MAX as u64);
        bytes.push(1);
        let mut joiner = Joiner::default();
        joiner.take(&mut blocks, bytes.into(), |_| {}).expect("may come");
        let Some(Begun::Message(bytes, _)) = joiner.0 else { panic!("begun") };
        assert!(bytes.capacity() <= ROOM_AT_FIRST);
    }
}
