//! Figures: what is measured, under which parameters, against which floor and which goal.

use std::time::Duration;

use muts::keyed::KeyFile;

use crate::common::alternate::{alternate, percentile};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::options::Options;
use crate::common::words::Words;

/// Members of a crew.
const MEMBERS: usize = 4;
/// Before a window, until buffers and rates have found their level.
const WARM: Duration = Duration::from_millis(100);

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    let keys = Keys::new();
    let mut open = Crew::start(&Words::new("muts.ours"), MEMBERS);
    let mut sealed = Crew::start(&Words::new("muts.ours").with("keys", keys.path.display()), MEMBERS);
    let mut udp = Crew::start(&Words::new("muts.udp"), MEMBERS);
    if options.wants("muts.throughput") {
        for (encrypted, ours) in [(false, &mut open), (true, &mut sealed)] {
            for payload in [64, 400, 4_096, 65_536] {
                for senders in [1, MEMBERS] {
                    throughput(options, ours, &mut udp, (payload, senders, encrypted));
                }
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
        allocations(options, &mut open);
    }
    if options.wants("muts.goodput") {
        let mut bare = Crew::start(&Words::new("muts.ours"), MEMBERS);
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

fn wait(time: Duration) {
    std::thread::park_timeout(time);
}

/// Messages a second at one receiving member while these send all they can.
fn rate(crew: &mut Crew, payload: usize, senders: usize, window_ms: u64) -> f64 {
    crew.ask(&Words::new("flood").with("payload", payload).with("senders", senders));
    wait(WARM);
    let count = Words::new("count");
    let before = crew.0[1].ask(&count);
    wait(Duration::from_millis(window_ms));
    let after = crew.0[1].ask(&count);
    crew.ask(&Words::new("halt"));
    // What is still under way goes out of the way of whoever is measured next.
    wait(Duration::from_millis(30));
    let time = after.get::<u64>("at") - before.get::<u64>("at");
    let messages = after.get::<u64>("delivered") - before.get::<u64>("delivered");
    messages as f64 * 1e9 / time as f64
}

fn throughput(
    options: &Options,
    ours: &mut Crew,
    udp: &mut Crew,
    (payload, senders, encrypted): (usize, usize, bool),
) {
    let window = options.window_ms();
    let pair = alternate(
        options.pairs(),
        || rate(ours, payload, senders, window),
        || rate(udp, payload, senders, window),
    );
    let figure = Figure::beside("muts.throughput", "msg/s", "udp", pair)
        .with("payload", payload)
        .with("senders", senders)
        .with("encrypted", encrypted);
    let goal = if encrypted { 0.35 } else { 0.5 };
    let figure = if payload >= 400 { figure.goal(Goal::RatioAtLeast(goal)) } else { figure };
    figure.tell(options);
}

/// The times of one series of pings, in microseconds: the median and the 99th percentile.
fn times(crew: &mut Crew, payload: usize, way: &str, count: u64) -> (f64, f64) {
    let (every_us, listener) = (250, usize::from(way == "one"));
    crew.ask(&Words::new("times"));
    let ping = Words::new("ping").with("payload", payload).with("way", way);
    crew.ask(&ping.with("count", count).with("every_us", every_us));
    wait(Duration::from_micros(count * every_us) + Duration::from_millis(20));
    let told = crew.0[listener].ask(&Words::new("times"));
    crew.ask(&Words::new("halt"));
    (told.get("p50"), told.get("p99"))
}

fn latency(options: &Options, ours: &mut Crew, udp: &mut Crew, payload: usize, way: &str) {
    let count = options.window_ms() * 2;
    let (mut ours_99, mut udp_99) = (Vec::new(), Vec::new());
    let median = alternate(
        options.pairs(),
        || {
            let (p50, p99) = times(ours, payload, way, count);
            ours_99.push(p99);
            p50
        },
        || {
            let (p50, p99) = times(udp, payload, way, count);
            udp_99.push(p99);
            p50
        },
    );
    let (mut ours_99, mut udp_99) = (ours_99.into_iter(), udp_99.into_iter());
    let late = alternate(
        options.pairs(),
        || ours_99.next().expect("as many"),
        || udp_99.next().expect("as many"),
    );
    for (percentile, pair, goal) in [(50, median, 1.3), (99, late, 3.0)] {
        Figure::beside("muts.latency", "us", "udp", pair)
            .with("payload", payload)
            .with("percentile", percentile)
            .with("way", way)
            .goal(Goal::RatioAtMost(goal))
            .tell(options);
    }
}

fn allocations(options: &Options, crew: &mut Crew) {
    let (payload, count) = (400, Words::new("count"));
    crew.ask(&Words::new("flood").with("payload", payload).with("senders", 1));
    wait(WARM * 2);
    let before = crew.ask(&count);
    wait(Duration::from_millis(options.window_ms()));
    let after = crew.ask(&count);
    crew.ask(&Words::new("halt"));
    for (side, rank, counter) in
        [("send", 0, "muts.datagrams_sent"), ("receive", 1, "muts.datagrams_received")]
    {
        let grown = |name: &str| after[rank].get::<u64>(name) - before[rank].get::<u64>(name);
        let each = grown("calls") as f64 / grown(counter).max(1) as f64;
        Figure::alone("muts.allocations", "per datagram", each, 1)
            .with("side", side)
            .with("payload", payload)
            .goal(Goal::AtMost(0.01))
            .tell(options);
    }
}

fn goodput(options: &Options, lossy: &mut Crew, bare: &mut Crew, loss: u64, goal: f64) {
    let window = options.window_ms();
    lossy.ask(&Words::new("lose").with("percent", loss));
    let pair = alternate(
        options.pairs(),
        || rate(lossy, 4_096, 1, window),
        || rate(bare, 4_096, 1, window),
    );
    lossy.ask(&Words::new("lose").with("percent", 0));
    Figure::beside("muts.goodput", "msg/s", "lossless", pair)
        .with("loss", loss)
        .with("payload", 4_096)
        .goal(Goal::RatioAtLeast(goal))
        .tell(options);
}

fn idle(options: &Options) {
    let count = Words::new("count");
    let mut crew = Crew::start(&Words::new("muts.ours"), 2);
    for channels in [1_u64, 10_000] {
        let before = crew.0[0].ask(&count);
        crew.ask(&Words::new("idle").with("channels", channels));
        let opened = crew.0[0].ask(&count);
        let window = options.window_ms() * 4;
        let rates = (0..options.pairs()).map(|_| {
            let before = crew.0[0].ask(&count);
            wait(Duration::from_millis(window / 4));
            let after = crew.0[0].ask(&count);
            let sent = |words: &Words| words.get::<u64>("muts.datagrams_sent");
            let time = after.get::<u64>("at") - before.get::<u64>("at");
            (sent(&after) - sent(&before)) as f64 * 1e9 / time as f64
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
