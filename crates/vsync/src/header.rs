//! The bytes this floor adds to messages.
//!
//! On a multicast of an epoch's channel, pushed below everything of the floors above:
//!
//! ```text
//! kind u8: 1 fifo, 2 causal, 3 total, 4 places, 5 unordered, 6 global, 7 nothing, 8 past;
//!          +16 if changes of the vector follow, +32 safe, +64 if an audience follows,
//!          +128 if a stamp follows (of kind 3 it always does)
//! audience (if announced): varint count | ranks u8 * count, growing
//! changes (if announced, and kind 8): see order/causal.rs
//! stamp (if announced, and kinds 3 and 8): varint
//! runs (kind 4): varint count | (rank u8 | varint upto) * count
//! ```
//!
//! Kind 7 is handed over only: the place of a multicast that was not meant for the receiver. Kind 8
//! says what was said on multicasts that some have passed over.
//!
//! On a message to one process: `1` from its user, or `2 | group | epoch | rank u8 | position` for
//! a frame of an excluded sender, handed over by a holder (FILL).

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Audience, Malformed, Sink, Wire, read_varint, write_varint};

use crate::endpoint::GroupId;
use crate::limits::POSITION_MAX;
use crate::order::Order;
use crate::order::causal::Changes;
use crate::order::total::Run;
use crate::view::ViewId;

/// What stands below the user's headers on a multicast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameHeader {
    /// A user's message.
    Cast(CastHeader),
    /// Places for ABCASTs, from the sequencer.
    Order(Vec<Run>),
    /// Nothing: it was not meant for the receiver.
    Skip,
    /// What the sender's multicasts so far wait for, and the highest of their stamps.
    Past { changes: Changes, stamp: u64 },
}

/// What is said of a user's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CastHeader {
    pub(crate) order: Order,
    pub(crate) safe: bool,
    /// Whom it is for, by rank; everybody if none.
    pub(crate) to: Option<Box<Audience>>,
    pub(crate) changes: Option<Changes>,
    /// Of an ABCAST: above those of all that its sender had received. Of what else waits: the
    /// highest of those, or 0 if it has said so before.
    pub(crate) stamp: u64,
}

const FIFO: u8 = 1;
const CAUSAL_AGAIN: u8 = 2 | WITH_CHANGES;
const TOTAL_AGAIN: u8 = 3 | WITH_CHANGES;
const ORDER: u8 = 4;
const SKIP: u8 = 7;
const PAST: u8 = 8;
const KINDS: u8 = 15;
const WITH_CHANGES: u8 = 16;
const SAFE: u8 = 32;
const WITH_AUDIENCE: u8 = 64;
const WITH_STAMP: u8 = 128;

/// What is said of a user's message that is for all, is not safe, and waits for nothing but what
/// the one before it waited for: its order, and the stamp of an ABCAST. Nearly all are so.
#[inline]
pub(crate) fn again(header: &[u8]) -> Option<(Order, u64)> {
    match header {
        [FIFO] => Some((Order::Fifo, 0)),
        [CAUSAL_AGAIN, 0] => Some((Order::Causal, 0)),
        [TOTAL_AGAIN, 0, stamp @ ..] => {
            let mut rest = stamp;
            let stamp = read_stamp(&mut rest).ok()?;
            rest.is_empty().then_some((Order::Total, stamp))
        }
        _ => None,
    }
}

impl Wire for FrameHeader {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Cast(cast) => cast.write(into),
            Self::Order(runs) => {
                into.push(ORDER);
                runs.write(into);
            }
            Self::Skip => into.push(SKIP),
            Self::Past { changes, stamp } => {
                into.push(PAST);
                changes.write(into);
                write_varint(into, *stamp);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        match from.first() {
            Some(&ORDER) => {
                *from = &from[1..];
                Ok(Self::Order(Vec::read(from)?))
            }
            Some(&SKIP) => {
                *from = &from[1..];
                Ok(Self::Skip)
            }
            Some(&PAST) => {
                *from = &from[1..];
                Ok(Self::Past { changes: Changes::read(from)?, stamp: read_stamp(from)? })
            }
            _ => CastHeader::read(from).map(Self::Cast),
        }
    }
}

