//! Alternate: A B A B in one run, because machines are shared and noisy; ratios pair by pair.

/// What came of measuring two things by turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// Median of A.
    pub(crate) ours: f64,
    /// Median of B.
    pub(crate) against: f64,
    /// Median of the ratios A/B, each of two neighbours.
    pub(crate) ratio: f64,
    /// Their 10th and 90th percentile.
    pub(crate) spread: (f64, f64),
    /// How many pairs.
    pub(crate) runs: usize,
}

/// Measures by turns, so many times.
pub(crate) fn alternate(
    runs: usize,
    mut ours: impl FnMut() -> f64,
    mut against: impl FnMut() -> f64,
) -> Pair {
    Pair::of(&(0..runs).map(|_| (ours(), against())).collect::<Vec<_>>())
}

impl Pair {
    /// What neighbours make of it, A first.
    pub(crate) fn of(pairs: &[(f64, f64)]) -> Self {
        let ratios: Vec<f64> = pairs.iter().map(|(ours, against)| ours / against).collect();
        let at = |percent| percentile(ratios.iter().copied(), percent);
        Self {
            ours: percentile(pairs.iter().map(|pair| pair.0), 50),
            against: percentile(pairs.iter().map(|pair| pair.1), 50),
            ratio: at(50),
            spread: (at(10), at(90)),
            runs: pairs.len(),
        }
    }
}

/// The value below which so many in a hundred lie, nearest rank.
pub(crate) fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(f64::NAN)
}
