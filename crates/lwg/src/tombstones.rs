//! Tombstones: groups that were destroyed, so that no merge brings them back.
//!
//! Where a group was born and destroyed in one core view only members of that view can know it. If
//! all of them come along into the next they have seen it destroyed, and its tombstone goes: so
//! short groups, however many, push none of the others out. The same at all members.

use alloc::collections::{BTreeSet, VecDeque};

use crate::id::LwgId;
use crate::limits::TOMBSTONES_MAX;

#[derive(Default)]
pub(crate) struct Tombstones {
    old: Dead,
    /// Of groups of the present core view.
    young: Dead,
}

#[derive(Default)]
struct Dead {
    known: BTreeSet<LwgId>,
    /// Oldest first.
    age: VecDeque<LwgId>,
}

impl Dead {
    fn insert(&mut self, lwg: LwgId) {
        if self.known.insert(lwg) {
            self.age.push_back(lwg);
        }
        while self.age.len() > TOMBSTONES_MAX {
            if let Some(oldest) = self.age.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

impl Tombstones {
    /// `young` is one that was born in the present core view.
    pub(crate) fn insert(&mut self, lwg: LwgId, young: bool) {
        if young && !self.old.known.contains(&lwg) {
            self.young.insert(lwg);
        } else {
            self.old.insert(lwg);
        }
    }

    /// The core view is over; whether all its members have come along into the next.
    pub(crate) fn next_view(&mut self, all: bool) {
        for lwg in core::mem::take(&mut self.young).age {
            if !all {
                self.old.insert(lwg);
            }
        }
    }

    pub(crate) fn contains(&self, lwg: LwgId) -> bool {
        self.old.known.contains(&lwg) || self.young.known.contains(&lwg)
    }

    pub(crate) fn len(&self) -> usize {
        self.old.age.len() + self.young.age.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = LwgId> {
        self.old.age.iter().chain(&self.young.age).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lwg(count: u64) -> LwgId {
        LwgId { creator: 1, count }
    }

    #[test]
    fn short_groups_push_out_none_that_others_may_know() {
        let mut dead = Tombstones::default();
        dead.insert(lwg(0), false);
        let many = TOMBSTONES_MAX as u64 + 10;
        for view in 0..3 {
            (1..many).for_each(|count| dead.insert(lwg(view * many + count), true));
            assert!(dead.contains(lwg(0)) && dead.contains(lwg((view + 1) * many - 1)));
            assert_eq!(dead.len(), TOMBSTONES_MAX + 1);
            dead.next_view(true);
            assert_eq!(dead.iter().collect::<alloc::vec::Vec<_>>(), [lwg(0)]);
        }
    }

    #[test]
    fn of_a_view_that_loses_somebody_all_are_kept() {
        let mut dead = Tombstones::default();
        (0..4).for_each(|count| dead.insert(lwg(count), count > 1));
        dead.insert(lwg(0), true);
        dead.next_view(false);
        dead.next_view(true);
        assert_eq!(dead.iter().collect::<alloc::vec::Vec<_>>(), [0, 1, 2, 3].map(lwg));
    }
}
