//! Causal order: a message waits until what its sender had processed has been processed here
//! (Birman, Schiper and Stephenson 1991).
//!
//! Takes: the positions up to which a sender had processed each stream. Promises: nothing is
//! delivered before its causes (S4). Keeps: the last vector of each sender, since only what changed
//! travels. Waits only for what the sender had processed before sending, so waits form no ring.

use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire, read_varint, write_varint};

/// Positions by rank: how far each stream of the epoch had been processed. Shared by all messages
/// between which nothing changed: in a stream that nobody answers, by all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vector(Arc<[u64]>);

impl Vector {
    pub(crate) fn zero(members: usize) -> Self {
        Self::of(core::iter::repeat_n(0, members))
    }

    pub(crate) fn of(positions: impl Iterator<Item = u64>) -> Self {
        Self(positions.collect())
    }

    /// These positions: itself, if they are no others.
    pub(crate) fn moved_to(&self, positions: impl Iterator<Item = u64> + Clone) -> Self {
        if self.0.iter().copied().eq(positions.clone()) {
            return self.clone();
        }
        Self::of(positions)
    }

    /// Whether the two are one, seen at a glance.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether all that it points at lies below these positions.
    pub(crate) fn within(&self, positions: impl Iterator<Item = u64>) -> bool {
        self.0.iter().zip(positions).all(|(wanted, have)| *wanted <= have)
    }

    /// Of how many members it speaks.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// By stream, the position that it points below.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.iter().copied().enumerate()
    }

    /// Whether this is so of any stream and the position that it points below.
    pub(crate) fn points_at(&self, is: impl Fn(usize, u64) -> bool) -> bool {
        self.0.iter().enumerate().any(|(stream, below)| is(stream, *below))
    }

    /// What changed since `before`.
    pub(crate) fn changes(&self, before: &Self) -> Changes {
        if self.is(before) {
            return Changes(Vec::new());
        }
        let changed = self.0.iter().zip(before.0.iter()).enumerate();
        Changes(
            changed
                .filter(|(_, (now, old))| now != old)
                .map(|(r, (now, _))| (r as u8, *now))
                .collect(),
        )
    }

    /// This vector with the changes made.
    ///
    /// # Errors
    /// [`Malformed`] if they speak of a rank that is not there, or go back.
    pub(crate) fn with(&self, changes: &Changes) -> Result<Self, Malformed> {
        if changes.0.is_empty() {
            return Ok(self.clone());
        }
        let mut changed = Self::of(self.0.iter().copied());
        let positions = Arc::get_mut(&mut changed.0).expect("nobody else has it yet");
        for (rank, position) in &changes.0 {
            let entry = positions.get_mut(usize::from(*rank)).ok_or(Malformed)?;
            if *position < *entry {
                return Err(Malformed);
            }
            *entry = *position;
        }
        Ok(changed)
    }
}

/// What the messages of a stream wait for, one behind the other: most wait for the same.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    /// What lay below all positions when it was looked at last.
    within: Option<Vector>,
    /// Own vectors point at all of that.
    pub(crate) noted: bool,
}

impl Causes {
    /// Whether all that a message waits for lies below these positions, which never go back.
    pub(crate) fn are_within<P: Iterator<Item = u64>>(
        &mut self,
        after: &Vector,
        positions: impl FnOnce() -> P,
    ) -> bool {
        if self.within.as_ref().is_some_and(|known| known.is(after)) {
            return true;
        }
        let within = after.within(positions());
        if within {
            *self = Self { within: Some(after.clone()), noted: false };
        }
        within
    }
}

/// Entries of a vector as they travel: `varint count | (rank u8 | varint position) * count`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes(Vec<(u8, u64)>);

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Wire for Changes {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, self.0.len() as u64);
        for (rank, position) in &self.0 {
            into.push(*rank);
            write_varint(into, *position);
        }
    }
    #[inline]
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        // As it is with most messages.
        if let [0, rest @ ..] = *from {
            *from = rest;
            return Ok(Self(Vec::new()));
        }
        let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
        if count > from.len() {
            return Err(Malformed);
        }
        (0..count)
            .map(|_| Ok((u8::read(from)?, read_varint(from)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_all_that_travels() {
        let before = Vector::of([3, 0, 9].into_iter());
        let now = Vector::of([3, 2, 10].into_iter());
        let changes = now.changes(&before);
        let mut bytes = Vec::new();
        changes.write(&mut bytes);
        assert_eq!(bytes, [2, 1, 2, 2, 10]);
        assert!(Arc::ptr_eq(&now.moved_to([3, 2, 10].into_iter()).0, &now.0), "nothing changed");
        assert_eq!(now.moved_to([4, 2, 10].into_iter()), Vector::of([4, 2, 10].into_iter()));
        assert_eq!(before.with(&Changes::read(&mut &bytes[..]).expect("written")), Ok(now));
    }

    #[test]
    fn what_waits_for_the_same_as_the_one_before_it_is_not_looked_at_again() {
        let (one, other) = (Vector::of([3, 1].into_iter()), Vector::of([3, 2].into_iter()));
        let mut causes = Causes::default();
        assert!(!causes.are_within(&one, || [2, 1].into_iter()));
        assert!(causes.are_within(&one, || [3, 1].into_iter()) && !causes.noted);
        causes.noted = true;
        assert!(causes.are_within(&one.clone(), || [0, 0].into_iter()), "positions never go back");
        assert!(!causes.are_within(&other, || [3, 1].into_iter()) && causes.noted);
        assert!(causes.are_within(&other, || [3, 2].into_iter()) && !causes.noted);
    }

    #[test]
    fn a_vector_that_goes_back_or_names_a_stranger_is_malformed() {
        let before = Vector::of([3].into_iter());
        assert_eq!(before.with(&Changes(alloc::vec![(0, 2)])), Err(Malformed));
        assert_eq!(before.with(&Changes(alloc::vec![(1, 2)])), Err(Malformed));
    }
}
