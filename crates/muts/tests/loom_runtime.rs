//! Every interleaving of those who wait at the roof, ask, turn the crank and close it: nobody waits
//! for ever, and nothing is turned by two at once.
//!
//! The files are the roof's own; see `loom_roof.rs`. Three preemptions a run at most, two where
//! three threads take part; the grace of the own thread is over at once.
#![cfg(horus_loom)]

#[path = "../../horus/src/inbox.rs"]
#[expect(dead_code, reason = "nobody takes without waiting here")]
mod inbox;
#[path = "loom/locks.rs"]
mod locks;
#[path = "../../horus/src/runtime.rs"]
mod runtime;

/// As the roof's, of loom.
mod sync {
    pub(crate) use crate::locks::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::thread;
}

/// As the roof's, but that the crank does not lie before the own thread takes it.
mod limits {
    pub(crate) const GRACE: std::time::Duration = std::time::Duration::ZERO;
}

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use inbox::Inbox;
use runtime::{Crank, Patience, Ring, Runtime};
use sync::{AtomicBool, Condvar, Mutex, Ordering, thread};

/// A ring before the sleep keeps from it, as that of the transport does (`loom_bell.rs`).
#[derive(Clone)]
struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Ring for Bell {
    fn ring(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_one();
    }
}

/// Answers one ask a turn, so whoever waits needs the turns of others; and sleeps behind the last,
/// whoever was told.
struct Toy {
    bell: Bell,
    asks: Arc<Mutex<Vec<Arc<Inbox<()>>>>>,
    inside: Arc<AtomicBool>,
}

impl Crank for Toy {
    type Bell = Bell;

    fn turn(&mut self, patience: Patience<'_>) -> Result<(), String> {
        assert!(!self.inside.swap(true, Ordering::SeqCst), "two threads turn at once");
        let (ask, more) = {
            let mut asks = self.asks.lock();
            (asks.pop(), !asks.is_empty())
        };
        if let Some(ask) = ask {
            ask.push(());
        }
        if !more {
            let patience = patience.left();
            let mut rung = self.bell.0.0.lock();
            while !*rung && patience.is_none() {
                self.bell.0.1.wait(&mut rung);
            }
            *rung = false;
        }
        self.inside.store(false, Ordering::SeqCst);
        Ok(())
    }
    fn close(&mut self) {}
    fn stop(&mut self, _: &str) {
        std::mem::take(&mut *self.asks.lock()).iter().for_each(|ask| ask.end());
    }
}

/// A runtime, and what is asked of it.
#[derive(Clone)]
struct House {
    runtime: Arc<Runtime<Toy>>,
    asks: Arc<Mutex<Vec<Arc<Inbox<()>>>>>,
}

impl House {
    fn new() -> Self {
        let bell = Bell(Arc::new((Mutex::new(false), Condvar::new())));
        let (asks, inside) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let toy = Toy { bell: bell.clone(), asks: Arc::clone(&asks), inside };
        Self { runtime: Runtime::new(toy, bell), asks }
    }

    /// Asks, and answers where what comes of it is told.
    fn ask(&self) -> Arc<Inbox<()>> {
        let ask = Arc::default();
        self.ask_for(&ask);
        ask
    }

    fn ask_for(&self, ask: &Arc<Inbox<()>>) {
        self.asks.lock().push(Arc::clone(ask));
        if !self.runtime.nudge() {
            ask.end();
        }
    }

    /// Whether it was answered before all was over.
    fn wait(&self, ask: &Inbox<()>) -> bool {
        self.runtime.wait(poll_fn(|context| ask.poll(context)), None) == Some(Some(()))
    }

    fn spawn<T: 'static>(&self, work: impl FnOnce(&Self) -> T + 'static) -> thread::JoinHandle<T> {
        let house = self.clone();
        thread::spawn(move || work(&house))
    }
}

// A summons that is lost leaves somebody asleep for ever, which loom reports as a deadlock.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

#[test]
fn who_asks_and_waits_is_answered_beside_the_own_thread() {
    check(3, || {
        let house = House::new();
        let own = house.spawn(|house| house.runtime.serve());
        assert!(house.wait(&house.ask()));
        house.runtime.end();
        own.join().expect("ended");
    });
}

#[test]
fn two_who_wait_turn_for_each_other() {
    check(3, || {
        let house = House::new();
        let other = house.spawn(|house| house.wait(&house.ask()));
        assert!(house.wait(&house.ask()));
        assert!(other.join().expect("answered"));
    });
}

#[test]
fn two_who_wait_and_the_own_thread_lose_no_summons() {
    check(2, || {
        let house = House::new();
        let own = house.spawn(|house| house.runtime.serve());
        let other = house.spawn(|house| house.wait(&house.ask()));
        assert!(house.wait(&house.ask()));
        assert!(other.join().expect("answered"));
        house.runtime.end();
        own.join().expect("ended");
    });
}

#[test]
fn what_another_asks_is_answered_by_who_turns() {
    check(2, || {
        let house = House::new();
        let own = house.spawn(|house| house.runtime.serve());
        let asks = house.spawn(House::ask);
        let ask = house.ask();
        let others = asks.join().expect("asked");
        assert!(house.wait(&others) && house.wait(&ask));
        house.runtime.end();
        own.join().expect("ended");
    });
}

#[test]
fn who_sleeps_in_a_turn_hears_what_another_asks() {
    check(3, || {
        let (house, ask) = (House::new(), Arc::new(Inbox::default()));
        let others = Arc::clone(&ask);
        let asks = house.spawn(move |house| house.ask_for(&others));
        assert!(house.wait(&ask));
        asks.join().expect("asked");
    });
}

#[test]
fn who_sleeps_in_a_turn_is_woken_by_what_no_turn_tells() {
    check(3, || {
        let (house, told) = (House::new(), Arc::new(Inbox::default()));
        let others = Arc::clone(&told);
        let tells = thread::spawn(move || others.push(()));
        assert!(house.wait(&told));
        tells.join().expect("told");
    });
}

#[test]
fn who_waits_for_what_nobody_tells_is_told_that_it_is_over() {
    check(2, || {
        let house = House::new();
        let own = house.spawn(|house| house.runtime.serve());
        let waits = house.spawn(|house| house.wait(&Inbox::default()));
        house.runtime.end();
        assert!(!waits.join().expect("told"));
        own.join().expect("ended");
    });
}

#[test]
fn who_waits_when_it_is_closed_is_told() {
    check(2, || {
        let house = House::new();
        let own = house.spawn(|house| house.runtime.serve());
        let waits = house.spawn(|house| house.wait(&house.ask()));
        house.runtime.end();
        waits.join().expect("answered or told that it is over");
        own.join().expect("ended");
    });
}
