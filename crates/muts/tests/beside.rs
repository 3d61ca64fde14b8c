//! Beside the way: somebody who sees what friends send each other, and speaks before it comes.
#![cfg(feature = "os")]

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Config, Guard, Guarded, Transport, Up};

use crate::common::{Net, cast, casts, counted, proc, seen_call};

const HELLO: u8 = 0x20;
const DATA: u8 = 0x21;
const ANSWER: u8 = 0x22;
const THANKS: u8 = 0x23;
const COOKIE: u8 = 0x24;

/// Where nobody listens but who looks on.
const ELSEWHERE: u32 = 77;

/// What stands at each node's door.
type Door = fn(u32) -> Option<Box<dyn Guard>>;

fn keys() -> &'static [KeyFile; 3] {
    static KEYS: OnceLock<[KeyFile; 3]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let one = KeyFile::generate(None);
        let (two, three) = (KeyFile::generate(Some(&one)), KeyFile::generate(Some(&one)));
        [one, two, three]
    })
}

fn friends(node: u32) -> Option<Box<dyn Guard>> {
    Some(Box::new(Keyed::new(&keys()[node as usize - 1])))
}

fn met(net: &Net, node: u32, incarnation: u64) -> bool {
    let other = proc(u64::from(3 - node), incarnation);
    net.told(node).iter().any(|up| matches!(up, Up::Met { peer } if *peer == other))
}

fn upset(net: &Net) -> bool {
    let upset = |up: &Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
    (1..=2).any(|node| net.told(node).iter().any(upset))
}

/// What somebody says of his own into each greeting that he sees.
fn meddle(net: &mut Net, from: u32, to: u32, bytes: &Bytes) {
    let session = bytes.slice(1..5);
    let said = |kind: u8, length: usize| -> Bytes {
        [&[kind][..], &session, &vec![0xa5; length]].concat().into()
    };
    match bytes[0] {
        HELLO => {
            net.inject(from, to, said(COOKIE, 16));
            net.inject(from, to, said(ANSWER, 126));
        }
        ANSWER => net.inject(to, from, said(ANSWER, 126)),
        _ => {}
    }
    if bytes[0] == THANKS {
        net.inject(to, from, said(THANKS, 64));
    }
}

#[test]
fn who_meddles_with_greetings_keeps_nobody_from_meeting_and_makes_nobody_call_without_end() {
    let guards: [Door; 2] = [friends, |_| None];
    for (guards, seed) in guards.into_iter().zip(1..) {
        let mut net = Net::guarded(2, seed, guards);
        net.run_beside(Duration::from_secs(2), |net, from, to, bytes| {
            // Without keys an answer of anybody is an answer.
            if seed == 1 {
                meddle(net, from, to, bytes);
            } else if bytes[0] == HELLO {
                net.inject(from, to, [&[COOKIE][..], &bytes[1..5], &[0xa5; 16]].concat().into());
            }
        });
        assert!(met(&net, 1, 1) && met(&net, 2, 1), "round {seed}");
        let calls: u64 = (1..=2).map(|node| counted(&net, node, "muts.hellos_sent")).sum();
        assert!(calls <= 8, "{calls} calls");
        assert!(seed > 1 || counted(&net, 1, "muts.dropped_cookie") > 0);
    }
}

#[test]
fn where_too_many_call_the_cookies_of_others_keep_no_friend_out() {
    let mut net = Net::guarded(2, 3, friends);
    net.run(Duration::from_secs(1));
    let call = seen_call(friends);
    let flood = |net: &mut Net, round: u32| {
        (0..200).for_each(|_| net.inject(1, 1_000 + round, call.clone()));
    };
    for round in 0..100 {
        flood(&mut net, round);
        net.run(Duration::from_millis(2));
    }
    net.start(2, 2, 2);
    for round in 0..500 {
        flood(&mut net, round);
        net.run_beside(Duration::from_millis(2), |net, from, to, bytes| {
            if bytes[0] == HELLO && (from, to) == (2, 1) {
                meddle(net, from, to, bytes);
            }
        });
    }
    assert!(met(&net, 1, 2), "node 2 was told a cookie by node 1, and believed no other");
    assert!(counted(&net, 1, "muts.cookies_sent") > 10_000);
}

