//! Founding: a group that somebody has founded already becomes one again.

mod common;

use std::time::Duration;

use common::{World, proc};
use muts::ProcId;
use vsync::{Down, GroupId, Up};

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
