//! Every interleaving of a ring and a sleep: a ring is never lost.
//!
//! `RUSTFLAGS="--cfg horus_loom" cargo test -p muts --no-default-features --test loom_bell`.
//! At most two preemptions a run, which is where a lost ring shows; a few seconds.
#![cfg(horus_loom)]

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use muts::{Bell, Rouse};

/// A sleep of which being roused early counts too, as with an event descriptor.
#[derive(Default)]
struct Sleep(Arc<(Mutex<bool>, Condvar)>);

impl Clone for Sleep {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Sleep {
    fn sleep(&self) {
        let mut roused = self.0.0.lock().unwrap();
        while !*roused {
            roused = self.0.1.wait(roused).unwrap();
        }
        *roused = false;
    }
}

impl Rouse for Sleep {
    fn rouse(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

/// The driver sleeps until it has seen all asks; each ringer leaves one and rings.
fn every_ask_is_seen(ringers: u64) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let sleep = Sleep(Arc::new((Mutex::new(false), Condvar::new())));
        let bell = Bell::new(sleep.clone());
        let asks = Arc::new(AtomicU64::new(0));
        for _ in 0..ringers {
            let (bell, asks) = (bell.clone(), asks.clone());
            thread::spawn(move || {
                asks.fetch_add(1, Ordering::Relaxed);
                bell.ring();
            });
        }
        // A lost ring would leave this asleep for ever, which loom reports as a deadlock.
        while asks.load(Ordering::Relaxed) < ringers {
            if bell.doze() {
                sleep.sleep();
            }
            bell.rise();
        }
    });
}

#[test]
fn one_ringer_wakes_the_driver() {
    every_ask_is_seen(1);
}

#[test]
fn two_ringers_wake_the_driver() {
    every_ask_is_seen(2);
}
