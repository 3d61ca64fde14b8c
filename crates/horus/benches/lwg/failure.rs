//! Failure: a process is killed that shares one core group with many light-weight groups.

use std::time::Duration;

use super::scale::make;
use crate::common::alternate::{Pair, percentile};
use crate::common::clock::now_ns;
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{MEMBERS, wait};
use crate::common::options::Options;
use crate::common::words::Words;
use crate::rival::spread;

/// As many as Spread was tried with.
const SPREAD_GROUPS: u64 = 1_000;

/// As many as have a core group each, for comparison.
const FEW_GROUPS: u64 = 1_000;

/// What a failure costs in messages is the same for one group and for many: they are few, so this
/// leaves no room for one more in the median.
const AS_MUCH: f64 = 1.05;

/// All that is to be told of the largest crowd, in milliseconds.
const LAST_VIEW_MS: f64 = 2_000.0;

/// How it went in one run.
struct Run {
    /// From the end of the process to the first message in the new view, in milliseconds.
    resumed: f64,
    /// From there to the last view, in milliseconds.
    last_view: f64,
    datagrams: f64,
    flushes: f64,
}

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if !options.wants("lwg.failure") && !options.wants("lwg.process_killed") {
        return;
    }
    let counts: &[u64] =
        if options.quick { &[1_000, 20_000] } else { &[1_000, 100_000, 1_000_000] };
    for groups in counts {
        let runs = if *groups > 100_000 { 3 } else { options.pairs() };
        let pairs: Vec<(Run, Run)> = (0..runs).map(|_| (kill(*groups), kill(1))).collect();
        tell(options, *groups, &pairs);
    }
    one_to_one(options);
}

/// The same against a core group for each group.
fn one_to_one(options: &Options) {
    let alone = || kill_in(&Words::new("lwg").with("policy", "one-to-one"), FEW_GROUPS);
    let pairs: Vec<(Run, Run)> =
        (0..options.pairs()).map(|_| (kill(FEW_GROUPS), alone())).collect();
    let pair = |what: fn(&Run) -> f64| {
        Pair::of(&pairs.iter().map(|(many, one)| (what(many), what(one))).collect::<Vec<_>>())
    };
    for (unit, pair) in [
        ("ms", pair(|run| run.resumed)),
        ("ms until the last view", pair(|run| run.last_view)),
        ("datagrams", pair(|run| run.datagrams)),
        ("flushes", pair(|run| run.flushes)),
    ] {
        Figure::beside("lwg.failure", unit, "one-to-one", pair)
            .with("groups", FEW_GROUPS)
            .tell(options);
    }
}

fn tell(options: &Options, groups: u64, pairs: &[(Run, Run)]) {
    let pair = |what: fn(&Run) -> f64| {
        Pair::of(&pairs.iter().map(|(many, one)| (what(many), what(one))).collect::<Vec<_>>())
    };
    Figure::beside("lwg.failure", "ms", "one group", pair(|run| run.resumed))
        .with("groups", groups)
        .goal(Goal::RatioAtMost(1.2))
        .tell(options);
    for (what, pair) in
        [("datagrams", pair(|run| run.datagrams)), ("flushes", pair(|run| run.flushes))]
    {
        Figure::beside("lwg.failure", what, "one group", pair)
            .with("groups", groups)
            .goal(Goal::RatioAtMost(AS_MUCH))
            .tell(options);
    }
    let last = percentile(pairs.iter().map(|(many, _)| many.last_view), 50);
    let figure = Figure::alone("lwg.process_killed", "ms", last, pairs.len());
    let figure = figure.with("groups", groups);
    if groups == SPREAD_GROUPS {
        let goal = Goal::AtMost(spread::KILLED_MS * spread::TIME);
        figure.with("spread", spread::KILLED_MS).goal(goal).tell(options);
    } else {
        figure.goal(Goal::AtMost(LAST_VIEW_MS)).tell(options);
    }
}

/// From the end of the process to the first message in the new view, in milliseconds.
pub(crate) fn resumed(groups: u64) -> f64 {
    kill(groups).resumed
}

fn kill(groups: u64) -> Run {
    kill_in(&Words::new("lwg"), groups)
}

fn kill_in(role: &Words, groups: u64) -> Run {
    let mut crew = Crew::start(role, MEMBERS);
    make(&mut crew, 0..groups);
    let ping = Words::new("ping").with("payload", 64).with("way", "one").with("order", "fbcast");
    crew.0[0].ask(&ping.with("count", 10_000_000).with("every_us", 500));
    wait(Duration::from_millis(300));
    let (count, made) = (Words::new("count"), Words::new("made"));
    // Whose view of the network is measured; whose flush it is.
    let before = [crew.0[1].ask(&count), crew.0[0].ask(&count)];
    let viewed = crew.0[1].ask(&made).get::<u64>("views");
    crew.kill_last();
    // The system takes its memory before it closes its socket: who has many groups dies longer.
    let at = now_ns();
    loop {
        wait(Duration::from_millis(5));
        let words = crew.0[1].ask(&made);
        let seen = words.get::<u64>("views") - viewed >= groups;
        let view = crew.0[1].ask(&Words::new("view"));
        let resumed: u64 = view.get("resumed");
        if !seen || view.get::<usize>("members") >= MEMBERS || resumed < at {
            continue;
        }
        let after = [crew.0[1].ask(&count), crew.0[0].ask(&count)];
        let grown =
            |at: usize, name: &str| after[at].get::<f64>(name) - before[at].get::<f64>(name);
        return Run {
            resumed: resumed.saturating_sub(at) as f64 / 1e6,
            last_view: words.get::<u64>("views_at").saturating_sub(at) as f64 / 1e6,
            datagrams: grown(0, "muts.datagrams_of_change"),
            flushes: grown(1, "vsync.flushes"),
        };
    }
}
