//! Transports over a lossy network in memory, no sockets: everything once, in order, whole.

use std::collections::BTreeMap;
use std::time::Duration;

use muts::{Address, Audience, Channel, Counted, Down, Layer, Packet, Random, Up};

use crate::common::{Net, body, casts, proc};

#[test]
fn everything_once_and_in_order_under_loss() {
    for (seed, loss) in [(1, 0), (2, 50_000), (3, 200_000), (4, 300_000)] {
        let mut net = Net::new(3, seed);
        (net.loss, net.twice) = (loss, 100_000);
        net.run(Duration::from_secs(2));
        net.open(3);
        let lengths = [0, 10, 900, 1_300, 40_000];
        for at in 0..60 {
            for node in 1..=3 {
                let length = lengths[(at as usize + node as usize) % lengths.len()];
                let message = body(node, at, length);
                assert!(
                    net.ask(node, Down::Cast { channel: Channel(9), to: Audience::ALL, message }),
                    "room"
                );
            }
            net.run(Duration::from_millis(20));
        }
        net.run(Duration::from_secs(30));
        for node in 1..=3 {
            for from in (1..=3).filter(|from| *from != node) {
                let heard = casts(net.told(node), from.into());
                assert_eq!(heard.len(), 60, "{node} from {from}, loss {loss}");
                for (at, (seq, message)) in (0..).zip(&heard) {
                    let length = lengths[(at as usize + from as usize) % lengths.len()];
                    assert_eq!((*seq, message), (at, &body(from, at, length)));
                }
            }
            let settled = net.told(node).iter().rev().find_map(|up| match up {
                Up::Settled { below, .. } => Some(*below),
                _ => None,
            });
            assert_eq!(settled, Some(60));
        }
    }
}

#[test]
fn a_large_message_arrives_whole() {
    let mut net = Net::new(2, 5);
    net.loss = 20_000;
    net.run(Duration::from_secs(1));
    net.open(2);
    let message = body(1, 0, 8 << 20);
    assert!(
        net.ask(1, Down::Cast { channel: Channel(9), to: Audience::ALL, message: message.clone() })
    );
    assert!(net.ask(1, Down::Send { to: proc(2, 1), message: message.clone() }));
    net.run(Duration::from_secs(60));
    assert_eq!(casts(net.told(2), 1), [(0, message.clone())]);
    let alone = |up: &Up| matches!(up, Up::Send { message: heard, .. } if *heard == message);
    assert_eq!(net.told(2).iter().filter(|up| alone(up)).count(), 1);
}

#[test]
fn a_full_window_hands_back_and_tells_of_room() {
    let mut net = Net::new(2, 6);
    net.run(Duration::from_secs(1));
    net.open(2);
    let cast =
        |at| Down::Cast { channel: Channel(9), to: Audience::ALL, message: body(1, at, 100_000) };
    let mut taken = 0;
    while net.ask(1, cast(taken)) {
        taken += 1;
    }
    assert!((40..=42).contains(&taken), "4 MiB of 100 kB messages, not {taken}");
    net.run(Duration::from_secs(10));
    assert!(net.told(1).iter().any(|up| matches!(up, Up::Room { channel: Channel(9) })));
    assert!(net.ask(1, cast(taken)));
    net.run(Duration::from_secs(2));
    assert_eq!(casts(net.told(2), 1).len() as u64, taken + 1);
}

#[test]
fn silence_is_told_once_and_so_is_the_return() {
    let mut net = Net::new(2, 7);
    net.run(Duration::from_secs(1));
    net.open(2);
    net.cut = true;
    assert!(
        net.ask(1, Down::Cast { channel: Channel(9), to: Audience::ALL, message: body(1, 0, 10) })
    );
    net.run(Duration::from_secs(3));
    net.cut = false;
    net.run(Duration::from_secs(1));
    for node in 1..=2 {
        assert_eq!(silences(&net, node), (1, 1));
    }
    assert_eq!(casts(net.told(2), 1).len(), 1, "what was cast into the silence arrives after it");
}

/// How often a node has been told that the other is silent, and that it is back.
fn silences(net: &Net, node: u32) -> (usize, usize) {
    let silent = net.told(node).iter().filter(|up| matches!(up, Up::Silent { .. })).count();
    let back = net.told(node).iter().filter(|up| matches!(up, Up::Back { .. })).count();
    (silent, back)
}

