//! The hall over real sockets: one host, and three hosts on a bridge, made of network namespaces.
#![cfg(all(feature = "os", target_os = "linux", not(horus_loom)))]

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use muts::limits::DATAGRAM_BYTES_MAX;
use muts::os::Driver;
use muts::{
    Address, Audience, Channel, Config, Counted, Down, Layer, Message, NodeId, ProcId, Transport,
    Up,
};
use nix::sched::{CloneFlags, setns};

use super::untried::not_tried;

/// What is tried with network namespaces here.
const WHAT: &str = "the hall between three hosts on a bridge";

const PATIENCE: Duration = Duration::from_secs(30);

struct End {
    driver: Driver,
    transport: Transport,
    heard: Vec<usize>,
    upset: u32,
}

fn proc(node: usize) -> ProcId {
    ProcId { node: NodeId(node as u64), incarnation: 1 }
}

impl End {
    fn new(node: usize, driver: Driver, hall: SocketAddr, longest: usize) -> Self {
        let mut config = Config::new(proc(node), node as u64);
        config.datagram_bytes_max = longest;
        config.hall = Some(Address::Net(hall));
        let transport = Transport::new(config);
        Self { driver, transport, heard: vec![0; 8], upset: 0 }
    }

    fn ask(&mut self, ask: Down) -> bool {
        self.transport.down(self.driver.now(), ask).is_ok()
    }

    fn turn(&mut self) {
        self.driver.turn(&mut self.transport, Some(Duration::from_millis(1))).expect("a socket");
        while let Some(up) = self.transport.up() {
            match up {
                Up::Cast { from, .. } => self.heard[from.node.0 as usize] += 1,
                Up::Silent { .. } | Up::Lost { .. } => self.upset += 1,
                _ => {}
            }
        }
    }

    fn counted(&self, name: &str) -> u64 {
        let mut found = 0;
        self.transport.count(&mut |counter, value| {
            if counter == name {
                found = value;
            }
        });
        found
    }
}

fn acquaint(ends: &mut [End]) {
    let addresses: Vec<_> =
        ends.iter().map(|end| end.driver.local_address().expect("bound")).collect();
    for (at, end) in ends.iter_mut().enumerate() {
        let others = addresses.iter().enumerate().filter(|(other, _)| *other != at);
        for (other, address) in others.clone() {
            let meet = Down::Meet { node: NodeId(other as u64), address: Address::Net(*address) };
            assert!(end.ask(meet));
        }
        let peers = others.map(|(other, _)| proc(other)).collect();
        assert!(end.ask(Down::Open { channel: Channel(5), peers, credit: false }));
    }
}

/// The first casts so many messages; all others hear them.
fn cast(ends: &mut [End], messages: usize, bytes: usize) {
    let owed = ends[1].heard[0] + messages;
    let mut left = messages;
    let start = Instant::now();
    while left > 0 || ends[1..].iter().any(|end| end.heard[0] < owed) {
        assert!(start.elapsed() < PATIENCE, "{left} of {messages} are still to be cast");
        while left > 0
            && ends[0].ask(Down::Cast {
                channel: Channel(5),
                to: Audience::ALL,
                message: Message::new(vec![7; bytes]),
            })
        {
            left -= 1;
        }
        ends.iter_mut().for_each(End::turn);
    }
}

/// Until what the first says in the hall is for both of the others.
fn all_hear(ends: &mut [End]) {
    for _ in 0..20 {
        let spared = ends[0].counted("muts.hall_spared");
        while ends[0].counted("muts.hall_spared") == spared {
            cast(ends, 1, 1_000);
        }
    }
}

#[test]
fn processes_of_one_host_hear_each_other_in_the_hall() {
    // Of a range for private use, and another for each run of this test.
    let hall =
        format!("239.255.{}.7:{}", std::process::id() % 250, 20_000 + std::process::id() % 9_000);
    let hall: SocketAddr = hall.parse().expect("an address");
    let mut ends: Vec<End> = (0..3)
        .map(|node| {
            let mut driver = Driver::open("127.0.0.1:0".parse().expect("one")).expect("loopback");
            driver.join(hall).expect("a hall on loopback");
            End::new(node, driver, hall, DATAGRAM_BYTES_MAX)
        })
        .collect();
    acquaint(&mut ends);
    all_hear(&mut ends);
    let before = ["muts.hall_sent", "muts.hall_spared"].map(|name| ends[0].counted(name));
    cast(&mut ends, 2_000, 1_000);
    let said = ends[0].counted("muts.hall_sent") - before[0];
    let spared = ends[0].counted("muts.hall_spared") - before[1];
    assert!(said > 20 && spared == said, "{said} said, {spared} spared");
}

#[test]
fn a_hall_that_cannot_be_is_named_with_what_to_do() {
    let mut driver = Driver::open("127.0.0.1:0".parse().expect("one")).expect("loopback");
    for hall in ["127.0.0.1:0", "[ff12::7]:7000"] {
        let hall: SocketAddr = hall.parse().expect("an address");
        let told = driver.join(hall).expect_err("no group").to_string();
        assert!(told.contains(&hall.to_string()) && told.contains("239.255"), "{told}");
    }
}

/// Three hosts on a bridge; taken down again when it is dropped.
struct Bridge {
    prefix: String,
}

