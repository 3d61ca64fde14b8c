//! A rush: many come, go and die at once.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

/// All are in after so long; who died was missed before.
const IN_WITHIN: Duration = Duration::from_secs(5);
const MISSED_WITHIN: Duration = Duration::from_secs(1);

/// Until each of these has a view of exactly these, one and the same; how long that took.
fn until_one(world: &mut Crowd, group: GroupId, hosts: &[usize], most: Duration) -> Duration {
    let began = world.now();
    loop {
        let views: Vec<_> = hosts
            .iter()
            .filter_map(|host| world.app(*host).expect("up").present.get(&group))
            .collect();
        let one = views.first().is_some_and(|first| views.iter().all(|view| view.id == first.id));
        let whole = views.iter().all(|view| {
            let has = |host: &usize| view.members.iter().any(|at| at.proc == world.process(*host));
            view.members.len() == hosts.len() && hosts.iter().all(has)
        });
        if one && whole && views.len() == hosts.len() {
            return world.now().since(began);
        }
        let sizes: Vec<_> = views.iter().map(|view| view.members.len()).collect();
        assert!(
            world.now().since(began) < most,
            "{} of {} have {sizes:?}",
            views.len(),
            hosts.len()
        );
        world.run_for(Duration::from_millis(10));
    }
}

fn found(world: &mut Crowd, group: GroupId, hosts: &[usize]) {
    let members = hosts[1..].iter().map(|host| world.process(*host)).collect();
    world.act(hosts[0], |founder| founder.asks.push_back(Down::Found { group, members }));
    until_one(world, group, hosts, IN_WITHIN);
}

#[test]
fn sixteen_come_while_eight_go_and_four_die() {
    let group = GroupId(1);
    for seed in 1..=3 {
        // The first dies too: it coordinates.
        for dying in [[0, 1, 2, 3], [9, 10, 11, 12]] {
            let mut world = met(29, seed);
            found(&mut world, group, &(0..13).collect::<Vec<_>>());
            let leaving: Vec<usize> =
                (0..13).filter(|host| !dying.contains(host)).take(8).collect();
            let staying = (0..13).filter(|host| !dying.contains(host) && !leaving.contains(host));
            let hosts: Vec<usize> = staying.chain(13..29).collect();
            for host in 13..29 {
                let join = Down::Join { group, contact: None };
                world.act(host, |app| app.asks.push_back(join));
            }
            for host in &leaving {
                world.act(*host, |app| app.asks.push_back(Down::Leave { group }));
            }
            dying.iter().for_each(|host| world.crash(*host));
            let took = until_one(&mut world, group, &hosts, MISSED_WITHIN + IN_WITHIN);
            println!("seed {seed}, {dying:?} die: {} ms", took.as_millis());
        }
    }
}

#[test]
fn a_hundred_processes_come_to_twenty_groups_at_once() {
    const HOSTS: usize = 100;
    const GROUPS: usize = 20;
    let mut world = met(HOSTS, 5);
    let group = |number: usize| GroupId(number as u128 + 1);
    for number in 0..GROUPS {
        found(&mut world, group(number), &[number]);
    }
    let members = |number: usize| (number..HOSTS).step_by(GROUPS).collect::<Vec<_>>();
    for host in GROUPS..HOSTS {
        let join = Down::Join { group: group(host % GROUPS), contact: None };
        world.act(host, |app| app.asks.push_back(join));
    }
    for number in 0..GROUPS {
        until_one(&mut world, group(number), &members(number), IN_WITHIN);
    }
    for number in 0..GROUPS {
        let views = world.app(number).expect("up").views;
        assert!(views <= 1 + 1 + 2, "four came in {views} views, its own first one counted");
    }
}
