//! Order: what a multicast promises about its place among others, chosen message by message.

pub(crate) mod causal;
pub(crate) mod total;

use muts::{Malformed, Sink, Wire};

/// The orders of the paper (5.2), weakest first. All are reliable and atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// MBCAST: in no order, delivered when it comes, past all that waits.
    Unordered,
    /// FBCAST: one sender's messages in the order of sending.
    Fifo,
    /// CBCAST: also after everything that its sender had delivered or sent before.
    Causal,
    /// ABCAST: also in one sequence at all who move together from view to view.
    Total,
    /// GBCAST: after the same messages, of every order, wherever it is delivered: by a flush of its
    /// sender. Where another flush overtakes that it goes out in the view after it.
    Global,
}

impl Order {
    /// Whether what one sender sends of these is told it in the order in which it sends it.
    pub(crate) const fn is_queued(self) -> bool {
        matches!(self, Self::Fifo | Self::Causal | Self::Total)
    }

    /// As it crosses the network; 4 and 7 are frames without an order.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fifo => 1,
            Self::Causal => 2,
            Self::Total => 3,
            Self::Unordered => 5,
            Self::Global => 6,
        }
    }

    /// The order that crosses the network so.
    pub(crate) const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Fifo),
            2 => Some(Self::Causal),
            3 => Some(Self::Total),
            5 => Some(Self::Unordered),
            6 => Some(Self::Global),
            _ => None,
        }
    }
}

impl Wire for Order {
    fn write(&self, into: &mut impl Sink) {
        into.push(self.code());
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Self::of_code(u8::read(from)?).ok_or(Malformed)
    }
}