fn ip(line: &str) -> Result<String, String> {
    let words = line.split_whitespace();
    let out = Command::new("ip").args(words).stdin(Stdio::null()).output();
    let out = out.map_err(|error| format!("ip: {error}"))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(format!("ip {line}: {}", String::from_utf8_lossy(&out.stderr).trim()))
    }
}

impl Bridge {
    fn new() -> Result<Self, String> {
        let bridge = Self { prefix: format!("muts{}", std::process::id()) };
        let name = &bridge.prefix;
        ip(&format!("netns add {name}-b"))?;
        ip(&format!("-n {name}-b link add br0 type bridge mcast_snooping 0"))?;
        ip(&format!("-n {name}-b link set br0 up"))?;
        for host in 0..3 {
            ip(&format!("netns add {name}-{host}"))?;
            ip(&format!(
                "link add eth0 netns {name}-{host} type veth peer name port{host} netns {name}-b"
            ))?;
            ip(&format!("-n {name}-b link set port{host} master br0 up"))?;
            ip(&format!("-n {name}-{host} addr add 10.77.0.{}/24 dev eth0", host + 1))?;
            ip(&format!("-n {name}-{host} link set lo up"))?;
            ip(&format!("-n {name}-{host} link set eth0 up"))?;
        }
        Ok(bridge)
    }

    /// A driver on one of the hosts, and in the hall.
    fn driver(&self, host: usize, hall: SocketAddr) -> Driver {
        let space = format!("/var/run/netns/{}-{host}", self.prefix);
        // A socket stays in the space that its thread was in when it was opened.
        let open = move || {
            let space = File::open(space).expect("a network namespace");
            setns(space, CloneFlags::CLONE_NEWNET).expect("the right to enter it");
            let listen = format!("10.77.0.{}:7000", host + 1).parse().expect("an address");
            let mut driver = Driver::exposed(listen).expect("its address");
            driver.join(hall).expect("its hall");
            driver
        };
        std::thread::spawn(open).join().expect("a driver")
    }

    /// Bytes that a host has put on its wire.
    fn wire_bytes(&self, host: usize) -> u64 {
        let file = "/sys/class/net/eth0/statistics/tx_bytes";
        let text = ip(&format!("netns exec {}-{host} cat {file}", self.prefix)).expect("counted");
        text.trim().parse().expect("a number")
    }

    /// The bridge passes what goes to groups on to a host, or does not any more.
    fn pass(&self, host: usize, pass: bool) {
        let what = if pass { "on" } else { "off" };
        let line = format!("port{host} type bridge_slave mcast_flood {what}");
        ip(&format!("-n {}-b link set {line}", self.prefix)).expect("a port of the bridge");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        for space in ["0", "1", "2", "b"] {
            let _ = ip(&format!("netns del {}-{space}", self.prefix));
        }
    }
}

/// How often somebody was taken for deaf, or waited for in vain: either is served alone.
fn missed(ends: &[End]) -> u64 {
    ends[0].counted("muts.hall_given_up") + ends[0].counted("muts.overdue")
}

/// Casts while all hear; answers the bytes on the wire. Who is not given its turn by this machine
/// for a while is missed like one that hears nothing: then the cast shows nothing.
fn cast_heard(bridge: &Bridge, ends: &mut [End], casts: usize, bytes: usize) -> u64 {
    for _ in 0..20 {
        all_hear(ends);
        let (before, misses) = (bridge.wire_bytes(0), missed(ends));
        cast(ends, casts, bytes);
        if missed(ends) == misses {
            return bridge.wire_bytes(0) - before;
        }
    }
    panic!("somebody was missed in each of twenty casts");
}

#[test]
fn one_datagram_on_the_senders_wire_is_for_all_hosts_of_a_bridge() {
    if !nix::unistd::geteuid().is_root() {
        return not_tried(WHAT, "only root makes network namespaces");
    }
    let bridge = match Bridge::new() {
        Ok(bridge) => bridge,
        Err(why) => return not_tried(WHAT, &format!("no network namespaces here: {why}")),
    };
    let hall = "239.255.7.7:7001".parse().expect("an address");
    // Where a socket cannot forbid fragments the longest has to be said, or it travels in them.
    let portable = cfg!(feature = "portable");
    let longest = if portable { 1_452 } else { DATAGRAM_BYTES_MAX };
    let mut ends: Vec<End> =
        (0..3).map(|host| End::new(host, bridge.driver(host, hall), hall, longest)).collect();
    acquaint(&mut ends);
    all_hear(&mut ends);
    let payload = 2_000 * 1_000;
    // To each alone it would be twice that.
    let most = payload * 16 / 10;
    let all = cast_heard(&bridge, &mut ends, 2_000, 1_000);
    assert!(all > payload && all < most, "{all} bytes on the wire for {payload}");

    // One stops hearing in the middle: it is served alone, and nobody is upset.
    bridge.pass(2, false);
    let (before, misses) = (bridge.wire_bytes(0), missed(&ends));
    cast(&mut ends, 2_000, 1_000);
    let some = bridge.wire_bytes(0) - before;
    assert!(some > payload * 19 / 10, "{some} bytes on the wire for two ways of {payload}");
    assert!(missed(&ends) > misses);

    // It hears again, and is found.
    bridge.pass(2, true);
    let again = cast_heard(&bridge, &mut ends, 2_000, 1_000);
    assert!(again < most, "{again} bytes on the wire for {payload}");
    assert!(ends.iter().all(|end| end.upset == 0));
    eprintln!("bytes on the wire for {payload}: all {all}, one deaf {some}, all again {again}");
}
