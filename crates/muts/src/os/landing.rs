//! Landing: the buffers that datagrams are received into, used again once nobody refers to them.
//! What fills little of one does not keep it.

use std::collections::VecDeque;
use std::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::blocks::Blocks;
use crate::limits::KEPT_APART_BYTES;

/// What one call may fill: a datagram of full length, or many short ones that the system joined.
pub(super) const LANDING_BYTES: usize = 64 << 10;

/// Buffers kept in sight: as many as floors above may hold at once.
const KEPT_MAX: usize = 1024;

/// So many stay free however few are in use.
const FREE_MAX: usize = 64;

/// Datagrams that fill no more of a buffer are copied out of it, as the transport does by itself
/// with the shortest.
const LITTLE_BYTES: usize = LANDING_BYTES / 4;

/// Full buffers that are looked at for those that are free again.
const LOOKS: usize = 16;

/// After so many uses it is known how many free ones nobody needed, and some are given back.
const PERIOD: usize = 256;

/// So many at once: more may be needed again.
const GIVEN_BACK: usize = 16;

/// Buffers: some open to be filled, others in use above.
#[derive(Debug)]
pub(super) struct Landing {
    open: Vec<BytesMut>,
    /// Where little is copied to.
    apart: Blocks,
    /// The longest used first.
    used: VecDeque<Bytes>,
    /// What was used last is used again first: it may still be in the cache of a core.
    free: VecDeque<BytesMut>,
    /// Uses in this period, and the fewest that were free meanwhile.
    uses: usize,
    fewest: usize,
}

impl Landing {
    /// So many buffers for one call.
    pub(super) fn new(buffers: usize) -> Self {
        let open = (0..buffers).map(|_| fresh()).collect();
        let (used, free, apart) = (VecDeque::new(), VecDeque::new(), Blocks::default());
        Self { open, apart, used, free, uses: 0, fewest: 0 }
    }

    /// The open buffers, each all of its length.
    pub(super) fn open(&mut self) -> &mut [BytesMut] {
        &mut self.open
    }

    /// The datagrams that were received into one. Those that fill little of it do not keep it:
    /// whoever has them for long would have many times their room.
    pub(super) fn datagrams(&mut self, place: usize, bytes: usize) -> Bytes {
        if (KEPT_APART_BYTES + 1..=LITTLE_BYTES).contains(&bytes) {
            return self.apart.copy(&self.open[place][..bytes]);
        }
        self.filled(place, bytes)
    }

    /// What was received into one; another stands in its place.
    pub(super) fn filled(&mut self, place: usize, bytes: usize) -> Bytes {
        self.take_back();
        let next = self.free.pop_back().unwrap_or_else(fresh);
        self.note_use();
        let whole = std::mem::replace(&mut self.open[place], next).freeze();
        let filled = whole.slice(..bytes);
        self.used.push_back(whole);
        if self.used.len() + self.free.len() > KEPT_MAX {
            self.used.pop_front();
        }
        filled
    }

    /// Takes back what nobody refers to any more. What is kept for longer than others is passed by.
    fn take_back(&mut self) {
        let looked = LOOKS.min(self.used.len());
        let Some(first) = self.used.iter().take(looked).position(Bytes::is_unique) else {
            // Rarely, since most are free in the order of use.
            if self.uses.is_multiple_of(LOOKS) {
                self.used.rotate_left(looked.min(1));
            }
            return;
        };
        self.used.rotate_left(first);
        for _ in first..looked {
            match self.used.pop_front().map(Bytes::try_into_mut) {
                Some(Ok(free)) => self.free.push_back(free),
                Some(Err(used)) => return self.used.push_front(used),
                None => return,
            }
        }
    }

    fn note_use(&mut self) {
        self.uses += 1;
        self.fewest = self.fewest.min(self.free.len());
        if self.uses == PERIOD {
            let spare = self.fewest.saturating_sub(FREE_MAX).min(GIVEN_BACK);
            self.free.drain(..spare);
            (self.uses, self.fewest) = (0, self.free.len());
        }
    }
}

