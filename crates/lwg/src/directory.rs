//! The directory: every group on one core group, the same at all its members.
//!
//! Driven only by the core group's total order and its views. Who is in a group is an index of an
//! interned membership; what a core view took from it is caught up with when the group is touched
//! or when the sweep comes by (protocols 6.1, 6.3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use vsync::{Endpoint, GroupId};

use crate::digest::Digest;
use crate::group::Motion;
use crate::here::{CoreNumber, Here};
use crate::id::{LwgId, Members};
use crate::limits::STEPS_MAX;
use crate::membership::{Index, Step};
use crate::table::{NOWHERE, Slot};
use crate::tombstones::Tombstones;
use crate::traits::{LOST, OF_VIEW, YOUNG};
use crate::view::{View, ViewId, is_of, number_after};

pub(crate) struct Directory {
    pub(crate) core: CoreNumber,
    pub(crate) group: GroupId,
    /// Of groups in motion; whoever is here is up to date.
    pub(crate) motions: BTreeMap<Slot, Motion>,
    pub(crate) dead: Tombstones,
    /// How many groups are agreed to be alive.
    pub(crate) alive: usize,
    /// Memberships with entries that are not up to date; true: this process is not in them.
    behind: BTreeSet<(bool, Index)>,
    /// The next entry of the first of them.
    cursor: Option<Slot>,
}

