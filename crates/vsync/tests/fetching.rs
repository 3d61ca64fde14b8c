//! What a flush fetches of who was excluded: at once, only what was asked for, and as long as it
//! takes.

use std::time::Duration;

use crate::common::{World, message, proc};
use muts::{Malformed, Message, Sink, Wire};
use vsync::{Down, GroupId, Order, Up, View};

fn group() -> GroupId {
    GroupId::of_word("fetching")
}

/// Of four the last has cast so many messages and is over; only the first has them all, of the
/// others those that are named.
fn orphaned(casts: u32, only: &[char]) -> World {
    let (mut world, _) = World::together("abcd", 5, group());
    for name in ['a', 'b', 'c'].into_iter().filter(|name| !only.contains(name)) {
        world.lose_casts(proc('d'), proc(name));
    }
    for number in 0..casts {
        let message = message(&number.to_string());
        let cast = Down::Cast { group: group(), how: Order::Fifo.into(), message };
        world.ask(proc('d'), cast).expect("room");
        if number % 64 == 0 {
            world.run(Duration::from_micros(200));
        }
    }
    world.run(Duration::from_millis(20));
    world
}

fn heard(world: &World, name: char) -> usize {
    world.told[&proc(name)].iter().filter(|up| matches!(up, Up::Cast { .. })).count()
}

fn views(world: &World, name: char) -> Vec<View> {
    let views = world.told[&proc(name)].iter().filter_map(|up| match up {
        Up::View(view) => Some(View::clone(view)),
        _ => None,
    });
    views.collect()
}

#[test]
fn a_whole_window_of_an_excluded_sender_is_fetched_by_asking_once() {
    let mut world = orphaned(16_000, &['a']);
    world.crash(proc('d'));
    let before = views(&world, 'b').len();
    let mut passed = Duration::ZERO;
    // Nobody is suspected before the limit of silence.
    while views(&world, 'b').len() == before {
        world.run(Duration::from_millis(1));
        passed += Duration::from_millis(1);
        assert!(passed < Duration::from_secs(3), "no view without it");
    }
    for name in ['b', 'c'] {
        assert_eq!(world.count(proc(name), "vsync.pulls"), 1, "{name}");
    }
    world.run(Duration::from_millis(100));
    assert!(['a', 'b', 'c'].iter().all(|name| heard(&world, *name) == 16_000));
    assert_eq!(world.count(proc('a'), "vsync.fills"), 32_000, "nothing twice");
}

#[test]
fn where_there_is_no_room_nothing_more_is_handed_over_and_it_is_asked_for_ever_more_seldom() {
    let mut world = orphaned(1_000, &['a', 'b']);
    world.crash(proc('d'));
    world.air.borrow_mut().no_room.insert(proc('c'));
    world.run(Duration::from_secs(4));
    let (pulls, refused) =
        (world.count(proc('c'), "vsync.pulls"), world.count(proc('a'), "vsync.asks_refused"));
    assert!((2..=10).contains(&pulls), "asked {pulls} times");
    assert!(refused <= pulls, "{refused} frames were built in vain");
    world.air.borrow_mut().make_room();
    world.run(Duration::from_secs(1));
    assert_eq!(heard(&world, 'c'), 1_000);
}

#[test]
fn a_flush_that_takes_longer_than_the_patience_excludes_nobody_who_comes_along() {
    let mut world = orphaned(400, &['a', 'b']);
    // Half a minute and more for all of them.
    world.air.borrow_mut().slow.insert((proc('a'), proc('c')), Duration::from_millis(80));
    world.crash(proc('d'));
    let before = ['a', 'b', 'c'].map(|name| views(&world, name).len());
    world.run(Duration::from_secs(60));
    for (name, before) in ['a', 'b', 'c'].into_iter().zip(before) {
        let views = views(&world, name);
        let sizes: Vec<usize> = views[before..].iter().map(|view| view.members.len()).collect();
        assert_eq!(sizes, [3], "{name} was told other views than that without d");
        assert_eq!(heard(&world, name), 400);
    }
    let restarted: u64 =
        ['a', 'b', 'c'].iter().map(|it| world.count(proc(*it), "vsync.flushes_restarted")).sum();
    assert_eq!(restarted, 0);
}

/// Three in a group, and x, who has met them and is in no view.
fn with_a_stranger() -> (World, View) {
    let mut world = World::new("abcx", 5);
    let members = ['a', 'b', 'c'].map(proc).to_vec();
    world.ask(proc('a'), Down::Found { group: group(), members }).expect("room");
    world.run(Duration::from_secs(2));
    let view = views(&world, 'a').pop().expect("in a view");
    (world, view)
}

/// A header as somebody else might write it.
struct Raw(Vec<u8>);

impl Wire for Raw {
    fn write(&self, into: &mut impl Sink) {
        self.0.iter().for_each(|byte| into.push(*byte));
    }
    fn read(_: &mut &[u8]) -> Result<Self, Malformed> {
        Err(Malformed)
    }
}

/// FILL of the first message of that rank.
fn fill(view: &View, rank: u8, text: &str) -> Message {
    let mut message = message(text);
    // An FBCAST.
    message.push(&Raw(vec![1]));
    let mut bytes = vec![2];
    view.group.write(&mut bytes);
    view.id.write(&mut bytes);
    bytes.push(rank);
    bytes.extend([0; 8]);
    message.push(&Raw(bytes));
    message
}

#[test]
fn a_frame_that_was_not_asked_for_or_comes_from_outside_is_told_nobody() {
    let (mut world, view) = with_a_stranger();
    for from in ['x', 'b'] {
        let strays = world.count(proc('a'), "vsync.strays");
        let rank = view.members.iter().position(|member| member.proc == proc('c')).expect("in");
        let message = fill(&view, rank as u8, "forged");
        world.air.borrow_mut().put(proc(from), proc('a'), message);
        world.run(Duration::from_millis(50));
        assert_eq!(world.count(proc('a'), "vsync.strays"), strays + 1, "{from}");
        assert_eq!(world.count(proc('a'), "vsync.malformed"), 0);
    }
    let cast = Down::Cast { group: group(), how: Order::Fifo.into(), message: message("true") };
    world.ask(proc('c'), cast).expect("room");
    world.run(Duration::from_millis(50));
    let told: Vec<_> = world.told[&proc('a')]
        .iter()
        .filter_map(|up| match up {
            Up::Cast { message, .. } => Some(message.body().to_vec()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [b"true"]);
}

#[test]
fn who_is_not_in_the_view_cannot_end_its_flushes() {
    let (mut world, view) = with_a_stranger();
    world.crash(proc('c'));
    for _ in 0..300 {
        world.run(Duration::from_millis(10));
        // REFUSE, of the highest round that there is.
        let mut bytes = vec![5];
        view.group.write(&mut bytes);
        view.id.write(&mut bytes);
        (1_u64 << 43).write(&mut bytes);
        bytes.push(0);
        let mut message = Message::default();
        message.push(&Raw(bytes));
        for to in ['a', 'b'] {
            world.air.borrow_mut().say(proc('x'), proc(to), message.clone());
        }
    }
    assert_eq!(views(&world, 'a').last().map(|view| view.members.len()), Some(2));
    assert_eq!(world.count(proc('a'), "vsync.refused"), 0);
    assert!(world.count(proc('a'), "vsync.strays") > 0);
}
