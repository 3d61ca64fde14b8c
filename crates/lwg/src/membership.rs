//! Memberships, interned: few distinct ones, however many groups.
//!
//! A core view change touches each distinct membership once and notes in its log what it lost. The
//! groups that have it are brought up to date when touched, or by the sweep (protocol 6.3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use vsync::Endpoint;

use crate::here::CoreNumber;
use crate::id::Members;
use crate::limits::MEMBERS_MAX;
use crate::lost::{Latest, Lost};
use crate::table::{NOWHERE, Slot};

/// The place of a membership in the table.
pub(crate) type Index = u32;

/// A loss of members to a core view.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Who is left.
    pub(crate) members: Members,
    /// The core view that lost them.
    pub(crate) view: vsync::ViewId,
    /// The lowest of those who moved along into it: tells apart what two components make of it.
    pub(crate) lowest: Endpoint,
}

struct Membership {
    core: CoreNumber,
    members: Members,
    uses: u32,
    /// How many steps were taken off the front of the log.
    base: u8,
    log: Vec<Step>,
    /// The first of its entries in the table.
    first: Slot,
    /// Whom its entries have lost, all together.
    lost: Lost,
}

/// All memberships of all core groups of this process.
#[derive(Default)]
pub(crate) struct Memberships {
    list: Vec<Membership>,
    free: Vec<Index>,
    known: BTreeMap<(CoreNumber, Members), Index>,
    used: BTreeSet<(CoreNumber, Index)>,
    losses: u64,
    pub(crate) latest: Latest,
}

impl Memberships {
    /// The one of these members, with the place in its log that is up to date; one more use.
    pub(crate) fn intern(&mut self, core: CoreNumber, members: &Members) -> (Index, u8) {
        // A key to look up with: few members lie in it, so that nothing is allocated.
        let key = (core, members.clone());
        if let Some(&index) = self.known.get(&key) {
            let membership = &mut self.list[index as usize];
            membership.uses += 1;
            return (index, membership.base.wrapping_add(membership.log.len() as u8));
        }
        let members = members.clone();
        let (log, first, lost) = (Vec::new(), NOWHERE, Lost::default());
        let new = Membership { core, members, uses: 1, base: 0, log, first, lost };
        let index = if let Some(index) = self.free.pop() {
            self.list[index as usize] = new;
            index
        } else {
            self.list.push(new);
            (self.list.len() - 1) as Index
        };
        self.known.insert(key, index);
        self.used.insert((core, index));
        (index, 0)
    }

    /// One use less.
    pub(crate) fn release(&mut self, index: Index) {
        let membership = &mut self.list[index as usize];
        membership.uses -= 1;
        if membership.uses > 0 {
            return;
        }
        (membership.log, membership.lost) = (Vec::new(), Lost::default());
        let core = membership.core;
        let key = (core, core::mem::take(&mut membership.members));
        if self.known.get(&key) == Some(&index) {
            self.known.remove(&key);
        }
        self.used.remove(&(core, index));
        self.free.push(index);
    }

    /// Whether it is in use on that core group.
    pub(crate) fn is_of(&self, index: Index, core: CoreNumber) -> bool {
        self.used.contains(&(core, index))
    }

    /// How many steps its log has.
    pub(crate) fn steps(&self, index: Index) -> usize {
        self.list[index as usize].log.len()
    }

    /// The core group that it is of.
    pub(crate) fn core(&self, index: Index) -> CoreNumber {
        self.list[index as usize].core
    }

    /// Those of one core group that are in use.
    pub(crate) fn of(&self, core: CoreNumber) -> Vec<Index> {
        self.used.range((core, 0)..=(core, Index::MAX)).map(|(_, index)| *index).collect()
    }

    /// The one in use there that follows this one.
    pub(crate) fn after(&self, core: CoreNumber, index: Option<Index>) -> Option<Index> {
        let from = index.map_or(0, |index| index + 1);
        self.used.range((core, from)..=(core, Index::MAX)).next().map(|(_, index)| *index)
    }

    /// Who it is now: only for entries that are up to date.
    pub(crate) fn members(&self, index: Index) -> &Members {
        &self.list[index as usize].members
    }

    /// How often one has lost members to a core view.
    pub(crate) const fn losses(&self) -> u64 {
        self.losses
    }

    /// One of its entries has lost these, but for who is in it again.
    pub(crate) fn note_lost(&mut self, index: Index, lost: &Lost) {
        let Membership { lost: known, members, .. } = &mut self.list[index as usize];
        known.join(lost);
        known.leave_out(|one| members.contains(one) || self.latest.is_over(one));
    }

    /// Whom its entries have lost, all together.
    pub(crate) fn lost(&self, index: Index) -> &Lost {
        &self.list[index as usize].lost
    }

