//! Where groups went that were on a core group: whoever comes too late for them finds the way.
//!
//! *Keeps* the last so many, and until when the core group itself is kept for a part of one of them
//! that was left behind. Nothing here walks over all of them: the core group is looked at often.

use alloc::collections::{BTreeMap, BTreeSet};

use muts::Instant;

use crate::group::Destination;
use crate::id::LwgId;
use crate::limits::{LEFT_BEHIND, TOMBSTONES_MAX};

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Moved {
    /// With the place by age.
    to: BTreeMap<LwgId, (Destination, u64)>,
    age: BTreeMap<u64, LwgId>,
    /// How many there ever were.
    count: u64,
    /// Groups that are away of which a part may be left behind.
    parted: BTreeSet<LwgId>,
    /// Until when the last of those is waited for.
    kept: Instant,
}

impl Moved {
    /// `parted` is when a part of it may be left behind.
    pub(crate) fn insert(&mut self, lwg: LwgId, to: Destination, parted: Option<Instant>) {
        if let Some(now) = parted {
            if now >= self.kept {
                self.parted.clear();
            }
            if self.parted.insert(lwg) {
                self.kept = self.kept.max(now + LEFT_BEHIND);
            }
        }
        match self.to.get_mut(&lwg) {
            Some((known, _)) => *known = to,
            None => {
                self.count += 1;
                self.to.insert(lwg, (to, self.count));
                self.age.insert(self.count, lwg);
            }
        }
        while self.age.len() > TOMBSTONES_MAX {
            if let Some((_, oldest)) = self.age.pop_first() {
                self.to.remove(&oldest);
                self.is_together(oldest);
            }
        }
    }

    pub(crate) fn get(&self, lwg: LwgId) -> Option<Destination> {
        self.to.get(&lwg).map(|(to, _)| *to)
    }

    /// The group is here again.
    pub(crate) fn remove(&mut self, lwg: LwgId) {
        if let Some((_, age)) = self.to.remove(&lwg) {
            self.age.remove(&age);
            self.is_together(lwg);
        }
    }

    /// No part of it is waited for here.
    fn is_together(&mut self, lwg: LwgId) {
        if self.parted.remove(&lwg) && self.parted.is_empty() {
            self.kept = Instant::ZERO;
        }
    }

    /// Until when the core group is kept although no group is on it: a part that was left behind
    /// finds the way only where that is known. Of several the last one counts, also if it is back.
    pub(crate) const fn kept_until(&self) -> Instant {
        self.kept
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LwgId, Destination)> {
        self.to.iter().map(|(lwg, (to, _))| (*lwg, *to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Generation;
    use muts::Duration;
    use vsync::GroupId;

    fn lwg(count: u64) -> LwgId {
        LwgId { creator: 1, count }
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    const TO: Destination =
        Destination { core: GroupId(2), generation: Generation(1), rule: crate::policy::GATHERED };

    #[test]
    fn a_core_group_is_kept_for_the_last_part_that_may_be_left_behind() {
        let mut moved = Moved::default();
        moved.insert(lwg(1), TO, None);
        assert_eq!(moved.kept_until(), Instant::ZERO);
        moved.insert(lwg(2), TO, Some(at(1)));
        moved.insert(lwg(3), TO, Some(at(5)));
        moved.insert(lwg(2), TO, Some(at(9)));
        assert_eq!(moved.kept_until(), at(5) + LEFT_BEHIND, "since it went first");
        moved.remove(lwg(2));
        assert_eq!(moved.kept_until(), at(5) + LEFT_BEHIND);
        moved.remove(lwg(3));
        assert_eq!(moved.kept_until(), Instant::ZERO, "nothing is waited for");
    }

    #[test]
    fn what_has_been_waited_for_long_enough_takes_no_room() {
        let mut moved = Moved::default();
        (0..100).for_each(|count| moved.insert(lwg(count), TO, Some(at(1))));
        let late = at(2) + LEFT_BEHIND;
        moved.insert(lwg(100), TO, Some(late));
        assert_eq!((moved.parted.len(), moved.kept_until()), (1, late + LEFT_BEHIND));
        moved.remove(lwg(7));
        moved.remove(lwg(100));
        assert_eq!((moved.kept_until(), moved.to.len(), moved.age.len()), (Instant::ZERO, 99, 99));
    }

    #[test]
    fn the_oldest_make_room_and_a_group_that_came_back_is_new() {
        let mut moved = Moved::default();
        let all = TOMBSTONES_MAX as u64;
        (0..all).for_each(|count| moved.insert(lwg(count), TO, None));
        moved.remove(lwg(0));
        moved.insert(lwg(0), TO, None);
        moved.insert(lwg(all), TO, Some(at(1)));
        let known = [0, 1, 2, all].map(|count| moved.get(lwg(count)).is_some());
        assert_eq!(known, [true, false, true, true]);
        assert_eq!((moved.iter().count(), moved.age.len()), (TOMBSTONES_MAX, TOMBSTONES_MAX));
    }
}
