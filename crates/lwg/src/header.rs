//! The bytes this floor adds to messages.
//!
//! On a cast of a core group, below the user's headers:
//!
//! ```text
//! 0                                            bare: a user's own cast
//! 1 number u64 | lwg | what u8 | members | ...  operation (ABCAST)
//! 2 lwg | change u64                           MARK (CBCAST)
//! 3 label option                               LABEL, the first cast of a view
//! 4 label | last bool | (entries in the body)  DIRECTORY (ABCAST)
//! 5 lwg | view id | send u64 | flags u8 ...    data
//! 6 label                                      CLOSE (GBCAST)
//! 7 (operations in the body)                   several operations (ABCAST)
//! 8 at u8 | lwg | view id | send u64 | replies data; group and view have that number from now on
//! 9 at u8, +128 replies are wanted | varint    data; so much is added to the last name (brief.rs)
//! 10 lwg | change u64                          a GBCAST is told now (CBCAST)
//! 11                                           MARK of all groups that are united (CBCAST)
//! ```
//!
//! Data is followed by flags: +1 replies are wanted, +2 it is not for its sender, +4 it comes from
//! outside the group: the endpoint follows, +8 its group is relaxed, +16 it is an MBCAST, +32 a
//! GBCAST of a relaxed group. The body of another GBCAST is that of its operation. What is on a
//! message to one process: `letter.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire, read_varint, write_varint};
use vsync::{Endpoint, GroupId};

use crate::data::Data;
use crate::group::{Destination, Generation};
use crate::id::{LwgId, Members, SendId};
use crate::limits::{MEMBERS_MAX, NAMED_MAX};
use crate::ready::Ready;
use crate::traits::Traits;
use crate::view::ViewId;

/// Equal labels, equal directories.
pub(crate) type Label = u64;

/// What stands on a cast of a core group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Header {
    Bare,
    /// Out of the way: what comes by the million is data.
    Op(Box<Op>),
    Mark {
        lwg: LwgId,
        change: u64,
    },
    /// Of all groups whose parts come together in this view.
    MarkForAll,
    Label(Option<Label>),
    Directory {
        label: Label,
        last: bool,
    },
    Data(Data),
    /// Void where the directory has another label by then.
    Close(Label),
    Ops,
    /// Data of a whole group, whose name and view have this number from now on.
    First {
        at: u8,
        data: Data,
    },
    Again(Again),
    /// Every member has given its MARK: a GBCAST of this process is told here.
    Say {
        lwg: LwgId,
        change: u64,
    },
}

/// Data of the group and view that have this number; its name is so much above the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) at: u8,
    pub(crate) replies: bool,
    pub(crate) step: u64,
}

impl Wire for Again {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(&[AGAIN, self.at | if self.replies { AGAIN_REPLIES } else { 0 }]);
        write_varint(into, self.step);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? != AGAIN {
            return Err(Malformed);
        }
        let byte = u8::read(from)?;
        let (at, replies) = (number(byte & !AGAIN_REPLIES)?, byte & AGAIN_REPLIES != 0);
        Ok(Self { at, replies, step: read_varint(from)? })
    }
}

/// An operation on a light-weight group, carried out at its place in the total order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    /// With its sender its name.
    pub(crate) number: u64,
    pub(crate) lwg: LwgId,
    pub(crate) what: What,
}

/// On the number of an operation that no user has asked for: nobody is told how it ends.
pub(crate) const SILENT: u64 = 1 << 63;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Create(Members, Traits),
    Add(Members),
    Remove(Members),
    Destroy,
    /// The group is about to come here: the core group is not to be closed.
    Adopt,
    /// It does not come.
    Release,
    /// It goes to another core group, if these are its members still.
    Switch(Destination, Members),
    /// The sender's view of it is closed elsewhere, with these members: it comes here.
    Ready(Ready),
    /// The sender, which was asked into a group that has moved, is in it nowhere else: it enters,
    /// and has known views of it up to this number.
    Enter(u64),
    /// A GBCAST; its message is the body.
    Say(Say),
    /// The sender does not come with the group to where others wait for it.
    Absent,
}

/// What is said of a GBCAST of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Say {
    pub(crate) send: SendId,
    pub(crate) replies: bool,
    pub(crate) safe: bool,
    /// Who outside the group has sent it by way of this member.
    pub(crate) outside: Option<Endpoint>,
    /// Whom of the view that it is told in it is for; none: all.
    pub(crate) to: Option<Members>,
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

impl Wire for Destination {
    fn write(&self, into: &mut impl Sink) {
        self.core.write(into);
        self.generation.write(into);
        self.rule.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let core = GroupId::read(from)?;
        Ok(Self { core, generation: Generation::read(from)?, rule: u8::read(from)? })
    }
}

impl Wire for SendId {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(u64::read(from)?))
    }
}

