//! What nobody answers is said again: soon at first, then ever more seldom, and soon again once
//! something changes.

use std::time::Duration;

use crate::common::{World, proc};
use muts::ProcId;
use vsync::{Down, GroupId, Up};

const ALL: u64 = 1_000_000;

fn group() -> GroupId {
    GroupId::of_word("g")
}

/// A group of these, in this order of ranks.
fn group_of(names: &str) -> World {
    let mut world = World::new(names, 1);
    let members: Vec<ProcId> = names.chars().map(proc).collect();
    world.ask(members[0], Down::Found { group: group(), members: members.clone() }).expect("taken");
    world.run(Duration::from_secs(2));
    assert_eq!(views(&world, 'b').last(), Some(&members.len()));
    world
}

/// How large each view was that this one has been told.
fn views(world: &World, who: char) -> Vec<usize> {
    let size = |up: &Up| match up {
        Up::View(view) => Some(view.members.len()),
        _ => None,
    };
    world.told[&proc(who)].iter().filter_map(size).collect()
}

/// Runs until b takes somebody for failed.
fn until_suspected(world: &mut World) {
    for _ in 0..2_000 {
        if world.count(proc('b'), "vsync.suspicions") > 0 {
            return;
        }
        world.run(Duration::from_millis(1));
    }
    panic!("nobody was suspected");
}

fn said(world: &World, who: char) -> u64 {
    world.count(proc(who), "vsync.control_sent")
}

#[test]
fn what_nobody_answers_is_said_again_soon_and_then_ever_more_seldom() {
    let mut world = group_of("ab");
    world.air.borrow_mut().loss = ALL;
    let before = said(&world, 'b');
    world.ask(proc('b'), Down::Leave { group: group() }).expect("taken");
    world.run(Duration::from_millis(25));
    assert_eq!(said(&world, 'b') - before, 2, "at once, and after 20 ms");
    world.run(Duration::from_secs(4));
    let after = said(&world, 'b') - before;
    // And where it is, a quarter as often.
    assert!((10..=30).contains(&after), "{after} times in four seconds");

    world.air.borrow_mut().loss = 0;
    world.run(Duration::from_millis(700));
    assert_eq!(views(&world, 'a').last(), Some(&1));
}

#[test]
fn what_was_said_to_a_coordinator_in_vain_is_said_soon_to_the_next_one() {
    let mut world = group_of("abc");
    world.air.borrow_mut().loss = ALL;
    world.ask(proc('c'), Down::Leave { group: group() }).expect("taken");
    world.run(Duration::from_secs(4));
    world.crash(proc('a'));
    world.run(Duration::from_millis(900));
    world.air.borrow_mut().loss = 0;
    until_suspected(&mut world);
    world.run(Duration::from_millis(100));
    assert_eq!(views(&world, 'b').last(), Some(&1));
}

/// Three in a group of whom this one has crashed, and is just suspected.
fn suspected(crashed: char) -> World {
    let mut world = group_of("abc");
    world.crash(proc(crashed));
    until_suspected(&mut world);
    world
}

#[test]
fn a_view_without_the_crashed_comes_at_once() {
    let mut world = suspected('c');
    world.run(Duration::from_millis(10));
    assert_eq!(views(&world, 'b').last(), Some(&2));
}

#[test]
fn a_view_without_the_coordinator_comes_when_the_others_have_said_that_they_miss_it_too() {
    let mut world = suspected('a');
    world.run(Duration::from_millis(10));
    assert_eq!(views(&world, 'b').last(), Some(&3), "c may hear it");
    world.run(Duration::from_millis(100));
    assert_eq!(
        views(&world, 'b').last(),
        Some(&2),
        "a heartbeat later it is known that c does not"
    );
}
