//! Weather: what loss, copies, damage, delay and bursts of them may do to a link, and may not.
#![cfg(feature = "os")]

use std::sync::OnceLock;
use std::time::Duration;

use muts::keyed::{KeyFile, Keyed};
use muts::{Guard, Up};

use crate::common::{Net, cast, casts, counted};

const PART: u64 = 300_000;

fn friends(node: u32) -> Option<Box<dyn Guard>> {
    static KEYS: OnceLock<Vec<KeyFile>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let one = KeyFile::generate(None);
        let others = (1..5).map(|_| KeyFile::generate(Some(&one)));
        std::iter::once(one.clone()).chain(others).collect()
    });
    Some(Box::new(Keyed::new(&keys[node as usize - 1])))
}

fn upset(net: &Net, nodes: u32) -> usize {
    let upset = |up: &&Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
    (1..=nodes).map(|node| net.told(node).iter().filter(upset).count()).sum()
}

#[test]
fn thirty_in_a_hundred_of_anything_makes_nobody_silent_and_everything_arrives() {
    for (loss, twice, corrupt, delay_us) in
        [(PART, 0, 0, 5_000), (0, PART, 0, 5_000), (0, 0, PART, 5_000), (0, 0, 0, 100_000)]
    {
        let mut net = Net::guarded(5, 7, friends);
        net.run(Duration::from_secs(1));
        net.open(5);
        (net.loss, net.twice, net.corrupt, net.delay_us) = (loss, twice, corrupt, delay_us);
        for at in 0..200_u8 {
            for node in 1..=5 {
                assert!(net.ask(node, cast(vec![at; 100].into())));
            }
            net.run(Duration::from_millis(100));
        }
        net.run(Duration::from_secs(10));
        assert_eq!(upset(&net, 5), 0, "loss {loss}, corrupt {corrupt}, delay {delay_us}");
        for node in 1..=5_u32 {
            for from in (1..=5).filter(|from| *from != u64::from(node)) {
                assert_eq!(casts(net.told(node), from).len(), 200);
            }
        }
        let unsealed = counted(&net, 1, "muts.dropped_unsealed");
        assert_eq!(unsealed > 100, corrupt > 0, "{unsealed} were damaged");
    }
}

/// A number from the environment, for long hunts.
fn told(variable: &str, otherwise: u64) -> u64 {
    let told = std::env::var(variable).ok();
    told.map_or(otherwise, |told| told.parse().expect("a number"))
}

/// Five processes, ten minutes; `HORUS_SEEDS` of them, from `HORUS_SEEDS_FROM` on.
#[test]
fn thirty_in_a_hundred_lost_for_ten_minutes_makes_nobody_silent() {
    let (from, seeds) = (told("HORUS_SEEDS_FROM", 1), told("HORUS_SEEDS", 1));
    for seed in from..from + seeds {
        let mut net = Net::new(5, seed);
        net.run(Duration::from_secs(1));
        net.loss = PART;
        net.run(Duration::from_mins(10));
        assert_eq!(upset(&net, 5), 0, "seed {seed}");
    }
    println!("{seeds} seeds, from {from} on: nobody silent");
}

#[test]
fn a_burst_of_half_the_limit_is_no_silence_and_a_longer_one_ends_in_a_return() {
    let mut net = Net::guarded(3, 8, friends);
    net.run(Duration::from_secs(1));
    net.open(3);
    let mut sent = 0;
    for burst_ms in [500, 3_000] {
        net.cut = true;
        for _ in 0..burst_ms / 50 {
            sent += usize::from(net.ask(1, cast(vec![1; 100].into())));
            net.run(Duration::from_millis(50));
        }
        assert_eq!(upset(&net, 3) > 0, burst_ms > 1_000, "after {burst_ms} ms");
        net.cut = false;
        net.run(Duration::from_secs(3));
    }
    let back = net.told(1).iter().filter(|up| matches!(up, Up::Back { .. })).count();
    assert_eq!((casts(net.told(2), 1).len(), back), (sent, 2));
}

/// Messages of 1,000 bytes that one of two hears of the other in ten seconds, of what a line of
/// 100 Mbit/s carries.
fn heard_in_ten_seconds(loss: u64) -> usize {
    let mut net = Net::new(2, 9);
    net.delay_us = 400;
    net.run(Duration::from_secs(1));
    net.open(2);
    net.loss = loss;
    for _ in 0..2_000 {
        for _ in 0..60 {
            net.ask(1, cast(vec![1; 1_000].into()));
        }
        net.run(Duration::from_millis(5));
    }
    casts(net.told(2), 1).len()
}

#[test]
fn loss_costs_no_more_than_is_promised() {
    let whole = heard_in_ten_seconds(0);
    let (tenth, third) = (heard_in_ten_seconds(100_000), heard_in_ten_seconds(PART));
    assert!(tenth * 100 >= whole * 30, "{tenth} of {whole} at a loss of 10 in a hundred");
    assert!(third * 100 >= whole * 5, "{third} of {whole} at a loss of 30 in a hundred");
    println!("of {whole} messages {tenth} at 10 %, {third} at 30 % loss");
}

#[test]
fn who_waits_for_an_answer_does_not_wait_for_the_longest_delay_of_one() {
    let mut net = Net::new(2, 5);
    net.delay_us = 400;
    net.run(Duration::from_secs(1));
    net.open(2);
    let mut longest = 0;
    for at in 0..40_usize {
        // What goes out first is lost, and nothing comes behind it.
        net.cut = at >= 20;
        assert!(net.ask(1, cast(vec![7; 300].into())));
        let asked = net.now;
        net.run(Duration::from_micros(500));
        net.cut = false;
        while casts(net.told(2), 1).len() <= at {
            net.run(Duration::from_micros(500));
        }
        longest = longest.max(net.now.since(asked).as_micros());
        net.run(Duration::from_millis(20));
    }
    assert!(longest < 8_000, "{longest} us, where an acknowledgement may be 10,000 late");
    assert!(counted(&net, 1, "muts.nudges") >= 20);
}
