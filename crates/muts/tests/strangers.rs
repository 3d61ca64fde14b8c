//! Strangers without keys: whoever speaks may become a peer, but takes no room from those that were
//! introduced, and no more memory than is set aside for all of its kind.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use muts::limits::{GREETINGS_MAX, LINKS_MAX};
use muts::{Address, Channel, Config, Counted, Down, Instant, Layer, Packet, Transport, Up};

use crate::common::{Net, counted, proc};

const HELLO: u8 = 0x20;
const ANSWER: u8 = 0x22;
const THANKS: u8 = 0x23;

/// Fewer than have to show a cookie.
const A_WINDOW: u32 = 200;
const WINDOW: Duration = Duration::from_millis(110);

/// The hello of a node of this number, which is also its end of the session.
fn hello(node: u32) -> Bytes {
    let mut bytes = vec![HELLO];
    bytes.extend(node.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(u64::from(node).to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(node.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    let (lowest, highest) = Config::new(proc(1, 1), 0).versions;
    bytes.extend([lowest, highest]);
    bytes.resize(85, 0);
    bytes.into()
}

#[test]
fn greetings_that_never_end_keep_neither_known_peers_out_nor_this_end_from_calling() {
    let mut net = Net::new(3, 1);
    net.ends.remove(&3);
    net.run(Duration::from_secs(1));
    for window in 0..40 {
        for at in 0..A_WINDOW {
            let node = 10_000 + window * A_WINDOW + at;
            net.inject(1, node, hello(node));
        }
        net.run(WINDOW);
        let greetings = counted(&net, 1, "muts.greetings");
        assert!(greetings <= GREETINGS_MAX as u64 + 64, "{greetings} under way");
    }
    assert!(counted(&net, 1, "muts.dropped_no_room") > 1_000);
    // One that calls by itself, and one that is called.
    net.start(2, 2, 1);
    net.start(3, 1, 0);
    for window in 0..10 {
        for at in 0..A_WINDOW {
            let node = 90_000 + window * A_WINDOW + at;
            net.inject(1, node, hello(node));
        }
        net.run(WINDOW);
    }
    let met = |who| net.told(1).iter().any(|up| matches!(up, Up::Met { peer } if *peer == who));
    assert!(met(proc(2, 2)) && met(proc(3, 1)));
}

#[test]
fn one_address_has_few_greetings_under_way() {
    let mut net = Net::new(1, 2);
    for node in 100..300 {
        net.inject(1, 7, hello(node));
    }
    assert!(counted(&net, 1, "muts.greetings") <= 8);
}

/// An end without keys, and strangers that greet it as they should.
struct Crowd {
    end: Transport,
    now: Instant,
    told: Vec<Up>,
    met: BTreeSet<u64>,
}

impl Crowd {
    fn new(silence: Duration) -> Self {
        let end = Transport::new(Config { silence, ..Config::new(proc(1, 1), 5) });
        Self { end, now: Instant::ZERO, told: Vec::new(), met: BTreeSet::new() }
    }

    fn hear(&mut self, from: u32, bytes: Bytes) {
        self.end.receive(self.now, Packet { from: Address::Pipe(from), bytes });
    }

    /// Answers are thanked; all else goes nowhere.
    fn settle(&mut self) {
        while let Some(said) = self.end.transmit(self.now) {
            let bytes = said.gather();
            let Address::Pipe(to) = said.to else { panic!("a pipe") };
            if bytes[0] == ANSWER {
                let thanks = [&[THANKS][..], &bytes[21..25]].concat();
                self.hear(to, thanks.into());
            }
        }
        for up in std::iter::from_fn(|| self.end.up()) {
            match up {
                Up::Met { peer } => {
                    self.met.insert(peer.node.0);
                }
                Up::Lost { peer } => {
                    self.met.remove(&peer.node.0);
                }
                other => self.told.push(other),
            }
        }
    }

    /// In steps: who is late itself is patient with others.
    fn pass(&mut self, time: Duration) {
        for _ in 0..10 {
            self.now += time / 10;
            self.end.wake(self.now);
            self.settle();
        }
    }

    fn greet(&mut self, nodes: std::ops::Range<u32>) {
        for (at, node) in (0..).zip(nodes) {
            self.hear(node, hello(node));
            self.settle();
            if at % A_WINDOW == A_WINDOW - 1 {
                self.pass(WINDOW);
            }
        }
    }

    fn counted(&self, name: &str) -> u64 {
        let mut found = 0;
        self.end.count(&mut |counter, value| found += if counter == name { value } else { 0 });
        found
    }
}

fn meet(node: u32) -> Down {
    Down::Meet { node: proc(node.into(), 1).node, address: Address::Pipe(node) }
}

#[test]
fn strangers_that_have_fallen_silent_make_room_and_who_has_a_reason_to_be_here_does_not() {
    let mut crowd = Crowd::new(Duration::from_secs(1));
    crowd.end.down(crowd.now, meet(2)).expect("never full");
    let open = Down::Open { channel: Channel(9), peers: vec![proc(3, 1)], credit: false };
    crowd.end.down(crowd.now, open).expect("never full");
    crowd.greet(2..4);
    crowd.greet(10_000..10_000 + LINKS_MAX as u32);
    assert_eq!(crowd.counted("muts.links"), LINKS_MAX as u64);
    (0..20).for_each(|_| crowd.pass(WINDOW));
    crowd.greet(20_000..20_000 + 2 * A_WINDOW);
    assert_eq!(crowd.counted("muts.links"), LINKS_MAX as u64);
    assert!(crowd.met.contains(&20_000) && crowd.met.len() == LINKS_MAX);
    assert!(crowd.met.contains(&2) && crowd.met.contains(&3), "introduced, and of a channel");
}

#[test]
fn where_strangers_fill_all_room_only_who_was_introduced_comes_in() {
    let mut crowd = Crowd::new(Duration::from_secs(1_000));
    crowd.greet(10_000..10_000 + LINKS_MAX as u32 + 50);
    assert_eq!(crowd.counted("muts.links"), LINKS_MAX as u64);
    assert_eq!(crowd.counted("muts.dropped_no_room"), 50);
    crowd.end.down(crowd.now, meet(2)).expect("never full");
    crowd.greet(2..4);
    assert!(crowd.met.contains(&2) && !crowd.met.contains(&3));
    assert_eq!(crowd.counted("muts.links_ousted"), 1);
    assert_eq!(crowd.counted("muts.links"), LINKS_MAX as u64);
}
