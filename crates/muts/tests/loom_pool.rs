//! Every interleaving of taking and giving: a buffer has one owner.
//!
//! `RUSTFLAGS="--cfg horus_loom" cargo test -p muts --release --test loom_pool`. At most two
//! preemptions a run, which is where one-owner faults show; a few seconds.
#![cfg(horus_loom)]

use loom::thread;
use muts::Pool;

fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

/// Writes its mark all over a buffer, and reads it again: somebody else's would show.
fn use_one(pool: &Pool, mark: u8) {
    let mut buffer = pool.take();
    buffer.space().fill(mark);
    thread::yield_now();
    assert!(buffer.space().iter().all(|byte| *byte == mark), "two owners of one buffer");
}

#[test]
fn two_threads_never_own_one_buffer() {
    model(|| {
        let pool = Pool::with_places(2, 2);
        drop(pool.take());
        let other = pool.clone();
        let thread = thread::spawn(move || {
            use_one(&other, 1);
            use_one(&other, 2);
        });
        use_one(&pool, 3);
        thread.join().unwrap();
    });
}

#[test]
fn what_one_thread_gives_another_takes() {
    model(|| {
        let pool = Pool::with_places(2, 1);
        let mut buffer = pool.take();
        buffer.space().fill(7);
        let thread = thread::spawn(move || drop(buffer));
        // Either the one given back, or a new one while it is not back yet.
        let mut taken = pool.take();
        assert!(taken.space() == [7, 7] || taken.space() == [0, 0]);
        thread.join().unwrap();
    });
}
