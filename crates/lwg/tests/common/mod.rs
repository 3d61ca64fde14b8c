//! A pretended kernel and a town of towers over it: views, orders and lag without a network.
#![allow(dead_code, unreachable_pub, reason = "each test is a crate and uses its part")]

pub mod epoch;
pub mod judge;
pub mod net;
pub mod town;

use lwg::{Endpoint, LwgId, Members, ProcId};
use muts::NodeId;

/// The first process of a node.
pub fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 1 }
}

/// Its seat.
pub fn seat(node: u64) -> Endpoint {
    Endpoint::of(proc(node))
}

/// Several of them.
pub fn seats(nodes: &[u64]) -> Members {
    nodes.iter().map(|node| seat(*node)).collect()
}

/// The `count`-th group of a node.
pub fn lwg(node: u64, count: u64) -> LwgId {
    LwgId::minted(seat(node), count)
}
