//! Who goes first of those that do not hear each other, and how long the other waits.

use std::time::Duration;

use muts::{ProcId, Up};

use crate::common::{World, proc};
use vsync::{GroupId, Hold};

const SUSPICION: Duration = Duration::from_secs(1);

/// Four in a group. The first two do not hear each other any more, and the second is told so.
fn torn() -> World {
    let (mut world, _) = World::together("abcd", 1, GroupId::of_word("g"));
    world.cut(proc('a'), proc('b'));
    world.cut(proc('b'), proc('a'));
    world
}

/// This one is told that the first is silent.
fn tell_of_silence(world: &World, to: char) {
    let mut air = world.air.borrow_mut();
    let since = air.now - SUSPICION;
    air.tell(proc(to), Up::Silent { peer: proc('a'), since });
}

/// For whom this one says that it waits.
fn left_to(world: &World, me: char) -> Option<ProcId> {
    let held = world.kernels[&proc(me)].why_held(GroupId::of_word("g"));
    held.into_iter().find_map(|hold| match hold {
        Hold::Lower { who, .. } => Some(who),
        _ => None,
    })
}

fn members(world: &World, me: char) -> String {
    let view = world.told[&proc(me)].iter().rev().find_map(|up| match up {
        vsync::Up::View(view) => Some(view),
        _ => None,
    });
    let name = |proc: ProcId| char::from(proc.node.0 as u8);
    view.expect("a view").members.iter().map(|member| name(member.proc)).collect()
}

#[test]
fn who_suspects_one_that_others_hear_leaves_those_to_it() {
    let mut world = torn();
    tell_of_silence(&world, 'b');
    world.run(SUSPICION);
    assert_eq!(members(&world, 'b'), "abcd", "the other has not noticed yet");
    assert_eq!(left_to(&world, 'b'), Some(proc('a')));
    world.run(SUSPICION * 2);
    assert_eq!(['a', 'c', 'd'].map(|me| members(&world, me)), ["acd"; 3]);
    assert_eq!(members(&world, 'b'), "b");
    assert_eq!(left_to(&world, 'b'), None);
}

#[test]
fn one_that_does_not_act_is_waited_for_no_longer_than_it_may_need() {
    let mut world = torn();
    // Nothing comes of what it does.
    world.delay(proc('a'), proc('c'));
    world.delay(proc('a'), proc('d'));
    tell_of_silence(&world, 'b');
    world.run(SUSPICION * 14 / 10);
    assert_eq!(members(&world, 'b'), "abcd");
    world.run(SUSPICION * 3 / 10);
    assert_eq!(['b', 'c', 'd'].map(|me| members(&world, me)), ["bcd"; 3]);
}

#[test]
fn one_that_was_back_meanwhile_is_waited_for_again() {
    let mut world = World::together("abcd", 1, GroupId::of_word("g")).0;
    tell_of_silence(&world, 'b');
    world.run(Duration::from_millis(100));
    world.air.borrow_mut().tell(proc('b'), Up::Back { peer: proc('a') });
    world.run(SUSPICION * 20);
    assert_eq!(['a', 'b', 'c', 'd'].map(|me| members(&world, me)), ["abcd"; 4]);
    world.cut(proc('a'), proc('b'));
    world.cut(proc('b'), proc('a'));
    tell_of_silence(&world, 'b');
    world.run(SUSPICION / 2);
    assert_eq!(members(&world, 'b'), "abcd");
}

/// All that is waited for is a heartbeat of each of them.
#[test]
fn one_whom_nobody_hears_any_more_is_waited_for_no_longer() {
    let mut world = torn();
    world.crash(proc('a'));
    tell_of_silence(&world, 'b');
    world.run(SUSPICION * 4 / 10);
    assert_eq!(members(&world, 'b'), "abcd");
    for to in ['c', 'd'] {
        tell_of_silence(&world, to);
    }
    world.run(Duration::from_millis(110));
    assert_eq!(['b', 'c', 'd'].map(|me| members(&world, me)), ["bcd"; 3]);
}
