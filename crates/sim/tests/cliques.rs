//! Links that do not make a whole: members go on with those whom they hear and who hear them.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const GROUP: GroupId = GroupId(1);

/// Until the sides stand: twice the limit of silence and a second.
const STAND_WITHIN: Duration = Duration::from_secs(3);

/// How long the links stay so, and the most views that it may cost anybody then.
const BROKEN_FOR: Duration = Duration::from_secs(300);
const VIEWS_THEN: u64 = 5;

/// How long the links have to be good until they count again, and a few seconds.
const WHOLE_WITHIN: Duration = Duration::from_secs(70);

fn together(hosts: usize, seed: u64) -> Crowd {
    let mut world = met(hosts, seed);
    let members = (1..hosts).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(2));
    assert_eq!(sides(&world, hosts), [(0..hosts).collect::<Vec<_>>()]);
    world
}

/// Who is with whom: hosts in the same view, each side as its members are told it.
fn sides(world: &Crowd, hosts: usize) -> Vec<Vec<usize>> {
    let view = |host: usize| world.app(host).expect("up").present.get(&GROUP).expect("a view");
    let mut sides: Vec<Vec<usize>> = Vec::new();
    for host in 0..hosts {
        let told = view(host);
        let with: Vec<usize> = (0..hosts)
            .filter(|other| told.members.iter().any(|member| member.proc == world.process(*other)))
            .collect();
        assert!(with.contains(&host), "{host} is not in its own view");
        let alike = with.iter().all(|other| view(*other).id == told.id);
        assert!(alike, "{host} is told {with:?}, not all of whom have that view");
        if !sides.contains(&with) {
            sides.push(with);
        }
    }
    sides
}

/// Cuts all links but these both ways, and looks at what comes of it: sides of members that hear
/// each other, few views while it lasts, and one view again after it.
fn only(hosts: usize, seed: u64, linked: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut world = together(hosts, seed);
    let set = |world: &mut Crowd, broken: bool| {
        for (from, to) in pairs(hosts).filter(|(from, to)| !linked(*from, *to)) {
            world.network.cut(from, to, broken);
        }
    };
    set(&mut world, true);
    world.run_for(STAND_WITHIN);
    let stood = sides(&world, hosts);
    for side in &stood {
        let apart = pairs(hosts).find(|(from, to)| {
            side.contains(from) && side.contains(to) && !(linked(*from, *to) && linked(*to, *from))
        });
        assert_eq!(apart, None, "in {side:?}, of {stood:?}");
    }
    let views = |world: &Crowd, host: usize| world.app(host).expect("up").views;
    let before: Vec<u64> = (0..hosts).map(|host| views(&world, host)).collect();
    world.run_for(BROKEN_FOR);
    let told: Vec<u64> = (0..hosts).map(|host| views(&world, host) - before[host]).collect();
    assert!(told.iter().all(|views| *views <= VIEWS_THEN), "views while it lasts: {told:?}");
    set(&mut world, false);
    world.run_for(WHOLE_WITHIN);
    assert_eq!(sides(&world, hosts), [(0..hosts).collect::<Vec<_>>()], "whole again");
    stood
}

fn pairs(hosts: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..hosts)
        .flat_map(move |from| (0..hosts).map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
}

#[test]
fn where_each_hears_another_majority_the_sides_are_of_members_that_hear_each_other() {
    for seed in 1..=4 {
        // Of five each hears two, and is with them a majority; no three hear each other.
        let stood = only(5, seed, |one, other| [1, 4].contains(&((5 + one - other) % 5)));
        println!("a ring of five, seed {seed}: {stood:?}");
        assert!(stood.iter().all(|side| side.len() <= 2), "{stood:?}");
    }
}

#[test]
fn who_alone_hears_both_sides_goes_with_one_of_them() {
    for seed in 1..=4 {
        for hosts in [3, 5] {
            let middle = hosts / 2;
            let side = |host: usize| host.cmp(&middle);
            let stood = only(hosts, seed, |one, other| {
                one == middle || other == middle || side(one) == side(other)
            });
            println!("a bridge among {hosts}, seed {seed}: {stood:?}");
            assert_eq!(stood.len(), 2, "{stood:?}");
        }
    }
}

#[test]
fn who_hears_and_is_not_heard_is_with_nobody_who_does_not_hear_it() {
    for (deaf, mute) in pairs(3) {
        let stood = only(3, 7, |from, to| (from, to) != (mute, deaf));
        println!("{deaf} does not hear {mute}: {stood:?}");
        assert_eq!(stood.len(), 2, "{stood:?}");
    }
}

#[test]
fn who_has_nothing_to_do_with_a_broken_link_stays_with_who_has_not_either() {
    for hosts in [4, 5] {
        for (one, other) in pairs(hosts).filter(|(one, other)| one < other) {
            for rejects in [false, true] {
                (1..=20).for_each(|seed| one_link_breaks(hosts, (one, other), rejects, seed));
            }
        }
    }
}

/// Where it `rejects`, each of the two is told that the other is not there.
fn one_link_breaks(hosts: usize, (one, other): (usize, usize), rejects: bool, seed: u64) {
    let mut world = together(hosts, seed);
    world.run_for(Duration::from_millis(seed * 7));
    world.network.shut(one, other, rejects);
    world.network.shut(other, one, rejects);
    world.run_for(STAND_WITHIN);
    let stood = sides(&world, hosts);
    let concerned = |host: &usize| *host == one || *host == other;
    let others: Vec<usize> = (0..hosts).filter(|host| !concerned(host)).collect();
    let whole = |side: &Vec<usize>| others.iter().all(|host| side.contains(host));
    let shut = if rejects { "rejected" } else { "cut" };
    let what = format!("{one} and {other} of {hosts}, {shut}, seed {seed}: {stood:?}");
    assert!(stood.iter().any(whole), "{what}");
    assert_eq!(stood.len(), 2, "{what}");
    assert!(stood.iter().any(|side| side.len() == hosts - 1), "{what}");
}
