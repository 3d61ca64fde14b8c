//! Founding: a group that somebody has founded already becomes one again.

use std::time::Duration;

use crate::common::{World, proc};
use muts::ProcId;
use vsync::{Down, Fault, GroupId, Up};

fn members_at(world: &World, who: char) -> Vec<ProcId> {
    let views = world.told[&proc(who)].iter().filter_map(|up| match up {
        Up::View(view) => Some(view.members.iter().map(|member| member.proc).collect()),
        _ => None,
    });
    views.last().unwrap_or_default()
}

#[test]
fn a_group_that_was_founded_twice_becomes_one() {
    let mut world = World::new("abc", 1);
    let group = GroupId::of_word("g");
    world.ask(proc('a'), Down::Found { group, members: Vec::new() }).expect("taken");
    world.run(Duration::from_secs(1));
    assert_eq!(members_at(&world, 'a'), [proc('a')]);
    // Whoever is invited and in it already knows of both.
    let members = vec![proc('a'), proc('b'), proc('c')];
    world.ask(proc('b'), Down::Found { group, members }).expect("taken");
    world.run(Duration::from_secs(3));
    let mut all = members_at(&world, 'a');
    assert_eq!((members_at(&world, 'b'), members_at(&world, 'c')), (all.clone(), all.clone()));
    all.sort();
    assert_eq!(all, [proc('a'), proc('b'), proc('c')]);
}

#[test]
fn groups_of_one_word_that_know_nothing_of_each_other_become_one() {
    let mut world = World::new("abc", 1);
    let group = GroupId::of_word("g");
    world.cut(proc('a'), proc('b'));
    world.cut(proc('b'), proc('a'));
    world.run(Duration::from_secs(2));
    for founder in ['a', 'b'] {
        world.ask(proc(founder), Down::Found { group, members: Vec::new() }).expect("taken");
    }
    world.run(Duration::from_secs(1));
    world.heal();
    world.run(Duration::from_secs(6));
    let mut all = members_at(&world, 'a');
    assert_eq!(members_at(&world, 'b'), all);
    all.sort();
    assert_eq!(all, [proc('a'), proc('b')]);
    assert!(world.told[&proc('c')].iter().all(|up| !matches!(up, Up::View(_))));
}

#[test]
fn who_founds_what_it_was_invited_into_hears_of_it_though_the_host_is_gone() {
    let mut world = World::new("ab", 1);
    let group = GroupId::of_word("g");
    world.cut(proc('b'), proc('a'));
    world.ask(proc('a'), Down::Found { group, members: vec![proc('b')] }).expect("taken");
    world.run(Duration::from_millis(100));
    world.crash(proc('a'));
    world.ask(proc('b'), Down::Found { group, members: vec![proc('a')] }).expect("taken");
    world.run(Duration::from_secs(15));
    let out = |up: &Up| matches!(up, Up::Out { .. } | Up::View(_));
    assert!(world.told[&proc('b')].iter().any(out), "it waits for ever");
}

#[test]
fn who_has_long_asked_to_join_asks_at_once_whoever_founds_the_group() {
    let mut world = World::new("ab", 1);
    let group = GroupId::of_word("g");
    world.ask(proc('b'), Down::Join { group, contact: None }).expect("taken");
    // Its next question to everybody would come half a second after the last.
    world.run(Duration::from_millis(2_650));
    world.ask(proc('a'), Down::Found { group, members: vec![proc('b')] }).expect("taken");
    world.run(Duration::from_millis(200));
    assert_eq!(members_at(&world, 'b'), [proc('a'), proc('b')]);
}

/// b leaves a's part and says so when a asks after it; c founds a part that a does not know of.
#[test]
fn whoever_was_asked_after_while_it_was_in_none_makes_its_part_known() {
    let mut world = World::new("abc", 1);
    let group = GroupId(7);
    let members = vec![proc('a'), proc('b')];
    world.ask(proc('a'), Down::Found { group, members }).expect("taken");
    world.run(Duration::from_secs(2));
    world.ask(proc('b'), Down::Leave { group }).expect("taken");
    world.run(Duration::from_secs(2));
    assert_eq!(members_at(&world, 'a'), [proc('a')]);
    world.ask(proc('c'), Down::Found { group, members: Vec::new() }).expect("taken");
    world.run(Duration::from_secs(1));
    world.ask(proc('b'), Down::Join { group, contact: Some(proc('c')) }).expect("taken");
    world.run(Duration::from_secs(6));
    let mut all = members_at(&world, 'a');
    assert_eq!((members_at(&world, 'b'), members_at(&world, 'c')), (all.clone(), all.clone()));
    all.sort();
    assert_eq!(all, [proc('a'), proc('b'), proc('c')]);
}

#[test]
fn more_than_a_view_can_hold_are_not_invited() {
    let group = GroupId::of_word("crowd");
    let mut world = World::new("ab", 1);
    world.ask(proc('a'), Down::Found { group, members: vec![] }).expect("room");
    world.run(Duration::from_secs(1));
    let nobody = |node: u64| ProcId { node: muts::NodeId(1 << 40 | node), incarnation: 1 };
    let sent = world.count(proc('a'), "vsync.control_sent");
    let members = (0..100_000).map(nobody).collect();
    world.ask(proc('a'), Down::Invite { group, members }).expect("room");
    world.run(Duration::from_secs(1));
    let refused = |up: &&Up| matches!(up, Up::Fault { fault: Fault::TooMany, .. });
    assert_eq!(world.told[&proc('a')].iter().filter(refused).count(), 1);
    assert!(world.count(proc('a'), "vsync.control_sent") - sent < 100, "nobody was asked");
}