#[test]
fn sessions_are_renewed_where_too_many_call() {
    let mut net = Net::guarded(2, 4, friends);
    net.run(Duration::from_secs(1));
    net.open(2);
    let call = seen_call(friends);
    for round in 0..1_500 {
        for node in 1..=2 {
            (0..60).for_each(|_| net.inject(node, 1_000 + round, call.clone()));
            // Who has no new session ten seconds later is silent.
            if round == 200 {
                let (now, guard) = (net.now, friends(node).expect("keys"));
                net.ends.get_mut(&node).expect("there").change_guard(now, guard);
            }
        }
        net.run(Duration::from_millis(10));
    }
    assert!(net.ask(1, cast(vec![1; 100].into())));
    net.run(Duration::from_millis(100));
    assert_eq!(casts(net.told(2), 1).len(), 1);
    assert!(!upset(&net) && counted(&net, 1, "muts.cookies_sent") > 10_000);
}

#[test]
fn an_answer_that_is_sent_on_from_elsewhere_takes_the_link_nowhere() {
    let mut net = Net::guarded(2, 5, friends);
    // Node 2 knows nobody: it is for node 1 to find it.
    net.ends.insert(2, Transport::guarded(Config::new(proc(2, 1), 6), friends(2).expect("one")));
    let mut there = 0;
    net.run_beside(Duration::from_secs(1), |net, from, to, bytes| {
        there += if to == ELSEWHERE { bytes.len() } else { 0 };
        if bytes[0] == ANSWER && from == 2 {
            net.inject(to, ELSEWHERE, bytes.clone());
        }
    });
    assert!(met(&net, 1, 1) && met(&net, 2, 1));
    assert_eq!(there, 0, "bytes that went where only the answer came from");
}

#[test]
fn datagrams_sent_on_from_elsewhere_draw_nothing_there_and_cost_nothing() {
    let mut net = Net::guarded(2, 6, friends);
    net.run(Duration::from_secs(1));
    net.open(2);
    net.run(Duration::from_millis(100));
    let (mut sent_on, mut drawn) = (0, 0);
    for at in 0..100_u8 {
        assert!(net.ask(1, cast(vec![at; 3_000].into())) && net.ask(2, cast(vec![at; 50].into())));
        net.run_beside(Duration::from_millis(20), |net, from, to, bytes| {
            drawn += if to == ELSEWHERE { bytes.len() } else { 0 };
            if bytes[0] == DATA && (from, to) == (2, 1) {
                sent_on += bytes.len();
                net.inject(to, ELSEWHERE, bytes.clone());
            }
        });
    }
    net.run(Duration::from_secs(1));
    assert_eq!((casts(net.told(2), 1).len(), casts(net.told(1), 2).len()), (100, 100));
    assert!(!upset(&net));
    assert!(drawn <= sent_on, "{drawn} bytes drawn by {sent_on}");
    assert!(drawn < 100 * 35, "{drawn}: nothing but questions whether it is there");
    assert_eq!(counted(&net, 1, "muts.moves"), 0);
}

#[test]
fn a_peer_that_has_moved_is_followed_and_one_that_an_old_datagram_shows_elsewhere_is_not() {
    let mut net = Net::guarded(2, 7, friends);
    net.run(Duration::from_secs(1));
    net.open(2);
    net.tape = Some(Vec::new());
    net.run(Duration::from_millis(500));
    let old = net.tape.take().expect("kept");
    net.moved = Some((2, 88));
    assert!(net.ask(1, cast(vec![1; 20_000].into())));
    net.run(Duration::from_millis(600));
    assert_eq!(casts(net.told(2), 1).len(), 1, "it arrives at the new address");
    assert_eq!(counted(&net, 1, "muts.moves"), 1);
    for (_, packet) in old.into_iter().filter(|(to, _)| *to == 1) {
        net.inject(1, 2, packet.bytes);
    }
    assert!(net.ask(1, cast(vec![2; 20_000].into())));
    net.run(Duration::from_millis(100));
    assert_eq!(casts(net.told(2), 1).len(), 2);
    assert_eq!(counted(&net, 1, "muts.moves"), 1);
    assert!(!upset(&net));
}

