//! Tombstones: groups that were destroyed, so that no merge brings them back.

use alloc::collections::{BTreeSet, VecDeque};

use crate::id::LwgId;
use crate::limits::TOMBSTONES_MAX;

#[derive(Default)]
pub(crate) struct Tombstones {
    dead: BTreeSet<LwgId>,
    /// Oldest first.
    age: VecDeque<LwgId>,
}

impl Tombstones {
    pub(crate) fn insert(&mut self, lwg: LwgId) {
        if self.dead.insert(lwg) {
            self.age.push_back(lwg);
        }
        while self.age.len() > TOMBSTONES_MAX {
            if let Some(oldest) = self.age.pop_front() {
                self.dead.remove(&oldest);
            }
        }
    }

    pub(crate) fn contains(&self, lwg: LwgId) -> bool {
        self.dead.contains(&lwg)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = LwgId> {
        self.age.iter().copied()
    }
}
