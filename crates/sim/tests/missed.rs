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

/// How long one who was told waits for those who were not.
const OTHERS: Duration = Duration::from_millis(200);

/// So many hosts, whose heartbeats do not all go at the same time, in one group.
fn together(hosts: usize, seed: u64) -> Crowd {
    let mut world = met(hosts, seed);
    for host in 0..hosts {
        world.crash(host);
        world.run_for(Duration::from_millis(13));
        world.start(host);
    }
    world.run_for(Duration::from_secs(3));
    let members = (1..hosts).map(|host| world.process(host)).collect();
    world.act(0, |founder| founder.asks.push_back(Down::Found { group: GROUP, members }));
    world.run_for(Duration::from_millis(2_000 + seed * 7));
    world
}

/// Hosts by the ranks of their processes.
fn by_rank(world: &Crowd) -> Vec<usize> {
    let view = &world.app(0).expect("up").present[&GROUP];
    let host = |proc| (0..world.hosts()).find(|host| world.process(*host) == proc);
    view.members.iter().map(|member| host(member.proc).expect("a host")).collect()
}

/// How long after the death of the process with this rank the last is told the view without it.
/// What comes for it is refused to those with these ranks.
fn view_after(victim: usize, refused: &[usize], seed: u64) -> Duration {
    let mut world = together(HOSTS, seed);
    let hosts = by_rank(&world);
    world.crash(hosts[victim]);
    for rank in refused {
        world.network.shut(hosts[*rank], hosts[victim], true);
    }
    let (begun, step) = (world.now(), Duration::from_millis(1));
    let waits = |world: &Crowd, host| world.app(host).is_some_and(|app| app.sizes[&GROUP] == HOSTS);
    while (0..HOSTS).any(|host| waits(&world, host)) {
        world.run_for(step);
        assert!(world.now().since(begun) < LIMIT * 3, "rank {victim}, seed {seed}");
    }
    world.now().since(begun)
}

/// The slowest of so many.
fn slowest(victims: &[usize], refused: &[usize]) -> Duration {
    let of = |victim: &usize| (1..=SEEDS).map(|seed| view_after(*victim, refused, seed)).max();
    victims.iter().filter_map(of).max().expect("some")
}

#[test]
fn a_view_without_a_dead_host_comes_when_the_first_misses_it() {
    let slowest = slowest(&[0, 1, HOSTS - 1], &[]);
    assert!(slowest < LIMIT + AFTER, "{slowest:?}");
}

#[test]
fn a_view_without_a_dead_process_comes_when_the_first_is_told_that_it_is_not_there() {
    let slowest = slowest(&[0, 1, HOSTS - 1], &[0, 1, 2, 3, 4, 5]);
    assert!(slowest < HEARTBEAT + AFTER, "{slowest:?}");
}

#[test]
fn those_who_are_not_told_that_nobody_is_there_hold_up_for_a_moment_who_is() {
    let slowest = slowest(&[0], &[1]);
    assert!(slowest < HEARTBEAT + OTHERS + AFTER, "{slowest:?}");
}

/// All who miss somebody say so at once, and keep their own times all the same.
#[test]
fn a_death_does_not_have_all_heartbeats_go_at_one_time() {
    let mut world = together(HOSTS, 1);
    // In how many milliseconds of a period anything goes.
    let busy = |world: &mut Crowd| {
        let sent = |world: &mut Crowd| {
            let before = world.network.counted().0;
            world.run_for(Duration::from_millis(1));
            world.network.counted().0 > before
        };
        (0..HEARTBEAT.as_millis()).filter(|_| sent(world)).count()
    };
    let before = busy(&mut world);
    world.crash(*by_rank(&world).last().expect("members"));
    world.run_for(LIMIT * 10);
    let after = busy(&mut world);
    assert!(after + 2 > before, "{after} times of a period and not {before}");
}
