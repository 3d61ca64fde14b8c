//! What comes too late for a flush is told nobody, wherever it comes.

use std::time::Duration;

use crate::common::{World, message, proc, ranks};
use vsync::{Down, GroupId, How, Order, Up};

/// Of d's MBCAST to a and b, c has no more than that there was one; b never gets it, and a once
/// both have said that they do not have it.
#[test]
fn an_mbcast_that_nobody_had_when_a_flush_asked_is_told_nobody() {
    let group = GroupId::of_word("g");
    let (mut world, view) = World::together("abcd", 1, group);
    world.lose_casts(proc('d'), proc('b'));
    world.cut(proc('d'), proc('a'));
    let how = How::from(Order::Unordered).to(view.id, ranks(&view, "ab"));
    world.ask(proc('d'), Down::Cast { group, how, message: message("late") }).expect("room");
    let flushes = |world: &World| {
        ["vsync.flushed", "vsync.flushed_us"].map(|name| world.count(proc('a'), name))
    };
    let before = flushes(&world);
    // Nearly the limit of silence; then c is waited for.
    world.run(Duration::from_millis(850));
    world.pause(proc('c'));
    world.run(Duration::from_millis(500));
    assert_eq!(world.count(proc('a'), "vsync.changing"), 1);
    world.heal();
    world.run(Duration::from_millis(20));
    world.resume(proc('c'));
    world.run(Duration::from_secs(1));
    let [count, time] = [0, 1].map(|at| flushes(&world)[at] - before[at]);
    assert!(count == 1 && (300_000..600_000).contains(&time), "{count} flushes in {time} us");
    for name in "abc".chars() {
        let told = &world.told[&proc(name)];
        assert!(told.iter().any(|up| matches!(up, Up::View(view) if view.members.len() == 3)));
        assert!(!told.iter().any(|up| matches!(up, Up::Cast { .. })), "{name} was told of it");
    }
}
