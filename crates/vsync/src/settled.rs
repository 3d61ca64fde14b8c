//! Settled: whether anything is under way here, for whoever waits until nothing is.
//!
//! Takes: the state of the groups and of the links. Promises: of processes that can all reach each
//! other at least one is not settled while any of them are to come into one view, or go out of one.
//! Keeps: nothing.

use muts::{Instant, Multicast, ProcId};

use crate::group::Group;
use crate::kernel::Kernel;
use crate::peers::Peers;
use crate::serving::Serving;

impl<M: Multicast> Kernel<M> {
    /// How many groups are in the middle of a change or in parts that are to come together, and
    /// how many peers see groups differently; 0 says that nothing is under way.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        let mut all = 0;
        self.count_unsettled(&mut |_, count| all += count as usize);
        all
    }

    /// The same by kind.
    pub(crate) fn count_unsettled(&self, each: &mut dyn FnMut(&'static str, u64)) {
        // About now: when time was looked at last.
        let (peers, now) = (&self.desk.peers, self.look);
        let groups = || self.groups.values();
        let changing = groups().filter(|group| group.is_changing(peers, now)).count();
        let parted = groups().filter(|group| group.is_parted(peers, now)).count();
        each("vsync.changing", changing as u64);
        each("vsync.parted", parted as u64);
        each("vsync.disagreeing", peers.disagreeing() as u64);
    }

    /// Of how many processes, and where they are, something is remembered.
    pub(crate) fn count_known(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let serving = || {
            self.groups.values().filter_map(|group| match group {
                Group::Serving(serving) => Some(serving),
                _ => None,
            })
        };
        let kin: usize = serving().map(|serving| serving.kin.iter().count()).sum();
        let sightings: usize = serving().map(|serving| serving.sightings.len()).sum();
        each("vsync.peers", self.desk.peers.count() as u64);
        each("vsync.kin", kin as u64);
        each("vsync.sightings", sightings as u64);
    }

    /// What happened so far, without what there is now.
    pub(crate) fn count_past(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.desk.counters.each(each);
    }
}

impl Group {
    fn is_changing(&self, peers: &Peers, now: Instant) -> bool {
        match self {
            Self::Serving(serving) => serving.is_changing(peers, now),
            // Whoever invited it and does not hear it will not let it in.
            Self::Joining(joining) => {
                joining.wished || joining.contact.is_some_and(|host| peers.linked_to(now, host))
            }
            Self::Over { .. } => false,
        }
    }

    fn is_parted(&self, peers: &Peers, now: Instant) -> bool {
        match self {
            Self::Serving(serving) => serving.is_parted(peers, now),
            Self::Joining(_) | Self::Over { .. } => false,
        }
    }
}

impl Serving {
    /// Whether its view is to change. Who asks to join and cannot be let in, since somebody in the
    /// view does not hear it, changes nothing: that one is not settled itself.
    fn is_changing(&self, peers: &Peers, now: Instant) -> bool {
        let failed = |proc| self.gone.contains(proc) || peers.suspects(now, *proc);
        self.blocked.is_some()
            || self.flush.is_some()
            || self.merge.is_some()
            || self.founding.is_some()
            || !self.owed.is_empty()
            || self.epoch.has_own_global()
            || !self.cast_again.is_empty()
            || !self.apart.is_empty()
            || !self.leaves.is_empty()
            || !self.invited.is_empty()
            || self.epoch.members.iter().any(failed)
            || peers.are_torn(now, &self.epoch.members)
            || !self.admissible(peers, now, &self.epoch.members).is_empty()
    }

    /// Whether somebody who may be in another component of the group is to come back.
    fn is_parted(&self, peers: &Peers, now: Instant) -> bool {
        let apart = |proc: &ProcId| !self.epoch.members.contains(proc) && !self.is_refused(*proc);
        let mut absent = self.kin.iter().filter(apart);
        self.founding.is_none() && absent.any(|proc| peers.comes_back(now, proc))
    }
}
