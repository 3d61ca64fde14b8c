//! Every interleaving of who waits for room at the roof and who makes it: nobody waits for ever.
//!
//! The files are the roof's own. They are tried beside the bell, because this crate alone is built
//! for loom. At most three preemptions a run; a few seconds.
#![cfg(horus_loom)]

#[path = "../../horus/src/gauge.rs"]
mod gauge;
#[path = "../../horus/src/rooms.rs"]
#[expect(dead_code, reason = "how many wait is told elsewhere")]
mod rooms;
#[path = "../../horus/src/waiters.rs"]
mod waiters;

/// As the roof's, of loom.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }
        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics under it")
        }
    }
}

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use gauge::Gauge;
use rooms::Rooms;

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn who_waits_for_room_is_woken_whatever_is_added_and_taken_meanwhile() {
    check(|| {
        let gauge = Arc::new(Gauge::new(1));
        gauge.add(1);
        let (adds, takes) = (gauge.clone(), gauge.clone());
        let adds = thread::spawn(move || adds.add(1));
        let takes = thread::spawn(move || takes.take(1));
        // Whatever comes first, no more than may be there is there in the end. A waker that is lost
        // leaves this asleep for ever, which loom reports as a deadlock.
        block_on(poll_fn(|context| gauge.poll_room(context)));
        adds.join().expect("added");
        takes.join().expect("taken");
        assert!(gauge.has_room());
    });
}

#[test]
fn two_who_take_at_once_wake_who_waits() {
    check(|| {
        let gauge = Arc::new(Gauge::new(1));
        gauge.add(3);
        let takers = [gauge.clone(), gauge.clone()];
        let takers = takers.map(|gauge| thread::spawn(move || gauge.take(1)));
        block_on(poll_fn(|context| gauge.poll_room(context)));
        takers.into_iter().for_each(|taker| taker.join().expect("taken"));
    });
}

#[test]
fn who_waits_when_it_is_over_is_woken() {
    check(|| {
        let gauge = Arc::new(Gauge::new(0));
        gauge.add(1);
        let ends = gauge.clone();
        let ends = thread::spawn(move || ends.end());
        block_on(poll_fn(|context| gauge.poll_room(context)));
        ends.join().expect("ended");
    });
}

#[test]
fn who_waits_for_the_queue_is_woken_when_one_goes_whoever_comes() {
    check(|| {
        let rooms = Arc::new(Rooms::<u8>::new(1));
        rooms.came();
        let crank = rooms.clone();
        let crank = thread::spawn(move || crank.went());
        block_on(poll_fn(|context| rooms.poll(&7, context)));
        rooms.came();
        crank.join().expect("gone");
    });
}

#[test]
fn who_waits_for_a_room_that_fills_and_empties_is_woken() {
    check(|| {
        let rooms = Arc::new(Rooms::new(9));
        let crank = rooms.clone();
        let crank = thread::spawn(move || {
            crank.set_full(7, true);
            crank.set_full(8, true);
            crank.set_full(7, false);
        });
        block_on(poll_fn(|context| rooms.poll(&7, context)));
        crank.join().expect("emptied");
    });
}