#[test]
fn who_is_deaf_and_goes_on_speaking_is_silent_until_it_hears_again() {
    let mut net = Net::new(2, 11);
    net.run(Duration::from_secs(1));
    net.open(2);
    net.one_way = Some((1, 2));
    net.run(Duration::from_millis(2_500));
    assert_eq!((silences(&net, 1), silences(&net, 2)), ((1, 0), (1, 0)), "two limits, and a call");
    net.run(Duration::from_secs(10));
    for _ in 0..60 {
        // Its calls reach the other, and so does what it says besides, when it says anything.
        net.ask(2, Down::Tell { to: proc(1, 1), message: body(2, 0, 10), change: false });
        net.run(Duration::from_millis(1_500));
    }
    assert_eq!((silences(&net, 1), silences(&net, 2)), ((1, 0), (1, 0)));
    net.one_way = None;
    net.run(Duration::from_secs(3));
    assert_eq!((silences(&net, 1), silences(&net, 2)), ((1, 1), (1, 1)));
}

#[test]
fn of_a_link_that_carries_one_way_both_ends_are_silent_until_it_carries_both() {
    let mut net = Net::new(2, 12);
    net.run(Duration::from_secs(1));
    net.open(2);
    for times in 1..=10 {
        net.one_way = Some((2, 1));
        net.run(Duration::from_secs(10));
        assert_eq!(silences(&net, 1), (times, times - 1), "it hears nothing");
        assert_eq!(silences(&net, 2), (times, times - 1), "nothing that it says is acknowledged");
        net.one_way = None;
        // A call comes through, who called is asked, and answers.
        net.run(Duration::from_secs(1));
        assert_eq!((silences(&net, 1), silences(&net, 2)), ((times, times), (times, times)));
    }
}

#[test]
fn what_was_acknowledged_before_the_silence_proves_nothing_after_it() {
    let mut net = Net::new(2, 13);
    net.run(Duration::from_secs(1));
    net.open(2);
    let cast = Down::Cast { channel: Channel(9), to: Audience::ALL, message: body(1, 0, 10) };
    assert!(net.ask(1, cast));
    let late = Duration::from_secs(3);
    let mut held = 0;
    for _ in 0..200 {
        net.step();
        let late_by = net.now + late / 2;
        let soon = net.flying.extract_if(.., |(at, _), (to, _)| *to == 1 && *at < late_by);
        let soon: Vec<_> = soon.collect();
        held += soon.len();
        net.flying.extend(soon.into_iter().map(|((at, count), sent)| ((at + late, count), sent)));
    }
    assert!(held > 0);
    net.cut = true;
    net.run(Duration::from_secs(4));
    assert!(net.flying.is_empty(), "they have come");
    assert_eq!(silences(&net, 1), (1, 0));
}

#[test]
fn thirty_percent_loss_is_no_silence() {
    for seed in 0..10 {
        let mut net = Net::new(2, seed);
        net.run(Duration::from_secs(1));
        net.loss = 300_000;
        net.run(Duration::from_secs(60));
        assert!(!net.told(1).iter().any(|up| matches!(up, Up::Silent { .. })), "seed {seed}");
    }
}

#[test]
fn a_newer_incarnation_ends_the_older_one() {
    let mut net = Net::new(2, 8);
    net.run(Duration::from_secs(1));
    net.open(2);
    assert!(
        net.ask(1, Down::Cast { channel: Channel(9), to: Audience::ALL, message: body(1, 0, 10) })
    );
    net.start(2, 2, 2);
    net.run(Duration::from_millis(100));
    let met: Vec<&Up> =
        net.told(1).iter().filter(|up| matches!(up, Up::Met { .. } | Up::Lost { .. })).collect();
    assert!(
        matches!(met[..], [Up::Met { .. }, Up::Lost { peer: old }, Up::Met { peer: new }]
            if *old == proc(2, 1) && *new == proc(2, 2)),
        "{met:?}"
    );
    assert!(casts(net.told(2), 1).is_empty(), "nothing of the old link reaches the new process");
}

#[test]
fn what_comes_before_its_channel_is_opened_is_not_lost() {
    let mut net = Net::new(2, 9);
    net.run(Duration::from_secs(1));
    let open = |peer| Down::Open { channel: Channel(9), peers: vec![proc(peer, 1)], credit: false };
    assert!(net.ask(1, open(2)));
    for at in 0..30 {
        assert!(net.ask(
            1,
            Down::Cast { channel: Channel(9), to: Audience::ALL, message: body(1, at, 20_000) }
        ));
    }
    net.run(Duration::from_millis(200));
    assert!(net.ask(2, open(1)));
    net.run(Duration::from_secs(2));
    assert_eq!(casts(net.told(2), 1).len(), 30);
}

