//! Incoming, a stream at a receiver: put in order, taken apart into messages, each told once.
//!
//! Takes: pieces of the stream and skips, in any order, any number of times. Promises: every
//! message once, in order, whole (T1); of what came before its turn no more is kept than four of
//! the windows that the sender was given (T3). Keeps: that.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use bytes::{Buf, Bytes};

use crate::blocks::Blocks;
use crate::config::Tuning;
use crate::limits::{STREAM_BYTES_MAX, UNASKED_BYTES};
use crate::message::Message;
use crate::record::Joiner;
use crate::wire::Malformed;

/// What a run that came before its turn takes besides its bytes: many short ones must not take
/// more than the window.
const APART_BYTES: usize = 64;

/// Shorter ones are copied: they must not keep the long buffer that they came in.
const KEPT_WHOLE_BYTES: usize = 4 << 10;

/// A run of a stream as it came.
#[derive(Debug)]
pub(crate) enum Run {
    /// Its bytes.
    Data(Bytes),
    /// So many bytes of whole records, with so many records below their end.
    Skip { length: u64, below: u64 },
}

impl Run {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Data(bytes) => bytes.len() as u64,
            Self::Skip { length, .. } => *length,
        }
    }

    /// What keeping it takes.
    pub(crate) fn cost(&self) -> usize {
        APART_BYTES + if let Self::Data(bytes) = self { bytes.len() } else { 0 }
    }

    /// The run in as little room as it needs.
    pub(crate) fn apart(self) -> Self {
        match self {
            Self::Data(bytes) if bytes.len() < KEPT_WHOLE_BYTES => {
                Self::Data(Bytes::copy_from_slice(&bytes))
            }
            run => run,
        }
    }

    /// The run without its first bytes.
    fn after(mut self, bytes: u64) -> Self {
        match &mut self {
            Self::Data(data) => data.advance(bytes as usize),
            Self::Skip { length, .. } => *length -= bytes,
        }
        self
    }
}

/// What is told of a stream.
#[derive(Debug)]
pub(crate) enum Told {
    /// The message with this number.
    Message(u64, Message),
    /// The messages before this one are not for us.
    Skip(u64),
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was news.
    New,
    /// It was here already.
    Known,
    /// The sender had no leave to send it: it counts as never received.
    Beyond,
}

/// What came before its turn.
#[derive(Debug, Default)]
struct Apart {
    /// By where they begin.
    runs: BTreeMap<u64, Run>,
    /// What keeping them takes.
    cost: usize,
}

/// A stream at a receiver.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Everything below has come.
    cum: u64,
    /// Records below that.
    records: u64,
    /// What came before its turn: mostly nothing.
    apart: Option<Box<Apart>>,
    joiner: Joiner,
    /// Whether messages count until the floor above is done with them.
    counts: bool,
    /// Bytes of messages that it is not done with.
    held: u64,
    /// How far the sender was told that it may go.
    pub(crate) limit_told: u64,
    /// The stream cannot be understood any more.
    broken: bool,
    /// What a sender may be ahead of what is taken; short, since idle streams are many.
    window: u32,
}

impl Incoming {
    /// A stream of which nothing has come; whether messages count until they are taken.
    pub(crate) fn new(counts: bool, tuning: &Tuning) -> Self {
        Self {
            cum: 0,
            records: 0,
            apart: None,
            joiner: Joiner::default(),
            counts,
            held: 0,
            limit_told: 0,
            broken: false,
            window: u32::try_from(tuning.window_bytes).unwrap_or(u32::MAX),
        }
    }

    /// How far the sender may go: a window beyond what has come, less what lies here. Of a message
    /// that has not come whole nothing lies here yet, so a long one can always end.
    pub(crate) fn limit(&self) -> u64 {
        self.cum.saturating_add(u64::from(self.window).saturating_sub(self.held))
    }

