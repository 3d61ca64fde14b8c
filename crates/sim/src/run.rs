//! One run: a family of applications, a storm, the judges.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use horus::check::Options;
use horus::history::Log;
use muts::{Counted, Duration, Layer};

use crate::choice::Choice;
use crate::limits::{FAULT_KINDS_MIN, FAULTS_MIN, PUT_AWAY, SETTLES_AFTER};
use crate::script::{App, Load, Phase, Plan, Wishes};
use crate::sight::{apart, unlike, unsettled, unsound};
use crate::storm::{Storm, fault_kinds, faults};
use crate::towers::{
    CoreWorld, LightWorld, StreamWorld, core_world, gated_core_world, gated_light_world,
    light_world, stream_world,
};
use crate::trace::Trace;
use crate::verdict::pronounce;
use crate::ways::Ways;
use crate::world::World;

/// Which floors stand, and which applications on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The transport alone.
    Streams,
    /// Core groups: the kernel on the transport.
    Core,
    /// Light-weight groups on both.
    Lwg,
    /// Core groups through the gate of a daemon.
    Gate,
    /// Light-weight groups through the gate of a daemon.
    GateLwg,
    /// Light-weight groups on both, with a thousand of them over a few core groups.
    Many,
    /// Light-weight groups on both, with a state in each that is transferred to whoever comes.
    State,
    /// Light-weight groups that move between core groups meanwhile: run only when it is named.
    Moves,
}

impl Family {
    /// Every family that is run unasked.
    pub const ALL: [Self; 7] =
        [Self::Streams, Self::Core, Self::Lwg, Self::Gate, Self::GateLwg, Self::Many, Self::State];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Core => "core",
            Self::Lwg => "lwg",
            Self::Gate => "gate",
            Self::GateLwg => "gate-lwg",
            Self::Many => "many",
            Self::State => "state",
            Self::Moves => "moves",
        }
    }

    /// How long a run lasts: groups have two minutes, of which a half minute is for settling;
    /// transports, and a thousand groups, show all they have in a minute.
    #[must_use]
    pub const fn lengths(self) -> Lengths {
        match self {
            Self::Streams | Self::Many => Lengths::MINUTE,
            _ => Lengths::TWO_MINUTES,
        }
    }

    /// How many runs of others take as long as one of this.
    #[must_use]
    pub const fn weight(self) -> u64 {
        if matches!(self, Self::Many) { 10 } else { 1 }
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
    /// What the world itself found wrong.
    pub complaints: Vec<String>,
    /// What was found wrong: the property first, the first offence first.
    pub violations: Vec<String>,
    /// Messages sent to groups.
    pub sent: u64,
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
    /// A minute, or a little less.
    pub const MINUTE: Self =
        Self { storm: Duration::from_secs(30), quiet: Duration::from_secs(25) };

    /// Two minutes.
    pub const TWO_MINUTES: Self =
        Self { storm: Duration::from_secs(95), quiet: Duration::from_secs(25) };
}

/// Runs one seed. A panic of a floor is a violation like any other.
#[must_use]
pub fn run(family: Family, mode: Mode, seed: u64, lengths: Lengths, trace: &Trace) -> Report {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let mut choice = Choice::from_seed(seed);
        let (world_seed, storm_choice) = (choice.below(u64::MAX), choice.fork());
        let mut storm = Storm::drawn(storm_choice, 1_000);
        let ways = Ways::drawn(&mut choice.fork(), family == Family::Streams);
        if !ways.has_hall() {
            storm = storm.without_hall();
        }
        match family {
            Family::Streams => {
                let hosts = choice.between(2, 5) as usize;
                let load = Load::drawn(&mut choice, &[vsync::Order::Fifo]);
                let mut world = stream_world(hosts, world_seed, load, ways, trace);
                let whole = rage(&mut world, &mut storm, mode, lengths);
                judge_streams(world, &whole)
            }
            Family::Core | Family::Gate => {
                let hosts = choice.between(3, 6) as usize;
                let plan = Plan::drawn(&mut choice, hosts);
                let causal_across = plan.config.causality == vsync::Causality::System
                    && !matches!(family, Family::Gate);
                let options = Options { causal_across, apart_excused: true, ..Options::default() };
                if causal_across {
                    // Sides of one group may both have members in one view of another.
                    storm = storm.without_partitions();
                }
                let mut world = match family {
                    Family::Gate => gated_core_world(hosts, world_seed, plan, ways, trace),
                    _ => core_world(hosts, world_seed, plan, ways, trace),
                };
                let whole = rage(&mut world, &mut storm, mode, lengths);
                let mut late = apart(&world, &whole);
                late.extend(unsettled(&world, &whole));
                late.extend(unsound(&world));
                let mut report = judge_core_by(world, &options);
                report.violations.extend(late);
                report
            }
            Family::Lwg | Family::GateLwg | Family::Many | Family::State | Family::Moves => {
                let few = if family == Family::Many { 4 } else { 2 };
                let hosts = choice.between(few, 5) as usize;
                let wishes = wishes(family, &mut choice, hosts);
                let mut world = match family {
                    Family::GateLwg => gated_light_world(hosts, world_seed, wishes, ways, trace),
                    _ => light_world(hosts, world_seed, wishes, ways, trace),
                };
                let whole = rage(&mut world, &mut storm, mode, lengths);
                let mut late = unsettled(&world, &whole);
                late.extend(unsound(&world));
                late.extend(unlike(&world, &whole));
                let mut report = judge_light(world);
                report.violations.extend(late);
                report
            }
        }
    }));
    caught.map_or_else(panicked, |mut report| {
        // What a floor promises comes before how it wastes its time.
        report.violations.append(&mut report.complaints);
        report.violations.extend(too_calm(&report, lengths));
        report
    })
}

