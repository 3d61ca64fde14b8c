//! Records: how messages lie in a stream, and how a receiver gets them out again.
//!
//! A record is a message behind its length. The pieces in which a stream arrives are cut anywhere,
//! so a message that lies whole in one piece stays there, and one that does not is joined: copied
//! once. There is one message to join per sender and channel, and no table to exhaust.

use bytes::{Buf, Bytes, BytesMut};

use crate::header::varint_bytes;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::message::Message;
use crate::wire::{Malformed, read_varint};

/// What a joined message is given room for at first; more comes as its bytes do.
const ROOM_AT_FIRST: usize = 64 << 10;

/// The longest length of a message.
const LENGTH_BYTES_MAX: usize = 5;

/// How many bytes of a stream a message takes.
pub(crate) fn record_bytes(message: &Message) -> usize {
    varint_bytes(message.len() as u64) + message.len()
}

/// Takes messages out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Joiner(Option<alloc::boxed::Box<Begun>>);

/// A record that is not whole yet.
#[derive(Debug)]
struct Begun {
    bytes: BytesMut,
    /// Its length without the length's own bytes, once that is known.
    length: Option<usize>,
}

impl Joiner {
    /// Whether the stream is in the middle of a record.
    pub(crate) fn is_inside(&self) -> bool {
        self.0.is_some()
    }

    /// Takes the next piece of the stream; tells every message that it completes.
    ///
    /// # Errors
    /// [`Malformed`] if a message is over the limit or its headers are longer than it is: then
    /// nothing more can be made of this stream.
    pub(crate) fn take(
        &mut self,
        mut piece: Bytes,
        mut tell: impl FnMut(Message),
    ) -> Result<(), Malformed> {
        if let Some(begun) = &mut self.0 {
            if !begun.take(&mut piece)? {
                return Ok(());
            }
            let whole = self.0.take().expect("just looked at").bytes.freeze();
            tell(Message::read(whole)?);
        }
        while !piece.is_empty() {
            let Some((start, length)) = length_of(&piece)? else {
                return self.begin(piece);
            };
            if piece.len() < start + length {
                return self.begin(piece);
            }
            piece.advance(start);
            tell(Message::read(piece.split_to(length))?);
        }
        Ok(())
    }

    fn begin(&mut self, mut piece: Bytes) -> Result<(), Malformed> {
        let mut begun = Begun { bytes: BytesMut::new(), length: None };
        let whole = begun.take(&mut piece)?;
        debug_assert!(!whole, "a record that is whole needs no joining");
        self.0 = Some(alloc::boxed::Box::new(begun));
        Ok(())
    }
}

impl Begun {
    /// Takes what it lacks; answers whether it is whole.
    fn take(&mut self, piece: &mut Bytes) -> Result<bool, Malformed> {
        while self.length.is_none() {
            if piece.is_empty() {
                return Ok(false);
            }
            self.bytes.extend_from_slice(&piece.split_to(1));
            if let Some((start, length)) = length_of(&self.bytes)? {
                self.bytes.advance(start);
                self.length = Some(length);
            }
        }
        let length = self.length.expect("just found");
        let lacks = length - self.bytes.len();
        let taken = piece.split_to(lacks.min(piece.len()));
        if self.bytes.capacity() < length {
            // Room grows with what has come, never with what is only said.
            let room = length.min((self.bytes.len() + taken.len()).max(ROOM_AT_FIRST) * 2);
            self.bytes.reserve(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(&taken);
        Ok(self.bytes.len() == length)
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
            let mut rest = Bytes::from(stream);
            while !rest.is_empty() {
                let length = 1 + random.below(rest.len().min(400) as u64) as usize;
                let took = joiner.take(rest.split_to(length), |message| got.push(message));
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
        let took = Joiner::default().take(bytes.into(), |_| {});
        assert_eq!(took, Err(Malformed));
        let mut bytes = Vec::new();
        write_varint(&mut bytes, MESSAGE_BYTES_MAX as u64);
        bytes.push(1);
        let mut joiner = Joiner::default();
        joiner.take(bytes.into(), |_| {}).expect("may come");
        assert!(joiner.0.expect("begun").bytes.capacity() <= 2 * ROOM_AT_FIRST);
    }
}
