//! Choice: every random choice of a run, drawn from its seed.

use muts::Random;

/// Where the choices of a run come from.
#[derive(Debug, Clone)]
pub struct Choice(Random);

impl Choice {
    /// Choices drawn from a seed: the same seed, the same choices.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A number below `bound`; 0 if there is nothing to choose.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
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
            _ => self.0.chance(parts),
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
    pub fn fork(&mut self) -> Self {
        Self::from_seed(self.0.draw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_keeps_the_least_number() {
        let mut choice = Choice::from_seed(1);
        for _ in 0..100 {
            assert!(choice.some(&[1, 2, 3], 2).len() >= 2);
        }
    }
}
