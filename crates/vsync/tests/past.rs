//! Who passes a message over points at nothing behind it.

use std::time::Duration;

use crate::common::{World, message, proc, ranks};
use vsync::{Down, GroupId, How, Order, Up};

/// Of a's multicast to b, c and d get no more than that there was one, and d not even that yet.
/// What c sends then needs nothing of a, so d has it.
#[test]
fn what_follows_a_message_that_its_sender_passed_over_waits_for_nothing_of_it() {
    let group = GroupId::of_word("g");
    let (mut world, view) = World::together("abcd", 1, group);
    world.cut(proc('a'), proc('d'));
    let narrow = How::from(Order::Causal).to(view.id, ranks(&view, "b"));
    let cast = Down::Cast { group, how: narrow, message: message("for b") };
    world.ask(proc('a'), cast).expect("room");
    world.run(Duration::from_millis(100));
    let how = How::from(Order::Causal);
    world.ask(proc('c'), Down::Cast { group, how, message: message("for all") }).expect("room");
    world.run(Duration::from_millis(100));
    let told = |name: char| {
        let casts = world.told[&proc(name)].iter().filter_map(|up| match up {
            Up::Cast { message, .. } => Some(message.body().to_vec()),
            _ => None,
        });
        casts.collect::<Vec<_>>()
    };
    assert_eq!(told('d'), [b"for all"]);
    assert_eq!(told('b').len(), 2);
}
