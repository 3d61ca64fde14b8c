//! Total order: one sequencer per epoch gives every ABCAST its place, in runs.
//!
//! Takes: the sequencer's stream, as it is processed: its own ABCASTs and its ORDER records.
//! Promises: all who move together deliver the ABCASTs in one sequence (S4, weak total order).
//! Keeps: the runs not yet delivered. A run names a sender and a position: all its ABCASTs up to
//! there.
//!
//! The sequencer puts a run into its own stream before it delivers what the run covers, so that its
//! place is part of the cut of a flush. What then has no place gets one by a rule that looks at
//! nothing local (`closing.rs`).

use alloc::collections::VecDeque;
use muts::{Malformed, Sink, Wire, read_varint, write_varint};

use crate::limits::POSITION_MAX;
use crate::positions::Positions;

/// All ABCASTs of a sender up to a position, that one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) rank: u8,
    pub(crate) upto: u64,
}

impl Wire for Run {
    fn write(&self, into: &mut impl Sink) {
        into.push(self.rank);
        write_varint(into, self.upto);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let run = Self { rank: u8::read(from)?, upto: read_varint(from)? };
        if run.upto <= POSITION_MAX { Ok(run) } else { Err(Malformed) }
    }
}

/// The agreed sequence of one epoch, as far as it is known here.
#[derive(Debug)]
pub(crate) struct Total {
    /// The rank that gives places.
    pub(crate) sequencer: usize,
    /// Runs not yet known delivered.
    runs: VecDeque<Run>,
    /// By rank: every position below has its place.
    placed_below: Positions,
}

impl Total {
    pub(crate) fn new(sequencer: usize, members: usize) -> Self {
        Self { sequencer, runs: VecDeque::new(), placed_below: Positions::new(members) }
    }

    /// All is delivered below `heads`: keeps no room for runs while there are none.
    pub(crate) fn rest(&mut self, heads: impl Fn(usize) -> u64) {
        self.runs.retain(|run| run.upto >= heads(usize::from(run.rank)));
        self.runs.shrink_to_fit();
    }

    /// Takes the next run.
    pub(crate) fn place(&mut self, run: Run) {
        // A rank that is not there cannot be waited for: whoever decodes checks it.
        let rank = usize::from(run.rank);
        if run.upto >= self.placed_below.get(rank) {
            self.placed_below.set(rank, run.upto + 1);
            self.runs.push_back(run);
        }
    }

    /// Every ABCAST of this rank below the answer has its place.
    pub(crate) fn placed_below(&self, rank: usize) -> u64 {
        self.placed_below.get(rank)
    }

    /// Whether the ABCAST at the head of this rank's stream is the next; `heads` by rank.
    pub(crate) fn is_next(&mut self, rank: usize, head: u64, heads: impl Fn(usize) -> u64) -> bool {
        while let Some(run) = self.runs.front() {
            if run.upto < heads(usize::from(run.rank)) {
                self.runs.pop_front();
            } else {
                return usize::from(run.rank) == rank && head <= run.upto;
            }
        }
        false
    }

    /// Places of what lies beyond the cut are void.
    pub(crate) fn close(&mut self, cut: &[u64]) {
        self.runs.retain_mut(|run| {
            let end = cut[usize::from(run.rank)];
            run.upto = run.upto.min(end.saturating_sub(1));
            end > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_delivered_in_the_sequencers_order() {
        let mut total = Total::new(0, 3);
        total.place(Run { rank: 2, upto: 1 });
        total.place(Run { rank: 1, upto: 0 });
        let mut heads = [1, 0, 0];
        assert!(!total.is_next(1, 0, |r| heads[r]));
        assert!(total.is_next(2, 0, |r| heads[r]));
        heads[2] = 2;
        assert!(total.is_next(1, 0, |r| heads[r]));
    }

    #[test]
    fn a_place_of_what_is_beyond_the_cut_is_void() {
        let mut total = Total::new(0, 2);
        total.place(Run { rank: 1, upto: 3 });
        total.close(&[5, 2]);
        assert!(total.is_next(1, 1, |_| 1));
        assert!(!total.is_next(1, 2, |_| 2));
    }
}
