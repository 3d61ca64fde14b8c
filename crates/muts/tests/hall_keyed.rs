//! The hall with keys: what is said there is read by nobody else, forged by nobody, counts once;
//! and who is no friend any more hears nothing new.
#![cfg(feature = "os")]

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Guard, Guarded, Layer, Packet, Up};

use crate::common::{Net, cast, casts, counted};

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

/// Three friends who hear each other.
fn three(seed: u64) -> Net {
    let mut net = Net::guarded_with_hall(3, seed, friends);
    net.run(Duration::from_secs(2));
    net.open(3);
    net.run(Duration::from_millis(200));
    net
}

fn in_hall(packet: &Packet) -> bool {
    packet.bytes[0] == 0x25
}

#[test]
fn friends_hear_what_is_said_and_nobody_else_can_read_it() {
    let mut net = three(1);
    net.tape = Some(Vec::new());
    let secret = b"nobody else is to know this sentence";
    assert!(net.ask(1, cast(Bytes::from_static(secret))));
    net.run(Duration::from_millis(200));
    assert_eq!((casts(net.told(2), 1).len(), casts(net.told(3), 1).len()), (1, 1));
    assert_eq!(counted(&net, 1, "muts.hall_sent"), 1);
    let tape = net.tape.take().expect("kept");
    let shown = |packet: &Packet| packet.bytes.windows(8).any(|bytes| secret.starts_with(bytes));
    assert!(tape.iter().any(|(_, packet)| in_hall(packet)));
    assert!(!tape.iter().any(|(_, packet)| shown(packet)));
}

#[test]
fn what_was_said_in_the_hall_has_no_effect_a_second_time_or_changed() {
    let mut net = three(2);
    net.tape = Some(Vec::new());
    for at in 0..40_u8 {
        assert!(net.ask(1, cast(vec![at; 300].into())));
        net.run(Duration::from_millis(3));
    }
    net.run(Duration::from_millis(200));
    let tape = net.tape.take().expect("kept");
    let said: Vec<&(u32, Packet)> = tape.iter().filter(|(_, packet)| in_hall(packet)).collect();
    assert!(said.len() >= 40);
    let mut random = muts::Random::new(5);
    let mut hear = |node: u32, packet: &Packet| {
        let now = net.now;
        net.ends.get_mut(&node).expect("there").receive(now, packet.clone());
    };
    let mut changed = 0;
    for (_, packet) in &said {
        for node in [2, 3] {
            hear(node, packet);
            for _ in 0..20 {
                let mut bytes = packet.bytes.to_vec();
                let at = 1 + random.below(bytes.len() as u64 - 1) as usize;
                bytes[at] ^= 1 << random.below(8);
                hear(node, &Packet { from: packet.from, bytes: bytes.into() });
                changed += 1;
            }
            // The same, as if nothing were sealed.
            let mut open = packet.bytes.to_vec();
            open[9..13].fill(0);
            for number in [26, 38] {
                open[number..number + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
            }
            hear(node, &Packet { from: packet.from, bytes: open.into() });
        }
    }
    net.run(Duration::from_secs(3));
    for node in [2, 3] {
        assert_eq!(casts(net.told(node), 1).len(), 40);
        let dropped = ["duplicate", "unsealed", "hall", "malformed"];
        let dropped: u64 =
            dropped.iter().map(|why| counted(&net, node, &format!("muts.dropped_{why}"))).sum();
        assert!(dropped >= changed / 2 + 40, "{dropped} dropped at {node}");
        let upset = |up: &Up| matches!(up, Up::Silent { .. } | Up::Lost { .. });
        assert!(!net.told(node).iter().any(upset));
    }
}

#[test]
fn keys_of_the_hall_are_renewed_while_all_goes_on() {
    let mut net = three(3);
    net.loss = 50_000;
    let mut sent = 0;
    // Sessions and keys last two minutes.
    for _ in 0..300 {
        assert!(net.ask(1, cast(vec![7; 700].into())));
        sent += 1;
        net.run(Duration::from_secs(1));
    }
    net.run(Duration::from_secs(3));
    assert_eq!((casts(net.told(2), 1).len(), casts(net.told(3), 1).len()), (sent, sent));
    let said = counted(&net, 1, "muts.hall_sent");
    assert!(said > 250, "{said} of {sent} in the hall");
    assert!(counted(&net, 1, "muts.sessions_renewed") >= 2);
}

#[test]
fn who_is_no_friend_any_more_is_not_told_the_next_key() {
    let mut net = three(4);
    let trusted =
        format!("{}trust {:?}\ntrust {:?}\n", keys()[0], keys()[0].public(), keys()[1].public());
    let strict = KeyFile::parse(&trusted).expect("keys");
    let now = net.now;
    let told = counted(&net, 1, "muts.hall_keys_told");
    net.ends.get_mut(&1).expect("there").change_guard(now, Box::new(Keyed::new(&strict)));
    net.run(Duration::from_secs(12));
    let told = counted(&net, 1, "muts.hall_keys_told") - told;
    assert_eq!(told, 1, "in the new session with node 2, and in no old one");
    let heard = casts(net.told(3), 1).len();
    for _ in 0..20 {
        assert!(net.ask(1, cast(vec![7; 700].into())));
        net.run(Duration::from_millis(20));
    }
    net.run(Duration::from_secs(1));
    assert_eq!(casts(net.told(2), 1).len(), 20);
    assert_eq!(casts(net.told(3), 1).len(), heard, "nothing reaches node 3");
}
