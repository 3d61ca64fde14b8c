//! Changes of membership: operations in total order, then MARKs of all old members (protocol 6.2).
//!
//! *Takes* operations and MARKs as the core group delivers them. *Promises* that everybody between
//! two views of a group delivers exactly what each old member sent before its MARK. *Keeps* two
//! states: agreed (what operations were accepted) and installed (whose MARKs are in). Whether an
//! operation is accepted depends on the agreed state alone.

use alloc::vec::Vec;

use vsync::{Endpoint, Message};

use crate::core_group::CoreGroup;
use crate::digest::Digest;
use crate::group::{Change, Destination, Generation, common};
use crate::header::{Op, SILENT, What};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::interface::{Outcome, Why};
use crate::outgoing::Urgent;
use crate::table::Slot;
use crate::traits::{Marks, NARROW, OF_VIEW, RELAXED, Traits, YOUNG};
use crate::view::{View, ViewId, is_of, number_after};

impl CoreGroup {
    /// An operation at its place in the total order.
    pub(crate) fn on_op(&mut self, here: &mut Here, from: Endpoint, op: Op, message: Message) {
        if let Some(exchange) = &mut self.exchange {
            exchange.ops.push((from, op, message));
            return;
        }
        self.apply(here, from, op, message);
    }

    /// What is on a message is its body, if the operation has one.
    pub(crate) fn apply(&mut self, here: &mut Here, from: Endpoint, mut op: Op, message: Message) {
        self.unite_first(here, op.lwg);
        if self.closed && matches!(op.what, What::Create(..)) {
            if from == here.me {
                here.asides.push_back(Aside::Homeless { op });
            }
            return;
        }
        let cause = Digest::of("op").with(&from).with(&op.number).end();
        let told = from == here.me && self.foretold.remove(&op.number);
        op.number |= if told { SILENT } else { 0 };
        let outcome = match &op.what {
            What::Create(members, traits) => self.create(here, op.lwg, (members, *traits), cause),
            What::Adopt if self.closed => Outcome::Again,
            What::Adopt => {
                self.reserved.insert(op.lwg);
                Outcome::Done
            }
            What::Release => {
                self.reserved.remove(&op.lwg);
                return;
            }
            What::Ready(ready) => return self.on_ready(here, from, op.lwg, ready),
            What::Absent => return self.on_absent(here, from, op.lwg),
            What::Say(_) => return self.on_global(here, from, &op, message),
            _ if self.has_moved(here, op.lwg) => {
                if from == here.me {
                    self.operation_is_back(here, &op);
                    here.asides.push_back(Aside::Moved { op });
                }
                return;
            }
            _ => {
                // Who is to come in may have to say so first.
                let Some(outcome) = self.alter(here, from, &op, cause) else { return };
                if from == here.me {
                    self.operation_is_back(here, &op);
                }
                outcome
            }
        };
        if from == here.me && !told {
            here.asides.push_back(Aside::Ended { op, outcome });
        }
    }

    fn create(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        (members, traits): (&Members, Traits),
        cause: u64,
    ) -> Outcome {
        if self.directory.dead.contains(lwg) {
            return Outcome::NoGroup;
        }
        if self.directory.find(here, lwg).is_some() || self.moved.get(lwg).is_some() {
            return Outcome::NothingToDo;
        }
        let strangers = self.strangers(members);
        if members.is_empty() || !strangers.is_empty() {
            return Outcome::missing(strangers);
        }
        let id = ViewId::default().after(number_after(0, self.view.id), cause);
        let mut members = members.clone();
        if traits.relaxed {
            members.sort_unstable();
        }
        let slot = self.directory.insert(here, lwg, id, &members);
        let marks = &mut here.table.entry_mut(slot).marks;
        *marks = Marks::of(traits, false);
        marks.set(YOUNG);
        if members.contains(&here.me) {
            let view = self.view_of(here, slot, Members::from_slice(&[here.me]), None);
            here.tell_view(View { first: true, ..view });
        }
        here.asides.push_back(Aside::Known { lwg, core: self.number() });
        Outcome::Done
    }

    /// Whether a group that was here has gone elsewhere, or is about to.
    pub(crate) fn has_moved(&mut self, here: &mut Here, lwg: LwgId) -> bool {
        let Some(slot) = self.directory.find(here, lwg) else {
            return self.moved.get(lwg).is_some();
        };
        self.leaves(slot).is_some()
    }

    /// Where a group is agreed to have gone whose members have not all given their MARKs.
    pub(crate) fn leaves(&self, slot: Slot) -> Option<Destination> {
        self.directory.motions.get(&slot)?.changes.back()?.to
    }

    /// Whether one that is here goes elsewhere, whoever comes behind it.
    pub(crate) fn goes(&self, slot: Slot) -> bool {
        let motion = self.directory.motions.get(&slot);
        motion.is_some_and(|motion| motion.changes.iter().any(|change| change.to.is_some()))
    }

