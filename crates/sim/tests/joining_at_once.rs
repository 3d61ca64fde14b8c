//! Many that join at once: few views are enough for all of them, whoever leaves or dies meanwhile.

use muts::{Duration, Message};
use vsync::{Down, GroupId, How, Order};

use crate::crowd::{Crowd, met};

const GROUP: GroupId = GroupId(1);

/// How long all of them may take until they are in.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many join the group of one that has founded it, each so long after the one before: how many
/// views the founder is told, and how long it takes until all have the same.
fn views_for(joining: usize, apart: Duration, seed: u64) -> (u64, Duration) {
    let hosts = joining + 1;
    let mut world = met(hosts, seed);
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members: vec![] }));
    world.run_for(Duration::from_secs(1));
    let (before, began) = (world.app(0).expect("up").views, world.now());
    assert_eq!(before, 1, "it is alone");
    for host in 1..hosts {
        let join = Down::Join { group: GROUP, contact: None };
        world.act(host, |app| app.asks.push_back(join));
        if apart > Duration::ZERO {
            world.run_for(apart);
        }
    }
    let size = |world: &Crowd, host| world.app(host)?.sizes.get(&GROUP).copied();
    while (0..hosts).any(|host| size(&world, host) != Some(hosts)) {
        assert!(world.now().since(began) < PATIENCE, "{joining} are not in");
        world.run_for(Duration::from_millis(10));
    }
    (world.app(0).expect("up").views - before, world.now().since(began))
}

#[test]
fn who_joins_at_once_with_many_others_is_in_after_few_views() {
    for joining in [4_usize, 16, 32] {
        let most = 1 + u64::from(joining.ilog2());
        for micros in [0, 100, 1_000] {
            for seed in 1..=3 {
                let (views, took) = views_for(joining, Duration::from_micros(micros), seed);
                let took = took.as_millis();
                println!("{joining}, {micros} us apart, seed {seed}: {views} views in {took} ms");
                assert!(views <= most, "{joining} took {views} views, not {most}");
            }
        }
    }
}

/// Of the members of a group two stay, so many leave and so many die, all while so many join.
const LEAVE: usize = 8;
const DIE: usize = 4;
const JOIN: usize = 16;

/// Between two multicasts of one who stays.
const CAST_EVERY: Duration = Duration::from_millis(10);

#[test]
fn who_joins_while_others_leave_and_die_is_in_and_who_stays_goes_on() {
    for seed in 1..=3 {
        let (first_joins, hosts) = (2 + LEAVE + DIE, 2 + LEAVE + DIE + JOIN);
        let mut world = met(hosts, seed);
        let members = (1..first_joins).map(|host| world.process(host)).collect();
        world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
        world.run_for(Duration::from_secs(2));
        let size = |world: &Crowd, host| world.app(host)?.sizes.get(&GROUP).copied();
        assert!((0..first_joins).all(|host| size(&world, host) == Some(first_joins)));
        let before = world.app(0).expect("up").views;
        for host in first_joins..hosts {
            let join = Down::Join { group: GROUP, contact: None };
            world.act(host, |app| app.asks.push_back(join));
        }
        for host in 2..2 + LEAVE {
            world.act(host, |app| app.asks.push_back(Down::Leave { group: GROUP }));
        }
        (2 + LEAVE..first_joins).for_each(|host| world.crash(host));
        let (mut casts, began) = (0, world.now());
        let stay = || [0, 1].into_iter().chain(first_joins..hosts);
        while stay().any(|host| size(&world, host) != Some(2 + JOIN)) {
            assert!(world.now().since(began) < PATIENCE, "seed {seed}: not all are in");
            let how = How::from(Order::Fifo);
            let cast = Down::Cast { group: GROUP, how, message: Message::new(vec![7; 100]) };
            world.act(0, |app| app.asks.push_back(cast));
            casts += 1;
            world.run_for(CAST_EVERY);
        }
        let took = world.now().since(began).as_millis();
        world.run_for(Duration::from_secs(1));
        let views = world.app(0).expect("up").views - before;
        println!("{JOIN} join, {LEAVE} leave, {DIE} die, seed {seed}: {views} views in {took} ms");
        // Who died is noticed later than who left.
        assert!(views <= 2 * (1 + u64::from((JOIN + LEAVE + DIE).ilog2())), "{views} views");
        assert_eq!(world.app(1).expect("up").casts, casts, "who stays misses nothing");
    }
}

/// So many processes, each in a few of so many groups.
const CROWD: usize = 100;
const GROUPS: usize = 20;
const EACH: usize = 4;

#[test]
fn a_hundred_processes_come_into_twenty_groups_at_once() {
    let mut world = met(CROWD, 5);
    let group = |number: usize| GroupId(number as u128 + 1);
    for host in 0..GROUPS {
        let found = Down::Found { group: group(host), members: vec![] };
        world.act(host, |app| app.asks.push_back(found));
    }
    world.run_for(Duration::from_secs(1));
    let chosen = |host: usize| (0..EACH).map(move |each| (host + each * 7) % GROUPS);
    for host in 0..CROWD {
        for number in chosen(host).filter(|number| *number != host) {
            let join = Down::Join { group: group(number), contact: None };
            world.act(host, |app| app.asks.push_back(join));
        }
    }
    let began = world.now();
    let whole = CROWD * EACH / GROUPS;
    let is_in = |world: &Crowd, host: usize| {
        let sizes = &world.app(host).expect("up").sizes;
        chosen(host).all(|number| sizes.get(&group(number)) == Some(&whole))
    };
    while !(0..CROWD).all(|host| is_in(&world, host)) {
        assert!(world.now().since(began) < PATIENCE, "not all are in");
        world.run_for(Duration::from_millis(50));
    }
    let views = (0..CROWD).map(|host| world.app(host).expect("up").views).max();
    let took = world.now().since(began).as_millis();
    println!("{CROWD} processes in {EACH} of {GROUPS} groups each: {took} ms, {views:?} views");
    let most = EACH as u64 * (2 + u64::from(whole.ilog2()));
    assert!(views.is_some_and(|views| views <= most), "at most {most} views");
}
