//! Reach: whether one peer hears the hall, and how long a datagram there may be.
//!
//! Nothing is believed: a peer hears the hall once a try of its own has been acknowledged, and does
//! not any more when several datagrams in a row did not come. Then it is served alone at once, and
//! tried again.

use crate::path::Path;
use crate::time::{Duration, Instant};

/// So many datagrams in a row did not come: it is taken not to hear. One that is lost says little.
const MISSES_MAX: u8 = 3;

/// Between two searches where nothing was heard.
const REST: Duration = Duration::from_secs(10);

/// The way to one peer through the hall.
#[derive(Debug)]
pub(crate) struct Reach {
    path: Path,
    misses: u8,
}

impl Reach {
    /// Nothing is known; datagrams are at most so long, 0 where there is no hall.
    pub(crate) fn new(limit: usize) -> Self {
        Self { path: Path::doubtful(limit, REST), misses: 0 }
    }

    /// The search begins.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.path.begin(now);
    }

    /// How long a datagram may be; 0 if the peer hears nothing.
    pub(crate) fn length(&self) -> usize {
        self.path.length()
    }

    pub(crate) fn hears(&self) -> bool {
        self.path.length() > 0
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.path.due()
    }

    /// The length to try now, if it is time.
    pub(crate) fn try_now(&mut self, now: Instant) -> Option<usize> {
        self.path.try_now(now)
    }

    /// A try of this length was heard.
    pub(crate) fn proven(&mut self, now: Instant, length: usize) {
        self.misses = 0;
        self.path.came(now, length);
    }

    /// What was said was heard.
    pub(crate) fn came(&mut self) {
        self.misses = 0;
    }

    /// What was said was not heard. Answers whether the peer is given up by that.
    pub(crate) fn lost(&mut self, now: Instant) -> bool {
        self.misses = self.misses.saturating_add(1);
        let given_up = self.misses >= MISSES_MAX && self.hears();
        if given_up {
            self.misses = 0;
            self.path.doubt(now);
        }
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// Tries for a while where so much is heard; answers how often.
    fn search(reach: &mut Reach, heard: usize, from_ms: u64, ms: u64) -> u32 {
        let mut tries = 0;
        for now in (from_ms..from_ms + ms).map(at) {
            if let Some(length) = reach.try_now(now) {
                tries += 1;
                if length <= heard {
                    reach.proven(now, length);
                }
            }
        }
        tries
    }

    #[test]
    fn nobody_hears_before_it_is_proven_and_the_longest_is_found() {
        let mut reach = Reach::new(65_507);
        assert!(!reach.hears());
        reach.begin(at(0));
        search(&mut reach, 1_500, 0, 2_000);
        assert_eq!(reach.length(), 1_452);
    }

    #[test]
    fn who_misses_three_in_a_row_is_given_up_and_found_again() {
        let mut reach = Reach::new(1_452);
        reach.begin(at(0));
        search(&mut reach, 1_500, 0, 2_000);
        assert!(!reach.lost(at(2_000)) && !reach.lost(at(2_000)));
        reach.came();
        assert!(!reach.lost(at(2_000)) && !reach.lost(at(2_000)) && reach.lost(at(2_000)));
        assert!(!reach.hears());
        search(&mut reach, 1_500, 2_000, 1_000);
        assert!(reach.hears());
    }

    #[test]
    fn where_nothing_is_heard_little_is_tried() {
        let mut reach = Reach::new(65_507);
        reach.begin(at(0));
        let tries = search(&mut reach, 0, 0, 60_000);
        assert!((12..=21).contains(&tries), "{tries} tries in a minute");
        let mut none = Reach::new(0);
        none.begin(at(0));
        assert_eq!(search(&mut none, 1_500, 0, 1_000), 0);
    }
}
