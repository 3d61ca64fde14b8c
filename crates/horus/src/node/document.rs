//! Document: the small state that every light-weight group of a node replicates.
//!
//! ```text
//! command: 'D' | id: varint and bytes | name: varint and bytes | content to the end
//! saved:   name: varint and bytes | content to the end
//! ```

use bytes::{Buf as _, Bytes};
use muts::{Malformed, Sink, Wire, read_bytes, write_bytes};
use sha2::{Digest, Sha256};
use tools::{Corrupt, Frozen, State};

use super::limits::{ID_BYTES_MAX, NAME_BYTES_MAX};

/// The first byte of a command.
const PUT: u8 = b'D';

/// What a group holds: nothing yet, or the content that was put last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its name; empty before the first put.
    pub(crate) name: String,
    /// Its content.
    pub(crate) content: Bytes,
}

impl Document {
    /// The SHA-256 of its content, in hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        use std::fmt::Write;
        Sha256::digest(&self.content).iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes all");
            text
        })
    }
}

/// What is still to be written of a document as it was.
struct Copying {
    /// The document without its content, until it is written.
    head: Option<Document>,
    content: Bytes,
}

impl Frozen for Copying {
    fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool {
        if let Some(head) = self.head.take() {
            head.save(into);
        }
        let piece = self.content.len().min(most);
        into.extend_from_slice(&self.content[..piece]);
        self.content.advance(piece);
        self.content.has_remaining()
    }
}

/// The command that replaces the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Put {
    /// The id of the message that carries it.
    pub(crate) id: String,
    /// The new name.
    pub(crate) name: String,
    /// The new content.
    pub(crate) content: Bytes,
}

impl Put {
    /// The id in a message's body, if it is a command: without copying the content.
    pub(crate) fn id_in(mut body: &[u8]) -> Option<String> {
        if u8::read(&mut body).ok()? != PUT {
            return None;
        }
        text(&mut body).ok()
    }
}

fn text(from: &mut &[u8]) -> Result<String, Malformed> {
    let bytes = read_bytes(from)?;
    if bytes.len() > ID_BYTES_MAX.max(NAME_BYTES_MAX) {
        return Err(Malformed);
    }
    Ok(core::str::from_utf8(bytes).map_err(|_| Malformed)?.to_owned())
}

impl Wire for Put {
    fn write(&self, into: &mut impl Sink) {
        PUT.write(into);
        write_bytes(into, self.id.as_bytes());
        write_bytes(into, self.name.as_bytes());
        into.extend_from_slice(&self.content);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? != PUT {
            return Err(Malformed);
        }
        let (id, name) = (text(from)?, text(from)?);
        let content = Bytes::copy_from_slice(std::mem::take(from));
        Ok(Self { id, name, content })
    }
}

impl State for Document {
    type Command = Put;
    /// The id of the message, and the SHA-256 of the content that is held now.
    type Answer = (String, String);

    fn apply(&mut self, put: Put) -> Self::Answer {
        *self = Self { name: put.name, content: put.content };
        (put.id, self.sha256())
    }

    fn save(&self, into: &mut Vec<u8>) {
        write_bytes(into, self.name.as_bytes());
        into.extend_from_slice(&self.content);
    }

    /// The content is shared, not copied, however long it is.
    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        let (head, content) =
            (Self { content: Bytes::new(), ..self.clone() }, self.content.clone());
        Some(Box::new(Copying { head: Some(head), content }))
    }

    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        let name = text(&mut from)?;
        Ok(Self { name, content: Bytes::copy_from_slice(from) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_moves_every_copy_alike() {
        let put = Put { id: "a#1:7".into(), name: "x".into(), content: Bytes::from_static(b"abc") };
        let mut command = Vec::new();
        put.write(&mut command);
        assert_eq!(Put::id_in(&command).as_deref(), Some("a#1:7"));
        let mut document = Document::default();
        let answer = document.apply(Put::read(&mut &command[..]).expect("what was written"));
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(answer, ("a#1:7".into(), sum.into()));
        let (mut saved, mut written) = (Vec::new(), Vec::new());
        document.save(&mut saved);
        let mut frozen = document.freeze().expect("it is written in pieces");
        while frozen.write(&mut written, 2) {}
        assert_eq!(written, saved);
        assert_eq!(Document::load(&saved), Ok(document));
    }
}
