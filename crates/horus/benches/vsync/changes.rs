//! Changes: how long a view change takes, and how long it keeps a sender from sending.

use std::time::Duration;

use crate::common::alternate::percentile;
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{MEMBERS, times, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// Longer than any view change that is not broken.
const PATIENCE: usize = 1_000;

/// From the end of a process to the view without it, where its host lives.
const KILL_MS: f64 = 50.0;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if !options.wants("vsync.view_change") && !options.wants("vsync.pause") {
        return;
    }
    let (mut leaves, mut joins, mut kills) = (Vec::new(), Vec::new(), Vec::new());
    let mut crew = Crew::start(&Words::new("vsync"), MEMBERS);
    for _ in 0..options.pairs() * 2 {
        leaves.push(change(&mut crew, "leave", MEMBERS - 1));
        joins.push(change(&mut crew, "join", MEMBERS));
    }
    for _ in 0..options.pairs() {
        let mut crew = Crew::start(&Words::new("vsync"), MEMBERS);
        wait(Duration::from_millis(50));
        kills.push(kill(&mut crew));
    }
    let clean = (500.0 * round_trip_ms() + 100.0).round() / 100.0;
    for (kind, taken, goal) in
        [("leave", leaves, clean), ("join", joins, clean), ("kill", kills, KILL_MS)]
    {
        let ms = percentile(taken.iter().map(|(ms, _)| *ms), 50);
        Figure::alone("vsync.view_change", "ms", ms, taken.len())
            .with("kind", kind)
            .goal(Goal::AtMost(goal))
            .tell(options);
        // Whoever waits for room waits for the longest of them.
        let longest = taken.iter().map(|(_, pause)| *pause).fold(0.0, f64::max);
        Figure::alone("vsync.pause", "ms", longest, taken.len()).with("kind", kind).tell(options);
    }
}

/// A datagram and its echo, in this very minute: a clean change may take five of them and 1 ms.
fn round_trip_ms() -> f64 {
    let mut udp = Crew::start(&Words::new("udp"), 2);
    times(&mut udp, &Words::new("ping").with("payload", 64).with("way", "round"), 400).0 / 1e3
}

/// The time until the last member has the view, and the longest pause of a sender meanwhile.
pub(super) fn change(crew: &mut Crew, verb: &str, members: usize) -> (f64, f64) {
    begin_pings(crew);
    let at: u64 = crew.0[MEMBERS - 1].ask(&Words::new(verb)).get("at");
    let took = until_viewed(crew, members, at);
    (took, end_pings(crew))
}

pub(super) fn kill(crew: &mut Crew) -> (f64, f64) {
    begin_pings(crew);
    let at = crew.kill_last();
    let took = until_viewed(crew, MEMBERS - 1, at);
    (took, end_pings(crew))
}

fn begin_pings(crew: &mut Crew) {
    let ping = Words::new("ping").with("payload", 64).with("way", "one").with("order", "fbcast");
    crew.0[0].ask(&ping.with("count", 1_000_000).with("every_us", 500));
    wait(Duration::from_millis(30));
}

/// The longest time that a ping waited for room, in milliseconds.
fn end_pings(crew: &mut Crew) -> f64 {
    wait(Duration::from_millis(30));
    let pause: f64 = crew.0[0].ask(&Words::new("view")).get("pause");
    crew.0[0].ask(&Words::new("halt"));
    pause / 1e6
}

/// Milliseconds from then until the first so many have a view of so many members.
fn until_viewed(crew: &mut Crew, members: usize, since: u64) -> f64 {
    for _ in 0..PATIENCE {
        wait(Duration::from_millis(2));
        let view = Words::new("view");
        let viewed: Vec<Words> =
            crew.0[..members].iter_mut().map(|member| member.ask(&view)).collect();
        if viewed.iter().all(|words| words.get::<usize>("members") == members) {
            let last = viewed.iter().map(|words| words.get::<u64>("at")).max().unwrap_or(0);
            return last.saturating_sub(since) as f64 / 1e6;
        }
    }
    panic!("no view of {members} members came");
}
