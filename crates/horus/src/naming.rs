//! Naming: processes tell each other what they are called when they meet.
//!
//! A node id is a hash of a name: who says a name that is not its own is not believed, and nothing
//! else depends on it than how processes are shown.

use lwg::{Down, Endpoint};
use muts::{Malformed, Message, NodeId, ProcId, Sink, Wire, wrong_name};

/// What stands on such a letter, whose body is empty; a user's own has no header of this floor:
///
/// ```text
/// 6e | varint length | the name
/// ```
struct Name(Vec<u8>);

const WORD: u8 = 0x6e;

impl Wire for Name {
    fn write(&self, into: &mut impl Sink) {
        into.push(WORD);
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? == WORD { Vec::read(from).map(Self) } else { Err(Malformed) }
    }
}

/// The letter that tells somebody who was met what this process is called.
pub(crate) fn letter(to: ProcId, name: &str) -> Down {
    let mut message = Message::default();
    message.push(&Name(name.as_bytes().to_vec()));
    Down::Core(vsync::Down::Send { to: Endpoint::of(to), message })
}

/// What its sender is called, if this is such a letter: a name that cannot be its is none.
pub(crate) fn read(from: ProcId, message: &mut Message) -> Option<Option<String>> {
    let Ok(Name(bytes)) = message.pop::<Name>() else { return None };
    let name = String::from_utf8(bytes).ok().filter(|name| wrong_name(name).is_none());
    Some(name.filter(|name| NodeId::of_name(name) == from.node))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(to: ProcId, name: &str) -> Message {
        match letter(to, name) {
            Down::Core(vsync::Down::Send { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_is_written_in_these_bytes() {
        let mut bytes = Vec::new();
        Name(b"node-1".to_vec()).write(&mut bytes);
        assert_eq!(bytes, b"\x6e\x06node-1");
        let longer = Name::read(&mut &b"\x6e\x07node-1"[..]);
        assert!(longer.is_err() && Name::read(&mut &b"\x00\x00"[..]).is_err());
    }

    #[test]
    fn a_name_is_believed_of_whoever_it_belongs_to_and_of_nobody_else() {
        let proc = |name| ProcId { node: NodeId::of_name(name), incarnation: 1 };
        let (a, b) = (proc("a"), proc("b"));
        assert_eq!(read(a, &mut told(b, "a")), Some(Some("a".into())));
        assert_eq!(read(b, &mut told(a, "a")), Some(None));
        let mut own = Message::new(&b"what a user sends"[..]);
        assert_eq!(read(a, &mut own), None);
        assert_eq!(own.body(), "what a user sends");
    }
}
