//! More hosts than fit a short heartbeat: all hear of each other, and nobody is taken for deaf.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 64;
const GROUP: GroupId = GroupId(1);

fn all_have(world: &Crowd, size: usize) -> bool {
    let mut apps = (0..HOSTS).filter_map(|host| world.app(host));
    apps.all(|app| app.sizes.get(&GROUP) == Some(&size))
}

#[test]
fn sixty_four_hosts_are_one_group_and_one_fewer_when_one_dies() {
    let mut world = met(HOSTS, 3);
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(4));
    assert!(all_have(&world, HOSTS), "all are in");
    world.crash(HOSTS - 1);
    world.run_for(Duration::from_secs(3));
    assert!(all_have(&world, HOSTS - 1), "all have noticed, and nobody else is out");
}
