//! The exchange: after joins and merges, directories become one again (protocol 6.7).
//!
//! *Takes* a view of several parts. *Promises* that all its members end with one directory, and
//! that operations are applied to that one only: they wait for its end. Messages flow meanwhile, in
//! the views there are; those of a part's lowest member wait until its directory has gone out.
//! Each member's first cast is its LABEL; the lowest rank of each distinct label casts its
//! DIRECTORY; the last one delivered decides, at one place of the total order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Malformed, Wire};
use smallvec::SmallVec;
use vsync::{Endpoint, Message};

use crate::core_group::CoreGroup;
use crate::digest::Digest;
use crate::group::{Ask, Change, Destination, Generation};
use crate::header::{Label, Op, What};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::limits::{DIRECTORY_BYTES_MAX, DIRECTORY_ENTRIES_MAX};
use crate::lost::Lost;
use crate::outgoing::{Rest, Urgent};
use crate::page::{Entry, Page};
use crate::policy::GATHERED;
use crate::table::Slot;
use crate::traits::{Marks, RELAXED};
use crate::view::{ViewId, number_after};

#[derive(Default)]
pub(crate) struct Exchange {
    labels: BTreeMap<Endpoint, Option<Label>>,
    /// Whose DIRECTORY is awaited, once all labels are in.
    needed: Option<BTreeSet<Label>>,
    complete: BTreeSet<Label>,
    foreign: BTreeMap<Label, Foreign>,
    /// What was delivered meanwhile, in order.
    pub(crate) ops: Vec<(Endpoint, Op, Message)>,
}

/// The directory of another part.
#[derive(Default)]
struct Foreign {
    memberships: Vec<(Members, Lost)>,
    /// With the place of the membership above.
    entries: Vec<(LwgId, ViewId, Generation, Marks, usize)>,
    dead: Vec<LwgId>,
    moved: Vec<(LwgId, Destination)>,
}

/// A part of a group.
pub(crate) struct Part {
    pub(crate) id: ViewId,
    generation: Generation,
    marks: Marks,
    lost: Lost,
    pub(crate) members: Members,
}

impl CoreGroup {
    /// In a new view: an exchange if its directories may differ.
    pub(crate) fn begin_exchange(&mut self, here: &mut Here) {
        if self.view.parts.len() <= 1 && !self.unfinished {
            self.label = Some(Digest::of("view").with(&self.view.id).end());
            return;
        }
        self.unfinished = false;
        self.label =
            self.label.map(|label| Digest::of("moved").with(&label).with(&self.view.id).end());
        debug_assert!(self.directory.motions.is_empty(), "a view ends all changes");
        here.counters.exchanges += 1;
        self.exchange = Some(Exchange::default());
        self.urgent.push_back(Urgent::Label(self.label));
    }

    /// The view ends: an exchange that runs is to be repeated, what waited for it is void.
    pub(crate) fn end_exchange(&mut self, here: &mut Here) {
        let Some(exchange) = self.exchange.take() else { return };
        self.unfinished = true;
        for (from, op, message) in exchange.ops {
            here.counters.dropped += 1;
            if from == here.me {
                match op.what {
                    // What waits behind it is in the queue by now.
                    What::Say(say) => self.queue.push_front(say.ask(op.lwg, message)),
                    _ => here.refuse(Ask::Op(op)),
                }
            }
        }
    }

    pub(crate) fn on_label(&mut self, here: &mut Here, from: Endpoint, label: Option<Label>) {
        let Some(exchange) = &mut self.exchange else { return };
        exchange.labels.insert(from, label);
        let labels = &exchange.labels;
        if exchange.needed.is_some()
            || !self.view.members.iter().all(|member| labels.contains_key(member))
        {
            return;
        }
        let mut distinct: BTreeSet<Label> = labels.values().copied().flatten().collect();
        if distinct.len() == 1 && labels.values().all(Option::is_some) {
            distinct.clear();
        }
        let speaker = |label| {
            self.view.members.iter().find(|member| labels.get(member) == Some(&Some(label)))
        };
        if let Some(mine) = self.label.filter(|mine| distinct.contains(mine))
            && speaker(mine) == Some(&here.me)
        {
            let rest = Rest::Tombstones(0);
            self.urgent.push_back(Urgent::Directory { label: mine, rest });
        }
        exchange.needed = Some(distinct);
        self.unify_if_all(here);
    }

