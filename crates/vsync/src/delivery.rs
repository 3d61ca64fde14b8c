//! Delivery: what is told when.
//!
//! One queue per sender, whose head is delivered when its own condition holds, so all of one
//! sender's messages come in the order of sending. Two kinds are passed by the queue and told by
//! themselves: MBCASTs, as soon as they come, and GBCASTs, at the end of the epoch. What is `safe`
//! waits until everybody is known to have it and all that it points at.

use alloc::vec::Vec;

use muts::ProcId;

use crate::endpoint::Endpoint;
use crate::epoch::Epoch;
use crate::interface::Up;
use crate::order::Order;
use crate::order::causal::Vector;
use crate::order::total::Run;
use crate::stream::{Cast, Frame, Stream};
use crate::turn::Turn;

/// The epoch ends: nothing waits for anybody any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// Whether every member of the view takes part, and so holds all that is delivered.
    pub(crate) whole: bool,
}

impl Epoch {
    /// Delivers all that can be delivered. At its end no new places are given.
    pub(crate) fn pump(&mut self, turn: &mut Turn<'_>, ending: Option<Ending>) {
        self.tell_unordered(turn, ending);
        loop {
            let mut moved = false;
            if ending.is_none() && self.rank == self.total.sequencer {
                self.give_places(turn);
            }
            for rank in 0..self.streams.len() {
                while self.step(turn, rank, ending) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
            self.stability.stir(turn.now, turn.config.stability);
        }
    }

    /// Whether every member has it and what it points at.
    fn is_settled(&self, rank: usize, position: u64, cast: &Cast) -> bool {
        let settled = |stream| self.stability.settled_below(stream);
        settled(rank) > position
            && cast
                .after
                .as_ref()
                .is_some_and(|after| after.within((0..self.streams.len()).map(settled)))
    }

    /// Takes the places that stand at this position of the sequencer's stream.
    ///
    /// The order is built when the stream is processed there, not on receipt: so whatever a member
    /// sends after an ABCAST was delivered to it also follows the place of that ABCAST, and a cut
    /// that holds the one holds the other.
    pub(crate) fn note_places(&mut self, position: u64) {
        let sequencer = self.total.sequencer;
        match self.streams[sequencer].frame(position) {
            Some(Frame::Order(runs)) => {
                for run in runs {
                    self.total.place(*run);
                }
            }
            Some(frame) if frame.is_total() => {
                self.total.place(Run { rank: sequencer as u8, upto: position });
            }
            _ => {}
        }
    }

    /// Delivers the head of one stream if its condition holds.
    fn step(&mut self, turn: &mut Turn<'_>, rank: usize, ending: Option<Ending>) -> bool {
        if self.streams[rank].pass_skips() {
            return true;
        }
        let head = self.streams[rank].head();
        let Some(frame) = self.streams[rank].frame(head) else { return false };
        let aside = |cast: &Cast| matches!(cast.order, Order::Unordered | Order::Global);
        let caused = |after: &Vector| after.within(self.streams.iter().map(Stream::head));
        if frame.cast().is_none_or(aside) {
            // At the end nobody is to be told anything behind it, so it waits for nothing.
            if let Frame::Past { after, .. } = frame
                && ending.is_none()
                && !caused(after)
            {
                return false;
            }
            if rank == self.total.sequencer {
                self.note_places(head);
            }
            self.pass(rank);
            return true;
        }
        if frame.after().is_some_and(|after| !caused(after)) {
            return false;
        }
        let total = frame.is_total();
        if rank == self.total.sequencer {
            self.note_places(head);
        }
        if total {
            let streams = &self.streams;
            if !self.total.is_next(rank, head, |r| streams[r].head()) {
                return false;
            }
        }
        let Some(Frame::Cast(cast)) = self.streams[rank].frame(head) else {
            unreachable!("looked at just now")
        };
        let safe = cast.safe
            && (ending.is_some_and(|ending| ending.whole) || self.is_settled(rank, head, cast));
        if cast.safe && !safe && ending.is_none() {
            return false;
        }
        if cast.is_for(self.rank) {
            self.tell(turn, rank, head, safe, cast);
        }
        self.pass(rank);
        true
    }

    fn pass(&mut self, rank: usize) {
        self.streams[rank].pass();
        self.note_processed(rank);
    }

    /// Tells MBCASTs, those that have to be safe once they are.
    pub(crate) fn tell_unordered(&mut self, turn: &mut Turn<'_>, ending: Option<Ending>) {
        for rank in 0..self.streams.len() {
            if self.streams[rank].processed() == self.streams[rank].received() {
                continue;
            }
            let settled: Vec<u64> =
                (0..self.streams.len()).map(|of| self.stability.settled_below(of)).collect();
            let is_settled = |position: u64, cast: &Cast| {
                let within = |after: &Vector| after.within(settled.iter().copied());
                settled[rank] > position && cast.after.as_ref().is_none_or(within)
            };
            let taken = self.streams[rank].take_pending(|position, cast| {
                cast.order == Order::Unordered
                    && (!cast.safe || ending.is_some() || is_settled(position, cast))
            });
            for (position, cast) in taken {
                let whole = ending.is_some_and(|ending| ending.whole);
                let safe = cast.safe && (whole || is_settled(position, &cast));
                if cast.is_for(self.rank) {
                    self.tell(turn, rank, position, safe, &cast);
                }
            }
        }
    }

    /// Takes out all GBCASTs, by the rank of who sent them.
    pub(crate) fn take_globals(&mut self) -> Vec<(ProcId, Up)> {
        let mut told = Vec::new();
        for rank in 0..self.streams.len() {
            let from = self.members[rank];
            for (position, cast) in
                self.streams[rank].take_pending(|_, cast| cast.order == Order::Global)
            {
                told.push((from, self.as_told(rank, position, cast.safe, &cast)));
            }
        }
        told
    }

    fn tell(&self, turn: &mut Turn<'_>, rank: usize, position: u64, safe: bool, cast: &Cast) {
        turn.counters.delivered += 1;
        let up = self.as_told(rank, position, safe, cast);
        turn.tell(up);
    }

    fn as_told(&self, rank: usize, position: u64, safe: bool, cast: &Cast) -> Up {
        Up::Cast {
            group: self.group,
            from: Endpoint::of(self.members[rank]),
            seq: self.base.get(rank) + position,
            order: cast.order,
            safe,
            message: cast.message.clone(),
        }
    }
}
