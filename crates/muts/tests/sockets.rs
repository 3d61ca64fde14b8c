//! Real sockets, and on the way between them somebody who keeps, changes, repeats and invents what
//! is said: rows 14, 24, 25, 28 and 29 of what is promised.
#![cfg(all(feature = "os", not(horus_loom)))]

use std::net::{SocketAddr, UdpSocket};

use muts::keyed::KeyFile;
use muts::limits::{MESSAGE_BYTES_MAX, WINDOW_BYTES};
use muts::{Address, Channel, Counted, Random, Up};

use crate::ends::{End, cast, pair, proc, until, until_beside};

const TALK: Channel = Channel(5);
const FLOOD: Channel = Channel(6);

const HELLO: u8 = 0x20;
const DATA: u8 = 0x21;
const ANSWER: u8 = 0x22;
const THANKS: u8 = 0x23;

fn net(end: &End) -> SocketAddr {
    end.driver.local_address().expect("bound")
}

impl End {
    /// Whether it lost or missed anybody.
    fn is_upset(&self) -> bool {
        self.told.iter().any(|up| matches!(up, Up::Silent { .. } | Up::Lost { .. }))
    }

    /// One of its transport's counters.
    fn counted(&self, name: &str) -> u64 {
        let mut found = 0;
        self.transport
            .count(&mut |counter, value| found += if counter == name { value } else { 0 });
        found
    }
}

fn keys() -> [KeyFile; 2] {
    let one = KeyFile::generate(None);
    [one.clone(), KeyFile::generate(Some(&one))]
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    socket.set_nonblocking(true).expect("a socket");
    socket
}

/// Says this there. A full buffer loses it, as networks do.
fn say(socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) {
    let _ = socket.send_to(bytes, to);
}

/// Two ends that know each other only by the sockets of a relay, and the relay.
struct Relay {
    /// What each end takes for the other.
    faces: [UdpSocket; 2],
    addresses: [SocketAddr; 2],
    /// All that went to each end.
    tapes: [Vec<Vec<u8>>; 2],
    /// What goes to the second end is kept, and goes no further.
    holds: bool,
}

impl Relay {
    fn between(ends: &mut [End; 2]) -> Self {
        let faces = [socket(), socket()];
        let addresses = [net(&ends[0]), net(&ends[1])];
        for (end, node) in [(0, 2), (1, 1)] {
            ends[end].meet(node, Address::Net(faces[end].local_addr().expect("bound")));
        }
        Self { faces, addresses, tapes: [Vec::new(), Vec::new()], holds: false }
    }

    fn pass(&mut self) {
        let mut buffer = vec![0; 70_000];
        for from in 0..2 {
            while let Ok((length, _)) = self.faces[from].recv_from(&mut buffer) {
                let to = 1 - from;
                self.tapes[to].push(buffer[..length].to_vec());
                if !(self.holds && to == 1) {
                    self.forward(to, &buffer[..length]);
                }
            }
        }
    }

    /// Says this to an end as if the other did.
    fn forward(&self, to: usize, bytes: &[u8]) {
        say(&self.faces[to], self.addresses[to], bytes);
    }
}

/// Two friends with a relay between them, and a channel.
fn relayed() -> ([End; 2], Relay) {
    let keys = keys();
    let mut ends = [End::new(1, Some(&keys[0])), End::new(2, Some(&keys[1]))];
    let mut relay = Relay::between(&mut ends);
    until_beside(&mut ends, || relay.pass(), |ends| ends.iter().all(End::has_met));
    ends[0].open(TALK, 2, false);
    ends[1].open(TALK, 1, false);
    (ends, relay)
}

/// Something is said by each, and heard by the other.
fn talk(ends: &mut [End; 2], relay: &mut Relay, bytes: usize) {
    let before = [ends[0].heard(TALK).len(), ends[1].heard(TALK).len()];
    ends.iter_mut().for_each(|end| end.ask(cast(TALK, vec![7; bytes])));
    until_beside(
        ends,
        || relay.pass(),
        |ends| (0..2).all(|end| ends[end].heard(TALK).len() > before[end]),
    );
}

