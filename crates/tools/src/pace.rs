//! Pace: when the next chunk of a state may be asked for, so that other traffic has its share.
//!
//! *Takes* what a chunk costs and when it was asked for. *Promises* that in any time there come no
//! more than it pays for, and [`SMOOTH`], and one. *Keeps* one moment. The taker keeps the pace, so
//! the donor remembers nothing; those who take at the same time share it, as all of them know who
//! they are.

use muts::{Duration, Instant};

use crate::limits::{CHUNK_BYTES, SMOOTH};

#[derive(Debug)]
pub(crate) struct Pace {
    bytes_a_second: u64,
    due: Instant,
}

impl Pace {
    /// At most so many bytes a second; at least one.
    pub(crate) fn new(bytes_a_second: u64) -> Self {
        Self { bytes_a_second: bytes_a_second.max(1), due: Instant::ZERO }
    }

    /// When the next chunk may be asked for.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// A chunk is asked for, by one of so many who take at the same time.
    pub(crate) fn spend(&mut self, now: Instant, takers: usize) {
        let bytes = CHUNK_BYTES as u64 * takers.max(1) as u64;
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_a_second);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.due = self.due.max(now - SMOOTH) + cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many chunks are asked for within a second by who wants as many as it may have.
    fn in_a_second(bytes_a_second: u64, takers: usize) -> u64 {
        let (mut pace, begun) = (Pace::new(bytes_a_second), Instant::ZERO + 9 * SECOND);
        let (mut now, mut chunks) = (begun, 0);
        while now < begun + SECOND && chunks < 1_000 {
            pace.spend(now, takers);
            chunks += 1;
            now = now.max(pace.due());
        }
        chunks
    }

    #[test]
    fn no_more_comes_in_a_second_than_the_pace_allows_and_a_little() {
        let chunk = CHUNK_BYTES as u64;
        assert_eq!(in_a_second(100 * chunk, 1), 102);
        assert_eq!(in_a_second(100 * chunk, 4), 26);
        assert_eq!(in_a_second(2 * chunk, 1), 3);
        assert_eq!(in_a_second(0, 1), 1);
    }

    #[test]
    fn who_has_asked_for_nothing_for_long_saves_nothing_up() {
        let mut pace = Pace::new(100 * CHUNK_BYTES as u64);
        let now = Instant::ZERO + 1_000 * SECOND;
        let mut chunks = 0;
        while pace.due() <= now && chunks < 1_000 {
            pace.spend(now, 1);
            chunks += 1;
        }
        assert_eq!(chunks, 3, "what a fiftieth of a second pays for, and one");
    }

    #[test]
    fn without_a_bound_nothing_waits() {
        let mut pace = Pace::new(u64::MAX);
        (0..100_000).for_each(|_| pace.spend(Instant::ZERO, 250));
        assert_eq!(pace.due(), Instant::ZERO);
    }
}
