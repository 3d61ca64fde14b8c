//! Landing: the buffers that datagrams are received into, used again once nobody refers to them.
//! What fills little of one does not keep it.

use std::collections::VecDeque;
use std::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::blocks::Blocks;
use crate::limits::KEPT_APART_BYTES;

/// What one call may fill: a datagram of full length, or many short ones that the system joined.
pub(super) const LANDING_BYTES: usize = 64 << 10;

/// Full buffers kept in sight: as many as floors above may hold at once.
const RESTING_MAX: usize = 1024;

/// So many rest however few are in use. Of more, one is given back each time one is used again,
/// once all have had their turn since there was need of another.
const FREE_MAX: usize = 128;

/// Datagrams that fill no more of a buffer are copied out of it, as the transport does by itself
/// with the shortest.
const LITTLE_BYTES: usize = LANDING_BYTES / 4;

/// Full buffers that are looked at for one that is free.
const LOOKS: usize = 16;

/// Buffers: some open to be filled, others in use above.
#[derive(Debug)]
pub(super) struct Landing {
    open: Vec<BytesMut>,
    resting: VecDeque<Bytes>,
    /// Where little is copied to.
    apart: Blocks,
    /// How often one has been used again since there was need of another.
    again: usize,
}

impl Landing {
    /// So many buffers for one call.
    pub(super) fn new(buffers: usize) -> Self {
        let open = (0..buffers).map(|_| fresh()).collect();
        Self { open, resting: VecDeque::new(), apart: Blocks::default(), again: 0 }
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
        let next = self.next();
        let whole = std::mem::replace(&mut self.open[place], next).freeze();
        let filled = whole.slice(..bytes);
        self.resting.push_back(whole);
        if self.resting.len() > RESTING_MAX {
            self.resting.pop_front();
        }
        filled
    }

    fn next(&mut self) -> BytesMut {
        let free = self.resting.iter().take(LOOKS).position(Bytes::is_unique);
        // Those before it, or one at least, are kept for longer than others.
        let passed = free.unwrap_or(1).min(self.resting.len());
        self.resting.rotate_left(passed);
        if free.is_some()
            && let Some(Ok(free)) = self.resting.pop_front().map(Bytes::try_into_mut)
        {
            self.give_back();
            return free;
        }
        self.again = 0;
        fresh()
    }

    /// The longest used is the first to be free: if the next is too, there are more than enough.
    fn give_back(&mut self) {
        self.again += 1;
        if self.resting.len() > FREE_MAX
            && self.again > self.resting.len()
            && let Some(used) = self.resting.pop_front()
            && !used.is_unique()
        {
            self.resting.push_front(used);
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
    fn what_many_held_is_given_back_when_they_let_it_go() {
        let mut landing = Landing::new(1);
        let held: Vec<Bytes> = (0..RESTING_MAX + 9).map(|_| landing.filled(0, 100)).collect();
        assert_eq!(landing.resting.len(), RESTING_MAX);
        drop(held);
        (0..RESTING_MAX).for_each(|_| drop(landing.filled(0, 100)));
        assert!(landing.resting.len() > FREE_MAX * 2, "there was need of all of them");
        (0..RESTING_MAX).for_each(|_| drop(landing.filled(0, 100)));
        assert!(landing.resting.len() <= FREE_MAX + 1, "{} rest", landing.resting.len());
    }

    #[test]
    fn while_more_are_in_use_than_may_rest_few_are_made_anew() {
        let (mut landing, mut held) = (Landing::new(1), VecDeque::new());
        let mut places = std::collections::BTreeSet::new();
        for _ in 0..20_000 {
            held.push_back(landing.filled(0, 100));
            places.insert(landing.open()[0].as_ptr() as usize);
            if held.len() > 2 * FREE_MAX {
                held.pop_front();
            }
        }
        assert!(places.len() < 3 * FREE_MAX, "{} buffers", places.len());
    }

    #[test]
    fn datagrams_that_fill_little_keep_little() {
        let mut landing = Landing::new(2);
        let lengths = [KEPT_APART_BYTES + 1, 3_000, 9_000, LITTLE_BYTES];
        let kept: Vec<Bytes> =
            (0..400).map(|round| landing.datagrams(round % 2, lengths[round % 4])).collect();
        assert_eq!(kept.iter().map(Bytes::len).sum::<usize>(), 100 * lengths.iter().sum::<usize>());
        assert!(landing.resting.is_empty(), "{} buffers are kept", landing.resting.len());
        let long = landing.datagrams(0, LITTLE_BYTES + 1);
        assert!(!landing.resting.is_empty(), "what is long is not copied: {} bytes", long.len());
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
