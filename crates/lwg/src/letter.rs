//! The bytes of what is said to one process.
//!
//! ```text
//! 0                                    bare: a user's own
//! 1 lwg                                told
//! 2 send u64                           reply
//! 3 send                               declined
//! 4 lwg | set u32 | members | traits   place this group
//! 5 lwg | outcome                      how that ended
//! 6 lwg | send | order u8 | replies    multicast this for a process outside the group
//! 7 send | members                     it is told in a view of these
//! 8 send | members                     these will not answer any more
//! 9 send   10 send   11 send           forget it; is it still there; it is
//! 12 groups                            where are your parts of these
//! 13 again u8 | parts                  there, each: core group, members, groups
//! 14 core group | groups               come there with your parts of these
//! 15 core group | members              let these in there
//! 16 lwg   17 lwg                      I do not take what I am told of it; I take it again
//! ```
//!
//! On an order: +128 it is safe.

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire};
use vsync::{GroupId, Order};

use crate::header::{read_members, write_members};
use crate::id::{LwgId, Members, SendId};
use crate::interface::Outcome;
use crate::limits::SOUGHT_MAX;
use crate::sets::SetId;
use crate::traits::Traits;

/// What stands on a message to one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Letter {
    Bare,
    Told {
        lwg: LwgId,
    },
    Reply {
        send: SendId,
    },
    Declined {
        send: SendId,
    },
    Place {
        lwg: LwgId,
        set: SetId,
        members: Members,
        traits: Traits,
    },
    Placed {
        lwg: LwgId,
        outcome: Outcome,
    },
    /// Multicast this to the group, in my name.
    Through {
        lwg: LwgId,
        send: SendId,
        order: Order,
        safe: bool,
        replies: bool,
    },
    /// It is told in a view of these; of nobody: it could not be passed on.
    Passed {
        send: SendId,
        members: Members,
    },
    /// These of them will not answer any more.
    Gone {
        send: SendId,
        members: Members,
    },
    /// No more need be said of it.
    Forget {
        send: SendId,
    },
    /// Is it still on its way, or are answers awaited?
    After {
        send: SendId,
    },
    /// It is, or they are.
    Still {
        send: SendId,
    },
    /// I am in these without you: where are your parts?
    Seek {
        groups: Vec<LwgId>,
    },
    /// There; ask again later if something is under way.
    Found {
        again: bool,
        parts: Vec<Part>,
    },
    /// Come to that core group with your parts of these.
    Come {
        core: GroupId,
        groups: Vec<LwgId>,
    },
    /// Let these into that core group: they come to parts of theirs.
    Bring {
        core: GroupId,
        members: Members,
    },
    /// More of this group's messages lie here than are taken: send no more.
    Choke {
        lwg: LwgId,
    },
    /// They are taken again.
    Ease {
        lwg: LwgId,
    },
}

/// Parts of groups that are in the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) core: GroupId,
    pub(crate) members: Members,
    pub(crate) groups: Vec<LwgId>,
}

impl Wire for Part {
    fn write(&self, into: &mut impl Sink) {
        self.core.write(into);
        write_members(into, &self.members);
        self.groups.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (core, members) = (GroupId::read(from)?, read_members(from)?);
        Ok(Self { core, members, groups: read_groups(from)? })
    }
}

