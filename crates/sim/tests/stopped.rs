//! Hosts that stand still and go on: stopped processes, and a machine that is suspended.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 4;
const GROUP: GroupId = GroupId(1);

/// The limit of silence.
const LIMIT: Duration = Duration::from_secs(1);
/// Within what the others go on, one that was out knows it, and is in again (promises, row 6).
const GO_ON: Duration = Duration::from_secs(2);
const KNOWS: Duration = Duration::from_secs(1);
const IN_AGAIN: Duration = Duration::from_secs(5);

fn together(seed: u64) -> Crowd {
    let mut world = met(HOSTS, seed);
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(2));
    assert!((0..HOSTS).all(|host| size(&world, host) == HOSTS));
    world
}

fn size(world: &Crowd, host: usize) -> usize {
    world.app(host).expect("up").sizes[&GROUP]
}

fn views(world: &Crowd) -> Vec<u64> {
    (0..HOSTS).map(|host| world.app(host).expect("up").views).collect()
}

#[test]
fn who_stands_still_for_half_the_limit_is_a_member_all_the_while() {
    for host in 0..HOSTS {
        let mut world = together(host as u64 + 1);
        let before = views(&world);
        for _ in 0..5 {
            world.pause(host, LIMIT / 2);
            world.run_for(LIMIT * 2);
        }
        assert_eq!(views(&world), before, "{host} stood still");
    }
}

#[test]
fn who_stands_still_for_long_is_out_and_knows_it_when_it_goes_on_and_is_in_again() {
    for stopped in [vec![0], vec![1], vec![3], vec![0, 1], vec![2, 3]] {
        for (seed, still) in (1..).zip([LIMIT * 2 + LIMIT / 2, LIMIT * 60]) {
            let mut world = together(seed);
            let old = world.app(stopped[0]).expect("up").present[&GROUP].id;
            stopped.iter().for_each(|host| world.pause(*host, still));
            world.run_for(GO_ON);
            let others = || (0..HOSTS).filter(|host| !stopped.contains(host));
            let left = HOSTS - stopped.len();
            assert!(others().all(|host| size(&world, host) == left), "without {stopped:?}");
            world.run_for(still - GO_ON);
            let at = world.now();
            world.run_for(KNOWS);
            for host in &stopped {
                let view = world.app(*host).expect("up").present[&GROUP].id;
                assert_ne!(view, old, "{host} does not know that it was out, after {still:?}");
            }
            while (0..HOSTS).any(|host| size(&world, host) != HOSTS) {
                let took = world.now().since(at);
                assert!(took < IN_AGAIN, "{stopped:?} are not in again after {still:?}");
                world.run_for(Duration::from_millis(50));
            }
            println!("{stopped:?}, {still:?}: in again in {:?}", world.now().since(at));
        }
    }
}

#[test]
fn nobody_is_out_because_all_stood_still() {
    for seed in 1..=3 {
        let mut world = together(seed);
        let before = views(&world);
        (0..HOSTS).for_each(|host| world.pause(host, LIMIT * 60));
        world.run_for(LIMIT * 70);
        assert_eq!(views(&world), before, "a machine was suspended for a minute");
    }
}
