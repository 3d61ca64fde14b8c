//! Ranges: sorted runs of numbers that do not touch each other.

use alloc::vec::Vec;

/// Runs `from..to`, sorted, none empty, with a gap between any two.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lowest run.
    pub(crate) fn first(&self) -> Option<(u64, u64)> {
        self.0.first().copied()
    }

    /// Adds a run; what is there already stays.
    pub(crate) fn insert(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|run| run.1 < from);
        let last = self.0.partition_point(|run| run.0 <= to);
        if first == last {
            self.0.insert(first, (from, to));
            return;
        }
        let joined = (from.min(self.0[first].0), to.max(self.0[last - 1].1));
        self.0[first] = joined;
        self.0.drain(first + 1..last);
    }

    /// Takes a run out, as far as it is there.
    pub(crate) fn remove(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|run| run.1 <= from);
        let last = self.0.partition_point(|run| run.0 < to);
        if first == last {
            return;
        }
        let left = (self.0[first].0, from);
        let right = (to, self.0[last - 1].1);
        let kept = [left, right].into_iter().filter(|run| run.0 < run.1);
        self.0.splice(first..last, kept);
    }

    /// Joins the lowest runs to a prefix that ends at `end`; answers where it ends then.
    pub(crate) fn absorb(&mut self, mut end: u64) -> u64 {
        let mut runs = 0;
        while let Some(run) = self.0.get(runs).filter(|run| run.0 <= end) {
            end = end.max(run.1);
            runs += 1;
        }
        self.0.drain(..runs);
        end
    }

    /// The parts of a run that are not in here, lowest first.
    pub(crate) fn gaps(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
        let first = self.0.partition_point(|run| run.1 <= from);
        let inside = self.0[first..].iter().copied().take_while(move |run| run.0 < to);
        let mut at = from;
        inside.chain([(to, to)]).filter_map(move |run| {
            let gap = (at, run.0.min(to));
            at = at.max(run.1);
            (gap.0 < gap.1).then_some(gap)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// The same by the obvious way: a bit a number.
    fn slowly(bits: &[bool]) -> Vec<(u64, u64)> {
        let mut runs: Vec<(u64, u64)> = vec![];
        for (number, set) in (0..).zip(bits) {
            match runs.last_mut() {
                Some(run) if *set && run.1 == number => run.1 += 1,
                _ if *set => runs.push((number, number + 1)),
                _ => {}
            }
        }
        runs
    }

    #[test]
    fn ranges_do_what_a_bit_a_number_does() {
        let mut random = crate::random::Random::new(7);
        let (mut ranges, mut bits) = (Ranges::default(), [false; 64]);
        for _ in 0..20_000 {
            let (from, length) = (random.below(60), random.below(5));
            let to = (from + length).min(64);
            let set = random.chance(500_000);
            if set {
                ranges.insert(from, to);
            } else {
                ranges.remove(from, to);
            }
            bits[from as usize..to as usize].fill(set);
            assert_eq!(ranges.0, slowly(&bits));
            let (low, high) = (random.below(64), random.below(65));
            let mut outside: Vec<bool> = bits.iter().map(|set| !set).collect();
            outside[..low as usize].fill(false);
            outside[high as usize..].fill(false);
            assert_eq!(ranges.gaps(low, high).collect::<Vec<_>>(), slowly(&outside));
        }
    }

    #[test]
    fn a_prefix_absorbs_what_touches_it() {
        let mut ranges = Ranges(vec![(3, 5), (5, 7), (9, 10)]);
        assert_eq!(ranges.absorb(2), 2);
        assert_eq!(ranges.absorb(4), 7);
        assert_eq!(ranges.first(), Some((9, 10)));
    }
}
