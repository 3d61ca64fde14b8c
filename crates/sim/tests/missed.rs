//! One that dies and tells nobody: who misses it first says so, and nobody waits for more.

use muts::Duration;
use vsync::{Down, GroupId};

use crate::crowd::{Crowd, met};

const HOSTS: usize = 6;
const GROUP: GroupId = GroupId(1);
const SEEDS: u64 = 20;

/// The silence that is taken for failure; it may have begun up to a heartbeat before the death.
const LIMIT: Duration = Duration::from_secs(1);

/// What is idle says nothing else, and nobody is told that nobody is there.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// The word of the first who misses it, a probe without an answer, the others' word, a flush.
const AFTER: Duration = Duration::from_millis(15);

/// How long after the death of the process with this rank the last is told the view without it.
/// Its host dies with it, or `refuses` what comes for it.
fn view_after(victim: usize, refuses: bool, seed: u64) -> Duration {
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
    if refuses {
        (0..HOSTS).for_each(|host| world.network.shut(host, victim, true));
    }
    let (begun, step) = (world.now(), Duration::from_millis(1));
    let waits = |world: &Crowd, host| world.app(host).is_some_and(|app| app.sizes[&GROUP] == HOSTS);
    while (0..HOSTS).any(|host| waits(&world, host)) {
        world.run_for(step);
        assert!(world.now().since(begun) < LIMIT * 3, "rank {victim}, seed {seed}");
    }
    world.now().since(begun)
}

/// The slowest of so many, whichever rank it is that dies.
fn slowest(refuses: bool) -> Duration {
    let all = [0, 1, HOSTS - 1].into_iter();
    let all = all.flat_map(|victim| (1..=SEEDS).map(move |seed| view_after(victim, refuses, seed)));
    all.max().expect("some")
}

#[test]
fn a_view_without_a_dead_host_comes_when_the_first_misses_it() {
    let slowest = slowest(false);
    assert!(slowest < LIMIT + AFTER, "{slowest:?}");
}

#[test]
fn a_view_without_a_dead_process_comes_when_the_first_is_told_that_it_is_not_there() {
    let slowest = slowest(true);
    assert!(slowest < HEARTBEAT + AFTER, "{slowest:?}");
}
