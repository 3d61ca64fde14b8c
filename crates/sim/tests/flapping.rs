//! A link that comes and goes: others are not told a new view each time.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 4;
const GROUP: GroupId = GroupId(1);

/// The most views a minute that a pair may cost the others, once it is known.
const VIEWS_A_MINUTE: u64 = 2;

/// How long it comes and goes: minutes.
const MINUTES: usize = 8;

/// Minutes until the pair is known: the first breaks are believed to be the last, each a little
/// less.
const KNOWN_AFTER: usize = 5;

fn sizes(world: &Crowd) -> Vec<usize> {
    (0..HOSTS).filter_map(|host| world.app(host)?.sizes.get(&GROUP).copied()).collect()
}

fn together(seed: u64) -> Crowd {
    let mut world = met(HOSTS, seed);
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(2));
    assert_eq!(sizes(&world), [HOSTS; HOSTS]);
    world
}

/// Takes the link between the first two down and up by turns, for times that are told; answers how
/// many views a host that has nothing to do with it was told, minute by minute.
fn flap(world: &mut Crowd, minutes: usize, mut next: impl FnMut() -> [Duration; 2]) -> Vec<u64> {
    let mut told = Vec::new();
    for _ in 0..minutes {
        let views = world.app(2).expect("up").views;
        let until = world.now() + Duration::from_secs(60);
        while world.now() < until {
            let [down, up] = next();
            for (cut, time) in [(true, down), (false, up)] {
                world.network.cut(0, 1, cut);
                world.network.cut(1, 0, cut);
                world.run_for(time);
            }
        }
        told.push(world.app(2).expect("up").views - views);
        // Who is not concerned stays with the others who are not.
        let views = [2, 3].map(|host| world.app(host).expect("up").present[&GROUP].id);
        assert_eq!(views[0], views[1]);
        let sizes = [2, 3].map(|host| world.app(host).expect("up").sizes[&GROUP]);
        assert!(sizes.iter().all(|size| *size >= HOSTS - 1), "{sizes:?}");
    }
    told
}

/// The link is whole, and in the end all count again.
fn is_whole_again(world: &mut Crowd) {
    world.run_for(Duration::from_secs(70));
    assert_eq!(sizes(world), [HOSTS; HOSTS], "good for a minute, it counts again");
}

#[test]
fn who_comes_and_goes_for_minutes_makes_few_views_for_others_and_is_in_again_at_last() {
    let mut world = together(3);
    let minutes = flap(&mut world, 5, || [2, 6].map(Duration::from_secs));
    assert!(minutes[0] <= 12, "{minutes:?}");
    assert!(minutes[1..].iter().all(|views| *views <= VIEWS_A_MINUTE), "{minutes:?}");
    is_whole_again(&mut world);
}

#[test]
fn a_link_that_is_up_as_long_as_it_is_down_makes_a_view_in_half_a_minute_at_most() {
    for seed in 1..=2 {
        for millis in [2_000, 300] {
            let mut world = together(seed);
            let time = Duration::from_millis(millis);
            let minutes = flap(&mut world, MINUTES, || [time; 2]);
            println!("up and down for {millis} ms each, seed {seed}: views a minute {minutes:?}");
            let after = &minutes[KNOWN_AFTER..];
            assert!(after.iter().all(|views| *views <= VIEWS_A_MINUTE), "{minutes:?}");
            is_whole_again(&mut world);
        }
    }
}

#[test]
fn a_link_that_comes_and_goes_at_random_makes_a_view_in_half_a_minute_at_most() {
    for seed in 1..=2 {
        let (mut world, mut state) = (together(seed), seed);
        let mut any = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Duration::from_millis(100 + (state >> 33) % 4_000)
        };
        let minutes = flap(&mut world, MINUTES, || [any(), any()]);
        println!("up and down at random, seed {seed}: views a minute {minutes:?}");
        let after = &minutes[KNOWN_AFTER..];
        assert!(after.iter().all(|views| *views <= VIEWS_A_MINUTE), "{minutes:?}");
        is_whole_again(&mut world);
    }
}