    /// Whether somebody whom one of its entries has lost may be anywhere but in this core view.
    pub(crate) fn is_apart(&self, index: Index, core: &[Endpoint]) -> bool {
        self.lost(index).are_any(|one| core.contains(one) || self.latest.is_over(one))
    }

    /// How many groups have it.
    pub(crate) fn uses(&self, index: Index) -> u32 {
        self.list[index as usize].uses
    }

    /// The first of its entries.
    pub(crate) fn first_mut(&mut self, index: Index) -> &mut Slot {
        &mut self.list[index as usize].first
    }

    /// The first of its entries.
    pub(crate) fn first(&self, index: Index) -> Slot {
        self.list[index as usize].first
    }

    /// What an entry at this place of the log has still to take.
    pub(crate) fn step(&self, index: Index, place: u8) -> Option<&Step> {
        let membership = &self.list[index as usize];
        membership.log.get(usize::from(place.wrapping_sub(membership.base)))
    }

    /// The index that an up-to-date entry of this membership should have: two may become equal.
    pub(crate) fn canonical(&self, index: Index) -> Index {
        let membership = &self.list[index as usize];
        let key = (membership.core, membership.members.clone());
        self.known.get(&key).copied().unwrap_or(index)
    }

    /// Every membership of a core group loses whoever did not come along. Tells which did lose.
    pub(crate) fn lose(
        &mut self,
        core: CoreNumber,
        along: impl Fn(&Endpoint) -> bool,
        view: vsync::ViewId,
        lowest: Endpoint,
    ) -> Vec<Index> {
        let mut lost = Vec::new();
        for index in self.of(core) {
            let membership = &mut self.list[index as usize];
            if membership.members.iter().all(&along) {
                continue;
            }
            lost.push(index);
            self.losses += 1;
            let gone = membership.members.iter().copied().filter(|member| !along(member));
            let lost = Lost::of(gone);
            let left: Members = membership.members.iter().copied().filter(&along).collect();
            let before = core::mem::replace(&mut membership.members, left.clone());
            membership.log.push(Step { members: left.clone(), view, lowest });
            let key = (core, before);
            if self.known.get(&key) == Some(&index) {
                self.known.remove(&key);
            }
            if !left.is_empty() {
                self.known.entry((core, left)).or_insert(index);
            }
            self.note_lost(index, &lost);
        }
        lost
    }

    /// Every entry of it is up to date: nobody needs its log.
    pub(crate) fn forget_steps(&mut self, index: Index) {
        let membership = &mut self.list[index as usize];
        membership.base = membership.base.wrapping_add(membership.log.len() as u8);
        membership.log = Vec::new();
    }

    /// How many distinct ones are in use.
    pub(crate) fn len(&self) -> usize {
        self.used.len()
    }
}

/// The members named, each once, in the order given; none if they are too many.
pub(crate) fn distinct(members: &[Endpoint]) -> Option<Members> {
    let mut distinct = Members::new();
    for member in members {
        if !distinct.contains(member) {
            distinct.push(*member);
        }
    }
    (distinct.len() <= MEMBERS_MAX).then_some(distinct)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;
    use vsync::ProcId;

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    fn of(nodes: &[u64]) -> Members {
        nodes.iter().map(|node| member(*node)).collect()
    }

    #[test]
    fn memberships_that_become_equal_become_one_as_their_entries_move_over() {
        let mut all = Memberships::default();
        let (three, place) = all.intern(0, &of(&[1, 2, 3]));
        let (two, _) = all.intern(0, &of(&[1, 2]));
        let (elsewhere, _) = all.intern(1, &of(&[1, 2, 3]));
        assert_eq!(all.intern(0, &of(&[1, 2])).0, two);
        let view = vsync::ViewId::default();
        assert_eq!(all.lose(0, |who| *who != member(3), view, member(1)), [three]);
        assert_eq!(all.step(three, place).map(|step| &step.members), Some(&of(&[1, 2])));
        assert!(all.step(three, place + 1).is_none());
        assert_eq!(all.canonical(three), two);
        assert_eq!(all.members(elsewhere), &of(&[1, 2, 3]));
        all.release(three);
        assert_eq!(all.len(), 2);
        all.forget_steps(two);
        assert_eq!(all.intern(0, &of(&[1, 2])), (two, 0));
    }

    #[test]
    fn a_place_stays_up_to_date_when_the_log_is_forgotten() {
        let mut all = Memberships::default();
        let (index, place) = all.intern(0, &of(&[1, 2]));
        all.lose(0, |who| *who == member(1), vsync::ViewId::default(), member(1));
        assert!(all.step(index, place).is_some());
        all.forget_steps(index);
        assert!(all.step(index, place + 1).is_none());
        assert_eq!(all.members(index), &of(&[1]));
    }
}
