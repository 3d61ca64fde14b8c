//! Core group sets: several in one process, each with its own core groups and its own policy.
//!
//! A light-weight group is placed on core groups of its set and no others (paper 5.1). Which set a
//! core group is of stands in its name, so that all its members agree without a message.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use muts::Sink;
use vsync::{Endpoint, GroupId};

use crate::core_set::CoreSet;
use crate::digest::Digest;
use crate::policy::{Place, Policy};

/// Names a core group set; all processes mean the same by a number. 31 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SetId(pub u32);

/// Where the set stands in the name of a core group: below the bit of words, above what is minted.
const SHIFT: u32 = 96;

impl SetId {
    /// The one that needs no thought.
    pub const DEFAULT: Self = Self(0);

    /// The set of a word, so that everybody who says the word means the same set; never the
    /// default one. It is a hash of 31 bits: two words may mean one set, which then has both's
    /// groups.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let mut digest = Digest::of("set");
        digest.extend_from_slice(word.as_bytes());
        Self(((digest.end() >> 33) as u32).max(1))
    }

    /// The set of a core group.
    #[must_use]
    pub const fn of(core: GroupId) -> Self {
        Self((core.0 >> SHIFT) as u32 & (u32::MAX >> 1))
    }

    /// The `count`-th core group that a process founds by hand in this set.
    #[must_use]
    pub fn core(self, by: Endpoint, count: u32) -> GroupId {
        let count = (count ^ (by.seat << 20)) | 1 << 31;
        self.name(GroupId::minted(by.proc, count))
    }

    /// A minted name, as one of this set.
    pub(crate) const fn name(self, minted: GroupId) -> GroupId {
        GroupId(minted.0 | ((self.0 & (u32::MAX >> 1)) as u128) << SHIFT)
    }
}

/// All sets of this process.
pub(crate) struct Sets<P> {
    default: P,
    own: BTreeMap<SetId, Box<dyn Policy + Send>>,
    cores: BTreeMap<SetId, CoreSet>,
}

impl<P: Policy> Sets<P> {
    pub(crate) fn new(default: P) -> Self {
        Self { default, own: BTreeMap::new(), cores: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, set: SetId, policy: Box<dyn Policy + Send>) {
        self.own.insert(set, policy);
    }

    /// The policy of a core group's set.
    pub(crate) fn policy(&self, core: GroupId) -> &dyn Policy {
        self.policy_of(SetId::of(core))
    }

    pub(crate) fn policy_of(&self, set: SetId) -> &dyn Policy {
        match self.own.get(&set) {
            Some(own) => &**own,
            None => &self.default,
        }
    }

    pub(crate) fn cores(&self, set: SetId) -> Option<&CoreSet> {
        self.cores.get(&set)
    }

    pub(crate) fn cores_mut(&mut self, core: GroupId) -> &mut CoreSet {
        self.cores.entry(SetId::of(core)).or_default()
    }

    /// Where a group of these members, in ascending order, is placed.
    pub(crate) fn place(&self, set: SetId, members: &[Endpoint]) -> Place {
        let none = CoreSet::default();
        let cores = self.cores.get(&set).unwrap_or(&none);
        let policy = self.policy_of(set);
        match policy.place(members, cores) {
            Place::New | Place::Alone if cores.len() >= policy.cores_max() => {
                // Rather on a core group with many others than on none.
                match cores.smallest(members, usize::MAX) {
                    Some((group, extras)) => Place::Superset(group, extras),
                    None => Place::Nowhere,
                }
            }
            place => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::{NodeId, ProcId};

    #[test]
    fn the_set_of_a_core_group_stands_in_its_name() {
        let by = Endpoint::of(ProcId { node: NodeId(7), incarnation: 3 });
        for set in [SetId::DEFAULT, SetId(1), SetId(u32::MAX >> 1)] {
            let core = set.core(by, 5);
            assert_eq!(SetId::of(core), set);
            assert!(!core.is_of_word());
            assert_ne!(core, set.core(by, 6));
        }
        assert_eq!(SetId::of(GroupId::minted(by.proc, u32::MAX)), SetId::DEFAULT);
    }
}