#[test]
fn every_changed_bit_and_every_cut_makes_a_datagram_nothing() {
    let (mut ends, mut relay) = relayed();
    talk(&mut ends, &mut relay, 20);
    relay.holds = true;
    let before = relay.tapes[1].len();
    ends[0].ask(cast(TALK, b"as it was said".to_vec()));
    while !relay.tapes[1][before..].iter().any(|said| said[0] == DATA) {
        ends[0].turn();
        relay.pass();
    }
    let said = relay.tapes[1][before..].iter().rfind(|said| said[0] == DATA).expect("it").clone();
    let dropped = ["unsealed", "session", "malformed", "version", "stranger", "duplicate"];
    let count = |end: &End| -> u64 {
        dropped.iter().map(|why| end.counted(&format!("muts.dropped_{why}"))).sum()
    };
    let (before, mut forged) = (count(&ends[1]), 0);
    for bit in 0..said.len() * 8 {
        let mut changed = said.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // To be a hello, or something in a hall, it is too short or too strange.
        relay.forward(1, &changed);
        relay.forward(1, &said[..bit % said.len()]);
        forged += 2;
        if bit % 16 == 0 {
            ends[1].turn();
        }
    }
    let known = ends[1].heard(TALK).len();
    (0..20).for_each(|_| ends[1].turn());
    let dropped = count(&ends[1]) - before;
    assert!(dropped * 10 > forged * 8, "{dropped} of {forged} were heard of, and dropped");
    assert_eq!(ends[1].heard(TALK).len(), known);
    relay.holds = false;
    until_beside(&mut ends, || relay.pass(), |ends| ends[1].heard(TALK).len() == known + 1);
    assert!(!ends.iter().any(End::is_upset));
}

#[test]
fn garbage_at_a_real_port_is_dropped_and_answered_by_nobody() {
    let (mut ends, mut relay) = relayed();
    let (stranger, to) = (socket(), net(&ends[0]));
    let mut random = Random::new(3);
    for length in 0..1_500_usize {
        let mut bytes: Vec<u8> = (0..length).map(|_| random.draw() as u8).collect();
        if let [kind, ..] = &mut bytes[..] {
            *kind = 0x20 | (random.below(8) as u8);
        }
        say(&stranger, to, &bytes);
        if length % 8 == 0 {
            ends[0].turn();
        }
    }
    // The longest that there are, of lengths that lie.
    for kind in 0x20..0x28 {
        let mut bytes = vec![0xff; 65_507];
        bytes[0] = kind;
        say(&stranger, to, &bytes);
        ends[0].turn();
    }
    talk(&mut ends, &mut relay, 3_000);
    let told = ends[0].counted("muts.datagrams_received");
    assert!(told > 1_000, "{told} came");
    assert!(stranger.recv_from(&mut [0; 100]).is_err(), "a stranger is answered");
    assert!(!ends.iter().any(End::is_upset));
}

#[test]
fn what_is_kept_on_the_way_and_sent_again_has_no_effect() {
    let (mut ends, mut relay) = relayed();
    for bytes in [20, 300, 5_000] {
        (0..20).for_each(|_| talk(&mut ends, &mut relay, bytes));
    }
    let heard = [ends[0].heard(TALK).len(), ends[1].heard(TALK).len()];
    let elsewhere = socket();
    // To whom it was sent, from the same and from elsewhere, and to the other.
    for round in 0..3 {
        for to in 0..2 {
            let tape = relay.tapes[to].clone();
            for (at, said) in tape.iter().enumerate() {
                match round {
                    0 => relay.forward(to, said),
                    1 => say(&elsewhere, relay.addresses[to], said),
                    _ => relay.forward(1 - to, said),
                }
                if at % 8 == 0 {
                    ends.iter_mut().for_each(End::turn);
                }
            }
        }
    }
    (0..20).for_each(|_| ends.iter_mut().for_each(End::turn));
    assert_eq!([ends[0].heard(TALK).len(), ends[1].heard(TALK).len()], heard);
    let repeated: u64 = ends.iter().map(|end| end.counted("muts.dropped_duplicate")).sum();
    assert!(repeated > 200, "{repeated} datagrams had come before");
    assert!(ends.iter().map(|end| end.counted("muts.dropped_replay")).sum::<u64>() > 0);
    assert!(
        elsewhere.recv_from(&mut [0; 100]).is_err(),
        "nothing goes where only copies came from"
    );
    relay.tapes = [Vec::new(), Vec::new()];
    talk(&mut ends, &mut relay, 1_000);
    assert!(!ends.iter().any(End::is_upset));
}

