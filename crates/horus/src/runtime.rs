//! Who turns the crank: the thread that waits, and one of our own while nobody does.
//!
//! Driver and tower are one value, the *crank*, that one thread at a time may turn. Waking a
//! thread on another core costs more than the protocol does, so a thread that waits for something
//! takes the crank and turns it itself; what it waits for then needs no thread to be woken.
//!
//! The crank is either *held* or lies on the *desk*. The desk is one mutex, locked for moments and
//! never during a turn. Four rules make that no wake-up is lost:
//!
//! 1. Whenever the crank lies on the desk and the desk is unlocked, somebody has been *summoned*:
//!    a waiter that was notified, or the own thread, notified or in its timed grace. Whoever is
//!    summoned goes to the desk before it sleeps again.
//! 2. A waiter that leaves, satisfied or late, goes to the desk once more; if the crank lies there
//!    it summons the next. So a summons is never swallowed by one who no longer needs it.
//! 3. A waiter clears its mark before it looks at what it waits for, and sleeps only if the mark is
//!    still clear. What wakes it sets the mark first: then it rings the bell if the waiter sleeps
//!    inside a turn, else signals its condition. A bell rung before a turn ends that turn at once.
//!    What a waiter's own turn tells it rings no bell: the turn looks at the mark before it sleeps.
//! 4. Asks are queued first; then the crank is taken for a turn without sleep if it lies on the
//!    desk, else the bell is rung: whoever holds the crank looks at the queue before it sleeps.
//!
//! The own thread gives the crank up after the turn in which a waiter comes (the waiter rings). It
//! takes it back only after it has lain for [`GRACE`]: a thread that waits again and again
//! finds it lying there, and is not fought over it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::limits::GRACE;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// What is turned: a driver and its tower together.
pub(crate) trait Crank: Send + 'static {
    /// What ends the sleep of a turn.
    type Bell: Ring;

    /// One turn: takes what was asked, sleeps unless there is something to do or the bell rings,
    /// tells what there is to tell. How long it may sleep it asks last, behind all that it tells
    /// before: its own thread may be whom it told.
    ///
    /// # Errors
    /// A sentence if it can never be turned again.
    fn turn(&mut self, patience: Patience<'_>) -> Result<(), String>;

    /// It is closed while all is well: says so to whoever should know, before it stops.
    fn close(&mut self);

    /// It will not be turned again: whoever waits is to be told so.
    fn stop(&mut self, why: &str);
}

/// How long a turn may sleep.
pub(crate) struct Patience<'a> {
    most: Option<Duration>,
    woken: &'a dyn Fn() -> bool,
}

impl Patience<'_> {
    /// So long, whatever happens meanwhile; none is as long as it takes.
    const fn of(most: Option<Duration>) -> Self {
        Self { most, woken: &|| false }
    }

    /// How long that is now: no time at all once whoever turns was told something itself.
    pub(crate) fn left(&self) -> Option<Duration> {
        if (self.woken)() { Some(Duration::ZERO) } else { self.most }
    }
}

/// Ends the sleep of a turn, or keeps the next one from sleeping.
pub(crate) trait Ring: Clone + Send + Sync + 'static {
    /// Rings; never lost, however often.
    fn ring(&self);
}

/// Why a tower is over that was closed while all was well.
pub(crate) const CLOSED: &str = "it was closed";

/// The desk, and the thread of our own.
pub(crate) struct Runtime<C: Crank> {
    desk: Mutex<Desk<C>>,
    /// Where the own thread sleeps while it does not turn.
    own: Condvar,
    bell: C::Bell,
    /// Where nobody waits now. Taken again, so that what is waited for in vain again and again
    /// knows no more seats than ever waited at once.
    seats: Mutex<Vec<Arc<Seat<C::Bell>>>>,
}

struct Desk<C: Crank> {
    /// None while somebody holds it, and for ever once it is over.
    crank: Option<Box<C>>,
    /// Who would take the crank, first come first.
    waiting: VecDeque<Arc<Seat<C::Bell>>>,
    /// When it was put back last; none if the own thread did.
    lies_since: Option<Instant>,
    /// The own thread holds it.
    own_turns: bool,
    /// The own thread is in its timed grace and will look by itself.
    own_looks: bool,
    /// No more turns.
    over: bool,
}

/// Where one thread waits.
struct Seat<B> {
    state: Mutex<Sitting>,
    awake: Condvar,
    bell: B,
}

