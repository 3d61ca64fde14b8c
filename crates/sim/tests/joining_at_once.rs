//! Many that join one core group at once: few views are enough for all of them.

use muts::Duration;
use vsync::{Down, GroupId};

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
