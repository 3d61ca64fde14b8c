//! The core group set: which managed core groups this process is in, indexed by their members.
//!
//! Any core group that holds all of a light-weight group holds each member of it, so each member
//! knows all candidates by itself (protocol 6.5; paper 5.1).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use vsync::{Endpoint, GroupId};

use crate::limits::PAIRED_MAX;

/// The core groups that light-weight groups may be placed on.
#[derive(Debug, Default)]
pub struct CoreSet {
    members: BTreeMap<GroupId, Box<[Endpoint]>>,
    /// By their sorted members.
    exact: BTreeMap<Box<[Endpoint]>, BTreeSet<GroupId>>,
    /// By each member, then by size.
    of: BTreeMap<Endpoint, BySize>,
    /// By each pair of members of those that are not too large, then by size.
    pairs: BTreeMap<(Endpoint, Endpoint), BySize>,
    /// Those that are too large for that.
    large: BySize,
}

type BySize = BTreeSet<(usize, GroupId)>;

/// What a search has found, and how many core groups it has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Search {
    /// The core group and how many extra members it has.
    pub found: Option<(GroupId, usize)>,
    /// Core groups whose members were compared.
    pub visited: usize,
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
        self.search(members, extras_max, |_| true).found
    }

    /// The same among those that suit, telling how much was looked at.
    #[must_use]
    pub fn search(
        &self,
        members: &[Endpoint],
        extras_max: usize,
        suits: impl Fn(GroupId) -> bool,
    ) -> Search {
        let mut search = Search::default();
        let sizes = (members.len(), GroupId(0))
            ..=(members.len().saturating_add(extras_max), GroupId(u128::MAX));
        let small = self.rarest(members).into_iter();
        for candidates in small.chain(core::iter::once(&self.large)) {
            for (size, group) in candidates.range(sizes.clone()) {
                if search.found.is_some_and(|(_, extras)| extras <= size - members.len()) {
                    break;
                }
                search.visited += 1;
                let held = self.members.get(group).is_some_and(|held| holds(held, members));
                if held && suits(*group) {
                    search.found = Some((*group, size - members.len()));
                    break;
                }
            }
        }
        search
    }

    /// The core group that the whole of this one, with these members in ascending order, could
    /// become one with: the smallest with at most so many others, of the same members the lowest.
    pub(crate) fn next_to(
        &self,
        core: GroupId,
        members: &[Endpoint],
        extras_max: usize,
    ) -> Option<GroupId> {
        if let Some(twin) = self.exact(members).filter(|twin| *twin < core) {
            return Some(twin);
        }
        let larger = |group| {
            let held: Option<&Box<[Endpoint]>> = self.members.get(&group);
            held.is_some_and(|held| held.len() > members.len())
        };
        self.search(members, extras_max, larger).found.map(|(group, _)| group)
    }

    /// Every core group that holds these members, given in ascending order, the smallest first.
    pub(crate) fn candidates(&self, members: &[Endpoint]) -> BTreeSet<(usize, GroupId)> {
        let small = self.rarest(members).into_iter();
        let all = small.chain(core::iter::once(&self.large)).flatten();
        let fits = |group: &GroupId| self.members.get(group).is_some_and(|h| holds(h, members));
        all.filter(|(_, group)| fits(group)).copied().collect()
    }

    /// The fewest core groups that one of the pairs of these members is in.
    fn rarest(&self, members: &[Endpoint]) -> Option<&BySize> {
        let members = &members[..members.len().min(PAIRED_MAX)];
        if let [only] = members {
            return self.of.get(only);
        }
        let mut rarest: Option<&BySize> = None;
        for (at, one) in members.iter().enumerate() {
            for other in &members[at + 1..] {
                let both = self.pairs.get(&(*one, *other))?;
                if rarest.is_none_or(|rarest| both.len() < rarest.len()) {
                    rarest = Some(both);
                }
            }
        }
        rarest
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
    pub fn set(&mut self, group: GroupId, members: &[Endpoint]) {
        self.remove(group);
        let mut sorted: Box<[Endpoint]> = members.into();
        sorted.sort_unstable();
        let place = (sorted.len(), group);
        if sorted.len() > PAIRED_MAX {
            self.large.insert(place);
        } else {
            for (at, one) in sorted.iter().enumerate() {
                self.of.entry(*one).or_default().insert(place);
                for other in &sorted[at + 1..] {
                    self.pairs.entry((*one, *other)).or_default().insert(place);
                }
            }
        }
        self.exact.entry(sorted.clone()).or_default().insert(group);
        self.members.insert(group, sorted);
    }

    /// A core group is left.
    pub fn remove(&mut self, group: GroupId) {
        let Some(members) = self.members.remove(&group) else { return };
        let place = (members.len(), group);
        self.large.remove(&place);
        for (at, one) in members.iter().enumerate() {
            take_out(&mut self.of, one, place);
            for other in &members[at + 1..] {
                take_out(&mut self.pairs, &(*one, *other), place);
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

fn take_out<K: Ord>(index: &mut BTreeMap<K, BySize>, key: &K, place: (usize, GroupId)) {
    if let Some(groups) = index.get_mut(key) {
        groups.remove(&place);
        if groups.is_empty() {
            index.remove(key);
        }
    }
}

/// Whether one ascending list holds all of another.
fn holds(all: &[Endpoint], some: &[Endpoint]) -> bool {
    let mut all = all.iter();
    some.iter().all(|wanted| all.by_ref().any(|member| member == wanted))
}
