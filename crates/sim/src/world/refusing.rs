//! Refusing: a system that says that nobody listens where a datagram came.
//!
//! Takes: who sends where no process runs, or where a firewall rejects it. Promises: the sender is
//! told as often as a system says so; not always, as refusals are lost like all else. Keeps: how
//! often each was told.

use std::collections::BTreeMap;

use bytes::Bytes;
use muts::{Duration, Instant, Layer};

use super::{What, World};
use crate::script::App;

/// A host tells another so many times at once, and then one time in each period (Linux).
const AT_ONCE: u64 = 6;
const PERIOD: Duration = Duration::from_secs(1);

/// A firewall stands beside who sends.
const BESIDE: Duration = Duration::from_micros(50);

/// Parts of 1,000,000 of the hosts that end with their process.
const DARK_CHANCE: u64 = 300_000;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Whether hosts outlive their processes and say that they are over.
    said: bool,
    /// Who has told whom: how often it may still, as of when.
    told: BTreeMap<(usize, usize), (u64, Instant)>,
}

impl Refusals {
    /// Whether this host may tell that one now.
    fn may(&mut self, now: Instant, by: usize, to: usize) -> bool {
        let (left, since) = self.told.entry((by, to)).or_insert((AT_ONCE, now));
        while now.since(*since) >= PERIOD {
            (*left, *since) = ((*left + 1).min(AT_ONCE), *since + PERIOD);
        }
        let may = *left > 0;
        *left -= u64::from(may);
        may
    }
}

impl<T: Layer, A: App<Down = T::Down, Up = T::Up>> World<T, A> {
    /// From now on most hosts outlive their processes, and say that nobody listens there.
    pub const fn refuse_for_the_dead(&mut self) {
        self.refusals.said = true;
    }

    /// Whether the host of a process that has just died ends with it.
    pub(super) fn draw_dark(&mut self, host: usize) {
        self.hosts[host].is_dark = self.refusals.said && self.choice.chance(DARK_CHANCE);
    }

    /// Tells who has just sent there that nobody listens, if so and if it comes to be known.
    pub(super) fn refuse(&mut self, from: usize, to: usize) {
        let Some(place) = self.hosts.get(to) else { return };
        let rejects = self.network.rejects(from, to);
        let is_over = self.refusals.said && place.running.is_none() && !place.is_dark;
        let comes = rejects || is_over && !self.network.is_cut(from, to);
        if !comes || !self.refusals.may(self.now, to, from) {
            return;
        }
        let back = if rejects {
            Some(self.now + BESIDE)
        } else {
            // There and back.
            let [back, _] = self.network.carry(self.now, to, from, 0);
            back.map(|at| at + at.since(self.now))
        };
        if let Some(at) = back {
            self.count("refusals", 1);
            self.push(at, What::Arrive { from: to, to: from, bytes: Bytes::new() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_says_it_so_often_at_once_and_then_now_and_then() {
        let mut refusals = Refusals::default();
        let mut told = |ms| {
            let now = Instant::ZERO + Duration::from_millis(ms);
            (0..10).filter(|_| refusals.may(now, 1, 2)).count()
        };
        assert_eq!([0, 900, 1_000, 1_500, 4_200].map(&mut told), [6, 0, 1, 0, 3]);
        assert_eq!(told(60_000), 6);
        assert!(refusals.may(Instant::ZERO, 2, 1), "another is told for its own part");
    }
}
