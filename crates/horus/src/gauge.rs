//! Gauge: how much of something there is, and who waits until it is not too much any more.

use std::task::{Context, Poll};

use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::waiters::Waiters;

/// See the head of this file.
pub(crate) struct Gauge {
    there: AtomicUsize,
    /// What is not too much yet.
    most: usize,
    /// Nothing is too much any more.
    over: AtomicBool,
    waiters: Waiters,
}

impl Gauge {
    /// Nothing, of at most so much.
    pub(crate) fn new(most: usize) -> Self {
        let (there, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { there, most, over, waiters: Waiters::default() }
    }

    pub(crate) fn add(&self, much: usize) {
        self.there.fetch_add(much, Ordering::SeqCst);
    }

    /// Takes away what was added before. Whoever takes it below the bound wakes, whatever was added
    /// and taken meanwhile: what was there is known from the taking itself.
    pub(crate) fn take(&self, much: usize) {
        let before = self.there.fetch_sub(much, Ordering::SeqCst);
        if before > self.most && before - much <= self.most {
            self.waiters.wake();
        }
    }

    /// Nobody has to wait any more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.waiters.wake();
    }

    pub(crate) fn has_room(&self) -> bool {
        self.there.load(Ordering::SeqCst) <= self.most || self.over.load(Ordering::SeqCst)
    }

    /// Ready while it is not too much.
    pub(crate) fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        self.waiters.poll(context, || self.has_room())
    }
}
