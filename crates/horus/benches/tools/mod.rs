//! Tools: what a replicated state costs beside the group that it is kept in.

use std::time::Duration;

use crate::common::alternate::{Pair, alternate, percentile};
use crate::common::crew::Crew;
use crate::common::figure::Figure;
use crate::common::measure::{EVERY_US, Flood, MEMBERS, WARM, rate, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// Of a state that comes to a member.
const BYTES: u64 = 64 << 20;
const BYTES_QUICK: u64 = 16 << 20;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("tools.commands") {
        commands(options);
    }
    if options.wants("tools.state") || options.wants("tools.beside") {
        state(options);
    }
}

fn crew(bytes: u64) -> Crew {
    Crew::start(&Words::new("tools").with("bytes", bytes), MEMBERS)
}

/// Commands that move the state of a member, beside ABCASTs of as many bytes.
fn commands(options: &Options) {
    let (mut ours, mut bare) = (crew(0), Crew::start(&Words::new("lwg"), MEMBERS));
    for senders in [1, MEMBERS] {
        let (flood, window) = (Flood::new(400, senders), options.window_ms());
        let total = flood.clone().with("order", "abcast");
        let pair = alternate(
            options.pairs(),
            || rate(&mut ours, &flood, window),
            || rate(&mut bare, &total, window),
        );
        Figure::beside("tools.commands", "commands/s", "lwg", pair)
            .with("payload", 400)
            .with("senders", senders)
            .with("members", MEMBERS)
            .tell(options);
    }
}

/// A state comes to a member that was out; meanwhile another group of the same members is used.
fn state(options: &Options) {
    let bytes = if options.quick { BYTES_QUICK } else { BYTES };
    let mut crew = crew(bytes);
    let (mut took, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..options.pairs() {
        ask_until(&mut crew, "remove", |told, _| !told.get::<bool>("is_in"));
        let ping = Words::new("ping").with("payload", 64).with("way", "one");
        crew.ask(&ping.with("count", u64::MAX).with("every_us", EVERY_US));
        wait(WARM);
        crew.ask(&Words::new("times"));
        wait(Duration::from_millis(options.window_ms()));
        let alone: f64 = crew.0[1].ask(&Words::new("times")).get("p99");
        let ready = |told: &Words, since| told.get::<u64>("ready_at") > since;
        let (since, told) = ask_until(&mut crew, "add", ready);
        took.push((told.get::<u64>("ready_at") - since) as f64 / 1e9);
        beside.push((crew.0[1].ask(&Words::new("times")).get::<f64>("p99"), alone));
        crew.ask(&Words::new("halt"));
    }
    let seconds = percentile(took.iter().copied(), 50);
    Figure::alone("tools.state", "MB/s", bytes as f64 / 1e6 / seconds, took.len())
        .with("bytes", bytes)
        .tell(options);
    Figure::beside("tools.beside", "us", "no state on its way", Pair::of(&beside))
        .with("bytes", bytes)
        .with("percentile", 99)
        .tell(options);
}

/// Has the first member ask for something that concerns the last, and waits until that shows: when
/// it was asked, and what the last says then.
fn ask_until(crew: &mut Crew, verb: &str, shows: impl Fn(&Words, u64) -> bool) -> (u64, Words) {
    let since: u64 = crew.0[0].ask(&Words::new(verb)).get("at");
    loop {
        wait(Duration::from_millis(2));
        let told = crew.0[MEMBERS - 1].ask(&Words::new("state"));
        if shows(&told, since) {
            return (since, told);
        }
    }
}
