//! Joins: very many groups at once, and one more member of one; by Spread's measures.

use std::time::Duration;

use super::scale::{make, views, work};
use crate::common::alternate::percentile;
use crate::common::clock::now_ns;
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{MEMBERS, wait};
use crate::common::options::Options;
use crate::common::words::Words;
use crate::rival::spread;

/// Groups of one burst, and processes in each.
const BURST: u64 = 10_000;
const PROCESSES: usize = 3;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("lwg.burst") {
        burst(options);
    }
    if options.wants("lwg.join") {
        join(options);
    }
}

/// From the first create until every member has been told the last view.
fn burst(options: &Options) {
    let mut crew = Crew::start(&Words::new("lwg"), PROCESSES);
    let taken: Vec<f64> = (0..options.pairs() as u64)
        .map(|run| {
            let since = now_ns();
            make(&mut crew, run * BURST..(run + 1) * BURST);
            let told = crew.ask(&Words::new("made"));
            let last = told.iter().map(|words| words.get::<u64>("views_at")).max().unwrap_or(0);
            last.saturating_sub(since) as f64 / 1e6
        })
        .collect();
    let middle = percentile(taken.iter().copied(), 50);
    Figure::alone("lwg.burst", "ms", middle, taken.len())
        .with("groups", BURST)
        .with("processes", PROCESSES)
        .with("spread", spread::BURST_MS)
        .goal(Goal::AtMost(spread::BURST_MS * spread::TIME))
        .tell(options);
}

/// From the ask that adds a process to a group of three until it has its view, and until all have.
fn join(options: &Options) {
    let rounds: u64 = if options.quick { 50 } else { 400 };
    let mut crew = Crew::start(&Words::new("lwg"), MEMBERS);
    work(&mut crew, 0, ("create", "view"), 0..rounds);
    crew.ask(&Words::new("bind").with("own", true));
    let add = Words::new("work").with("kind", "add").with("until", "view");
    let (mut newcomer, mut last) = (Vec::new(), Vec::new());
    for group in 0..rounds {
        let before = views(&mut crew);
        let since: u64 =
            crew.0[0].ask(&add.clone().with("from", group).with("to", group + 1)).get("at");
        let viewed = loop {
            wait(Duration::from_millis(3));
            let made = crew.ask(&Words::new("made"));
            let new = made.iter().zip(&before).all(|(words, one)| words.get::<u64>("views") > *one);
            if new {
                break made;
            }
        };
        let took = |words: &Words| (words.get::<u64>("views_at") - since) as f64 / 1e3;
        newcomer.push(took(&viewed[MEMBERS - 1]));
        last.push(viewed.iter().map(took).fold(0.0, f64::max));
    }
    for (at, taken, theirs) in
        [("newcomer", newcomer, spread::JOIN_US[0]), ("last", last, spread::JOIN_US[1])]
    {
        Figure::alone("lwg.join", "us", percentile(taken.iter().copied(), 50), taken.len())
            .with("at", at)
            .with("percentile", 50)
            .with("spread", theirs)
            .goal(Goal::AtMost(theirs * spread::TIME))
            .tell(options);
    }
}
