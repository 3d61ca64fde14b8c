//! Waiters: who waits until something that others change holds, and is woken when it may.
//!
//! Who waits lies here first and looks again then; who changes something changes it first and wakes
//! then. So one of them sees the other, whatever comes between.

use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;

/// See the head of this file.
pub(crate) struct Waiters(Mutex<Vec<Waker>>);

impl Default for Waiters {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl Waiters {
    /// Ready if it holds; if not, the waker lies here.
    pub(crate) fn poll(&self, context: &mut Context<'_>, holds: impl Fn() -> bool) -> Poll<()> {
        if holds() {
            return Poll::Ready(());
        }
        let mut wakers = self.0.lock();
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        drop(wakers);
        // Looked at again: what came before the waker lay here has not woken it.
        if holds() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Wakes all. Wakers run user code (an executor's), so never under the lock.
    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut *self.0.lock());
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many lie here.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }
}
