//! Choking: an application that now and then takes nothing of some group for a while.

use std::collections::BTreeMap;

use muts::Instant;

use crate::choice::Choice;
use crate::script::later;

/// The longest that it takes nothing, in milliseconds.
const LONGEST_MS: u64 = 2_000;

/// Groups of which an application takes nothing, and until when.
#[derive(Debug)]
pub(in crate::script) struct Choking<K> {
    /// Chance that it begins when it acts, parts of 1,000,000.
    chance: u64,
    until: BTreeMap<K, Instant>,
}

impl<K: Ord + Copy> Choking<K> {
    pub(in crate::script) fn new(chance: u64) -> Self {
        Self { chance, until: BTreeMap::new() }
    }

    /// Begins with one of these, perhaps; which.
    pub(in crate::script) fn begin(
        &mut self,
        now: Instant,
        choice: &mut Choice,
        groups: &[K],
    ) -> Option<K> {
        if !choice.chance(self.chance) {
            return None;
        }
        let group = *choice.pick(groups);
        self.until.insert(group, later(now, choice, 0, LONGEST_MS));
        Some(group)
    }

    /// Of which it takes what it is told again, by now.
    pub(in crate::script) fn over(&mut self, now: Instant) -> Vec<K> {
        self.until.extract_if(.., |_, until| *until <= now).map(|(group, _)| group).collect()
    }

    /// It is out of a group.
    pub(in crate::script) fn out(&mut self, group: K) {
        self.until.remove(&group);
    }
}
