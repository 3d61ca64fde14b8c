//! Bystander: what a multicast costs a member of the core group that is not in the group.

use std::time::Duration;

use crate::common::alternate::Pair;
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{Flood, MEMBERS, WARM, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if !options.wants("lwg.bystander") {
        return;
    }
    let mut crew = Crew::start(&Words::new("lwg"), MEMBERS);
    for semantics in ["strict", "relaxed"] {
        for payload in if options.quick { &[400][..] } else { &[64, 400, 4_096][..] } {
            let flood = Flood::new(*payload, 1).with("order", "fbcast").with("to", semantics);
            let pairs: Vec<_> =
                (0..options.pairs()).map(|_| cost(&mut crew, &flood, options)).collect();
            Figure::beside("lwg.bystander", "ns/msg", "member", Pair::of(&pairs))
                .with("payload", *payload)
                .with("semantics", semantics)
                .goal(Goal::RatioAtMost(0.05))
                .tell(options);
        }
    }
}

/// The processor's time for each message: at the last process, which is outside, and at a member.
fn cost(crew: &mut Crew, flood: &Flood, options: &Options) -> (f64, f64) {
    crew.ask(flood.words());
    wait(WARM);
    let count = Words::new("count");
    let before = crew.ask(&count);
    wait(Duration::from_millis(options.window_ms()));
    let after = crew.ask(&count);
    crew.ask(&Words::new("halt"));
    wait(Duration::from_millis(30));
    let grown =
        |rank: usize, name: &str| after[rank].get::<f64>(name) - before[rank].get::<f64>(name);
    let messages = grown(1, "delivered").max(1.0);
    (grown(MEMBERS - 1, "cpu") / messages, grown(1, "cpu") / messages)
}
