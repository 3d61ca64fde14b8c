//! Figures: what the gate adds to the time of a message, what is left of the rate, and how often
//! the network is crossed.

use std::path::PathBuf;
use std::time::Duration;

use super::bound;
use super::wakes::Wakes;
use crate::common::alternate::{Pair, alternate, percentile};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{EVERY_US, Flood, rate, times, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// Clients at the host that hears.
const CLIENTS: [usize; 2] = [1, 4];

/// Beyond a wake-up each way, in microseconds.
const ADDED_GOAL_US: f64 = 25.0;
/// Of the rate of processes that embed the kernel.
const RATE_GOAL: f64 = 0.6;
/// Bytes on the network for each byte of a message, with all that goes beside it.
const CROSSINGS_GOAL: f64 = 1.3;

/// Two daemons, and clients: one at the first, the others at the second. Files go with it.
struct Town {
    clients: Crew,
    houses: Crew,
    base: String,
}

impl Town {
    fn start(clients: usize) -> Self {
        let name = format!("horus-bench-{}-{clients}-", std::process::id());
        let base = std::env::temp_dir().join(name).display().to_string();
        let houses = Crew::start(&Words::new("house").with("sockets", &base), 2);
        let clients = Crew::start(&Words::new("client").with("sockets", &base), clients + 1);
        Self { clients, houses, base }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.clients.0.clear();
        self.houses.0.clear();
        for host in 0..2 {
            let _ = std::fs::remove_file(format!("{}{host}", self.base));
        }
    }
}

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    let wanted = ["gate.latency", "gate.added", "gate.throughput", "gate.crossings"];
    if !wanted.into_iter().any(|bench| options.wants(bench)) {
        return;
    }
    for clients in CLIENTS {
        let mut town = Town::start(clients);
        let mut bare = Crew::start(&Words::new("vsync").with("named", 1), clients + 1);
        for crew in [&mut town.houses, &mut town.clients, &mut bare] {
            crew.ask(&bound());
        }
        if options.wants("gate.latency") || options.wants("gate.added") {
            latency(options, &mut town.clients, &mut bare, clients);
        }
        if options.wants("gate.throughput") {
            throughput(options, &mut town.clients, &mut bare, clients);
        }
        if options.wants("gate.crossings") {
            crossings(options, &mut town, clients);
        }
    }
}

/// One way, from the first rank to the second.
fn latency(options: &Options, ours: &mut Crew, bare: &mut Crew, clients: usize) {
    let path = std::env::temp_dir().join(format!("horus-bench-{}-wakes", std::process::id()));
    let mut wakes = Wakes::start(&path);
    let _ = std::fs::remove_file(PathBuf::from(&path));
    let ping = Words::new("ping").with("payload", 64).with("way", "one").with("order", "cbcast");
    let count = options.window_ms() * 2;
    let (mut medians, mut late, mut added, mut both) = (vec![], vec![], vec![], vec![]);
    for _ in 0..options.pairs() {
        let (a, b) = (times(ours, &ping, count), times(bare, &ping, count));
        let ways = wakes.median(count);
        medians.push((a.0, b.0));
        late.push((a.1, b.1));
        added.push(a.0 - b.0 - ways);
        both.push(ways);
    }
    for (percentile, pair) in [(50, Pair::of(&medians)), (99, Pair::of(&late))] {
        Figure::beside("gate.latency", "us", "embedded", pair)
            .with("clients", clients)
            .with("payload", 64)
            .with("percentile", percentile)
            .tell(options);
    }
    let middle = |values: Vec<f64>| percentile(values.into_iter(), 50);
    let runs = options.pairs();
    Figure::alone("gate.wake_ups", "us", middle(both), runs).with("ways", "both").tell(options);
    Figure::alone("gate.added", "us", middle(added), runs)
        .with("clients", clients)
        .with("payload", 64)
        .with("percentile", 50)
        .with("beyond", "embedded + wake_ups")
        .goal(Goal::AtMost(ADDED_GOAL_US))
        .tell(options);
}

fn throughput(options: &Options, ours: &mut Crew, bare: &mut Crew, clients: usize) {
    for payload in if options.quick { &[400][..] } else { &[64, 400, 4_096][..] } {
        let flood = Flood::new(*payload, 1).with("order", "cbcast");
        let window = options.window_ms();
        let pair = alternate(
            options.pairs(),
            || rate(ours, &flood, window),
            || rate(bare, &flood, window),
        );
        let figure = Figure::beside("gate.throughput", "msg/s", "embedded", pair)
            .with("clients", clients)
            .with("payload", *payload);
        let goal = Goal::RatioAtLeast(RATE_GOAL);
        let figure = if *payload == 400 { figure.goal(goal) } else { figure };
        figure.tell(options);
    }
}

/// What the daemon of the sender sends for each byte that is multicast, whoever hears it there.
fn crossings(options: &Options, town: &mut Town, clients: usize) {
    const PAYLOAD: u64 = 1_000;
    let count = options.window_ms() * 2;
    let sent =
        |town: &mut Town| town.houses.0[0].ask(&Words::new("count")).get::<u64>("muts.bytes_sent");
    let before = sent(town);
    let ping = Words::new("ping").with("payload", PAYLOAD).with("way", "one");
    let ping = ping.with("order", "cbcast").with("count", count).with("every_us", EVERY_US);
    town.clients.ask(&Words::new("times"));
    town.clients.ask(&ping);
    wait(Duration::from_micros(count * EVERY_US) + Duration::from_millis(50));
    let bytes = sent(town) - before;
    for member in &mut town.clients.0[1..] {
        let heard: u64 = member.ask(&Words::new("times")).get("count");
        assert_eq!(heard, count, "each client hears each message");
    }
    town.clients.ask(&Words::new("halt"));
    let crossings = bytes as f64 / (count * PAYLOAD) as f64;
    Figure::alone("gate.crossings", "bytes/byte", crossings, 1)
        .with("clients", clients)
        .with("payload", PAYLOAD)
        .goal(Goal::AtMost(CROSSINGS_GOAL))
        .tell(options);
}
