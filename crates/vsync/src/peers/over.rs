//! Over: which processes are known to be over, who lives in their place, and for how long that is
//! known.
//!
//! Promises: of each node the newest process is known at least while nodes are few, and an earlier
//! one is over by that; who shares a view is known. Keeps: `limits::LOST_MAX` that share none.

use alloc::vec::Vec;

use muts::{Duration, Instant, ProcId};

use super::{Peer, Peers};
use crate::limits::{HEIR_AWAITED_FOR, LOST_MAX};

/// Who was named in a view that is over, and was not met since, is forgotten after so long.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

impl Peers {
    /// Forgets who is over and shares no view: of a node all but the newest, and of too many nodes
    /// those that ended first; and who was named long ago and never came.
    pub(crate) fn forget(&mut self, now: Instant) {
        let (mut gone, mut lost) = (Vec::new(), Vec::new());
        let mut entries = self.all.iter().peekable();
        while let Some((proc, peer)) = entries.next() {
            if peer.digest != 0 {
                continue;
            }
            let later = entries.peek().is_some_and(|(next, peer)| {
                next.node == proc.node && (peer.met || peer.lost.is_some())
            });
            match peer.lost {
                Some(_) if later => gone.push(*proc),
                Some(since) => lost.push((since, *proc)),
                None if !peer.met && now.since(peer.since) > FORGOTTEN_AFTER => gone.push(*proc),
                None => {}
            }
        }
        if lost.len() > LOST_MAX {
            lost.sort_unstable();
            gone.extend(lost.drain(..lost.len() - LOST_MAX).map(|(_, proc)| proc));
        }
        for proc in gone {
            (self.changes, self.unlooked) = (self.changes + 1, true);
            self.all.remove(&proc);
            self.all.values_mut().for_each(|peer| _ = peer.holes.remove(&proc));
        }
    }

    /// How many are known, living or over.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether this incarnation is known to be over: also by a later one of its node.
    pub(crate) fn is_lost(&self, proc: ProcId) -> bool {
        match self.all.get(&proc) {
            Some(peer) => peer.lost.is_some(),
            None => {
                let mut later =
                    self.all.range(proc..).take_while(|(other, _)| other.node == proc.node);
                later.any(|(_, peer)| peer.met || peer.lost.is_some())
            }
        }
    }

    /// Whether it is known to be over for so long that nothing in its place is waited for.
    pub(crate) fn is_long_lost(&self, now: Instant, proc: ProcId) -> bool {
        let since = self.all.get(&proc).map(|peer| peer.lost);
        since.map_or_else(
            || self.is_lost(proc),
            |since| since.is_some_and(|since| now.since(since) > HEIR_AWAITED_FOR),
        )
    }

    /// The process itself, or the one that lives in its place: a later incarnation of its node.
    pub(crate) fn heir(&self, proc: ProcId) -> ProcId {
        if !self.is_lost(proc) {
            return proc;
        }
        let lives = |other: &ProcId| self.all.get(other).is_some_and(Peer::lives);
        self.of_node(proc.node).filter(lives).last().unwrap_or(proc)
    }
}
