//! Stream: what one member has sent in one epoch, as far as it is here.
//!
//! Positions count its multicasts from 0, those that were not meant for this member too. `received`
//! is contiguous; `head` is the first that has not been processed in queue order. A frame is kept
//! until it is processed here and every member is known to have received it: until then somebody
//! may ask for it in a flush.

mod runs;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Audience, Malformed, Message};

use self::runs::Frames;
use crate::header::{CastHeader, FrameHeader};
use crate::order::Order;
use crate::order::causal::Vector;
use crate::order::total::Run;
use crate::span::Span;

/// A user's message in a stream.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) order: Order,
    pub(crate) safe: bool,
    /// Whom it is for, by rank; everybody if none. Shared by messages in a row for the same.
    pub(crate) to: Option<Arc<Audience>>,
    /// What it waits for, if it waits.
    pub(crate) after: Option<Vector>,
    /// Of an ABCAST; see `order/total.rs`.
    pub(crate) stamp: u64,
    pub(crate) message: Message,
}

impl Cast {
    /// Whether the member of this rank is told of it.
    pub(crate) fn is_for(&self, rank: usize) -> bool {
        self.to.as_ref().is_none_or(|to| to.has(rank))
    }

    /// Whom it is for, by rank; everybody if none.
    pub(crate) fn audience(&self) -> Option<Audience> {
        self.to.as_deref().copied()
    }
}

/// One multicast of a stream.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// A user's message.
    Cast(Cast),
    /// Places for ABCASTs.
    Order(Vec<Run>),
    /// It was not meant for this member, or is delivered by nobody.
    Skip,
    /// What its sender's multicasts so far wait for, and the highest of their stamps: for those who
    /// have passed over some of them.
    Past { after: Vector, stamp: u64 },
}

// Each is moved several times, and kept until all have it: what is rare lies elsewhere.
const _: () = assert!(size_of::<Frame>() <= 96, "a frame has grown");

impl Frame {
    pub(crate) fn cast(&self) -> Option<&Cast> {
        match self {
            Self::Cast(cast) => Some(cast),
            Self::Order(_) | Self::Skip | Self::Past { .. } => None,
        }
    }

    pub(crate) fn is_total(&self) -> bool {
        self.cast().is_some_and(|cast| cast.order == Order::Total)
    }

    pub(crate) fn after(&self) -> Option<&Vector> {
        match self {
            Self::Cast(cast) => cast.after.as_ref(),
            Self::Past { after, .. } => Some(after),
            Self::Order(_) | Self::Skip => None,
        }
    }

    /// The stamp on it; 0 if there is none.
    pub(crate) const fn stamp(&self) -> u64 {
        match self {
            Self::Cast(Cast { stamp, .. }) | Self::Past { stamp, .. } => *stamp,
            Self::Order(_) | Self::Skip => 0,
        }
    }

    /// The frame as a message with its header, every entry of its vector written out: for a member
    /// that gets it from somebody else than its sender.
    pub(crate) fn for_filling(&self, members: usize, rank: usize) -> Message {
        let whole = |after: &Vector| after.changes(&Vector::zero(members));
        let (header, mut message) = match self {
            Self::Cast(cast) if cast.is_for(rank) => {
                let changes = cast.after.as_ref().map(whole);
                let (order, safe, stamp) = (cast.order, cast.safe, cast.stamp);
                let to = cast.audience().map(Box::new);
                let header = CastHeader { order, safe, to, changes, stamp };
                (FrameHeader::Cast(header), cast.message.clone())
            }
            Self::Order(runs) => (FrameHeader::Order(runs.clone()), Message::default()),
            Self::Past { after, stamp } => {
                let (changes, stamp) = (whole(after), *stamp);
                (FrameHeader::Past { changes, stamp }, Message::default())
            }
            Self::Cast(_) | Self::Skip => (FrameHeader::Skip, Message::default()),
        };
        message.push(&header);
        message
    }

