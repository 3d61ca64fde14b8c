//! Scale: what a light-weight group costs at rest, and to make, change and leave, against a core
//! group.

use std::time::Duration;

use crate::common::alternate::Pair;
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{MEMBERS, wait};
use crate::common::options::Options;
use crate::common::words::Words;
use crate::rival::spread;

/// A figure and its counterpart, each run.
pub(crate) type Pairs = Vec<(f64, f64)>;

/// Creates that are to be carried out in a second.
const CREATES_A_SECOND: f64 = 200_000.0;

/// Core groups that as many groups are spread over.
const SPREAD_OVER: u64 = 200;

/// Operations of one kind in one run.
const WORKS: u64 = 100;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("lwg.bytes") {
        bytes(options);
    }
    if options.wants("lwg.create_rate") {
        create_rate(options);
    }
    let kinds = ["create", "add", "remove", "leave"];
    if kinds.iter().any(|kind| options.wants(&format!("lwg.{kind}"))) {
        operations(options);
    }
}

/// Makes so many of all members, and answers how many seconds that took at the creator.
pub(crate) fn make(crew: &mut Crew, groups: std::ops::Range<u64>) -> f64 {
    let wanted = groups.end - groups.start;
    let (before, members) = (views(crew), crew.0.len());
    let make = Words::new("make").with("from", groups.start).with("to", groups.end);
    let since: u64 = crew.0[0].ask(&make.with("members", members)).get("at");
    let made = Words::new("made");
    loop {
        wait(Duration::from_millis(10));
        let words = crew.0[0].ask(&made);
        let all = views(crew).iter().zip(&before).all(|(now, before)| now - before >= wanted);
        if all && words.get::<u64>("done") == wanted {
            return words.get::<u64>("at").saturating_sub(since) as f64 / 1e9;
        }
    }
}

/// Views told so far, at each.
pub(super) fn views(crew: &mut Crew) -> Vec<u64> {
    crew.ask(&Words::new("made")).iter().map(|words| words.get("views")).collect()
}

fn bytes(options: &Options) {
    let evenly = Words::new("lwg").with("policy", "evenly").with("core_groups", SPREAD_OVER);
    for (role, core_groups) in [(Words::new("lwg"), 1), (evenly, SPREAD_OVER)] {
        let groups: u64 = if options.quick { 100_000 } else { 1_000_000 };
        let mut crew = Crew::start(&role, MEMBERS);
        let count = Words::new("count");
        let before = crew.ask(&count);
        // The core groups come first, each with a group.
        make(&mut crew, 0..core_groups);
        make(&mut crew, core_groups..groups);
        wait(Duration::from_secs(1));
        let after = crew.ask(&count);
        let grown =
            |rank: usize| after[rank].get::<f64>("bytes") - before[rank].get::<f64>("bytes");
        let each = (0..MEMBERS).map(grown).fold(0.0, f64::max) / groups as f64;
        assert!(after[0].get::<u64>("lwg.core_groups") >= core_groups, "not spread");
        Figure::alone("lwg.bytes", "bytes", each, 1)
            .with("groups", groups)
            .with("core_groups", core_groups)
            .with("spread", spread::GROUP_BYTES)
            .goal(Goal::AtMost(64.0))
            .tell(options);
    }
}

fn create_rate(options: &Options) {
    let (lights, cores): (u64, u64) = if options.quick { (20_000, 200) } else { (100_000, 1_000) };
    let mut ours = Crew::start(&Words::new("lwg"), MEMBERS);
    let mut core = Crew::start(&Words::new("vsync"), MEMBERS);
    let pairs: Vec<_> = (0..options.pairs() as u64)
        .map(|run| {
            let ours = make(&mut ours, run * lights..(run + 1) * lights);
            let core = found(&mut core, run * cores..(run + 1) * cores);
            (lights as f64 / ours, cores as f64 / core)
        })
        .collect();
    let pair = Pair::of(&pairs);
    Figure::beside("lwg.create_rate", "1/s", "core", pair)
        .with("groups", lights)
        .goal(Goal::RatioAtLeast(50.0))
        .tell(options);
    Figure::alone("lwg.create_rate", "1/s", pair.ours, pair.runs)
        .with("groups", lights)
        .goal(Goal::AtLeast(CREATES_A_SECOND))
        .tell(options);
}

/// Founds so many core groups at once, and answers how many seconds that took.
fn found(crew: &mut Crew, groups: std::ops::Range<u64>) -> f64 {
    let since = crate::common::clock::now_ns();
    crew.0[0].ask(&Words::new("idle").with("from", groups.start).with("to", groups.end));
    while crew.0[0].ask(&Words::new("complete")).get::<u64>("groups") < groups.end {
        wait(Duration::from_millis(1));
    }
    (crate::common::clock::now_ns() - since) as f64 / 1e9
}

/// Until the outcome is told, and until the view is that an operation makes; of core groups the
/// view is all that is told.
fn operations(options: &Options) {
    for (bench, until, pairs) in measured(options) {
        let figure = Figure::beside(bench, "us", "core", Pair::of(&pairs));
        let figure = figure.with("percentile", 50).with("until", until);
        let outcome = until == "outcome";
        let figure = if outcome { figure.goal(Goal::RatioAtMost(0.05)) } else { figure };
        figure.tell(options);
    }
}

/// Each kind of operation, until when, and how long it takes ours and a core group's.
pub(crate) fn measured(options: &Options) -> Vec<(&'static str, &'static str, Pairs)> {
    let mut ours = Crew::start(&Words::new("lwg"), MEMBERS);
    let mut core = Crew::start(&Words::new("vsync"), MEMBERS);
    let mut all: Vec<(&'static str, &'static str, Pairs)> = Vec::new();
    for until in ["outcome", "view"] {
        let kinds = ["lwg.create", "lwg.add", "lwg.remove", "lwg.leave"];
        all.extend(kinds.map(|bench| (bench, until, Vec::new())));
    }
    for run in 0..options.pairs() as u64 {
        for (at, until) in [(0, "outcome"), (4, "view")] {
            let from = (2 * run + u64::from(at > 0)) * WORKS;
            let (groups, last) = (|| from..from + WORKS, MEMBERS - 1);
            let work = |crew: &mut Crew, rank, kind| work(crew, rank, (kind, until), groups());
            let created = (work(&mut ours, 0, "create"), work(&mut core, 0, "create"));
            let added = (work(&mut ours, 0, "add"), work(&mut core, 0, "add"));
            let core_leave = work(&mut core, last, "leave");
            // The kernel has nobody removed by somebody else: leaving is what there is to compare.
            let removed = (work(&mut ours, 0, "remove"), core_leave);
            work(&mut ours, 0, "add");
            let left = (work(&mut ours, last, "leave"), core_leave);
            for (at, pair) in (at..).zip([created, added, removed, left]) {
                all[at].2.push(pair);
            }
        }
    }
    all
}

/// Does so many, one after the other, at this rank: the median in microseconds.
pub(super) fn work(
    crew: &mut Crew,
    rank: usize,
    (kind, until): (&str, &str),
    groups: std::ops::Range<u64>,
) -> f64 {
    // What the one before has begun is over: each finds its group at rest.
    wait(Duration::from_millis(20));
    let words = Words::new("work").with("kind", kind).with("until", until);
    crew.0[rank].ask(&words.with("from", groups.start).with("to", groups.end));
    loop {
        wait(Duration::from_millis(5));
        let words = crew.0[rank].ask(&Words::new("worked"));
        if words.get::<u64>("left") == 0 {
            return words.get("p50");
        }
    }
}
