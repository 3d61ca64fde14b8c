//! The table: every group known at this process, small entries found by a hash of their name.
//!
//! A million groups must cost little while nothing happens to them. So entries lie in pages of one
//! size, the index holds their places alone, and the entries of one membership are a list through
//! the table: what a core view took from a membership concerns that list and nothing else.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;

use hashbrown::HashTable;

use crate::group::{Entry, Generation};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::lost::Lost;
use crate::membership::{Index, Memberships};
use crate::traits::{LOST, Marks};
use crate::view::ViewId;

/// A place in the table.
pub(crate) type Slot = u32;

/// No place: the end of a list.
pub(crate) const NOWHERE: Slot = Slot::MAX;

/// The membership of a place that is not taken.
const VACANT: Index = Index::MAX;

/// Entries of one page: one allocation for many, none much too large.
const PAGE: usize = 512;

/// Groups found last that are remembered: more than a busy process sends to by turns.
const LATELY: usize = 16;

pub(crate) struct Table {
    pages: Vec<Box<[Entry]>>,
    /// The first place that is not taken; the rest follow through `next`.
    free: Slot,
    len: usize,
    index: HashTable<Slot>,
    /// Groups found last that are in one place only, each where the end of its name says.
    lately: [Cell<Slot>; LATELY],
    /// Of the groups that have moved: most never do.
    generations: BTreeMap<Slot, Generation>,
    pub(crate) memberships: Memberships,
    /// How often anything has been written here.
    changes: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            free: NOWHERE,
            len: 0,
            index: HashTable::new(),
            lately: [const { Cell::new(NOWHERE) }; LATELY],
            generations: BTreeMap::new(),
            memberships: Memberships::default(),
            changes: 0,
        }
    }
}

fn entry_of(pages: &[Box<[Entry]>], slot: Slot) -> &Entry {
    &pages[slot as usize / PAGE][slot as usize % PAGE]
}

fn entry_of_mut(pages: &mut [Box<[Entry]>], slot: Slot) -> &mut Entry {
    &mut pages[slot as usize / PAGE][slot as usize % PAGE]
}

