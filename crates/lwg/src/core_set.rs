//! The core group set: which managed core groups this process is in, indexed by their members.
//!
//! Any core group that holds all of a light-weight group holds each member of it, so each member
//! knows all candidates by itself (protocol 6.5; paper 5.1).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use vsync::{Endpoint, GroupId};

/// The core groups that light-weight groups may be placed on.
#[derive(Debug, Default)]
pub struct CoreSet {
    members: BTreeMap<GroupId, Box<[Endpoint]>>,
    /// By their sorted members.
    exact: BTreeMap<Box<[Endpoint]>, BTreeSet<GroupId>>,
    /// By each member, then by size.
    of: BTreeMap<Endpoint, BTreeSet<(usize, GroupId)>>,
}

impl CoreSet {
    /// The core group of exactly these members, given in ascending order.
    #[must_use]
    pub fn exact(&self, members: &[Endpoint]) -> Option<GroupId> {
        self.exact.get(members)?.first().copied()
    }

    /// The smallest core group that holds these members, given in ascending order, and at most so
    /// many others: which, and how many others.
    #[must_use]
    pub fn smallest(&self, members: &[Endpoint], extras_max: usize) -> Option<(GroupId, usize)> {
        let mut rarest: Option<&BTreeSet<(usize, GroupId)>> = None;
        for member in members {
            let of = self.of.get(member)?;
            if rarest.is_none_or(|rarest| of.len() < rarest.len()) {
                rarest = Some(of);
            }
        }
        let sizes = (members.len(), GroupId(0))
            ..=(members.len().saturating_add(extras_max), GroupId(u128::MAX));
        let mut candidates = rarest?.range(sizes);
        let (size, group) = candidates
            .find(|(_, group)| self.members.get(group).is_some_and(|held| holds(held, members)))?;
        Some((*group, size - members.len()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A core group has these members now.
    pub(crate) fn set(&mut self, group: GroupId, members: &[Endpoint]) {
        self.remove(group);
        let mut sorted: Box<[Endpoint]> = members.into();
        sorted.sort_unstable();
        for member in &sorted {
            self.of.entry(*member).or_default().insert((sorted.len(), group));
        }
        self.exact.entry(sorted.clone()).or_default().insert(group);
        self.members.insert(group, sorted);
    }

    pub(crate) fn remove(&mut self, group: GroupId) {
        let Some(members) = self.members.remove(&group) else { return };
        for member in &members {
            if let Some(of) = self.of.get_mut(member) {
                of.remove(&(members.len(), group));
                if of.is_empty() {
                    self.of.remove(member);
                }
            }
        }
        if let Some(same) = self.exact.get_mut(&members) {
            same.remove(&group);
            if same.is_empty() {
                self.exact.remove(&members);
            }
        }
    }
}

/// Whether one ascending list holds all of another.
fn holds(all: &[Endpoint], some: &[Endpoint]) -> bool {
    let mut all = all.iter();
    some.iter().all(|wanted| all.by_ref().any(|member| member == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use muts::{NodeId, Random};
    use vsync::ProcId;

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    fn some(random: &mut Random, most: u64) -> Vec<Endpoint> {
        let mut set = BTreeSet::new();
        for _ in 0..=random.below(most) {
            set.insert(member(random.below(9)));
        }
        set.into_iter().collect()
    }

    /// The rule of the paper, said slowly.
    fn slowly(
        cores: &BTreeMap<GroupId, Vec<Endpoint>>,
        members: &[Endpoint],
        extras_max: usize,
    ) -> Option<(GroupId, usize)> {
        let fits = cores.iter().filter(|(_, core)| {
            members.iter().all(|member| core.contains(member))
                && core.len() - members.len() <= extras_max
        });
        fits.map(|(group, core)| (core.len() - members.len(), *group))
            .min()
            .map(|(extras, group)| (group, extras))
    }

    #[test]
    fn the_index_finds_what_a_search_of_all_core_groups_finds() {
        let mut random = Random::new(7);
        let mut set = CoreSet::default();
        let mut cores: BTreeMap<GroupId, Vec<Endpoint>> = BTreeMap::new();
        for _ in 0..3_000 {
            let group = GroupId(u128::from(random.below(40)));
            if random.below(3) == 0 {
                set.remove(group);
                cores.remove(&group);
            } else {
                let members = some(&mut random, 9);
                set.set(group, &members);
                cores.insert(group, members);
            }
            let wanted = some(&mut random, 4);
            let extras = random.below(6) as usize;
            assert_eq!(set.smallest(&wanted, extras), slowly(&cores, &wanted, extras));
            assert_eq!(set.exact(&wanted), slowly(&cores, &wanted, 0).map(|found| found.0));
            assert_eq!(set.len(), cores.len());
        }
    }
}
