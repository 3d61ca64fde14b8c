//! A flush that takes longer than others have patience, of somebody who lives.

use muts::Duration;
use sim::{CoreWorld, Plan, Trace, Ways, core_world, judge_core, settle, share_core_view};
use vsync::{GroupId, Order};

/// A third member's GBCAST waits for the first, who is stopped, longer than the second has
/// patience. The first ends it, and the second goes along with what the third begins then.
#[test]
fn a_member_whose_flush_took_too_long_is_waited_for_in_the_next_view() {
    let group = GroupId::of_word("g0");
    let mut plan = Plan::steady(group);
    plan.load.gap_max_ms = 1_000_000;
    plan.load.gap_min_ms = 1_000_000;
    plan.config.flush = Duration::from_millis(400);
    // The first ends what others began before it has no more patience with it either.
    plan.config.merge = Duration::from_millis(300);
    let mut world = core_world(3, 1, plan, Ways::default(), &Trace::off());
    (0..3).for_each(|host| world.start(host));
    let all = |world: &CoreWorld| share_core_view(world, group, &[0, 1, 2]);
    assert!(world.run_until_so(Duration::from_secs(20), all));
    world.run_for(Duration::from_secs(1));
    world.pause(0, Duration::from_millis(700));
    world.act(2, |member| member.say(group, Order::Global.into()));
    settle(&mut world, &[0, 1, 2], Duration::from_secs(10));
    assert!(all(&world));
    let report = judge_core(world);
    assert_eq!((&report.violations[..], report.compared), (&[][..], 3));
}
