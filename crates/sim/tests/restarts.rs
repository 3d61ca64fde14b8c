//! A host that restarts again and again: what others remember of it does not grow.

use muts::{Counted, Duration};
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 3;
const GROUP: GroupId = GroupId(1);

fn count(world: &Crowd, host: usize, name: &str) -> u64 {
    let mut found = 0;
    world.tower(host).expect("up").count(&mut |each, number| {
        if each == name {
            found = number;
        }
    });
    found
}

#[test]
fn what_is_remembered_of_a_host_that_restarts_sixty_times_is_bounded() {
    let mut world = met(HOSTS, 3);
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(2));
    for _ in 0..60 {
        world.crash(2);
        world.run_for(Duration::from_millis(200));
        world.start(2);
        let join = Down::Join { group: GROUP, contact: None };
        world.act(2, |founder| founder.asks.push_back(join));
        world.run_for(Duration::from_millis(2_000));
        let size = world.app(0).expect("up").sizes[&GROUP];
        assert_eq!(size, HOSTS, "it is in again");
    }
    for host in 0..2 {
        assert!(count(&world, host, "vsync.peers") <= 3, "the other, this one, and one that was");
        assert_eq!(count(&world, host, "vsync.kin"), 2);
        assert!(count(&world, host, "vsync.sightings") <= 2);
    }
}
