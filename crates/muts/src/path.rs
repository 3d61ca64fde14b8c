//! Path: how long a datagram may be on the way to one peer.
//!
//! Begins with what every path carries and tries longer ones, since a datagram costs the same
//! whatever its length. A try that is acknowledged is the new length; one that is lost three times
//! ends the search for a while. Where nothing long comes through any more, and short ones do or
//! nothing at all does, it falls back.

use crate::limits::DATAGRAM_BYTES_SAFE;
use crate::time::{Duration, Instant};

/// Lengths worth trying: what every path carries, Ethernet and tunnels in it, jumbo frames, memory.
const LENGTHS: [usize; 5] = [DATAGRAM_BYTES_SAFE, 1_452, 8_952, 32_700, 65_000];

/// Lost so often, a length is taken for too long.
const TRIES: u8 = 3;

/// Between two tries of one length.
const PAUSE: Duration = Duration::from_millis(200);

/// So many long datagrams lost, none come and short ones come: the path carries no long ones. Where
/// a third of everything is lost it happens once in fifty thousand.
const LONG_LOST: u32 = 10;

/// The path may have changed after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(crate) struct Path {
    limit: usize,
    /// What it falls back to.
    floor: usize,
    /// How long the search rests after it has come to its end.
    rest: Duration,
    length: usize,
    tries: u8,
    due: Option<Instant>,
    /// Long datagrams lost since one came, and whether short ones have come meanwhile.
    lost: u32,
    short_came: bool,
}

impl Path {
    /// A path of which nothing is known; datagrams are at most `limit` long in any case.
    pub(crate) fn new(limit: usize) -> Self {
        let floor = limit.min(DATAGRAM_BYTES_SAFE);
        Self { floor, length: floor, ..Self::doubtful(limit, AGAIN_AFTER) }
    }

    /// A path that may carry nothing at all; what it does not carry is tried again after `rest`.
    pub(crate) fn doubtful(limit: usize, rest: Duration) -> Self {
        let (floor, length, tries, due) = (0, 0, 0, None);
        Self { limit, floor, rest, length, tries, due, lost: 0, short_came: false }
    }

    /// How long a datagram may be.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The peer has been met: the search begins.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.due = self.candidate().map(|_| now);
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    fn candidate(&self) -> Option<usize> {
        let mut lengths = LENGTHS.iter().map(|length| self.limit.min(*length));
        lengths.find(|length| *length > self.length)
    }

    /// The length to try now, if it is time.
    pub(crate) fn try_now(&mut self, now: Instant) -> Option<usize> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        if self.tries == TRIES {
            self.tries = 0;
        }
        let Some(length) = self.candidate() else {
            self.due = None;
            return None;
        };
        self.tries += 1;
        let pause = if self.tries == TRIES { self.rest } else { PAUSE };
        self.due = Some(now + pause);
        Some(length)
    }

    /// A try of this length came through.
    pub(crate) fn came(&mut self, now: Instant, length: usize) {
        if length <= self.length {
            return;
        }
        self.length = length;
        self.tries = 0;
        self.due = self.candidate().map(|_| now);
    }

    /// So many datagrams came, and were lost, that are longer than every path carries; and whether
    /// a shorter one came. Where only those come the path has become shorter (RFC 8899, 4.3).
    pub(crate) fn weigh(&mut self, now: Instant, came: u32, lost: u32, short_came: bool) {
        if came > 0 {
            (self.lost, self.short_came) = (0, false);
        } else if self.lost + lost > 0 {
            self.lost += lost;
            self.short_came |= short_came;
            if self.lost >= LONG_LOST && self.short_came && self.length > self.floor {
                self.doubt(now);
            }
        }
    }

    /// Nothing came through for long although much was sent: perhaps nothing that long does.
    pub(crate) fn doubt(&mut self, now: Instant) {
        self.length = self.floor;
        self.tries = 0;
        (self.lost, self.short_came) = (0, false);
        self.due = self.candidate().map(|_| now + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(path: &mut Path, carries: usize, seconds: u64) {
        path.begin(Instant::ZERO);
        for ms in 0..seconds * 1_000 {
            let now = Instant::from_nanos(ms * 1_000_000);
            if let Some(length) = path.try_now(now)
                && length <= carries
            {
                path.came(now, length);
            }
        }
    }

    #[test]
    fn the_longest_that_comes_through_is_found() {
        for (carries, found) in [(1_200, 1_200), (1_500, 1_452), (9_000, 8_952), (65_507, 65_000)] {
            let mut path = Path::new(65_507);
            search(&mut path, carries, 2);
            assert_eq!(path.length(), found);
        }
        let mut limited = Path::new(2_000);
        search(&mut limited, 65_507, 2);
        assert_eq!(limited.length(), 2_000);
    }

    #[test]
    fn a_path_that_got_shorter_is_doubted_and_one_that_got_longer_found_later() {
        let mut path = Path::new(65_507);
        search(&mut path, 9_000, 2);
        path.doubt(Instant::ZERO);
        assert_eq!(path.length(), DATAGRAM_BYTES_SAFE);
        search(&mut path, 1_500, 2);
        assert_eq!(path.length(), 1_452);
        search(&mut path, 9_000, 1_300);
        assert_eq!(path.length(), 8_952);
    }
}
