//! The family of the transport alone.

use muts::{Config, Transport};

use super::{Lengths, Mode, Report, begin, choices, weather};
use crate::script::{Load, Stream};
use crate::storm::Storm;
use crate::tap::Tap;
use crate::trace::Trace;
use crate::world::World;

/// Runs one seed.
pub(super) fn run(mode: Mode, seed: u64, lengths: Lengths, trace: &Trace) -> Report {
    let (world_seed, storm_choice, mut plan) = choices(seed);
    let hosts = plan.between(2, 5) as usize;
    let load = Load::drawn(&mut plan);
    let taps = trace.clone();
    let mut world = World::new(
        hosts,
        world_seed,
        trace.clone(),
        Box::new(move |birth| {
            let transport = Transport::new(Config::new(birth.me, birth.seed));
            let tap = Tap::new(transport, taps.clone(), birth.name.clone(), "transport");
            (tap, Stream::new(birth, load.clone()))
        }),
    );
    let mut storm = Storm::drawn(storm_choice, 1_000);
    let whole = weather(&mut world, &mut storm, mode, lengths);
    let alive: Vec<_> = whole.iter().map(|host| world.process(*host)).collect();
    let mut report = begin(&world);
    let findings = crate::streams::judge(&world.into_apps(), &alive);
    report.violations.extend(findings.violations);
    report.compared = findings.compared;
    report
}
