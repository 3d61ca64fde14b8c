//! Bench paper: the paper's own measurements (section 7), each beside the paper's number, as plots.

mod plots;

use std::path::{Path, PathBuf};

use plots::{Bar, bars, line};

use crate::common::alternate::{Pair, percentile};
use crate::common::figure::Figure;
use crate::common::options::Options;
use crate::{lwg, vsync};

/// A light-weight group's create against a core group's, created by a process that is not the view
/// manager's: 29 ms against 200 ms. A leave: 9 ms against 197 ms.
const CREATE: f64 = 29.0 / 200.0;
const LEAVE: f64 = 9.0 / 197.0;

/// Two core groups by turns against one, with two members and with four: 10 ms against 3.2 ms, and
/// 18 ms against 10.4 ms.
const ALTERNATE: [(usize, f64); 2] = [(2, 10.0 / 3.2), (4, 18.0 / 10.4)];

/// Measures, tells, and draws where no lines are wanted: into the documentation what was measured
/// for as long as it takes.
pub(crate) fn all(options: &Options) {
    let plots = if options.quick { "../../target/plots" } else { "../../docs/plots" };
    let plots = Path::new(env!("CARGO_MANIFEST_DIR")).join(plots);
    std::fs::create_dir_all(&plots).expect("a directory for plots");
    let place = |name: &str| (!options.json).then(|| plots.join(name));
    if options.wants("paper.operations") {
        operations(options, place("operations.svg"));
    }
    if options.wants("paper.alternate") {
        alternate(options, place("alternate.svg"));
    }
    if options.wants("paper.failure") {
        failure(options, place("failure.svg"));
    }
}

fn operations(options: &Options, place: Option<PathBuf>) {
    let mut drawn = Vec::new();
    for (bench, until, pairs) in lwg::scale::measured(options) {
        let paper = match bench {
            "lwg.create" => CREATE,
            "lwg.leave" => LEAVE,
            _ => continue,
        };
        let pair = Pair::of(&pairs);
        let kind = bench.trim_start_matches("lwg.");
        Figure::beside("paper.operations", "us", "core", pair)
            .with("kind", kind)
            .with("until", until)
            .with("paper", paper)
            .tell(options);
        if until == "outcome" {
            drawn.push(Bar::new(format!("{kind}, the paper"), paper, true));
        }
        drawn.push(Bar::new(format!("{kind}, until the {until}"), pair.ratio, false));
    }
    drawn.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(place) = place {
        bars(&place, "A light-weight group's operation, by a core group's", &drawn);
    }
}

fn alternate(options: &Options, place: Option<PathBuf>) {
    let mut drawn = Vec::new();
    for (members, paper) in ALTERNATE {
        let ours = lwg::figures::turns(options, members);
        let core = vsync::figures::turns(options, members, vsync::figures::GROUP);
        for (what, pair) in [("light-weight", ours), ("core", core)] {
            Figure::beside("paper.alternate", "us/msg", "streaming", pair)
                .with("members", members)
                .with("groups", what)
                .with("paper", paper)
                .tell(options);
            drawn.push(Bar::new(format!("{members} members, {what} groups"), pair.ratio, false));
        }
        drawn.push(Bar::new(format!("{members} members, the paper's core groups"), paper, true));
    }
    if let Some(place) = place {
        bars(&place, "A message to two groups by turns, by one to the same group", &drawn);
    }
}

fn failure(options: &Options, place: Option<PathBuf>) {
    let counts: &[u64] =
        if options.quick { &[1, 1_000, 20_000] } else { &[1, 1_000, 100_000, 1_000_000] };
    let mut drawn = Vec::new();
    for groups in counts {
        let runs = if *groups > 100_000 { 1 } else { options.pairs() };
        let resumed = percentile((0..runs).map(|_| lwg::failure::resumed(*groups)), 50);
        Figure::alone("paper.failure", "ms", resumed, runs).with("groups", *groups).tell(options);
        drawn.push((*groups as f64, resumed));
    }
    if let Some(place) = place {
        let title = concat!(
            "Milliseconds from the end of the process to the first message in the new view ",
            "(paper: one flush)"
        );
        line(&place, title, &drawn);
    }
}
