//! The bytes this crate adds to what is told between a resolver and a member of the directory.
//!
//! ```text
//! header      body
//! +-----+     +------+--------------+---------------------------------+
//! | 'N' |     | kind | question u64 | resolve   1: name               |
//! |  u8 |     |  u8  |              | change    2: command            |
//! +-----+     |      |              | found     3: binding, lease u64 |
//!             |      |              | unknown   4                     |
//!             |      |              | changed   5: outcome            |
//!             |      |              | elsewhere 6                     |
//!             +------+--------------+---------------------------------+
//! ```
//! The lease is in nanoseconds.

use alloc::vec::Vec;

use muts::{Malformed, Message, Sink, Wire};

use crate::name::Name;
use crate::table::{Binding, Command, Outcome};

/// The header of every message of this crate.
const NAMES: u8 = b'N';

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Words {
    /// What does this name stand for?
    Resolve(Name),
    /// Change the table so. The owner is whoever asks.
    Change(Command),
    /// It stands for this; true for so long.
    Found { binding: Binding, lease_ns: u64 },
    /// For nothing.
    Unknown,
    /// What the change came to.
    Changed(Outcome),
    /// Ask another member: this one lacks the table, or has too much to do.
    Elsewhere,
}

/// A question, or its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The asker's number for it.
    pub(crate) question: u64,
    pub(crate) words: Words,
}

impl Header {
    pub(crate) fn message(&self) -> Message {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        // In the body: a contact of many members may be long. The mark alone is a header, so that
        // nobody takes a body of theirs for ours.
        let mut message = Message::new(bytes);
        message.push(&NAMES);
        message
    }

    /// What another sent; none if it is not ours.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        if message.clone().pop::<u8>() != Ok(NAMES) {
            return None;
        }
        let mut rest = &message.body()[..];
        let header = Self::read(&mut rest).ok()?;
        rest.is_empty().then_some(header)
    }
}

impl Wire for Header {
    fn write(&self, into: &mut impl Sink) {
        let kind = match &self.words {
            Words::Resolve(_) => 1,
            Words::Change(_) => 2,
            Words::Found { .. } => 3,
            Words::Unknown => 4,
            Words::Changed(_) => 5,
            Words::Elsewhere => 6,
        };
        into.push(kind);
        self.question.write(into);
        match &self.words {
            Words::Resolve(name) => name.write(into),
            Words::Change(command) => command.write(into),
            Words::Found { binding, lease_ns } => {
                binding.write(into);
                lease_ns.write(into);
            }
            Words::Changed(outcome) => outcome.write(into),
            Words::Unknown | Words::Elsewhere => {}
        }
    }

    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let kind = u8::read(from)?;
        let question = u64::read(from)?;
        let words = match kind {
            1 => Words::Resolve(Name::read(from)?),
            2 => Words::Change(Command::read(from)?),
            3 => Words::Found { binding: Binding::read(from)?, lease_ns: u64::read(from)? },
            4 => Words::Unknown,
            5 => Words::Changed(Outcome::read(from)?),
            6 => Words::Elsewhere,
            _ => return Err(Malformed),
        };
        Ok(Self { question, words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Contact;
    use alloc::vec;
    use lwg::{Endpoint, LwgId};

    #[test]
    fn every_word_comes_back_and_no_shortened_one_is_taken() {
        let name: Name = "a/b".parse().expect("a name");
        let contact = Contact { lwg: LwgId::default(), members: vec![Endpoint::default(); 2] };
        let owner = Endpoint::default();
        let binding = Binding { contact: contact.clone(), owner, version: 3 };
        let bind = Command::Bind { name: name.clone(), contact, owner, expected: Some(2) };
        let unbind = Command::Unbind { name: name.clone(), owner, expected: None };
        let taken = Outcome::Taken(binding.clone());
        let outcomes = [Outcome::Bound { version: 1 }, Outcome::Unbound, Outcome::Unknown, taken];
        let mut all = vec![
            Words::Resolve(name),
            Words::Change(bind),
            Words::Change(unbind),
            Words::Found { binding, lease_ns: 9 },
            Words::Unknown,
            Words::Changed(Outcome::Full),
            Words::Elsewhere,
        ];
        all.extend(outcomes.map(Words::Changed));
        for words in all {
            let header = Header { question: 7, words };
            let message = header.message();
            assert_eq!(Header::of(&message).as_ref(), Some(&header));
            for end in 0..message.body().len() {
                let mut short = Message::new(message.body().slice(..end));
                short.push(&NAMES);
                assert_eq!(Header::of(&short), None, "{header:?}");
            }
        }
    }
}
