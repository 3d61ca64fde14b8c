//! Positions: one for each stream, or for each member and stream; all are 0 at first.
//!
//! They take no room before one of them is another: thousands of groups are at rest.

use alloc::boxed::Box;
use alloc::vec;

/// So many positions.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    /// Empty while all are 0.
    all: Box<[u64]>,
    count: usize,
}

impl Positions {
    pub(crate) fn new(count: usize) -> Self {
        Self { all: Box::default(), count }
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Whether they take no room: all are 0.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn get(&self, at: usize) -> u64 {
        debug_assert!(at < self.count, "there is no such position");
        self.all.get(at).copied().unwrap_or(0)
    }

    pub(crate) fn set(&mut self, at: usize, position: u64) {
        debug_assert!(at < self.count, "there is no such position");
        if self.all.is_empty() && position > 0 {
            self.all = vec![0; self.count].into_boxed_slice();
        }
        if let Some(known) = self.all.get_mut(at) {
            *known = position;
        }
    }

    /// No position goes back.
    pub(crate) fn raise(&mut self, at: usize, position: u64) {
        if position > self.get(at) {
            self.set(at, position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_when_the_first_moves() {
        let mut positions = Positions::new(3);
        positions.raise(1, 0);
        assert!(positions.is_empty() && positions.get(2) == 0);
        positions.raise(1, 7);
        positions.raise(1, 5);
        assert_eq!(&*positions.all, [0, 7, 0]);
    }
}
