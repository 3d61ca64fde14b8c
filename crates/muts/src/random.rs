//! The seeded generator: the only source of chance in the floors.

/// A small generator (SplitMix64, Steele, Lea and Flood 2014). Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator that always gives the same numbers for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: unbiased enough for jitter and storms.
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// True with a chance of `parts` in 1,000,000.
    pub fn chance(&mut self, parts: u64) -> bool {
        self.below(1_000_000) < parts
    }
}
