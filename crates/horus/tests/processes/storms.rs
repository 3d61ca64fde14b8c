//! Storms from seeds: as many as the environment asks for, a few at once.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::load::Load;
use super::storm::Storm;
use super::town::Town;

fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// One storm; true if nothing was found.
fn run(seed: u64) -> bool {
    let storm = Storm::drawn(seed);
    let began = Instant::now();
    let mut town = Town::founded(&format!("storm-{seed}"), storm.nodes);
    let mut load = Load::new(seed ^ 0x5eed);
    (0..10).for_each(|_| load.change_any(&mut town));
    town.pass(Duration::from_millis(100));
    storm.rage(&mut town, seed);
    let directory = town.directory.clone();
    let outcome = town.finish_for(&storm.whole, storm.ruin);
    let (blows, took) = (storm.blows.len(), began.elapsed().as_secs_f64());
    println!(
        "storm {seed}: {} nodes, {blows} blows, {took:.1} s, {} together in {:.1} s, settled in \
         {:.1} s more, {} views, {} sends, {} deliveries: {}",
        storm.nodes,
        storm.whole.len(),
        outcome.together.as_secs_f64(),
        outcome.settled.as_secs_f64(),
        outcome.verdict.views,
        outcome.verdict.sends,
        outcome.verdict.deliveries,
        if outcome.wrong.is_empty() { "good" } else { "BAD" },
    );
    if outcome.wrong.is_empty() {
        if std::env::var_os("HORUS_STORMS_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(directory);
        }
        return true;
    }
    for wrong in outcome.wrong.iter().take(20) {
        println!("storm {seed}:   {wrong}");
    }
    println!(
        "storm {seed}: kept in {}; again: HORUS_STORMS=1 HORUS_STORMS_FROM={seed} \
         cargo test --release -p horus --test processes storms -- --nocapture",
        directory.display()
    );
    false
}

/// See the head of `main.rs`; the environment may wish for more.
#[test]
fn storms_drawn_from_seeds() {
    let (count, from) = (asked("HORUS_STORMS", 2), asked("HORUS_STORMS_FROM", 1));
    let (next, failed) = (AtomicU64::new(from), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..asked("HORUS_STORMS_AT_ONCE", 1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        break;
                    }
                    if !run(seed) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "of {count} storms");
}
