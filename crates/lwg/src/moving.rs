//! Moving: a light-weight group goes from one core group to another (protocol 6.6).
//!
//! *Takes* SWITCH in the core group that it leaves, READY in the one that it comes to. *Promises*
//! that nothing is lost, nothing told twice, and that no send is refused meanwhile: its sends wait
//! here between the two. *Keeps* no state across views of the new core group: whoever arrives says
//! READY again in each of them, until its view is installed.
//!
//! SWITCH is a change like any other: every member gives its MARK, and whoever has all of them has
//! been told everything of the old view, as all the others are. It then says READY in the new core
//! group, with a name for the view that it closed. The last READY of all who closed it so, at its
//! place in the total order there, makes the first view there. Who comes later, or from another
//! view than the others, has a view of its own in between.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use vsync::{Endpoint, GroupId};

use crate::arrival::Arrival;
use crate::core_group::CoreGroup;
use crate::digest::Digest;
use crate::group::{Anew, Ask, Change, Destination, Entry, Generation, Motion};
use crate::header::{Op, What};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::interface::{Outcome, Up, Why};
use crate::lost::Lost;
use crate::policy::GATHERED;
use crate::queue::Queue;
use crate::ready::Ready;
use crate::table::Slot;
use crate::traits::{LOST, Marks, RELAXED};
use crate::view::{View, ViewId, number_after};

/// A group of this process between two core groups.
pub(crate) struct Arriving {
    pub(crate) to: Destination,
    pub(crate) marks: Marks,
    lost: Lost,
    pub(crate) closed: ViewId,
    /// The view that this process was told last.
    previous: ViewId,
    members: Members,
    held: Queue,
    refused: bool,
    /// Which core group has sent it on.
    back: Option<GroupId>,
}

impl Arriving {
    /// Keeps an ask until the group has arrived, or hands it back.
    pub(crate) fn hold(&mut self, ask: Ask) -> Result<(), Ask> {
        if self.held.is_full() {
            self.refused = true;
            return Err(ask);
        }
        self.held.push_back(ask);
        Ok(())
    }

    /// Keeps an operation that comes after its group; what waits for it is here already.
    pub(crate) fn follow(&mut self, op: Op) {
        self.held.insert(op);
    }

    /// It is not in the core group that it was sent on to: it stays where it was sent on from, by
    /// itself, since others may be in both.
    pub(crate) fn stay(&mut self, me: Endpoint) {
        let Some(core) = self.back.take() else { return };
        let generation = self.to.generation.next();
        self.to = Destination { core, generation, rule: GATHERED };
        let left = core::mem::replace(&mut self.members, Members::from_slice(&[me]));
        self.lost.join(&Lost::of(left.into_iter().filter(|member| *member != me)));
        let cause = Digest::of("alone").with(&self.closed).with(&me).end();
        self.closed = ViewId { digest: cause, ..self.closed };
        self.marks.set(LOST);
    }

    /// What it says where it comes to.
    pub(crate) fn ready(&self) -> What {
        What::Ready(Ready {
            closed: self.closed,
            members: self.members.clone(),
            generation: self.to.generation,
            rule: self.to.rule,
            marks: self.marks,
            lost: self.lost.clone(),
        })
    }
}

impl CoreGroup {
    /// SWITCH at its place in the total order.
    pub(crate) fn switch(
        &mut self,
        here: &mut Here,
        slot: Slot,
        (to, members): (&Destination, &Members),
        cause: u64,
    ) -> Outcome {
        let (old, last) = self.agreed(here, slot);
        if to.core == self.id() {
            return Outcome::NothingToDo;
        }
        let (generation, _) = self.agreed_history(here, slot);
        if old != *members || to.generation != generation.next() {
            return Outcome::Again;
        }
        let number = number_after(last, self.view.id);
        let change = Change { to: Some(*to), ..Change::new(number, cause, old.clone(), old) };
        self.agree(here, slot, change);
        Outcome::Done
    }

