//! GBCASTs that another flush overtakes, of who leaves right after.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, Fault, GroupId, Order, Up};

fn group() -> GroupId {
    GroupId::of_word("overtaken")
}

fn town(names: &str) -> World {
    let mut world = World::new(names, 3);
    let members = names.chars().map(proc).collect();
    world.ask(proc('a'), Down::Found { group: group(), members }).expect("room");
    world.run(Duration::from_secs(1));
    world
}

fn cast(world: &mut World, name: char, order: Order, text: &str) {
    let ask = Down::Cast { group: group(), how: order.into(), message: message(text) };
    world.ask(proc(name), ask).expect("room");
}

fn leave(world: &mut World, name: char) {
    world.ask(proc(name), Down::Leave { group: group() }).expect("room");
}

fn heard(world: &World, name: char) -> Vec<String> {
    let told = world.told[&proc(name)].iter();
    told.filter_map(|up| match up {
        Up::Cast { message, .. } => String::from_utf8(message.body().to_vec()).ok(),
        _ => None,
    })
    .collect()
}

fn is_out(world: &World, name: char) -> bool {
    matches!(world.told[&proc(name)].last(), Some(Up::Out { .. }))
}

#[test]
fn a_gbcast_that_another_one_overtakes_is_told_although_its_sender_leaves() {
    let mut world = town("abc");
    cast(&mut world, 'c', Order::Global, "by c");
    leave(&mut world, 'c');
    cast(&mut world, 'a', Order::Global, "by a");
    world.run(Duration::from_secs(2));
    assert_eq!(world.count(proc('c'), "vsync.globals_again"), 1, "it was overtaken");
    for name in ['a', 'b', 'c'] {
        assert_eq!(heard(&world, name), ["by a", "by c"], "at {name}");
    }
    assert!(is_out(&world, 'c'));
}

/// Both coordinators have one when their sides become one: the one that does not lead has to send
/// its again.
#[test]
fn a_gbcast_that_a_merge_overtakes_is_told_although_its_sender_leaves() {
    let mut world = town("abcd");
    for (one, other) in [('a', 'c'), ('a', 'd'), ('b', 'c'), ('b', 'd')] {
        world.cut(proc(one), proc(other));
        world.cut(proc(other), proc(one));
    }
    world.run(Duration::from_secs(4));
    world.heal();
    let sides = ['a', 'c'];
    let asks = |world: &World, name: char| world.count(proc(name), "vsync.changing") > 0;
    let asker = loop {
        if let Some(name) = sides.into_iter().find(|name| asks(&world, *name)) {
            break name;
        }
        world.run(Duration::from_micros(200));
    };
    cast(&mut world, asker, Order::Global, "now");
    leave(&mut world, asker);
    world.run(Duration::from_secs(4));
    assert_eq!(world.count(proc(asker), "vsync.globals_again"), 1, "it was overtaken");
    for name in "abcd".chars() {
        assert_eq!(heard(&world, name), ["now"], "at {name}");
    }
    assert!(is_out(&world, asker));
}

/// Nothing of its own would end the view with it.
#[test]
fn who_has_asked_to_leave_sends_no_gbcast() {
    let mut world = town("abc");
    leave(&mut world, 'c');
    cast(&mut world, 'c', Order::Global, "too late");
    world.run(Duration::from_secs(2));
    let told = &world.told[&proc('c')];
    assert!(told.iter().any(|up| matches!(up, Up::Fault { fault: Fault::NotIn, .. })), "{told:?}");
    assert!(is_out(&world, 'c') && heard(&world, 'a').is_empty());
}
