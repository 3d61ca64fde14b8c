//! The directory: every group on one core group, the same at all its members.
//!
//! Driven only by the core group's total order and its views. Who is in a group is an index of an
//! interned membership; what a core view took from it is caught up with when the group is touched
//! or when the sweep comes by (protocols 6.1, 6.3).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::{Endpoint, GroupId};

use crate::digest::Digest;
use crate::group::{Entry, Motion};
use crate::here::{CoreNumber, Here, Slot};
use crate::id::{LwgId, Members};
use crate::interface::Up;
use crate::limits::SWEEP_MAX;
use crate::membership::Memberships;
use crate::tombstones::Tombstones;
use crate::view::{View, ViewId, number_after};

pub(crate) struct Directory {
    pub(crate) core: CoreNumber,
    pub(crate) group: GroupId,
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
    pub(crate) memberships: Memberships,
    /// Of groups in motion; whoever is here is up to date.
    pub(crate) motions: BTreeMap<Slot, Motion>,
    pub(crate) dead: Tombstones,
    /// How many groups are agreed to be alive.
    pub(crate) alive: usize,
    /// Where the sweep is, while one is wanted.
    sweep: Option<Slot>,
}

impl Directory {
    pub(crate) fn new(core: CoreNumber, group: GroupId) -> Self {
        Self {
            core,
            group,
            entries: Vec::new(),
            free: Vec::new(),
            memberships: Memberships::default(),
            motions: BTreeMap::new(),
            dead: Tombstones::default(),
            alive: 0,
            sweep: None,
        }
    }

    /// Adds a group; it is agreed to be alive.
    pub(crate) fn insert(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        id: ViewId,
        members: &Members,
    ) -> Slot {
        let (membership, place) = self.memberships.intern(members);
        let entry = Entry { lwg, id, membership, place, rule: 0, begun: false };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = Some(entry);
            slot
        } else {
            self.entries.push(Some(entry));
            (self.entries.len() - 1) as Slot
        };
        here.homes.insert((lwg, self.core), slot);
        self.alive += 1;
        slot
    }

    /// Takes a group out; its motion too.
    pub(crate) fn remove(&mut self, here: &mut Here, slot: Slot) -> Option<Motion> {
        let entry = self.entries[slot as usize].take()?;
        self.memberships.release(entry.membership);
        here.homes.remove(&(entry.lwg, self.core));
        self.free.push(slot);
        self.motions.remove(&slot)
    }

    /// The place of a group, up to date.
    pub(crate) fn find(&mut self, here: &mut Here, lwg: LwgId) -> Option<Slot> {
        let slot = *here.homes.get(&(lwg, self.core))?;
        self.touch(here, slot).then_some(slot)
    }

    pub(crate) fn entry(&self, slot: Slot) -> &Entry {
        self.entries[slot as usize].as_ref().expect("a slot that was found is taken")
    }

    pub(crate) fn entry_mut(&mut self, slot: Slot) -> &mut Entry {
        self.entries[slot as usize].as_mut().expect("a slot that was found is taken")
    }

    /// The installed members of a group that is up to date.
    pub(crate) fn members(&self, slot: Slot) -> &Members {
        self.memberships.members(self.entry(slot).membership)
    }

    pub(crate) fn is_in(&self, slot: Slot, who: Endpoint) -> bool {
        self.members(slot).contains(&who)
    }

    /// Gives a group another membership.
    pub(crate) fn set_members(&mut self, slot: Slot, members: &Members) {
        let (membership, place) = self.memberships.intern(members);
        let entry = self.entry_mut(slot);
        let before = entry.membership;
        entry.membership = membership;
        entry.place = place;
        self.memberships.release(before);
    }

    /// Brings a group up to date, telling each view on the way. False: it is no longer here.
    pub(crate) fn touch(&mut self, here: &mut Here, slot: Slot) -> bool {
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::as_mut) else {
            return false;
        };
        if self.memberships.step(entry.membership, entry.place).is_none() {
            return true;
        }
        while let Some(step) = self.memberships.step(entry.membership, entry.place) {
            let previous = entry.id;
            let cause = Digest::of("core").with(&step.view).with(&step.lowest).end();
            entry.id = previous.after(number_after(previous.counter, step.view), cause);
            entry.place = entry.place.wrapping_add(1);
            entry.begun = false;
            if step.members.contains(&here.me) {
                here.counters.views_told += 1;
                here.told.push_back(Up::View(View {
                    lwg: entry.lwg,
                    id: entry.id,
                    members: step.members.clone(),
                    transitional: step.members.clone(),
                    core: self.group,
                    core_view: step.view,
                    previous: Some(previous),
                }));
            } else if step.members.is_empty() {
                // All its members are elsewhere, if anywhere: not destroyed, only unknown here.
                self.alive -= 1;
                self.remove(here, slot);
                return false;
            }
        }
        let canonical = self.memberships.canonical(entry.membership);
        if canonical != entry.membership {
            let members = self.memberships.members(canonical).clone();
            self.set_members(slot, &members);
        }
        true
    }

    /// The core view has lost all who did not come along.
    pub(crate) fn lose(
        &mut self,
        here: &mut Here,
        along: impl Fn(&Endpoint) -> bool,
        view: vsync::ViewId,
        lowest: Endpoint,
    ) {
        if self.memberships.lose(along, view, lowest) {
            self.sweep = Some(0);
        }
        // Who is in motion has asks that wait for the new view.
        for slot in self.motions.keys().copied().collect::<Vec<_>>() {
            self.touch(here, slot);
        }
    }

    /// Brings some groups up to date; true while more are left to do.
    pub(crate) fn sweep(&mut self, here: &mut Here, most: usize) -> bool {
        let Some(from) = self.sweep else { return false };
        let end = (from as usize).saturating_add(most).min(self.entries.len());
        for slot in from as usize..end {
            self.touch(here, slot as Slot);
        }
        if end < self.entries.len() {
            self.sweep = Some(end as Slot);
            return true;
        }
        self.sweep = None;
        self.memberships.forget_steps();
        false
    }

    pub(crate) fn is_swept(&self) -> bool {
        self.sweep.is_none()
    }

    /// All groups from this place on, all up to date, at most so many: and where to go on.
    pub(crate) fn page(
        &mut self,
        here: &mut Here,
        from: Slot,
        most: usize,
    ) -> (Vec<Slot>, Option<Slot>) {
        while self.sweep(here, SWEEP_MAX) {}
        let mut page = Vec::new();
        for slot in from as usize..self.entries.len() {
            if page.len() == most {
                return (page, Some(slot as Slot));
            }
            if self.entries[slot].is_some() {
                page.push(slot as Slot);
            }
        }
        (page, None)
    }

    /// How many groups are known, agreed to be alive or not.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Option<Entry>>() <= 48);
    }
}
