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
use crate::order::causal::{Causes, Vector};
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
                let mut causes = Causes::default();
                while self.step(turn, rank, ending, &mut causes) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
            self.stability.stir(turn.now, turn.config.stability);
        }
    }

    /// Tells the last that came of a stream, if it waits for nothing. What passes the queue goes
    /// before it, as in the next pump, which looks at who waited for it.
    pub(crate) fn tell_at_hand(&mut self, turn: &mut Turn<'_>, rank: usize, causes: &mut Causes) {
        if self.streams.iter().any(Stream::has_pending) {
            self.tell_unordered(turn, None);
        }
        if self.streams[rank].is_last_due() {
            self.step(turn, rank, None, causes);
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

    /// Delivers the head of one stream if its condition holds; `causes` are those that were looked
    /// at last in this stream.
    fn step(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        ending: Option<Ending>,
        causes: &mut Causes,
    ) -> bool {
        let streams = &self.streams;
        let head = streams[rank].head();
        let cast = match streams[rank].frame(head) {
            None => return false,
            Some(Frame::Skip) => return self.streams[rank].pass_skips(),
            Some(Frame::Cast(cast)) if cast.order.is_queued() => cast,
            Some(_) => return self.step_aside(rank, ending),
        };
        let heads = || streams.iter().map(Stream::head);
        if cast.after.as_ref().is_some_and(|after| !causes.are_within(after, heads)) {
            return false;
        }
        if cast.order == Order::Total {
            if rank == self.total.sequencer {
                self.total.place(Run { rank: rank as u8, upto: head });
            }
            if !self.total.is_next(rank, head, |r| streams[r].head()) {
                return false;
            }
        }
        let safe = cast.safe
            && (ending.is_some_and(|ending| ending.whole) || self.is_settled(rank, head, cast));
        if cast.safe && !safe && ending.is_none() {
            return false;
        }
        if cast.is_for(self.rank) {
            self.tell(turn, rank, head, safe, cast);
        }
        self.processed.raise(rank, head + 1);
        if let Some(after) = cast.after.as_ref().filter(|_| !causes.noted) {
            after.iter().for_each(|(stream, below)| self.processed.raise(stream, below));
            causes.noted = true;
        }
        self.moved |= rank != self.rank;
        self.streams[rank].pass();
        true
    }

    /// Passes what nobody is told of in its turn.
    fn step_aside(&mut self, rank: usize, ending: Option<Ending>) -> bool {
        let head = self.streams[rank].head();
        // At the end nobody is to be told anything behind it, so it waits for nothing.
        if let Some(Frame::Past { after, .. }) = self.streams[rank].frame(head)
            && ending.is_none()
            && !after.within(self.streams.iter().map(Stream::head))
        {
            return false;
        }
        if rank == self.total.sequencer {
            self.note_places(head);
        }
        self.streams[rank].pass();
        self.note_processed(rank);
        true
    }

    /// Tells MBCASTs, those that have to be safe once they are.
    pub(crate) fn tell_unordered(&mut self, turn: &mut Turn<'_>, ending: Option<Ending>) {
        for rank in 0..self.streams.len() {
            if !self.streams[rank].has_pending() {
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
