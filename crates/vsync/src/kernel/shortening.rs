//! Shortening: INSTALLs are kept for laggards only while there may be any.
//!
//! Takes: since when a peer's digest has agreed. Promises: of a group all of whose members are
//! known to be in its present epoch the last INSTALL alone is kept, without what nobody needs.
//! Keeps: the groups in which somebody may be late.

use core::ops::Bound;

use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::Multicast;

use super::Kernel;
use crate::endpoint::GroupId;
use crate::group::Group;
use crate::install::{Install, Joiner};
use crate::limits::COMPARED_MAX;
use crate::peers::Peers;
use crate::serving::Serving;

impl<M: Multicast> Kernel<M> {
    /// Looks at some of the groups that may have laggards, all of them in turn.
    pub(crate) fn shorten(&mut self) {
        let later = self.late.range((Bound::Excluded(self.shortened), Bound::Unbounded));
        let next = later.chain(self.late.range(..=self.shortened)).take(COMPARED_MAX);
        for group in next.copied().collect::<Vec<GroupId>>() {
            self.shortened = group;
            let over = match self.groups.get_mut(&group) {
                Some(Group::Serving(serving)) => serving.shorten(&self.desk.peers),
                _ => true,
            };
            if over {
                self.late.remove(&group);
            }
        }
    }
}

impl Serving {
    /// Whether every member is known to be in the present epoch: then what was kept is given up.
    fn shorten(&mut self, peers: &Peers) -> bool {
        let since = self.viewed;
        let me = self.epoch.rank;
        let mut others = self.epoch.members.iter().enumerate().filter(|(rank, _)| *rank != me);
        if !others.all(|(_, proc)| peers.agreed_after(since, *proc)) {
            return false;
        }
        let Some(last) = self.history.pop() else { return true };
        let joiners = self.history.drain(..).map(|install| install.joiners.clone());
        let all: Vec<Joiner> = joiners.flatten().chain(self.let_in.drain(..)).collect();
        let members = &self.epoch.members;
        let mut let_in: Vec<Joiner> =
            all.into_iter().filter(|joiner| members.contains(&joiner.proc)).collect();
        let_in.sort_unstable_by_key(|joiner| (joiner.proc, u64::MAX - joiner.nonce));
        let_in.dedup_by_key(|joiner| joiner.proc);
        let_in.shrink_to_fit();
        self.let_in = let_in;
        self.history = alloc::vec![Arc::new(bare(&last))];
        // What they said before is explained by what is kept.
        self.sightings.retain(|proc, _| !members.contains(proc));
        if self.sightings.is_empty() {
            self.sightings.clear();
        }
        true
    }
}

/// All who are in its view have it; who left by it needs neither whom to look for nor who votes.
fn bare(install: &Install) -> Install {
    let mut install = install.clone();
    for part in &mut install.parts {
        (part.kin, part.voters) = (Vec::new(), Vec::new());
    }
    install
}
