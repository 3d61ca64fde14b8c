//! Arrival: who comes to a core group with a group, and who is waited for.
//!
//! *Takes* READY and ABSENT at their places in the total order. *Promises* that nobody waits for
//! one that does not come: whoever may come, and then does not, says so as soon as that is so.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use vsync::{Core, Endpoint, GroupId};

use crate::core_group::CoreGroup;
use crate::group::Generation;
use crate::groups::Groups;
use crate::header::{Op, SILENT, What};
use crate::here::{Aside, CoreNumber, Here};
use crate::id::{LwgId, Members};
use crate::lost::Lost;
use crate::outgoing::Urgent;
use crate::policy::Policy;
use crate::ready::Ready;
use crate::table::Slot;
use crate::traits::Marks;
use crate::view::ViewId;

/// Who has said READY for a group in this view.
#[derive(Default)]
pub(crate) struct Arrival {
    pub(crate) ready: BTreeMap<Endpoint, ViewId>,
    /// Who is to say so.
    pub(crate) awaited: BTreeSet<Endpoint>,
    pub(crate) members: Members,
    pub(crate) generation: Generation,
    pub(crate) rule: u8,
    pub(crate) marks: Marks,
    pub(crate) lost: Lost,
    /// The highest number of the closed views.
    pub(crate) last: u64,
}

impl Arrival {
    /// How often the group has moved that this one is to come with and has not.
    pub(crate) fn awaits(&self, one: &Endpoint) -> Option<Generation> {
        let waits = self.awaited.contains(one) && !self.ready.contains_key(one);
        waits.then_some(self.generation)
    }
}

impl CoreGroup {
    /// The view ends, and with it all that was waited for.
    pub(crate) fn wait_no_more(&mut self, here: &mut Here) {
        for (lwg, _) in core::mem::take(&mut self.arrivals) {
            here.hoped.remove(&(lwg, self.directory.core));
        }
    }

    /// READY at its place in the total order.
    pub(crate) fn on_ready(&mut self, here: &mut Here, from: Endpoint, lwg: LwgId, ready: &Ready) {
        let slot = self.directory.find(here, lwg);
        // One that is agreed to have left is not here, whoever's MARKs have come.
        let stays = slot.filter(|slot| self.leaves(*slot).is_none());
        let there = stays.map(|slot| self.agreed(here, slot).0).unwrap_or_default();
        if there.contains(&from) {
            return;
        }
        // Who is there already came from another view than this one.
        let present =
            |member: &Endpoint| self.view.members.contains(member) && !there.contains(member);
        let arrival = self.arrivals.entry(lwg).or_default();
        arrival.ready.insert(from, ready.closed);
        arrival.awaited.insert(from);
        arrival.awaited.extend(ready.members.iter().copied().filter(present));
        for member in &ready.members {
            if !arrival.members.contains(member) {
                arrival.members.push(*member);
            }
        }
        arrival.last = arrival.last.max(ready.closed.counter);
        arrival.generation = arrival.generation.max(ready.generation);
        arrival.rule = ready.rule;
        arrival.marks.join(ready.marks);
        arrival.lost.join(&ready.lost);
        if arrival.awaits(&here.me).is_some() {
            here.hoped.insert((lwg, self.number()));
            here.asides.push_back(Aside::Hoped { lwg });
        }
        self.arrive_if_all(here, lwg);
    }

    /// One who is waited for has been here before, or goes elsewhere.
    pub(crate) fn on_absent(&mut self, here: &mut Here, from: Endpoint, lwg: LwgId) {
        self.does_not_enter(here, from, lwg);
        let Some(arrival) = self.arrivals.get_mut(&lwg) else { return };
        if !arrival.ready.contains_key(&from) {
            arrival.awaited.remove(&from);
            self.arrive_if_all(here, lwg);
        }
    }

    fn arrive_if_all(&mut self, here: &mut Here, lwg: LwgId) {
        let Some(arrival) = self.arrivals.get(&lwg) else { return };
        if arrival.awaited.iter().all(|member| arrival.ready.contains_key(member))
            && let Some(arrival) = self.arrivals.remove(&lwg)
        {
            self.reserved.remove(&lwg);
            self.arrive(here, lwg, arrival);
        }
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Others wait there for this process, which does not come.
    pub(crate) fn say_absent(&mut self, lwg: LwgId, core: CoreNumber) {
        let number = self.next_op() | SILENT;
        self.here.counters.absent += 1;
        if let Some(core) = self.cores[core as usize].as_mut() {
            core.urgent.push_back(Urgent::Op(Op { number, lwg, what: What::Absent }));
        }
        self.note(core);
    }

    /// Wherever others wait for this process to come with a group they are told if it does not.
    pub(crate) fn look_at_hopes(&mut self, lwg: LwgId) {
        let hoped = self.here.hoped.range((lwg, 0)..=(lwg, CoreNumber::MAX));
        let hoped: Vec<CoreNumber> = hoped.map(|(_, core)| *core).collect();
        for number in hoped {
            let core = self.cores[number as usize].as_ref();
            let waits = core.and_then(|core| {
                let generation = core.arrivals.get(&lwg)?.awaits(&self.here.me)?;
                Some(self.comes(lwg, core.id(), generation))
            });
            if waits == Some(true) {
                continue;
            }
            self.here.hoped.remove(&(lwg, number));
            if waits == Some(false) {
                self.say_absent(lwg, number);
            }
        }
    }

    /// Whether this process comes, or may still come, to a core group with a group that has moved
    /// so often.
    fn comes(&self, lwg: LwgId, core: GroupId, generation: Generation) -> bool {
        if let Some(arriving) = self.here.arriving.get(&lwg) {
            return arriving.to.core == core;
        }
        self.here.table.homes(lwg).any(|(home, slot)| {
            self.is_agreed_in(home, slot) && self.here.table.generation(slot) < generation
        })
    }

    /// Whether this process is a member of a group, or about to be, but on that core group.
    pub(crate) fn is_elsewhere(&self, lwg: LwgId, core: CoreNumber) -> bool {
        let mut homes = self.here.table.homes(lwg).filter(|(other, _)| *other != core);
        self.here.arriving.contains_key(&lwg)
            || homes.any(|(home, slot)| self.is_agreed_in(home, slot))
    }

    /// Whether this process is in a group on a core group, or will be told that it is: what is
    /// agreed upon happens, though MARKs of others be on their way.
    fn is_agreed_in(&self, core: CoreNumber, slot: Slot) -> bool {
        let me = &self.here.me;
        let core = self.cores[core as usize].as_ref();
        let motion = core.and_then(|core| core.directory.motions.get(&slot));
        self.here.table.members(slot).contains(me)
            || motion.is_some_and(|it| it.changes.iter().any(|one| one.members.contains(me)))
    }
}
