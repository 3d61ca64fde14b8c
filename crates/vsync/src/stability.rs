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
    /// By member: what it had received when it had sent no more than is here.
    confirmed: Vec<Vec<u64>>,
    /// By member: the same, of a moment up to which not all that it sent is here.
    unconfirmed: Vec<Option<Vec<u64>>>,
    /// By stream: the first position not known stable, as it was told last.
    told: Vec<u64>,
    /// By member: it has said anything in this epoch, so it is in it.
    present: Vec<bool>,
    /// Somebody waits until all are.
    expecting: bool,
    /// Somebody waits for the others' next words.
    pub(crate) urgent: bool,
    /// When the next report is due, if one is.
    pub(crate) due: Option<Instant>,
    /// How long to wait before the one after: doubles while nothing changes.
    pause: Duration,
}

/// The shortest pause before a report is repeated: a round trip and some.
const PAUSE_MIN: Duration = Duration::from_millis(10);

impl Stability {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            received: vec![vec![0; members]; members],
            processed: vec![vec![0; members]; members],
            confirmed: vec![vec![0; members]; members],
            unconfirmed: vec![None; members],
            told: vec![0; members],
            present: vec![false; members],
            expecting: false,
            urgent: false,
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
        self.present[member] = true;
        for stream in 0..members {
            let known = &mut self.received[member][stream];
            *known = (*known).max(received[stream]);
            let known = &mut self.processed[member][stream];
            *known = (*known).max(processed[stream]);
        }
        if self.unconfirmed[member].is_none() {
            self.unconfirmed[member] = Some(received.to_vec());
        }
    }

    /// Looks at what is here: whose words of the past stand confirmed by it.
    pub(crate) fn confirm(&mut self, own: usize, here: &[u64]) {
        self.confirmed[own] = here.to_vec();
        for (member, row) in self.unconfirmed.iter_mut().enumerate() {
            if let Some(said) = row.take_if(|said| said[member] <= here[member]) {
                self.confirmed[member] = said;
            }
        }
    }

    /// Whether every member had received this when it had sent no more than is here.
    pub(crate) fn is_confirmed(&self, stream: usize, position: u64) -> bool {
        self.confirmed.iter().all(|row| row[stream] > position)
    }

    /// From now on asks until every member has said that it is in the epoch.
    pub(crate) fn expect_all(&mut self, now: Instant) {
        self.expecting = true;
        self.urge(now);
    }

    /// Asks the others at once.
    pub(crate) fn urge(&mut self, now: Instant) {
        self.urgent = true;
        self.stir(now, Duration::ZERO);
    }

    /// Whether every member is known to be in the epoch.
    pub(crate) fn has_all(&self) -> bool {
        self.present.iter().all(|present| *present)
    }

    /// Who is not known to be in the epoch.
    pub(crate) fn absent(&self) -> Vec<usize> {
        (0..self.present.len()).filter(|member| !self.present[*member]).collect()
    }

    /// Who is not known to have received all of this.
    pub(crate) fn lacking(&self, received: &[u64]) -> Vec<usize> {
        short_of(&self.received, received)
    }

    /// Who is not known to have processed all of this.
    pub(crate) fn behind(&self, received: &[u64]) -> Vec<usize> {
        short_of(&self.processed, received)
    }

    /// Who has said to have received the least of this stream.
    pub(crate) fn slowest(&self, stream: usize) -> Vec<usize> {
        let least = self.settled_below(stream);
        (0..self.received.len()).filter(|row| self.received[*row][stream] == least).collect()
    }

    /// Whether it is waited for that every member is.
    pub(crate) fn misses_any(&self) -> bool {
        self.expecting && !self.has_all()
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
        self.pause = delay.max(PAUSE_MIN);
    }

    /// A report has gone out; the next is due only if something is not stable yet.
    pub(crate) fn reported(&mut self, now: Instant, unstable: bool) {
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.due = unstable.then(|| now + self.pause);
    }
}

/// The rows that do not reach these positions.
fn short_of(rows: &[Vec<u64>], wanted: &[u64]) -> Vec<usize> {
    let short = |row: &Vec<u64>| row.iter().zip(wanted).any(|(have, want)| have < want);
    (0..rows.len()).filter(|member| short(&rows[*member])).collect()
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
    fn what_a_member_said_counts_once_all_that_it_had_sent_is_here() {
        let mut stability = Stability::new(2);
        stability.hear(1, &[3, 2], &[0, 0]);
        stability.confirm(0, &[3, 1]);
        assert!(!stability.is_confirmed(0, 2));
        // A later word does not take the place of one that is still waited for.
        stability.hear(1, &[4, 9], &[0, 0]);
        stability.confirm(0, &[3, 2]);
        assert!(stability.is_confirmed(0, 2) && !stability.is_confirmed(0, 3));
    }

    #[test]
    fn an_older_report_takes_nothing_back() {
        let mut stability = Stability::new(1);
        stability.hear(0, &[5], &[5]);
        stability.hear(0, &[4], &[3]);
        assert_eq!(stability.stable_below(0), 5);
    }
}
