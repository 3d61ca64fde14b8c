//! Floor: what a member needs to know of a floor to send on it and to hear from it.

use muts::{Address, Counted, Instant, Layer, Message, ProcId};

use crate::common::words::Words;

/// Where a message goes: two lanes for floods, one for pings, each a channel or group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Floods.
    First,
    /// Floods that alternate.
    Second,
    /// Pings.
    Ping,
}

/// All of them.
pub(crate) const LANES: [Lane; 3] = [Lane::First, Lane::Second, Lane::Ping];

impl Lane {
    /// Its place in a list.
    pub(crate) const fn at(self) -> usize {
        self as usize
    }
}

/// What a floor tells, as far as a member cares.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A peer was met.
    Met,
    /// A message that another process sent.
    Cast(Lane, Message),
    /// This process has a view of that lane, of so many members.
    View(Lane, usize),
    /// Nothing of interest.
    Nothing,
}

/// See the head of this file.
pub(crate) trait Floor {
    /// The tower up to this floor.
    type Tower: Layer + Counted;

    /// What introduces a process.
    fn meet(peer: ProcId, address: Address) -> <Self::Tower as Layer>::Down;

    /// Makes the lanes, once all of these are met.
    fn open(&mut self, tower: &mut Self::Tower, now: Instant, peers: &[ProcId]);

    /// Sends to all on this lane; false if it takes no more now.
    fn cast(&mut self, tower: &mut Self::Tower, now: Instant, lane: Lane, message: Message)
    -> bool;

    /// Sorts what was told.
    fn hear(&mut self, up: <Self::Tower as Layer>::Up) -> Heard;

    /// A line that only this floor knows, with the answer.
    fn take(&mut self, tower: &mut Self::Tower, now: Instant, words: &Words) -> Words;

    /// What is to be done after a turn.
    fn step(&mut self, _: &mut Self::Tower, _: Instant) {}

    /// Whether that is to be done again at once.
    fn is_due(&self) -> bool {
        false
    }

    /// How many members a lane has when it is open; none if a lane needs no view.
    fn views(peers: usize) -> Option<usize>;
}