/// Every bit of a name in every bit of its hash; the names are members' own, not strangers'.
fn hash(lwg: LwgId) -> u64 {
    let mixed = (lwg.creator ^ lwg.count.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (mixed >> 32)
}

impl Table {
    /// Takes a group in on this core group.
    pub(crate) fn insert(
        &mut self,
        core: CoreNumber,
        lwg: LwgId,
        id: ViewId,
        members: &Members,
    ) -> Slot {
        if self.free == NOWHERE {
            self.grow();
        }
        self.changes += 1;
        let slot = self.free;
        let (membership, place) = self.memberships.intern(core, members);
        let entry = entry_of_mut(&mut self.pages, slot);
        self.free = entry.next;
        *entry = Entry { lwg, id, membership, place, ..Entry::default() };
        self.link(slot);
        self.len += 1;
        self.lately_of(lwg).set(NOWHERE);
        let pages = &self.pages;
        self.index.insert_unique(hash(lwg), slot, |slot| hash(entry_of(pages, *slot).lwg));
        slot
    }

    fn grow(&mut self) {
        let first = (self.pages.len() * PAGE) as Slot;
        let vacant = |at| Entry { membership: VACANT, next: at + 1, ..Entry::default() };
        let mut page: Vec<Entry> = (first..first + PAGE as Slot).map(vacant).collect();
        page[PAGE - 1].next = NOWHERE;
        self.pages.push(page.into_boxed_slice());
        self.free = first;
    }

    /// Takes a group out.
    pub(crate) fn remove(&mut self, slot: Slot) {
        if self.entry(slot).membership == VACANT {
            return;
        }
        self.unlink(slot);
        self.changes += 1;
        let entry = entry_of_mut(&mut self.pages, slot);
        let (lwg, membership) = (entry.lwg, entry.membership);
        entry.membership = VACANT;
        entry.next = self.free;
        self.free = slot;
        self.len -= 1;
        self.memberships.release(membership);
        self.generations.remove(&slot);
        if let Ok(found) = self.index.find_entry(hash(lwg), |found| *found == slot) {
            found.remove();
        }
    }

    const fn lately_of(&self, lwg: LwgId) -> &Cell<Slot> {
        &self.lately[lwg.count as usize % LATELY]
    }

    /// The only place of a group, if it is in one alone and was looked for lately.
    fn only(&self, lwg: LwgId) -> Option<Slot> {
        let slot = self.lately_of(lwg).get();
        (slot != NOWHERE && self.is_taken(slot) && self.entry(slot).lwg == lwg).then_some(slot)
    }

    /// Where a group is that is in one place alone, and on which core group.
    pub(crate) fn home(&self, lwg: LwgId) -> Option<(CoreNumber, Slot)> {
        let slot = self.only(lwg).or_else(|| {
            let mut homes = self.homes(lwg);
            let (_, slot) = homes.next()?;
            if homes.next().is_some() {
                return None;
            }
            self.lately_of(lwg).set(slot);
            Some(slot)
        })?;
        Some((self.memberships.core(self.entry(slot).membership), slot))
    }

    /// Where a group is on this core group.
    pub(crate) fn find(&self, lwg: LwgId, core: CoreNumber) -> Option<Slot> {
        if let Some(slot) = self.only(lwg) {
            return (self.memberships.core(self.entry(slot).membership) == core).then_some(slot);
        }
        let same = |slot: &Slot| {
            let entry = self.entry(*slot);
            entry.lwg == lwg && self.memberships.core(entry.membership) == core
        };
        self.index.find(hash(lwg), same).copied()
    }

    /// Everywhere that a group is: on more than one core group only if somebody used a name twice,
    /// or two parts of a partition moved it apart.
    pub(crate) fn homes(&self, lwg: LwgId) -> impl Iterator<Item = (CoreNumber, Slot)> {
        let found = self.index.iter_hash(hash(lwg)).copied();
        found
            .filter(move |slot| self.entry(*slot).lwg == lwg)
            .map(|slot| (self.memberships.core(self.entry(slot).membership), slot))
    }

    pub(crate) fn entry(&self, slot: Slot) -> &Entry {
        entry_of(&self.pages, slot)
    }

    pub(crate) fn entry_mut(&mut self, slot: Slot) -> &mut Entry {
        self.changes += 1;
        entry_of_mut(&mut self.pages, slot)
    }

    pub(crate) fn is_taken(&self, slot: Slot) -> bool {
        self.entry(slot).membership != VACANT
    }

    /// The installed members of a group that is up to date.
    pub(crate) fn members(&self, slot: Slot) -> &Members {
        self.memberships.members(self.entry(slot).membership)
    }

    /// Gives a group another membership.
    pub(crate) fn set_members(&mut self, slot: Slot, members: &Members) {
        let before = self.entry(slot).membership;
        let (membership, place) = self.memberships.intern(self.memberships.core(before), members);
        self.unlink(slot);
        let entry = self.entry_mut(slot);
        entry.membership = membership;
        entry.place = place;
        let lost = entry.marks.has(LOST);
        self.link(slot);
        if lost {
            let lost = self.memberships.lost(before).clone();
            self.memberships.note_lost(membership, &lost);
        }
        self.memberships.release(before);
    }

    /// What others say of a group is so of it from now on, and whom it has lost.
    pub(crate) fn join_marks(&mut self, slot: Slot, marks: Marks, lost: &Lost) {
        let entry = self.entry_mut(slot);
        entry.marks.join(marks);
        let (membership, has_lost) = (entry.membership, entry.marks.has(LOST));
        if has_lost {
            self.memberships.note_lost(membership, lost);
        }
    }

    /// As long as it is the same, all that was found of groups here is so still. Never 0.
    pub(crate) const fn state(&self) -> u64 {
        self.changes + self.memberships.losses() + 1
    }

    /// How often a group has moved.
    pub(crate) fn generation(&self, slot: Slot) -> Generation {
        self.generations.get(&slot).copied().unwrap_or_default()
    }

    pub(crate) fn set_generation(&mut self, slot: Slot, generation: Generation) {
        self.changes += 1;
        if generation == Generation::default() {
            self.generations.remove(&slot);
        } else {
            self.generations.insert(slot, generation);
        }
    }

    /// How many groups there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    fn link(&mut self, slot: Slot) {
        let membership = self.entry(slot).membership;
        let second = core::mem::replace(self.memberships.first_mut(membership), slot);
        let entry = self.entry_mut(slot);
        entry.previous = NOWHERE;
        entry.next = second;
        if second != NOWHERE {
            self.entry_mut(second).previous = slot;
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let entry = self.entry(slot);
        let (membership, previous, next) = (entry.membership, entry.previous, entry.next);
        if previous == NOWHERE {
            *self.memberships.first_mut(membership) = next;
        } else {
            self.entry_mut(previous).next = next;
        }
        if next != NOWHERE {
            self.entry_mut(next).previous = previous;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::{NodeId, ProcId, Random};
    use vsync::Endpoint;

    fn of(nodes: u64) -> Members {
        let member = |node| Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 });
        (0..4).filter(|bit| nodes >> bit & 1 == 1).map(member).collect()
    }

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 48);
    }

    /// Every list holds exactly the entries of its membership, whatever was done.
    #[test]
    fn lists_and_index_agree_with_a_plain_map() {
        let (mut random, mut table) = (Random::new(5), Table::default());
        let mut plain: BTreeMap<(CoreNumber, LwgId), Members> = BTreeMap::new();
        for _ in 0..20_000 {
            let lwg = LwgId { creator: random.below(3), count: random.below(300) };
            let core = random.below(2) as CoreNumber;
            let members = of(random.below(16));
            let homes: Vec<_> = table.homes(lwg).collect();
            let only = if let [home] = homes[..] { Some(home) } else { None };
            assert_eq!(table.home(lwg), only);
            match (table.find(lwg, core), random.below(3)) {
                (Some(slot), 0) => {
                    table.remove(slot);
                    plain.remove(&(core, lwg));
                }
                (Some(slot), _) => {
                    table.set_members(slot, &members);
                    plain.insert((core, lwg), members);
                }
                (None, _) => {
                    assert!(!plain.contains_key(&(core, lwg)));
                    table.insert(core, lwg, ViewId::default(), &members);
                    plain.insert((core, lwg), members);
                }
            }
        }
        assert_eq!(table.len(), plain.len());
        let mut listed = BTreeMap::new();
        for core in 0..2 {
            for index in table.memberships.of(core) {
                let mut at = *table.memberships.first_mut(index);
                while at != NOWHERE {
                    listed.insert((core, table.entry(at).lwg), table.members(at).clone());
                    at = table.entry(at).next;
                }
            }
        }
        assert_eq!(listed, plain);
    }
}
