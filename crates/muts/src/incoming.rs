//! Incoming, the receiver's window of one stream: reorder, notice holes, say what has come.
//!
//! Takes: frames in any order, any number of times. Promises: every message once, in order, whole
//! (T1); no more than a window is kept out of order (T3). Keeps: what came early, and the message
//! that is being joined.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::fragment::Joiner;
use crate::header::{ACK_NOW, Ranges};
use crate::limits::{ACK_FRAMES, WINDOW_FRAMES};
use crate::message::Message;
use crate::time::{Duration, Instant};
use crate::wire::Malformed;

/// The longest that an acknowledgement waits for something to travel with.
const ACK_DELAY: Duration = Duration::from_millis(10);

/// What became of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was new; these messages are complete now.
    New(Vec<Message>),
    /// It had come before.
    Duplicate,
    /// It lies beyond the window: its sender does not keep to it.
    Beyond,
}

/// A stream at its receiver.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// Everything below has come.
    below: u64,
    early: BTreeMap<u64, (u8, Bytes)>,
    joiner: Joiner,
    /// Messages handed up so far.
    messages: u64,
    /// Frames not acknowledged yet.
    owed: u32,
    /// When the acknowledgement is due.
    ack_due: Option<Instant>,
}

impl Incoming {
    /// The number of the first message not handed up yet, before `take`.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// Takes a frame.
    ///
    /// # Errors
    /// [`Malformed`] if its message cannot be put together: the stream cannot go on.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        sequence: u64,
        flags: u8,
        bytes: Bytes,
    ) -> Result<Taken, Malformed> {
        if sequence < self.below || self.early.contains_key(&sequence) {
            // The sender missed the acknowledgement.
            self.ack_due = Some(now);
            return Ok(Taken::Duplicate);
        }
        if sequence >= self.below + WINDOW_FRAMES {
            return Ok(Taken::Beyond);
        }
        self.owed += 1;
        let at_once = sequence != self.below
            || !self.early.is_empty()
            || flags & ACK_NOW != 0
            || self.owed >= ACK_FRAMES;
        let due = if at_once { now } else { now + ACK_DELAY };
        self.ack_due = Some(self.ack_due.map_or(due, |before| before.min(due)));
        if sequence != self.below {
            self.early.insert(sequence, (flags, bytes));
            return Ok(Taken::New(Vec::new()));
        }
        let mut complete = Vec::new();
        let mut next = Some((flags, bytes));
        while let Some((flags, bytes)) = next {
            self.below += 1;
            complete.extend(self.joiner.take(flags, bytes)?);
            next = self.early.remove(&self.below);
        }
        self.messages += complete.len() as u64;
        Ok(Taken::New(complete))
    }

    /// The sender has sent everything below `end`: if something of that is missing, it should know.
    pub(crate) fn hear_end(&mut self, now: Instant, end: u64) {
        if end > self.below {
            self.ack_due = Some(now);
        }
    }

    /// Says where it is, although nothing has come.
    pub(crate) fn announce(&mut self, now: Instant) {
        self.ack_due = Some(now);
    }

    /// When an acknowledgement is due, if one is.
    pub(crate) fn ack_due(&self) -> Option<Instant> {
        self.ack_due
    }

    /// What has come: everything below the first, and the ranges above it. Nothing is owed then.
    pub(crate) fn acknowledge(&mut self) -> (u64, Ranges) {
        (self.owed, self.ack_due) = (0, None);
        let mut ranges = Ranges::new();
        for sequence in self.early.keys().copied() {
            if let Some((_, end)) = ranges.last_mut()
                && *end == sequence
            {
                *end += 1;
            } else if ranges.push((sequence, sequence + 1)).is_err() {
                break;
            }
        }
        (self.below, ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{FIRST, LAST};

    fn whole(byte: u8) -> Bytes {
        Bytes::from(alloc::vec![0, byte])
    }

    fn take(incoming: &mut Incoming, sequence: u64) -> Taken {
        let bytes = whole(sequence as u8);
        incoming.take(Instant::ZERO, sequence, FIRST | LAST, bytes).expect("whole messages")
    }

    #[test]
    fn what_comes_early_waits_and_what_comes_twice_is_passed_over() {
        let mut incoming = Incoming::default();
        assert_eq!(take(&mut incoming, 2), Taken::New(Vec::new()));
        assert_eq!(take(&mut incoming, 2), Taken::Duplicate);
        assert_eq!(incoming.acknowledge(), (0, [(2, 3)].into_iter().collect()));
        assert!(matches!(take(&mut incoming, 0), Taken::New(m) if m.len() == 1));
        assert!(matches!(take(&mut incoming, 1), Taken::New(m) if m.len() == 2));
        assert_eq!(take(&mut incoming, 1), Taken::Duplicate);
        assert_eq!(incoming.messages(), 3);
        assert_eq!(incoming.acknowledge(), (3, Ranges::new()));
    }

    #[test]
    fn nothing_beyond_the_window_is_kept() {
        let mut incoming = Incoming::default();
        assert_eq!(take(&mut incoming, WINDOW_FRAMES), Taken::Beyond);
        assert_eq!(take(&mut incoming, WINDOW_FRAMES - 1), Taken::New(Vec::new()));
    }

    #[test]
    fn a_hole_is_told_at_once_and_order_in_good_time() {
        let mut incoming = Incoming::default();
        take(&mut incoming, 0);
        assert_eq!(incoming.ack_due(), Some(Instant::ZERO + ACK_DELAY));
        take(&mut incoming, 2);
        assert_eq!(incoming.ack_due(), Some(Instant::ZERO));
    }
}