/// On the kind of an operation: its members are those of the one before it in the same cast.
const SAME: u8 = 0x80;

impl Op {
    /// The members that it names.
    fn members(&self) -> &[Endpoint] {
        match &self.what {
            What::Create(members, _)
            | What::Add(members)
            | What::Remove(members)
            | What::Switch(_, members)
            | What::Ready(Ready { members, .. }) => members,
            What::Say(say) => say.to.as_deref().unwrap_or_default(),
            What::Destroy | What::Adopt | What::Release | What::Enter(_) | What::Absent => &[],
        }
    }

    /// Writes it behind that one.
    pub(crate) fn write_after(&self, before: Option<&Self>, into: &mut impl Sink) {
        self.number.write(into);
        self.lwg.write(into);
        let kind: u8 = match &self.what {
            What::Create(_, Traits::PLAIN) => 1,
            What::Create(..) => 10,
            What::Add(_) => 2,
            What::Remove(_) => 3,
            What::Destroy => 4,
            What::Adopt => 5,
            What::Release => 6,
            What::Switch(..) => 7,
            What::Ready(_) => 8,
            What::Enter(_) => 9,
            What::Say(_) => 11,
            What::Absent => 12,
        };
        if before.is_some_and(|before| before.members() == self.members()) {
            (kind | SAME).write(into);
        } else {
            kind.write(into);
            write_members(into, self.members());
        }
        match &self.what {
            What::Create(_, traits) if *traits != Traits::PLAIN => traits.write(into),
            What::Switch(to, _) => to.write(into),
            What::Ready(ready) => ready.write(into),
            What::Enter(known) => known.write(into),
            What::Say(say) => {
                say.send.write(into);
                let flags = [say.replies, say.safe, say.to.is_some()];
                flags.iter().for_each(|flag| flag.write(into));
                say.outside.write(into);
            }
            _ => {}
        }
    }

    /// Reads one that was written behind that one.
    fn read_after(before: Option<&Self>, from: &mut &[u8]) -> Result<Self, Malformed> {
        let (number, lwg) = (u64::read(from)?, LwgId::read(from)?);
        let kind = u8::read(from)?;
        let members = if kind & SAME == 0 {
            read_members(from)?
        } else {
            before.ok_or(Malformed)?.members().into()
        };
        let what = match kind & !SAME {
            1 => What::Create(members, Traits::PLAIN),
            // Plain ones have the shorter kind.
            10 => match Traits::read(from)? {
                Traits::PLAIN => return Err(Malformed),
                traits => What::Create(members, traits),
            },
            2 => What::Add(members),
            3 => What::Remove(members),
            4 if members.is_empty() => What::Destroy,
            5 if members.is_empty() => What::Adopt,
            6 if members.is_empty() => What::Release,
            7 => What::Switch(Destination::read(from)?, members),
            8 => What::Ready(Ready::read(members, from)?),
            9 if members.is_empty() => What::Enter(u64::read(from)?),
            11 => {
                let (send, replies) = (SendId::read(from)?, bool::read(from)?);
                let (safe, aimed) = (bool::read(from)?, bool::read(from)?);
                if !aimed && !members.is_empty() {
                    return Err(Malformed);
                }
                let (to, outside) = (aimed.then_some(members), Option::read(from)?);
                What::Say(Say { send, replies, safe, outside, to })
            }
            12 if members.is_empty() => What::Absent,
            _ => return Err(Malformed),
        };
        Ok(Self { number, lwg, what })
    }

    /// All operations of a body.
    pub(crate) fn read_all(mut from: &[u8]) -> Result<Vec<Self>, Malformed> {
        let mut all: Vec<Self> = Vec::new();
        while !from.is_empty() {
            all.push(Self::read_after(all.last(), &mut from)?);
        }
        Ok(all)
    }
}

