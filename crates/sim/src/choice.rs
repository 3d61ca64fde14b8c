//! Choice: every random choice of a run, drawn from a seed, or all of them enumerated.

use muts::Random;

/// Where the choices of a run come from. Whoever chooses cannot tell which it is.
#[derive(Debug, Clone)]
pub struct Choice(Source);

#[derive(Debug, Clone)]
enum Source {
    Seed(Random),
    Path(Path),
}

/// The choices taken so far on one way through the tree of all choices.
#[derive(Debug, Clone, Default)]
struct Path {
    /// What was chosen, and out of how many.
    taken: Vec<(u64, u64)>,
    /// The next to be chosen; beyond the end, the first of what there is.
    at: usize,
}

impl Choice {
    /// Choices drawn from a seed: the same seed, the same choices.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self(Source::Seed(Random::new(seed)))
    }

    /// A number below `bound`; 0 if there is nothing to choose.
    pub fn below(&mut self, bound: u64) -> u64 {
        match &mut self.0 {
            Source::Seed(random) => random.below(bound),
            Source::Path(path) => path.below(bound),
        }
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True with a chance of `parts` in 1,000,000. Certain answers are no choice.
    pub fn chance(&mut self, parts: u64) -> bool {
        match parts {
            0 => false,
            1_000_000.. => true,
            _ => match &mut self.0 {
                Source::Seed(random) => random.chance(parts),
                Source::Path(path) => path.below(2) == 1,
            },
        }
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Each of these with a chance of one half, but at least `least` of them, in their order.
    pub fn some<T: Clone>(&mut self, from: &[T], least: usize) -> Vec<T> {
        let mut left = from.len();
        let mut chosen = Vec::new();
        for item in from {
            let owed = least.saturating_sub(chosen.len());
            if owed >= left || self.chance(500_000) {
                chosen.push(item.clone());
            }
            left -= 1;
        }
        chosen
    }

    /// A source of its own, so that what one part of a run chooses does not shift what others do.
    /// An enumeration has no forks: there the fork draws from a fixed seed.
    pub fn fork(&mut self) -> Self {
        match &mut self.0 {
            Source::Seed(random) => Self::from_seed(random.draw()),
            Source::Path(_) => Self::from_seed(0),
        }
    }
}

impl Path {
    fn below(&mut self, bound: u64) -> u64 {
        if bound < 2 {
            return 0;
        }
        if self.at == self.taken.len() {
            self.taken.push((0, bound));
        }
        let (chosen, out_of) = self.taken[self.at];
        assert_eq!(out_of, bound, "the same choices before, so the same choice now");
        self.at += 1;
        chosen
    }
}

/// Enumerates every way through the choices of a case, depth first.
///
/// ```
/// let mut sums = Vec::new();
/// let mut every = sim::Every::default();
/// while let Some(mut choice) = every.next() {
///     sums.push(choice.below(2) * 10 + choice.below(3));
///     every.done(choice);
/// }
/// assert_eq!(sums, [0, 1, 2, 10, 11, 12]);
/// ```
#[derive(Debug, Default)]
pub struct Every {
    next: Option<Vec<(u64, u64)>>,
    begun: bool,
}

impl Every {
    /// The choices of the next way; none when all ways were gone.
    #[allow(clippy::should_implement_trait, reason = "a way must be handed back before the next")]
    pub fn next(&mut self) -> Option<Choice> {
        let taken = if self.begun { self.next.take()? } else { Vec::new() };
        self.begun = true;
        Some(Choice(Source::Path(Path { taken, at: 0 })))
    }

    /// Hands a way back once it was gone, so that the next can differ from it.
    pub fn done(&mut self, choice: Choice) {
        let Source::Path(path) = choice.0 else { return };
        let mut taken = path.taken;
        while let Some((chosen, out_of)) = taken.pop() {
            if chosen + 1 < out_of {
                taken.push((chosen + 1, out_of));
                self.next = Some(taken);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_gone_once_even_if_later_choices_depend_on_earlier_ones() {
        let mut seen = Vec::new();
        let mut every = Every::default();
        while let Some(mut choice) = every.next() {
            let length = choice.between(0, 2);
            seen.push((0..length).map(|_| choice.below(2)).collect::<Vec<_>>());
            every.done(choice);
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (1 + 2 + 4, 7));
    }

    #[test]
    fn some_keeps_the_least_number() {
        let mut choice = Choice::from_seed(1);
        for _ in 0..100 {
            assert!(choice.some(&[1, 2, 3], 2).len() >= 2);
        }
    }
}