    pub(crate) fn on_directory(
        &mut self,
        here: &mut Here,
        label: Label,
        last: bool,
        mut bytes: &[u8],
    ) {
        let Some(exchange) = &mut self.exchange else { return };
        if self.label != Some(label) {
            let foreign = exchange.foreign.entry(label).or_default();
            if foreign.read(&mut bytes).is_err() {
                here.counters.malformed += 1;
            }
        }
        if last {
            exchange.complete.insert(label);
            self.unify_if_all(here);
        }
    }

    fn unify_if_all(&mut self, here: &mut Here) {
        let all = |exchange: &mut Exchange| {
            exchange.needed.as_ref().is_some_and(|needed| needed.is_subset(&exchange.complete))
        };
        if let Some(exchange) = self.exchange.take_if(all) {
            self.unify(here, &exchange);
            for (from, op, message) in exchange.ops {
                self.apply(here, from, op, message);
            }
        }
    }

    /// All directories of this view are known: one for all.
    fn unify(&mut self, here: &mut Here, exchange: &Exchange) {
        if exchange.needed.as_ref().is_some_and(BTreeSet::is_empty) && self.label.is_some() {
            return;
        }
        self.label = Some(Digest::of("unified").with(&self.view.id).end());
        let mut found: BTreeMap<LwgId, SmallVec<[(&Foreign, usize); 1]>> = BTreeMap::new();
        let mut dead: BTreeSet<LwgId> = BTreeSet::new();
        let mut moved: BTreeMap<LwgId, Vec<Destination>> = BTreeMap::new();
        for foreign in exchange.foreign.values() {
            for (at, (lwg, ..)) in foreign.entries.iter().enumerate() {
                found.entry(*lwg).or_default().push((foreign, at));
            }
            dead.extend(&foreign.dead);
            for (lwg, to) in &foreign.moved {
                moved.entry(*lwg).or_default().push(*to);
            }
        }
        for lwg in dead.iter().chain(moved.keys()) {
            found.entry(*lwg).or_default();
        }
        for (lwg, found) in found {
            // One's own comes to them.
            let mut parts = Vec::with_capacity(found.len() + 1);
            parts.extend(found.into_iter().map(|(foreign, at)| foreign.part(at)));
            let ends = dead.contains(&lwg) || self.directory.dead.contains(lwg);
            let notes = moved.remove(&lwg).unwrap_or_default();
            self.unify_one(here, lwg, parts, ends, notes);
        }
        self.mark_for_all();
    }

    fn unify_one(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        mut parts: Vec<Part>,
        ends: bool,
        mut notes: Vec<Destination>,
    ) {
        let mine = self.directory.find(here, lwg);
        if let Some(slot) = mine {
            let (entry, generation) = (here.table.entry(slot), here.table.generation(slot));
            let (id, marks) = (entry.id, entry.marks);
            let lost = here.table.memberships.lost(entry.membership).clone();
            let members = here.table.members(slot).clone();
            parts.push(Part { id, generation, marks, lost, members });
        }
        notes.extend(self.moved.get(lwg));
        // A group that is here again, later, has come back since.
        let last = parts.iter().map(|part| part.generation).max().unwrap_or_default();
        notes.retain(|to| to.generation >= last);
        let latest = notes.iter().copied().max_by_key(|to| (to.generation, to.core));
        let apart = notes.iter().any(|note| Some(note.core) != latest.map(|to| to.core));
        if !ends && latest.is_some() && (apart || !parts.is_empty()) {
            // Who moved away comes back: all of them are here, and nobody else knows of it.
            here.counters.apart += 1;
            here.asides.push_back(Aside::Elsewhere { lwg, to: self.id() });
        }
        match (&parts[..], mine) {
            ([], _) if ends => {
                self.directory.dead.insert(lwg, false);
                here.asides.push_back(Aside::Doomed { lwg });
            }
            ([], _) => {
                if let Some(to) = latest {
                    let parted = (to.rule == GATHERED).then_some(here.now);
                    self.moved.insert(lwg, to, parted);
                }
            }
            ([Part { id, members, .. }], None) if !ends => {
                self.directory.insert(here, lwg, *id, members);
                // Only a relaxed group goes on without members.
                self.directory.alive -= usize::from(members.is_empty());
                here.asides.push_back(Aside::Known { lwg, core: self.number() });
            }
            ([_], Some(_)) if !ends => {}
            _ if parts.iter().any(|part| part.marks.has(RELAXED)) => {
                self.unite_relaxed(here, lwg, mine, &parts, ends);
            }
            _ => self.unite(here, lwg, mine, &parts, ends),
        }
        if let Some(slot) = self.directory.find(here, lwg) {
            let last = latest.map_or(last, |to| to.generation);
            here.table.set_generation(slot, last);
            for Part { marks, lost, .. } in &parts {
                here.table.join_marks(slot, *marks, lost);
            }
            self.moved.remove(lwg);
        }
    }

