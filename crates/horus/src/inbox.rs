//! Inbox: where a blocked `receive()` waits, and what is told lies until it is taken.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;

/// A queue from the tower to application threads; ends once.
pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<T>,
    wakers: Vec<Waker>,
    over: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let state = State { queue: VecDeque::new(), wakers: Vec::new(), over: false };
        Self { state: Mutex::new(state) }
    }
}

impl<T> Inbox<T> {
    /// Adds one and wakes whoever waits. After the end it is dropped.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.state.lock();
        if state.over {
            return;
        }
        state.queue.push_back(item);
        Self::wake(state);
    }

    /// Nothing more will come; what lies here can still be taken.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.over = true;
        Self::wake(state);
    }

    /// The next; `Ready(None)` once it has ended and is empty.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state.lock();
        if let Some(item) = state.queue.pop_front() {
            return Poll::Ready(Some(item));
        }
        if state.over {
            return Poll::Ready(None);
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// The next, if it is here already.
    pub(crate) fn take(&self) -> Option<T> {
        self.state.lock().queue.pop_front()
    }

    /// How many are to be woken.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().wakers.len()
    }

    /// Wakers run user code (an executor's), so never under the lock.
    fn wake(mut state: crate::sync::MutexGuard<'_, State<T>>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(all(test, not(horus_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_before_the_end_can_still_be_taken_after_it() {
        let inbox = Inbox::default();
        inbox.push(1);
        inbox.end();
        inbox.push(2);
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(inbox.poll(&mut context), Poll::Ready(Some(1)));
        assert_eq!(inbox.poll(&mut context), Poll::Ready(None));
    }
}