    /// The frame that a message is, its vector told as changes to `last`.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(crate) fn read(
        mut message: Message,
        last: &Vector,
        share: impl FnOnce(Audience) -> Arc<Audience>,
    ) -> Result<Self, Malformed> {
        match message.pop()? {
            FrameHeader::Skip => Ok(Self::Skip),
            FrameHeader::Past { changes, stamp } => {
                Ok(Self::Past { after: last.with(&changes)?, stamp })
            }
            FrameHeader::Order(runs) => {
                let known = |run: &Run| usize::from(run.rank) < last.len();
                if runs.iter().all(known) { Ok(Self::Order(runs)) } else { Err(Malformed) }
            }
            FrameHeader::Cast(header) => {
                let CastHeader { order, safe, to, changes, stamp } = header;
                if changes.is_none() && (safe || matches!(order, Order::Causal | Order::Total)) {
                    return Err(Malformed);
                }
                let after = changes.map(|changes| last.with(&changes)).transpose()?;
                let to = to.map(|to| share(*to));
                Ok(Self::Cast(Cast { order, safe, to, after, stamp, message }))
            }
        }
    }
}

/// One member's frames.
#[derive(Debug)]
pub(crate) struct Stream {
    frames: Frames,
    /// The first position not processed.
    head: u64,
    /// Its last vector: the next one travels as what changed.
    last: Vector,
    /// Whom the last was for that was not for everybody.
    last_to: Option<Arc<Audience>>,
    /// No ABCAST from here on has come.
    total_below: u64,
    /// Passed by the head and not told yet, by position: a safe MBCAST, a GBCAST.
    pending: Vec<(u64, Cast)>,
}

impl Stream {
    /// With nothing in it; `zero` is a vector that points at nothing.
    pub(crate) fn new(zero: &Vector) -> Self {
        let (frames, last) = (Frames::default(), zero.clone());
        Self { frames, head: 0, last, last_to: None, total_below: 0, pending: Vec::new() }
    }

    /// Keeps no room for frames while there are none.
    pub(crate) fn rest(&mut self) {
        self.frames.rest();
        self.last_to = None;
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
    }

    /// The first position not received.
    pub(crate) fn received(&self) -> u64 {
        self.frames.end()
    }

    /// The first position not processed in queue order: what vectors count.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Whether the last that was received is the next to be processed, and needs no place.
    pub(crate) fn is_last_due(&self) -> bool {
        let end = self.received();
        self.head + 1 == end && self.total_below < end
    }

    /// There is no ABCAST from here on.
    pub(crate) fn total_below(&self) -> u64 {
        self.total_below
    }

    /// The first position that may still have to be told here.
    pub(crate) fn processed(&self) -> u64 {
        self.pending.first().map_or(self.head, |(position, _)| self.head.min(*position))
    }

    /// The frame at a position, if it is here.
    pub(crate) fn frame(&self, position: u64) -> Option<&Frame> {
        self.frames.get(position)
    }

    /// Its last vector.
    pub(crate) fn last(&self) -> &Vector {
        &self.last
    }

    /// These, as those of its last message if they are no others.
    pub(crate) fn share(&self, to: Audience) -> Arc<Audience> {
        match &self.last_to {
            Some(last) if **last == to => Arc::clone(last),
            _ => Arc::new(to),
        }
    }

    /// Takes the next frame as it is.
    pub(crate) fn append(&mut self, frame: Frame) {
        if let Some(after) = frame.after()
            && !after.is(&self.last)
        {
            self.last = after.clone();
        }
        if let Frame::Cast(cast) = &frame {
            if cast.order == Order::Total {
                self.total_below = self.frames.end() + 1;
            } else if !cast.order.is_queued() {
                self.pending.push((self.received(), cast.clone()));
            }
            if let Some(to) = &cast.to
                && !self.last_to.as_ref().is_some_and(|last| Arc::ptr_eq(last, to))
            {
                self.last_to = Some(Arc::clone(to));
            }
        }
        self.frames.push(frame);
    }

    /// Takes the next frame: a message for all that waits for what the last one waited for, if its
    /// order lets it wait.
    pub(crate) fn append_again(&mut self, (order, stamp): (Order, u64), message: Message) {
        let after = (order != Order::Fifo).then(|| self.last.clone());
        if order == Order::Total {
            self.total_below = self.received() + 1;
        }
        self.frames.push(Frame::Cast(Cast { order, safe: false, to: None, after, stamp, message }));
    }

    /// The next so many are not for this member.
    pub(crate) fn skip(&mut self, count: u64) {
        self.frames.skip(count);
    }

    /// Passes the head and what follows it as long as it is not for this member; answers whether
    /// there was any.
    pub(crate) fn pass_skips(&mut self) -> bool {
        let head = self.head;
        while matches!(self.frame(self.head), Some(Frame::Skip)) {
            self.head = self.frames.after(self.head);
        }
        self.head > head
    }

