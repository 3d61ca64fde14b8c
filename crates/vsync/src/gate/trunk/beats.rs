//! Beats: what the heartbeats between kernels carry, and when those of one daemon are told.
//!
//! Takes: what each kernel says to each of its peers. Promises: what is new is told a moment later,
//! together with what else is new then; it is told again at every heartbeat between two that share
//! a group by what either says, and now and then between all others. Hundreds of clients of a
//! daemon share nothing with most of the others, and all of them meet when the daemon starts: at
//! once and every time, that would take the square of their number, and its cube. Keeps: the last
//! word from each to each.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;
use muts::{Duration, Instant, ProcId};

use crate::beat::Beat;

/// From whom to whom.
pub(super) type Pair = (ProcId, ProcId);

/// One heartbeat in so many goes between kernels that share nothing.
const SELDOM: u64 = 8;

/// In so many parts of a period what is new is gathered before it is told.
const MOMENTS: u32 = 8;

/// For how long what is new is gathered, where a heartbeat goes each period.
pub(super) fn moment(every: Duration) -> Duration {
    every / MOMENTS
}

/// Whether it is the turn of a process to say again what it says to everybody.
pub(super) const fn has_turn(turn: u64, from: ProcId) -> bool {
    turn.wrapping_add(from.node.0).is_multiple_of(SELDOM)
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Beats {
    said: BTreeMap<Pair, Bytes>,
    /// Those of which either says that they share something, each way.
    close: BTreeSet<Pair>,
    /// To kernels here, and not told yet.
    fresh: BTreeSet<Pair>,
    /// When they are.
    fresh_at: Option<Instant>,
    turn: u64,
}

impl Beats {
    /// One kernel says this to another from now on.
    pub(super) fn say(&mut self, pair: Pair, bytes: Bytes) {
        let back = (pair.1, pair.0);
        let shares = |bytes: &Bytes| Beat::digest_within(&[], bytes) != 0;
        if shares(&bytes) || self.said.get(&back).is_some_and(shares) {
            self.close.extend([pair, back]);
        } else if self.close.remove(&pair) {
            self.close.remove(&back);
        }
        self.said.insert(pair, bytes);
    }

    /// The same, and that one is here: it is told a moment later.
    pub(super) fn say_here(&mut self, now: Instant, every: Duration, pair: Pair, bytes: Bytes) {
        self.say(pair, bytes);
        self.fresh.insert(pair);
        self.fresh_at.get_or_insert(now + moment(every));
    }

    /// When something is to be told.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.fresh_at
    }

    /// What is new and due.
    pub(super) fn take_fresh(&mut self, now: Instant) -> Vec<(Pair, Bytes)> {
        if self.fresh_at.is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.fresh_at = None;
        let fresh = mem::take(&mut self.fresh).into_iter();
        fresh.filter_map(|pair| Some((pair, self.said.get(&pair)?.clone()))).collect()
    }

    /// What is said again at this heartbeat to those who are here.
    pub(super) fn again(&mut self, is_here: impl Fn(&ProcId) -> bool) -> Vec<(Pair, Bytes)> {
        self.turn += 1;
        let turn = self.turn;
        let close = self.close.iter().filter(|pair| !has_turn(turn, pair.0));
        let close = close.filter_map(|pair| Some((*pair, self.said.get(pair)?)));
        let all = self.said.iter().filter(|(pair, _)| has_turn(turn, pair.0));
        let all = all.map(|(pair, bytes)| (*pair, bytes));
        let here = close.chain(all).filter(|((_, to), _)| is_here(to));
        here.map(|(pair, bytes)| (pair, bytes.clone())).collect()
    }

    /// Whether one here says to that other that they share something, or did when it said more.
    pub(super) fn are_close(&self, pair: Pair) -> bool {
        self.close.contains(&pair)
    }

    /// What is said to those for whom this holds, by sender and receiver.
    pub(super) fn to(&self, is_there: impl Fn(ProcId) -> bool) -> Vec<(ProcId, ProcId, Bytes)> {
        let there = self.said.iter().filter(|((_, to), _)| is_there(*to));
        there.map(|((from, to), bytes)| (*from, *to, bytes.clone())).collect()
    }

    /// It is over: nothing is said to it, nor by it.
    pub(super) fn forget(&mut self, proc: ProcId) {
        self.said.retain(|(from, to), _| *from != proc && *to != proc);
        self.close.retain(|(from, to)| *from != proc && *to != proc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::iter::FromIterator as _;

    use crate::beat::Row;
    use muts::{NodeId, Wire as _};

    const EVERY: Duration = Duration::from_millis(80);

    fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    fn beat(digest: u64) -> Bytes {
        let mut bytes = Vec::new();
        Beat { row: Row::from_iter([]), digest }.write(&mut bytes);
        bytes.into()
    }

    /// How often each pair is told in so many heartbeats.
    fn told(beats: &mut Beats, heartbeats: u32) -> BTreeMap<Pair, u32> {
        let mut told = BTreeMap::new();
        for _ in 0..heartbeats {
            for (pair, _) in beats.again(|_| true) {
                *told.entry(pair).or_default() += 1;
            }
        }
        told
    }

    #[test]
    fn what_is_new_is_told_once_and_together_a_moment_later() {
        let (mut beats, start) = (Beats::default(), Instant::from_nanos(7));
        let (one, other) = ((proc(1), proc(2)), (proc(2), proc(1)));
        beats.say_here(start, EVERY, one, beat(0));
        beats.say_here(start + Duration::from_millis(9), EVERY, other, beat(0));
        beats.say_here(start + Duration::from_millis(9), EVERY, one, beat(5));
        let due = beats.due().expect("something is new");
        assert_eq!(due, start + Duration::from_millis(10));
        assert_eq!(beats.take_fresh(start + Duration::from_millis(9)), []);
        assert_eq!(beats.take_fresh(due), [(one, beat(5)), (other, beat(0))]);
        assert_eq!((beats.due(), beats.take_fresh(due)), (None, Vec::new()));
    }

    #[test]
    fn who_shares_something_by_what_either_says_says_it_each_time_and_others_now_and_then() {
        let mut beats = Beats::default();
        for from in 1..=3 {
            for to in (1..=3).filter(|to| *to != from) {
                beats.say((proc(from), proc(to)), beat(0));
            }
        }
        let seldom = told(&mut beats, 16);
        assert_eq!(seldom.len(), 6);
        assert!(seldom.values().all(|times| *times == 2), "{seldom:?}");
        beats.say((proc(1), proc(2)), beat(5));
        let often = told(&mut beats, 16);
        let times = |from, to| often[&(proc(from), proc(to))];
        assert_eq!((times(1, 2), times(2, 1), times(1, 3), times(3, 2)), (16, 16, 2, 2));
        beats.say((proc(2), proc(1)), beat(5));
        beats.say((proc(1), proc(2)), beat(0));
        assert_eq!(told(&mut beats, 16)[&(proc(1), proc(2))], 16, "one of them still says so");
        beats.say((proc(2), proc(1)), beat(0));
        assert_eq!(told(&mut beats, 16)[&(proc(1), proc(2))], 2);
    }

    #[test]
    fn who_is_over_says_nothing_and_is_told_nothing() {
        let mut beats = Beats::default();
        let now = Instant::ZERO;
        beats.say_here(now, EVERY, (proc(1), proc(2)), beat(1));
        beats.say_here(now, EVERY, (proc(2), proc(1)), beat(1));
        beats.forget(proc(2));
        assert_eq!(beats.take_fresh(now + EVERY), []);
        assert_eq!(told(&mut beats, 8), BTreeMap::new());
    }
}
