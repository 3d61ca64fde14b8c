//! Across: causality between core groups, by the conservative rule of the paper (3.2, figure 2).
//!
//! Takes: which groups are active, that is, have a message that was sent or delivered here and that
//! not everybody is known to have delivered. Promises: a Causal or Total multicast goes out only
//! while no other group is active, so nothing that follows from it can overtake its causes there;
//! groups that are busy are still for a moment for its sake (`hushing.rs`).
//! A group that was left stays active until its members are known to have the view without this
//! process: only then have they delivered what it has; and one that somebody else left, until that
//! one is known to have it. Keeps: which groups are active, and which
//! were handed back a multicast for it.

use alloc::collections::{BTreeSet, VecDeque};

use crate::endpoint::GroupId;

/// Of one process.
#[derive(Debug, Default)]
pub(crate) struct Across {
    active: BTreeSet<GroupId>,
    waiting: VecDeque<GroupId>,
}

impl Across {
    /// The active groups that a multicast in this one has to wait for.
    pub(crate) fn before(&self, group: GroupId) -> impl Iterator<Item = GroupId> + use<'_> {
        self.active.iter().copied().filter(move |active| *active != group)
    }

    /// All that are active.
    pub(crate) fn active(&self) -> impl Iterator<Item = GroupId> + use<'_> {
        self.active.iter().copied()
    }

    /// Whether a multicast in another group waits for this one.
    pub(crate) fn waits_for(&self, group: GroupId) -> bool {
        self.waiting.iter().any(|waiting| *waiting != group)
    }

    /// Whether any multicast waits.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A multicast in this group was handed back.
    pub(crate) fn wait(&mut self, group: GroupId) {
        if !self.waiting.contains(&group) {
            self.waiting.push_back(group);
        }
    }

    /// A group has become active or ceased to be. Answers who can try again, in the order in which
    /// they were handed back.
    pub(crate) fn note(&mut self, group: GroupId, active: bool) -> VecDeque<GroupId> {
        if active {
            self.active.insert(group);
        } else {
            self.active.remove(&group);
        }
        let free = match self.waiting.front() {
            Some(first) => self.before(*first).next().is_none(),
            None => false,
        };
        if free { core::mem::take(&mut self.waiting) } else { VecDeque::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_when_no_other_group_is_active_in_the_order_of_waiting() {
        let (a, b, c) = (GroupId(1), GroupId(2), GroupId(3));
        let mut across = Across::default();
        assert!(across.note(a, true).is_empty());
        assert_eq!(across.before(b).collect::<VecDeque<_>>(), [a]);
        assert!(across.before(a).next().is_none());
        across.wait(c);
        across.wait(b);
        assert!(across.note(b, true).is_empty());
        assert!(across.note(a, false).is_empty());
        assert_eq!(across.note(b, false), [c, b]);
    }
}
