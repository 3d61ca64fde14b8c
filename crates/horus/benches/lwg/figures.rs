//! Figures: sending on a light-weight group against its bare core group, and by turns on two.

use crate::common::alternate::{Pair, alternate};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{Flood, MEMBERS, rate, series};
use crate::common::options::Options;
use crate::common::words::Words;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("lwg.send") {
        let mut ours = Crew::start(&Words::new("lwg"), MEMBERS);
        let mut core = Crew::start(&Words::new("vsync"), MEMBERS);
        for payload in if options.quick { &[400][..] } else { &[64, 400, 4_096][..] } {
            send(options, &mut ours, &mut core, *payload);
        }
        latency(options, &mut ours, &mut core);
    }
    if options.wants("lwg.alternate") {
        [2, 4].into_iter().for_each(|members| by_turns(options, members));
    }
}

fn send(options: &Options, ours: &mut Crew, core: &mut Crew, payload: usize) {
    let (window, flood) = (options.window_ms(), Flood::new(payload, 1).with("order", "cbcast"));
    let pair =
        alternate(options.pairs(), || rate(ours, &flood, window), || rate(core, &flood, window));
    Figure::beside("lwg.send", "msg/s", "core", pair)
        .with("payload", payload)
        .with("what", "throughput")
        .goal(Goal::RatioAtLeast(0.9))
        .tell(options);
}

fn latency(options: &Options, ours: &mut Crew, core: &mut Crew) {
    let ping = Words::new("ping").with("payload", 64).with("way", "one").with("order", "cbcast");
    let (median, _) = series(options, (ours, &ping), (core, &ping));
    Figure::beside("lwg.send", "us", "core", median)
        .with("payload", 64)
        .with("what", "latency")
        .goal(Goal::RatioAtMost(1.1))
        .tell(options);
}

/// Two groups on one core group by turns against streaming into one.
fn by_turns(options: &Options, members: usize) {
    Figure::beside("lwg.alternate", "us/msg", "streaming", turns(options, members))
        .with("members", members)
        .goal(Goal::RatioAtMost(1.02))
        .tell(options);
}

/// The same, measured.
pub(crate) fn turns(options: &Options, members: usize) -> Pair {
    let mut crew = Crew::start(&Words::new("lwg"), members);
    let stream = Flood::new(400, 1).with("order", "cbcast");
    let turns = stream.clone().with("lanes", 2);
    let window = options.window_ms();
    // How much longer the same number of messages takes.
    let pairs: Vec<_> = (0..options.pairs())
        .map(|_| {
            let by_turns = rate(&mut crew, &turns, window);
            (1e6 / by_turns, 1e6 / rate(&mut crew, &stream, window))
        })
        .collect();
    Pair::of(&pairs)
}
