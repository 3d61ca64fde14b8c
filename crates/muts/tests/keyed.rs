//! Keys: friends meet and nobody else does; what they say is read by nobody, changed by nobody, and
//! counts once.
#![cfg(feature = "os")]

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Address, Guard, Guarded, Layer, Packet, Up};

use crate::common::{Net, cast, casts, counted, proc};

/// The keys of nodes 1 to 3 of one cluster, of node 4 of another, and the next of the first.
fn keys() -> &'static [KeyFile; 5] {
    static KEYS: OnceLock<[KeyFile; 5]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let one = KeyFile::generate(None);
        let (two, three) = (KeyFile::generate(Some(&one)), KeyFile::generate(Some(&one)));
        [one, two, three, KeyFile::generate(None), KeyFile::generate(None)]
    })
}

fn friends(node: u32) -> Option<Box<dyn Guard>> {
    Some(Box::new(Keyed::new(&keys()[node as usize - 1])))
}

fn met(net: &Net, node: u32, other: u64) -> bool {
    net.told(node).iter().any(|up| matches!(up, Up::Met { peer } if peer.node.0 == other))
}

#[test]
fn friends_meet_under_loss_and_everything_arrives() {
    let mut net = Net::guarded(3, 1, friends);
    (net.loss, net.twice) = (200_000, 100_000);
    net.run(Duration::from_secs(3));
    net.open(3);
    for at in 0..50_u8 {
        for node in 1..=3 {
            assert!(net.ask(node, cast(vec![at; 10 + usize::from(at) * 100].into())));
        }
        net.run(Duration::from_millis(20));
    }
    net.run(Duration::from_secs(20));
    for node in 1..=3_u32 {
        for from in (1..=3).filter(|from| *from != u64::from(node)) {
            assert_eq!(casts(net.told(node), from).len(), 50);
        }
    }
}

#[test]
fn nothing_of_what_is_said_can_be_read_on_the_way() {
    let mut net = Net::guarded(2, 2, friends);
    net.tape = Some(Vec::new());
    net.run(Duration::from_secs(1));
    net.open(2);
    let secret = b"nobody else is to know this sentence";
    assert!(net.ask(1, cast(Bytes::from_static(secret))));
    net.run(Duration::from_secs(1));
    assert_eq!(casts(net.told(2), 1).len(), 1);
    let tape = net.tape.take().expect("kept");
    let shown = |packet: &Packet| packet.bytes.windows(8).any(|bytes| secret.starts_with(bytes));
    assert!(!tape.iter().any(|(_, packet)| shown(packet)));
}

#[test]
fn a_node_of_another_cluster_meets_silence() {
    let mut net = Net::guarded(4, 3, friends);
    net.tape = Some(Vec::new());
    net.run(Duration::from_secs(2));
    assert!(met(&net, 1, 2) && met(&net, 2, 3));
    assert!((1..=3).all(|node| !met(&net, node, 4)));
    assert!((1..=3).all(|other| !met(&net, 4, other)));
    let tape = net.tape.take().expect("kept");
    let calls = |packet: &Packet| packet.bytes[0] == 0x20;
    let answered = tape.iter().any(|(to, packet)| *to == 4 && !calls(packet));
    assert!(!answered, "a stranger is called, as an address, but never answered");
    assert!(counted(&net, 1, "muts.dropped_stranger") > 0);
}

#[test]
fn what_is_captured_and_sent_again_has_no_effect() {
    let mut net = Net::guarded(2, 4, friends);
    net.tape = Some(Vec::new());
    net.run(Duration::from_secs(1));
    net.open(2);
    for at in 0..100_u8 {
        assert!(net.ask(1, cast(vec![at; 50].into())));
        net.run(Duration::from_millis(5));
    }
    net.run(Duration::from_secs(1));
    let tape = net.tape.take().expect("kept");
    let before: Vec<usize> =
        (1..=2).map(|node| casts(net.told(node), 3 - u64::from(node)).len()).collect();
    for _ in 0..3 {
        for (to, packet) in &tape {
            for node in 1..=2 {
                let from = if node == *to { packet.from } else { Address::Pipe(9) };
                let packet = Packet { from, bytes: packet.bytes.clone() };
                let now = net.now;
                net.ends.get_mut(&node).expect("there").receive(now, packet);
            }
        }
        net.run(Duration::from_secs(1));
    }
    let after: Vec<usize> =
        (1..=2).map(|node| casts(net.told(node), 3 - u64::from(node)).len()).collect();
    assert_eq!(before, after);
    let upset = |up: &Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
    assert!((1..=2).all(|node| !net.told(node).iter().any(upset)));
    assert!(counted(&net, 2, "muts.dropped_duplicate") > 200);
    assert!(counted(&net, 2, "muts.dropped_replay") > 0);
}

#[test]
fn a_changed_bit_makes_a_datagram_nothing() {
    let mut net = Net::guarded(2, 5, friends);
    net.tape = Some(Vec::new());
    net.run(Duration::from_secs(1));
    net.open(2);
    net.run(Duration::from_millis(200));
    net.cut = true;
    let from = net.tape.as_ref().map_or(0, Vec::len);
    assert!(net.ask(1, cast(Bytes::from_static(b"as it was said"))));
    net.run(Duration::from_millis(50));
    let said = net.tape.take().expect("kept").split_off(from);
    for (_, packet) in said.iter().filter(|(to, _)| *to == 2) {
        for bit in 0..packet.bytes.len() * 8 {
            let mut bytes = packet.bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let packet = Packet { from: packet.from, bytes: bytes.into() };
            let now = net.now;
            net.ends.get_mut(&2).expect("there").receive(now, packet);
        }
    }
    assert!(casts(net.told(2), 1).is_empty());
    assert!(counted(&net, 2, "muts.dropped_unsealed") > 100);
    net.cut = false;
    net.run(Duration::from_secs(2));
    assert_eq!(casts(net.told(2), 1).len(), 1);
}