impl Wire for Op {
    fn write(&self, into: &mut impl Sink) {
        self.write_after(None, into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Self::read_after(None, from)
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
            Self::MarkForAll => into.push(11),
            Self::Label(label) => {
                into.push(3);
                label.write(into);
            }
            Self::Directory { label, last } => {
                into.push(4);
                label.write(into);
                last.write(into);
            }
            Self::Data(data) => {
                into.push(5);
                data.write(into);
            }
            Self::Close(label) => {
                into.push(6);
                label.write(into);
            }
            Self::Ops => into.push(7),
            Self::First { at, data } => {
                into.push(8);
                into.push(*at);
                data.lwg.write(into);
                data.view.write(into);
                data.send.write(into);
                data.replies.write(into);
            }
            Self::Again(again) => again.write(into),
            Self::Say { lwg, change } => {
                into.push(10);
                lwg.write(into);
                change.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if from.first() == Some(&AGAIN) {
            return Ok(Self::Again(Again::read(from)?));
        }
        Ok(match u8::read(from)? {
            0 => Self::Bare,
            1 => Self::Op(Box::new(Op::read(from)?)),
            2 => Self::Mark { lwg: LwgId::read(from)?, change: u64::read(from)? },
            3 => Self::Label(Option::read(from)?),
            4 => Self::Directory { label: u64::read(from)?, last: bool::read(from)? },
            5 => Self::Data(Data::read(from)?),
            6 => Self::Close(u64::read(from)?),
            7 => Self::Ops,
            8 => {
                let at = number(u8::read(from)?)?;
                let (lwg, view) = (LwgId::read(from)?, ViewId::read(from)?);
                let (send, replies) = (SendId::read(from)?, bool::read(from)?);
                let data = Data::plain(lwg, view, send, replies);
                Self::First { at, data }
            }
            10 => Self::Say { lwg: LwgId::read(from)?, change: u64::read(from)? },
            11 => Self::MarkForAll,
            _ => return Err(Malformed),
        })
    }
}

/// The first byte of what comes by the million.
const AGAIN: u8 = 9;

/// On the number of a group and view: replies are wanted.
const AGAIN_REPLIES: u8 = 0x80;

/// A number that a sender may give.
const fn number(at: u8) -> Result<u8, Malformed> {
    if at < NAMED_MAX { Ok(at) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lost::Lost;
    use crate::traits::Marks;
    use alloc::vec;

    fn data(replies: bool, aside: bool, outside: Option<Endpoint>) -> Data {
        let lwg = LwgId { creator: 3, count: 9 };
        let (view, send) = (ViewId::default(), SendId(7));
        let (relaxed, meant) = (aside, outside.map(|_| vsync::Order::Unordered));
        Data { lwg, view, send, replies, aside, outside, relaxed, meant }
    }

    fn headers() -> Vec<Header> {
        let lwg = LwgId { creator: 3, count: 9 };
        let members = Members::from_slice(&[Endpoint::default(), Endpoint::default()]);
        let op = |op| Header::Op(Box::new(op));
        vec![
            Header::Bare,
            op(Op { number: 1, lwg, what: What::Create(members, Traits::PLAIN) }),
            op(Op { number: 2, lwg, what: What::Destroy }),
            Header::Mark { lwg, change: 4 },
            Header::MarkForAll,
            Header::Label(None),
            Header::Label(Some(8)),
            Header::Directory { label: 5, last: true },
            Header::Data(data(true, false, None)),
            Header::Data(data(false, true, Some(Endpoint::default()))),
            Header::Close(6),
            Header::Ops,
            Header::First { at: 3, data: data(true, false, None) },
            Header::Again(Again { at: 15, replies: true, step: 300 }),
            Header::Say { lwg, change: 9 },
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
    fn what_comes_again_is_short() {
        let mut bytes = Vec::new();
        Again { at: 15, replies: false, step: 1 }.write(&mut bytes);
        assert_eq!(bytes.len(), 3);
        assert_eq!(Header::read(&mut &[9, NAMED_MAX, 1][..]), Err(Malformed));
    }

    #[test]
    fn operations_of_one_cast_say_the_same_members_once() {
        let members = Members::from_slice(&[Endpoint::default()]);
        let op = |number, what| Op { number, lwg: LwgId { creator: 1, count: number }, what };
        let generation = Generation(3);
        let to = Destination { core: GroupId(9), generation, rule: 2 };
        let ready = Ready {
            closed: ViewId::default(),
            members: members.clone(),
            generation,
            rule: 2,
            marks: Marks::of(Traits { open: true, relaxed: false }, true),
            lost: Lost::of(members.iter().copied()),
        };
        let open = Traits { open: true, relaxed: true };
        let all = [
            op(1, What::Create(members.clone(), Traits::PLAIN)),
            op(2, What::Create(members.clone(), Traits::PLAIN)),
            op(3, What::Remove(members.clone())),
            op(4, What::Destroy),
            op(5, What::Adopt),
            op(6, What::Switch(to, members.clone())),
            op(7, What::Ready(ready)),
            op(8, What::Enter(9)),
            op(9, What::Create(members.clone(), open)),
        ];
        let mut bytes = Vec::new();
        for (at, op) in all.iter().enumerate() {
            op.write_after(at.checked_sub(1).map(|before| &all[before]), &mut bytes);
        }
        assert_eq!(Op::read_all(&bytes), Ok(all.to_vec()));
        let mut alone = Vec::new();
        all[1].write(&mut alone);
        let mut behind = Vec::new();
        all[1].write_after(Some(&all[0]), &mut behind);
        assert_eq!(Op::read_all(&behind), Err(Malformed));
        assert_eq!((behind.len(), alone.len()), (25, 46));
    }

    #[test]
    fn more_members_than_a_core_group_can_have_are_refused() {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, 257);
        bytes.resize(10_000, 0);
        assert_eq!(read_members(&mut &bytes[..]), Err(Malformed));
    }
}
