//! A host that dies and tells nobody: who misses it first says so, and nobody waits for more.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 6;
const GROUP: GroupId = GroupId(1);
const SEEDS: u64 = 20;

/// The silence that is taken for failure; it may have begun up to a heartbeat before the death.
const LIMIT: Duration = Duration::from_secs(1);

/// The word of the first who misses it, a probe without an answer, the others' word, a flush.
const AFTER: Duration = Duration::from_millis(15);

/// How long after the death of the host with this rank the last is told the view without it.
fn view_after(victim: usize, seed: u64) -> Duration {
    let mut world = met(HOSTS, seed);
    // So that their heartbeats do not all go at the same time.
    for host in 0..HOSTS {
        world.crash(host);
        world.run_for(Duration::from_millis(13));
        world.start(host);
    }
    world.run_for(Duration::from_secs(3));
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_millis(2_000 + seed * 7));
    world.crash(victim);
    let (begun, step) = (world.now(), Duration::from_millis(1));
    let waits = |world: &Crowd, host| world.app(host).is_some_and(|app| app.sizes[&GROUP] == HOSTS);
    while (0..HOSTS).any(|host| waits(&world, host)) {
        world.run_for(step);
        assert!(world.now().since(begun) < LIMIT * 3, "rank {victim}, seed {seed}");
    }
    world.now().since(begun)
}

#[test]
fn a_view_without_a_dead_host_comes_when_the_first_misses_it() {
    for victim in [0, 1, HOSTS - 1] {
        let slowest = (1..=SEEDS).map(|seed| view_after(victim, seed)).max().expect("some");
        assert!(slowest < LIMIT + AFTER, "rank {victim}: {slowest:?}");
    }
}