/// Which of the cluster's secrets are known, one step after the other: 0 the old one, 1 the next.
const ROTATION: [[usize; 2]; 3] = [[0, 1], [1, 0], [1, 1]];

/// A node has these secrets of the cluster from now on.
fn rotate(net: &mut Net, node: u32, clusters: [usize; 2]) {
    let line = |file: &KeyFile, at: usize| {
        let text = file.to_string();
        text.lines().nth(at).expect("a line").to_owned()
    };
    let secret = |which: usize| line(&keys()[4 * which], 0);
    let private = line(&keys()[node as usize - 1], 1);
    let text = format!("{}\n{}\n{private}\n", secret(clusters[0]), secret(clusters[1]));
    let file = KeyFile::parse(&text).expect("keys");
    let now = net.now;
    let end = net.ends.get_mut(&node).expect("there");
    end.change_guard(now, Box::new(Keyed::new(&file)));
}

#[test]
fn keys_that_change_at_one_just_before_the_other_leave_no_link_without_a_session() {
    let upset = |up: &Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
    for (first, gap) in [1, 2].into_iter().flat_map(|first| (0..20).map(move |gap| (first, gap))) {
        let mut net = Net::guarded(2, gap, friends);
        net.run(Duration::from_secs(1));
        for clusters in ROTATION {
            rotate(&mut net, first, clusters);
            net.run(Duration::from_millis(gap));
            rotate(&mut net, 3 - first, clusters);
            net.run(Duration::from_secs(1));
        }
        net.run(Duration::from_secs(15));
        let noticed = (1..=2).any(|node| net.told(node).iter().any(upset));
        assert!(!noticed, "{gap} ms after {first}");
    }
}

#[test]
fn keys_change_while_everything_goes_on_and_the_old_one_opens_nothing_then() {
    let mut net = Net::guarded(3, 6, friends);
    net.loss = 300_000;
    net.run(Duration::from_secs(3));
    net.open(3);
    let mut sent = 0;
    for clusters in ROTATION {
        for node in 1..=3_u32 {
            rotate(&mut net, node, clusters);
        }
        for _ in 0..150 {
            assert!(net.ask(1, cast(vec![7; 300].into())));
            sent += 1;
            net.run(Duration::from_millis(100));
        }
    }
    net.run(Duration::from_secs(20));
    for node in 2..=3 {
        assert_eq!(casts(net.told(node), 1).len(), sent);
        let upset = |up: &Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
        assert!(!net.told(node).iter().any(upset), "nobody noticed");
    }
    assert!(counted(&net, 1, "muts.sessions_renewed") >= 3);
    // A node that knows only the old key is a stranger now.
    net.start(3, 2, 3);
    net.run(Duration::from_secs(3));
    let back = |up: &Up| matches!(up, Up::Met { peer } if *peer == proc(3, 2));
    assert!(!net.told(1).iter().any(back));
}

#[test]
fn a_node_whose_key_is_not_trusted_any_more_is_a_stranger() {
    let mut net = Net::guarded(3, 7, friends);
    net.run(Duration::from_secs(1));
    assert!(met(&net, 1, 2) && met(&net, 1, 3));
    let text = format!("{}trust {:?}\n", keys()[0], keys()[1].public());
    let strict = KeyFile::parse(&text).expect("keys");
    let now = net.now;
    net.ends.get_mut(&1).expect("there").change_guard(now, Box::new(Keyed::new(&strict)));
    net.run(Duration::from_secs(30));
    let silent = |other: u64| {
        net.told(1).iter().any(|up| matches!(up, Up::Silent { peer, .. } if peer.node.0 == other))
    };
    assert!(silent(3) && !silent(2));
}

#[test]
fn a_greeting_under_way_lets_in_nobody_who_is_not_trusted_any_more() {
    let text = format!("{}trust {:?}\n", keys()[0], keys()[2].public());
    let strict = KeyFile::parse(&text).expect("keys");
    for ms in 0..40 {
        let mut net = Net::guarded(2, 9, friends);
        net.run(Duration::from_millis(ms));
        let before = met(&net, 1, 2);
        let now = net.now;
        net.ends.get_mut(&1).expect("there").change_guard(now, Box::new(Keyed::new(&strict)));
        net.run(Duration::from_secs(3));
        assert_eq!(met(&net, 1, 2), before, "changed after {ms} ms");
    }
}

#[test]
fn a_flood_of_calls_keeps_no_state_and_friends_still_meet() {
    let mut net = Net::guarded(2, 8, friends);
    net.run(Duration::from_secs(1));
    let mut random = muts::Random::new(1);
    for round in 0..1_000_u32 {
        for _ in 0..50 {
            let mut bytes = vec![0x20];
            bytes.extend((0..120).map(|_| random.draw() as u8));
            let packet = Packet { from: Address::Pipe(1_000 + round), bytes: bytes.into() };
            let now = net.now;
            net.ends.get_mut(&1).expect("there").receive(now, packet);
        }
        if round == 500 {
            net.start(2, 2, 2);
        }
        net.run(Duration::from_millis(2));
    }
    let back = |up: &Up| matches!(up, Up::Met { peer } if *peer == proc(2, 2));
    assert!(net.told(1).iter().any(back), "a friend is none of them");
    assert_eq!(counted(&net, 1, "muts.dropped_stranger"), 50_000);
    assert_eq!(counted(&net, 1, "muts.cookies_sent"), 0, "strangers are told nothing");
}
