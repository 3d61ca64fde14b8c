//! Hundreds of core groups at two processes: what all of them cost together is bounded.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, GroupId, Order, Up};

/// So many groups of a and b.
fn pair(groups: u64) -> World {
    let mut world = World::new("ab", 5);
    for number in 1..=groups {
        let found = Down::Found { group: GroupId(number.into()), members: vec![proc('b')] };
        world.ask(proc('a'), found).expect("never full");
    }
    world.run(Duration::from_secs(2));
    world
}

#[test]
fn what_happens_in_one_group_costs_the_idle_ones_nothing() {
    let (groups, rounds) = (400, 20);
    let mut world = pair(groups);
    let before = world.count(proc('a'), "vsync.settlings");
    for _ in 0..rounds {
        // A heartbeat between the two sides' INSTALLs; the next one agrees again.
        world.disagree(proc('b'), proc('a'));
        world.run(Duration::from_millis(110));
        assert_eq!(world.count(proc('a'), "vsync.disagreeing"), 1);
        let (group, message) = (GroupId(7), message("all"));
        let cast = Down::Cast { group, how: Order::Global.into(), message };
        world.ask(proc('a'), cast).expect("room");
        world.run(Duration::from_millis(220));
        assert_eq!(world.count(proc('a'), "vsync.disagreeing"), 0);
    }
    let settlings = world.count(proc('a'), "vsync.settlings") - before;
    assert!(settlings < rounds * 100, "{settlings} settlings for {rounds} changes of one group");
}

#[test]
fn while_digests_differ_some_groups_are_compared_at_each_heartbeat_and_all_in_turn() {
    let (groups, at_once) = (600_u64, 256);
    let mut world = World::new("ab", 5);
    let (a, b) = (proc('a'), proc('b'));
    for number in 1..=groups {
        let found = Down::Found { group: GroupId(number.into()), members: vec![b] };
        world.ask(a, found).expect("never full");
    }
    world.run(Duration::from_secs(2));
    let views = world.told[&b].iter().filter(|up| matches!(up, Up::View(_))).count();
    assert_eq!(views as u64, groups);
    assert_eq!(world.kernels[&a].unsettled(), 0);

    world.disagree(b, a);
    let mut told = world.count(a, "vsync.control_sent");
    let mut all = 0;
    for _ in 0..8 {
        world.run(Duration::from_millis(100));
        let now = world.count(a, "vsync.control_sent");
        assert!(now - told <= at_once, "{} at one heartbeat", now - told);
        all += now - told;
        told = now;
    }
    assert!(all >= groups, "{all} of {groups} were compared");
}
