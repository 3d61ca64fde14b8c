//! Causality across groups: what follows from a group that was left waits for those who are in it.

use std::time::Duration;

use crate::common::{World, message, proc};
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

/// In one of two groups a speaks, and b leaves it; the one who has heard of that speaks in the
/// other group as soon as it may.
fn leave_and_speak(seed: u64, speaker: char, comes_back: bool) -> World {
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
    let views = world.told[&proc(speaker)].len();
    world.ask(proc('b'), Down::Leave { group: left }).expect("room");
    let mut over = false;
    for _ in 0..25_000 {
        if !over {
            over = world.told[&proc(speaker)][views..].iter().any(|up| match up {
                Up::Out { group, .. } => *group == left,
                Up::View(view) => view.group == left && view.members.len() == 2,
                _ => false,
            });
            if over && comes_back {
                let join = Down::Join { group: left, contact: None };
                world.ask(proc(speaker), join).expect("room");
            }
        }
        if over && world.ask(proc(speaker), cast(other, "effect")).is_ok() {
            break;
        }
        world.run(Duration::from_micros(200));
    }
    world.run(Duration::from_secs(5));
    world
}

/// Whatever the speaker had heard before it spoke the others hear before what it said.
fn comes_after_its_causes(speaker: char, comes_back: bool) {
    let mut heard = 0;
    for seed in 0..100 {
        let world = leave_and_speak(seed, speaker, comes_back);
        let at_speaker = texts(&world, speaker);
        let effect =
            at_speaker.iter().position(|text| text == "effect").expect("it speaks at last");
        for other in ['a', 'b', 'c'].into_iter().filter(|name| *name != speaker) {
            // A flush that fails too often leaves it in a component of its own: nobody waits.
            if world.told[&proc(other)].iter().any(|up| matches!(up, Up::Merged { .. })) {
                continue;
            }
            let there = texts(&world, other);
            let effect_there = there.iter().position(|text| text == "effect").expect("all hear it");
            for cause in &at_speaker[..effect] {
                let cause_there = there.iter().position(|text| text == cause).expect("all hear it");
                assert!(cause_there < effect_there, "{cause} at {other}, seed {seed}: {there:?}");
                heard += 1;
            }
        }
    }
    assert!(heard > 100, "{speaker} has heard next to nothing: {heard}");
}

#[test]
fn what_follows_from_a_group_that_was_left_comes_after_what_was_heard_there() {
    comes_after_its_causes('b', false);
}

#[test]
fn what_was_heard_in_a_group_that_was_left_still_comes_first_when_its_leaver_is_back() {
    comes_after_its_causes('b', true);
}

#[test]
fn what_was_heard_in_a_group_comes_first_also_at_who_leaves_it() {
    comes_after_its_causes('c', false);
}

/// The others cast in one group all the time; the first wants one multicast in another, again and
/// again. Answers after how long each went.
fn amid(order: Order, own: bool) -> Vec<Duration> {
    let (busy, other) = (GroupId::of_word("busy"), GroupId::of_word("other"));
    let mut world = World::configured("abc", 3, |config| config.causality = Causality::System);
    for group in [busy, other] {
        let members = "abc".chars().map(proc).collect();
        world.ask(proc('a'), Down::Found { group, members }).expect("room");
    }
    world.run(Duration::from_secs(2));
    let (mut waits, mut since, mut step) = (Vec::new(), None, 0_u32);
    let (mut owed, mut seen) = (0, 0);
    while step < 20_000 {
        let how = How::from(order).independent();
        for name in if own { vec!['a', 'b'] } else { vec!['b', 'c'] } {
            let text = format!("{name}{step}");
            let cast = Down::Cast { group: busy, how: how.clone(), message: message(&text) };
            // Whoever is told to wait says the next one.
            owed += u32::from(world.ask(proc(name), cast).is_err());
        }
        let now = world.air.borrow().now;
        if step % 1_000 == 0 {
            since = Some(now);
        }
        // It asks again only when it is told that it may.
        let told = &world.told[&proc('a')];
        let room = |up: &Up| matches!(up, Up::Room { group } if *group == other);
        let room = told[seen..].iter().any(room);
        seen = told.len();
        if let Some(began) = since
            && (step % 1_000 == 0 || room)
            && world.ask(proc('a'), cast(other, "effect")).is_ok()
        {
            waits.push(now.since(began));
            since = None;
        }
        world.run(Duration::from_micros(200));
        step += 1;
    }
    world.run(Duration::from_secs(2));
    let heard = |name| texts(&world, name).iter().filter(|text| *text != "effect").count();
    let (there, here) = (heard('c'), heard('a'));
    assert_eq!(there, here, "all hear all of it in the end");
    assert!(here as u32 >= 2 * 20_000 - owed, "{here} and {owed}");
    waits
}

#[test]
fn two_groups_by_turns_take_a_round_trip_a_message() {
    let groups = ["one", "other"].map(GroupId::of_word);
    let mut world = World::configured("abc", 3, |config| config.causality = Causality::System);
    for group in groups {
        let members = "abc".chars().map(proc).collect();
        world.ask(proc('a'), Down::Found { group, members }).expect("room");
    }
    world.run(Duration::from_secs(2));
    let began = world.air.borrow().now;
    let (mut sent, mut seen) = (0, world.told[&proc('a')].len());
    let mut may = true;
    while sent < 100 {
        let group = groups[sent % 2];
        // It asks again only when it is told that it may.
        let told = &world.told[&proc('a')];
        may |= told[seen..].iter().any(|up| matches!(up, Up::Room { group: of } if *of == group));
        seen = told.len();
        if may && world.ask(proc('a'), cast(group, "by turns")).is_ok() {
            sent += 1;
        } else {
            may = false;
            world.run(Duration::from_micros(100));
        }
    }
    let took = world.air.borrow().now.since(began);
    assert!(took < Duration::from_millis(500), "{took:?} for a hundred");
}

#[test]
fn who_begins_with_the_same_group_every_time_goes_on() {
    let groups = ["one", "other"].map(GroupId::of_word);
    let mut world = World::configured("abc", 3, |config| config.causality = Causality::System);
    for group in groups {
        let members = "abc".chars().map(proc).collect();
        world.ask(proc('a'), Down::Found { group, members }).expect("room");
    }
    world.run(Duration::from_secs(2));
    let mut sent = 0;
    for _ in 0..10_000 {
        for at in 0..10 {
            if world.ask(proc('a'), cast(groups[at % 2], "by turns")).is_err() {
                break;
            }
            sent += 1;
        }
        world.run(Duration::from_micros(100));
    }
    assert!(sent > 20, "{sent} in a second");
}

#[test]
fn a_group_that_is_never_quiet_keeps_no_other_waiting_for_long() {
    for (order, own) in [(Order::Fifo, false), (Order::Causal, false), (Order::Fifo, true)] {
        let waits = amid(order, own);
        assert_eq!(waits.len(), 20, "{order:?}, own {own}");
        let longest = waits.iter().max().expect("some");
        assert!(*longest <= Duration::from_millis(100), "{order:?}, own {own}: {longest:?}");
    }
}
