//! Every interleaving of who waits for room at the roof and who makes it: nobody waits for ever.
//!
//! The files are the roof's own. They are tried beside the bell, because this crate alone is built
//! for loom. At most three preemptions a run; a few seconds.
#![cfg(horus_loom)]

#[path = "../../horus/src/burden.rs"]
mod burden;
#[path = "../../horus/src/gauge.rs"]
mod gauge;
#[path = "loom/locks.rs"]
#[expect(dead_code, reason = "nobody sleeps here but by wakers")]
mod locks;
#[path = "../../horus/src/rooms.rs"]
#[expect(dead_code, reason = "how many wait is told elsewhere")]
mod rooms;
#[path = "../../horus/src/waiters.rs"]
mod waiters;

/// As the roof's, of loom.
mod sync {
    pub(crate) use crate::locks::Mutex;
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
}

/// As the roof's, but that a message of 2 is too much.
mod limits {
    pub(crate) const UNTAKEN_BYTES_MAX: usize = 2;
    pub(crate) const EASED_BELOW: usize = 1;
    pub(crate) const PILE_BYTES_MAX: usize = 4;
}

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use burden::{Burden, Pile};
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

/// A mailbox as far as it chokes: what lies there, and how often the crank was told to look.
struct Mailbox {
    burden: Burden,
    inbox: sync::Mutex<Vec<usize>>,
    told: sync::AtomicUsize,
    chokes: sync::AtomicBool,
}

impl Mailbox {
    fn new(pile: &Arc<Pile>) -> Arc<Self> {
        let (burden, inbox) = (Burden::new(pile), sync::Mutex::new(Vec::new()));
        let (told, chokes) = (sync::AtomicUsize::new(0), sync::AtomicBool::new(false));
        Arc::new(Self { burden, inbox, told, chokes })
    }

    /// As the crank tells a message.
    fn tell(&self, bytes: usize) {
        if self.burden.add(bytes) {
            self.burden.set_chokes(true);
            self.chokes.store(true, sync::Ordering::SeqCst);
        }
        self.inbox.lock().push(bytes);
    }

    /// As the crank looks, if it was told to.
    fn look(&self) {
        let told = self.told.swap(0, sync::Ordering::SeqCst) > 0;
        if told && self.burden.look() {
            self.burden.set_chokes(false);
            self.chokes.store(false, sync::Ordering::SeqCst);
        }
    }

    /// As the holder of the handle takes one, if there is one.
    fn take(&self) {
        let Some(bytes) = self.inbox.lock().pop() else { return };
        self.burden.lighten(bytes);
        if self.burden.is_to_be_seen_to() {
            self.told.fetch_add(1, sync::Ordering::SeqCst);
        }
    }
}

#[test]
fn what_is_taken_while_it_is_choked_and_looked_at_chokes_nobody_in_the_end() {
    check(|| {
        let mailbox = Mailbox::new(&Arc::new(Pile::default()));
        let holder = mailbox.clone();
        let holder = thread::spawn(move || (0..2).for_each(|_| holder.take()));
        mailbox.tell(3);
        mailbox.look();
        mailbox.tell(3);
        mailbox.look();
        holder.join().expect("taken");
        // Who has not seen a message takes it later.
        (0..2).for_each(|_| mailbox.take());
        mailbox.look();
        assert!(!mailbox.chokes.load(sync::Ordering::SeqCst), "nobody would ease it");
    });
}

#[test]
fn a_pile_of_others_is_no_reason_to_choke_for_who_has_taken_all() {
    check(|| {
        let pile = Arc::new(Pile::default());
        let (mine, other) = (Mailbox::new(&pile), Mailbox::new(&pile));
        other.burden.add(4);
        let holder = mine.clone();
        let holder = thread::spawn(move || holder.take());
        mine.tell(1);
        mine.look();
        holder.join().expect("taken");
        mine.take();
        mine.look();
        assert!(!mine.chokes.load(sync::Ordering::SeqCst), "it waits for the other's");
        assert_eq!(pile.bytes(), 4);
    });
}
