//! Rivals: total order beside Corosync's closed process groups, on the same bridge of four hosts.

use crate::common::alternate::{Pair, alternate};
use crate::common::crew::Crew;
use crate::common::figure::{Figure, Goal};
use crate::common::measure::{Flood, MEMBERS, rate, series};
use crate::common::options::Options;
use crate::common::words::Words;
use crate::rival::corosync::{Corosync, DEFAULT, Setting, TUNED, TUNED_LONG, agreed};

use super::changes::{change, kill};

/// Payloads, and how many times as fast as it ships ours should be while all four send.
const RATES: [(usize, f64); 3] = [(64, 20.0), (400, 20.0), (4_096, 5.0)];

/// How many times as fast as what is tuned.
const RATE_TUNED: f64 = 5.0;

/// Milliseconds of one flood: rates of this many differ by less than those of two runs.
const WINDOW_MS: u64 = 400;

const KINDS: [&str; 3] = ["leave", "join", "kill"];

/// Whose figures stand beside ours, on what, and which of them are wanted.
struct Beside<'a> {
    options: &'a Options,
    setting: Setting,
    /// Payload, senders and goal of each.
    rates: Vec<(usize, usize, Option<f64>)>,
    latency: bool,
    changes: bool,
}

/// Measures and tells everything that is wanted.
pub(super) fn all(options: &Options) {
    let [long, long_udpu] = TUNED_LONG;
    for setting in [DEFAULT, TUNED, long, long_udpu] {
        let beside = Beside::new(options, setting);
        if beside.rates.is_empty() && !beside.latency && !beside.changes {
            continue;
        }
        match Corosync::start(setting) {
            Ok(ring) => beside.measure(&ring),
            Err(why) => beside.skip(&why),
        }
    }
}

impl<'a> Beside<'a> {
    fn new(options: &'a Options, setting: Setting) -> Self {
        let (default, long) = (setting.name == DEFAULT.name, setting.mtu > DEFAULT.mtu);
        let mut rates = Vec::new();
        for (payload, goal) in RATES {
            // Of 4 KiB in ordinary packets what ships is the best.
            let pointless = payload > 400 && !default && !long;
            let hasty = options.quick && (payload > 400 || long || (payload < 400 && !default));
            for senders in [1, MEMBERS] {
                let alone = senders == 1 && (long || options.quick);
                let given = format!("order=abcast payload={payload} senders={senders}");
                let wanted = options.wants(&format!("vsync.throughput {given}"));
                if wanted && !pointless && !hasty && !alone {
                    let goal = if default { goal } else { RATE_TUNED };
                    rates.push((payload, senders, (senders == MEMBERS).then_some(goal)));
                }
            }
        }
        let latency = !long && (default || !options.quick);
        let latency = latency && options.wants("vsync.latency order=abcast");
        let changes = default && options.wants("vsync.view_change");
        Self { options, setting, rates, latency, changes }
    }

    fn measure(&self, ring: &Corosync) {
        let mut ours = ring.hosts.crew(&Words::new("vsync"));
        let mut rival = ring.clients();
        for (payload, senders, goal) in &self.rates {
            let figure = self.rate(&mut ours, &mut rival, *payload, *senders);
            let figure = self.of_rate(figure, *payload, *senders);
            let goal = goal.map(Goal::RatioAtLeast);
            goal.map_or(figure.clone(), |goal| figure.goal(goal)).tell(self.options);
        }
        if self.latency {
            let ping = Words::new("ping").with("payload", 64).with("way", "one");
            let ordered = ping.clone().with("order", "abcast");
            let (median, late) = series(self.options, (&mut ours, &ordered), (&mut rival, &ping));
            for (percentile, pair) in [(50, median), (99, late)] {
                let figure = Figure::beside("vsync.latency", "us", self.setting.name, pair);
                let figure = self.of_latency(figure, percentile);
                let middle = percentile == 50;
                let goal = Goal::RatioAtMost(1.0);
                let figure = if middle { figure.goal(goal) } else { figure };
                figure.tell(self.options);
            }
        }
        if self.changes {
            self.change(ring, (&mut ours, &mut rival));
        }
    }

    fn rate(&self, ours: &mut Crew, rival: &mut Crew, payload: usize, senders: usize) -> Figure {
        let flood = Flood::new(payload, senders).with("order", "abcast");
        let window = self.options.window_ms().min(WINDOW_MS);
        let pair = alternate(
            self.options.pairs(),
            || rate(ours, &flood, window),
            || {
                let rate = rate(rival, &flood, window);
                agreed(rival);
                // Nothing in a whole window does happen; a ratio wants a number.
                rate.max(1.0)
            },
        );
        Figure::beside("vsync.throughput", "msg/s", self.setting.name, pair)
    }

    fn change(&self, ring: &Corosync, (ours, rival): (&mut Crew, &mut Crew)) {
        let mut taken: [Vec<(f64, f64)>; KINDS.len()] = Default::default();
        for _ in 0..self.options.pairs() * 2 {
            for (at, members) in [(0, MEMBERS - 1), (1, MEMBERS)] {
                let took = |crew: &mut Crew| change(crew, KINDS[at], members).0;
                taken[at].push((took(ours), took(rival)));
            }
        }
        for _ in 0..self.options.pairs() {
            let ours = kill(&mut ring.hosts.crew(&Words::new("vsync"))).0;
            taken[2].push((ours, kill(&mut ring.clients()).0));
        }
        for (kind, pairs) in KINDS.into_iter().zip(&taken) {
            let figure =
                Figure::beside("vsync.view_change", "ms", self.setting.name, Pair::of(pairs));
            self.of_change(figure, kind).tell(self.options);
        }
    }

    /// All that would have been told.
    fn skip(&self, why: &str) {
        let skipped = |bench| Figure::skipped(bench, Some(self.setting.name), why);
        for (payload, senders, _) in &self.rates {
            let figure = skipped("vsync.throughput");
            self.of_rate(figure, *payload, *senders).tell(self.options);
        }
        if self.latency {
            for percentile in [50, 99] {
                self.of_latency(skipped("vsync.latency"), percentile).tell(self.options);
            }
        }
        if self.changes {
            for kind in KINDS {
                self.of_change(skipped("vsync.view_change"), kind).tell(self.options);
            }
        }
    }

    fn of_rate(&self, figure: Figure, payload: usize, senders: usize) -> Figure {
        let figure = figure.with("order", "abcast").with("payload", payload);
        figure.with("senders", senders).with("members", MEMBERS).with("mtu", self.setting.mtu)
    }

    fn of_latency(&self, figure: Figure, percentile: usize) -> Figure {
        let figure = figure.with("order", "abcast").with("percentile", percentile);
        figure.with("payload", 64).with("mtu", self.setting.mtu)
    }

    fn of_change(&self, figure: Figure, kind: &str) -> Figure {
        figure.with("kind", kind).with("mtu", self.setting.mtu)
    }
}
