//! Tempo: how eagerly to acknowledge, streaming or interactive (paper, section 7).
//!
//! A receiver gathers acknowledgements until enough has come or one has waited 10 ms, unless the
//! sender asks for one at once. A sender asks when it waits for it: when one message is all that it
//! has under way, or its window is nearly full. What a receiver misses it tells at once. A short
//! message alone is likely to be answered: its acknowledgement waits a moment, to go with the
//! answer, and to keep out of the way of others' answers.

use crate::limits::{ACK_BYTES, ACK_DATAGRAMS, ANSWER_PAUSE, QUESTION_BYTES_MAX};
use crate::time::{Duration, Instant};

/// What is owed to one peer.
#[derive(Debug)]
pub(crate) struct Tempo {
    /// How long one may wait for company.
    delay: Duration,
    datagrams: u32,
    bytes: usize,
    due: Option<Instant>,
    /// When the highest number came.
    top_at: Instant,
}

impl Tempo {
    pub(crate) fn new(delay: Duration) -> Self {
        Self { delay, datagrams: 0, bytes: 0, due: None, top_at: Instant::ZERO }
    }

    /// A datagram came that asks for an acknowledgement.
    pub(crate) fn came(&mut self, now: Instant, bytes: usize, at_once: bool) {
        self.datagrams += 1;
        self.bytes += bytes;
        let enough = self.datagrams >= ACK_DATAGRAMS || self.bytes >= ACK_BYTES;
        let pause = match (enough, at_once) {
            (true, _) => Duration::ZERO,
            // A question: it is likely to be answered in a moment, and one datagram does for both.
            (_, true) if self.datagrams == 1 && bytes <= QUESTION_BYTES_MAX => ANSWER_PAUSE,
            (_, true) => Duration::ZERO,
            (_, false) => self.delay,
        };
        let due = now + pause;
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// The highest number so far came.
    pub(crate) fn advanced(&mut self, now: Instant) {
        self.top_at = now;
    }

    /// When an acknowledgement must go; none if none is owed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// One goes now: how long ago the highest number came.
    pub(crate) fn acknowledge(&mut self, now: Instant) -> Duration {
        (self.datagrams, self.bytes, self.due) = (0, 0, None);
        now.since(self.top_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_acknowledged_in_batches_and_a_question_at_once() {
        let delay = Duration::from_millis(10);
        let (mut tempo, now) = (Tempo::new(delay), Instant::from_nanos(7));
        for _ in 1..ACK_DATAGRAMS {
            tempo.came(now, 100, false);
            assert_eq!(tempo.due(), Some(now + delay));
        }
        tempo.came(now, 100, false);
        assert_eq!(tempo.due(), Some(now));
        tempo.acknowledge(now);
        assert_eq!(tempo.due(), None);
        tempo.came(now, 100, true);
        assert_eq!(tempo.due(), Some(now + ANSWER_PAUSE), "an answer may take it along");
        tempo.came(now, 100, true);
        assert_eq!(tempo.due(), Some(now));
    }

    /// Its sender may have no room for more.
    #[test]
    fn what_is_long_is_acknowledged_at_once_if_that_is_asked_for() {
        let (mut tempo, now) = (Tempo::new(Duration::from_millis(10)), Instant::from_nanos(7));
        tempo.came(now, QUESTION_BYTES_MAX, true);
        assert_eq!(tempo.due(), Some(now + ANSWER_PAUSE));
        tempo.acknowledge(now);
        tempo.came(now, QUESTION_BYTES_MAX + 1, true);
        assert_eq!(tempo.due(), Some(now));
    }
}
