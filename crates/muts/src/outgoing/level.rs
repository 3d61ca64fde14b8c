//! Level: which receivers of a stream lack the same, so that one datagram in the hall is for all.

use super::{Next, Outgoing, Receiver};
use crate::limits::HALL_BYTES_MIN;

impl Outgoing {
    /// What is new to this receiver and goes in one frame; none if it lacks something older.
    pub(crate) fn news(&self, place: usize, room: usize) -> Option<(u64, u64)> {
        let receiver = &self.receivers[place];
        let (from, to) = self.fresh(place);
        if receiver.gone || !receiver.again.is_empty() || from >= to {
            return None;
        }
        match self.cut(place, (from, to), room as u64, false) {
            Next::Data { from, to, .. } if from < to => Some((from, to)),
            _ => None,
        }
    }

    /// Whether what is new to this receiver is better said in the hall: another that hears it
    /// lacks the same, and it is long, or all there is.
    pub(crate) fn shares(&self, place: usize) -> bool {
        let receiver = &self.receivers[place];
        if !receiver.hears || self.level(place).next().is_none() {
            return false;
        }
        self.news(place, HALL_BYTES_MIN).is_some_and(|news| self.is_worth_hall(news))
    }

    /// Whether so much is long, or all there is.
    pub(crate) fn is_worth_hall(&self, (from, to): (u64, u64)) -> bool {
        to - from >= HALL_BYTES_MIN as u64 || to == self.end
    }

    /// The others that hear the hall and lack the same as this receiver.
    pub(crate) fn level(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let next = self.receivers[place].next;
        let level = move |other: &Receiver| other.hears && !other.gone && other.next == next;
        (0..self.receivers.len())
            .filter(move |other| *other != place && level(&self.receivers[*other]))
    }

    /// The others that hear the hall and lack more than this receiver, and can be sent it soon.
    pub(crate) fn behind(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let next = self.receivers[place].next;
        let behind = move |other: &Receiver| other.hears && !other.gone && other.next < next;
        (0..self.receivers.len())
            .filter(move |other| behind(&self.receivers[*other]) && !self.withholds(*other))
    }

    /// Whether this receiver has all that it lets come, and there is more; or did not let come
    /// what it was sent.
    pub(crate) fn withholds(&self, place: usize) -> bool {
        let receiver = &self.receivers[place];
        self.lacks_credit(place) && receiver.cum >= receiver.next || self.is_too_early(place)
    }

    /// What is new to all of these, which are level, and goes in one frame.
    pub(crate) fn common(&self, places: &[usize], room: usize) -> Option<(u64, u64)> {
        let mut common = self.news(places[0], room)?;
        for place in &places[1..] {
            let (from, to) = self.news(*place, room)?;
            common = (from == common.0).then_some((from, to.min(common.1)))?;
        }
        Some(common)
    }

    /// It was said in the hall up to there.
    pub(crate) fn said(&mut self, place: usize, to: u64) {
        self.receivers[place].next = to;
    }
}
