//! Outgoing, a stream at its sender: kept until every receiver has it, sent again as far as one
//! lacks it, to that one alone.
//!
//! Takes: messages, what was acknowledged, what was lost. Promises: every byte is kept until every
//! receiver has acknowledged it (T2); no more than the window waits (T3). Keeps: the stream's bytes
//! in pieces, where its records end, and for each receiver which of it is there.

mod level;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::blocks::Blocks;
use crate::config::Tuning;
use crate::interface::Audience;
use crate::limits::{GATHERED_BYTES_MAX, SKIP_PAUSE, SKIPS_MANY, SKIPS_PAUSE, UNASKED_BYTES};
use crate::message::Message;
use crate::ranges::Ranges;
use crate::record::record_bytes;
use crate::time::Duration;
use crate::wire::write_varint;

/// A message that is not for everybody: others are sent a skip in its place.
#[derive(Debug)]
struct Zone {
    from: u64,
    to: u64,
    /// How many records lie below its end.
    below: u64,
    audience: Audience,
}

/// One receiver of a stream.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// Everything below has come there.
    cum: u64,
    /// What has come there beyond it.
    apart: Ranges,
    /// Everything from here on was never sent there.
    next: u64,
    /// What was lost on the way.
    again: Ranges,
    /// It takes nothing beyond.
    limit: u64,
    /// It has said so itself: its end is open.
    asks: bool,
    /// It has closed its end.
    gone: bool,
    /// Nothing but skips has waited for it since all that it was to be sent went out.
    pub(crate) passes: bool,
    /// How many records the last skip stood for, if they are not more than that can tell.
    passed: u32,
    /// It hears the hall: what it lacks is kept level with what others lack that do.
    pub(crate) hears: bool,
}

/// What is sent next to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// These bytes of the stream.
    Data { from: u64, to: u64, again: bool },
    /// These are not for it: so many records, and so many lie below their end.
    Skip { from: u64, to: u64, records: u64, below: u64, again: bool },
}

/// A stream at its sender.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The bytes kept, each piece with where it begins.
    pieces: VecDeque<(u64, Bytes)>,
    /// What lies below is at every receiver.
    base: u64,
    end: u64,
    /// Where the records from `settled` on end.
    ends: VecDeque<u64>,
    /// None while every message is for all.
    #[expect(clippy::box_collection, reason = "most streams have none, and never will")]
    zones: Option<Box<VecDeque<Zone>>>,
    /// Records that are at every receiver.
    settled: u64,
    receivers: Vec<Receiver>,
    window_bytes: usize,
    window_messages: usize,
    /// A message was handed back.
    pub(crate) owes_room: bool,
}

impl Outgoing {
    pub(crate) fn new(receivers: usize, tuning: &Tuning) -> Self {
        let receiver = || Receiver {
            cum: 0,
            apart: Ranges::default(),
            next: 0,
            again: Ranges::default(),
            limit: UNASKED_BYTES,
            asks: false,
            gone: false,
            passes: false,
            passed: 0,
            hears: false,
        };
        Self {
            pieces: VecDeque::new(),
            base: 0,
            end: 0,
            ends: VecDeque::new(),
            zones: None,
            settled: 0,
            receivers: (0..receivers).map(|_| receiver()).collect(),
            window_bytes: tuning.window_bytes,
            window_messages: tuning.window_messages,
            owes_room: false,
        }
    }

    /// Whether nothing but skips waits for this receiver.
    pub(crate) fn passes(&self, place: usize) -> bool {
        self.receivers[place].passes
    }

    /// A message was put that is not for it, and nothing else waits for it: answers whether that
    /// may wait for company. What all lack together, and what holds up the sender, may not.
    pub(crate) fn may_pass(&mut self, place: usize, is_for: bool) -> bool {
        let pressing = self.is_nearly_full();
        let receiver = &mut self.receivers[place];
        receiver.passes = !is_for && !receiver.hears && !pressing;
        receiver.passes
    }

    /// How long that may wait: of many in a moment nobody waits for one.
    pub(crate) fn patience(&self, place: usize) -> Duration {
        if self.receivers[place].passed < SKIPS_MANY { SKIP_PAUSE } else { SKIPS_PAUSE }
    }

    pub(crate) fn receiver(&mut self, place: usize) -> &mut Receiver {
        &mut self.receivers[place]
    }

    /// Bytes that are not at every receiver.
    pub(crate) fn waiting(&self) -> usize {
        (self.end - self.base) as usize
    }

