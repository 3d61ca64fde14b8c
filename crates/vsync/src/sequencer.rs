//! Sequencer: gives places to ABCASTs.
//!
//! Takes: what it has received, and what the members say of themselves. Promises: a place for
//! whatever it could deliver next, told in its own stream before it delivers it; to ABCASTs of
//! others that are `safe` in the order of their stamps, so that components that part give them one
//! order even where the places are lost with the sequencer (strong total order).
//!
//! Before it places a safe one it must know that nobody can still send one with a lower stamp: each
//! member has said that it received this one, so its stamps are above, and all that it had sent
//! before it said so is here.

use alloc::vec::Vec;

use crate::epoch::Epoch;
use crate::header::FrameHeader;
use crate::order::total::Run;
use crate::stream::Frame;
use crate::turn::Turn;

use muts::Message;

impl Epoch {
    /// Gives places to the ABCASTs that could be delivered next. Without room in the channel it
    /// tries again later.
    pub(crate) fn give_places(&mut self, turn: &mut Turn<'_>) {
        if !(0..self.streams.len()).any(|rank| rank != self.rank && self.lacks_places(rank)) {
            return;
        }
        let heads = self.heads();
        let before = self.looked_below.clone();
        let mut runs = Vec::new();
        loop {
            let mut lowest = None;
            for rank in 0..self.streams.len() {
                if rank == self.rank {
                    continue;
                }
                runs.extend(self.look(rank, &heads));
                if let Some(stamp) = self.next_safe(rank) {
                    let key = (stamp, rank);
                    lowest = Some(lowest.map_or(key, |known: (u64, usize)| known.min(key)));
                }
            }
            let Some((_, rank)) = lowest else { break };
            let position = self.looked_below.get(rank);
            let frame = self.streams[rank].frame(position);
            let ready = frame.is_some_and(|frame| {
                frame.after().is_some_and(|after| after.within(heads.iter().copied()))
                    && frame.cast().is_some_and(|cast| cast.safe)
            });
            if !ready || !self.is_confirmed(rank, position) {
                break;
            }
            runs.push(Run { rank: rank as u8, upto: position });
            self.looked_below.set(rank, position + 1);
        }
        if runs.is_empty() {
            return;
        }
        let header = FrameHeader::Order(runs.clone());
        if self.put(turn, &header, Frame::Order(runs), Message::default()).is_err() {
            self.looked_below = before;
            return;
        }
        turn.counters.orders_sent += 1;
    }

    /// Whether there may be an ABCAST of this rank without a place.
    fn lacks_places(&self, rank: usize) -> bool {
        let looked_below = self.looked_below.get(rank).max(self.streams[rank].head());
        looked_below < self.streams[rank].total_below()
    }

    /// The run of plain ABCASTs of this rank that could be delivered next; stops at a safe one.
    fn look(&mut self, rank: usize, heads: &[u64]) -> Option<Run> {
        if !self.lacks_places(rank) {
            return None;
        }
        let mut last = None;
        let mut position = self.looked_below.get(rank).max(heads[rank]);
        while let Some(frame) = self.streams[rank].frame(position) {
            if frame.after().is_some_and(|after| !after.within(heads.iter().copied())) {
                break;
            }
            if frame.is_total() {
                if frame.cast().is_some_and(|cast| cast.safe) {
                    break;
                }
                last = Some(position);
            }
            position += 1;
        }
        self.looked_below.set(rank, position);
        last.map(|upto| Run { rank: rank as u8, upto })
    }

    /// The stamp of the first safe ABCAST of this rank that has no place.
    fn next_safe(&self, rank: usize) -> Option<u64> {
        if !self.lacks_places(rank) {
            return None;
        }
        let stream = &self.streams[rank];
        (self.looked_below.get(rank)..stream.total_below()).find_map(|position| {
            let cast = stream.frame(position)?.cast()?;
            (cast.safe && cast.order == crate::order::Order::Total).then_some(cast.stamp)
        })
    }

    /// Whether nobody can still send an ABCAST with a lower stamp than this one.
    fn is_confirmed(&mut self, rank: usize, position: u64) -> bool {
        let here = self.received();
        self.stability.confirm(self.rank, &here);
        self.stability.is_confirmed(rank, position)
    }
}
