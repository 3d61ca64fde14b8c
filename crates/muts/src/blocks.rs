//! Blocks: memory taken in large pieces, and used again once nobody refers to it.

use alloc::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// One block: what many small things share.
const BLOCK_BYTES: usize = 64 << 10;

/// Full blocks kept in sight: a window's worth, all of which may be waiting to be acknowledged.
const RESTING_MAX: usize = 128;

/// Full blocks that are looked at for one that is free.
const LOOKS: usize = 4;

/// Where small things are written one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: BytesMut,
    /// The ends of full blocks: each can be made whole again when all that was split off is gone.
    resting: VecDeque<BytesMut>,
}

impl Blocks {
    /// Where to write, with room for so many bytes without moving.
    pub(crate) fn room(&mut self, bytes: usize) -> &mut BytesMut {
        if self.open.capacity() - self.open.len() < bytes {
            self.turn_over(bytes);
        }
        &mut self.open
    }

    /// What was written since the last time.
    pub(crate) fn split(&mut self) -> Bytes {
        self.open.split().freeze()
    }

    /// Whether anything was.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How much was.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// A copy of these bytes.
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> Bytes {
        debug_assert!(self.open.is_empty(), "written and not split off");
        self.room(bytes.len()).extend_from_slice(bytes);
        self.split()
    }

    /// Room of its own for so many bytes, to be written whenever they come.
    pub(crate) fn carve(&mut self, bytes: usize) -> BytesMut {
        debug_assert!(self.open.is_empty(), "written and not split off");
        let rest = self.room(bytes).split_off(bytes);
        core::mem::replace(&mut self.open, rest)
    }

    /// Goes on in another block; what is written and not split off goes along.
    fn turn_over(&mut self, bytes: usize) {
        let bytes = (self.open.len() + bytes).max(BLOCK_BYTES);
        let mut next = None;
        for _ in 0..LOOKS.min(self.resting.len()) {
            let Some(mut block) = self.resting.pop_front() else { break };
            if block.try_reclaim(bytes) {
                next = Some(block);
                break;
            }
            self.resting.push_back(block);
        }
        let mut next = next.unwrap_or_else(|| BytesMut::with_capacity(bytes));
        next.extend_from_slice(&self.open);
        self.open.clear();
        let full = core::mem::replace(&mut self.open, next);
        self.resting.push_back(full);
        if self.resting.len() > RESTING_MAX {
            self.resting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_when_nobody_refers_to_it() {
        let mut blocks = Blocks::default();
        let mut places = alloc::collections::BTreeSet::new();
        for round in 0..10_000_u32 {
            let piece = blocks.copy(&[round as u8; 1_000]);
            places.insert(piece.as_ptr() as usize / BLOCK_BYTES);
            assert!(piece.iter().all(|byte| *byte == round as u8));
        }
        assert!(places.len() < 10, "{} blocks for one piece at a time", places.len());
    }

    #[test]
    fn carved_room_is_its_own_and_its_block_is_used_again() {
        let mut blocks = Blocks::default();
        let mut places = alloc::collections::BTreeSet::new();
        for round in 0..10_000_u32 {
            let mut piece = blocks.carve(500);
            let other = blocks.copy(&[1; 300]);
            assert_eq!((piece.len(), piece.capacity()), (0, 500));
            piece.extend_from_slice(&[round as u8; 500]);
            places.insert(piece.as_ptr() as usize / BLOCK_BYTES);
            assert!(other.iter().all(|byte| *byte == 1));
            assert!(piece.freeze().iter().all(|byte| *byte == round as u8));
        }
        assert!(places.len() < 10, "{} blocks for one piece at a time", places.len());
    }

    #[test]
    fn what_is_kept_stays_as_it_is() {
        let mut blocks = Blocks::default();
        let kept: alloc::vec::Vec<Bytes> =
            (0..500_u32).map(|round| blocks.copy(&[round as u8; 3_000])).collect();
        for (round, piece) in (0_u32..).zip(kept) {
            assert!(piece.iter().all(|byte| *byte == round as u8));
        }
    }
}
