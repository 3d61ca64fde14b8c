//! Fragment: large messages cut into frames, and joined again.
//!
//! A message takes consecutive frames of its stream, the first and the last of them marked. Streams
//! are FIFO, so there is one message to join per sender and no table to exhaust.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::header::{FIRST, LAST};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::message::Message;
use crate::wire::Malformed;

/// A frame's bytes as they wait to be sent: gathered only when the datagram is written.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// The message's headers, on its first frame.
    pub(crate) head: Vec<u8>,
    /// A run of its body, shared with it.
    pub(crate) body: Bytes,
    /// FIRST and LAST.
    pub(crate) flags: u8,
}

impl Piece {
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// Cuts a message into pieces of at most `room` bytes.
pub(crate) fn cut(message: &Message, room: usize) -> Vec<Piece> {
    let mut head = message.head_bytes();
    let mut body = message.body().clone();
    let mut pieces = Vec::with_capacity((head.len() + body.len()).div_ceil(room).max(1));
    loop {
        // Headers may be longer than a frame: then they are cut too.
        let rest = if head.len() > room { head.split_off(room) } else { Vec::new() };
        let taken = (room - head.len()).min(body.len());
        let body_now = if rest.is_empty() { body.split_to(taken) } else { Bytes::new() };
        let flags = if pieces.is_empty() { FIRST } else { 0 };
        pieces.push(Piece { head, body: body_now, flags });
        if rest.is_empty() && body.is_empty() {
            break;
        }
        head = rest;
    }
    pieces.last_mut().expect("at least one").flags |= LAST;
    pieces
}

/// Joins the frames of one sender.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    begun: Option<BytesMut>,
}

impl Joiner {
    /// Takes the next frame in sequence; answers the message that it completes.
    ///
    /// # Errors
    /// [`Malformed`] if the marks contradict each other or the message is over the limit; what was
    /// begun is dropped.
    pub(crate) fn take(&mut self, flags: u8, bytes: Bytes) -> Result<Option<Message>, Malformed> {
        let begun = self.begun.take();
        if (flags & FIRST != 0) == begun.is_some() {
            return Err(Malformed);
        }
        if flags & FIRST != 0 && flags & LAST != 0 {
            return Message::read(&bytes).map(Some);
        }
        let mut joined = begun.unwrap_or_default();
        if joined.len() + bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Malformed);
        }
        joined.extend_from_slice(&bytes);
        if flags & LAST != 0 {
            return Message::read(&joined.freeze()).map(Some);
        }
        self.begun = Some(joined);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(pieces: &[Piece]) -> Option<Message> {
        let mut joiner = Joiner::default();
        let mut joined = None;
        for piece in pieces {
            let mut bytes = piece.head.clone();
            bytes.extend_from_slice(&piece.body);
            joined = joiner.take(piece.flags, bytes.into()).expect("marks in order");
        }
        joined
    }

    #[test]
    fn a_message_of_any_length_comes_back() {
        for length in [0, 1, 9, 10, 11, 25, 1_000] {
            let mut message = Message::new(alloc::vec![7; length]);
            message.push(&42_u64);
            message.push(&alloc::vec![1_u8, 2, 3]);
            for room in [1, 2, 10, 17, 5_000] {
                let pieces = cut(&message, room);
                assert!(pieces.iter().all(|piece| piece.len() <= room));
                assert_eq!(join(&pieces), Some(message.clone()), "{length} by {room}");
            }
        }
    }

    #[test]
    fn a_second_first_without_a_last_is_malformed() {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.take(FIRST, Bytes::from_static(b"a")), Ok(None));
        assert_eq!(joiner.take(FIRST, Bytes::from_static(b"b")), Err(Malformed));
    }
}
