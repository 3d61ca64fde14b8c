//! Stamp: a message that says when it was sent, and what becomes of the times.

use hdrhistogram::Histogram;

use crate::common::clock::now_ns;
use crate::common::words::Words;

/// A minute: longer than any that is measured.
const LONGEST_NS: u64 = 60_000_000_000;

/// What a stamped message asks of its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Note how long it took.
    Note = 0,
    /// Send it back.
    Echo = 1,
}

/// A message of this length, sent now.
pub(crate) fn stamped(wish: Wish, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length.max(9)];
    bytes[..8].copy_from_slice(&now_ns().to_le_bytes());
    bytes[8] = wish as u8;
    bytes
}

/// When it was sent, and what it wishes.
pub(crate) fn read(bytes: &[u8]) -> Option<(u64, Wish)> {
    let at = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    Some((at, if *bytes.get(8)? == 1 { Wish::Echo } else { Wish::Note }))
}

/// Times in nanoseconds, to three digits.
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("three digits"))
    }

    /// One more, of something sent then.
    pub(crate) fn note(&mut self, sent_ns: u64) {
        self.0.saturating_record(now_ns().saturating_sub(sent_ns).clamp(1, LONGEST_NS));
    }

    /// Tells them in microseconds, and forgets them.
    pub(crate) fn tell(&mut self, words: Words) -> Words {
        let at = |percentile| self.0.value_at_quantile(percentile) as f64 / 1e3;
        let told = words.with("count", self.0.len()).with("p50", at(0.5)).with("p99", at(0.99));
        self.0.reset();
        told
    }
}

/// Messages to be stamped and sent, one each so many microseconds.
#[derive(Debug)]
pub(crate) struct Pings {
    every_ns: u64,
    next_ns: u64,
    left: u64,
    /// How long each is.
    pub(crate) length: usize,
    /// What each wishes.
    pub(crate) wish: Wish,
}

impl Pings {
    /// As a line says.
    pub(crate) fn read(words: &Words) -> Self {
        let wish = if words.get::<String>("way") == "round" { Wish::Echo } else { Wish::Note };
        let every_ns = words.get::<u64>("every_us") * 1_000;
        Self {
            every_ns,
            next_ns: now_ns() + every_ns,
            left: words.get("count"),
            length: words.get("payload"),
            wish,
        }
    }

    /// Whether one is due now.
    pub(crate) fn due(&mut self) -> bool {
        let due = self.left > 0 && now_ns() >= self.next_ns;
        if due {
            self.left -= 1;
            self.next_ns += self.every_ns;
        }
        due
    }

    /// How long until the next; none if all are sent.
    pub(crate) fn wait(&self) -> Option<std::time::Duration> {
        let wait = self.next_ns.saturating_sub(now_ns());
        (self.left > 0).then(|| std::time::Duration::from_nanos(wait))
    }
}
