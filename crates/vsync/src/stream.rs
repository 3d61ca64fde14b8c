//! Stream: what one member has sent in one epoch, as far as it is here.
//!
//! Positions count its multicasts from 0. `received` is contiguous; `head` is the first that has
//! not been processed in queue order. A frame is kept until it is processed here and every member
//! is known to have received it: until then somebody may ask for it in a flush.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use muts::{Malformed, Message};

use crate::header::FrameHeader;
use crate::order::Order;
use crate::order::causal::Vector;
use crate::order::total::Run;

/// One multicast of a stream.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// A user's message; the vector of what it waits for, if it waits.
    Cast { order: Order, after: Option<Vector>, message: Message },
    /// Places for ABCASTs.
    Order(Vec<Run>),
}

impl Frame {
    pub(crate) fn is_total(&self) -> bool {
        matches!(self, Self::Cast { order: Order::Total, .. })
    }

    pub(crate) fn after(&self) -> Option<&Vector> {
        match self {
            Self::Cast { after, .. } => after.as_ref(),
            Self::Order(_) => None,
        }
    }

    /// The frame as a message with its header, every entry of its vector written out: for a member
    /// that gets it from somebody else than its sender.
    pub(crate) fn for_filling(&self, members: usize) -> Message {
        match self {
            Self::Cast { order, after, message } => {
                let changes = after.as_ref().map(|v| v.changes(&Vector::zero(members)));
                let mut message = message.clone();
                message.push(&FrameHeader::Cast { order: *order, changes });
                message
            }
            Self::Order(runs) => {
                let mut message = Message::default();
                message.push(&FrameHeader::Order(runs.clone()));
                message
            }
        }
    }
}

/// One member's frames.
#[derive(Debug)]
pub(crate) struct Stream {
    frames: VecDeque<Frame>,
    /// The position of the first frame kept.
    base: u64,
    /// The first position not processed.
    head: u64,
    /// Its last vector: the next one travels as what changed.
    last: Vector,
}

impl Stream {
    pub(crate) fn new(members: usize) -> Self {
        Self { frames: VecDeque::new(), base: 0, head: 0, last: Vector::zero(members) }
    }

    /// The first position not received.
    pub(crate) fn received(&self) -> u64 {
        self.base + self.frames.len() as u64
    }

    /// The first position not processed.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// The frame at a position, if it is here.
    pub(crate) fn frame(&self, position: u64) -> Option<&Frame> {
        self.frames.get(usize::try_from(position.checked_sub(self.base)?).ok()?)
    }

    /// Its last vector.
    pub(crate) fn last(&self) -> &Vector {
        &self.last
    }

    /// Takes the next frame as it came from the network.
    ///
    /// # Errors
    /// [`Malformed`]: nothing is taken.
    pub(crate) fn take(&mut self, mut message: Message) -> Result<&Frame, Malformed> {
        let frame = match message.pop()? {
            FrameHeader::Order(runs) => {
                if runs.iter().any(|run| usize::from(run.rank) >= self.last.len()) {
                    return Err(Malformed);
                }
                Frame::Order(runs)
            }
            FrameHeader::Cast { order, changes } => {
                if changes.is_none() && order != Order::Fifo {
                    return Err(Malformed);
                }
                let after = changes.map(|changes| self.last.with(&changes)).transpose()?;
                Frame::Cast { order, after, message }
            }
        };
        Ok(self.append(frame))
    }

    /// Takes the next frame as it is.
    pub(crate) fn append(&mut self, frame: Frame) -> &Frame {
        if let Some(after) = frame.after() {
            self.last = after.clone();
        }
        self.frames.push_back(frame);
        self.frames.back().expect("just put there")
    }

    /// The head has been processed.
    pub(crate) fn pass(&mut self) {
        assert!(self.head < self.received(), "T1: nothing is processed before it is received");
        self.head += 1;
    }

    /// Frames processed here and received everywhere are needed no more.
    pub(crate) fn free(&mut self, received_by_all: u64) {
        let keep_from = received_by_all.min(self.head);
        while self.base < keep_from {
            self.frames.pop_front();
            self.base += 1;
        }
    }

    /// Drops all from this position on.
    pub(crate) fn cut(&mut self, end: u64) {
        assert!(self.head <= end, "V1: a cut takes back no delivery");
        self.frames.truncate(usize::try_from(end - self.base).expect("positions in memory"));
    }
}
