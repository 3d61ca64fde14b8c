//! Hub: what nobody waits for is told one member, which tells the others what all of them have.
//!
//! Of everybody to everybody the square of their number would go out. The hub is who gives places:
//! it needs everybody's word anyway. One that does not answer is passed by: then everybody is asked
//! who is not known to have all that is here.

use alloc::vec::Vec;

use muts::{Audience, Duration, Instant};

use super::Stability;

/// Who hears what.
pub(crate) struct Addressees {
    /// What this member has.
    pub(crate) own: Audience,
    /// What all have.
    pub(crate) all: Audience,
    /// The hub is to tell everybody, once all have it.
    pub(crate) by_hub: bool,
}

/// A report asks for nothing but that the hub tells everybody what all have, when they have it.
pub(crate) const TELL_ALL: u8 = 3;

/// How long the hub waits for more once all have more: their words come at much the same time.
const HUB_PAUSE: Duration = Duration::from_millis(3);

/// How long the hub may take to answer: it gathers words for `Config::stability`, and a round trip.
const HUB_PATIENCE: Duration = Duration::from_millis(60);

/// Reports to the hub in vain, before everybody is asked.
const PASSED_BY: u8 = 2;

impl Stability {
    /// Takes what all have, by the word of the hub: of that this member has said so itself.
    pub(crate) fn hear_of_all(&mut self, received: &[u64], processed: &[u64]) {
        if received.len() != self.members || processed.len() != self.members {
            return;
        }
        self.present.insert(self.hub);
        for stream in 0..self.members {
            let own = self.has_received(self.own, stream);
            self.all_received.raise(stream, received[stream].min(own));
            let own = self.has_processed(self.own, stream);
            self.all_processed.raise(stream, processed[stream].min(own));
        }
    }

    /// Whether the others tell this member what they have, to hear of all.
    pub(crate) const fn is_hub(&self) -> bool {
        self.own == self.hub
    }

    /// What all are known to have received, and processed.
    pub(crate) fn of_all(&self) -> (Vec<u64>, Vec<u64>) {
        let streams = 0..self.members;
        let received = streams.clone().map(|stream| self.settled_below(stream)).collect();
        (received, streams.map(|stream| self.stable_below(stream)).collect())
    }

    /// A member has said what it has. At the hub: all may have more than they were told.
    pub(crate) fn weigh(&mut self, now: Instant, wanted: u8) {
        if self.goes_by_hub() && self.is_hub() {
            self.owes_all |= wanted == TELL_ALL;
            if self.owes_all && self.sum() > self.said {
                self.hasten(now, HUB_PAUSE);
            }
        }
    }

    /// With two everybody is told by telling the other.
    const fn goes_by_hub(&self) -> bool {
        self.members > 2
    }

    /// Grows with what all have.
    fn sum(&self) -> u64 {
        (0..self.members).map(|it| self.settled_below(it) + self.stable_below(it)).sum()
    }

    /// Whom a report that is due now is for, and who hears what all have: see the head of this
    /// file. Those who have asked hear one of the two.
    pub(crate) fn addressees(&mut self, received: &[u64], urgent: bool) -> Addressees {
        let hurried = core::mem::take(&mut self.hurried) | self.is_awaited_here();
        let hurried = hurried || urgent || self.misses_any();
        if hurried || !self.goes_by_hub() {
            let own = self.everybody(received);
            return Addressees { own, all: Audience::NONE, by_hub: false };
        }
        let asked = core::mem::replace(&mut self.asked, Audience::NONE);
        let fresh = core::mem::take(&mut self.fresh);
        self.pause = self.pause.max(HUB_PATIENCE / 2);
        self.reports = if fresh { 0 } else { self.reports.saturating_add(1) };
        if self.is_hub() {
            let sum = self.sum();
            self.owes_all |= fresh;
            if sum > self.said && self.owes_all {
                (self.said, self.owes_all) = (sum, false);
                return Addressees { own: Audience::NONE, all: Audience::ALL, by_hub: false };
            }
            let own = if fresh { Audience::NONE } else { self.everybody(received) };
            return Addressees { own, all: asked, by_hub: false };
        }
        let mut own = asked;
        let behind = self.behind(received);
        if !behind.is_empty() && self.reports < PASSED_BY {
            own.insert(self.hub);
        } else {
            behind.into_iter().for_each(|member| own.insert(member));
        }
        Addressees { own, all: Audience::NONE, by_hub: self.reports == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn otherwise_the_hub_is_told_and_everybody_only_if_it_does_not_answer() {
        let mut stability = Stability::new(3, 0, 1);
        let here = [1, 0, 0];
        stability.hear(0, &here, &here);
        stability.stir(Instant::ZERO, Duration::from_millis(20));
        for (to, why) in [(&[1][..], "new"), (&[1], "perhaps lost"), (&[1, 2], "no answer")] {
            let both = stability.addressees(&here, false);
            assert_eq!((both.own, both.all), (places(to), Audience::NONE), "{why}");
        }
        stability.hear_of_all(&[9, 0, 0], &[0, 0, 0]);
        assert_eq!(stability.absent(), [2], "who says so is in the epoch");
        assert_eq!((stability.settled_below(0), stability.stable_below(0)), (1, 0));
        stability.hear_of_all(&here, &here);
        assert_eq!(stability.news(), [(0, 1)]);
        assert_eq!(stability.addressees(&here, false).own, places(&[]));
    }

    #[test]
    fn the_hub_tells_everybody_what_all_have_once_all_have_said_so() {
        let mut stability = Stability::new(3, 1, 1);
        let here = [1, 0, 0];
        stability.hear(1, &here, &here);
        stability.stir(Instant::ZERO, Duration::from_millis(20));
        let both = stability.addressees(&here, false);
        assert_eq!((both.own, both.all), (Audience::NONE, Audience::NONE), "nobody has said so");
        stability.hear(0, &here, &here);
        stability.due = None;
        stability.weigh(Instant::ZERO, TELL_ALL);
        assert_eq!(stability.due, None);
        stability.hear(2, &here, &here);
        stability.weigh(Instant::ZERO, 0);
        assert!(stability.due.is_some());
        assert_eq!(stability.addressees(&here, false).all, Audience::ALL);
        assert_eq!(stability.of_all(), (here.to_vec(), here.to_vec()));
        stability.ask(2);
        let both = stability.addressees(&here, false);
        assert_eq!((both.own, both.all), (Audience::NONE, places(&[2])));
    }
}
