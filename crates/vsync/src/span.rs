//! Span: positions of a stream from one up to another.

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire, read_varint, write_varint};

use crate::limits::POSITION_MAX;

/// Positions from `from` up to `end`, which is not one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) end: u64,
}

impl Span {
    /// Growing positions as spans.
    pub(crate) fn gather(positions: impl Iterator<Item = u64>) -> Vec<Self> {
        let mut spans: Vec<Self> = Vec::new();
        for position in positions {
            match spans.last_mut() {
                Some(last) if last.end == position => last.end += 1,
                _ => spans.push(Self { from: position, end: position + 1 }),
            }
        }
        spans
    }

    pub(crate) const fn has(self, position: u64) -> bool {
        self.from <= position && position < self.end
    }
}

/// Whether any of the growing spans has it.
pub(crate) fn any_has(spans: &[Span], position: u64) -> bool {
    let first = spans.partition_point(|span| span.end <= position);
    spans.get(first).is_some_and(|span| span.has(position))
}

impl Wire for Span {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, self.from);
        write_varint(into, self.end);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let span = Self { from: read_varint(from)?, end: read_varint(from)? };
        if span.from <= span.end && span.end <= POSITION_MAX { Ok(span) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_span() {
        let spans = Span::gather([1, 2, 3, 7, 9, 10].into_iter());
        assert_eq!(spans.len(), 3);
        assert!(any_has(&spans, 10) && !any_has(&spans, 8) && !any_has(&spans, 11));
    }
}