impl Directory {
    pub(crate) fn new(core: CoreNumber, group: GroupId) -> Self {
        Self {
            core,
            group,
            motions: BTreeMap::new(),
            dead: Tombstones::default(),
            alive: 0,
            behind: BTreeSet::new(),
            cursor: None,
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
        self.alive += 1;
        here.table.insert(self.core, lwg, id, members)
    }

    /// A group is agreed to be destroyed, in this core view.
    pub(crate) fn bury(&mut self, here: &Here, slot: Slot, core_view: vsync::ViewId) {
        let entry = here.table.entry(slot);
        let young = entry.marks.has(YOUNG) && is_of(entry.id.counter, core_view);
        self.dead.insert(entry.lwg, young);
    }

    /// Takes a group out; its motion too.
    pub(crate) fn remove(&mut self, here: &mut Here, slot: Slot) -> Option<Motion> {
        self.step_over(here, slot);
        here.table.remove(slot);
        self.motions.remove(&slot)
    }

    /// The place of a group, up to date.
    pub(crate) fn find(&mut self, here: &mut Here, lwg: LwgId) -> Option<Slot> {
        let slot = here.table.find(lwg, self.core)?;
        self.touch(here, slot).then_some(slot)
    }

    /// Gives a group another membership.
    pub(crate) fn set_members(&mut self, here: &mut Here, slot: Slot, members: &Members) {
        self.step_over(here, slot);
        here.table.set_members(slot, members);
    }

    /// The sweep does not stand on what is about to leave its list.
    fn step_over(&mut self, here: &Here, slot: Slot) {
        if self.cursor == Some(slot) {
            self.cursor = Some(here.table.entry(slot).next);
        }
    }

    /// Brings a group up to date, telling each view on the way. False: it is no longer here.
    pub(crate) fn touch(&mut self, here: &mut Here, slot: Slot) -> bool {
        if !here.table.is_taken(slot) {
            return false;
        }
        let mut touched = false;
        loop {
            let entry = here.table.entry(slot);
            let membership = entry.membership;
            let Some(step) = here.table.memberships.step(membership, entry.place) else { break };
            let step = step.clone();
            touched = true;
            if !self.take_step(here, slot, step) {
                // All its members are elsewhere, if anywhere: not destroyed, only unknown here.
                self.alive -= 1;
                here.counters.touched += 1;
                self.remove(here, slot);
                return false;
            }
        }
        if touched {
            here.counters.touched += 1;
            let membership = here.table.entry(slot).membership;
            if here.table.memberships.canonical(membership) != membership {
                let members = here.table.members(slot).clone();
                self.set_members(here, slot, &members);
            }
        }
        true
    }

    /// One loss of members. False: nobody is left.
    fn take_step(&self, here: &mut Here, slot: Slot, step: Step) -> bool {
        let entry = here.table.entry_mut(slot);
        let previous = entry.id;
        let cause = Digest::of("core").with(&step.view).with(&step.lowest).end();
        entry.id = previous.after(number_after(previous.counter, step.view), cause);
        entry.place = entry.place.wrapping_add(1);
        entry.marks.clear(OF_VIEW | YOUNG);
        entry.marks.set(LOST);
        if step.members.contains(&here.me) {
            let view = View {
                lwg: entry.lwg,
                id: entry.id,
                members: step.members.clone(),
                transitional: step.members,
                core: self.group,
                core_view: step.view,
                traits: entry.marks.traits(),
                previous: Some(previous),
                first: false,
            };
            here.tell_view(view);
            return true;
        }
        !step.members.is_empty()
    }

    /// The core view has lost all who did not come along.
    pub(crate) fn lose(
        &mut self,
        here: &mut Here,
        along: impl Fn(&Endpoint) -> bool,
        view: vsync::ViewId,
        lowest: Endpoint,
    ) {
        let lost = here.table.memberships.lose(self.core, along, view, lowest);
        if !lost.is_empty() {
            self.cursor = None;
            for index in lost {
                let others = !here.table.memberships.members(index).contains(&here.me);
                // It may wait there for who had this index before.
                self.behind.remove(&(!others, index));
                self.behind.insert((others, index));
            }
        }
        // Who is in motion has asks that wait for the new view.
        for slot in self.motions.keys().copied().collect::<Vec<_>>() {
            self.touch(here, slot);
        }
        let steps = |(_, index): &(bool, Index)| here.table.memberships.steps(*index);
        if self.behind.iter().map(steps).max().unwrap_or(0) > STEPS_MAX {
            self.sweep_all(here);
        }
    }

    /// Brings some groups up to date; true while more are left to do.
    pub(crate) fn sweep(&mut self, here: &mut Here, most: usize) -> bool {
        let mut left = most;
        while let Some(&(_, index)) = self.behind.first() {
            if here.table.memberships.is_of(index, self.core) {
                let mut at =
                    self.cursor.take().unwrap_or_else(|| here.table.memberships.first(index));
                while at != NOWHERE {
                    if left == 0 {
                        self.cursor = Some(at);
                        return true;
                    }
                    left -= 1;
                    let next = here.table.entry(at).next;
                    self.touch(here, at);
                    at = next;
                }
                if here.table.memberships.is_of(index, self.core) {
                    here.table.memberships.forget_steps(index);
                }
            }
            self.cursor = None;
            self.behind.pop_first();
        }
        false
    }

    /// Brings every group up to date.
    pub(crate) fn sweep_all(&mut self, here: &mut Here) {
        self.sweep(here, usize::MAX);
    }

    /// Brings every group up to date that this process is in.
    pub(crate) fn sweep_mine(&mut self, here: &mut Here) {
        while let Some(&(false, index)) = self.behind.first() {
            let memberships = &here.table.memberships;
            let is_there = memberships.is_of(index, self.core);
            if is_there && memberships.members(index).contains(&here.me) {
                let uses = memberships.uses(index) as usize;
                self.sweep(here, uses);
            } else {
                // All its entries have been touched; another may have its index by now.
                self.cursor = None;
                self.behind.pop_first();
            }
        }
    }

    pub(crate) fn is_swept(&self) -> bool {
        self.behind.is_empty()
    }

    /// All groups from this place on, all up to date, at most so many: and where to go on. They
    /// come membership by membership.
    pub(crate) fn page(
        &mut self,
        here: &mut Here,
        from: Option<Place>,
        most: usize,
    ) -> (Vec<Slot>, Option<Place>) {
        self.sweep_all(here);
        let memberships = &here.table.memberships;
        let start = |index: Option<Index>| index.map(|index| (index, memberships.first(index)));
        let mut at = from.or_else(|| start(memberships.after(self.core, None)));
        let mut page = Vec::new();
        while let Some((index, slot)) = at {
            if slot == NOWHERE {
                at = start(memberships.after(self.core, Some(index)));
            } else if page.len() == most {
                return (page, at);
            } else {
                page.push(slot);
                at = Some((index, here.table.entry(slot).next));
            }
        }
        (page, None)
    }
}

/// Where a page of a directory begins: a membership and one of its entries.
pub(crate) type Place = (Index, Slot);
