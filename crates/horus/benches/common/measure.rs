//! Measure: what several benchmarks measure the same way, whatever the floor.

use std::time::Duration;

use super::alternate::Pair;
use super::crew::Crew;
use super::options::Options;
use super::words::Words;

/// Members of a crew.
pub(crate) const MEMBERS: usize = 4;

/// Before a window, until buffers and rates have found their level.
pub(crate) const WARM: Duration = Duration::from_millis(100);

/// Between two pings: a second core is idle by then, and nothing is asleep for long.
pub(crate) const EVERY_US: u64 = 500;

/// What is sent as fast as it goes.
#[derive(Debug, Clone)]
pub(crate) struct Flood(Words);

impl Flood {
    /// Messages of this length from so many.
    pub(crate) fn new(payload: usize, senders: usize) -> Self {
        Self(Words::new("flood").with("payload", payload).with("senders", senders))
    }

    /// As it is said.
    pub(crate) const fn words(&self) -> &Words {
        &self.0
    }

    /// And this field.
    pub(crate) fn with(self, name: &str, value: impl std::fmt::Display) -> Self {
        Self(self.0.with(name, value))
    }
}

/// Lets time go by.
pub(crate) fn wait(time: Duration) {
    std::thread::park_timeout(time);
}

/// Messages a second at one receiving member, its own not counted.
pub(crate) fn rate(crew: &mut Crew, flood: &Flood, window_ms: u64) -> f64 {
    crew.ask(&flood.0);
    wait(WARM);
    let count = Words::new("count");
    let before = crew.0[1].ask(&count);
    wait(Duration::from_millis(window_ms));
    let after = crew.0[1].ask(&count);
    crew.ask(&Words::new("halt"));
    // What is still under way goes out of the way of whoever is measured next.
    wait(Duration::from_millis(30));
    let time = after.get::<u64>("at") - before.get::<u64>("at");
    let messages = after.get::<u64>("delivered") - before.get::<u64>("delivered");
    messages as f64 * 1e9 / time as f64
}

/// The times of one series of pings, in microseconds: the median and the 99th percentile.
pub(crate) fn times(crew: &mut Crew, ping: &Words, count: u64) -> (f64, f64) {
    let listener = usize::from(ping.get::<String>("way") == "one");
    crew.ask(&Words::new("times"));
    crew.ask(&ping.clone().with("count", count).with("every_us", EVERY_US));
    wait(Duration::from_micros(count * EVERY_US) + Duration::from_millis(20));
    let told = crew.0[listener].ask(&Words::new("times"));
    crew.ask(&Words::new("halt"));
    (told.get("p50"), told.get("p99"))
}

/// Series of pings by turns: the medians, and the 99th percentiles.
pub(crate) fn series(
    options: &Options,
    ours: (&mut Crew, &Words),
    against: (&mut Crew, &Words),
) -> (Pair, Pair) {
    let count = options.window_ms() * 2;
    let (mut medians, mut late) = (Vec::new(), Vec::new());
    let bind = |own: bool| Words::new("bind").with("own", own);
    ours.0.ask(&bind(true));
    against.0.ask(&bind(true));
    for _ in 0..options.pairs() {
        let (a, b) = (times(ours.0, ours.1, count), times(against.0, against.1, count));
        medians.push((a.0, b.0));
        late.push((a.1, b.1));
    }
    ours.0.ask(&bind(false));
    against.0.ask(&bind(false));
    (Pair::of(&medians), Pair::of(&late))
}
