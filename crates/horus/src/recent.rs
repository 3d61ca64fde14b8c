//! Recent: what was named last, so many at most.

use std::collections::BTreeMap;

/// Keys, and in which order they were named.
#[derive(Debug)]
pub(crate) struct Recent<K> {
    most: usize,
    count: u64,
    turns: BTreeMap<K, u64>,
    keys: BTreeMap<u64, K>,
}

impl<K: Ord + Copy> Recent<K> {
    /// Holds so many, of which there is one at least.
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, count: 0, turns: BTreeMap::new(), keys: BTreeMap::new() }
    }

    /// Names one; which one is too many now.
    pub(crate) fn note(&mut self, key: K) -> Option<K> {
        self.forget(&key);
        self.count += 1;
        self.turns.insert(key, self.count);
        self.keys.insert(self.count, key);
        if self.keys.len() <= self.most {
            return None;
        }
        let (_, oldest) = self.keys.pop_first()?;
        self.turns.remove(&oldest);
        Some(oldest)
    }

    /// It is none of them any more.
    pub(crate) fn forget(&mut self, key: &K) {
        if let Some(turn) = self.turns.remove(key) {
            self.keys.remove(&turn);
        }
    }

    /// Whether it is one of them.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.turns.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_named_longest_ago_goes_first() {
        let mut recent = Recent::new(2);
        assert_eq!([1, 2, 1].map(|key| recent.note(key)), [None; 3]);
        assert_eq!(recent.note(3), Some(2));
        recent.forget(&1);
        assert_eq!((recent.note(4), recent.note(5)), (None, Some(3)));
        assert!(recent.contains(&4) && !recent.contains(&1));
        assert_eq!((recent.turns.len(), recent.keys.len()), (2, 2));
    }
}
