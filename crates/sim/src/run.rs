//! One run: a family of applications, a storm, the judges.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use horus::history::Log;
use muts::{Duration, Layer};

use crate::choice::Choice;
use crate::script::{App, Phase};
use crate::storm::Storm;
use crate::trace::Trace;
use crate::world::World;

mod core;
mod light;
mod streams;

/// Which floors stand, and which applications on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The transport alone.
    Streams,
    /// Core groups: the kernel on the transport.
    Core,
    /// Light-weight groups on both.
    Lwg,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Streams, Self::Core, Self::Lwg];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Core => "core",
            Self::Lwg => "lwg",
        }
    }
}

/// What happens at the end of the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Anything breaks at any time; then everything is whole.
    Safety,
    /// Then some are whole for good and must converge; all else stays broken for good.
    Liveness,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Safety, Self::Liveness];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Liveness => "liveness",
        }
    }
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Equal for equal runs.
    pub digest: u64,
    /// Pretended time.
    pub simulated: Duration,
    /// Faults by kind, and whatever else was counted.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was found wrong: the property first, the first offence first.
    pub violations: Vec<String>,
    /// Deliveries that were compared.
    pub compared: u64,
    /// Views that were told.
    pub views: u64,
    /// The histories.
    pub logs: Vec<Log>,
}

/// How long a run lasts.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// Faults and load.
    pub storm: Duration,
    /// To settle: the promise.
    pub quiet: Duration,
}

impl Lengths {
    /// For fixed and fresh seeds in tests.
    pub const SHORT: Self = Self { storm: Duration::from_secs(30), quiet: Duration::from_secs(25) };
}

/// Runs one seed. A panic of a floor is a violation like any other.
#[must_use]
pub fn run(family: Family, mode: Mode, seed: u64, lengths: Lengths, trace: &Trace) -> Report {
    let caught = catch_unwind(AssertUnwindSafe(|| match family {
        Family::Streams => streams::run(mode, seed, lengths, trace),
        Family::Core => core::run(mode, seed, lengths, trace),
        Family::Lwg => light::run(mode, seed, lengths, trace),
    }));
    caught.unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = what.unwrap_or_else(|| "of an unknown kind".to_owned());
        Report { violations: vec![format!("panic: {what}")], ..Report::default() }
    })
}

/// Drives a world through a storm to its end. Tells who was whole at the end.
fn weather<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
    world: &mut World<T, A>,
    storm: &mut Storm,
    mode: Mode,
    lengths: Lengths,
) -> Vec<usize> {
    for host in 0..world.hosts() {
        world.start(host);
        world.run_for(Duration::from_millis(7));
    }
    storm.rage(world, lengths.storm);
    let whole = match mode {
        Mode::Safety => storm.calm(world),
        Mode::Liveness => storm.calm_some(world),
    };
    world.enter(Phase::Quiet, &whole);
    world.run_for(lengths.quiet);
    world.enter(Phase::Settled, &whole);
    world.run_for(Duration::from_millis(500));
    world.enter(Phase::End, &whole);
    whole
}

/// The parts of a report that every family fills alike.
fn begin<T: Layer, A: App<Down = T::Down, Up = T::Up>>(world: &World<T, A>) -> Report {
    let complaint = |complaint: &String| format!("world: {complaint}");
    Report {
        digest: world.digest(),
        simulated: world.now().since(muts::Instant::ZERO),
        counts: world.counts().clone(),
        violations: world.complaints().iter().map(complaint).collect(),
        ..Report::default()
    }
}

/// The choices of a run: for the world, the storm and the plan, each its own.
fn choices(seed: u64) -> (u64, Choice, Choice) {
    let mut choice = Choice::from_seed(seed);
    (choice.below(u64::MAX), choice.fork(), choice.fork())
}
