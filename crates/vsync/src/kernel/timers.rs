//! Timers: when each group wants to be called.

use alloc::collections::{BTreeMap, BTreeSet};

use muts::Instant;

use crate::endpoint::GroupId;

/// When each group wants to be called, at most once each.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Instant, GroupId)>,
    by_group: BTreeMap<GroupId, Instant>,
}

impl Timers {
    pub(super) fn set(&mut self, group: GroupId, due: Option<Instant>) {
        if self.by_group.get(&group).copied() == due {
            return;
        }
        if let Some(old) = self.by_group.remove(&group) {
            self.by_time.remove(&(old, group));
        }
        if let Some(due) = due {
            self.by_group.insert(group, due);
            self.by_time.insert((due, group));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// A group whose time has come: its timer is over.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<GroupId> {
        let (_, group) = self.by_time.first().copied().filter(|(due, _)| *due <= now)?;
        self.set(group, None);
        Some(group)
    }
}