    /// Whether a group may be moved: nobody who may be in a part of it could not know.
    pub(crate) fn can_move(&self, here: &Here, slot: Slot) -> bool {
        let entry = here.table.entry(slot);
        let present = if self.is_one() { &self.view.members[..] } else { &[] };
        let memberships = &here.table.memberships;
        let apart = || memberships.is_apart(entry.membership, present);
        let stays = entry.marks.has(RELAXED) || entry.marks.has(LOST) && apart();
        !stays
    }

    /// The group leaves: everything of its last view here has been told.
    pub(crate) fn depart(
        &mut self,
        here: &mut Here,
        slot: Slot,
        (to, closed, previous): (Destination, ViewId, ViewId),
    ) {
        let lwg = here.table.entry(slot).lwg;
        let members = here.table.members(slot).clone();
        let marks = here.table.entry(slot).marks.told();
        let (memberships, index) = (&here.table.memberships, here.table.entry(slot).membership);
        let lost = if marks.has(LOST) { memberships.lost(index).clone() } else { Lost::default() };
        let apart = marks.has(LOST) && memberships.is_apart(index, &self.view.members);
        let parted = to.rule == GATHERED || apart;
        // Whoever hears of it later keeps the core group too.
        let note = if parted { Destination { rule: GATHERED, ..to } } else { to };
        self.moved.insert(lwg, note, parted.then_some(here.now));
        let motion = self.directory.remove(here, slot).unwrap_or_default();
        let Motion { changes, mut held, .. } = motion;
        if members.contains(&here.me) {
            here.counters.departed += 1;
            self.take_queued(lwg, &mut held);
            let refused = self.refused.remove(&lwg);
            let back = None;
            let arriving =
                Arriving { to, marks, lost, closed, previous, members, held, refused, back };
            here.arriving.insert(lwg, arriving);
            here.asides.push_back(Aside::Departed { lwg });
            here.look_at_hopes(lwg);
        } else {
            held.into_iter().for_each(|ask| here.refuse(ask));
        }
        self.come_behind(here, lwg, changes);
    }

    /// The group has left, and others of it had come behind it: they are here now.
    fn come_behind(&mut self, here: &mut Here, lwg: LwgId, mut changes: VecDeque<Change>) {
        let Some(mut first) = changes.pop_front() else { return };
        let Some(anew) = first.anew.take() else { return };
        let slot = self.appear(here, lwg, (&first.members, &anew));
        if !changes.is_empty() {
            self.directory.motions.insert(slot, Motion { changes, ..Motion::default() });
        }
        self.settle(here, slot, &first.arrivals);
        self.install_ready(here, slot);
    }

    /// A group that is not here comes here; it is counted as soon as that is agreed upon.
    fn appear(&mut self, here: &mut Here, lwg: LwgId, (members, anew): (&Members, &Anew)) -> Slot {
        let slot = here.table.insert(self.number(), lwg, anew.id, members);
        here.table.set_generation(slot, anew.generation);
        here.look_at_hopes(lwg);
        here.table.entry_mut(slot).rule = anew.rule;
        here.table.join_marks(slot, anew.marks, &anew.lost);
        self.moved.remove(lwg);
        slot
    }

    /// Who came with it is told its view.
    fn settle(&mut self, here: &mut Here, slot: Slot, arrivals: &BTreeMap<Endpoint, ViewId>) {
        let lwg = here.table.entry(slot).lwg;
        let closed: BTreeSet<ViewId> = arrivals.values().copied().collect();
        self.land(here, slot, arrivals, (closed.len() > 1, None));
        here.asides.push_back(Aside::Known { lwg, core: self.number() });
    }

    /// What waits in the queue for a group goes behind what is held for it.
    pub(crate) fn take_queued(&mut self, lwg: LwgId, held: &mut Queue) {
        // Nothing is before it that an own add may wait for.
        let kept = |op: &Op| matches!(op.what, What::Adopt | What::Release | What::Enter(_));
        let concerns = |ask: &Ask| match ask {
            Ask::Op(op) => op.lwg == lwg && !kept(op),
            Ask::Send(post) => post.lwg == lwg,
        };
        if self.queue.iter().any(concerns) {
            for ask in core::mem::take(&mut self.queue) {
                if concerns(&ask) {
                    held.push_back(ask);
                } else {
                    self.queue.push_back(ask);
                }
            }
        }
    }

