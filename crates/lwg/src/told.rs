//! Told: what waits for the floor above, in the one order that means something.
//!
//! *Takes* what is told, and runs of own sends that are stable or never will be: those come
//! by the thousand.
//! *Promises* all of it, one by one, in the order in which it was told. *Keeps* a run in one place.

use alloc::collections::VecDeque;

use crate::id::SendId;
use crate::interface::Up;

/// Places that are kept when all is taken: what a burst took beyond is given back.
const KEPT: usize = 4_096;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Told {
    ups: VecDeque<Up>,
    runs: VecDeque<Run>,
    /// How many were ever told and taken, runs not counted.
    told: u64,
    taken: u64,
}

/// Sends that are stable, or never will be.
struct Run {
    /// It comes after so many.
    after: u64,
    next: SendId,
    left: u64,
    stable: bool,
}

impl Told {
    pub(crate) fn push_back(&mut self, up: Up) {
        self.told += 1;
        self.ups.push_back(up);
    }

    /// The sends from that one on are stable, so many.
    pub(crate) fn push_stable(&mut self, next: SendId, left: u64) {
        self.runs.push_back(Run { after: self.told, next, left, stable: true });
    }

    /// The sends from that one on will not be, so many.
    pub(crate) fn push_unstable(&mut self, next: SendId, left: u64) {
        self.runs.push_back(Run { after: self.told, next, left, stable: false });
    }

    pub(crate) fn pop_front(&mut self) -> Option<Up> {
        if let Some(run) = self.runs.front_mut().filter(|run| run.after == self.taken) {
            let (send, stable) = (run.next, run.stable);
            run.next.0 = run.next.0.wrapping_add(1);
            run.left -= 1;
            if run.left == 0 {
                self.runs.pop_front();
            }
            return Some(if stable { Up::Stable { send } } else { Up::Unstable { send } });
        }
        let up = self.ups.pop_front();
        self.taken += u64::from(up.is_some());
        if self.ups.is_empty() && self.ups.capacity() > KEPT {
            self.ups.shrink_to(KEPT / 4);
        }
        up
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ups.is_empty() && self.runs.is_empty()
    }

    /// How many places it takes.
    pub(crate) fn len(&self) -> usize {
        self.ups.len() + self.runs.len()
    }
}

impl Extend<Up> for Told {
    fn extend<T: IntoIterator<Item = Up>>(&mut self, ups: T) {
        ups.into_iter().for_each(|up| self.push_back(up));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LwgId;

    #[test]
    fn what_is_told_comes_in_order_with_runs_between() {
        let mut told = Told::default();
        let room = |count| Up::Room { lwg: LwgId { creator: 1, count } };
        told.push_stable(SendId(u64::MAX), 2);
        told.extend([room(1), room(2)]);
        told.push_stable(SendId(7), 1);
        told.push_unstable(SendId(4), 2);
        told.push_back(room(3));
        assert_eq!(told.len(), 6);
        let all = core::iter::from_fn(|| told.pop_front()).map(|up| match up {
            Up::Stable { send } => (0, send.0),
            Up::Room { lwg } => (1, lwg.count),
            Up::Unstable { send } => (2, send.0),
            _ => (3, 0),
        });
        let all: alloc::vec::Vec<_> = all.collect();
        let stable = [(0, u64::MAX), (0, 0), (0, 7), (2, 4), (2, 5)];
        assert_eq!(all[..2], stable[..2]);
        assert_eq!(all[2..4], [(1, 1), (1, 2)]);
        assert_eq!(all[4..7], stable[2..]);
        assert_eq!(all[7..], [(1, 3)]);
        assert!(told.is_empty());
    }
    #[test]
    fn what_a_burst_took_is_given_back_when_all_is_taken() {
        let mut told = Told::default();
        for _ in 0..2 {
            (0..10 * KEPT).for_each(|_| told.push_back(Up::Room { lwg: LwgId::default() }));
            assert_eq!(core::iter::from_fn(|| told.pop_front()).count(), 10 * KEPT);
            assert!(told.ups.capacity() <= KEPT, "{} places are kept", told.ups.capacity());
        }
    }
}
