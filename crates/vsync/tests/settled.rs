//! Whether anything is under way: not forgotten too early, and not remembered for ever.

use std::time::Duration;

use crate::common::{World, proc};
use muts::ProcId;
use vsync::{Down, GroupId, Up};

const A: char = 'a';
const B: char = 'b';

fn group() -> GroupId {
    GroupId::of_word("g")
}

/// A group of a and b, among these processes.
fn two_of(names: &str) -> World {
    let mut world = World::new(names, 1);
    let members = vec![proc(A), proc(B)];
    world.ask(proc(A), Down::Found { group: group(), members }).expect("taken");
    world.run(Duration::from_secs(2));
    assert_eq!(members_at(&world, A), [proc(A), proc(B)]);
    world
}

fn members_at(world: &World, who: char) -> Vec<ProcId> {
    let views = world.told[&proc(who)].iter().filter_map(|up| match up {
        Up::View(view) => Some(view.members.iter().map(|member| member.proc).collect()),
        _ => None,
    });
    views.last().unwrap_or_default()
}

fn unsettled(world: &World, who: char) -> usize {
    world.kernels[&proc(who)].unsettled()
}

fn part(world: &mut World) {
    world.cut(proc(A), proc(B));
    world.cut(proc(B), proc(A));
    world.run(Duration::from_secs(4));
    assert_eq!((members_at(world, A), members_at(world, B)), (vec![proc(A)], vec![proc(B)]));
}

#[test]
fn parts_that_cannot_reach_each_other_are_settled_and_those_that_can_are_not() {
    let mut world = two_of("ab");
    part(&mut world);
    assert_eq!((unsettled(&world, A), unsettled(&world, B)), (0, 0));
    world.heal();
    // A heartbeat has come; the link is not relied on yet.
    world.run(Duration::from_millis(150));
    while members_at(&world, A).len() < 2 {
        assert!(unsettled(&world, A) + unsettled(&world, B) > 0);
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_secs(2));
    assert_eq!((unsettled(&world, A), unsettled(&world, B)), (0, 0));
}

#[test]
fn who_asked_to_join_and_died_keeps_nobody_busy() {
    let mut world = two_of("abc");
    part(&mut world);
    // It does not hear the member that it asks, so it cannot be let in.
    world.cut(proc(B), proc('c'));
    world.run(Duration::from_secs(4));
    let join = Down::Join { group: group(), contact: Some(proc(B)) };
    world.ask(proc('c'), join).expect("taken");
    world.heal();
    world.cut(proc(B), proc('c'));
    while members_at(&world, B).len() < 2 {
        world.run(Duration::from_millis(20));
    }
    world.crash(proc('c'));
    world.run(Duration::from_secs(5));
    assert_eq!(members_at(&world, B), [proc(A), proc(B)]);
    assert_eq!((unsettled(&world, A), unsettled(&world, B)), (0, 0));
    let sent = |world: &World| world.kernels[&proc(B)].below().told_to(proc(A));
    let before = sent(&world);
    world.run(Duration::from_secs(5));
    assert_eq!(sent(&world), before, "something is still repeated");
}

/// b hears nobody, and invites c, which answers in vain: for a, which c was with, c is in none.
#[test]
fn who_asks_a_deaf_one_to_let_it_in_keeps_no_other_part_waiting() {
    let mut world = World::new("abc", 1);
    let members = "abc".chars().map(proc).collect();
    world.ask(proc(A), Down::Found { group: group(), members }).expect("taken");
    world.run(Duration::from_secs(2));
    for (from, to) in ["ab", "cb", "ac", "ca"].map(|pair| (&pair[..1], &pair[1..])) {
        world.cut(proc(from.parse().expect("a name")), proc(to.parse().expect("a name")));
    }
    world.run(Duration::from_secs(4));
    assert_eq!(members_at(&world, 'c'), [proc('c')]);
    world.ask(proc('c'), Down::Leave { group: group() }).expect("taken");
    let invite = Down::Invite { group: group(), members: vec![proc('c')] };
    world.ask(proc(B), invite).expect("taken");
    world.run(Duration::from_millis(500));
    world.heal();
    world.cut(proc(A), proc(B));
    world.cut(proc('c'), proc(B));
    // Less than what c has patience for.
    world.run(Duration::from_secs(5));
    assert_eq!((members_at(&world, A), unsettled(&world, A)), (vec![proc(A)], 0));
    world.heal();
    world.run(Duration::from_secs(8));
    let together = "abc".chars().map(proc).collect::<Vec<_>>();
    for who in "abc".chars() {
        let mut members = members_at(&world, who);
        members.sort_unstable();
        assert_eq!((members, unsettled(&world, who)), (together.clone(), 0), "{who}");
    }
}

/// What c says of itself before it is let in may come after that.
#[test]
fn who_is_let_in_is_not_taken_for_out_by_what_it_said_before() {
    for seed in 0..8 {
        for wait_ms in 0..40 {
            let mut world = World::new("abc", seed);
            let members = vec![proc(A), proc(B)];
            world.ask(proc(A), Down::Found { group: group(), members }).expect("taken");
            world.run(Duration::from_millis(490 + wait_ms));
            let join = Down::Join { group: group(), contact: Some(proc(A)) };
            world.ask(proc('c'), join).expect("taken");
            world.run(Duration::from_secs(5));
            for who in "abc".chars() {
                assert_eq!(members_at(&world, who).len(), 3, "{who}, seed {seed}, {wait_ms} ms");
                assert_eq!(unsettled(&world, who), 0, "{who}, seed {seed}, {wait_ms} ms");
            }
        }
    }
}

/// c was alone, then with b, and came to a with it: what it told a while it was alone is late.
#[test]
fn what_a_member_said_of_a_view_before_it_came_is_not_taken_for_where_it_is() {
    let (mut world, _) = World::together("abc", 1, group());
    let all = ['a', 'b', 'c'].map(proc);
    let apart = |world: &mut World, pairs: &[(usize, usize)]| {
        for (one, other) in pairs {
            world.cut(all[*one], all[*other]);
            world.cut(all[*other], all[*one]);
        }
    };
    apart(&mut world, &[(0, 1), (0, 2), (1, 2)]);
    world.run(Duration::from_secs(4));
    assert_eq!(members_at(&world, 'c'), [proc('c')]);
    // c tells a where it is, which takes its time, and meets b in the meantime.
    world.heal();
    apart(&mut world, &[(0, 1), (1, 2)]);
    world.delay(proc('c'), proc('a'));
    world.run(Duration::from_secs(1));
    world.heal();
    apart(&mut world, &[(0, 1), (0, 2)]);
    world.run(Duration::from_secs(4));
    assert_eq!((members_at(&world, 'a').len(), members_at(&world, 'c').len()), (1, 2));
    world.heal();
    while members_at(&world, 'a').len() < 3 {
        world.run(Duration::from_millis(10));
    }
    world.run(Duration::from_millis(100));
    let views = |world: &World| {
        let views = |proc| world.told[&proc].iter().filter(|up| matches!(up, Up::View(_))).count();
        all.map(views)
    };
    let before = views(&world);
    world.hasten();
    world.run(Duration::from_secs(4));
    for name in ['a', 'b', 'c'] {
        assert_eq!((members_at(&world, name).len(), unsettled(&world, name)), (3, 0), "{name}");
    }
    assert_eq!(views(&world), before);
}
