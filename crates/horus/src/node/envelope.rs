//! Envelope: what the node adds to each of its messages, by which receivers name it.
//!
//! ```text
//! +-----+-------+----------+----------------------+
//! | 'N' | quiet | hash u64 | id: varint and bytes |
//! +-----+-------+----------+----------------------+
//! ```
//! The id is that of the message or the reply; the hash is of the body, so that a receiver can tell
//! that it has what was sent.

use muts::{Malformed, Message, Sink, Wire, read_bytes, write_bytes};

use super::limits::ID_BYTES_MAX;

/// The first byte: other programs and tools in the same group have others.
const NODE: u8 = b'N';

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The id of the message or reply.
    pub(crate) id: String,
    /// Not worth a line on standard output.
    pub(crate) quiet: bool,
    /// Of the body.
    pub(crate) hash: u64,
}

/// 64-bit FNV-1a: short, the same everywhere, and enough against accidents.
pub(crate) fn hash(body: &[u8]) -> u64 {
    body.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Envelope {
    /// A message with this body in an envelope.
    pub(crate) fn seal(id: &str, quiet: bool, body: impl Into<bytes::Bytes>) -> Message {
        let mut message = Message::new(body);
        let hash = hash(message.body());
        message.push(&Self { id: id.to_owned(), quiet, hash });
        message
    }

    /// What the envelope of a message says.
    ///
    /// # Errors
    /// [`Malformed`] if it was not sent by a node, or its body is not what was sent.
    pub(crate) fn open(message: &Message) -> Result<Self, Malformed> {
        // The head alone is copied; bodies are shared.
        let envelope: Self = message.clone().pop()?;
        if envelope.hash == hash(message.body()) { Ok(envelope) } else { Err(Malformed) }
    }
}

impl Wire for Envelope {
    fn write(&self, into: &mut impl Sink) {
        NODE.write(into);
        self.quiet.write(into);
        self.hash.write(into);
        write_bytes(into, self.id.as_bytes());
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? != NODE {
            return Err(Malformed);
        }
        let (quiet, hash) = (bool::read(from)?, u64::read(from)?);
        let id = read_bytes(from)?;
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(Malformed);
        }
        let id = core::str::from_utf8(id).map_err(|_| Malformed)?.to_owned();
        Ok(Self { id, quiet, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_names_its_message_and_vouches_for_the_body() {
        let message = Envelope::seal("a#1:7", true, &b"hello"[..]);
        let envelope = Envelope::open(&message).expect("sealed");
        assert_eq!((envelope.id.as_str(), envelope.quiet), ("a#1:7", true));
        let mut other = Message::new(&b"hallo"[..]);
        other.push(&envelope);
        assert_eq!(Envelope::open(&other), Err(Malformed));
        assert_eq!(Envelope::open(&Message::new(&b"hello"[..])), Err(Malformed));
    }
}