/// As many as one letter may name.
fn read_groups(from: &mut &[u8]) -> Result<Vec<LwgId>, Malformed> {
    let groups = Vec::<LwgId>::read(from)?;
    if groups.len() > SOUGHT_MAX { Err(Malformed) } else { Ok(groups) }
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
            Self::Place { lwg, set, members, traits } => {
                into.push(4);
                lwg.write(into);
                set.0.write(into);
                write_members(into, members);
                traits.write(into);
            }
            Self::Placed { lwg, outcome } => {
                into.push(5);
                lwg.write(into);
                outcome.write(into);
            }
            Self::Through { lwg, send, order, safe, replies } => {
                into.push(6);
                lwg.write(into);
                send.write(into);
                into.push(order_byte(*order) | if *safe { SAFE } else { 0 });
                replies.write(into);
            }
            Self::Passed { send, members } => write_named(into, 7, *send, members),
            Self::Gone { send, members } => write_named(into, 8, *send, members),
            Self::Forget { send } => write_bare(into, 9, *send),
            Self::After { send } => write_bare(into, 10, *send),
            Self::Still { send } => write_bare(into, 11, *send),
            Self::Seek { groups } => {
                into.push(12);
                groups.write(into);
            }
            Self::Found { again, parts } => {
                into.push(13);
                again.write(into);
                parts.write(into);
            }
            Self::Come { core, groups } => {
                into.push(14);
                core.write(into);
                groups.write(into);
            }
            Self::Bring { core, members } => {
                into.push(15);
                core.write(into);
                write_members(into, members);
            }
            Self::Choke { lwg } => {
                into.push(16);
                lwg.write(into);
            }
            Self::Ease { lwg } => {
                into.push(17);
                lwg.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Bare,
            1 => Self::Told { lwg: LwgId::read(from)? },
            2 => Self::Reply { send: SendId::read(from)? },
            3 => Self::Declined { send: SendId::read(from)? },
            4 => Self::Place {
                lwg: LwgId::read(from)?,
                set: SetId(u32::read(from)?),
                members: read_members(from)?,
                traits: Traits::read(from)?,
            },
            5 => Self::Placed { lwg: LwgId::read(from)?, outcome: Outcome::read(from)? },
            6 => {
                let (lwg, send) = (LwgId::read(from)?, SendId::read(from)?);
                let how = u8::read(from)?;
                let (order, safe) = (order_of(how & !SAFE)?, how & SAFE != 0);
                Self::Through { lwg, send, order, safe, replies: bool::read(from)? }
            }
            7 => Self::Passed { send: SendId::read(from)?, members: read_members(from)? },
            8 => Self::Gone { send: SendId::read(from)?, members: read_members(from)? },
            9 => Self::Forget { send: SendId::read(from)? },
            10 => Self::After { send: SendId::read(from)? },
            11 => Self::Still { send: SendId::read(from)? },
            12 => Self::Seek { groups: read_groups(from)? },
            13 => Self::Found { again: bool::read(from)?, parts: Vec::read(from)? },
            14 => Self::Come { core: GroupId::read(from)?, groups: read_groups(from)? },
            15 => Self::Bring { core: GroupId::read(from)?, members: read_members(from)? },
            16 => Self::Choke { lwg: LwgId::read(from)? },
            17 => Self::Ease { lwg: LwgId::read(from)? },
            _ => return Err(Malformed),
        })
    }
}

fn write_named(into: &mut impl Sink, kind: u8, send: SendId, members: &Members) {
    into.push(kind);
    send.write(into);
    write_members(into, members);
}

fn write_bare(into: &mut impl Sink, kind: u8, send: SendId) {
    into.push(kind);
    send.write(into);
}

/// On an order: told only where everybody has it.
const SAFE: u8 = 128;

const fn order_byte(order: Order) -> u8 {
    match order {
        Order::Fifo => 1,
        Order::Causal => 2,
        Order::Total => 3,
        Order::Unordered => 4,
        Order::Global => 5,
    }
}

const fn order_of(byte: u8) -> Result<Order, Malformed> {
    match byte {
        1 => Ok(Order::Fifo),
        2 => Ok(Order::Causal),
        3 => Ok(Order::Total),
        4 => Ok(Order::Unordered),
        5 => Ok(Order::Global),
        _ => Err(Malformed),
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
            Self::NoPlace => into.push(5),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Done,
            1 => Self::NoGroup,
            2 => Self::NothingToDo,
            3 => Self::missing(read_members(from)?),
            4 => Self::Again,
            5 => Self::NoPlace,
            _ => return Err(Malformed),
        })
    }
}
