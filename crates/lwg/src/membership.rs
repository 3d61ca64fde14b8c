//! Memberships, interned: few distinct ones, however many groups.
//!
//! A core view change touches each distinct membership once and notes in its log what it lost. The
//! groups that have it are brought up to date when touched, or by the sweep (protocol 6.3).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::Endpoint;

use crate::id::Members;
use crate::limits::MEMBERS_MAX;

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
    members: Members,
    uses: u32,
    /// How many steps were taken off the front of the log.
    base: u32,
    log: Vec<Step>,
}

/// All memberships of one directory.
#[derive(Default)]
pub(crate) struct Memberships {
    list: Vec<Membership>,
    free: Vec<Index>,
    known: BTreeMap<Members, Index>,
}

impl Memberships {
    /// The one of these members, with the place in its log that is up to date; one more use.
    pub(crate) fn intern(&mut self, members: &Members) -> (Index, u32) {
        if let Some(&index) = self.known.get(members) {
            let membership = &mut self.list[index as usize];
            membership.uses += 1;
            return (index, membership.base.wrapping_add(membership.log.len() as u32));
        }
        let new = Membership { members: members.clone(), uses: 1, base: 0, log: Vec::new() };
        let index = if let Some(index) = self.free.pop() {
            self.list[index as usize] = new;
            index
        } else {
            self.list.push(new);
            (self.list.len() - 1) as Index
        };
        self.known.insert(members.clone(), index);
        (index, 0)
    }

    /// One use less.
    pub(crate) fn release(&mut self, index: Index) {
        let membership = &mut self.list[index as usize];
        membership.uses -= 1;
        if membership.uses == 0 {
            membership.log = Vec::new();
            if self.known.get(&membership.members) == Some(&index) {
                self.known.remove(&membership.members);
            }
            self.free.push(index);
        }
    }

    /// Who it is now: only for entries that are up to date.
    pub(crate) fn members(&self, index: Index) -> &Members {
        &self.list[index as usize].members
    }

    /// What an entry at this place of the log has still to take.
    pub(crate) fn step(&self, index: Index, place: u32) -> Option<&Step> {
        let membership = &self.list[index as usize];
        membership.log.get(place.wrapping_sub(membership.base) as usize)
    }

    /// The index that an up-to-date entry of this membership should have: two may become equal.
    pub(crate) fn canonical(&self, index: Index) -> Index {
        self.known.get(&self.list[index as usize].members).copied().unwrap_or(index)
    }

    /// Every membership loses whoever did not come along. Tells whether any did lose.
    pub(crate) fn lose(
        &mut self,
        along: impl Fn(&Endpoint) -> bool,
        view: vsync::ViewId,
        lowest: Endpoint,
    ) -> bool {
        let mut any = false;
        for index in 0..self.list.len() {
            let membership = &mut self.list[index];
            if membership.uses == 0 || membership.members.iter().all(&along) {
                continue;
            }
            any = true;
            let left: Members = membership.members.iter().copied().filter(&along).collect();
            let before = core::mem::replace(&mut membership.members, left.clone());
            membership.log.push(Step { members: left.clone(), view, lowest });
            let index = index as Index;
            if self.known.get(&before) == Some(&index) {
                self.known.remove(&before);
            }
            if !left.is_empty() {
                self.known.entry(left).or_insert(index);
            }
        }
        any
    }

    /// Every entry is up to date: nobody needs the logs.
    pub(crate) fn forget_steps(&mut self) {
        for membership in &mut self.list {
            membership.base = membership.base.wrapping_add(membership.log.len() as u32);
            membership.log = Vec::new();
        }
    }

    /// How many distinct ones are in use.
    pub(crate) fn len(&self) -> usize {
        self.list.len() - self.free.len()
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
        let (three, place) = all.intern(&of(&[1, 2, 3]));
        let (two, _) = all.intern(&of(&[1, 2]));
        assert_eq!(all.intern(&of(&[1, 2])).0, two);
        assert!(all.lose(|who| *who != member(3), vsync::ViewId::default(), member(1)));
        assert_eq!(all.step(three, place).map(|step| &step.members), Some(&of(&[1, 2])));
        assert!(all.step(three, place + 1).is_none());
        assert_eq!(all.canonical(three), two);
        all.release(three);
        assert_eq!(all.len(), 1);
        all.forget_steps();
        assert_eq!(all.intern(&of(&[1, 2])), (two, 0));
    }

    #[test]
    fn a_place_stays_up_to_date_when_the_log_is_forgotten() {
        let mut all = Memberships::default();
        let (index, place) = all.intern(&of(&[1, 2]));
        all.lose(|who| *who == member(1), vsync::ViewId::default(), member(1));
        assert!(all.step(index, place).is_some());
        all.forget_steps();
        assert!(all.step(index, place + 1).is_none());
        assert_eq!(all.members(index), &of(&[1]));
    }
}