    /// The head has been processed.
    pub(crate) fn pass(&mut self) {
        assert!(self.head < self.received(), "T1: nothing is processed before it is received");
        self.head += 1;
    }

    /// Whether anything is pending.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes out those pending that are ready.
    pub(crate) fn take_pending(
        &mut self,
        mut ready: impl FnMut(u64, &Cast) -> bool,
    ) -> Vec<(u64, Cast)> {
        let mut taken = Vec::new();
        self.pending.retain(|(position, cast)| {
            let goes = ready(*position, cast);
            if goes {
                taken.push((*position, cast.clone()));
            }
            !goes
        });
        taken
    }

    /// Whether a GBCAST waits for the end of the epoch.
    pub(crate) fn has_global(&self) -> bool {
        self.pending.iter().any(|(_, cast)| cast.order == Order::Global)
    }

    /// Frames processed here and received everywhere are needed no more. What the member of this
    /// rank was not told of is known as such until all have processed it: should its sender fail,
    /// it must not pass for delivered here.
    pub(crate) fn free(&mut self, received_by_all: u64, processed_by_all: u64, rank: usize) {
        let keep_from = received_by_all.min(self.head);
        let untold = |frame: &Frame| match frame {
            Frame::Cast(cast) => !cast.is_for(rank),
            Frame::Skip => true,
            Frame::Order(_) | Frame::Past { .. } => false,
        };
        self.frames.free(keep_from, processed_by_all, untold);
    }

    /// Drops all from this position on.
    pub(crate) fn cut(&mut self, end: u64) {
        assert!(self.head <= end, "V1: a cut takes back no delivery");
        self.frames.cut(end);
        self.pending.retain(|(position, _)| *position < end);
    }

    /// Nobody delivers the frame at this position.
    pub(crate) fn void(&mut self, position: u64) {
        assert!(self.head <= position, "V1: what was delivered is not void");
        self.frames.void(position);
        self.pending.retain(|(pending, _)| *pending != position);
    }

    /// The positions that are here without their payload.
    pub(crate) fn skipped(&self) -> Vec<Span> {
        self.frames.spans(|frame| matches!(frame, Frame::Skip))
    }

    /// The positions of what is not for the member of this rank.
    pub(crate) fn aside(&self, rank: usize) -> Vec<Span> {
        self.frames.spans(|frame| frame.cast().is_some_and(|cast| !cast.is_for(rank)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(to: Option<Audience>) -> Frame {
        let (order, to, message) = (Order::Total, to.map(Arc::new), Message::new(&b"x"[..]));
        Frame::Cast(Cast { order, safe: false, to, after: None, stamp: 0, message })
    }

    #[test]
    fn messages_in_a_row_for_the_same_share_whom_they_are_for() {
        let (some, others) = (Audience([0b110, 0, 0, 0]), Audience([0b011, 0, 0, 0]));
        let mut stream = Stream::new(&Vector::zero(3));
        for audience in [some, some, others] {
            let Frame::Cast(mut next) = cast(None) else { unreachable!("made so") };
            next.to = Some(stream.share(audience));
            stream.append(Frame::Cast(next));
        }
        let to = |at| stream.frame(at).and_then(Frame::cast).and_then(|cast| cast.to.clone());
        let same = |a: u64, b: u64| Arc::ptr_eq(&to(a).expect("said"), &to(b).expect("said"));
        assert!(same(0, 1) && !same(1, 2));
        assert_eq!(to(2).as_deref(), Some(&others));
    }

    #[test]
    fn what_was_not_for_this_member_is_known_until_all_have_processed_it() {
        let others = Audience([0b110, 0, 0, 0]);
        let mut stream = Stream::new(&Vector::zero(3));
        for frame in [cast(None), cast(Some(others)), cast(None), Frame::Skip] {
            stream.append(frame);
            stream.pass();
        }
        stream.free(4, 1, 0);
        assert_eq!(stream.aside(0), [Span { from: 1, end: 2 }], "one may not have delivered it");
        assert_eq!(stream.skipped(), [Span { from: 3, end: 4 }]);
        stream.free(4, 3, 0);
        assert_eq!((stream.aside(0).len(), stream.skipped().len()), (0, 1));
        stream.free(4, 4, 0);
        assert_eq!(stream.frames.base(), 4);
    }
}