    /// All who come together are there.
    pub(crate) fn arrive(&mut self, here: &mut Here, lwg: LwgId, mut arrival: Arrival) {
        let comes = arrival.ready.contains_key(&here.me);
        let slot = self.directory.find(here, lwg);
        let stays = slot.filter(|slot| self.leaves(*slot).is_none());
        let there = stays.map(|slot| self.agreed(here, slot).0);
        let gone = there.as_ref().map(|members| members.is_empty());
        // Who left with these and does not come may come to another part of this core group.
        let comes_apart = |member: &Endpoint| {
            let is_there = there.as_ref().is_some_and(|members| members.contains(member));
            !is_there && !arrival.ready.contains_key(member)
        };
        let apart = Lost::of(arrival.members.iter().copied().filter(comes_apart));
        if apart != Lost::default() {
            arrival.marks.set(LOST);
            arrival.lost.join(&apart);
        }
        arrival.members.retain(|member| arrival.ready.contains_key(member));
        if self.directory.dead.contains(lwg) || gone == Some(true) {
            if comes {
                here.lose_arriving(lwg, Why::Destroyed);
            }
            return;
        }
        if let Some(to) = self.goes_on(lwg, slot, arrival.generation) {
            if comes && let Some(mine) = here.arriving.get_mut(&lwg) {
                (mine.to, mine.back) = (to, Some(self.id()));
                here.asides.push_back(Aside::Departed { lwg });
                here.look_at_hopes(lwg);
            }
            return;
        }
        let mut closed: Vec<ViewId> = arrival.ready.values().copied().collect();
        closed.sort_unstable();
        closed.dedup();
        let cause = closed.iter().fold(Digest::of("arrivals"), |hash, id| hash.with(id));
        // Parts of this core group may take in parts of what was one elsewhere.
        let cause = arrival.members.iter().fold(cause, |hash, member| hash.with(member));
        let cause = cause.with(&self.view.id).end();
        let Some(stays) = stays else {
            let number = number_after(arrival.last, self.view.id);
            let id = ViewId::united(number + u64::from(closed.len() > 1), cause);
            let Arrival { ready, members, generation, rule, marks, lost, .. } = arrival;
            let anew = Anew { id, generation, rule, marks, lost };
            if let Some(slot) = slot {
                let anew = Some(Box::new(anew));
                let change = Change::new(id.counter, cause, members, Members::new());
                self.agree(here, slot, Change { anew, arrivals: ready, ..change });
            } else {
                self.directory.alive += 1;
                let slot = self.appear(here, lwg, (&members, &anew));
                self.settle(here, slot, &ready);
            }
            return;
        };
        let slot = stays;
        self.join_history(here, slot, arrival.generation, (arrival.marks, &arrival.lost));
        let (old, last) = self.agreed(here, slot);
        let mut members = old.clone();
        members.extend(arrival.members.iter().copied().filter(|member| !old.contains(member)));
        // The number before it is that of the view in which they come.
        let number = number_after(last.max(arrival.last), self.view.id).saturating_add(1);
        let mut change = Change::new(number, cause, members, old);
        change.arrivals = arrival.ready;
        self.agree(here, slot, change);
    }

    /// What is so of those who come is so of the group from now on.
    fn join_history(
        &mut self,
        here: &mut Here,
        slot: Slot,
        generation: Generation,
        (marks, lost): (Marks, &Lost),
    ) {
        let motion = self.directory.motions.get_mut(&slot);
        let changes = motion.map(|motion| motion.changes.iter_mut().rev()).into_iter().flatten();
        if let Some(anew) = changes.filter_map(|change| change.anew.as_deref_mut()).next() {
            anew.generation = anew.generation.max(generation);
            anew.marks.join(marks);
            anew.lost.join(lost);
            return;
        }
        let generation = here.table.generation(slot).max(generation);
        here.table.set_generation(slot, generation);
        here.table.join_marks(slot, marks, lost);
        here.look_at_hopes(here.table.entry(slot).lwg);
    }

