//! Transfer: a state that comes from several donors, and one that takes its time.
#![allow(clippy::unwrap_used)]

mod common;

use common::journal::{Journal, Journals};
use common::{Fate, group, member};
use lwg::Endpoint;
use muts::{Duration, Instant};
use tools::Replica;
use tools::limits::CHUNK_BYTES;

/// A journal saved is this, its length, and its entries: so many chunks.
const BALLAST: usize = 5 * CHUNK_BYTES + 17;
const CHUNKS: u64 = 6;

fn given(world: &Journals, node: u64) -> u64 {
    world.hosts[&member(node)].tool.counts().chunks_given
}

fn resumed(world: &Journals, who: Endpoint) -> u64 {
    world.hosts[&who].tool.counts().chunks_resumed
}

/// Three members, one newcomer, and its first donor crashed once it has given so many chunks, and
/// those it has given have come.
fn donor_lost_after(seed: u64, chunks: u64, entry: Option<u64>) -> (Journals, Vec<Endpoint>) {
    let (mut world, mut members) = Journals::founded(seed, 3, BALLAST);
    let newcomer = world.replica(10, 0);
    members.push(newcomer);
    world.regroup(&members);
    let mut left = chunks;
    world.meddle = Box::new(move |from, _, message| {
        if from == member(1) && message.body().len() > 16 {
            if left == 0 {
                return Fate::Vanishes;
            }
            left -= 1;
        }
        Fate::Arrives
    });
    while world.step() {}
    if let Some(entry) = entry {
        world.propose(members[1], entry, 0, true);
        while world.step() {}
    }
    world.crash(member(1));
    members.remove(0);
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
    world.regroup(&members);
    world.settle();
    world.check_equal(&members);
    world.check_replies();
    assert_eq!(world.donors(newcomer), [member(2)]);
    (world, members)
}

#[test]
fn another_donor_of_the_same_state_gives_only_what_had_not_come() {
    for seed in 0..8 {
        for chunks in 0..CHUNKS {
            let (world, members) = donor_lost_after(seed, chunks, None);
            assert_eq!(resumed(&world, members[2]), chunks, "seed {seed}");
            assert_eq!(given(&world, 2), CHUNKS - chunks, "seed {seed}, {chunks} had come");
        }
    }
}

#[test]
fn a_state_that_has_moved_meanwhile_begins_anew_at_another_donor() {
    for seed in 0..8 {
        let (world, members) = donor_lost_after(seed, 3, Some(7));
        assert_eq!(resumed(&world, members[2]), 0);
        assert_eq!(given(&world, 2), CHUNKS);
        assert_eq!(world.entries(members[2]), [7]);
    }
}

/// A newcomer to one that has the state, as many as asked for, at so many bytes a second: when each
/// was told a command proposed each tenth of a second, and when the last has the state.
fn paced(takers: u64, bytes_a_second: u64) -> (Vec<Duration>, Duration) {
    let mut world = Journals::new(1);
    let mut replica = |node| {
        let (who, journal) = (member(node), Journal { ballast: BALLAST, entries: vec![] });
        let replica = Replica::new(group(), who, journal).with_rate(bytes_a_second);
        world.add_host(who, replica);
        who
    };
    let all: Vec<_> = (1..=1 + takers).map(&mut replica).collect();
    world.regroup(&all[..1]);
    world.settle();
    world.regroup(&all);
    let (mut entry, mut told) = (0, vec![]);
    loop {
        while world.step() {}
        let settled = |who| world.hosts[who].tool.is_settled();
        if all.iter().all(settled) {
            let again = |who| world.hosts[who].tool.counts().again;
            assert!(all.iter().all(|who| again(who) == 0 && given(&world, 1) == CHUNKS * takers));
            world.check_equal(&all);
            return (told, world.now.since(Instant::ZERO));
        }
        entry += 1;
        world.propose(all[0], entry, 0, false);
        let proposed = world.now;
        while world.step() {}
        assert_eq!(world.entries(all[0]).len() as u64, entry);
        told.push(world.now.since(proposed));
        world.now += Duration::from_millis(100);
        world.wake();
    }
}

#[test]
fn a_state_comes_no_faster_than_it_may_and_commands_do_not_wait_for_it() {
    let rate = CHUNK_BYTES as u64;
    let (told, took) = paced(1, rate);
    assert!((4..=6).contains(&took.as_secs()), "six chunks at one a second took {took:?}");
    let soon = |took: &Duration| *took < Duration::from_millis(20);
    assert!(told.len() > 40 && told.iter().all(soon), "{told:?}");
}

#[test]
fn who_take_at_the_same_time_share_the_pace() {
    let (_, one) = paced(1, CHUNK_BYTES as u64);
    let (_, three) = paced(3, CHUNK_BYTES as u64);
    assert!(three > one.mul_f64(2.5), "{one:?} for one, {three:?} for three");
}

#[test]
fn a_pace_slower_than_patience_makes_nobody_ask_twice() {
    let (_, took) = paced(1, CHUNK_BYTES as u64 / 10);
    assert!((50..70).contains(&took.as_secs()), "{took:?}");
}