    /// The floor above is done with so many bytes more.
    pub(crate) fn taken(&mut self, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Whether the sender should be told its limit anew: a quarter of the window has come free.
    pub(crate) fn owes_credit(&self) -> bool {
        self.limit() >= self.limit_told + u64::from(self.window / 4)
    }

    /// Takes a run that begins at `offset`; tells what it completes. Messages that came in pieces
    /// are joined in the blocks.
    ///
    /// # Errors
    /// [`Malformed`] if it contradicts what came before: nothing more is taken of this stream.
    pub(crate) fn take(
        &mut self,
        blocks: &mut Blocks,
        (offset, run): (u64, Run),
        mut tell: impl FnMut(Told),
    ) -> Result<Fate, Malformed> {
        let end = offset.checked_add(run.length()).filter(|end| *end <= STREAM_BYTES_MAX);
        let end = end.ok_or(Malformed)?;
        if self.broken {
            return Err(Malformed);
        }
        if end <= self.cum || offset == end {
            return Ok(Fate::Known);
        }
        // A skip takes no room, and may be longer than any window: its sender's may be larger.
        let needs_leave = matches!(run, Run::Data(_));
        if needs_leave && end > self.limit_told.max(UNASKED_BYTES) {
            return Ok(Fate::Beyond);
        }
        if offset > self.cum {
            return Ok(self.keep(offset, run));
        }
        let taken = self.process(blocks, run.after(self.cum - offset), &mut tell);
        let taken = taken.and_then(|()| self.catch_up(blocks, &mut tell));
        self.broken = taken.is_err();
        taken.map(|()| Fate::New)
    }

    fn keep(&mut self, offset: u64, run: Run) -> Fate {
        let apart = self.apart.get_or_insert_default();
        let mut others = apart.cost;
        if let Some(known) = apart.runs.get(&offset) {
            if known.length() >= run.length() {
                return Fate::Known;
            }
            others -= known.cost();
        }
        // What is kept stays: it counts as received.
        let most = (4 * u64::from(self.window)).max(UNASKED_BYTES);
        if (others + run.cost()) as u64 > most {
            return Fate::Beyond;
        }
        apart.cost = others + run.cost();
        apart.runs.insert(offset, run.apart());
        Fate::New
    }

    /// Takes what came before its turn, as far as its turn has come.
    fn catch_up(
        &mut self,
        blocks: &mut Blocks,
        tell: &mut impl FnMut(Told),
    ) -> Result<(), Malformed> {
        while let Some(apart) = &mut self.apart
            && let Some(first) = apart.runs.first_entry().filter(|run| *run.key() <= self.cum)
        {
            let (offset, run) = first.remove_entry();
            apart.cost -= run.cost();
            if apart.runs.is_empty() {
                self.apart = None;
            }
            if offset + run.length() > self.cum {
                self.process(blocks, run.after(self.cum - offset), tell)?;
            }
        }
        Ok(())
    }

    fn process(
        &mut self,
        blocks: &mut Blocks,
        run: Run,
        tell: &mut impl FnMut(Told),
    ) -> Result<(), Malformed> {
        self.cum += run.length();
        match run {
            Run::Data(bytes) => {
                let (records, held, counts) = (&mut self.records, &mut self.held, self.counts);
                self.joiner.take(blocks, bytes, |message| {
                    *held += if counts { message.len() as u64 } else { 0 };
                    tell(Told::Message(*records, message));
                    *records += 1;
                })
            }
            Run::Skip { below, length } => {
                // A record takes a byte at least.
                let more = below.checked_sub(self.records).filter(|more| *more <= length);
                if self.joiner.is_inside() || more.is_none() {
                    return Err(Malformed);
                }
                self.records = below;
                tell(Told::Skip(below));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Audience;
    use crate::outgoing::{Next, Outgoing};
    use crate::random::Random;
    use alloc::vec::Vec;

    /// Takes a run with blocks of its own.
    fn take(
        incoming: &mut Incoming,
        run: (u64, Run),
        tell: impl FnMut(Told),
    ) -> Result<Fate, Malformed> {
        incoming.take(&mut Blocks::default(), run, tell)
    }

    /// What was told: `Ok(length)` of a message, `Err(below)` of a skip.
    fn note(told: Told, into: &mut Vec<(u64, Option<usize>)>) {
        match told {
            Told::Message(number, message) => into.push((number, Some(message.body().len()))),
            Told::Skip(below) => into.push((below, None)),
        }
    }

    #[test]
    fn every_message_is_told_once_in_order_under_loss_and_reordering() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let (mut out, mut pen, mut meant) =
                (Outgoing::new(1, &Tuning::default()), Blocks::default(), Vec::new());
            out.credit(0, 1 << 20);
            for number in 0..100_u64 {
                let length = random.below(300) as usize;
                let mine = random.chance(600_000);
                let audience = if mine { Audience::ALL } else { Audience::NONE };
                out.put(&mut pen, audience, &Message::new(alloc::vec![1; length]));
                if mine {
                    meant.push((number, Some(length)));
                }
            }
            out.adopt(&mut pen);
            let mut incoming =
                Incoming { limit_told: 1 << 20, ..Incoming::new(false, &Tuning::default()) };
            let mut told = Vec::new();
            let mut flying: Vec<(u64, u64, Run)> = Vec::new();
            while out.waiting() > 0 {
                if let Some(next) = out.next(0, 1 + random.below(700) as usize) {
                    let (from, run) = match next {
                        Next::Data { from, to, .. } => {
                            let bytes: Vec<u8> = out.pieces(from, to).flatten().collect();
                            (from, Run::Data(bytes.into()))
                        }
                        Next::Skip { from, to, below, .. } => {
                            (from, Run::Skip { length: to - from, below })
                        }
                    };
                    flying.push((from, from + run.length(), run));
                }
                if flying.len() > 10 || !out.waits_for(0) {
                    if flying.is_empty() {
                        break;
                    }
                    let at = random.below(flying.len() as u64) as usize;
                    let (from, to, run) = flying.swap_remove(at);
                    if random.chance(300_000) {
                        out.lost(0, from, to);
                        continue;
                    }
                    let fate = take(&mut incoming, (from, run), |what| note(what, &mut told));
                    assert_ne!(fate, Ok(Fate::Beyond));
                    fate.expect("what was written");
                    if random.chance(200_000) {
                        out.lost(0, from, to);
                    } else {
                        out.acked(0, from, to);
                    }
                }
            }
            assert_eq!(out.settled(), 100);
            assert_eq!(incoming.records, 100);
            told.retain(|told| told.1.is_some());
            assert_eq!(told, meant, "seed {seed}");
        }
    }

    #[test]
    fn what_lies_beyond_the_limit_counts_as_never_received() {
        let mut incoming = Incoming::new(false, &Tuning::default());
        let run = Run::Data(Bytes::from_static(b"x"));
        let fate = take(&mut incoming, (UNASKED_BYTES, run), |_| {});
        assert_eq!(fate, Ok(Fate::Beyond));
    }

    #[test]
    fn short_runs_before_their_turn_take_no_more_than_the_window() {
        let mut incoming =
            Incoming { limit_told: 1 << 40, ..Incoming::new(false, &Tuning::default()) };
        let mut fate = Ok(Fate::New);
        for at in 1..1 << 20 {
            let run = Run::Data(Bytes::from_static(b"x"));
            fate = take(&mut incoming, (at * 2, run), |_| {});
            assert_ne!(
                take(&mut incoming, (at * 2 + 1, Run::Data(Bytes::new())), |_| {}),
                Ok(Fate::New)
            );
        }
        assert_eq!(fate, Ok(Fate::Beyond));
        let longer = Run::Data(Bytes::from_static(&[b'x'; 200]));
        assert_eq!(take(&mut incoming, (2, longer), |_| {}), Ok(Fate::Beyond));
        let apart = incoming.apart.expect("what came too early");
        assert!(apart.runs.contains_key(&2), "what counts as received stays");
        assert_eq!(apart.cost, apart.runs.values().map(Run::cost).sum::<usize>());
        assert!(apart.runs.len() * APART_BYTES <= 4 * Tuning::default().window_bytes);
    }

    #[test]
    fn a_skip_longer_than_the_window_of_its_receiver_is_taken() {
        let small = Tuning { window_bytes: 100, ..Tuning::default() };
        let (mut incoming, mut told) = (Incoming::new(false, &small), Vec::new());
        let skip = |length, below| Run::Skip { length, below };
        let far = 2 * UNASKED_BYTES;
        let fate = take(&mut incoming, (far, skip(far, 9)), |what| note(what, &mut told));
        assert_eq!(fate, Ok(Fate::New));
        take(&mut incoming, (0, skip(far, 4)), |what| note(what, &mut told)).expect("its turn");
        assert_eq!((told, incoming.cum), ([(4, None), (9, None)].to_vec(), 2 * far));
    }

    #[test]
    fn a_skip_to_the_end_of_numbers_is_malformed() {
        let mut incoming = Incoming::new(false, &Tuning::default());
        for length in [u64::MAX, STREAM_BYTES_MAX + 1] {
            let skip = Run::Skip { length, below: 0 };
            assert_eq!(take(&mut incoming, (0, skip), |_| {}), Err(Malformed));
        }
        let skip = Run::Skip { length: STREAM_BYTES_MAX, below: 0 };
        assert_eq!(take(&mut incoming, (0, skip), |_| {}), Ok(Fate::New));
        assert!(incoming.owes_credit() && incoming.limit() > STREAM_BYTES_MAX);
    }

    #[test]
    fn what_the_floor_above_is_not_done_with_counts_against_the_sender() {
        let mut incoming = Incoming { limit_told: 100, ..Incoming::new(true, &Tuning::default()) };
        let before = incoming.limit();
        let message = Run::Data(Bytes::from_static(&[3, 0, 7, 7]));
        take(&mut incoming, (0, message), |_| {}).expect("a message");
        assert_eq!(incoming.limit(), before + 4 - 3);
        incoming.taken(3);
        assert_eq!(incoming.limit(), before + 4);
    }

    #[test]
    fn a_skip_in_the_middle_of_a_message_breaks_the_stream() {
        let mut incoming = Incoming { limit_told: 100, ..Incoming::new(false, &Tuning::default()) };
        let begun = Run::Data(Bytes::from_static(&[50, 0]));
        assert_eq!(take(&mut incoming, (0, begun), |_| {}), Ok(Fate::New));
        assert_eq!(
            take(&mut incoming, (2, Run::Skip { length: 5, below: 1 }), |_| {}),
            Err(Malformed)
        );
        let more = Run::Data(Bytes::from_static(&[1]));
        assert_eq!(take(&mut incoming, (2, more), |_| {}), Err(Malformed));
    }
}
