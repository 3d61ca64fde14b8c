//! Room: what is handed back while joining can be asked again later, and nobody is told so in vain.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, Fault, GroupId, How, Order, Up};

const SECOND: Duration = Duration::from_secs(1);

fn cast(group: GroupId) -> Down {
    Down::Cast { group, how: Order::Fifo.into(), message: message("m") }
}

fn is_room(up: &Up) -> bool {
    matches!(up, Up::Room { .. })
}

#[test]
fn whoever_casts_before_it_is_in_hears_of_room_once_it_is() {
    let (mut world, group) = (World::new("ab", 1), GroupId::of_word("g"));
    world.ask(proc('b'), Down::Join { group, contact: None }).expect("taken");
    assert!(world.ask(proc('b'), cast(group)).is_err(), "in no view yet");
    world.run(SECOND);
    assert!(!world.told[&proc('b')].iter().any(is_room), "there is none");
    world.ask(proc('a'), Down::Found { group, members: Vec::new() }).expect("taken");
    world.run(SECOND * 3);
    let told = &world.told[&proc('b')];
    let view = told.iter().position(|up| matches!(up, Up::View(_))).expect("it is in");
    assert!(told[view..].iter().any(is_room), "{told:?}");
    world.ask(proc('b'), cast(group)).expect("room");
}

#[test]
fn whoever_joins_and_then_founds_hears_of_room_too() {
    let (mut world, group) = (World::new("ab", 1), GroupId::of_word("g"));
    world.ask(proc('b'), Down::Join { group, contact: None }).expect("taken");
    assert!(world.ask(proc('b'), cast(group)).is_err(), "in no view yet");
    world.ask(proc('b'), Down::Found { group, members: Vec::new() }).expect("taken");
    world.run(SECOND);
    assert!(world.told[&proc('b')].iter().any(is_room));
}

#[test]
fn whoever_casts_while_a_gbcast_waits_to_be_sure_hears_of_room_once_it_is_told() {
    let group = GroupId::of_word("g");
    let mut refused = 0;
    for moment in 0..120 {
        let (mut world, _) = World::together("abc", 1, group);
        let how = How { safe: true, ..Order::Global.into() };
        let (a, b) = (proc('a'), proc('b'));
        world.ask(a, Down::Cast { group, how, message: message("g") }).expect("taken");
        world.run(Duration::from_micros(200) * moment);
        if world.ask(b, cast(group)).is_ok() {
            continue;
        }
        refused += 1;
        let before = world.told[&b].len();
        world.run(SECOND * 2);
        assert!(world.told[&b][before..].iter().any(is_room), "asked at {moment}");
    }
    assert!(refused > 10, "tried at {refused} moments only");
}

#[test]
fn whoever_was_only_invited_is_not_in_it() {
    let (mut world, group) = (World::new("ab", 1), GroupId::of_word("g"));
    // The invitation arrives, and nothing that is said to it.
    world.cut(proc('b'), proc('a'));
    world.ask(proc('a'), Down::Found { group, members: vec![proc('b')] }).expect("taken");
    world.run(Duration::from_millis(100));
    world.ask(proc('b'), cast(group)).expect("answered");
    let not_in = |up: &Up| matches!(up, Up::Fault { fault: Fault::NotIn, .. });
    assert!(world.told[&proc('b')].iter().any(not_in), "{:?}", world.told[&proc('b')]);
}
