//! Alarms: when each replica wants to be woken, found without asking all of them.

use std::collections::{BTreeMap, BTreeSet};

use horus::LwgId;
use muts::Instant;

/// At most one for each group.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    by_time: BTreeSet<(Instant, LwgId)>,
    by_group: BTreeMap<LwgId, Instant>,
}

impl Alarms {
    /// From now on the group's is then, or it has none.
    pub(crate) fn set(&mut self, lwg: LwgId, at: Option<Instant>) {
        if self.by_group.get(&lwg).copied() == at {
            return;
        }
        if let Some(before) = self.by_group.remove(&lwg) {
            self.by_time.remove(&(before, lwg));
        }
        if let Some(at) = at {
            self.by_group.insert(lwg, at);
            self.by_time.insert((at, lwg));
        }
    }

    /// Takes those that are due, earliest first.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<LwgId> {
        let mut due = Vec::new();
        while let Some((at, lwg)) = self.by_time.first().copied().filter(|(at, _)| *at <= now) {
            self.by_time.remove(&(at, lwg));
            self.by_group.remove(&lwg);
            due.push(lwg);
        }
        due
    }

    /// When the first is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_group_counts_and_each_is_taken_once() {
        let (group, at) = (|count| LwgId { creator: 1, count }, Instant::from_nanos);
        let mut alarms = Alarms::default();
        for (count, nanos) in [(1, 30), (2, 20), (3, 10), (1, 5)] {
            alarms.set(group(count), Some(at(nanos)));
        }
        alarms.set(group(3), None);
        assert_eq!(alarms.next(), Some(at(5)));
        assert_eq!(alarms.take_due(at(20)), [group(1), group(2)]);
        assert_eq!(alarms.take_due(at(99)), []);
        assert_eq!(alarms.next(), None);
    }
}
