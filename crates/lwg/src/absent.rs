//! Absent: groups all of whose members are elsewhere, and how far their views had come here.
//!
//! Nobody here is in them, so nothing is kept but the last view id. It is needed when the other
//! members are met again: who was in the group here may come into it once more, and the numbers of
//! the views that it is told must go on growing.

use alloc::collections::{BTreeMap, VecDeque};

use crate::id::LwgId;
use crate::limits::ABSENT_MAX;
use crate::view::ViewId;

#[derive(Default)]
pub(crate) struct Absent {
    last: BTreeMap<LwgId, ViewId>,
    /// Oldest first; what is known again may still be in it.
    age: VecDeque<LwgId>,
}

impl Absent {
    /// Nobody of this group is here any more.
    pub(crate) fn insert(&mut self, lwg: LwgId, last: ViewId) {
        if self.last.insert(lwg, last).is_none() {
            self.age.push_back(lwg);
        }
        while self.age.len() > ABSENT_MAX {
            if let Some(oldest) = self.age.pop_front() {
                self.last.remove(&oldest);
            }
        }
    }

    /// The group is known here again, or dead.
    pub(crate) fn remove(&mut self, lwg: LwgId) {
        if self.last.remove(&lwg).is_some() {
            self.age.retain(|absent| *absent != lwg);
        }
    }

    pub(crate) fn get(&self, lwg: LwgId) -> Option<ViewId> {
        self.last.get(&lwg).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.last.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LwgId, ViewId)> {
        self.last.iter().map(|(lwg, last)| (*lwg, *last))
    }
}