#[test]
fn control_messages_of_any_length_arrive() {
    let mut net = Net::new(2, 10);
    net.run(Duration::from_secs(1));
    for length in [0, 1_000, 1_200, 60_000] {
        let message = body(1, 7, length);
        let tell = Down::Tell { to: proc(2, 1), change: false, message: message.clone() };
        assert!(net.ask(1, tell));
        net.run(Duration::from_millis(50));
        let heard = net.told(2).iter().filter(|up| matches!(up, Up::Tell { .. }));
        let last = heard.last().expect("a control message");
        assert!(matches!(last, Up::Tell { message: heard, .. } if *heard == message));
    }
}

#[test]
fn what_a_change_costs_is_counted_apart_from_other_datagrams() {
    let mut net = Net::new(2, 12);
    net.run(Duration::from_secs(1));
    for change in [false, true, true, false] {
        let message = body(1, 7, 10);
        assert!(net.ask(1, Down::Tell { to: proc(2, 1), change, message }));
        if !change {
            net.run(Duration::from_millis(50));
        }
    }
    let mut counted = BTreeMap::new();
    net.ends[&1].count(&mut |name, value| {
        counted.insert(name, value);
    });
    // Three of the four went out at once, in one datagram.
    assert_eq!(counted["muts.tells_sent"], 4);
    assert_eq!(counted["muts.datagrams_of_change"], 1);
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let mut net = Net::new(2, 11);
    net.run(Duration::from_secs(1));
    let before = net.told(1).len();
    let mut random = Random::new(3);
    for length in 0..300_usize {
        for _ in 0..20 {
            let mut bytes: Vec<u8> = (0..length).map(|_| random.draw() as u8).collect();
            if let [version, kind, ..] = &mut bytes[..] {
                (*version, *kind) = (0x20 | random.below(5) as u8, random.below(3) as u8);
            }
            let packet = Packet { from: Address::Pipe(77), bytes: bytes.into() };
            let now = net.now;
            let end = net.ends.get_mut(&1).expect("there");
            end.receive(now, packet);
        }
    }
    let mut dropped = 0;
    net.ends[&1].count(&mut |name, value| {
        if name.starts_with("muts.dropped") || name == "muts.cookies_sent" {
            dropped += value;
        }
    });
    assert!(dropped >= 300 * 20 - 100, "{dropped} of 6,000 were dropped");
    net.run(Duration::from_millis(300));
    let strange = net.told(1)[before..].iter().filter(|up| !matches!(up, Up::Beat { .. })).count();
    assert_eq!(strange, 0);
}

#[test]
fn who_says_farewell_is_lost_at_once_and_for_good() {
    let mut net = Net::new(2, 12);
    net.run(Duration::from_secs(1));
    assert!(net.ask(1, Down::Farewell));
    net.run(Duration::from_millis(20));
    net.ends.remove(&1);
    net.run(Duration::from_secs(3));
    let lost = |up: &&Up| matches!(up, Up::Lost { peer } if *peer == proc(1, 1));
    assert_eq!(net.told(2).iter().filter(lost).count(), 1);
    assert!(!net.told(2).iter().any(|up| matches!(up, Up::Silent { .. })));
    net.start(1, 2, 2);
    net.run(Duration::from_secs(1));
    let met = |up: &&Up| matches!(up, Up::Met { peer } if *peer == proc(1, 2));
    assert_eq!(net.told(2).iter().filter(met).count(), 1);
}

#[test]
fn an_address_where_nobody_listens_is_tested_and_then_told() {
    let mut net = Net::new(2, 13);
    net.run(Duration::from_secs(1));
    let nobody = Packet { from: Address::Pipe(2), bytes: bytes::Bytes::new() };
    // The word of the system alone is not enough, as long as the process answers.
    for _ in 0..100 {
        let now = net.now;
        net.ends.get_mut(&1).expect("there").receive(now, nobody.clone());
        net.run(Duration::from_millis(11));
    }
    assert!(!net.told(1).iter().any(|up| matches!(up, Up::Silent { .. })));
    net.ends.remove(&2);
    net.run(Duration::from_millis(20));
    let before = net.now;
    for _ in 0..10 {
        let now = net.now;
        net.ends.get_mut(&1).expect("there").receive(now, nobody.clone());
        net.run(Duration::from_millis(3));
    }
    assert!(net.told(1).iter().any(|up| matches!(up, Up::Silent { .. })), "{before:?}");
}
