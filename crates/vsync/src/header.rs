//! The bytes this floor adds to messages.
//!
//! On a multicast of an epoch's channel, pushed below everything of the floors above:
//!
//! ```text
//! kind u8: 1 fifo, 2 causal, 3 total, 4 order; +16 if changes of the vector follow
//! changes (kinds 1-3, if announced): see order/causal.rs
//! runs (kind 4): varint count | (rank u8 | varint upto) * count
//! ```
//!
//! On a message to one process: `1` from its user, or `2 | group | epoch | rank u8 | position` for
//! a frame of an excluded sender, handed over by a holder (FILL).

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire};

use crate::endpoint::GroupId;
use crate::order::Order;
use crate::order::causal::Changes;
use crate::order::total::Run;
use crate::view::ViewId;

/// What stands below the user's headers on a multicast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameHeader {
    /// A user's message.
    Cast { order: Order, changes: Option<Changes> },
    /// Places for ABCASTs, from the sequencer.
    Order(Vec<Run>),
}

const ORDER: u8 = 4;
const WITH_CHANGES: u8 = 16;

impl Wire for FrameHeader {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Cast { order, changes } => {
                let flag = if changes.is_some() { WITH_CHANGES } else { 0 };
                into.push(order.code() | flag);
                if let Some(changes) = changes {
                    changes.write(into);
                }
            }
            Self::Order(runs) => {
                into.push(ORDER);
                runs.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let kind = u8::read(from)?;
        if kind == ORDER {
            return Ok(Self::Order(Vec::read(from)?));
        }
        let order = Order::read(&mut &[kind & !WITH_CHANGES][..])?;
        let changes = if kind & WITH_CHANGES == 0 { None } else { Some(Changes::read(from)?) };
        Ok(Self::Cast { order, changes })
    }
}

/// What stands below the user's headers on a message to one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendHeader {
    /// A user's message.
    User,
    /// A frame of an excluded sender.
    Fill { group: GroupId, epoch: ViewId, rank: u8, position: u64 },
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
            _ => Err(Malformed),
        }
    }
}
