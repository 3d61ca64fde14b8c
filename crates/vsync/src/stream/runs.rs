//! Runs: frames by position, where many that were not meant for this member take the room of one.
//!
//! Takes: frames and skips, in the order of their positions. Promises: what a list with a place for
//! each position would answer. Keeps: one frame for each run of skips, and where the runs are.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::Frame;
use crate::span::Span;

/// Skips of which the last alone has a frame.
#[derive(Debug, Clone, Copy)]
struct Run {
    span: Span,
    /// How many positions of the whole stream before it have none.
    out: u64,
}

/// The frames of a stream from a position on.
#[derive(Debug, Default)]
pub(super) struct Frames {
    list: VecDeque<Frame>,
    /// Most streams never have one.
    runs: Option<Box<Runs>>,
    base: u64,
}

/// Where the runs are.
#[derive(Debug, Default)]
struct Runs {
    list: VecDeque<Run>,
    /// Positions without a frame so far.
    out: u64,
}

const NO_RUNS: &VecDeque<Run> = &VecDeque::new();

impl Frames {
    /// The first position kept.
    #[cfg(test)]
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// The first position that is still to come.
    pub(super) fn end(&self) -> u64 {
        let out = if self.runs.is_none() { 0 } else { self.out() - self.base_out() };
        self.base + self.list.len() as u64 + out
    }

    fn runs(&self) -> &VecDeque<Run> {
        self.runs.as_ref().map_or(NO_RUNS, |runs| &runs.list)
    }

    fn out(&self) -> u64 {
        self.runs.as_ref().map_or(0, |runs| runs.out)
    }

    /// How many positions below the base have no frame.
    fn base_out(&self) -> u64 {
        let of = |run: &Run| run.out + self.base.saturating_sub(run.span.from);
        self.runs().front().map_or(self.out(), of)
    }

    /// Keeps no room while there are none.
    pub(super) fn rest(&mut self) {
        if self.list.is_empty() {
            (self.list, self.runs) = (VecDeque::new(), None);
        }
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.list.push_back(frame);
    }

    /// Takes so many skips, at least one.
    pub(super) fn skip(&mut self, count: u64) {
        let from = self.end();
        let runs = self.runs.get_or_insert_default();
        match runs.list.back_mut().filter(|run| run.span.end == from) {
            Some(run) => {
                run.span.end += count;
                runs.out += count;
            }
            None => {
                let span = Span { from, end: from + count };
                runs.list.push_back(Run { span, out: runs.out });
                runs.out += count - 1;
                self.list.push_back(Frame::Skip);
            }
        }
    }

    /// How many positions below this one have no frame.
    fn out_below(&self, position: u64) -> u64 {
        let before = self.runs().partition_point(|run| run.span.from < position);
        let Some(run) = before.checked_sub(1).and_then(|at| self.runs().get(at)) else {
            return self.base_out();
        };
        run.out + position.min(run.span.end - 1) - run.span.from
    }

    /// The run that a position lies in.
    fn run_at(&self, position: u64) -> Option<Run> {
        let at = self.runs().partition_point(|run| run.span.end <= position);
        self.runs().get(at).copied().filter(|run| run.span.has(position))
    }

    /// Where the frame of a position lies in the list.
    fn index(&self, position: u64) -> Option<usize> {
        let ahead = position.checked_sub(self.base)?;
        if self.runs.is_none() {
            return usize::try_from(ahead).ok();
        }
        let last = self.run_at(position).map_or(position, |run| run.span.end - 1);
        let place = last - self.base - (self.out_below(last) - self.base_out());
        usize::try_from(place).ok()
    }

    /// The frame at a position, if it is here.
    pub(super) fn get(&self, position: u64) -> Option<&Frame> {
        self.list.get(self.index(position)?)
    }

    /// The first position behind this one that does not have the same frame.
    pub(super) fn after(&self, position: u64) -> u64 {
        self.run_at(position).map_or(position + 1, |run| run.span.end)
    }

