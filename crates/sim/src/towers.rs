//! The towers under test, and worlds full of them.

use lwg::{Adaptive, Groups, SetId, Smallest};
use muts::{Duration, ProcId, Transport};
use vsync::{Endpoint, Kernel};

use crate::gated::{Core, Gated};
use crate::limits::GOOD_MAX;
use crate::script::{Birth, Client, Keepers, Load, Member, Plan, Stream, Wishes};
use crate::tap::Tap;
use crate::trace::Trace;
use crate::ways::Ways;
use crate::world::World;

/// The transport alone.
pub type StreamTower = Tap<Transport>;
/// The kernel on the transport, or a door to one.
pub type CoreTower = Tap<Core>;
/// Light-weight groups on both.
pub type LightTower = Tap<Groups<CoreTower>>;

/// A world of transports.
pub type StreamWorld = World<StreamTower, Stream>;
/// A world of kernels.
pub type CoreWorld = World<CoreTower, Member>;
/// A world of light-weight groups.
pub type LightWorld = World<LightTower, Client>;

fn stream_tower(birth: &Birth, me: ProcId, ways: Ways, trace: &Trace) -> StreamTower {
    let transport = Transport::new(muts::Config { me, ..ways.config(birth) });
    Tap::new(transport, trace.clone(), birth.name.clone(), "transport")
}

fn core_tower(
    birth: &Birth,
    gated: bool,
    ways: Ways,
    trace: &Trace,
    config: vsync::Config,
) -> CoreTower {
    let core = if gated {
        let below = |daemon| stream_tower(birth, daemon, ways, trace);
        Core::Gated(Gated::new(birth, config, below))
    } else {
        Core::Here(Kernel::new(stream_tower(birth, birth.me, ways, trace), config))
    };
    Tap::new(core, trace.clone(), birth.name.clone(), "kernel")
}

fn light_tower(
    birth: &Birth,
    gated: bool,
    ways: Ways,
    trace: &Trace,
    adapts: Option<Duration>,
) -> LightTower {
    let mut config = vsync::Config::new(birth.me, birth.seed);
    config.good_max = GOOD_MAX;
    let below = core_tower(birth, gated, ways, trace, config);
    let mut config = lwg::Config::new(Endpoint::of(birth.me));
    // What is not drawn from the plan's chance leaves all else as it was.
    config.at_once = [1, 3, config.at_once][birth.seed as usize % 3];
    let mut groups = Groups::new(below, config);
    if let Some(period) = adapts {
        // Idle core groups go soon, and nearly equal ones become one, so that storms see both.
        let base = Smallest { grace: Some(Duration::from_secs(3)), ..Smallest::default() };
        let policy = Adaptive { base, period, share_over: 2 };
        groups.set_policy(SetId::DEFAULT, Box::new(policy));
    }
    Tap::new(groups, trace.clone(), birth.name.clone(), "groups")
}

/// A world of transports, none started, whose applications make this load.
#[must_use]
pub fn stream_world(hosts: usize, seed: u64, load: Load, ways: Ways, trace: &Trace) -> StreamWorld {
    let taps = trace.clone();
    let factory = move |birth: Birth| {
        (stream_tower(&birth, birth.me, ways, &taps), Stream::new(birth, load.clone()))
    };
    World::new(hosts, seed, trace.clone(), Box::new(factory))
}

/// A world of kernels, none started, whose applications follow this plan.
#[must_use]
pub fn core_world(hosts: usize, seed: u64, plan: Plan, ways: Ways, trace: &Trace) -> CoreWorld {
    cores(hosts, seed, plan, (false, ways), trace)
}

/// The same, each application behind the gate of a daemon.
#[must_use]
pub fn gated_core_world(
    hosts: usize,
    seed: u64,
    plan: Plan,
    ways: Ways,
    trace: &Trace,
) -> CoreWorld {
    cores(hosts, seed, plan, (true, ways), trace)
}

fn cores(
    hosts: usize,
    seed: u64,
    plan: Plan,
    (gated, ways): (bool, Ways),
    trace: &Trace,
) -> CoreWorld {
    let (taps, keepers) = (trace.clone(), Keepers::default());
    let factory = move |birth: Birth| {
        let config = plan.config_of(birth.me, birth.seed);
        let tower = core_tower(&birth, gated, ways, &taps, config);
        (tower, Member::new(birth, plan.clone(), keepers.clone()))
    };
    World::new(hosts, seed, trace.clone(), Box::new(factory))
}

/// A world of light-weight groups, none started, whose applications have these wishes.
#[must_use]
pub fn light_world(
    hosts: usize,
    seed: u64,
    wishes: Wishes,
    ways: Ways,
    trace: &Trace,
) -> LightWorld {
    lights(hosts, seed, wishes, (false, ways), trace)
}

/// The same, each application behind the gate of a daemon.
#[must_use]
pub fn gated_light_world(
    hosts: usize,
    seed: u64,
    wishes: Wishes,
    ways: Ways,
    trace: &Trace,
) -> LightWorld {
    lights(hosts, seed, wishes, (true, ways), trace)
}

fn lights(
    hosts: usize,
    seed: u64,
    wishes: Wishes,
    (gated, ways): (bool, Ways),
    trace: &Trace,
) -> LightWorld {
    let taps = trace.clone();
    let factory = move |birth: Birth| {
        (light_tower(&birth, gated, ways, &taps, wishes.adapts), Client::new(birth, wishes.clone()))
    };
    World::new(hosts, seed, trace.clone(), Box::new(factory))
}
