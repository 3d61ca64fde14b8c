//! Channel: whom it reaches, what is sent on it, what is heard on it.

use alloc::vec::Vec;

use crate::config::Tuning;
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;
use crate::process::ProcId;

/// One open channel.
#[derive(Debug)]
pub(crate) struct Open {
    /// In the order of audiences.
    pub(crate) peers: Vec<ProcId>,
    pub(crate) out: Outgoing,
    /// By place.
    pub(crate) ins: Vec<Incoming>,
    /// As it was told last.
    pub(crate) settled: u64,
}

impl Open {
    pub(crate) fn new(peers: Vec<ProcId>, credit: bool, tuning: &Tuning) -> Self {
        Self {
            out: Outgoing::new(peers.len(), tuning),
            ins: peers.iter().map(|_| Incoming::new(credit, tuning)).collect(),
            peers,
            settled: 0,
        }
    }

    /// The place of a peer.
    pub(crate) fn place(&self, peer: ProcId) -> Option<usize> {
        self.peers.iter().position(|known| *known == peer)
    }
}
