//! A link that comes and goes: others are not told a new view each time.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 4;
const GROUP: GroupId = GroupId(1);

/// The most views a minute that a pair may cost the others, once it is known.
const VIEWS_A_MINUTE: u64 = 2;

fn sizes(world: &Crowd) -> Vec<usize> {
    (0..HOSTS).filter_map(|host| world.app(host)?.sizes.get(&GROUP).copied()).collect()
}

#[test]
fn who_comes_and_goes_for_minutes_makes_few_views_for_others_and_is_in_again_at_last() {
    let mut world = met(HOSTS, 3);
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_secs(2));
    assert_eq!(sizes(&world), [HOSTS; HOSTS]);

    let mut minutes = Vec::new();
    for _ in 0..5 {
        let views = world.app(2).expect("up").views;
        let until = world.now() + Duration::from_secs(60);
        while world.now() < until {
            for (cut, secs) in [(true, 2), (false, 6)] {
                world.network.cut(0, 1, cut);
                world.network.cut(1, 0, cut);
                world.run_for(Duration::from_secs(secs));
            }
        }
        minutes.push(world.app(2).expect("up").views - views);
    }
    // The first breaks are believed to be the last, each a little less.
    assert!(minutes[0] <= 12, "{minutes:?}");
    assert!(minutes[1..].iter().all(|views| *views <= VIEWS_A_MINUTE), "{minutes:?}");

    world.run_for(Duration::from_secs(70));
    assert_eq!(sizes(&world), [HOSTS; HOSTS], "good for a minute, it counts again");
}
