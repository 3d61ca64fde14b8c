//! Pace of one link: how long a round trip takes, how much may be under way, how fast it may go.
//!
//! Round trips after RFC 6298. The window grows until something tells that it is too large. Loss
//! while round trips have grown long is taken for a full queue, and halves it (RFC 5681); loss
//! without that is taken for a bad line, and shrinks it by half of what was lost, since a line that
//! loses a tenth of everything does not get better by being used less.

use crate::config::Tuning;
use crate::limits::FLIGHT_DATAGRAMS_MIN;
use crate::time::{Duration, Instant};

/// Before the first round trip.
const ROUND_TRIP_START: Duration = Duration::from_millis(20);

/// Round trips shorter than this are the system's own doing, and nothing is paced by them.
const PACED_FROM: Duration = Duration::from_millis(2);

/// After so long the shortest round trip is looked for anew: the path may be another.
const SHORTEST_FOR: Duration = Duration::from_secs(10);

/// Between two things that came, a few are sent again on suspicion this often: where a third of
/// all is lost, one of them and its acknowledgement come through.
const NUDGES_MAX: u32 = 3;

/// Bytes that may go at once where the pace is limited.
const BURST_BYTES: i64 = 64 << 10;

#[derive(Debug)]
pub(crate) struct Pace {
    tuning: Tuning,
    smoothed: Option<Duration>,
    variation: Duration,
    shortest: Duration,
    shortest_at: Instant,
    /// Nothing came for that many patiences in a row.
    doubled: u32,
    /// Since something came, so often a few were sent again before that.
    nudges: u32,
    window: usize,
    /// Nothing was ever lost: the window may double every round.
    starting: bool,
    /// The window kept something back in this round.
    limited: bool,
    came: usize,
    lost: usize,
    /// The round ends when this number is acknowledged.
    round_end: u64,
    /// Bytes that may go now; below zero, later.
    budget: i64,
    budget_at: Instant,
}

impl Pace {
    pub(crate) fn new(tuning: &Tuning) -> Self {
        Self {
            tuning: *tuning,
            smoothed: None,
            variation: Duration::ZERO,
            shortest: Duration::MAX,
            shortest_at: Instant::ZERO,
            doubled: 0,
            nudges: 0,
            window: tuning.flight_bytes_start,
            starting: true,
            limited: false,
            came: 0,
            lost: 0,
            round_end: 0,
            budget: BURST_BYTES,
            budget_at: Instant::ZERO,
        }
    }

    /// A round trip, as far as is known.
    pub(crate) fn round_trip(&self) -> Duration {
        self.smoothed.unwrap_or(ROUND_TRIP_START)
    }

    /// How long an acknowledgement may stay out.
    pub(crate) fn patience(&self) -> Duration {
        let base = self.prompt() + self.tuning.ack_delay;
        (base * (1 << self.doubled.min(6))).min(self.tuning.patience_max)
    }

    /// How long one may that was asked for at once.
    fn prompt(&self) -> Duration {
        self.round_trip() + (self.variation * 4).max(Duration::from_millis(1))
    }

    /// How long one may that was asked for at once, before a few are sent again on suspicion
    /// (RFC 8985, 7); none: it was tried often enough, the rest is the patience's.
    pub(crate) fn until_nudge(&self) -> Option<Duration> {
        let wait = self.prompt() * (1 << self.nudges);
        (self.nudges < NUDGES_MAX && self.smoothed.is_some() && wait < self.patience())
            .then_some(wait)
    }

    /// A few are sent again on suspicion: that says nothing of the line yet.
    pub(crate) fn nudge(&mut self) {
        self.nudges += 1;
    }

    /// Bytes that may be under way.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// The window kept something back: only then is it worth growing.
    pub(crate) fn held_back(&mut self) {
        self.limited = true;
    }

