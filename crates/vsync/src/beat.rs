//! Beat: what a heartbeat carries, whom its sender hears and what it shares with its receiver.
//!
//! A row of whole names would fit a datagram for sixty processes. Who reads one knows those whom it
//! asks about, so a number made of both names stands for each: two of a thousand are taken for
//! one another in one system of ten thousand, and then a deaf one may pass for one that hears,
//! at that sender alone.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use muts::{Malformed, ProcId, Sink, Wire, read_varint, write_varint};

/// The most that one row names: as many as a view has members, and some. Where its sender hears
/// more, the receiver is named in any case, and then those who share something with the sender.
pub(crate) const ROW_MAX: usize = 264;

/// From so many on a row may lack whom its sender hears: some share a number.
const CUT_FROM: usize = ROW_MAX - 8;

/// Stands for a process in the row of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Brief(u32);

impl Brief {
    /// What stands for `whom` in the row of `whose`.
    pub(crate) const fn of(whose: ProcId, whom: ProcId) -> Self {
        let words = [whose.node.0, whose.incarnation, whom.node.0, whom.incarnation];
        let (mut hash, mut at) = (0x9e37_79b9_7f4a_7c15_u64, 0);
        while at < words.len() {
            hash = (hash ^ words[at]).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            hash ^= hash >> 31;
            at += 1;
        }
        Self((hash >> 16) as u32)
    }
}

/// How many bytes one of them takes.
const BRIEF_BYTES: usize = size_of::<Brief>();

/// Whom a process hears: its numbers, which grow, in the bytes that they came in. Hundreds of
/// processes of one host keep hundreds of rows each, and the same ones.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Row(Bytes);

impl Row {
    pub(crate) fn contains(&self, brief: Brief) -> bool {
        let (numbers, _) = self.0.as_chunks::<BRIEF_BYTES>();
        numbers.binary_search_by_key(&brief.0, |number| u32::from_le_bytes(*number)).is_ok()
    }

    /// Whether who is not named may be heard all the same, unless that is who is told.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.len() >= CUT_FROM * BRIEF_BYTES
    }

    /// Whether it names all whom that one names: both in one pass.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let mut ours = self.briefs();
        other.briefs().all(|theirs| ours.by_ref().find(|brief| *brief >= theirs) == Some(theirs))
    }

    fn briefs(&self) -> impl Iterator<Item = Brief> {
        let (numbers, _) = self.0.as_chunks::<BRIEF_BYTES>();
        numbers.iter().map(|number| Brief(u32::from_le_bytes(*number)))
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.briefs()).finish()
    }
}

impl FromIterator<Brief> for Row {
    fn from_iter<I: IntoIterator<Item = Brief>>(briefs: I) -> Self {
        let mut briefs: Vec<Brief> = briefs.into_iter().collect();
        briefs.sort_unstable();
        briefs.dedup();
        Self(briefs.iter().flat_map(|brief| brief.0.to_le_bytes()).collect())
    }
}

/// What a heartbeat carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beat {
    /// Whom its sender hears.
    pub(crate) row: Row,
    /// Of the epochs that it shares with the receiver.
    pub(crate) digest: u64,
}

impl Beat {
    /// The digest of the beat that these bytes are, one part behind the other; 0 if they are none.
    pub(crate) fn digest_within(head: &[u8], tail: &[u8]) -> u64 {
        let mut digest = [0; 8];
        let bytes = head.iter().chain(tail).rev();
        digest.iter_mut().rev().zip(bytes).for_each(|(into, byte)| *into = *byte);
        u64::from_le_bytes(digest)
    }

    /// The beat that these bytes are. It keeps them.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(crate) fn of(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut rest = &bytes[..];
        let row = Row(bytes.slice_ref(Self::read_row(&mut rest)?));
        Self::whole(row, &mut rest)
    }

    fn whole(row: Row, rest: &mut &[u8]) -> Result<Self, Malformed> {
        if !row.briefs().is_sorted_by(|a, b| a < b) {
            return Err(Malformed);
        }
        Ok(Self { row, digest: u64::read(rest)? })
    }

    /// One row, one spelling: its numbers grow.
    fn read_row<'a>(from: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
        let length = count.checked_mul(BRIEF_BYTES).ok_or(Malformed)?;
        let (row, rest) = from.split_at_checked(length).ok_or(Malformed)?;
        *from = rest;
        Ok(row)
    }
}

impl Wire for Beat {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, (self.row.0.len() / BRIEF_BYTES) as u64);
        into.extend_from_slice(&self.row.0);
        self.digest.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let row = Row(Bytes::copy_from_slice(Self::read_row(from)?));
        Self::whole(row, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;

    fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    #[test]
    fn a_row_covers_those_that_name_no_one_else() {
        let row = |of: &[u64]| of.iter().map(|node| Brief::of(proc(1), proc(*node))).collect();
        let rows = [&[][..], &[2], &[3], &[2, 3], &[2, 3, 4], &[4, 5]];
        for some in rows {
            for others in rows {
                let (ours, theirs): (Row, Row) = (row(some), row(others));
                let covers = others.iter().all(|node| some.contains(node));
                assert_eq!(ours.covers(&theirs), covers, "{some:?} {others:?}");
            }
        }
    }

    #[test]
    fn a_row_of_as_many_as_may_be_named_fits_a_heartbeat() {
        let row = (0..ROW_MAX as u64).map(|node| Brief::of(proc(1 << 40), proc(node)));
        let beat = Beat { row: row.collect(), digest: u64::MAX - 0x0102_0304 };
        assert_eq!(beat.row.0.len(), ROW_MAX * 4, "each has a number of its own here");
        let mut bytes = Vec::new();
        beat.write(&mut bytes);
        assert!(bytes.len() <= muts::limits::BEAT_BYTES_MAX, "{} bytes", bytes.len());
        assert_eq!(Beat::read(&mut &bytes[..]), Ok(beat.clone()));
        for cut in [0, 9, bytes.len() - 3, bytes.len()] {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(Beat::digest_within(head, tail), beat.digest);
        }
        assert_eq!(Beat::of(&bytes.into()), Ok(beat));
    }

    #[test]
    fn a_row_has_whom_it_was_made_of_and_nobody_else() {
        let brief = |node| Brief::of(proc(9), proc(node));
        let row: Row = (0..100).filter(|node| node % 3 > 0).map(brief).collect();
        for node in 0..100 {
            assert_eq!(row.contains(brief(node)), node % 3 > 0, "{node}");
        }
        assert!(!Row::default().contains(brief(0)));
    }

    #[test]
    fn a_row_is_spelt_in_one_way() {
        for row in [[7_u8, 0, 0, 0, 7, 0, 0, 0], [8, 0, 0, 0, 7, 0, 0, 0]] {
            let bytes = [&[2][..], &row, &[0; 8]].concat();
            assert_eq!(Beat::read(&mut &bytes[..]), Err(Malformed));
            assert_eq!(Beat::of(&bytes.into()), Err(Malformed));
        }
    }

    #[test]
    fn who_shares_a_number_in_one_row_has_others_elsewhere() {
        assert_ne!(Brief::of(proc(1), proc(3)), Brief::of(proc(2), proc(3)));
        assert_ne!(Brief::of(proc(1), proc(3)), Brief::of(proc(1), proc(4)));
    }
}
