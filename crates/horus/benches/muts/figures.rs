//! Figures: what is measured, under which parameters, against which floor and which goal.

use std::time::Duration;

use muts::keyed::KeyFile;

use crate::common::alternate::{alternate, percentile};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{Flood, MEMBERS, WARM, rate, series, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(2);

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    let keys = Keys::new();
    let mut open = Crew::start(&Words::new("muts"), MEMBERS);
    let mut sealed = Crew::start(&Words::new("muts").with("keys", keys.path.display()), MEMBERS);
    let mut udp = Crew::start(&Words::new("udp"), MEMBERS);
    if options.wants("muts.throughput") {
        for (encrypted, ours) in [(false, &mut open), (true, &mut sealed)] {
            for payload in [64, 400, 4_096, 65_536] {
                for senders in [1, MEMBERS] {
                    throughput(options, ours, &mut udp, (payload, senders, encrypted));
                }
            }
        }
    }
    if options.wants("muts.neighbours") {
        let beside = Beside::new();
        let role = Words::new("muts").with("beside", beside.0.display());
        let mut beside = Crew::start(&role, MEMBERS);
        for payload in [400, 65_536] {
            for senders in [1, MEMBERS] {
                neighbours(options, &mut beside, &mut open, (payload, senders));
            }
        }
    }
    if options.wants("muts.latency") {
        for payload in [64, 400, 4_096] {
            for way in ["one", "round"] {
                latency(options, &mut open, &mut udp, payload, way);
            }
        }
    }
    if options.wants("muts.allocations") {
        for (encrypted, ours) in [(false, &mut open), (true, &mut sealed)] {
            for payload in [64, 400, 4_096, 65_536] {
                allocations(options, ours, payload, encrypted);
            }
        }
    }
    if options.wants("muts.goodput") {
        let mut bare = Crew::start(&Words::new("muts"), MEMBERS);
        for (loss, goal) in [(10, 0.3), (30, 0.05)] {
            goodput(options, &mut open, &mut bare, loss, goal);
        }
    }
    if options.wants("muts.idle") {
        idle(options);
    }
}

/// Keys of one run, in a file that goes with it.
struct Keys {
    path: std::path::PathBuf,
}

impl Keys {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("horus-bench-{}.keys", std::process::id()));
        horus::write_keys(&path, &KeyFile::generate(None)).expect("room for a file");
        Self { path }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A directory of one run, that goes with it.
struct Beside(std::path::PathBuf);

impl Beside {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("horus-bench-{}.beside", std::process::id())))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Local sockets against the same on loopback.
fn neighbours(
    options: &Options,
    beside: &mut Crew,
    loopback: &mut Crew,
    (payload, senders): (usize, usize),
) {
    if !options.wants(&format!("muts.neighbours payload={payload} senders={senders}")) {
        return;
    }
    let (window, flood) = (options.window_ms(), Flood::new(payload, senders));
    let pair = alternate(
        options.pairs(),
        || rate(beside, &flood, window),
        || rate(loopback, &flood, window),
    );
    Figure::beside("muts.neighbours", "msg/s", "loopback", pair)
        .with("payload", payload)
        .with("senders", senders)
        .tell(options);
}

fn throughput(
    options: &Options,
    ours: &mut Crew,
    udp: &mut Crew,
    (payload, senders, encrypted): (usize, usize, bool),
) {
    let given = format!("payload={payload} senders={senders} encrypted={encrypted}");
    if !options.wants(&format!("muts.throughput {given}")) {
        return;
    }
    let (window, flood) = (options.window_ms(), Flood::new(payload, senders));
    let pair =
        alternate(options.pairs(), || rate(ours, &flood, window), || rate(udp, &flood, window));
    let figure = Figure::beside("muts.throughput", "msg/s", "udp", pair)
        .with("payload", payload)
        .with("senders", senders)
        .with("encrypted", encrypted);
    let goal = if encrypted { 0.35 } else { 0.5 };
    let figure = if payload >= 400 { figure.goal(Goal::RatioAtLeast(goal)) } else { figure };
    figure.tell(options);
}

