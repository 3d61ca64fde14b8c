//! The hall: what several peers lack is said once, to those of them who hear it.

use std::time::Duration;

use bytes::Bytes;
use muts::Up;

use crate::common::{Net, casts, counted};

fn heard_all(net: &Net, nodes: u32, each: usize) {
    for node in 1..=nodes {
        for from in (1..=nodes).filter(|from| *from != node) {
            let seqs: Vec<u64> =
                casts(net.told(node), from.into()).iter().map(|(seq, _)| *seq).collect();
            assert_eq!(seqs, (0..each as u64).collect::<Vec<_>>(), "{node} of {from}");
        }
    }
}

fn talk(net: &mut Net, nodes: u32, from: usize, rounds: usize) {
    for at in from..from + rounds {
        for node in 1..=nodes {
            let length = if at.is_multiple_of(7) { 20_000 } else { 30 };
            assert!(net.ask(node, crate::common::cast(Bytes::from(vec![at as u8; length]))));
        }
        net.run(Duration::from_millis(5));
    }
}

#[test]
fn what_all_hear_is_said_once() {
    let mut net = Net::with_hall(4, 1);
    net.run(Duration::from_secs(2));
    net.open(4);
    net.run(Duration::from_millis(100));
    let before: u64 = (1..=4).map(|node| counted(&net, node, "muts.frames_sent")).sum();
    talk(&mut net, 4, 0, 200);
    net.run(Duration::from_secs(2));
    heard_all(&net, 4, 200);
    let said: u64 = (1..=4).map(|node| counted(&net, node, "muts.hall_sent")).sum();
    let spared: u64 = (1..=4).map(|node| counted(&net, node, "muts.hall_spared")).sum();
    let frames: u64 = (1..=4).map(|node| counted(&net, node, "muts.frames_sent")).sum();
    assert!(said > 800, "{said} said in the hall");
    assert!(spared * 10 > said * 19, "nearly each for all three: {spared} spared of {said}");
    assert!(
        (frames - before) < said * 11 / 10 + 50,
        "{} frames, {said} in the hall",
        frames - before
    );
}

#[test]
fn who_does_not_hear_is_served_alone_and_nobody_notices() {
    let mut net = Net::with_hall(4, 2);
    net.deaf = vec![(1, 3), (2, 3), (4, 1)];
    net.run(Duration::from_secs(2));
    net.loss = 50_000;
    net.open(4);
    talk(&mut net, 4, 0, 200);
    net.run(Duration::from_secs(5));
    heard_all(&net, 4, 200);
    let said = counted(&net, 1, "muts.hall_sent");
    assert!(said > 100, "{said} said, {} given up", counted(&net, 1, "muts.hall_given_up"));
    assert!(counted(&net, 1, "muts.hall_spared") <= counted(&net, 1, "muts.hall_sent"));
}

#[test]
fn who_stops_hearing_is_served_alone_within_a_round_trip() {
    let mut net = Net::with_hall(3, 3);
    net.run(Duration::from_secs(2));
    net.open(3);
    talk(&mut net, 3, 0, 100);
    assert_eq!(counted(&net, 1, "muts.hall_given_up"), 0);
    net.deaf = vec![(1, 2), (1, 3)];
    let mut late = 0;
    for at in 100..200_usize {
        assert!(net.ask(1, crate::common::cast(Bytes::from(vec![at as u8; 600]))));
        let asked = net.now;
        while casts(net.told(2), 1).len() <= at {
            net.run(Duration::from_millis(1));
        }
        late = late.max(net.now.since(asked).as_millis());
        if at > 110 {
            assert!(net.now.since(asked) < Duration::from_millis(12), "no detour any more");
        }
    }
    assert!(late < 200, "{late} ms for what was said to the deaf");
    assert!(counted(&net, 1, "muts.hall_given_up") >= 2);
    net.deaf.clear();
    net.run(Duration::from_secs(15));
    let before = counted(&net, 1, "muts.hall_sent");
    assert!(net.ask(1, crate::common::cast(Bytes::from(vec![9; 600]))));
    net.run(Duration::from_millis(50));
    assert!(counted(&net, 1, "muts.hall_sent") > before, "they hear again");
    assert!(!net.told(1).iter().any(|up| matches!(up, Up::Silent { .. })));
}

/// Node 1 casts so many messages of 1,000 bytes, as fast as they are taken.
fn flood(net: &mut Net, messages: usize) {
    let (mut left, owed) = (messages, casts(net.told(2), 1).len() + messages);
    while left > 0 || [2, 3].into_iter().any(|node| casts(net.told(node), 1).len() < owed) {
        while left > 0 && net.ask(1, crate::common::cast(Bytes::from(vec![left as u8; 1_000]))) {
            left -= 1;
        }
        net.run(Duration::from_millis(5));
    }
}

#[test]
fn receivers_whose_credit_comes_at_different_times_are_served_together() {
    for seed in 0..8 {
        let mut net = Net::with_hall(3, seed);
        net.run(Duration::from_secs(2));
        net.open(3);
        flood(&mut net, 3_000);
        // What comes to one alone moves the times at which it grants more.
        net.deaf = vec![(1, 3)];
        flood(&mut net, 1_500 + 100 * seed as usize);
        net.deaf.clear();
        net.run(Duration::from_secs(15));
        let frames = counted(&net, 1, "muts.frames_sent");
        let spared = counted(&net, 1, "muts.hall_spared");
        flood(&mut net, 12_000);
        let frames = counted(&net, 1, "muts.frames_sent") - frames;
        let spared = counted(&net, 1, "muts.hall_spared") - spared;
        assert!(spared * 10 > frames * 9, "seed {seed}: {spared} of {frames} for both at once");
    }
}

#[test]
fn a_slow_receiver_keeps_nobody_from_being_served() {
    let mut net = Net::with_hall(3, 4);
    net.run(Duration::from_secs(2));
    net.open_counting(3);
    // Node 3 takes nothing: its credit ends, and the stream goes on to node 2 within the window.
    let mut sent = 0;
    for _ in 0..400 {
        while net.ask(1, crate::common::cast(Bytes::from(vec![1; 10_000]))) {
            sent += 1;
        }
        net.take(2);
        net.run(Duration::from_millis(5));
    }
    let (quick, slow) = (casts(net.told(2), 1).len(), casts(net.told(3), 1).len());
    assert_eq!(quick, sent, "node 2 has all that was taken");
    assert!(slow <= quick && sent < 900, "{slow} of {sent}: memory is bounded by the slow one");
    for _ in 0..400 {
        net.take(3);
        net.run(Duration::from_millis(5));
    }
    assert_eq!(casts(net.told(3), 1).len(), sent);
}