/// A run that tried too little.
fn too_calm(report: &Report, lengths: Lengths) -> Option<String> {
    let (count, kinds) = (faults(&report.counts), fault_kinds(&report.counts));
    let calm = count < FAULTS_MIN || kinds.len() < FAULT_KINDS_MIN;
    let is_whole = lengths.storm >= Lengths::TWO_MINUTES.storm;
    (is_whole && calm).then(|| format!("void: {count} faults only, of {kinds:?}"))
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Report {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let what = what.unwrap_or_else(|| "of an unknown kind".to_owned());
    Report { violations: vec![format!("panic: {what}")], ..Report::default() }
}

/// Starts everybody, rages, and brings the world to its end. Tells who was whole there.
fn rage<T: Layer + Counted, A: App<Down = T::Down, Up = T::Up>>(
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
    settle(world, &whole, lengths.quiet);
    whole
}

/// Lets these hosts, which can all reach each other, settle for so long, marks that, and ends the
/// run. Where something that nobody uses is just being put away, the mark comes when that is done:
/// one who has left and one who is just leaving would be of two minds who is in the group. The end
/// comes when links on probation have had their time too.
pub fn settle<T: Layer + Counted, A: App<Down = T::Down, Up = T::Up>>(
    world: &mut World<T, A>,
    whole: &[usize],
    quiet: Duration,
) {
    world.enter(Phase::Quiet, whole);
    world.run_for(quiet);
    let wait = |world: &mut World<T, A>, looks: usize| {
        for _ in 0..looks {
            if unsettled(world, whole).is_empty() {
                break;
            }
            world.run_for(Duration::from_millis(100));
        }
    };
    wait(world, PUT_AWAY);
    world.enter(Phase::Settled, whole);
    world.run_for(Duration::from_millis(500));
    wait(world, SETTLES_AFTER);
    world.enter(Phase::End, whole);
}

/// The parts of a report that every family fills alike.
fn begin<T: Layer, A: App<Down = T::Down, Up = T::Up>>(world: &World<T, A>) -> Report {
    let complaint = |complaint: &String| format!("world: {complaint}");
    Report {
        complaints: world.complaints().iter().map(complaint).collect(),
        digest: world.digest(),
        simulated: world.now().since(muts::Instant::ZERO),
        counts: counts(world),
        ..Report::default()
    }
}

/// What was counted, and datagrams.
fn counts<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
    world: &World<T, A>,
) -> BTreeMap<&'static str, u64> {
    let mut counts = world.counts().clone();
    counts.insert("datagrams", world.network.counted().0);
    counts
}

/// Judges a world of transports; `whole` are the hosts that could reach each other at its end.
#[must_use]
pub fn judge_streams(world: StreamWorld, whole: &[usize]) -> Report {
    let alive: Vec<_> = whole.iter().map(|host| world.process(*host)).collect();
    let mut report = begin(&world);
    let findings = crate::streams::judge(&world.into_apps(), &alive);
    report.violations.extend(findings.violations);
    report.compared = findings.compared;
    report
}

/// Judges a world of kernels.
#[must_use]
pub fn judge_core(world: CoreWorld) -> Report {
    judge_core_by(world, &Options::default())
}

/// Judges a world of kernels that promise more.
fn judge_core_by(world: CoreWorld, options: &Options) -> Report {
    let mut report = begin(&world);
    for app in world.into_apps() {
        let name = app.diary.process(app.me);
        report.violations.extend(app.wrong.iter().map(|wrong| format!("{wrong} ({name})")));
        report.views += app.diary.counted().1;
        report.logs.push(app.diary.into_log());
    }
    pronounce(&mut report, options);
    report
}

/// Judges a world of light-weight groups.
#[must_use]
pub fn judge_light(world: LightWorld) -> Report {
    let mut report = begin(&world);
    for app in world.into_apps() {
        let name = app.diary.process(app.me);
        report.violations.extend(app.wrong.iter().map(|wrong| format!("{wrong} ({name})")));
        report.views += app.diary.counted().1;
        for (what, count) in app.counts() {
            *report.counts.entry(what).or_default() += count;
        }
        report.logs.push(app.diary.into_log());
    }
    pronounce(&mut report, &Options::default());
    report
}

/// What the clients of a run of light-weight groups are to do.
fn wishes(family: Family, choice: &mut Choice, hosts: usize) -> Wishes {
    match family {
        Family::Many => Wishes::drawn(choice, hosts).by_the_thousand(),
        Family::State => Wishes::drawn_states(choice, hosts),
        Family::Moves if choice.chance(100_000) => {
            Wishes::drawn_moves(choice, hosts).by_the_thousand()
        }
        Family::Moves => Wishes::drawn_moves(choice, hosts),
        Family::Lwg if choice.chance(300_000) => Wishes::drawn_moves(choice, hosts),
        _ => Wishes::drawn(choice, hosts),
    }
}
