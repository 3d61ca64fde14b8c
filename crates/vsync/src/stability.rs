//! Stability: who has what, hence what everyone has (paper 3.2).
//!
//! Takes: each member's report of how far it has received and processed every stream. Promises: a
//! position is called settled or stable only when every member of the view said so itself. Keeps:
//! one row of positions per member. Reports are repeated while anything is not stable, so a lost
//! one delays and never stalls.

use alloc::vec;
use alloc::vec::Vec;

use muts::{Duration, Instant};

use crate::limits::PAUSE_MAX;
/// What the members of one epoch are known to have.
#[derive(Debug)]
pub(crate) struct Stability {
    /// By member, by stream: the first position not known received there.
    received: Vec<Vec<u64>>,
    /// By member, by stream: the first position not known processed there.
    processed: Vec<Vec<u64>>,
    /// By stream: the first position not known stable, as it was told last.
    told: Vec<u64>,
    /// When the next report is due, if one is.
    pub(crate) due: Option<Instant>,
    /// How long to wait before the one after: doubles while nothing changes.
    pause: Duration,
}

impl Stability {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            received: vec![vec![0; members]; members],
            processed: vec![vec![0; members]; members],
            told: vec![0; members],
            due: None,
            pause: Duration::ZERO,
        }
    }

    /// Takes what a member says of itself. Rows of another length are none.
    pub(crate) fn hear(&mut self, member: usize, received: &[u64], processed: &[u64]) {
        let members = self.told.len();
        if received.len() != members || processed.len() != members {
            return;
        }
        for stream in 0..members {
            let known = &mut self.received[member][stream];
            *known = (*known).max(received[stream]);
            let known = &mut self.processed[member][stream];
            *known = (*known).max(processed[stream]);
        }
    }

    /// Every member has received this stream below the answer.
    pub(crate) fn settled_below(&self, stream: usize) -> u64 {
        self.received.iter().map(|row| row[stream]).min().unwrap_or(0)
    }

    /// Every member has processed this stream below the answer.
    pub(crate) fn stable_below(&self, stream: usize) -> u64 {
        self.processed.iter().map(|row| row[stream]).min().unwrap_or(0)
    }

    /// The streams that became stable further than was told, and mark them told.
    pub(crate) fn news(&mut self) -> Vec<(usize, u64)> {
        let mut news = Vec::new();
        for stream in 0..self.told.len() {
            let below = self.stable_below(stream);
            if below > self.told[stream] {
                self.told[stream] = below;
                news.push((stream, below));
            }
        }
        news
    }

    /// Something new was received or processed here: a report is due soon.
    pub(crate) fn stir(&mut self, now: Instant, delay: Duration) {
        let soon = now + delay;
        if self.due.is_none_or(|due| due > soon) {
            self.due = Some(soon);
        }
        self.pause = delay;
    }

    /// A report has gone out; the next is due only if something is not stable yet.
    pub(crate) fn reported(&mut self, now: Instant, unstable: bool) {
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.due = unstable.then(|| now + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_member_said_of_itself_is_stable() {
        let mut stability = Stability::new(2);
        stability.hear(0, &[5, 3], &[5, 2]);
        assert!(stability.news().is_empty());
        stability.hear(1, &[4, 3], &[4, 3]);
        assert_eq!(stability.news(), [(0, 4), (1, 2)]);
        assert_eq!(stability.settled_below(1), 3);
        assert!(stability.news().is_empty());
    }

    #[test]
    fn an_older_report_takes_nothing_back() {
        let mut stability = Stability::new(1);
        stability.hear(0, &[5], &[5]);
        stability.hear(0, &[4], &[3]);
        assert_eq!(stability.stable_below(0), 5);
    }
}