    /// Whether this message fits the window; a large one fits an empty window only.
    pub(crate) fn has_room(&self, message: &Message) -> bool {
        let bytes = self.waiting() + record_bytes(message);
        self.waiting() == 0
            || (bytes <= self.window_bytes && self.ends.len() < self.window_messages)
    }

    /// Whether half of the window is free again.
    pub(crate) fn has_half(&self) -> bool {
        self.waiting() <= self.window_bytes / 2 && self.ends.len() <= self.window_messages / 2
    }

    /// Whether so much waits that its sender will soon have to.
    pub(crate) fn is_nearly_full(&self) -> bool {
        self.waiting() >= self.window_bytes / 4 * 3
            || self.ends.len() >= self.window_messages / 4 * 3
    }

    /// Takes a message that fits. Short ones gather in the pen; the caller gives what is in there
    /// to [`Outgoing::adopt`] before anything is sent, or another stream uses the pen.
    pub(crate) fn put(&mut self, pen: &mut Blocks, to: Audience, message: &Message) {
        let (from, length) = (self.end, record_bytes(message));
        let short = message.body().len() <= GATHERED_BYTES_MAX;
        let room = if short { length } else { length - message.body().len() };
        if pen.room(0).capacity() - pen.len() < room {
            self.adopt(pen);
        }
        let into = pen.room(room);
        write_varint(into, message.len() as u64);
        if short {
            message.write(into);
        } else {
            message.write_heads(into);
            self.end = from + length as u64 - message.body().len() as u64;
            self.adopt(pen);
            self.pieces.push_back((self.end, message.body().clone()));
        }
        self.end = from + length as u64;
        self.ends.push_back(self.end);
        if to != Audience::ALL {
            let below = self.settled + self.ends.len() as u64;
            let zones = self.zones.get_or_insert_default();
            zones.push_back(Zone { from, to: self.end, below, audience: to });
        }
        if self.receivers.iter().all(|receiver| receiver.gone) {
            self.adopt(pen);
            self.settle();
        }
    }

    /// Takes over what it has in the pen.
    pub(crate) fn adopt(&mut self, pen: &mut Blocks) {
        if !pen.is_empty() {
            let bytes = pen.split();
            let from = self.end - bytes.len() as u64;
            self.pieces.push_back((from, bytes));
        }
    }

    /// Whether anything may be sent to this receiver now.
    pub(crate) fn waits_for(&self, place: usize) -> bool {
        let receiver = &self.receivers[place];
        let new = receiver.next < self.end.min(receiver.limit);
        !receiver.gone && (new || !receiver.again.is_empty())
    }

    /// Whether nothing is sent there only because its credit is used up.
    pub(crate) fn lacks_credit(&self, place: usize) -> bool {
        let receiver = &self.receivers[place];
        !receiver.gone && receiver.next >= receiver.limit && receiver.next < self.end
    }

    /// Who has least of the stream.
    pub(crate) fn slowest(&self) -> Option<usize> {
        let there = (0..self.receivers.len()).filter(|place| !self.is_gone(*place));
        there.min_by_key(|place| self.receivers[*place].cum)
    }

    /// What is sent next to this receiver, of `room` bytes of data at most; it counts as sent.
    pub(crate) fn next(&mut self, place: usize, room: usize) -> Option<Next> {
        let receiver = &self.receivers[place];
        if receiver.gone {
            return None;
        }
        let (run, again) = match receiver.again.first() {
            Some(run) => (run, true),
            None => (self.fresh(place), false),
        };
        if run.0 >= run.1 {
            return None;
        }
        let next = self.cut(place, run, room as u64, again);
        let (Next::Data { from, to, .. } | Next::Skip { from, to, .. }) = next;
        if from == to {
            return None;
        }
        let receiver = &mut self.receivers[place];
        if again {
            receiver.again.remove(from, to);
        } else {
            receiver.next = to;
        }
        if let Next::Skip { records, again: false, .. } = next {
            receiver.passed = u32::try_from(records).unwrap_or(u32::MAX);
        }
        Some(next)
    }

    /// What was never sent to this receiver. One that hears the hall is brought level with those
    /// ahead of it that do, and no further at first: from there on they can be sent it together.
    fn fresh(&self, place: usize) -> (u64, u64) {
        let receiver = &self.receivers[place];
        let mut end = self.end.min(receiver.limit);
        if receiver.hears {
            let others = self.receivers.iter().filter(|other| other.hears && !other.gone);
            let ahead = others.map(|other| other.next).filter(|next| *next > receiver.next);
            end = ahead.fold(end, u64::min);
        }
        (receiver.next, end)
    }