    /// Takes a fresh round trip.
    fn measure(&mut self, now: Instant, sample: Duration) {
        if sample < self.shortest || now.since(self.shortest_at) > SHORTEST_FOR {
            (self.shortest, self.shortest_at) = (sample, now);
        }
        match self.smoothed {
            None => (self.smoothed, self.variation) = (Some(sample), sample / 2),
            Some(smoothed) => {
                let apart = smoothed.abs_diff(sample);
                self.variation = (self.variation * 3 + apart) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    /// Takes what an acknowledgement decided; `acknowledged` is the highest number it told, `next`
    /// the next that will be sent.
    pub(crate) fn decided(
        &mut self,
        now: Instant,
        (came, lost): (usize, usize),
        round_trip: Option<Duration>,
        (acknowledged, next): (u64, u64),
        datagram: usize,
    ) {
        if let Some(sample) = round_trip {
            self.measure(now, sample);
        }
        if came > 0 {
            (self.doubled, self.nudges) = (0, 0);
        }
        self.came += came;
        self.lost += lost;
        if self.starting && lost == 0 && self.limited {
            self.window += came;
        }
        if acknowledged >= self.round_end {
            self.end_round(datagram);
            self.round_end = next;
        }
        self.bound(datagram);
    }

    fn end_round(&mut self, datagram: usize) {
        let all = (self.came + self.lost).max(1);
        if self.lost > 0 {
            self.starting = false;
            let queued =
                self.round_trip() > self.shortest.saturating_mul(2).saturating_add(PACED_FROM);
            let share = if queued { all / 2 } else { self.lost / 2 };
            self.window -= (self.window as u128 * share as u128 / all as u128) as usize;
        }
        if !self.starting && self.limited {
            self.window += (self.window / 8).max(datagram);
        }
        (self.came, self.lost, self.limited) = (0, 0, false);
    }

    /// Nothing came for as long as the patience.
    pub(crate) fn overdue(&mut self, datagram: usize) {
        self.doubled += 1;
        if self.doubled >= 3 {
            self.window = 0;
            self.starting = false;
            self.bound(datagram);
        }
    }

    /// How many patiences in a row have passed in vain.
    pub(crate) fn in_vain(&self) -> u32 {
        self.doubled
    }

    fn bound(&mut self, datagram: usize) {
        let least = datagram * FLIGHT_DATAGRAMS_MIN;
        self.window = self.window.clamp(least, self.tuning.flight_bytes_max.max(least));
    }

    /// When the next datagram may go; none: now.
    pub(crate) fn wait_until(&mut self, now: Instant) -> Option<Instant> {
        let round_trip = self.round_trip();
        if self.smoothed.is_none() || round_trip < PACED_FROM {
            return None;
        }
        // Five quarters of a window a round trip.
        let trip = round_trip.as_nanos().max(1);
        let rate = |nanos: u128| self.window as u128 * 5 / 4 * nanos / trip;
        let earned = rate(now.since(self.budget_at).as_nanos());
        self.budget = (self.budget + i64::try_from(earned).unwrap_or(i64::MAX)).min(BURST_BYTES);
        self.budget_at = now;
        if self.budget > 0 {
            return None;
        }
        let lacking = self.budget.unsigned_abs() as u128 + 1;
        let nanos = lacking * trip / (self.window as u128 * 5 / 4).max(1) + 1;
        Some(now + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// A datagram of this length went out.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.budget = (self.budget - bytes as i64).max(-(self.tuning.flight_bytes_max as i64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FLIGHT_BYTES_MAX;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// Rounds of ten datagrams, of which some are lost.
    fn rounds(pace: &mut Pace, rounds: u64, lost: usize, trip_ms: u64) {
        for _ in 0..rounds {
            pace.held_back();
            let (came, lost) = ((10 - lost) * 1_200, lost * 1_200);
            let trip = Some(Duration::from_millis(trip_ms));
            let numbers = (pace.round_end, pace.round_end + 10);
            pace.decided(at(numbers.0), (came, lost), trip, numbers, 1_200);
        }
    }

    #[test]
    fn a_line_that_loses_a_tenth_is_used_fully_and_a_full_queue_is_not() {
        let mut pace = Pace::new(&Tuning::default());
        rounds(&mut pace, 100, 1, 1);
        assert_eq!(pace.window(), FLIGHT_BYTES_MAX);
        rounds(&mut pace, 20, 1, 50);
        assert!(pace.window() < FLIGHT_BYTES_MAX / 8, "{}", pace.window());
    }

    #[test]
    fn silence_makes_patient_and_small() {
        let mut pace = Pace::new(&Tuning::default());
        rounds(&mut pace, 20, 0, 1);
        let before = pace.patience();
        (0..3).for_each(|_| pace.overdue(1_200));
        assert!(pace.patience() > before * 3);
        assert_eq!(pace.window(), 1_200 * FLIGHT_DATAGRAMS_MIN);
    }

    #[test]
    fn long_round_trips_are_paced_and_short_ones_are_not() {
        let mut pace = Pace::new(&Tuning::default());
        rounds(&mut pace, 3, 0, 100);
        let mut now = at(1_000);
        let (mut sent, end) = (0, at(2_000));
        while now < end {
            match pace.wait_until(now) {
                Some(later) => now = later,
                None => {
                    pace.sent(1_200);
                    sent += 1_200;
                }
            }
        }
        let window = pace.window();
        assert!(sent > window * 9 && sent < window * 15, "{sent} of {window} a round");
        let mut near = Pace::new(&Tuning::default());
        rounds(&mut near, 3, 0, 1);
        assert_eq!(near.wait_until(at(1)), None);
    }
}
