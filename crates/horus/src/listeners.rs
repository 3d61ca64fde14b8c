//! Listeners: who is to look again when something happens, as long as it looks.
//!
//! Who looks lies here first and looks then; what happens has happened before they are woken. So
//! one sees the other. Who looks no more is forgotten, so that ever new ones do not gather.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use parking_lot::Mutex;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Listeners {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    wakers: BTreeMap<u64, Waker>,
    count: u64,
}

/// One who looks, until it is dropped.
pub(crate) struct Listener<'a> {
    listeners: &'a Listeners,
    number: u64,
}

impl Listeners {
    /// Somebody who begins to look.
    pub(crate) fn listener(&self) -> Listener<'_> {
        let mut state = self.state.lock();
        state.count += 1;
        Listener { listeners: self, number: state.count }
    }

    /// Wakes all. Wakers run user code (an executor's), so never under the lock.
    pub(crate) fn wake_all(&self) {
        let wakers = std::mem::take(&mut self.state.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    /// How many are to be woken.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.state.lock().wakers.len()
    }
}

impl Wake for Listeners {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

impl Listener<'_> {
    /// Is to be woken from now on, once.
    pub(crate) fn listen(&self, context: &Context<'_>) {
        let mut state = self.listeners.state.lock();
        let waker = state.wakers.entry(self.number).or_insert_with(|| context.waker().clone());
        waker.clone_from(context.waker());
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.listeners.state.lock().wakers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_up_looking_is_forgotten_and_who_looks_on_is_not() {
        let listeners = Listeners::default();
        let context = Context::from_waker(Waker::noop());
        let on = listeners.listener();
        on.listen(&context);
        for _ in 0..100 {
            listeners.listener().listen(&context);
        }
        assert_eq!(listeners.count(), 1);
        listeners.wake_all();
        assert_eq!(listeners.count(), 0);
    }
}
