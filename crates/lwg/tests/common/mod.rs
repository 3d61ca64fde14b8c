//! A pretended kernel and a town of towers over it: views, orders and lag without a network.

pub(crate) mod epoch;
pub(crate) mod judge;
pub(crate) mod net;
pub(crate) mod town;

use lwg::{Endpoint, LwgId, Members, ProcId};
use muts::NodeId;

/// The first process of a node.
pub(crate) fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 1 }
}

/// Its seat.
pub(crate) fn seat(node: u64) -> Endpoint {
    Endpoint::of(proc(node))
}

/// Several of them.
pub(crate) fn seats(nodes: &[u64]) -> Members {
    nodes.iter().map(|node| seat(*node)).collect()
}

/// The `count`-th group of a node.
pub(crate) fn lwg(node: u64, count: u64) -> LwgId {
    LwgId::minted(seat(node), count)
}
