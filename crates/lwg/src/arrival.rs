//! Arrival: who comes to a core group with a group, and who is waited for.
//!
//! *Takes* READY and ABSENT at their places in the total order. *Promises* that nobody waits for
//! one that does not come: whoever may come, and then does not, says so as soon as that is so.

use alloc::collections::{BTreeMap, BTreeSet};

use vsync::Endpoint;

use crate::core_group::CoreGroup;
use crate::group::Generation;
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::lost::Lost;
use crate::ready::Ready;
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
        let waits = arrival.awaited.contains(&here.me) && !arrival.ready.contains_key(&here.me);
        if waits && here.comes(lwg, self.id(), ready.generation) {
            here.hoped.insert((lwg, self.number()));
        } else if waits {
            here.asides.push_back(Aside::Absent { lwg, core: self.number() });
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