    /// Whether it lacks something that was lost on the way.
    pub(crate) fn lacks_older(&self, place: usize) -> bool {
        !self.receivers[place].again.is_empty()
    }

    /// The first part of a run that goes in one frame.
    fn cut(&self, place: usize, (from, to): (u64, u64), room: u64, again: bool) -> Next {
        let end = to.min(from + room);
        let whole = Next::Data { from, to: end, again };
        let Some(zones) = &self.zones else { return whole };
        let first = zones.partition_point(|zone| zone.to <= from);
        let mut zones = zones.range(first..).take_while(|zone| zone.from < to.max(end));
        let Some(skipped) = zones.find(|zone| !zone.audience.has(place)) else { return whole };
        if skipped.from > from {
            return Next::Data { from, to: end.min(skipped.from), again };
        }
        let (mut to, mut below, mut records) = (skipped.to, skipped.below, 1);
        for zone in zones {
            if zone.from != to || zone.audience.has(place) {
                break;
            }
            (to, below, records) = (zone.to, zone.below, records + 1);
        }
        Next::Skip { from, to, records, below, again }
    }

    /// The pieces that hold these bytes.
    pub(crate) fn pieces(&self, from: u64, to: u64) -> impl Iterator<Item = Bytes> + '_ {
        let first = self.pieces.partition_point(|piece| piece.0 + piece.1.len() as u64 <= from);
        let pieces = self.pieces.range(first..).take_while(move |piece| piece.0 < to);
        pieces.map(move |(start, bytes)| {
            let end = start + bytes.len() as u64;
            let (low, high) = (from.max(*start) - start, to.min(end) - start);
            bytes.slice(low as usize..high as usize)
        })
    }

    /// Takes what has come to a receiver. Answers whether more is settled by it.
    pub(crate) fn acked(&mut self, place: usize, from: u64, to: u64) -> bool {
        let receiver = &mut self.receivers[place];
        if to <= receiver.cum {
            return false;
        }
        receiver.again.remove(from, to);
        if from > receiver.cum {
            receiver.apart.insert(from, to);
            return false;
        }
        let was_last = receiver.cum == self.base;
        receiver.cum = receiver.apart.absorb(to);
        was_last && self.settle()
    }

    /// Takes what was lost on the way to a receiver.
    pub(crate) fn lost(&mut self, place: usize, from: u64, to: u64) {
        let receiver = &mut self.receivers[place];
        for (from, to) in receiver.apart.gaps(from.max(receiver.cum), to) {
            receiver.again.insert(from, to);
        }
    }

    /// Whether something was lost on the way to a receiver that has not asked for it: it may have
    /// had no room, because its end is not open yet.
    pub(crate) fn is_too_early(&self, place: usize) -> bool {
        let receiver = &self.receivers[place];
        !receiver.asks && !receiver.again.is_empty()
    }

    /// A receiver takes bytes below that limit. Answers whether it may be sent more.
    pub(crate) fn credit(&mut self, place: usize, limit: u64) -> bool {
        let receiver = &mut self.receivers[place];
        receiver.limit = receiver.limit.max(limit);
        receiver.asks = true;
        self.waits_for(place)
    }

    /// A receiver has closed its end, or is left out: nothing more goes there, and nothing is kept
    /// for it.
    pub(crate) fn gone(&mut self, place: usize) {
        let receiver = &mut self.receivers[place];
        receiver.gone = true;
        receiver.again = Ranges::default();
        receiver.apart = Ranges::default();
        self.settle();
    }

    /// Whether nothing goes to this receiver any more.
    pub(crate) fn is_gone(&self, place: usize) -> bool {
        self.receivers[place].gone
    }

    /// Records that are at every receiver.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    fn settle(&mut self) -> bool {
        let there = self.receivers.iter().filter(|receiver| !receiver.gone);
        let base = there.map(|receiver| receiver.cum).min().unwrap_or(self.end);
        if base <= self.base {
            return false;
        }
        self.base = base;
        while self.pieces.front().is_some_and(|piece| piece.0 + piece.1.len() as u64 <= base) {
            self.pieces.pop_front();
        }
        if let Some(zones) = &mut self.zones {
            while zones.front().is_some_and(|zone| zone.to <= base) {
                zones.pop_front();
            }
        }
        let before = self.settled;
        while self.ends.front().is_some_and(|end| *end <= base) {
            self.ends.pop_front();
            self.settled += 1;
        }
        self.settled > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(place: usize) -> Audience {
        let mut audience = Audience::NONE;
        audience.insert(place);
        audience
    }

    fn stream(messages: &[(usize, Audience)]) -> Outgoing {
        let (mut out, mut pen) = (Outgoing::new(2, &Tuning::default()), Blocks::default());
        for (length, audience) in messages {
            out.put(&mut pen, *audience, &Message::new(alloc::vec![7; *length]));
        }
        out.adopt(&mut pen);
        out
    }

    fn data(from: u64, to: u64) -> Option<Next> {
        Some(Next::Data { from, to, again: false })
    }

    #[test]
    fn a_stream_is_settled_when_every_receiver_has_it() {
        let mut out = stream(&[(8, Audience::ALL), (8, Audience::ALL)]);
        assert_eq!(out.next(0, 100), data(0, 20));
        assert_eq!(out.next(1, 100), data(0, 20));
        assert!(!out.acked(0, 10, 20));
        assert!(!out.acked(1, 0, 20));
        assert!(out.acked(0, 0, 10));
        assert_eq!((out.settled(), out.waiting()), (2, 0));
        assert_eq!(out.next(0, 100), None);
    }

    #[test]
    fn what_was_lost_goes_again_to_who_lacks_it_and_no_more_of_it() {
        let mut out = stream(&[(98, Audience::ALL)]);
        assert_eq!(out.next(0, 100), data(0, 100));
        out.acked(0, 30, 60);
        out.lost(0, 0, 100);
        assert_eq!(out.next(0, 20), Some(Next::Data { from: 0, to: 20, again: true }));
        assert_eq!(out.next(0, 200), Some(Next::Data { from: 20, to: 30, again: true }));
        assert_eq!(out.next(0, 200), Some(Next::Data { from: 60, to: 100, again: true }));
        assert!(out.waits_for(1) && !out.waits_for(0));
    }

    #[test]
    fn skips_of_many_messages_wait_longer_than_those_of_few() {
        for (count, patience) in [(SKIPS_MANY, SKIPS_PAUSE), (SKIPS_MANY - 1, SKIP_PAUSE)] {
            let mut out = stream(&alloc::vec![(8, only(1)); count as usize]);
            assert_eq!(out.patience(0), SKIP_PAUSE);
            assert!(matches!(out.next(0, 100), Some(Next::Skip { .. })));
            assert_eq!((out.patience(0), out.patience(1)), (patience, SKIP_PAUSE));
        }
    }

    #[test]
    fn whom_a_message_is_not_for_is_sent_a_skip() {
        let (all, one) = (Audience::ALL, only(1));
        let mut out = stream(&[(8, all), (8, one), (18, one), (8, only(0))]);
        assert_eq!(out.next(0, 100), data(0, 10));
        let skip = Next::Skip { from: 10, to: 40, records: 2, below: 3, again: false };
        assert_eq!(out.next(0, 100), Some(skip));
        assert_eq!(out.next(0, 100), data(40, 50));
        assert_eq!(out.next(1, 25), data(0, 25));
        assert_eq!(out.next(1, 100), data(25, 40));
        let skip = Next::Skip { from: 40, to: 50, records: 1, below: 4, again: false };
        assert_eq!(out.next(1, 100), Some(skip));
        for place in 0..2 {
            out.acked(place, 0, 50);
        }
        assert_eq!(out.settled(), 4);
    }

    #[test]
    fn nothing_is_sent_beyond_the_credit_of_a_receiver() {
        let length = UNASKED_BYTES as usize;
        let mut out = stream(&[(length, Audience::ALL)]);
        let waits = UNASKED_BYTES;
        assert_eq!(out.next(0, 1 << 20), data(0, waits));
        assert!(!out.waits_for(0) && out.lacks_credit(0));
        assert!(out.credit(0, 1 << 20));
        assert!(matches!(out.next(0, 1 << 20), Some(Next::Data { from, .. }) if from == waits));
    }

    #[test]
    fn the_bytes_of_any_run_are_found() {
        let (mut out, mut pen) = (Outgoing::new(1, &Tuning::default()), Blocks::default());
        let mut all = Vec::new();
        for number in 0..40_usize {
            let length = if number % 7 == 0 { 9_000 } else { 11 * number };
            let message = Message::new(alloc::vec![number as u8; length]);
            write_varint(&mut all, message.len() as u64);
            message.write(&mut all);
            out.put(&mut pen, Audience::ALL, &message);
        }
        out.adopt(&mut pen);
        for from in (0..all.len()).step_by(997) {
            let to = all.len().min(from + 5_000);
            let found: Vec<u8> = out.pieces(from as u64, to as u64).flatten().collect();
            assert_eq!(found, all[from..to]);
        }
    }
}
