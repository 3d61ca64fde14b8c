//! Beat: what a heartbeat carries, whom its sender hears and what it shares with its receiver.
//!
//! A row of whole names would fit a datagram for sixty processes. Who reads one knows those whom it
//! asks about, so a number made of both names stands for each: two of a thousand are taken for
//! one another in one system of ten thousand, and then a deaf one may pass for one that hears,
//! at that sender alone.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use muts::{Malformed, ProcId, Sink, Wire};

/// The most that one row names: as many as a view has members, and some.
pub(crate) const ROW_MAX: usize = 264;

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

/// What a heartbeat carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beat {
    /// Whom its sender hears.
    pub(crate) row: BTreeSet<Brief>,
    /// Of the epochs that it shares with the receiver.
    pub(crate) digest: u64,
}

impl Wire for Brief {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        u32::read(from).map(Self)
    }
}

impl Wire for Beat {
    fn write(&self, into: &mut impl Sink) {
        self.row.iter().copied().collect::<Vec<Brief>>().write(into);
        self.digest.write(into);
    }
    /// One row, one spelling: its numbers grow.
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let row = Vec::<Brief>::read(from)?;
        if !row.is_sorted_by(|a, b| a < b) {
            return Err(Malformed);
        }
        Ok(Self { row: row.into_iter().collect(), digest: u64::read(from)? })
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
    fn a_row_of_as_many_as_may_be_named_fits_a_heartbeat() {
        let row = (0..ROW_MAX as u64).map(|node| Brief::of(proc(1 << 40), proc(node)));
        let beat = Beat { row: row.collect(), digest: u64::MAX };
        assert_eq!(beat.row.len(), ROW_MAX, "each has a number of its own here");
        let mut bytes = Vec::new();
        beat.write(&mut bytes);
        assert!(bytes.len() <= muts::limits::BEAT_BYTES_MAX, "{} bytes", bytes.len());
        assert_eq!(Beat::read(&mut &bytes[..]), Ok(beat));
    }

    #[test]
    fn a_row_is_spelt_in_one_way() {
        for row in [[7_u8, 0, 0, 0, 7, 0, 0, 0], [8, 0, 0, 0, 7, 0, 0, 0]] {
            let bytes = [&[2][..], &row, &[0; 8]].concat();
            assert_eq!(Beat::read(&mut &bytes[..]), Err(Malformed));
        }
    }

    #[test]
    fn who_shares_a_number_in_one_row_has_others_elsewhere() {
        assert_ne!(Brief::of(proc(1), proc(3)), Brief::of(proc(2), proc(3)));
        assert_ne!(Brief::of(proc(1), proc(3)), Brief::of(proc(1), proc(4)));
    }
}
