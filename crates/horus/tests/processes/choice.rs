//! Choice: the only source of chance, so that a seed says what is done.

/// Splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Choice(u64);

impl Choice {
    /// The same seed and purpose draw the same; two purposes do not disturb each other.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut choice = Self(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        choice.draw();
        choice
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to `end`, without it; 0 if that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a count");
        usize::try_from(self.draw() % end).expect("below a count")
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True so many times of a hundred.
    pub(crate) fn chance(&mut self, hundredths: usize) -> bool {
        self.below(100) < hundredths
    }

    /// One of these; none if there is none.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).cloned()
    }

    /// Some of these, at least so many of them, in their order.
    pub(crate) fn some<T: Clone>(&mut self, from: &[T], least: usize) -> Vec<T> {
        let mut kept: Vec<_> = from.iter().map(|item| (self.chance(60), item.clone())).collect();
        while kept.iter().filter(|(keep, _)| *keep).count() < least.min(from.len()) {
            let at = self.below(kept.len());
            kept[at].0 = true;
        }
        kept.into_iter().filter(|(keep, _)| *keep).map(|(_, item)| item).collect()
    }
}
