//! Data: what stands on a multicast of a group.

use muts::{Malformed, Sink, Wire};
use vsync::{Endpoint, Order};

use crate::id::{LwgId, SendId};
use crate::view::ViewId;

/// What is said of a multicast of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) lwg: LwgId,
    pub(crate) view: ViewId,
    pub(crate) send: SendId,
    pub(crate) replies: bool,
    /// It is for others only: who sent it is not told.
    pub(crate) aside: bool,
    /// Who outside the group has sent it by way of this member.
    pub(crate) outside: Option<Endpoint>,
    /// Its group is relaxed.
    pub(crate) relaxed: bool,
    /// The order that it was sent in, if it comes in another: none, or against everything.
    pub(crate) meant: Option<Order>,
}

impl Data {
    /// Of a whole group, from one of its members.
    pub(crate) const fn plain(lwg: LwgId, view: ViewId, send: SendId, replies: bool) -> Self {
        let (aside, outside, relaxed, meant) = (false, None, false, None);
        Self { lwg, view, send, replies, aside, outside, relaxed, meant }
    }
}

const REPLIES: u8 = 1;
const ASIDE: u8 = 2;
const OUTSIDE: u8 = 4;
const RELAXED: u8 = 8;
const UNORDERED: u8 = 16;
const GLOBAL: u8 = 32;

impl Wire for Data {
    fn write(&self, into: &mut impl Sink) {
        self.lwg.write(into);
        self.view.write(into);
        self.send.write(into);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        into.push(
            flag(self.replies, REPLIES)
                | flag(self.aside, ASIDE)
                | flag(self.outside.is_some(), OUTSIDE)
                | flag(self.relaxed, RELAXED)
                | flag(self.meant == Some(Order::Unordered), UNORDERED)
                | flag(self.meant == Some(Order::Global), GLOBAL),
        );
        if let Some(outside) = &self.outside {
            outside.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (lwg, view, send) = (LwgId::read(from)?, ViewId::read(from)?, SendId::read(from)?);
        let flags = u8::read(from)?;
        if flags & !(REPLIES | ASIDE | OUTSIDE | RELAXED | UNORDERED | GLOBAL) != 0 {
            return Err(Malformed);
        }
        let outside = (flags & OUTSIDE != 0).then(|| Endpoint::read(from)).transpose()?;
        let (replies, aside) = (flags & REPLIES != 0, flags & ASIDE != 0);
        let relaxed = flags & RELAXED != 0;
        let meant = match flags & (UNORDERED | GLOBAL) {
            0 => None,
            UNORDERED => Some(Order::Unordered),
            GLOBAL => Some(Order::Global),
            _ => return Err(Malformed),
        };
        Ok(Self { lwg, view, send, replies, aside, outside, relaxed, meant })
    }
}
