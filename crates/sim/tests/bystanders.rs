//! Core groups that a victim was not in: its death is no pause for them.

use muts::{Duration, Message};
use vsync::{Causality, Down, GroupId, How, Order};

use crate::crowd::{Crowd, met_with};

const HOSTS: usize = 5;
/// Of all, of all but the victim, and of two others.
const CONCERNED: GroupId = GroupId(1);
const BYSTANDERS: [(GroupId, [usize; 3]); 2] = [(GroupId(2), [1, 2, 3]), (GroupId(3), [2, 3, 4])];

const CAST_EVERY: Duration = Duration::from_millis(5);
/// What a pause may be where nobody failed (promises, row 1).
const PAUSE_MAX: Duration = Duration::from_millis(50);

fn cast(world: &mut Crowd, host: usize, group: GroupId) {
    let how = How::from(Order::Causal);
    let ask = Down::Cast { group, how, message: Message::new(vec![7; 100]) };
    world.act(host, |app| app.asks.push_back(ask));
}

fn load(world: &mut Crowd, victim: usize, time: Duration) {
    let until = world.now() + time;
    while world.now() < until {
        for host in (0..HOSTS).filter(|host| *host != victim) {
            cast(world, host, CONCERNED);
        }
        for (group, members) in BYSTANDERS {
            members.into_iter().for_each(|host| cast(world, host, group));
        }
        world.run_for(CAST_EVERY);
    }
}

/// The longest time between two multicasts that any member of a group saw which the victim was not
/// in.
fn longest_pause(causality: Causality, seed: u64) -> Duration {
    let change = move |config: &mut vsync::Config| config.causality = causality;
    let (mut world, victim) = (met_with(HOSTS, seed, change), 0);
    let found = |world: &mut Crowd, group, members: &[usize]| {
        let others = members[1..].iter().map(|host| world.process(*host)).collect();
        let found = Down::Found { group, members: others };
        world.act(members[0], |app| app.asks.push_back(found));
    };
    found(&mut world, CONCERNED, &[0, 1, 2, 3, 4]);
    BYSTANDERS.iter().for_each(|(group, members)| found(&mut world, *group, members));
    world.run_for(Duration::from_secs(2));
    load(&mut world, victim, Duration::from_secs(1));
    world.crash(victim);
    load(&mut world, victim, Duration::from_secs(3));
    assert_eq!(world.app(1).expect("up").sizes[&CONCERNED], HOSTS - 1);
    let gap = |host: usize, group: GroupId| world.app(host).expect("up").gaps[&group].1;
    let all = BYSTANDERS.into_iter().flat_map(|(group, members)| members.map(|host| (host, group)));
    all.map(|(host, group)| gap(host, group)).max().expect("some")
}

#[test]
fn a_death_is_no_pause_for_core_groups_that_the_dead_was_not_in() {
    for seed in 1..=5 {
        let pause = longest_pause(Causality::Group, seed);
        assert!(pause <= PAUSE_MAX, "seed {seed}: {pause:?}");
    }
}

/// Where causality goes across groups, what follows a message waits until that is stable: who
/// multicasts in the dead one's group too waits for the dead.
#[test]
fn it_is_one_where_causality_goes_across_groups_and_the_same_processes_multicast_in_both() {
    let pause = longest_pause(Causality::System, 1);
    assert!(pause > PAUSE_MAX, "{pause:?}");
}
