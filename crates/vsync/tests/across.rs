//! Causality across groups: what follows from a group that was left waits for those who are in it.

mod common;

use std::time::Duration;

use common::{World, message, proc};
use vsync::{Causality, Down, GroupId, How, Order, Up};

fn cast(group: GroupId, text: &str) -> Down {
    Down::Cast { group, how: How::from(Order::Total), message: message(text) }
}

fn texts(world: &World, name: char) -> Vec<String> {
    let casts = world.told[&proc(name)].iter().filter_map(|up| match up {
        Up::Cast { message, .. } => Some(String::from_utf8_lossy(message.body()).into_owned()),
        _ => None,
    });
    casts.collect()
}

/// b leaves one group, of which it has heard, and speaks in another as soon as it may.
fn leave_and_speak(seed: u64) -> World {
    let (left, other) = (GroupId::of_word("left"), GroupId::of_word("other"));
    let mut world = World::configured("abc", seed, |config| config.causality = Causality::System);
    for group in [left, other] {
        let members = "abc".chars().map(proc).collect();
        world.ask(proc('a'), Down::Found { group, members }).expect("room");
    }
    world.run(Duration::from_secs(2));
    // The view without b is late at some.
    world.air.borrow_mut().loss = 200_000;
    for text in ["1", "2", "3"] {
        world.ask(proc('a'), cast(left, text)).expect("room");
    }
    world.ask(proc('b'), Down::Leave { group: left }).expect("room");
    for _ in 0..5_000 {
        let is_out = |up: &Up| matches!(up, Up::Out { group, .. } if *group == left);
        let out = world.told[&proc('b')].iter().any(is_out);
        if out && world.ask(proc('b'), cast(other, "effect")).is_ok() {
            break;
        }
        world.run(Duration::from_millis(1));
    }
    world.run(Duration::from_secs(5));
    world
}

#[test]
fn what_follows_from_a_group_that_was_left_comes_after_what_was_heard_there() {
    let mut heard = 0;
    for seed in 0..200 {
        let world = leave_and_speak(seed);
        let at_b = texts(&world, 'b');
        let effect = at_b.iter().position(|text| text == "effect").expect("b may speak in the end");
        for other in ['a', 'c'] {
            // A flush that fails too often leaves it in a component of its own: nobody waits.
            if world.told[&proc(other)].iter().any(|up| matches!(up, Up::Merged { .. })) {
                continue;
            }
            let there = texts(&world, other);
            let effect_there = there.iter().position(|text| text == "effect").expect("all hear it");
            for cause in &at_b[..effect] {
                let cause_there = there.iter().position(|text| text == cause).expect("all hear it");
                assert!(cause_there < effect_there, "{cause} at {other}, seed {seed}: {there:?}");
                heard += 1;
            }
        }
    }
    assert!(heard > 100, "b has heard next to nothing: {heard}");
}
