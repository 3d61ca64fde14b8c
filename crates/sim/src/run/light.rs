//! The family of light-weight groups, on the kernel, on the transport.

use lwg::Groups;
use muts::Transport;
use vsync::{Endpoint, Kernel};

use super::{Lengths, Mode, Report, begin, choices, weather};
use crate::script::{Client, Wishes};
use crate::storm::Storm;
use crate::tap::Tap;
use crate::trace::Trace;
use crate::verdict::pronounce;
use crate::world::World;

/// Runs one seed.
pub(super) fn run(mode: Mode, seed: u64, lengths: Lengths, trace: &Trace) -> Report {
    let (world_seed, storm_choice, mut choice) = choices(seed);
    let hosts = choice.between(2, 5) as usize;
    let wishes = Wishes::drawn(&mut choice);
    let taps = trace.clone();
    let mut world = World::new(
        hosts,
        world_seed,
        trace.clone(),
        Box::new(move |birth| {
            let below = Transport::new(muts::Config::new(birth.me, birth.seed));
            let below = Tap::new(below, taps.clone(), birth.name.clone(), "transport");
            let kernel = Kernel::new(below, vsync::Config::new(birth.me, birth.seed));
            let below = Tap::new(kernel, taps.clone(), birth.name.clone(), "kernel");
            let groups = Groups::new(below, lwg::Config::new(Endpoint::of(birth.me)));
            let tap = Tap::new(groups, taps.clone(), birth.name.clone(), "groups");
            (tap, Client::new(birth, wishes.clone()))
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
