//! The bytes this floor adds to messages.
//!
//! On a cast of a core group, below the user's headers:
//!
//! ```text
//! 0                                            bare: a user's own cast
//! 1 number u64 | lwg | what u8 | members       operation (ABCAST)
//! 2 lwg | change u64                           MARK (CBCAST)
//! 3 label option                               LABEL, the first cast of a view
//! 4 label | last bool | (entries in the body)  DIRECTORY (ABCAST)
//! 5 lwg | view id | send u64 | replies bool    data
//! 6                                            CLOSE (ABCAST)
//! ```
//!
//! On a message to one process: `0` bare, `1 lwg` told, `2 send` reply, `3 send` declined,
//! `4 lwg members` place this group, `5 lwg outcome` how that ended.

use muts::{Malformed, Sink, Wire, read_varint, write_varint};
use vsync::Endpoint;

use crate::id::{LwgId, Members, SendId};
use crate::interface::Outcome;
use crate::limits::MEMBERS_MAX;
use crate::view::ViewId;

/// Equal labels, equal directories.
pub(crate) type Label = u64;

/// What stands on a cast of a core group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Header {
    Bare,
    Op(Op),
    Mark { lwg: LwgId, change: u64 },
    Label(Option<Label>),
    Directory { label: Label, last: bool },
    Data { lwg: LwgId, view: ViewId, send: SendId, replies: bool },
    Close,
}

/// An operation on a light-weight group, carried out at its place in the total order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    /// With its sender its name.
    pub(crate) number: u64,
    pub(crate) lwg: LwgId,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Create(Members),
    Add(Members),
    Remove(Members),
    Destroy,
}

/// What stands on a message to one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Letter {
    Bare,
    Told { lwg: LwgId },
    Reply { send: SendId },
    Declined { send: SendId },
    Place { lwg: LwgId, members: Members },
    Placed { lwg: LwgId, outcome: Outcome },
}

pub(crate) fn write_members(into: &mut impl Sink, members: &[Endpoint]) {
    write_varint(into, members.len() as u64);
    for member in members {
        member.write(into);
    }
}

pub(crate) fn read_members(from: &mut &[u8]) -> Result<Members, Malformed> {
    let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
    if count > MEMBERS_MAX {
        return Err(Malformed);
    }
    (0..count).map(|_| Endpoint::read(from)).collect()
}

impl Wire for SendId {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(u64::read(from)?))
    }
}

impl Wire for Op {
    fn write(&self, into: &mut impl Sink) {
        self.number.write(into);
        self.lwg.write(into);
        let (kind, members): (u8, &[Endpoint]) = match &self.what {
            What::Create(members) => (1, members),
            What::Add(members) => (2, members),
            What::Remove(members) => (3, members),
            What::Destroy => (4, &[]),
        };
        kind.write(into);
        write_members(into, members);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (number, lwg) = (u64::read(from)?, LwgId::read(from)?);
        let kind = u8::read(from)?;
        let members = read_members(from)?;
        let what = match kind {
            1 => What::Create(members),
            2 => What::Add(members),
            3 => What::Remove(members),
            4 if members.is_empty() => What::Destroy,
            _ => return Err(Malformed),
        };
        Ok(Self { number, lwg, what })
    }
}

impl Wire for Header {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Bare => into.push(0),
            Self::Op(op) => {
                into.push(1);
                op.write(into);
            }
            Self::Mark { lwg, change } => {
                into.push(2);
                lwg.write(into);
                change.write(into);
            }
            Self::Label(label) => {
                into.push(3);
                label.write(into);
            }
            Self::Directory { label, last } => {
                into.push(4);
                label.write(into);
                last.write(into);
            }
            Self::Data { lwg, view, send, replies } => {
                into.push(5);
                lwg.write(into);
                view.write(into);
                send.write(into);
                replies.write(into);
            }
            Self::Close => into.push(6),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Bare,
            1 => Self::Op(Op::read(from)?),
            2 => Self::Mark { lwg: LwgId::read(from)?, change: u64::read(from)? },
            3 => Self::Label(Option::read(from)?),
            4 => Self::Directory { label: u64::read(from)?, last: bool::read(from)? },
            5 => Self::Data {
                lwg: LwgId::read(from)?,
                view: ViewId::read(from)?,
                send: SendId::read(from)?,
                replies: bool::read(from)?,
            },
            6 => Self::Close,
            _ => return Err(Malformed),
        })
    }
}

impl Wire for Letter {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Bare => into.push(0),
            Self::Told { lwg } => {
                into.push(1);
                lwg.write(into);
            }
            Self::Reply { send } => {
                into.push(2);
                send.write(into);
            }
            Self::Declined { send } => {
                into.push(3);
                send.write(into);
            }
            Self::Place { lwg, members } => {
                into.push(4);
                lwg.write(into);
                write_members(into, members);
            }
            Self::Placed { lwg, outcome } => {
                into.push(5);
                lwg.write(into);
                outcome.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Bare,
            1 => Self::Told { lwg: LwgId::read(from)? },
            2 => Self::Reply { send: SendId::read(from)? },
            3 => Self::Declined { send: SendId::read(from)? },
            4 => Self::Place { lwg: LwgId::read(from)?, members: read_members(from)? },
            5 => Self::Placed { lwg: LwgId::read(from)?, outcome: Outcome::read(from)? },
            _ => return Err(Malformed),
        })
    }
}

impl Wire for Outcome {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Done => into.push(0),
            Self::NoGroup => into.push(1),
            Self::NothingToDo => into.push(2),
            Self::Missing(members) => {
                into.push(3);
                write_members(into, members);
            }
            Self::Again => into.push(4),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Done,
            1 => Self::NoGroup,
            2 => Self::NothingToDo,
            3 => Self::Missing(read_members(from)?),
            4 => Self::Again,
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn headers() -> Vec<Header> {
        let lwg = LwgId { creator: 3, count: 9 };
        let members = Members::from_slice(&[Endpoint::default(), Endpoint::default()]);
        vec![
            Header::Bare,
            Header::Op(Op { number: 1, lwg, what: What::Create(members) }),
            Header::Op(Op { number: 2, lwg, what: What::Destroy }),
            Header::Mark { lwg, change: 4 },
            Header::Label(None),
            Header::Label(Some(8)),
            Header::Directory { label: 5, last: true },
            Header::Data { lwg, view: ViewId::default(), send: SendId(7), replies: true },
            Header::Close,
        ]
    }

    #[test]
    fn headers_come_back_and_their_halves_are_refused() {
        for header in headers() {
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            assert_eq!(Header::read(&mut &bytes[..]), Ok(header));
            for end in 0..bytes.len() {
                assert_eq!(Header::read(&mut &bytes[..end]), Err(Malformed));
            }
        }
    }

    #[test]
    fn more_members_than_a_core_group_can_have_are_refused() {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, 257);
        bytes.resize(10_000, 0);
        assert_eq!(read_members(&mut &bytes[..]), Err(Malformed));
    }
}