#[derive(Default)]
struct Sitting {
    /// Who waits here.
    thread: Option<ThreadId>,
    /// Something may have happened since this was cleared.
    notified: bool,
    /// It holds the crank and may sleep in a turn.
    turning: bool,
}

impl<B: Ring> Wake for Seat<B> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.notified = true;
        if !state.turning {
            self.awake.notify_one();
        } else if Some(thread::current().id()) != state.thread {
            drop(state);
            self.bell.ring();
        }
    }
}

impl<B: Ring> Seat<B> {
    fn sleep(&self, until: Option<Instant>) {
        let mut state = self.state.lock();
        while !state.notified {
            match until {
                None => self.awake.wait(&mut state),
                Some(until) => {
                    if self.awake.wait_until(&mut state, until).timed_out() {
                        return;
                    }
                }
            }
        }
    }
}

/// The crank in somebody's hand; goes back to the desk when dropped.
struct Held<'a, C: Crank> {
    runtime: &'a Runtime<C>,
    crank: Option<Box<C>>,
    own: bool,
    /// Inside a turn: whoever dies there leaves a tower that nobody can trust.
    turning: bool,
}

impl<C: Crank> Held<'_, C> {
    /// One turn; false if it was the last one ever.
    fn turn(&mut self, patience: Patience<'_>) -> bool {
        let crank = self.crank.as_mut().expect("held until it is over");
        self.turning = true;
        let turned = crank.turn(patience);
        self.turning = false;
        let Err(why) = turned else { return true };
        crank.stop(&why);
        self.runtime.end();
        false
    }
}

impl<C: Crank> Drop for Held<'_, C> {
    fn drop(&mut self) {
        if self.turning {
            if let Some(crank) = &mut self.crank {
                crank.stop("a thread died of a bug while it turned the tower");
            }
            self.runtime.end();
        }
        let mut desk = self.runtime.desk.lock();
        desk.own_turns = false;
        if desk.over {
            drop(desk);
            if let Some(mut crank) = self.crank.take() {
                close(&mut *crank);
            }
            return;
        }
        desk.crank = self.crank.take();
        desk.lies_since = if self.own { None } else { Some(Instant::now()) };
        self.runtime.summon(&desk);
    }
}

/// A waiter's time at the desk; ends with rule 2.
struct Visit<'a, C: Crank> {
    seat: Arc<Seat<C::Bell>>,
    runtime: &'a Runtime<C>,
}

impl<C: Crank> Drop for Visit<'_, C> {
    fn drop(&mut self) {
        let mut desk = self.runtime.desk.lock();
        desk.waiting.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        if desk.crank.is_some() {
            self.runtime.summon(&desk);
        }
        drop(desk);
        self.runtime.seats.lock().push(Arc::clone(&self.seat));
    }
}

impl<C: Crank> Runtime<C> {
    /// Puts the crank on the desk. Until [`Runtime::serve`] runs, only waiters turn it.
    pub(crate) fn new(crank: C, bell: C::Bell) -> Arc<Self> {
        let desk = Desk {
            crank: Some(Box::new(crank)),
            waiting: VecDeque::new(),
            lies_since: None,
            own_turns: false,
            own_looks: false,
            over: false,
        };
        let (desk, seats) = (Mutex::new(desk), Mutex::default());
        Arc::new(Self { desk, own: Condvar::new(), bell, seats })
    }

    /// Turns the crank until this is done or the time has come; then there is no answer. Nor is
    /// there one once the runtime has ended and this cannot be done any more.
    ///
    /// The future itself must not wait in here: one thread has one place.
    pub(crate) fn wait<F: Future>(&self, future: F, until: Option<Instant>) -> Option<F::Output> {
        let mut future = pin!(future);
        let seat = self.seat();
        let waker = Waker::from(Arc::clone(&seat));
        let mut context = Context::from_waker(&waker);
        let visit = Visit { seat, runtime: self };
        let mut held = None;
        loop {
            visit.seat.state.lock().notified = false;
            if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
                return Some(answer);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            if held.is_none() {
                held = self.take(&visit.seat);
            }
            match &mut held {
                Some(crank) => {
                    // Whoever closes it while this thread turns cannot take the crank from it.
                    if !turn_seated(crank, &visit.seat, until) || self.desk.lock().over {
                        held = None;
                    }
                }
                None if self.desk.lock().over => {
                    // What ended it has closed everything that can be waited for.
                    return match future.as_mut().poll(&mut context) {
                        Poll::Ready(answer) => Some(answer),
                        Poll::Pending => None,
                    };
                }
                None => visit.seat.sleep(until),
            }
        }
    }

