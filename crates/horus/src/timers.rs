//! Timers: who wants to be woken when, for handles that have something to do then.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

/// In the hands of the holder of the crank.
#[derive(Default)]
pub(crate) struct Timers {
    set: BTreeMap<(Instant, u64), Waker>,
    count: u64,
}

impl Timers {
    /// Wakes this one then.
    pub(crate) fn set(&mut self, due: Instant, waker: Waker) {
        self.count += 1;
        self.set.insert((due, self.count), waker);
    }

    /// Wakes whoever is due; how long until the next one is.
    pub(crate) fn ring(&mut self, now: Instant) -> Option<Duration> {
        loop {
            let first = self.set.first_entry()?;
            let due = first.key().0;
            if due > now {
                return Some(due - now);
            }
            first.remove().wake();
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
        for after in [2, 1, 1] {
            timers.set(start + second * after, Waker::from(Arc::clone(&count)));
        }
        let woken = || count.0.load(Ordering::SeqCst);
        assert_eq!((timers.ring(start), woken()), (Some(second), 0));
        assert_eq!((timers.ring(start + second), woken()), (Some(second), 2));
        assert_eq!((timers.ring(start + second * 2), woken()), (None, 3));
    }
}
