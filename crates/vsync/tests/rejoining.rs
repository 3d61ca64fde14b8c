//! Who is out and comes in again at once: what the members still believe of it is in nobody's way.

use std::time::Duration;

use crate::common::{World, proc};
use vsync::{Down, GroupId, Up};

/// Well below the time after which a process that joins gives up.
const PATIENCE: Duration = Duration::from_secs(5);

const GROUP: &str = "g";

fn founded(seed: u64, members: &str) -> World {
    let mut world = World::new("abc", seed);
    let members = members.chars().map(proc).collect();
    let group = GroupId::of_word(GROUP);
    world.ask(proc('a'), Down::Found { group, members }).expect("room");
    world.run(Duration::from_secs(2));
    world
}

fn again(world: &mut World) {
    let group = GroupId::of_word(GROUP);
    world.ask(proc('c'), Down::Leave { group }).expect("room");
    world.ask(proc('c'), Down::Join { group, contact: None }).expect("room");
}

/// The members of the last view that this process is in.
fn last_view(world: &World, who: char) -> Option<usize> {
    world.told[&proc(who)].iter().rev().find_map(|up| match up {
        Up::View(view) => Some(Some(view.members.len())),
        Up::Out { .. } => Some(None),
        _ => None,
    })?
}

fn all_are_in(world: &World, what: &str) {
    for who in "abc".chars() {
        assert_eq!(last_view(world, who), Some(3), "{who}, {what}");
    }
}

#[test]
fn whoever_was_seen_in_a_component_of_its_own_is_not_waited_for_there() {
    for seed in 0..10 {
        for wait_ms in (0..1_000).step_by(40) {
            let mut world = founded(seed, "bc");
            for other in "ab".chars() {
                world.cut(proc(other), proc('c'));
                world.cut(proc('c'), proc(other));
            }
            world.run(Duration::from_secs(4));
            // The view without c is to be the higher one: then it is c that leads a merge.
            let group = GroupId::of_word(GROUP);
            world.ask(proc('b'), Down::Leave { group }).expect("room");
            world.run(Duration::from_secs(1));
            world.ask(proc('b'), Down::Join { group, contact: None }).expect("room");
            world.run(Duration::from_secs(1));
            world.heal();
            world.run(Duration::from_millis(wait_ms));
            if last_view(&world, 'c') != Some(1) {
                break;
            }
            again(&mut world);
            world.run(PATIENCE);
            all_are_in(&world, &format!("seed {seed}, {wait_ms} ms after the cut was healed"));
        }
    }
}

#[test]
fn whoever_gave_up_as_it_was_let_in_and_asks_again_is_let_in() {
    for seed in 0..8 {
        for wait_ms in 0..60 {
            let mut world = founded(seed, "b");
            let group = GroupId::of_word(GROUP);
            world.ask(proc('c'), Down::Join { group, contact: None }).expect("room");
            world.run(Duration::from_millis(wait_ms));
            if last_view(&world, 'c').is_some() {
                break;
            }
            again(&mut world);
            world.run(PATIENCE);
            all_are_in(&world, &format!("seed {seed}, {wait_ms} ms after it joined first"));
        }
    }
}