    /// A place to wait, for the calling thread. Who was told to wake an earlier one may wake this
    /// one for nothing.
    fn seat(&self) -> Arc<Seat<C::Bell>> {
        let free = self.seats.lock().pop();
        let new =
            || Seat { state: Mutex::default(), awake: Condvar::new(), bell: self.bell.clone() };
        let seat = free.unwrap_or_else(|| Arc::new(new()));
        let thread = Some(thread::current().id());
        *seat.state.lock() = Sitting { thread, ..Sitting::default() };
        seat
    }

    /// Something was asked: it is taken in now, or by whoever turns. False if nobody ever will.
    pub(crate) fn nudge(&self) -> bool {
        let mut desk = self.desk.lock();
        if desk.over {
            return false;
        }
        match desk.crank.take() {
            Some(crank) => {
                drop(desk);
                let mut held =
                    Held { runtime: self, crank: Some(crank), own: false, turning: false };
                held.turn(Patience::of(Some(Duration::ZERO)))
            }
            None => {
                drop(desk);
                self.bell.ring();
                true
            }
        }
    }

    /// The life of the own thread.
    pub(crate) fn serve(&self) {
        while let Some(mut held) = self.take_when_idle() {
            loop {
                if !held.turn(Patience::of(None)) {
                    return;
                }
                let desk = self.desk.lock();
                if desk.over || !desk.waiting.is_empty() {
                    break;
                }
            }
        }
    }

    /// No more turns: whoever waits is told.
    pub(crate) fn end(&self) {
        let mut desk = self.desk.lock();
        desk.over = true;
        let crank = desk.crank.take();
        let waiting = std::mem::take(&mut desk.waiting);
        self.own.notify_one();
        drop(desk);
        if let Some(mut crank) = crank {
            close(&mut *crank);
        }
        for seat in waiting {
            seat.wake();
        }
        self.bell.ring();
    }

    fn take(&self, seat: &Arc<Seat<C::Bell>>) -> Option<Held<'_, C>> {
        let mut desk = self.desk.lock();
        if let Some(crank) = desk.crank.take() {
            desk.waiting.retain(|other| !Arc::ptr_eq(other, seat));
            return Some(Held { runtime: self, crank: Some(crank), own: false, turning: false });
        }
        if !desk.over && !desk.waiting.iter().any(|other| Arc::ptr_eq(other, seat)) {
            desk.waiting.push_back(Arc::clone(seat));
            if desk.own_turns {
                drop(desk);
                self.bell.ring();
            }
        }
        None
    }

    fn take_when_idle(&self) -> Option<Held<'_, C>> {
        let mut desk = self.desk.lock();
        loop {
            if desk.over {
                return None;
            }
            if desk.crank.is_none() || !desk.waiting.is_empty() {
                self.own.wait(&mut desk);
                continue;
            }
            let left = desk.lies_since.map(|since| GRACE.saturating_sub(since.elapsed()));
            match left.filter(|left| !left.is_zero()) {
                Some(left) => {
                    desk.own_looks = true;
                    self.own.wait_for(&mut desk, left);
                    desk.own_looks = false;
                }
                None => {
                    desk.own_turns = true;
                    return Some(Held {
                        runtime: self,
                        crank: desk.crank.take(),
                        own: true,
                        turning: false,
                    });
                }
            }
        }
    }

    /// Rule 1; the crank lies on the desk.
    fn summon(&self, desk: &MutexGuard<'_, Desk<C>>) {
        match desk.waiting.front() {
            // Not through `wake`: that one would ring if the seat were turning, which it is not.
            Some(seat) => {
                seat.state.lock().notified = true;
                seat.awake.notify_one();
            }
            None if !desk.own_looks => {
                self.own.notify_one();
            }
            None => {}
        }
    }
}

fn close<C: Crank>(crank: &mut C) {
    crank.close();
    crank.stop(CLOSED);
}

/// A turn by a waiter, which is woken out of it by the bell.
fn turn_seated<C: Crank>(
    held: &mut Held<'_, C>,
    seat: &Seat<C::Bell>,
    until: Option<Instant>,
) -> bool {
    seat.state.lock().turning = true;
    let most = until.map(|until| until.saturating_duration_since(Instant::now()));
    let lives = held.turn(Patience { most, woken: &|| seat.state.lock().notified });
    seat.state.lock().turning = false;
    lives
}

#[cfg(all(test, not(horus_loom)))]
#[path = "runtime_tests.rs"]
mod tests;