fn fresh() -> BytesMut {
    let mut buffer = BytesMut::zeroed(LANDING_BYTES + 1);
    // Split once, it can change hands for ever without another allocation.
    drop(buffer.split_off(LANDING_BYTES));
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_nobody_refers_to_it() {
        let mut landing = Landing::new(2);
        let mut places = std::collections::BTreeSet::new();
        for round in 0..1_000_usize {
            landing.open()[round % 2][..4].copy_from_slice(&[round as u8; 4]);
            let filled = landing.filled(round % 2, 4);
            assert_eq!(filled[..], [round as u8; 4]);
            places.insert(filled.as_ptr() as usize);
            assert_eq!(landing.open()[round % 2].len(), LANDING_BYTES);
        }
        assert!(places.len() <= 6, "{} buffers", places.len());
    }

    #[test]
    fn what_was_let_go_last_is_used_next() {
        let mut landing = Landing::new(1);
        let mut held: VecDeque<Bytes> = (0..12).map(|_| landing.filled(0, 100)).collect();
        let let_go: Vec<_> = held.drain(..8).map(|filled| filled.as_ptr()).collect();
        for place in let_go.into_iter().rev() {
            held.push_back(landing.filled(0, 100));
            assert_eq!(landing.open()[0].as_ptr(), place);
        }
    }

    #[test]
    fn what_many_held_is_given_back_when_they_let_it_go() {
        let mut landing = Landing::new(1);
        let held: Vec<Bytes> = (0..KEPT_MAX + 9).map(|_| landing.filled(0, 100)).collect();
        assert_eq!(landing.used.len(), KEPT_MAX);
        drop(held);
        (0..KEPT_MAX).for_each(|_| drop(landing.filled(0, 100)));
        assert!(landing.free.len() > FREE_MAX * 8, "they may be needed again soon");
        (0..PERIOD * KEPT_MAX / GIVEN_BACK).for_each(|_| drop(landing.filled(0, 100)));
        assert!(landing.free.len() <= FREE_MAX + 1, "{} are free", landing.free.len());
    }

    #[test]
    fn while_few_or_many_are_in_use_by_turns_few_are_made_anew() {
        let (mut landing, mut held) = (Landing::new(1), VecDeque::new());
        let mut places = std::collections::BTreeSet::new();
        for round in 0..20_000 {
            held.push_back(landing.filled(0, 100));
            places.insert(landing.open()[0].as_ptr() as usize);
            if round % 200 == 0 {
                held.clear();
            }
        }
        assert!(places.len() < 220, "{} buffers", places.len());
    }

    #[test]
    fn datagrams_that_fill_little_keep_little() {
        let mut landing = Landing::new(2);
        let lengths = [KEPT_APART_BYTES + 1, 3_000, 9_000, LITTLE_BYTES];
        let kept: Vec<Bytes> =
            (0..400).map(|round| landing.datagrams(round % 2, lengths[round % 4])).collect();
        assert_eq!(kept.iter().map(Bytes::len).sum::<usize>(), 100 * lengths.iter().sum::<usize>());
        assert!(landing.used.is_empty(), "{} buffers are kept", landing.used.len());
        let long = landing.datagrams(0, LITTLE_BYTES + 1);
        assert!(!landing.used.is_empty(), "what is long is not copied: {} bytes", long.len());
    }

    #[test]
    fn what_is_kept_stays_as_it_is() {
        let mut landing = Landing::new(1);
        let kept: Vec<Bytes> = (0..20_u8)
            .map(|round| {
                landing.open()[0].fill(round);
                landing.datagrams(0, 100 + usize::from(round) * 1_000)
            })
            .collect();
        assert!((0..20).zip(&kept).all(|(round, bytes)| bytes.iter().all(|byte| *byte == round)));
    }
}