    /// Add, remove, destroy, switch.
    /// None: not known yet.
    fn alter(&mut self, here: &mut Here, from: Endpoint, op: &Op, cause: u64) -> Option<Outcome> {
        let Some(slot) = self.directory.find(here, op.lwg) else { return Some(Outcome::NoGroup) };
        if here.table.entry(slot).marks.has(RELAXED) {
            return Some(self.alter_relaxed(here, slot, from, op));
        }
        let (old, mut last) = self.agreed(here, slot);
        if old.is_empty() {
            return Some(Outcome::NoGroup);
        }
        let mut new = old.clone();
        let mut called_off = false;
        match &op.what {
            What::Add(members) => {
                let strangers = self.strangers(members);
                if !strangers.is_empty() {
                    return Some(Outcome::missing(strangers));
                }
                let added = members.iter().copied().filter(|member| !old.contains(member));
                let added: Members = added.collect();
                if !added.is_empty() && self.is_entered(here, slot) {
                    return self.invite_in(here, from, op, added);
                }
                new.extend(added);
            }
            What::Enter(known) => {
                if self.entering.enters(op.lwg, from) && !new.contains(&from) {
                    new.push(from);
                }
                last = last.max(*known);
            }
            What::Remove(members) => {
                new.retain(|member| !members.contains(member));
                called_off = self.are_removed(here, op.lwg, members);
            }
            What::Switch(to, members) => {
                return Some(self.switch(here, slot, (to, members), cause));
            }
            _ => new.clear(),
        }
        if new == old {
            return Some(if called_off { Outcome::Done } else { Outcome::NothingToDo });
        }
        let number = number_after(last, self.view.id);
        self.agree(here, slot, Change::new(number, cause, new, old));
        Some(Outcome::Done)
    }

    /// The members and number of the last view agreed upon.
    pub(crate) fn agreed(&self, here: &Here, slot: Slot) -> (Members, u64) {
        let motion = self.directory.motions.get(&slot);
        match motion.and_then(|motion| motion.changes.back()) {
            Some(change) => (change.members.clone(), change.number),
            None => (here.table.members(slot).clone(), here.table.entry(slot).id.counter),
        }
    }

    /// How often it is agreed to have moved, and what it is.
    pub(crate) fn agreed_history(&self, here: &Here, slot: Slot) -> (Generation, Marks) {
        let changes = self.directory.motions.get(&slot).map(|motion| motion.changes.iter().rev());
        match changes.into_iter().flatten().find_map(|change| change.anew.as_deref()) {
            Some(anew) => (anew.generation, anew.marks),
            None => (here.table.generation(slot), here.table.entry(slot).marks),
        }
    }

    /// A change is agreed upon; every old member gives its MARK, as soon as it has none of its own
    /// ABCASTs in the group under way; in any group, if the change unites parts.
    pub(crate) fn agree(&mut self, here: &mut Here, slot: Slot, mut change: Change) {
        let lwg = here.table.entry(slot).lwg;
        let mark = change.mark();
        if change.missing.contains(&here.me) {
            if change.unites {
                let narrow = here.table.entry(slot).marks.has(NARROW);
                self.unplaced.wait_for_all(narrow);
            } else if !self.unplaced.wait(lwg, mark) {
                self.urgent.push_back(Urgent::Mark { lwg, change: mark });
            }
        }
        let early = self.early.take(lwg, mark, change.unites);
        change.missing.retain(|member| !early.contains(member));
        if change.members.is_empty() {
            self.directory.bury(here, slot, self.view.id);
        }
        if change.members.is_empty() || change.to.is_some() {
            self.directory.alive -= 1;
        }
        if change.anew.is_some() {
            self.directory.alive += 1;
        }
        let mut motion = self.directory.motions.remove(&slot).unwrap_or_default();
        if change.unites {
            // There is one for each of perhaps a million groups.
            motion.changes.reserve_exact(1);
        }
        motion.changes.push_back(change);
        // What was asked before goes before what is asked from now on.
        self.take_queued(lwg, &mut motion.held);
        self.directory.motions.insert(slot, motion);
        self.look_at_adds(here, slot);
        self.install_ready(here, slot);
    }

    pub(crate) fn install_ready(&mut self, here: &mut Here, slot: Slot) {
        loop {
            let Some(motion) = self.directory.motions.get_mut(&slot) else { return };
            let Some(next) = motion.changes.front().filter(|next| next.missing.is_empty()) else {
                break;
            };
            if !next.is_said() {
                return self.say_if_own(here, slot);
            }
            let Some(mut change) = motion.changes.pop_front() else { break };
            if let Some(saying) = change.saying.take() {
                self.tell_global(here, slot, *saying);
            } else if !self.install(here, slot, &change, None) {
                return;
            }
        }
        self.release_held(slot);
    }

    /// What goes to another core group goes now, as far as the old epoch let it: those along have
    /// been told the same.
    pub(crate) fn depart_forced(&mut self, here: &mut Here) {
        for (slot, lwg, to) in core::mem::take(&mut self.leaving) {
            if self.directory.find(here, lwg) == Some(slot) {
                let id = here.table.entry(slot).id;
                self.directory.alive -= 1;
                self.depart(here, slot, (to, id, id));
            }
        }
    }

