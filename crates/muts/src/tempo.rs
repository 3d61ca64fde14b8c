//! Tempo of one link: how long a round trip takes, and how much may be under way.
//!
//! Round trips after RFC 6298; the flight grows by what is acknowledged and shrinks by half at
//! most once a round trip when something was lost (RFC 5681), between the bounds of `limits`.

use crate::limits::{FLIGHT_BYTES_MAX, FLIGHT_BYTES_MIN, FLIGHT_BYTES_START};
use crate::time::{Duration, Instant};

/// Acknowledgements may wait 10 ms for company: who resends sooner resends in vain.
const PATIENCE_MIN: Duration = Duration::from_millis(25);
/// A peer that answers again is served again at once, so there is no need to wait longer.
const PATIENCE_MAX: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Tempo {
    smoothed: Option<Duration>,
    variation: Duration,
    doubled: u32,
    flight_max: usize,
    halved: Instant,
}

impl Tempo {
    pub(crate) fn new() -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            doubled: 0,
            flight_max: FLIGHT_BYTES_START,
            halved: Instant::ZERO,
        }
    }

    /// Takes a fresh round trip.
    pub(crate) fn round_trip(&mut self, sample: Duration) {
        match self.smoothed {
            None => (self.smoothed, self.variation) = (Some(sample), sample / 2),
            Some(smoothed) => {
                let apart = smoothed.abs_diff(sample);
                self.variation = (self.variation * 3 + apart) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    /// How long an acknowledgement may stay out.
    pub(crate) fn patience(&self) -> Duration {
        let smoothed = self.smoothed.unwrap_or(Duration::from_millis(50));
        let base = (smoothed * 2 + self.variation * 4).max(PATIENCE_MIN);
        (base * (1 << self.doubled.min(6))).min(PATIENCE_MAX)
    }

    /// Bytes that may be under way.
    pub(crate) fn flight_max(&self) -> usize {
        self.flight_max
    }

    /// Something arrived there.
    pub(crate) fn acknowledged(&mut self, bytes: usize) {
        self.doubled = 0;
        self.flight_max = (self.flight_max + bytes).min(FLIGHT_BYTES_MAX);
    }

    /// Something was lost on the way.
    pub(crate) fn lost(&mut self, now: Instant) {
        if now.since(self.halved) > self.smoothed.unwrap_or_default() {
            self.halved = now;
            self.flight_max = (self.flight_max / 2).max(FLIGHT_BYTES_MIN);
        }
    }

    /// Nothing came for as long as the patience.
    pub(crate) fn overdue(&mut self, now: Instant) {
        self.doubled += 1;
        self.lost(now);
    }
}
