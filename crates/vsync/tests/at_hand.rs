//! What comes is told while it is at hand, and what passes the queue before it.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, GroupId, Order, Up};

#[test]
fn an_mbcast_is_told_before_what_its_sender_multicast_after_it() {
    let group = GroupId::of_word("g");
    let (mut world, _) = World::together("ab", 1, group);
    for number in 0..400 {
        // By turns one that passes the queue and one that stands in it; some pairs come together.
        let order = [Order::Unordered, Order::Causal][number % 2];
        let cast = Down::Cast { group, how: order.into(), message: message(&number.to_string()) };
        world.ask(proc('a'), cast).expect("room");
        if number % 8 == 7 {
            world.run(Duration::from_millis(3));
        }
    }
    world.run(Duration::from_secs(1));
    let told = world.told[&proc('b')].iter().filter_map(|up| match up {
        Up::Cast { message, .. } => Some(String::from_utf8_lossy(message.body()).into_owned()),
        _ => None,
    });
    let sent: Vec<String> = (0..400).map(|number: i32| number.to_string()).collect();
    assert_eq!(told.collect::<Vec<_>>(), sent);
}
