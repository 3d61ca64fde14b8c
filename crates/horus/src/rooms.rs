//! Rooms: how much waits in a queue, for whose room all wait that may, and who waits to add more.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use crate::sync::{AtomicUsize, Mutex, Ordering};
use crate::waiters::Waiters;

/// See the head of this file.
pub(crate) struct Rooms<K> {
    waiting: AtomicUsize,
    /// How many may wait in the queue.
    most: usize,
    /// For whose room as many wait as may, and how many such there are.
    full: Mutex<BTreeSet<K>>,
    filled: AtomicUsize,
    waiters: Waiters,
}

impl<K: Ord> Rooms<K> {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> Self {
        let (waiting, filled) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (full, waiters) = (Mutex::new(BTreeSet::new()), Waiters::default());
        Self { waiting, most, full, filled, waiters }
    }

    /// One more waits in the queue.
    pub(crate) fn came(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    /// One waits there no more.
    pub(crate) fn went(&self) {
        if self.waiting.fetch_sub(1, Ordering::SeqCst) == self.most {
            self.waiters.wake();
        }
    }

    /// How many wait there.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Says whether who needs this room is to wait.
    pub(crate) fn set_full(&self, room: K, full: bool) {
        let mut all = self.full.lock();
        let changed = if full { all.insert(room) } else { all.remove(&room) };
        self.filled.store(all.len(), Ordering::SeqCst);
        drop(all);
        if changed && !full {
            self.waiters.wake();
        }
    }

    pub(crate) fn has_room(&self, room: &K) -> bool {
        let full = || self.filled.load(Ordering::SeqCst) > 0 && self.full.lock().contains(room);
        self.waiting() < self.most && !full()
    }

    /// Ready when fewer wait than may: in the queue, and for that room.
    pub(crate) fn poll(&self, room: &K, context: &mut Context<'_>) -> Poll<()> {
        self.waiters.poll(context, || self.has_room(room))
    }

    /// How many wait to add more.
    #[cfg(test)]
    pub(crate) fn waiters(&self) -> usize {
        self.waiters.count()
    }
}
