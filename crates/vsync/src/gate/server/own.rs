//! Own: a run of casts that a client made itself. It has the messages, and is told their places.

use muts::ProcId;

use crate::endpoint::GroupId;
use crate::gate::frame::Tell;
use crate::interface::Up;
use crate::order::Order;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Own {
    group: GroupId,
    seq: u64,
    count: u64,
    order: Order,
    safe: bool,
}

impl Own {
    /// A cast that this client made; none if it is anything else.
    pub(super) fn of(up: &Up, client: ProcId) -> Option<Self> {
        match *up {
            Up::Cast { group, from, seq, order, safe, .. }
                if from.proc == client && order.is_queued() =>
            {
                Some(Self { group, seq, count: 1, order, safe })
            }
            _ => None,
        }
    }

    /// Takes one that comes right behind it and is told the same way; answers whether it does.
    pub(super) fn join(&mut self, next: &Self) -> bool {
        let alike = (self.group, self.order, self.safe) == (next.group, next.order, next.safe);
        let joins = alike && self.seq + self.count == next.seq;
        self.count += if joins { next.count } else { 0 };
        joins
    }

    pub(super) const fn tell(&self) -> Tell {
        let Self { group, seq, count, order, safe } = *self;
        Tell::Own { group, seq, count, order, safe }
    }
}