    /// Drops frames below `below`, and of those that are `late` only what lies below `below_late`.
    pub(super) fn free(&mut self, below: u64, below_late: u64, late: impl Fn(&Frame) -> bool) {
        if self.runs.is_none() && self.base < below.min(below_late) {
            let to = below.min(below_late).min(self.end());
            self.list.drain(..(to - self.base) as usize);
            self.base = to;
        }
        while self.base < below
            && let Some(front) = self.list.front()
        {
            let end = if late(front) { below.min(below_late) } else { below };
            let after = self.after(self.base);
            let to = after.min(end);
            if to <= self.base {
                return;
            }
            self.base = to;
            if to == after {
                self.list.pop_front();
                if let Some(runs) = &mut self.runs
                    && runs.list.front().is_some_and(|run| run.span.end == to)
                {
                    runs.list.pop_front();
                }
            }
        }
    }

    /// Drops all from this position on, which is not below the base.
    pub(super) fn cut(&mut self, end: u64) {
        if end >= self.end() {
            return;
        }
        let base_out = self.base_out();
        let within = self.run_at(end).filter(|run| run.span.from.max(self.base) < end);
        let place = self.index(end).unwrap_or(0) + usize::from(within.is_some());
        self.list.truncate(place);
        if let Some(runs) = &mut self.runs {
            runs.list.retain(|run| run.span.from.max(self.base) < end);
            if let Some(run) = runs.list.back_mut().filter(|_| within.is_some()) {
                run.span.end = end;
            }
            runs.out = base_out + end - self.base - self.list.len() as u64;
        }
    }

    /// Makes the frame at a position a skip.
    pub(super) fn void(&mut self, position: u64) {
        if let Some(index) = self.index(position)
            && let Some(frame) = self.list.get_mut(index)
        {
            *frame = Frame::Skip;
        }
    }

    /// The positions of those that are so.
    pub(super) fn spans(&self, is: impl Fn(&Frame) -> bool) -> alloc::vec::Vec<Span> {
        let mut at = self.base;
        let each = self.list.iter().flat_map(|frame| {
            let from = at;
            at = self.after(at);
            let end = if is(frame) { at } else { from };
            from..end
        });
        Span::gather(each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A frame that is told from a skip and from another kind.
    fn frame(kind: u64) -> Frame {
        if kind == 0 { Frame::Skip } else { Frame::Order(Vec::new()) }
    }

    #[test]
    fn whatever_is_done_they_answer_as_a_plain_list_would() {
        let mut random = muts::Random::new(3);
        for _ in 0..300 {
            let (mut frames, mut plain, mut base) = (Frames::default(), Vec::new(), 0_u64);
            for _ in 0..200 {
                let length = plain.len() as u64;
                match random.below(7) {
                    0 | 1 => {
                        let kind = random.below(2);
                        frames.push(frame(kind));
                        plain.push(kind == 0);
                    }
                    2 | 3 => {
                        let count = 1 + random.below(6);
                        frames.skip(count);
                        plain.extend((0..count).map(|_| true));
                    }
                    4 => {
                        let below = base + random.below(length - base + 1);
                        let late = base + random.below(length - base + 1);
                        frames.free(below, late, |frame| matches!(frame, Frame::Skip));
                        while base < below && (base < late || !plain[base as usize]) {
                            base += 1;
                        }
                    }
                    5 if random.below(4) == 0 => {
                        let end = base + random.below(length - base + 1);
                        frames.cut(end);
                        plain.truncate(end as usize);
                    }
                    _ if length > base => {
                        let at = base + random.below(length - base);
                        frames.void(at);
                        plain[at as usize] = true;
                    }
                    _ => {}
                }
                assert_eq!((frames.base(), frames.end()), (base, plain.len() as u64));
                let skips = (base..frames.end()).filter(|at| plain[*at as usize]);
                let skip = |frame: &Frame| matches!(frame, Frame::Skip);
                assert_eq!(frames.spans(skip), Span::gather(skips));
                for at in base..frames.end() {
                    let found = frames.get(at).expect("kept");
                    assert_eq!(skip(found), plain[at as usize]);
                }
                assert!(frames.get(frames.end()).is_none());
                assert!(base == 0 || frames.get(base - 1).is_none());
            }
        }
    }

    #[test]
    fn a_run_takes_the_room_of_one() {
        let mut frames = Frames::default();
        (0..1_000).for_each(|_| frames.skip(100));
        assert_eq!((frames.list.len(), frames.runs().len(), frames.end()), (1, 1, 100_000));
        frames.free(99_000, 99_000, |_| true);
        assert_eq!((frames.base(), frames.list.len()), (99_000, 1));
        frames.free(100_000, 100_000, |_| true);
        assert_eq!((frames.base(), frames.list.len(), frames.runs().len()), (100_000, 0, 0));
    }
}
