//! Timers: who wants to be woken when, for handles that have something to do then.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

/// In the hands of the holder of the crank. Each handle that wants to be woken has a number, and
/// one time at which it is: whoever waits there is woken by its waker.
#[derive(Default)]
pub(crate) struct Timers {
    set: BTreeMap<(Instant, u64), Waker>,
    due: BTreeMap<u64, Instant>,
}

impl Timers {
    /// Wakes this handle then, and not when it was said before.
    pub(crate) fn set(&mut self, handle: u64, due: Instant, waker: Waker) {
        self.clear(handle);
        self.due.insert(handle, due);
        self.set.insert((due, handle), waker);
    }

    /// The handle is not to be woken.
    pub(crate) fn clear(&mut self, handle: u64) {
        if let Some(due) = self.due.remove(&handle) {
            self.set.remove(&(due, handle));
        }
    }

    /// Wakes whoever is due; how long until the next one is.
    pub(crate) fn ring(&mut self, now: Instant) -> Option<Duration> {
        loop {
            let first = self.set.first_entry()?;
            let (due, handle) = *first.key();
            if due > now {
                return Some(due - now);
            }
            let waker = first.remove();
            self.due.remove(&handle);
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn each_is_woken_once_and_no_sooner_than_it_wants() {
        let (count, start, second) =
            (Arc::<Count>::default(), Instant::now(), Duration::from_secs(1));
        let mut timers = Timers::default();
        for (handle, after) in [2, 1, 1].into_iter().enumerate() {
            let due = start + second * after;
            timers.set(handle as u64, due, Waker::from(Arc::clone(&count)));
        }
        let woken = || count.0.load(Ordering::SeqCst);
        assert_eq!((timers.ring(start), woken()), (Some(second), 0));
        assert_eq!((timers.ring(start + second), woken()), (Some(second), 2));
        assert_eq!((timers.ring(start + second * 2), woken()), (None, 3));
    }

    #[test]
    fn a_handle_is_woken_when_it_was_said_last_and_not_once_it_is_gone() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut timers = Timers::default();
        for round in 0..100 {
            timers.set(1, start + second * (100 - round), Waker::noop().clone());
            timers.set(2, start + second * 200, Waker::noop().clone());
        }
        assert_eq!((timers.set.len(), timers.due.len()), (2, 2));
        assert_eq!(timers.ring(start), Some(second));
        timers.clear(1);
        assert_eq!(timers.ring(start), Some(second * 200));
        timers.clear(2);
        assert_eq!((timers.ring(start), timers.due.len()), (None, 0));
    }
}
