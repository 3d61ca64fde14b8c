//! Core groups of which a member does not take what it is told: their senders wait, nobody else.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, GroupId, Hold, Order, Up};

const SECOND: Duration = Duration::from_secs(1);

/// Three processes in two groups.
fn two_groups() -> (World, [GroupId; 2]) {
    let groups = [GroupId::of_word("slow"), GroupId::of_word("other")];
    let (mut world, _) = World::together("abc", 1, groups[0]);
    let members = "abc".chars().map(proc).collect();
    world.ask(proc('a'), Down::Found { group: groups[1], members }).expect("taken");
    world.run(SECOND * 2);
    (world, groups)
}

fn choke(world: &mut World, who: char, group: GroupId, choked: bool) {
    world.ask(proc(who), Down::Choke { group, choked }).expect("taken");
    world.run(SECOND / 10);
}

fn casts(world: &mut World, who: char, group: GroupId) -> bool {
    let cast = Down::Cast { group, how: Order::Total.into(), message: message("m") };
    let taken = world.ask(proc(who), cast).is_ok();
    world.run(SECOND / 10);
    taken
}

fn rooms(world: &World, who: char, group: GroupId) -> usize {
    let is_room = |up: &&Up| matches!(up, Up::Room { group: of } if *of == group);
    world.told[&proc(who)].iter().filter(is_room).count()
}

#[test]
fn who_takes_nothing_is_waited_for_in_that_group_alone() {
    let (mut world, [slow, other]) = two_groups();
    choke(&mut world, 'c', slow, true);
    assert_eq!(['a', 'b', 'c'].map(|who| casts(&mut world, who, slow)), [false, false, true]);
    let held = world.kernels[&proc('a')].why_held(slow);
    assert!(held.contains(&Hold::Untaken(vec![proc('c')])), "{held:?}");
    assert!(casts(&mut world, 'a', other));
    let told = |up: &Up| matches!(up, Up::Cast { group, .. } if *group == slow);
    assert_eq!(world.told[&proc('c')].iter().filter(|up| told(up)).count(), 1, "its own");
    let before = rooms(&world, 'a', slow);
    choke(&mut world, 'c', slow, false);
    assert_eq!(rooms(&world, 'a', slow), before + 1);
    assert!(casts(&mut world, 'a', slow));
    let left = ["vsync.choked_here", "vsync.choked_elsewhere"];
    for who in ['a', 'b', 'c'] {
        assert_eq!(left.map(|name| world.count(proc(who), name)), [0, 0]);
    }
}

#[test]
fn nobody_waits_for_who_is_gone() {
    for crashes in [true, false] {
        let (mut world, [slow, _]) = two_groups();
        choke(&mut world, 'c', slow, true);
        assert!(!casts(&mut world, 'a', slow));
        let before = rooms(&world, 'a', slow);
        if crashes {
            world.crash(proc('c'));
        } else {
            world.ask(proc('c'), Down::Leave { group: slow }).expect("taken");
        }
        world.run(SECOND * 4);
        assert!(rooms(&world, 'a', slow) > before, "crashes: {crashes}");
        assert!(casts(&mut world, 'a', slow), "crashes: {crashes}");
        if !crashes {
            world.ask(proc('c'), Down::Join { group: slow, contact: None }).expect("taken");
            world.run(SECOND * 2);
            assert!(casts(&mut world, 'a', slow), "who came back takes what it is told");
        }
    }
}

#[test]
fn who_comes_later_hears_of_it_by_its_first_message() {
    let group = GroupId::of_word("slow");
    let mut world = World::new("abc", 1);
    let members = "bc".chars().map(proc).collect();
    world.ask(proc('b'), Down::Found { group, members }).expect("taken");
    world.run(SECOND * 2);
    choke(&mut world, 'c', group, true);
    world.ask(proc('a'), Down::Join { group, contact: None }).expect("taken");
    world.run(SECOND * 2);
    assert_eq!([1, 2].map(|_| casts(&mut world, 'a', group)), [true, false]);
}

#[test]
fn a_side_waits_for_its_own_only_and_for_the_others_when_they_are_back() {
    for eased in [false, true] {
        let (mut world, [slow, _]) = two_groups();
        choke(&mut world, 'c', slow, true);
        assert!(!casts(&mut world, 'a', slow));
        for near in ['a', 'b'] {
            world.cut(proc(near), proc('c'));
            world.cut(proc('c'), proc(near));
        }
        world.run(SECOND * 4);
        assert!(casts(&mut world, 'a', slow));
        if eased {
            choke(&mut world, 'c', slow, false);
        }
        world.heal();
        world.run(SECOND * 6);
        assert_eq!(casts(&mut world, 'a', slow), eased, "eased: {eased}");
    }
}

#[test]
fn who_has_no_room_for_the_word_hears_it_later_and_keeps_nobody_else_waiting() {
    let (mut world, [slow, other]) = two_groups();
    world.air.borrow_mut().no_room.insert(proc('a'));
    choke(&mut world, 'c', slow, true);
    choke(&mut world, 'c', other, true);
    choke(&mut world, 'c', other, false);
    assert!(!casts(&mut world, 'b', slow) && casts(&mut world, 'b', other));
    assert!(casts(&mut world, 'a', slow), "it has not heard of it");
    world.air.borrow_mut().no_room.clear();
    world.run(SECOND);
    assert!(!casts(&mut world, 'a', slow) && casts(&mut world, 'a', other));
}

#[test]
fn who_has_no_room_for_such_words_has_one_for_each_group_at_most() {
    let (mut world, groups) = two_groups();
    world.air.borrow_mut().no_room.insert(proc('a'));
    for _ in 0..100 {
        for choked in [true, false] {
            groups.iter().for_each(|group| choke(&mut world, 'c', *group, choked));
            let unsaid = world.count(proc('c'), "vsync.choke_unsaid");
            assert_eq!(unsaid, if choked { 2 } else { 0 });
        }
    }
    choke(&mut world, 'c', groups[0], true);
    world.air.borrow_mut().no_room.clear();
    world.run(SECOND);
    assert_eq!(groups.map(|group| casts(&mut world, 'a', group)), [false, true]);
    world.air.borrow_mut().no_room.insert(proc('a'));
    choke(&mut world, 'c', groups[0], false);
    choke(&mut world, 'c', groups[0], true);
    assert_eq!(world.count(proc('c'), "vsync.choke_unsaid"), 0, "it was told so last");
    choke(&mut world, 'c', groups[0], false);
    world.air.borrow_mut().no_room.clear();
    world.run(SECOND);
    assert!(casts(&mut world, 'a', groups[0]));
}
