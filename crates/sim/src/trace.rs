//! Trace: one line per event, and a digest of the run that tells whether two runs were the same.
//!
//! Columns, separated by one space:
//!
//! | column | what |
//! | --- | --- |
//! | time | simulated seconds since the start, six digits behind the point |
//! | process | `p0#1`; `-` for the world itself |
//! | seam | the floor whose face it crosses: `tower`, `kernel`, `transport`; `world` for faults |
//! | verb | `down`, `full`, `up`, `receive`, `transmit`, `wake`, or the kind of a fault |
//! | what | the word that crossed, as `Debug` writes it; for datagrams the peer and the length |

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use muts::Instant;

/// Where lines go. Clones write to the same place.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Rc<RefCell<Kept>>>);

#[derive(Debug)]
struct Kept {
    lines: Vec<String>,
    print: bool,
}

impl Trace {
    /// Writes nothing and costs nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Keeps the lines in memory.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Rc::new(RefCell::new(Kept { lines: Vec::new(), print: false }))))
    }

    /// Prints each line at once.
    #[must_use]
    pub fn printed() -> Self {
        Self(Some(Rc::new(RefCell::new(Kept { lines: Vec::new(), print: true }))))
    }

    /// Whether lines go anywhere.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes a line; its last column is made only if the trace is on.
    pub fn line(&self, now: Instant, process: &str, seam: &str, verb: &str, what: fmt::Arguments) {
        let Some(kept) = &self.0 else { return };
        let micros = now.as_nanos() / 1_000;
        let line = format!(
            "{}.{:06} {process} {seam} {verb} {what}",
            micros / 1_000_000,
            micros % 1_000_000
        );
        let mut kept = kept.borrow_mut();
        if kept.print {
            println!("{line}");
        } else {
            kept.lines.push(line);
        }
    }

    /// Takes the lines kept so far.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        self.0.as_ref().map_or_else(Vec::new, |kept| std::mem::take(&mut kept.borrow_mut().lines))
    }
}

/// A running hash over all that happened: equal digests, equal runs. Not for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a number.
    pub const fn add(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }

    /// Adds bytes and their length.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.add(bytes.len() as u64);
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.add(u64::from_le_bytes(word.try_into().expect("a chunk of eight")));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(word));
        }
    }

    /// The hash so far.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_columns() {
        let trace = Trace::kept();
        trace.clone().line(
            Instant::from_nanos(1_002_003_999),
            "p0#1",
            "tower",
            "up",
            format_args!("{:?}", Some(1)),
        );
        assert_eq!(trace.take(), ["1.002003 p0#1 tower up Some(1)"]);
        assert!(trace.take().is_empty());
    }

    #[test]
    fn digests_differ_where_bytes_are_cut_differently() {
        let mut one = Digest::default();
        one.add_bytes(b"ab");
        one.add_bytes(b"c");
        let mut other = Digest::default();
        other.add_bytes(b"a");
        other.add_bytes(b"bc");
        assert_ne!(one, other);
    }
}