fn latency(options: &Options, ours: &mut Crew, udp: &mut Crew, payload: usize, way: &str) {
    if !options.wants(&format!("muts.latency payload={payload} way={way}")) {
        return;
    }
    let ping = Words::new("ping").with("payload", payload).with("way", way);
    let (median, late) = series(options, (ours, &ping), (udp, &ping));
    for (percentile, pair, goal) in [(50, median, 1.3), (99, late, 3.0)] {
        Figure::beside("muts.latency", "us", "udp", pair)
            .with("payload", payload)
            .with("percentile", percentile)
            .with("way", way)
            .goal(Goal::RatioAtMost(goal))
            .tell(options);
    }
}

fn allocations(options: &Options, crew: &mut Crew, payload: usize, encrypted: bool) {
    let count = Words::new("count");
    if !options.wants(&format!("muts.allocations payload={payload} encrypted={encrypted}")) {
        return;
    }
    // Telling takes some of its own.
    let quiet = (crew.ask(&count), crew.ask(&count));
    crew.ask(&Words::new("flood").with("payload", payload).with("senders", 1));
    wait(WARM * 2);
    let before = crew.ask(&count);
    wait(Duration::from_millis(options.window_ms()));
    let after = crew.ask(&count);
    crew.ask(&Words::new("halt"));
    for (side, rank, counter) in
        [("send", 0, "muts.datagrams_sent"), ("receive", 1, "muts.datagrams_received")]
    {
        let grown = |name: &str, (from, to): (&[Words], &[Words])| {
            to[rank].get::<u64>(name) - from[rank].get::<u64>(name)
        };
        let told = grown("calls", (&quiet.0, &quiet.1));
        let calls = grown("calls", (&before, &after)).saturating_sub(told);
        let each = calls as f64 / grown(counter, (&before, &after)).max(1) as f64;
        Figure::alone("muts.allocations", "per datagram", each, 1)
            .with("side", side)
            .with("payload", payload)
            .with("encrypted", encrypted)
            .goal(Goal::AtMost(0.01))
            .tell(options);
    }
}

fn goodput(options: &Options, lossy: &mut Crew, bare: &mut Crew, loss: u64, goal: f64) {
    let (window, flood) = (options.window_ms(), Flood::new(4_096, 1));
    lossy.ask(&Words::new("lose").with("percent", loss));
    let pair =
        alternate(options.pairs(), || rate(lossy, &flood, window), || rate(bare, &flood, window));
    lossy.ask(&Words::new("lose").with("percent", 0));
    Figure::beside("muts.goodput", "msg/s", "lossless", pair)
        .with("loss", loss)
        .with("payload", 4_096)
        .goal(Goal::RatioAtLeast(goal))
        .tell(options);
}

fn idle(options: &Options) {
    let count = Words::new("count");
    let mut crew = Crew::start(&Words::new("muts"), MEMBERS);
    for channels in [1_u64, 10_000] {
        let before = crew.0[0].ask(&count);
        crew.ask(&Words::new("idle").with("channels", channels));
        // Until the last of them has said what there is to say of it.
        wait(WARM * 10);
        let opened = crew.0[0].ask(&count);
        let rates = (0..options.pairs()).map(|_| {
            let before = crew.0[0].ask(&count);
            // Of a few heartbeats one more or less would be many.
            wait(Duration::from_millis(options.window_ms()).max(IDLE));
            let after = crew.0[0].ask(&count);
            // Both ways on all of its links.
            let crossed = |words: &Words| {
                let [sent, received] = ["muts.datagrams_sent", "muts.datagrams_received"]
                    .map(|name| words.get::<u64>(name));
                (sent + received) as f64 / (MEMBERS - 1) as f64
            };
            let time = after.get::<u64>("at") - before.get::<u64>("at");
            (crossed(&after) - crossed(&before)) * 1e9 / time as f64
        });
        let rate = percentile(rates, 50);
        Figure::alone("muts.idle", "datagrams/s", rate, options.pairs())
            .with("channels", channels)
            .goal(Goal::AtMost(20.0))
            .tell(options);
        let held = |words: &Words| words.get::<u64>("bytes") as f64;
        if channels > 1 {
            let each = (held(&opened) - held(&before)) / channels as f64;
            Figure::alone("muts.idle", "bytes/channel", each, 1)
                .with("channels", channels)
                .goal(Goal::AtMost(1_024.0))
                .tell(options);
        }
    }
}
