//! Uniting: what an exchange has brought becomes one directory, a few groups at a time.
//!
//! *Takes* the directories of all other parts, known at one place of the core group's total order.
//! *Promises* that the directory is, for whoever looks, what it would be had all groups been united
//! at that place: what concerns a group unites it first, what concerns them all unites them all,
//! and the own MARK for all groups that are united goes only when that is done. *Keeps* what others
//! have said of groups that nobody has looked at since.
//!
//! There may be a million. To unite them takes seconds, and who is silent for a second is taken for
//! dead by the others, who would part again, and meet again, for ever.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Malformed, Wire};
use smallvec::SmallVec;
use vsync::Endpoint;

use crate::core_group::CoreGroup;
use crate::digest::Digest;
use crate::group::{Change, Destination, Generation};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::lost::Lost;
use crate::page::Page;
use crate::policy::GATHERED;
use crate::table::Slot;
use crate::traits::{Marks, RELAXED};
use crate::view::{ViewId, number_after};

/// The directories of other parts.
#[derive(Default)]
pub(crate) struct Found {
    groups: Groups,
    dead: BTreeSet<LwgId>,
    moved: BTreeMap<LwgId, Vec<Destination>>,
}

/// Groups in them that are not united with those here.
#[derive(Default)]
pub(crate) struct Groups {
    memberships: Vec<(Members, Lost)>,
    parts: BTreeMap<LwgId, SmallVec<[Said; 1]>>,
}

/// What one part says of a group.
#[derive(Clone, Copy)]
struct Said {
    id: ViewId,
    generation: Generation,
    marks: Marks,
    /// A place among the memberships.
    membership: u32,
}

/// A part of a group.
pub(crate) struct Part {
    pub(crate) id: ViewId,
    generation: Generation,
    marks: Marks,
    lost: Lost,
    pub(crate) members: Members,
}

impl Found {
    /// Takes in a page of one of them.
    pub(crate) fn read(&mut self, from: &mut &[u8]) -> Result<(), Malformed> {
        let page = Page::read(from)?;
        self.dead.extend(page.dead);
        for (lwg, to) in page.moved {
            self.moved.entry(lwg).or_default().push(to);
        }
        let Groups { memberships, parts } = &mut self.groups;
        // A page says anew whose its first entry is: it is read alone.
        let mut begun = false;
        for entry in page.entries {
            begun |= entry.members.is_some();
            memberships.extend(entry.members);
            if !begun {
                return Err(Malformed);
            }
            let membership = memberships.len() as u32 - 1;
            let said =
                Said { id: entry.id, generation: entry.generation, marks: entry.marks, membership };
            parts.entry(entry.lwg).or_default().push(said);
        }
        Ok(())
    }
}

impl Groups {
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    fn take(&mut self, lwg: LwgId) -> Option<Vec<Part>> {
        self.parts.remove(&lwg).map(|said| self.told(&said))
    }

    fn take_first(&mut self) -> Option<(LwgId, Vec<Part>)> {
        let (lwg, said) = self.parts.pop_first()?;
        Some((lwg, self.told(&said)))
    }

    fn told(&self, said: &[Said]) -> Vec<Part> {
        // One's own comes to them.
        let mut parts = Vec::with_capacity(said.len() + 1);
        parts.extend(said.iter().map(|said| {
            let (members, lost) = self.memberships[said.membership as usize].clone();
            Part { id: said.id, generation: said.generation, marks: said.marks, lost, members }
        }));
        parts
    }
}

impl CoreGroup {
    /// All directories of this view are known: they are one from now on.
    pub(crate) fn begin_uniting(&mut self, here: &mut Here, found: Found) {
        let Found { mut groups, dead, mut moved } = found;
        // What is gone is remembered up to a bound, in an order that is the same at all members.
        let gone = self.directory.dead.iter().chain(self.moved.iter().map(|(lwg, _)| lwg));
        let mut first: BTreeSet<LwgId> =
            gone.filter(|lwg| groups.parts.contains_key(lwg)).collect();
        first.extend(dead.iter().chain(moved.keys()));
        for lwg in first {
            let parts = groups.take(lwg).unwrap_or_default();
            let ends = dead.contains(&lwg) || self.directory.dead.contains(lwg);
            let notes = moved.remove(&lwg).unwrap_or_default();
            self.unify(here, lwg, parts, ends, notes);
        }
        self.uniting = Some(groups);
        self.unite_some(here, here.at_once);
    }

    /// Unites so many groups more.
    pub(crate) fn unite_some(&mut self, here: &mut Here, most: usize) {
        for _ in 0..most {
            let Some(groups) = &mut self.uniting else { return };
            let Some((lwg, parts)) = groups.take_first() else {
                self.uniting = None;
                return self.mark_for_all();
            };
            self.unify(here, lwg, parts, false, Vec::new());
        }
    }

    /// Unites this one, if it is not.
    pub(crate) fn unite_first(&mut self, here: &mut Here, lwg: LwgId) {
        if let Some(parts) = self.uniting.as_mut().and_then(|groups| groups.take(lwg)) {
            self.unify(here, lwg, parts, false, Vec::new());
        }
    }

    fn unify(
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
            here.look_at_hopes(lwg);
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
}
