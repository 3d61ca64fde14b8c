//! Figures: throughput, latency, and sending to two groups by turns.

use crate::common::alternate::{Pair, alternate};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{Flood, MEMBERS, rate, series};
use crate::common::options::Options;
use crate::common::words::Words;

const ORDERS: [&str; 3] = ["fbcast", "cbcast", "abcast"];

/// Between which messages causal order is kept: inside each group, or by the paper's rule (3.2).
pub(crate) const GROUP: &str = "group";
pub(crate) const CONSERVATIVE: &str = "conservative";

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("vsync.throughput") || options.wants("vsync.latency") {
        let mut ours = Crew::start(&Words::new("vsync"), MEMBERS);
        let mut bare = Crew::start(&Words::new("muts"), MEMBERS);
        if options.wants("vsync.throughput") {
            for order in ORDERS {
                for payload in payloads(options, order) {
                    for senders in [1, MEMBERS] {
                        throughput(options, (&mut ours, &mut bare), order, *payload, senders);
                    }
                }
            }
        }
        if options.wants("vsync.latency") {
            ORDERS.into_iter().for_each(|order| latency(options, &mut ours, &mut bare, order));
        }
    }
    if options.wants("vsync.beside") {
        beside_a_slow_one(options);
    }
    if options.wants("vsync.alternate") {
        for causality in [GROUP, CONSERVATIVE] {
            [2, 4].into_iter().for_each(|members| by_turns(options, members, causality));
        }
    }
}

/// In a hurry only what stands beside others' figures is measured with two.
fn payloads(options: &Options, order: &str) -> &'static [usize] {
    match (options.quick, order) {
        (true, "abcast") => &[64, 400],
        (true, _) => &[400],
        (false, _) => &[64, 400, 4_096],
    }
}

fn throughput(
    options: &Options,
    (ours, bare): (&mut Crew, &mut Crew),
    order: &str,
    payload: usize,
    senders: usize,
) {
    let given = format!("order={order} payload={payload} senders={senders}");
    if !options.wants(&format!("vsync.throughput {given}")) {
        return;
    }
    let (window, bare_flood) = (options.window_ms(), Flood::new(payload, senders));
    let flood = bare_flood.clone().with("order", order);
    let pair = alternate(
        options.pairs(),
        || rate(ours, &flood, window),
        || rate(bare, &bare_flood, window),
    );
    let goal = if order == "abcast" { 0.75 } else { 0.9 };
    Figure::beside("vsync.throughput", "msg/s", "muts", pair)
        .with("order", order)
        .with("payload", payload)
        .with("senders", senders)
        .with("members", MEMBERS)
        .goal(Goal::RatioAtLeast(goal))
        .tell(options);
}

fn latency(options: &Options, ours: &mut Crew, bare: &mut Crew, order: &str) {
    let ping = Words::new("ping").with("payload", 64).with("way", "one");
    let ordered = ping.clone().with("order", order);
    let (median, late) = series(options, (ours, &ordered), (bare, &ping));
    for (percentile, pair) in [(50, median), (99, late)] {
        let figure = Figure::beside("vsync.latency", "us", "muts", pair)
            .with("order", order)
            .with("percentile", percentile)
            .with("payload", 64);
        let goal = if order == "abcast" { 2.2 } else { 1.3 };
        let figure = if percentile == 50 { figure.goal(Goal::RatioAtMost(goal)) } else { figure };
        figure.tell(options);
    }
}

/// A member takes nothing in another group of the same processes, where the sender has as much
/// under way as it may (promises, row 14).
fn beside_a_slow_one(options: &Options) {
    let mut crew = Crew::start(&Words::new("vsync"), MEMBERS);
    let (payload, window) = (400, options.window_ms());
    let flood = Flood::new(payload, 1).with("order", "cbcast");
    let mut beside = |choked: bool| {
        crew.ask(&Words::new("choke").with("on", choked).with("payload", payload));
        rate(&mut crew, &flood, window)
    };
    let pair: Vec<_> = (0..options.pairs()).map(|_| (beside(true), beside(false))).collect();
    Figure::beside("vsync.beside", "msg/s", "without", Pair::of(&pair))
        .with("what", "a member that takes nothing in another group")
        .with("payload", payload)
        .goal(Goal::RatioAtLeast(0.9))
        .tell(options);
}

/// Two groups by turns against streaming into one (paper, section 7: 1.73 and 3.1 times slower).
fn by_turns(options: &Options, members: usize, causality: &str) {
    Figure::beside("vsync.alternate", "us/msg", "streaming", turns(options, members, causality))
        .with("members", members)
        .with("causality", causality)
        .tell(options);
}

/// The same, measured.
pub(crate) fn turns(options: &Options, members: usize, causality: &str) -> Pair {
    let mut crew = Crew::start(&Words::new("vsync").with("causality", causality), members);
    let stream = Flood::new(400, 1).with("order", "cbcast");
    let turns = stream.clone().with("lanes", 2);
    let window = options.window_ms();
    // How much longer the same number of messages takes.
    let pair: Vec<_> = (0..options.pairs())
        .map(|_| {
            let by_turns = rate(&mut crew, &turns, window);
            (1e6 / by_turns, 1e6 / rate(&mut crew, &stream, window))
        })
        .collect();
    Pair::of(&pair)
}
