//! Many threads, one crank, no sleeps: nobody waits for ever and nothing is turned twice at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam::queue::SegQueue;

use super::*;
use crate::inbox::Inbox;

const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct ToyBell(Arc<(Mutex<bool>, Condvar)>);

impl Ring for ToyBell {
    fn ring(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_one();
    }
}

/// Answers every ask, one a turn, so that waiters need each other's turns; and sleeps behind the
/// last of them, whoever was told.
struct Toy {
    bell: ToyBell,
    asks: Arc<SegQueue<Arc<Inbox<u64>>>>,
    inside: Arc<AtomicBool>,
    turns: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    turns_max: u64,
}

impl Crank for Toy {
    type Bell = ToyBell;
    fn turn(&mut self, patience: Patience<'_>) -> Result<(), String> {
        assert!(!self.inside.swap(true, Ordering::SeqCst), "two threads turn at once");
        let turn = self.turns.fetch_add(1, Ordering::SeqCst);
        if let Some(ask) = self.asks.pop() {
            ask.push(turn);
        }
        if self.asks.is_empty() {
            let mut rung = self.bell.0.0.lock();
            if !*rung {
                match patience.left() {
                    Some(patience) => drop(self.bell.0.1.wait_for(&mut rung, patience)),
                    None => self.bell.0.1.wait(&mut rung),
                }
            }
            *rung = false;
        }
        self.inside.store(false, Ordering::SeqCst);
        if turn >= self.turns_max { Err("worn out".into()) } else { Ok(()) }
    }
    fn close(&mut self) {}
    fn stop(&mut self, _: &str) {
        self.stopped.store(true, Ordering::SeqCst);
        while let Some(ask) = self.asks.pop() {
            ask.end();
        }
    }
}

struct Bench {
    runtime: Arc<Runtime<Toy>>,
    asks: Arc<SegQueue<Arc<Inbox<u64>>>>,
    stopped: Arc<AtomicBool>,
    own: Option<thread::JoinHandle<()>>,
}

impl Bench {
    fn new(turns_max: u64) -> Self {
        let bell = ToyBell::default();
        let asks = Arc::new(SegQueue::new());
        let stopped = Arc::new(AtomicBool::new(false));
        let toy = Toy {
            bell: bell.clone(),
            asks: Arc::clone(&asks),
            inside: Arc::default(),
            turns: Arc::default(),
            stopped: Arc::clone(&stopped),
            turns_max,
        };
        let runtime = Runtime::new(toy, bell);
        let server = Arc::clone(&runtime);
        let own = Some(thread::spawn(move || server.serve()));
        Self { runtime, asks, stopped, own }
    }

    fn ask(&self) -> Arc<Inbox<u64>> {
        let inbox = Arc::new(Inbox::default());
        self.asks.push(Arc::clone(&inbox));
        self.runtime.nudge();
        inbox
    }

    fn wait(&self, inbox: &Inbox<u64>, until: Instant) -> Option<Option<u64>> {
        self.runtime.wait(std::future::poll_fn(|context| inbox.poll(context)), Some(until))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.runtime.end();
        let own = self.own.take().expect("joined once");
        own.join().expect("the own thread ends well");
        assert!(self.stopped.load(Ordering::SeqCst));
    }
}

#[test]
fn every_waiter_is_answered_whoever_turns() {
    let bench = Bench::new(u64::MAX);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let (first, second) = (bench.ask(), bench.ask());
                    let until = Instant::now() + LONG;
                    assert!(matches!(bench.wait(&second, until), Some(Some(_))));
                    assert!(matches!(bench.wait(&first, until), Some(Some(_))));
                }
            });
        }
    });
}

#[test]
fn waiters_that_give_up_leave_nobody_behind() {
    let bench = Bench::new(u64::MAX);
    thread::scope(|scope| {
        for seed in 0..3_u64 {
            let bench = &bench;
            scope.spawn(move || {
                for round in 0..1_000_u64 {
                    let inbox = bench.ask();
                    let patience = Duration::from_micros((round * 7 + seed * 13) % 50);
                    if bench.wait(&inbox, Instant::now() + patience).is_none() {
                        let answer = bench.wait(&inbox, Instant::now() + LONG);
                        assert!(matches!(answer, Some(Some(_))));
                    }
                }
            });
        }
    });
}

#[test]
fn what_is_waited_for_in_vain_again_and_again_remembers_one_waiter() {
    let bench = Bench::new(u64::MAX);
    let quiet = Inbox::<u64>::default();
    for _ in 0..100 {
        assert!(bench.wait(&quiet, Instant::now()).is_none());
    }
    assert_eq!(quiet.waiting(), 1);
}

#[test]
fn what_its_own_turn_tells_a_waiter_is_not_slept_over() {
    let bench = Bench::new(u64::MAX);
    let (inbox, mut looks) = (Arc::new(Inbox::default()), 0);
    let looked = std::future::poll_fn(|context| {
        looks += 1;
        match looks {
            1 => context.waker().wake_by_ref(),
            // With the crank in its hand, as what was asked while another had it.
            2 => bench.asks.push(Arc::clone(&inbox)),
            _ => {}
        }
        inbox.poll(context)
    });
    let start = Instant::now();
    assert!(matches!(bench.runtime.wait(looked, Some(start + LONG)), Some(Some(_))));
    assert!(start.elapsed() < LONG, "it looked only because its time was over");
}

#[test]
fn what_nobody_waits_for_is_done_by_the_own_thread() {
    let bench = Bench::new(u64::MAX);
    let asked: Vec<_> = (0..100).map(|_| bench.ask()).collect();
    let (done, wait) = std::sync::mpsc::channel();
    struct Tell(std::sync::mpsc::Sender<()>);
    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    // Looked at from outside, as an executor would: nobody here turns.
    let waker = Waker::from(Arc::new(Tell(done)));
    let mut context = Context::from_waker(&waker);
    for inbox in asked {
        while inbox.poll(&mut context).is_pending() {
            wait.recv_timeout(LONG).expect("woken by the own thread");
        }
    }
}

#[test]
fn a_crank_that_breaks_ends_every_wait() {
    let bench = Bench::new(50);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let never = Inbox::<u64>::default();
                let until = Instant::now() + LONG;
                while !bench.stopped.load(Ordering::SeqCst) {
                    drop(bench.ask());
                }
                assert!(bench.wait(&never, until).is_none());
                assert!(Instant::now() < until);
            });
        }
    });
}

#[test]
fn closing_ends_a_wait_that_turns_and_one_that_sits() {
    let bench = Bench::new(u64::MAX);
    let never = Inbox::<u64>::default();
    let start = Instant::now();
    thread::scope(|scope| {
        let sitting: Vec<_> =
            (0..2).map(|_| scope.spawn(|| bench.wait(&never, Instant::now() + LONG))).collect();
        bench.runtime.end();
        for wait in sitting {
            assert_eq!(wait.join().expect("it ends"), None);
        }
    });
    assert!(start.elapsed() < LONG, "they ended only because their time was over");
}
