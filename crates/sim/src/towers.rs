//! The towers under test, and worlds full of them.

use vsync::Kernel;

use crate::plain::Plain;
use crate::script::{Birth, Keepers, Load, Member, Plan, Stream};
use crate::tap::Tap;
use crate::trace::Trace;
use crate::world::World;

/// The transport alone.
pub type StreamTower = Tap<Plain>;
/// The kernel on the transport.
pub type CoreTower = Tap<Kernel<StreamTower>>;
/// A world of transports.
pub type StreamWorld = World<StreamTower, Stream>;
/// A world of kernels.
pub type CoreWorld = World<CoreTower, Member>;

fn stream_tower(birth: &Birth, trace: &Trace) -> StreamTower {
    let transport = Plain::new(birth.me);
    Tap::new(transport, trace.clone(), birth.name.clone(), "transport")
}

fn core_tower(birth: &Birth, trace: &Trace) -> CoreTower {
    let below = stream_tower(birth, trace);
    let kernel = Kernel::new(below, vsync::Config::new(birth.me, birth.seed));
    Tap::new(kernel, trace.clone(), birth.name.clone(), "kernel")
}

/// A world of transports, none started, whose applications make this load.
#[must_use]
pub fn stream_world(hosts: usize, seed: u64, load: Load, trace: &Trace) -> StreamWorld {
    let taps = trace.clone();
    let factory =
        move |birth: Birth| (stream_tower(&birth, &taps), Stream::new(birth, load.clone()));
    World::new(hosts, seed, trace.clone(), Box::new(factory))
}

/// A world of kernels, none started, whose applications follow this plan.
#[must_use]
pub fn core_world(hosts: usize, seed: u64, plan: Plan, trace: &Trace) -> CoreWorld {
    let (taps, keepers) = (trace.clone(), Keepers::default());
    let factory = move |birth: Birth| {
        (core_tower(&birth, &taps), Member::new(birth, plan.clone(), keepers.clone()))
    };
    World::new(hosts, seed, trace.clone(), Box::new(factory))
}
