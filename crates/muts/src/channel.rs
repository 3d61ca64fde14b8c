//! Channel: whom it reaches, what it sent, what it hears.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::incoming::Incoming;
use crate::outgoing::Outgoing;
use crate::process::ProcId;

/// One open channel.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) out: Outgoing,
    /// By sender.
    pub(crate) ins: BTreeMap<ProcId, Incoming>,
    /// As it was told last.
    pub(crate) settled: u64,
}

impl Open {
    pub(crate) fn new(peers: &[ProcId]) -> Self {
        Self {
            out: Outgoing::new(peers.iter().copied()),
            ins: peers.iter().map(|peer| (*peer, Incoming::default())).collect(),
            settled: 0,
        }
    }

    pub(crate) fn peers(&self) -> Vec<ProcId> {
        self.ins.keys().copied().collect()
    }
}