    /// Where a group goes that was to come here: it is agreed to have left. Of two that have moved
    /// equally often and go where the other one was, one alone goes on.
    fn goes_on(
        &self,
        lwg: LwgId,
        slot: Option<Slot>,
        generation: Generation,
    ) -> Option<Destination> {
        let to = match slot {
            Some(slot) => self.leaves(slot),
            None => self.moved.get(lwg),
        };
        to.filter(|to| (generation, self.id()) < (to.generation, to.core))
    }

    /// This process, if it is among those who came, is told the view.
    ///
    /// Where it meets others it is told one of its own first, with those alone who closed the same
    /// view: the others may have gone from that view on without it.
    pub(crate) fn land(
        &mut self,
        here: &mut Here,
        slot: Slot,
        arrivals: &BTreeMap<Endpoint, ViewId>,
        (meets, along): (bool, Option<&[Endpoint]>),
    ) -> bool {
        let Entry { lwg, id, marks, .. } = here.table.entry(slot).clone();
        let Some(mine) = arrivals.get(&here.me) else { return false };
        let Some(arriving) = here.arriving.remove(&lwg) else { return false };
        let members = here.table.members(slot);
        let same = members.iter().copied().filter(|member| arrivals.get(member) == Some(mine));
        let same: Members = same.collect();
        let comes = |member: &Endpoint| along.is_none_or(|along| along.contains(member));
        let along: Members = same.iter().copied().filter(comes).collect();
        here.counters.arrived += 1;
        let mut previous = arriving.previous;
        if meets {
            let cause = Digest::of("part").with(&id).end();
            let id = arriving.closed.after(id.counter - 1, cause);
            here.tell_view(View {
                lwg,
                id,
                members: same,
                transitional: along.clone(),
                core: self.id(),
                core_view: self.view.id,
                traits: marks.traits(),
                previous: Some(previous),
                first: false,
            });
            previous = id;
        }
        self.tell_view(here, slot, along, Some(previous));
        let core = self.number();
        let present = |member: &Endpoint| self.view.members.contains(member);
        here.replies.rehome(lwg, core, present, &mut here.told);
        here.passing.rehome(lwg, core, present);
        match self.directory.motions.get_mut(&slot) {
            Some(motion) => motion.held.append(arriving.held),
            None => self.queue.append(arriving.held),
        }
        if arriving.refused {
            here.told.push_back(Up::Room { lwg });
        }
        here.asides.push_back(Aside::Arrived { lwg });
        true
    }
}

impl Here {
    /// A group that has left its core group comes nowhere.
    pub(crate) fn lose_arriving(&mut self, lwg: LwgId, why: Why) {
        let Some(arriving) = self.arriving.remove(&lwg) else { return };
        self.tell_out(lwg, why, arriving.closed.counter);
        for ask in arriving.held {
            self.refuse(ask);
        }
    }

    /// The groups that are on their way to that core group.
    pub(crate) fn arriving_at(&self, core: GroupId) -> Vec<LwgId> {
        let there = self.arriving.iter().filter(|(_, arriving)| arriving.to.core == core);
        there.map(|(lwg, _)| *lwg).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_where_it_is_sent_on_to_comes_alone_to_where_it_was() {
        let member = |seat| Endpoint { seat, ..Endpoint::default() };
        let to = |core, generation| Destination {
            core: GroupId(core),
            generation: Generation(generation),
            rule: GATHERED,
        };
        let closed = ViewId { counter: 5, digest: 7 };
        let mut arriving = Arriving {
            to: to(1, 3),
            marks: Marks::default(),
            lost: Lost::default(),
            closed,
            previous: closed,
            members: Members::from_slice(&[member(1), member(2)]),
            held: Queue::default(),
            refused: false,
            back: None,
        };
        arriving.stay(member(1));
        assert_eq!(arriving.to, to(1, 3), "it was not sent on");
        (arriving.to, arriving.back) = (to(2, 4), Some(GroupId(1)));
        arriving.stay(member(1));
        assert_eq!(arriving.to, to(1, 5));
        assert_eq!(arriving.members[..], [member(1)]);
        assert!(arriving.marks.has(LOST) && arriving.closed != closed);
        assert_eq!(arriving.lost, Lost::of([member(2)].into_iter()));
        // It is sent on again by nobody whose note it has seen.
        assert!((arriving.to.generation, arriving.to.core) > (Generation(4), GroupId(2)));
    }
}
