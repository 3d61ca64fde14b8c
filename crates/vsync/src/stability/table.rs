//! Table: by member and stream, with the least of each stream at hand.
//!
//! In a view of many it is asked for a thousand times as often as it moves: it is looked for again
//! only where the last member that stood at it has gone on.

use alloc::boxed::Box;
use alloc::vec;

use crate::positions::Positions;

/// Positions that only grow.
#[derive(Debug)]
pub(super) struct Table {
    members: usize,
    /// By member, by stream.
    all: Positions,
    /// By stream.
    least: Positions,
    /// By stream: how many members stand at the least.
    holders: Box<[u16]>,
}

impl Table {
    pub(super) fn new(members: usize) -> Self {
        let (all, least) = (Positions::new(members * members), Positions::new(members));
        Self { members, all, least, holders: vec![members as u16; members].into_boxed_slice() }
    }

    pub(super) fn get(&self, member: usize, stream: usize) -> u64 {
        self.all.get(member * self.members + stream)
    }

    /// What every member has at least of a stream.
    pub(super) fn least(&self, stream: usize) -> u64 {
        self.least.get(stream)
    }

    /// No position goes back.
    pub(super) fn raise(&mut self, member: usize, stream: usize, position: u64) {
        let before = self.get(member, stream);
        if position <= before {
            return;
        }
        self.all.set(member * self.members + stream, position);
        if before == self.least(stream) {
            self.holders[stream] -= 1;
            if self.holders[stream] == 0 {
                self.look(stream);
            }
        }
    }

    fn look(&mut self, stream: usize) {
        let column = || (0..self.members).map(|member| self.get(member, stream));
        let least = column().min().unwrap_or(0);
        let holders = column().filter(|position| *position == least).count();
        self.least.set(stream, least);
        self.holders[stream] = holders as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::Random;

    #[test]
    fn the_least_is_what_it_is_by_looking_at_all() {
        let (members, mut random) = (5, Random::new(3));
        let mut table = Table::new(members);
        for _ in 0..20_000 {
            let [member, stream] = [(); 2].map(|()| random.below(members as u64) as usize);
            let position = table.get(member, stream) + random.below(3);
            table.raise(member, stream, position.saturating_sub(1));
            for stream in 0..members {
                let all = (0..members).map(|member| table.get(member, stream));
                assert_eq!(Some(table.least(stream)), all.min());
            }
        }
        assert!((0..members).all(|stream| table.least(stream) > 100), "it has moved");
    }
}
