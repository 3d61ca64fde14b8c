//! Hushing: a busy group is still for a moment, so that what waits for it can go.
//!
//! Where causality goes across groups a multicast waits until all that was told or sent here before
//! it in other groups is delivered everywhere, here too. As long as those go on telling there is
//! ever more of it. Takes: that somebody waits. Promises: a group that is hushed takes no
//! multicast, and once all that was multicast here is told here it tells nothing more: so what is
//! told in it is stable after a round trip. It is not hushed for long, and goes on in between.
//! Keeps: until when.

use alloc::vec::Vec;

use crate::interface::Up;
use crate::limits::HUSHED_FOR;
use crate::order::Order;
use crate::serving::Serving;
use crate::stream::{Frame, Stream};
use crate::turn::Turn;

impl Serving {
    /// Takes nothing from now on; what can be told now is told before, and places are given.
    pub(crate) fn hush(&mut self, turn: &mut Turn<'_>) {
        if self.hushed.is_none() {
            self.pump(turn);
            self.hushed = Some(turn.now + HUSHED_FOR);
            self.epoch.stability.urge(turn.now);
            // It is settled already in this turn.
            self.epoch.report_if_due(turn);
        }
    }

    /// Goes on.
    pub(crate) fn unhush(&mut self, turn: &mut Turn<'_>) {
        if self.hushed.take().is_some() {
            self.pump(turn);
            let open = self.blocked.is_none() && self.owed.is_empty();
            if open && core::mem::take(&mut self.owes_room) {
                turn.tell(Up::Room { group: self.group() });
            }
        }
    }

    /// Goes on when it has been still for long enough.
    pub(crate) fn unhush_if_due(&mut self, turn: &mut Turn<'_>) {
        if self.hushed.is_some_and(|until| until <= turn.now) {
            self.unhush(turn);
        }
    }

    /// Whether it tells nothing now, for another's sake.
    pub(crate) fn is_still(&self) -> bool {
        self.hushed.is_some() && self.tells_own()
    }

    /// Whether all own multicasts are told here.
    fn tells_own(&self) -> bool {
        let own = &self.epoch.streams[self.epoch.rank];
        own.processed() >= own.received()
    }

    /// Whether something that was told or sent here is not known to be delivered everywhere.
    pub(crate) fn is_told_unstable(&self) -> bool {
        let own = self.epoch.rank;
        let streams = self.epoch.streams.iter().enumerate();
        let below = |(rank, stream): (usize, &Stream)| match rank == own {
            true => stream.received(),
            false => told_below(stream),
        };
        let told: Vec<u64> = streams.map(below).collect();
        !self.tells_own() || self.epoch.stability.behind(&told).iter().any(|rank| *rank != own)
    }
}

/// The first position behind all that was told: MBCASTs are told ahead of the head.
fn told_below(stream: &Stream) -> u64 {
    let unordered = |position: &u64| {
        let cast = stream.frame(*position).and_then(Frame::cast);
        cast.is_some_and(|cast| cast.order == Order::Unordered)
    };
    let last = (stream.head()..stream.received()).rev().find(unordered);
    last.map_or(stream.head(), |last| last + 1)
}