    /// The epoch ends: MARKs that nobody has count as given.
    pub(crate) fn close_changes(&mut self, here: &mut Here, next: &vsync::View) {
        let slots: Vec<Slot> = self.directory.motions.keys().copied().collect();
        for slot in slots {
            self.close_changes_of(here, slot, next);
        }
    }

    fn close_changes_of(&mut self, here: &mut Here, slot: Slot, next: &vsync::View) {
        // Whoever has looked at it has installed it, before this view ended.
        self.ripen(here, slot);
        let mut overtaken = false;
        while let Some(motion) = self.directory.motions.get_mut(&slot) {
            motion.asked = 0;
            let Some(mut change) = motion.changes.pop_front() else { break };
            if let Some(saying) = change.saying.take() {
                self.overtake(here, slot, *saying);
                overtaken = true;
                continue;
            }
            // Who was told a GBCAST that nobody here was goes to another view than these.
            if overtaken || !change.missing.is_empty() {
                here.counters.forced += 1;
                change.cause = Digest::of("forced").with(&change.cause).with(&next.id).end();
            }
            if let Some(to) = change.to.take() {
                // Who came behind it comes again in the next view.
                let after = core::mem::take(&mut motion.changes);
                let alive = |last: &Change| last.to.is_none() && !last.members.is_empty();
                self.directory.alive -= usize::from(after.back().is_some_and(alive));
                let lwg = here.table.entry(slot).lwg;
                change.members = here.table.members(slot).clone();
                self.install(here, slot, &change, Some(&next.transitional));
                if !change.members.contains(&here.me) {
                    // Nothing of its own waits to go along.
                    let motion = self.directory.motions.remove(&slot).unwrap_or_default();
                    motion.held.into_iter().for_each(|ask| here.refuse(ask));
                }
                // It is here until it departs, unless the view takes its last members first.
                self.directory.alive += 1;
                self.leaving.push((slot, lwg, to));
                return;
            }
            if !self.install(here, slot, &change, Some(&next.transitional)) {
                return;
            }
        }
        self.release_held(slot);
    }

    /// The agreed change becomes the view. False: the group is gone.
    fn install(
        &mut self,
        here: &mut Here,
        slot: Slot,
        change: &Change,
        along: Option<&[Endpoint]>,
    ) -> bool {
        if let Some(to) = change.to {
            let previous = here.table.entry(slot).id;
            let closed = previous.after(change.number, change.cause);
            self.depart(here, slot, (to, closed, previous));
            return false;
        }
        let old = here.table.members(slot).clone();
        let entry = here.table.entry_mut(slot);
        let (lwg, previous) = (entry.lwg, entry.id);
        entry.id = if change.unites {
            ViewId::united(change.number, change.cause)
        } else {
            previous.after(change.number, change.cause)
        };
        entry.marks.clear(OF_VIEW);
        if ![previous.counter, entry.id.counter].iter().all(|one| is_of(*one, self.view.id)) {
            entry.marks.clear(YOUNG);
        }
        self.opening.remove(&lwg);
        if change.members.contains(&here.me) {
            self.directory.set_members(here, slot, &change.members);
            if self.land(here, slot, &change.arrivals, (true, along)) {
                return true;
            }
            if old.contains(&here.me) {
                let mut transitional = common(&change.members, &old);
                if let Some(along) = along {
                    transitional = common(&transitional, along);
                }
                self.tell_view(here, slot, transitional, Some(previous));
            } else {
                self.tell_view(here, slot, Members::from_slice(&[here.me]), None);
            }
            return true;
        }
        if old.contains(&here.me) {
            let why = if change.members.is_empty() { Why::Destroyed } else { Why::Removed };
            here.tell_out(lwg, why, change.number);
        }
        if change.members.is_empty() {
            let motion = self.directory.remove(here, slot).unwrap_or_default();
            for ask in motion.held {
                here.refuse(ask);
            }
            return false;
        }
        self.directory.set_members(here, slot, &change.members);
        true
    }

    pub(crate) fn tell_view(
        &self,
        here: &mut Here,
        slot: Slot,
        transitional: Members,
        previous: Option<ViewId>,
    ) {
        let view = self.view_of(here, slot, transitional, previous);
        here.tell_view(view);
    }

    fn view_of(
        &self,
        here: &Here,
        slot: Slot,
        transitional: Members,
        previous: Option<ViewId>,
    ) -> View {
        let entry = here.table.entry(slot);
        View {
            lwg: entry.lwg,
            id: entry.id,
            members: here.table.members(slot).clone(),
            transitional,
            core: self.id(),
            core_view: self.view.id,
            traits: entry.marks.traits(),
            previous,
            first: false,
        }
    }

    /// Nothing is pending: what waited for the view goes on its way.
    pub(crate) fn release_held(&mut self, slot: Slot) {
        let Some(motion) = self.directory.motions.get_mut(&slot) else { return };
        if motion.is_over() {
            let motion = self.directory.motions.remove(&slot).unwrap_or_default();
            // What waits in the queue was asked later.
            self.queue.prepend(motion.held);
        }
    }
}
