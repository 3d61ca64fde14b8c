//! The family of core groups: the kernel on the transport.

use muts::Transport;
use vsync::Kernel;

use super::{Lengths, Mode, Report, begin, choices, weather};
use crate::script::{Keepers, Member, Plan};
use crate::storm::Storm;
use crate::tap::Tap;
use crate::trace::Trace;
use crate::verdict::pronounce;
use crate::world::World;

/// Runs one seed.
pub(super) fn run(mode: Mode, seed: u64, lengths: Lengths, trace: &Trace) -> Report {
    let (world_seed, storm_choice, mut choice) = choices(seed);
    let hosts = choice.between(3, 5) as usize;
    let plan = Plan::drawn(&mut choice, hosts);
    let (taps, keepers) = (trace.clone(), Keepers::default());
    let mut world = World::new(
        hosts,
        world_seed,
        trace.clone(),
        Box::new(move |birth| {
            let below = Transport::new(muts::Config::new(birth.me, birth.seed));
            let below = Tap::new(below, taps.clone(), birth.name.clone(), "transport");
            let kernel = Kernel::new(below, vsync::Config::new(birth.me, birth.seed));
            let tap = Tap::new(kernel, taps.clone(), birth.name.clone(), "kernel");
            (tap, Member::new(birth, plan.clone(), keepers.clone()))
        }),
    );
    let mut storm = Storm::drawn(storm_choice, 1_000);
    weather(&mut world, &mut storm, mode, lengths);
    let mut report = begin(&world);
    for app in world.into_apps() {
        let name = app.diary.process(app.me);
        report.violations.extend(app.wrong.iter().map(|wrong| format!("{name}: {wrong}")));
        report.views += app.diary.counted().1;
        report.logs.push(app.diary.into_log());
    }
    pronounce(&mut report);
    report
}
