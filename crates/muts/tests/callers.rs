//! Callers, where more call than are heard: strangers shut no friend out, nor one host all others,
//! nor anybody who was introduced.
#![cfg(feature = "os")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Address, Config, Down, Guard, Instant, Layer, Packet, Transport, Up};

use crate::common::{Net, counted, proc};

const HELLO: u8 = 0x20;
const ANSWER: u8 = 0x22;
const COOKIE: u8 = 0x24;

/// Hellos are counted by windows of this length.
const WINDOW: Duration = Duration::from_millis(101);

/// More than are heard in one without showing where they are; and more places than are heard then.
const MANY: u16 = 300;

fn friends(node: u32) -> Option<Box<dyn Guard>> {
    static KEYS: OnceLock<[KeyFile; 2]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let one = KeyFile::generate(None);
        [one.clone(), KeyFile::generate(Some(&one))]
    });
    Some(Box::new(Keyed::new(&keys[node as usize - 1])))
}

/// A call of a stranger, who shows this cookie.
fn call(caller: u32, cookie: &[u8]) -> Bytes {
    [&[HELLO][..], &caller.to_le_bytes(), cookie, &[0xa5; 112]].concat().into()
}

#[test]
fn strangers_that_show_where_they_are_shut_no_friend_out() {
    let mut net = Net::guarded(0, 1, friends);
    // It knows nobody: whoever wants to meet it has to call.
    net.start(1, 1, 0);
    let strangers = 1_000..1_000 + u32::from(MANY);
    let mut cookies: BTreeMap<u32, Bytes> = BTreeMap::new();
    for round in 0..100 {
        if round == 50 {
            net.start(2, 2, 2);
        }
        for stranger in strangers.clone() {
            let cookie = cookies.get(&stranger).map_or(&[0; 16][..], |cookie| cookie);
            net.inject(1, stranger, call(stranger, cookie));
        }
        net.run_beside(Duration::from_millis(10), |_, _, to, bytes| {
            if bytes[0] == COOKIE && strangers.contains(&to) {
                cookies.insert(to, bytes.slice(5..21));
            }
        });
    }
    let back = |up: &Up| matches!(up, Up::Met { peer } if *peer == proc(2, 2));
    assert!(net.told(1).iter().any(back), "a friend meets beside {} strangers", cookies.len());
    assert_eq!(counted(&net, 1, "muts.dropped_stranger"), 100 * u64::from(MANY));
}

/// An end without keys, at which many call.
struct Door {
    end: Transport,
    now: Instant,
    /// What each caller was told to show.
    cookies: BTreeMap<SocketAddr, Bytes>,
    /// How often each was answered.
    answers: BTreeMap<SocketAddr, u32>,
}

impl Door {
    fn new() -> Self {
        let end = Transport::new(Config::new(proc(1, 1), 5));
        Self { end, now: Instant::ZERO, cookies: BTreeMap::new(), answers: BTreeMap::new() }
    }

    /// A node calls, which has what it was told to show, if it was.
    fn hear(&mut self, from: SocketAddr, node: u64) {
        let mut bytes = vec![HELLO];
        bytes.extend((node as u32).to_le_bytes());
        bytes.extend_from_slice(self.cookies.get(&from).map_or(&[0; 16][..], |cookie| cookie));
        bytes.extend(node.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend((node as u32).to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend([1, 2]);
        bytes.resize(85, 0);
        let packet = Packet { from: Address::Net(from), bytes: bytes.into() };
        self.end.receive(self.now, packet);
        while let Some(said) = self.end.transmit(self.now) {
            let (Address::Net(to), bytes) = (said.to, said.gather()) else { panic!("a network") };
            match bytes[0] {
                COOKIE => drop(self.cookies.insert(to, bytes.slice(5..21))),
                ANSWER => *self.answers.entry(to).or_default() += 1,
                _ => {}
            }
        }
    }

    /// All of these call, again and again, and then the last one: how often that one was answered
    /// while too many called.
    fn beside(&mut self, strangers: &[SocketAddr], last: SocketAddr) -> u32 {
        for window in 0..5_u64 {
            // Nobody is heard without a cookie from the second on.
            if window == 2 {
                self.answers.clear();
            }
            for (at, stranger) in (0..).zip(strangers) {
                self.hear(*stranger, 1_000 * (window + 1) + at);
            }
            (0..2).for_each(|at| self.hear(last, 100 + window * 2 + at));
            self.now += WINDOW;
            self.end.wake(self.now);
        }
        self.answers.get(&last).copied().unwrap_or(0)
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[test]
fn one_host_has_its_share_of_what_is_heard_whatever_ports_it_calls_from() {
    let hosts: [fn(u16) -> String; 3] = [
        |port| format!("10.0.0.1:{port}"),
        |port| format!("[2001:db8::{port:x}:{port:x}]:{port}"),
        |port| format!("[::ffff:10.0.0.1]:{port}"),
    ];
    for host in hosts {
        let strangers: Vec<SocketAddr> = (1..=MANY).map(|port| at(&host(port))).collect();
        for other in ["10.0.0.2:7", "[2001:db8:0:1::1]:7", "[::ffff:10.0.0.2]:7"] {
            let mut door = Door::new();
            assert!(door.beside(&strangers, at(other)) >= 3, "{other} beside {}", host(1));
            let heard: u32 = strangers.iter().filter_map(|one| door.answers.get(one)).sum();
            assert!((1..=3 * 32).contains(&heard), "{heard} calls of one host");
        }
    }
}

#[test]
fn who_was_introduced_is_heard_however_many_hosts_call() {
    let host = |host: u16| at(&format!("10.0.{}.{}:7", host / 250, host % 250));
    let strangers: Vec<SocketAddr> = (1..=MANY).map(host).collect();
    let (known, other) = (at("10.1.0.1:7"), at("10.1.0.2:7"));
    let mut door = Door::new();
    assert_eq!(door.beside(&strangers, other), 0, "the strangers come first");
    let mut door = Door::new();
    let meet = Down::Meet { node: proc(100, 1).node, address: Address::Net(known) };
    door.end.down(door.now, meet).expect("never full");
    assert!(door.beside(&strangers, known) >= 3);
}