#[test]
fn what_is_thrown_back_at_its_sender_is_nothing() {
    let mut net = Net::guarded(2, 8, friends);
    let mut thrown = 0;
    net.run_beside(Duration::from_secs(1), |net, from, to, bytes| {
        thrown += 1;
        net.inject(from, to, bytes.clone());
    });
    net.open(2);
    for at in 0..50_u8 {
        assert!(net.ask(1, cast(vec![at; 500].into())));
        net.run_beside(Duration::from_millis(10), |net, from, to, bytes| {
            thrown += 1;
            net.inject(from, to, bytes.clone());
        });
    }
    net.run(Duration::from_secs(1));
    assert_eq!((casts(net.told(2), 1).len(), casts(net.told(1), 1).len()), (50, 0));
    assert!(!upset(&net));
    let dropped = ["own", "session", "stranger", "unsealed", "duplicate"];
    let dropped: u64 = dropped
        .iter()
        .flat_map(|why| (1..=2).map(move |node| (node, format!("muts.dropped_{why}"))))
        .map(|(node, name)| counted(&net, node, &name))
        .sum();
    assert!(dropped >= thrown, "{dropped} of {thrown} dropped");
}

#[test]
fn who_is_not_trusted_any_more_cannot_pass_for_the_next_start_of_a_friend() {
    let mut net = Net::guarded(2, 9, friends);
    net.run(Duration::from_secs(1));
    let text = format!("{}trust {:?}\n", keys()[0], keys()[1].public());
    let strict = KeyFile::parse(&text).expect("keys");
    let now = net.now;
    net.ends.get_mut(&1).expect("there").change_guard(now, Box::new(Keyed::new(&strict)));
    net.run(Duration::from_secs(1));
    // It has the cluster's secret still, and says that it is node 2 and has just started.
    let mut liar = Transport::guarded(Config::new(proc(2, 9), 10), friends(3).expect("one"));
    let meet = muts::Down::Meet { node: proc(1, 1).node, address: muts::Address::Pipe(1) };
    muts::Layer::down(&mut liar, now, meet).expect("never full");
    net.ends.insert(3, liar);
    net.told.insert(3, Vec::new());
    net.run(Duration::from_secs(3));
    assert!(!met(&net, 1, 9) && !upset(&net));
    assert!(counted(&net, 1, "muts.dropped_stranger") > 0);
}

#[test]
fn who_has_not_proved_where_it_is_gets_no_more_than_it_has_sent() {
    let guards: [Door; 2] = [friends, |_| None];
    for guards in guards {
        // What a friend says before anybody has answered.
        let mut net = Net::guarded(2, 11, guards);
        net.cut = true;
        net.tape = Some(Vec::new());
        net.run(Duration::from_secs(4));
        let calls = net.tape.replace(Vec::new()).expect("kept");
        let calls = calls.into_iter().filter(|(to, _)| *to == 1).map(|(_, packet)| packet.bytes);
        let mut sent = 0;
        for (call, from) in calls.zip(500..) {
            // Each from elsewhere, also cut short, and again.
            for end in [call.len(), call.len() - 1, 60, 21, 20, 5, 1, call.len()] {
                sent += end;
                net.inject(1, from, call.slice(..end));
            }
        }
        net.run(Duration::from_secs(3));
        let tape = net.tape.take().expect("kept");
        let got = tape.iter().filter(|(to, _)| *to >= 500);
        let got: Vec<usize> = got.map(|(_, packet)| packet.bytes.len()).collect();
        assert!(got.len() >= 3, "hellos of friends are answered");
        let longest = got.iter().max().copied().unwrap_or(0);
        assert!(longest <= 133 && got.iter().sum::<usize>() <= sent, "{got:?} for {sent}");
        let answers = tape.iter().find(|(to, _)| *to == 500).map(|(_, packet)| packet.bytes.len());
        let call = tape.iter().find(|(to, packet)| *to == 2 && packet.bytes[0] == HELLO);
        let call = call.map(|(_, packet)| packet.bytes.len());
        assert!(answers <= call, "{answers:?} for {call:?}");
    }
}
