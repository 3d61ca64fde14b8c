//! Causes: what is sent in one group waits until nothing is under way in others (paper 3.2).

use alloc::vec::Vec;

use muts::{Instant, Multicast};

use super::Kernel;
use crate::config::Causality;
use crate::endpoint::GroupId;
use crate::how::How;
use crate::interface::Up;
use crate::order::Order;

impl<M: Multicast> Kernel<M> {
    /// A group is active or is not: whoever waited for that hears of room.
    pub(super) fn note_active(&mut self, group: GroupId, active: bool) {
        for group in self.across.note(group, active) {
            self.desk.told.push_back(Up::Room { group });
        }
    }

    /// Groups that were left are active until nobody is waited for.
    pub(crate) fn note_left(&mut self, now: Instant) {
        let left = self.across.active().filter(|group| !self.groups.contains_key(group));
        let over: Vec<GroupId> = left.filter(|group| !self.desk.holds(now, *group)).collect();
        for group in over {
            self.note_active(group, false);
        }
    }

    /// Whether a multicast has to wait until nothing is under way in any other group. They are
    /// asked to be quick about it.
    pub(super) fn waits_for_others(&mut self, now: Instant, group: GroupId, how: &How) -> bool {
        let causal = matches!(how.order, Order::Causal | Order::Total);
        let rule = self.desk.config.causality == Causality::System;
        if !rule || !causal || how.independent {
            return false;
        }
        let others: Vec<GroupId> = self.across.before(group).collect();
        for other in &others {
            if let Some(found) = self.groups.get_mut(other) {
                found.urge(now);
                self.touched.insert(*other);
            }
        }
        if !others.is_empty() {
            self.across.wait(group);
            self.desk.counters.held_across += 1;
        }
        !others.is_empty()
    }
}