#[test]
fn who_takes_nothing_holds_up_its_channel_alone_is_named_and_costs_a_window() {
    let mut ends = pair(Some(&keys()), End::listens);
    until(&mut ends, |ends| ends.iter().all(End::has_met));
    for (end, other) in [(0, 2), (1, 1)] {
        ends[end].open(TALK, other, false);
        ends[end].open(FLOOD, other, true);
    }
    let mut flooded = 0;
    for at in 1..=300 {
        while ends[0].may_ask(cast(FLOOD, vec![1; 10_000])) {
            flooded += 1;
        }
        ends[0].ask(cast(TALK, vec![2; 1_000]));
        until(&mut ends, |ends| ends[1].heard(TALK).len() == at);
    }
    let lie = ends[1].heard(FLOOD).len();
    // What the sender keeps, and what lies at who takes nothing.
    assert!((flooded - lie) * 10_000 <= WINDOW_BYTES, "{flooded} cast, {lie} there");
    assert!(lie * 10_000 <= WINDOW_BYTES + 64 * 1024, "{lie} messages lie there");
    assert_eq!(ends[0].transport.holder(FLOOD), Some(proc(2)));
    assert!(ends[0].counted("muts.credit_waits") > 0);
    let bytes = lie as u64 * 10_000;
    ends[1].ask(muts::Down::Taken { channel: FLOOD, from: proc(1), bytes });
    until(&mut ends, |ends| ends[1].heard(FLOOD).len() == flooded);
}

#[test]
fn a_message_of_the_longest_length_arrives_and_one_byte_more_is_dropped_where_it_is_cast() {
    let mut ends = pair(None, End::listens);
    until(&mut ends, |ends| ends.iter().all(End::has_met));
    ends[0].open(TALK, 2, false);
    ends[1].open(TALK, 1, false);
    let heads = muts::Message::new(vec![]).len();
    ends[0].ask(cast(TALK, vec![0; MESSAGE_BYTES_MAX - heads + 1]));
    assert_eq!(ends[0].counted("muts.dropped_too_long"), 1);
    ends[0].ask(cast(TALK, vec![3; MESSAGE_BYTES_MAX - heads]));
    until(&mut ends, |ends| ends[1].heard(TALK).len() == 1);
    assert_eq!(ends[1].heard(TALK)[0].body().len(), MESSAGE_BYTES_MAX - heads);
}

/// A flood of calls while friends talk; answers how many cookies were told.
fn flood(keys: Option<&[KeyFile; 2]>) -> u64 {
    let mut ends = pair(keys, End::listens);
    until(&mut ends, |ends| ends.iter().all(End::has_met));
    ends[0].open(TALK, 2, false);
    ends[1].open(TALK, 1, false);
    let (strangers, to) = ([(); 8].map(|()| socket()), net(&ends[1]));
    let (mut random, mut node, mut got) = (Random::new(6), 0_u32, vec![0; 2_000]);
    let (mut said, mut answered) = (0, 0);
    for at in 1..=300 {
        ends[0].ask(cast(TALK, vec![at as u8; 1_000]));
        let beside = || {
            for stranger in &strangers {
                for _ in 0..8 {
                    node += 1;
                    let mut call = hello(node);
                    if keys.is_some() {
                        call[21..].fill_with(|| random.draw() as u8);
                    }
                    said += call.len();
                    say(stranger, to, &call);
                }
                while let Ok((length, _)) = stranger.recv_from(&mut got) {
                    answered += length;
                    if got[0] == ANSWER {
                        say(stranger, to, &[&[THANKS][..], &got[21..25]].concat());
                    }
                }
            }
        };
        until_beside(&mut ends, beside, |ends| ends[1].heard(TALK).len() == at);
    }
    let of_friends = |end: &End| {
        let mine = |up: &&Up| matches!(up, Up::Lost { peer } if peer.node.0 < 3);
        end.told.iter().filter(mine).count()
    };
    assert_eq!(ends.iter().map(of_friends).sum::<usize>(), 0);
    assert!(ends[1].counted("muts.greetings") <= 1_100 && ends[1].counted("muts.links") <= 4_096);
    if keys.is_some() {
        assert!(answered <= said, "{answered} bytes in answer to {said}");
        assert_eq!(ends[1].counted("muts.links"), 1);
    }
    ends[1].counted("muts.cookies_sent")
}

/// The hello of a node of this number, without keys.
fn hello(node: u32) -> Vec<u8> {
    let (name, mut bytes) = (u64::from(node) + 100, vec![HELLO]);
    bytes.extend(node.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(name.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(node.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend([1, 2]);
    bytes.resize(85, 0);
    bytes
}

#[test]
fn a_flood_of_strangers_does_not_keep_friends_from_talking() {
    assert_eq!(flood(Some(&keys())), 0, "strangers are told nothing");
    assert!(flood(None) > 0, "too many call: they have to show where they are");
}