    /// One group in several parts, or destroyed in one: a change for all its members.
    fn unite(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        mine: Option<Slot>,
        parts: &[Part],
        ends: bool,
    ) {
        here.counters.united += 1;
        let slot = mine
            .unwrap_or_else(|| self.directory.insert(here, lwg, parts[0].id, &parts[0].members));
        let inside = |member: &Endpoint| parts.iter().any(|part| part.members.contains(member));
        let old: Members = self.view.members.iter().copied().filter(inside).collect();
        let (number, cause) = self.of_parts(parts);
        let members = if ends { Members::new() } else { old.clone() };
        let change = Change { unites: true, ..Change::new(number, cause, members, old) };
        self.agree(here, slot, change);
    }

    /// The number that follows those of all parts, and what stands for them.
    pub(crate) fn of_parts(&self, parts: &[Part]) -> (u64, u64) {
        let mut ids: Vec<ViewId> = parts.iter().map(|part| part.id).collect();
        ids.sort_unstable();
        let last = ids.iter().map(|id| id.counter).max().unwrap_or(0);
        let cause = ids.iter().fold(Digest::of("parts"), |hash, id| hash.with(id)).end();
        (number_after(last, self.view.id), cause)
    }

    /// The bytes of the next page of this directory (see `page.rs`), and where it goes on.
    pub(crate) fn directory_page(
        &mut self,
        here: &mut Here,
        rest: Rest,
    ) -> (Vec<u8>, Option<Rest>) {
        let mut bytes = Vec::new();
        let mut from = None;
        let (mut dead, mut moved) = (Vec::new(), Vec::new());
        let mut next = rest;
        if let Rest::Tombstones(after) = next {
            dead.extend(self.directory.dead.iter().skip(after).take(DIRECTORY_ENTRIES_MAX));
            let whole = dead.len() < DIRECTORY_ENTRIES_MAX;
            next = if whole { Rest::Moved(0) } else { Rest::Tombstones(after + dead.len()) };
        }
        if let Rest::Moved(after) = next {
            moved.extend(self.moved.iter().skip(after).take(DIRECTORY_ENTRIES_MAX));
            if moved.len() == DIRECTORY_ENTRIES_MAX {
                next = Rest::Moved(after + moved.len());
            }
        }
        dead.write(&mut bytes);
        moved.write(&mut bytes);
        match next {
            Rest::Entries(place) => from = Some(place),
            Rest::Moved(_) if moved.len() < DIRECTORY_ENTRIES_MAX => {}
            next => return (bytes, Some(next)),
        }
        let (page, next) = self.directory.page(here, from, DIRECTORY_ENTRIES_MAX);
        let mut last = None;
        for slot in page {
            if bytes.len() > DIRECTORY_BYTES_MAX {
                let here = here.table.entry(slot).membership;
                return (bytes, Some(Rest::Entries((here, slot))));
            }
            let entry = here.table.entry(slot);
            let again = last.replace(entry.membership) == Some(entry.membership);
            let memberships = &here.table.memberships;
            let (members, lost) = (here.table.members(slot), memberships.lost(entry.membership));
            let members = (!again).then(|| (members.clone(), lost.clone()));
            let (lwg, id, marks) = (entry.lwg, entry.id, entry.marks);
            let generation = here.table.generation(slot);
            Entry { lwg, id, generation, marks, members }.write(&mut bytes);
        }
        (bytes, next.map(Rest::Entries))
    }
}

impl Foreign {
    /// The part in this place.
    fn part(&self, at: usize) -> Part {
        let (_, id, generation, marks, membership) = self.entries[at];
        let (members, lost) = self.memberships[membership].clone();
        Part { id, generation, marks, lost, members }
    }

    fn read(&mut self, from: &mut &[u8]) -> Result<(), Malformed> {
        let page = Page::read(from)?;
        self.dead.extend(page.dead);
        self.moved.extend(page.moved);
        // A page says anew whose its first entry is: it is read alone.
        let mut begun = false;
        for entry in page.entries {
            begun |= entry.members.is_some();
            self.memberships.extend(entry.members);
            if !begun {
                return Err(Malformed);
            }
            let place = self.memberships.len() - 1;
            self.entries.push((entry.lwg, entry.id, entry.generation, entry.marks, place));
        }
        Ok(())
    }
}
