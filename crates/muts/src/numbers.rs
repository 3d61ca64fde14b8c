//! Numbers: which datagrams of a peer have come, by their numbers, so that none counts twice and
//! all can be acknowledged.

/// Words of 64 numbers each.
const WORDS: usize = 64;

/// The last numbers that are told apart; the word that the highest lies in is not whole yet.
const SPAN: u64 = (WORDS as u64 - 1) * 64;

/// No link counts as far as this: whoever says so wants it to end there.
const END: u64 = 1 << 62;

/// The numbers seen, of the last [`SPAN`] below the highest; older ones count as seen.
#[derive(Debug)]
pub(crate) struct Seen {
    /// One above the highest.
    top: u64,
    bits: [u64; WORDS],
}

impl Default for Seen {
    fn default() -> Self {
        Self { top: 0, bits: [0; WORDS] }
    }
}

fn place(number: u64) -> (usize, u64) {
    ((number / 64) as usize % WORDS, 1 << (number % 64))
}

impl Seen {
    /// One above the highest number seen.
    pub(crate) fn top(&self) -> u64 {
        self.top
    }

    /// Whether this number has not been seen, as far as is known.
    pub(crate) fn is_new(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        let later = number >= self.top && number < END;
        later || (number < self.top && number + SPAN >= self.top && self.bits[word] & bit == 0)
    }

    /// Takes a number that is new.
    pub(crate) fn note(&mut self, number: u64) {
        if number >= self.top {
            let whole = (number / 64).saturating_sub(self.top.saturating_sub(1) / 64);
            for step in 1..=whole.min(WORDS as u64) {
                let (word, _) = place((self.top.saturating_sub(1) / 64 + step) * 64);
                self.bits[word] = 0;
            }
            self.top = number + 1;
        }
        let (word, bit) = place(number);
        self.bits[word] |= bit;
    }

    /// Where those begin that lie below `end`, down to `floor`, and are all seen, or all are not.
    fn begin(&self, mut end: u64, floor: u64, seen: bool) -> u64 {
        while end > floor {
            let last = end - 1;
            let word = self.bits[place(last).0];
            let others = if seen { !word } else { word } << (63 - last % 64);
            let same = u64::from(others.leading_zeros()).min(last % 64 + 1);
            end -= same;
            if same <= last % 64 {
                break;
            }
        }
        end.max(floor)
    }

    /// The runs of numbers seen, highest first, each as `(from, to)`; at most so many.
    pub(crate) fn runs(&self, most: usize) -> impl Iterator<Item = (u64, u64)> + '_ {
        let floor = self.top.saturating_sub(SPAN);
        let mut end = self.top;
        core::iter::from_fn(move || {
            let to = self.begin(end, floor, false);
            end = self.begin(to, floor, true);
            (end < to).then_some((end, to))
        })
        .take(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    #[test]
    fn every_number_is_new_once() {
        let mut random = crate::random::Random::new(3);
        let (mut seen, mut slowly, mut top) = (Seen::default(), BTreeSet::new(), 0_u64);
        for _ in 0..50_000 {
            let jump = if random.chance(1_000) { random.below(9_000) } else { random.below(9) };
            top += random.below(2) * jump;
            let late = if random.chance(10_000) { 4_000 } else { 60 };
            let number = top.saturating_sub(random.below(late));
            let new = seen.is_new(number);
            assert_eq!(new, slowly.insert(number) && number + SPAN >= seen.top(), "{number}");
            if new {
                seen.note(number);
            }
            let runs: Vec<_> = seen.runs(4).collect();
            for (from, to) in &runs {
                assert!((*from..*to).all(|number| slowly.contains(&number)));
                assert!(!slowly.contains(to));
            }
            assert_eq!(runs[0].1, slowly.last().expect("one") + 1);
        }
    }

    #[test]
    fn a_number_that_no_link_counts_to_is_not_new() {
        let seen = Seen::default();
        assert!(seen.is_new(END - 1));
        assert!(!seen.is_new(END) && !seen.is_new(u64::MAX));
    }

    #[test]
    fn what_is_older_than_the_window_counts_as_seen() {
        let mut seen = Seen::default();
        seen.note(10);
        seen.note(10 + SPAN);
        assert!(seen.is_new(11));
        assert!(!seen.is_new(9), "older than the window");
    }
}
