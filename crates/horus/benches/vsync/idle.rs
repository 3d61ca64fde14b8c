//! Idle: what core groups cost in which nothing happens.

use std::time::Duration;

use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{MEMBERS, wait};
use crate::common::options::Options;
use crate::common::words::Words;

/// Groups founded before the next are: what is under way is bounded.
const AT_ONCE: u64 = 500;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if !options.wants("vsync.core_group") {
        return;
    }
    let groups: u64 = if options.quick { 1_000 } else { 10_000 };
    let mut crew = Crew::start(&Words::new("vsync"), MEMBERS);
    wait(Duration::from_millis(500));
    let count = Words::new("count");
    let before = crew.ask(&count);
    for from in (0..groups).step_by(AT_ONCE as usize) {
        let to = (from + AT_ONCE).min(groups);
        crew.0[0].ask(&Words::new("idle").with("from", from).with("to", to));
        while crew.0[0].ask(&Words::new("complete")).get::<u64>("groups") < to {
            wait(Duration::from_millis(20));
        }
    }
    wait(Duration::from_secs(2));
    let after = crew.ask(&count);
    let grown = |rank: usize| after[rank].get::<f64>("bytes") - before[rank].get::<f64>("bytes");
    let bytes = (0..MEMBERS).map(grown).fold(0.0, f64::max) / groups as f64;
    Figure::alone("vsync.core_group", "bytes", bytes, 1)
        .with("groups", groups)
        .goal(Goal::AtMost(4_096.0))
        .tell(options);
    let before = crew.ask(&count);
    wait(Duration::from_millis(options.window_ms() * 4));
    let after = crew.ask(&count);
    let busy = |rank: usize| {
        let time = after[rank].get::<f64>("at") - before[rank].get::<f64>("at");
        (after[rank].get::<f64>("cpu") - before[rank].get::<f64>("cpu")) / time * 100.0
    };
    let percent = (0..MEMBERS).map(busy).fold(0.0, f64::max);
    Figure::alone("vsync.core_group", "% of a core", percent, 1)
        .with("groups", groups)
        .goal(Goal::AtMost(1.0))
        .tell(options);
}
