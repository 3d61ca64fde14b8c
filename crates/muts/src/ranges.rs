//! Ranges: sorted runs of numbers that do not touch each other.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Runs `from..to`, sorted, none empty, with a gap between any two. Thousands of idle streams have
/// none, and a pointer for them.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "most have no runs, and never will")]
pub(crate) struct Ranges(Option<Box<Vec<(u64, u64)>>>);

impl Ranges {
    fn runs(&self) -> &[(u64, u64)] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs().is_empty()
    }

    /// The lowest run.
    pub(crate) fn first(&self) -> Option<(u64, u64)> {
        self.runs().first().copied()
    }

    /// Adds a run; what is there already stays.
    pub(crate) fn insert(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let runs = self.0.get_or_insert_default();
        let first = runs.partition_point(|run| run.1 < from);
        let last = runs.partition_point(|run| run.0 <= to);
        if first == last {
            runs.insert(first, (from, to));
            return;
        }
        let joined = (from.min(runs[first].0), to.max(runs[last - 1].1));
        runs[first] = joined;
        runs.drain(first + 1..last);
    }

    /// Takes a run out, as far as it is there.
    pub(crate) fn remove(&mut self, from: u64, to: u64) {
        let Some(runs) = self.0.as_mut().filter(|_| from < to) else { return };
        let first = runs.partition_point(|run| run.1 <= from);
        let last = runs.partition_point(|run| run.0 < to);
        if first == last {
            return;
        }
        let left = (runs[first].0, from);
        let right = (to, runs[last - 1].1);
        let kept = [left, right].into_iter().filter(|run| run.0 < run.1);
        runs.splice(first..last, kept);
    }

    /// Joins the lowest runs to a prefix that ends at `end`; answers where it ends then.
    pub(crate) fn absorb(&mut self, mut end: u64) -> u64 {
        let Some(runs) = &mut self.0 else { return end };
        let mut joined = 0;
        while let Some(run) = runs.get(joined).filter(|run| run.0 <= end) {
            end = end.max(run.1);
            joined += 1;
        }
        runs.drain(..joined);
        end
    }

    /// The parts of a run that are not in here, lowest first.
    pub(crate) fn gaps(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
        let runs = self.runs();
        let first = runs.partition_point(|run| run.1 <= from);
        let inside = runs[first..].iter().copied().take_while(move |run| run.0 < to);
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
            assert_eq!(ranges.runs(), slowly(&bits));
            let (low, high) = (random.below(64), random.below(65));
            let mut outside: Vec<bool> = bits.iter().map(|set| !set).collect();
            outside[..low as usize].fill(false);
            outside[high as usize..].fill(false);
            assert_eq!(ranges.gaps(low, high).collect::<Vec<_>>(), slowly(&outside));
        }
    }

    #[test]
    fn a_prefix_absorbs_what_touches_it() {
        let mut ranges = Ranges(Some(Box::new(vec![(3, 5), (5, 7), (9, 10)])));
        assert_eq!(ranges.absorb(2), 2);
        assert_eq!(ranges.absorb(4), 7);
        assert_eq!(ranges.first(), Some((9, 10)));
    }
}