impl Wire for CastHeader {
    fn write(&self, into: &mut impl Sink) {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        into.push(
            self.order.code()
                | flag(self.changes.is_some(), WITH_CHANGES)
                | flag(self.safe, SAFE)
                | flag(self.to.is_some(), WITH_AUDIENCE)
                | flag(self.has_stamp() && self.order != Order::Total, WITH_STAMP),
        );
        if let Some(to) = &self.to {
            let ranks: Vec<u8> = (0..=u8::MAX).filter(|rank| to.has(usize::from(*rank))).collect();
            ranks.write(into);
        }
        if let Some(changes) = &self.changes {
            changes.write(into);
        }
        if self.has_stamp() {
            write_varint(into, self.stamp);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let kind = u8::read(from)?;
        let order = Order::of_code(kind & KINDS).ok_or(Malformed)?;
        let to = if kind & WITH_AUDIENCE == 0 { None } else { Some(read_audience(from)?.into()) };
        let changes = if kind & WITH_CHANGES == 0 { None } else { Some(Changes::read(from)?) };
        let (total, said) = (order == Order::Total, kind & WITH_STAMP != 0);
        let stamp = if total || said { read_stamp(from)? } else { 0 };
        // One stamp, one spelling.
        if said && (total || stamp == 0) {
            return Err(Malformed);
        }
        Ok(Self { order, safe: kind & SAFE != 0, to, changes, stamp })
    }
}

impl CastHeader {
    const fn has_stamp(&self) -> bool {
        matches!(self.order, Order::Total) || self.stamp > 0
    }
}

fn read_stamp(from: &mut &[u8]) -> Result<u64, Malformed> {
    let stamp = read_varint(from)?;
    if stamp <= POSITION_MAX { Ok(stamp) } else { Err(Malformed) }
}

/// Ranks must grow: one audience, one spelling.
fn read_audience(from: &mut &[u8]) -> Result<Audience, Malformed> {
    let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
    let (ranks, rest) = from.split_at_checked(count).ok_or(Malformed)?;
    if !ranks.is_sorted_by(|a, b| a < b) {
        return Err(Malformed);
    }
    let mut to = Audience::NONE;
    ranks.iter().for_each(|rank| to.insert(usize::from(*rank)));
    *from = rest;
    Ok(to)
}

/// What stands below the user's headers on a message to one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendHeader {
    /// A user's message.
    User,
    /// A frame of an excluded sender.
    Fill { group: GroupId, epoch: ViewId, rank: u8, position: u64 },
    /// More of this group's messages lie here than are taken, or no longer.
    Choke { group: GroupId, choked: bool },
}

impl Wire for SendHeader {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::User => into.push(1),
            Self::Fill { group, epoch, rank, position } => {
                into.push(2);
                group.write(into);
                epoch.write(into);
                rank.write(into);
                position.write(into);
            }
            Self::Choke { group, choked } => {
                into.push(3);
                group.write(into);
                choked.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        match u8::read(from)? {
            1 => Ok(Self::User),
            2 => Ok(Self::Fill {
                group: GroupId::read(from)?,
                epoch: ViewId::read(from)?,
                rank: u8::read(from)?,
                position: u64::read(from)?,
            }),
            3 => Ok(Self::Choke { group: GroupId::read(from)?, choked: bool::read(from)? }),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_waits_for_the_same_as_the_one_before_it_is_known_at_a_glance() {
        let none = || Some(Changes::read(&mut &[0][..]).expect("none"));
        let some = || Some(Changes::read(&mut &[1, 2, 7][..]).expect("one"));
        let said = |order, changes, stamp, safe| {
            let mut bytes = Vec::new();
            let header = CastHeader { order, safe, to: None, changes, stamp };
            FrameHeader::Cast(header).write(&mut bytes);
            again(&bytes)
        };
        assert_eq!(said(Order::Fifo, None, 0, false), Some((Order::Fifo, 0)));
        assert_eq!(said(Order::Causal, none(), 0, false), Some((Order::Causal, 0)));
        assert_eq!(said(Order::Total, none(), 300, false), Some((Order::Total, 300)));
        assert_eq!(said(Order::Causal, some(), 0, false), None);
        assert_eq!(said(Order::Causal, none(), 5, false), None, "a stamp to remember");
        assert_eq!(said(Order::Total, none(), 300, true), None);
        assert_eq!(said(Order::Unordered, None, 0, false), None);
        assert_eq!(again(&[]), None);
    }

    #[test]
    fn what_is_said_of_a_message_comes_back() {
        let mut to = Audience::NONE;
        to.insert(3);
        for (order, safe, to, stamp) in [
            (Order::Unordered, true, None, 0),
            (Order::Fifo, false, Some(to), 0),
            (Order::Total, true, Some(to), 300),
            (Order::Causal, false, Some(to), 300),
            (Order::Global, true, None, 0),
        ] {
            let to = to.map(Box::new);
            let header = FrameHeader::Cast(CastHeader { order, safe, to, changes: None, stamp });
            let mut bytes = vec![];
            header.write(&mut bytes);
            assert_eq!(FrameHeader::read(&mut &bytes[..]), Ok(header));
        }
    }

    #[test]
    fn what_was_passed_over_comes_back() {
        let changes = Changes::read(&mut &[1, 2, 9][..]).expect("one");
        let header = FrameHeader::Past { changes, stamp: 300 };
        let mut bytes = vec![];
        header.write(&mut bytes);
        assert_eq!(bytes, [8, 1, 2, 9, 0xac, 2]);
        assert_eq!(FrameHeader::read(&mut &bytes[..]), Ok(header));
    }

    #[test]
    fn a_kind_that_is_none_is_malformed() {
        for kind in [0, 9, 128 | 1, 128 | 3] {
            assert_eq!(FrameHeader::read(&mut &[kind, 0, 0][..]), Err(Malformed));
        }
    }

    #[test]
    fn an_audience_is_spelt_in_one_way() {
        assert!(FrameHeader::read(&mut &[64 | 1, 2, 0, 3][..]).is_ok());
        for ranks in [[3, 0], [3, 3]] {
            let bytes = [64 | 1, 2, ranks[0], ranks[1]];
            assert_eq!(FrameHeader::read(&mut &bytes[..]), Err(Malformed));
        }
    }
}
