//! Causes: what is sent in one group waits until nothing is under way in others (paper 3.2).

use alloc::vec::Vec;

use muts::{Instant, Multicast};

use super::{Desk, Kernel};
use crate::config::Causality;
use crate::endpoint::GroupId;
use crate::group::Group;
use crate::how::How;
use crate::interface::Up;
use crate::order::Order;

impl<M: Multicast> Kernel<M> {
    /// A group is active or is not: whoever waited for that hears of room.
    pub(super) fn note_active(&mut self, group: GroupId, active: bool) {
        let free = self.across.note(group, active);
        if !free.is_empty() {
            // Its turn lasts for a moment: it may not come.
            for id in &self.hushed {
                if let Some(group) = self.groups.get_mut(id) {
                    group.hush_briefly(self.now);
                    self.touched.insert(*id);
                }
            }
        }
        for group in free {
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

    /// Whether a multicast has to wait until nothing is under way in any other group.
    pub(super) fn waits_for_others(&mut self, group: GroupId, how: &How) -> bool {
        let causal = matches!(how.order, Order::Causal | Order::Total);
        let rule = self.desk.config.causality == Causality::System;
        if !rule || !causal || how.independent {
            return false;
        }
        let waits = self.across.before(group).next().is_some();
        if waits {
            // They are still for a moment when they are settled.
            self.touched.extend(self.across.before(group));
            self.across.wait(group);
            self.desk.counters.held_across += 1;
        }
        waits
    }

    /// A group was settled: whether anything of it is under way, and whether it is to be still.
    /// Answers when it is to be settled again for that.
    pub(super) fn note_settled(&mut self, now: Instant, id: GroupId) -> Option<Instant> {
        let group = self.groups.get_mut(&id)?;
        let active = |group: &Group, desk: &Desk<M>| group.is_active() || desk.holds(now, id);
        let mut until = None;
        if self.across.waits_for(id) && active(group, &self.desk) {
            until = group.hush(&mut self.desk.turn(now));
            self.hushed.extend(until.map(|_| id));
        }
        let active = active(group, &self.desk);
        self.note_active(id, active);
        let brief = self.groups.get(&id).and_then(Group::hushed_until);
        until.into_iter().chain(brief).min()
    }

    /// Something went: if nothing waits any more, all that are still go on.
    pub(super) fn unhush(&mut self, now: Instant) {
        if self.across.is_waited_for() {
            return;
        }
        for id in core::mem::take(&mut self.hushed) {
            if let Some(group) = self.groups.get_mut(&id) {
                group.unhush(&mut self.desk.turn(now));
                self.touched.insert(id);
            }
        }
    }
}
