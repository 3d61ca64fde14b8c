//! Those who were in a group and ended are forgotten, and no INSTALL hands them on.

use std::time::Duration;

use crate::common::{World, proc};
use vsync::{Down, GroupId};

#[test]
fn who_left_and_ended_is_not_remembered_for_ever() {
    let group = GroupId(1 << 127 | 9);
    let guests = "cdefghijklmnopqrstuvwxyz";
    let mut world = World::new(&format!("ab{guests}"), 3);
    world.ask(proc('a'), Down::Found { group, members: vec![] }).expect("room");
    for guest in guests.chars() {
        let join = Down::Join { group, contact: Some(proc('a')) };
        world.ask(proc(guest), join).expect("room");
        world.run(Duration::from_millis(300));
        world.ask(proc(guest), Down::Leave { group }).expect("room");
        world.run(Duration::from_millis(300));
        world.ask(proc(guest), Down::Farewell).expect("room");
        world.run(Duration::from_millis(10));
        world.crash(proc(guest));
    }
    world.run(Duration::from_secs(61));
    // Who comes now hears of nobody who was there; and who was forgets them.
    world.ask(proc('b'), Down::Join { group, contact: Some(proc('a')) }).expect("room");
    world.run(Duration::from_secs(1));
    for name in ['a', 'b'] {
        assert_eq!(world.count(proc(name), "vsync.kin"), 1, "{name}: the other");
        assert!(world.count(proc(name), "vsync.sightings") <= 1, "{name}");
    }
}
