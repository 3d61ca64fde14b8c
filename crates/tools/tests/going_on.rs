//! Going on: a state on its way that views change around, while commands move it.
#![allow(clippy::unwrap_used)]

mod common;

use common::journal::Journals;
use common::{Fate, member};
use lwg::{Endpoint, SendId};
use muts::Duration;
use tools::limits::{CHUNK_BYTES, CUTS_MAX, HELD_BYTES_MAX};
use tools::{Answer, Tool};

/// A journal saved is this, its length, and its entries: so many chunks.
const SAVED: usize = 5 * CHUNK_BYTES + 16;
/// One that is frozen, and written in four turns.
const FROZEN: usize = SAVED + 3;
const CHUNKS: u64 = 6;

fn given(world: &Journals, node: u64) -> u64 {
    world.hosts[&member(node)].tool.counts().chunks_given
}

fn kept(world: &Journals, node: u64) -> usize {
    world.hosts[&member(node)].tool.snapshots_kept()
}

/// All that can happen without the passing of time.
fn run(world: &mut Journals) {
    while world.step() {}
}

/// All that can happen, but that no more than so many chunks arrive anywhere: the rest is lost.
fn run_for_chunks(world: &mut Journals, chunks: u64) {
    let mut left = chunks;
    world.meddle = Box::new(move |_, _, message| {
        if message.body().len() <= 16 {
            return Fate::Arrives;
        }
        if left == 0 {
            return Fate::Vanishes;
        }
        left -= 1;
        Fate::Arrives
    });
    run(world);
    // What is frozen is written meanwhile.
    for _ in 0..8 {
        world.wake();
        run(world);
    }
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
}

/// A group of so many, and a newcomer to it that has had so many chunks of the first one's state.
fn under_way(seed: u64, count: u64, ballast: usize, chunks: u64) -> (Journals, Vec<Endpoint>) {
    let (mut world, mut members) = Journals::founded(seed, count, ballast);
    members.push(world.replica(10, 0));
    world.regroup(&members);
    run_for_chunks(&mut world, chunks);
    (world, members)
}

/// Commands of each of these, some of which want replies.
fn talk(world: &mut Journals, members: &[Endpoint], entry: &mut u64) {
    for who in members {
        *entry += 1;
        world.propose(*who, *entry, 0, entry.is_multiple_of(2));
    }
}

/// Takes the chunks that were lost on the way off the account: they were asked for again.
fn came_once(world: &Journals, members: &[Endpoint], taker: Endpoint) {
    assert_eq!(world.hosts[&taker].tool.counts().again, 0);
    let bytes = world.hosts[&taker].tool.counts().bytes_taken;
    assert_eq!(bytes.div_ceil(CHUNK_BYTES as u64), CHUNKS);
    world.check_equal(members);
    world.check_replies();
}

#[test]
fn a_view_change_that_donor_and_taker_outlive_makes_nothing_come_twice_though_commands_go_on() {
    for (seed, ballast) in (0..16).zip([SAVED, FROZEN].into_iter().cycle()) {
        for chunks in 1..CHUNKS {
            let (mut world, mut members) = under_way(seed, 3, ballast, chunks);
            let (taker, before, mut entry) = (members[3], given(&world, 1), 0);
            members.remove(1);
            talk(&mut world, &members, &mut entry);
            (0..seed).for_each(|_| _ = world.step());
            world.regroup(&members);
            talk(&mut world, &members, &mut entry);
            world.settle();
            came_once(&world, &members, taker);
            assert_eq!(world.donors(taker), [member(1)]);
            let lost = before - chunks;
            assert_eq!(given(&world, 1) - lost, CHUNKS, "seed {seed}, {chunks} had come");
            assert_eq!(world.entries(taker).len() as u64, entry);
        }
    }
}

#[test]
fn a_state_comes_though_the_view_changes_after_each_chunk_of_it() {
    for (seed, ballast) in (0..16).zip([SAVED, FROZEN].into_iter().cycle()) {
        let (mut world, mut members) = under_way(seed, 2, ballast, 1);
        let (taker, mut entry, mut views) = (members[2], 0, 0);
        let mut other = None;
        while world.donors(taker).is_empty() {
            talk(&mut world, &members, &mut entry);
            match other.take() {
                Some(_) => _ = members.pop(),
                None => {
                    let newcomer = world.replica(20 + views, 0);
                    members.push(newcomer);
                    other = Some(newcomer);
                }
            }
            world.regroup(&members);
            // What was lost is asked for again.
            world.now += Duration::from_secs(1);
            run_for_chunks(&mut world, 2);
            views += 1;
            assert!(views < 40, "seed {seed}: it never comes");
            assert!(kept(&world, 1) <= CUTS_MAX, "seed {seed}");
        }
        world.settle();
        came_once(&world, &members, taker);
    }
}

#[test]
fn what_is_being_written_when_the_view_changes_is_not_begun_again() {
    for seed in 0..8 {
        let (mut world, mut members) = Journals::founded(seed, 3, FROZEN);
        let taker = world.replica(10, 0);
        members.push(taker);
        world.regroup(&members);
        let (mut entry, mut turns) = (0, 0);
        while given(&world, 1) == 0 {
            run(&mut world);
            world.wake();
            talk(&mut world, &members, &mut entry);
            turns += 1;
            match members.iter().position(|who| *who == member(2)) {
                Some(at) => _ = members.remove(at),
                None => members.insert(1, member(2)),
            }
            world.regroup(&members);
            assert!(turns < 40, "seed {seed}: it is never written");
        }
        world.settle();
        came_once(&world, &members, taker);
    }
}

#[test]
fn who_waits_for_a_state_that_is_written_slowly_is_told_so_and_does_not_give_up() {
    let (mut world, mut members) = under_way(1, 2, FROZEN, 3);
    let second = world.replica(11, 0);
    members.push(second);
    world.regroup(&members);
    run(&mut world);
    for _ in 0..10 {
        // The donor does not come to writing.
        world.now += Duration::from_secs(1);
        let host = world.hosts.get_mut(&second).unwrap();
        host.tool.wake(world.now, &mut host.asks);
        world.pump(second);
        run(&mut world);
    }
    assert!(world.donors(second).is_empty());
    world.settle();
    assert_eq!(world.hosts[&second].tool.counts().again, 0);
    assert_eq!(world.donors(second), [member(1)]);
    world.check_equal(&members);
}

#[test]
fn another_that_froze_the_same_state_goes_on_where_the_donor_died_though_commands_go_on() {
    for seed in 0..16 {
        for chunks in 1..CHUNKS {
            let (mut world, mut members) = under_way(seed, 3, FROZEN, chunks);
            let (taker, mut entry) = (members[3], 0);
            talk(&mut world, &members[1..], &mut entry);
            (0..seed).for_each(|_| _ = world.step());
            world.crash(member(1));
            members.remove(0);
            world.regroup(&members);
            talk(&mut world, &members, &mut entry);
            world.settle();
            came_once(&world, &members, taker);
            assert_eq!(world.donors(taker), [member(2)]);
            assert_eq!(given(&world, 2), CHUNKS - chunks, "seed {seed}, {chunks} had come");
            let resumed = world.hosts[&taker].tool.counts().chunks_resumed;
            assert_eq!(resumed, chunks);
        }
    }
}

#[test]
fn a_donor_stays_the_donor_though_one_of_a_lower_rank_has_the_state_meanwhile() {
    let (mut world, members) = under_way(1, 2, SAVED, 3);
    let (taker, first) = (members[2], world.replica(11, 0));
    let all = [&[first][..], &members].concat();
    world.meddle = Box::new(move |_, to, message| {
        let for_taker = to == taker && message.body().len() > 16;
        if for_taker { Fate::Vanishes } else { Fate::Arrives }
    });
    world.regroup(&all);
    run(&mut world);
    assert_eq!(world.donors(first), [member(1)]);
    world.propose(first, 1, 0, true);
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
    world.regroup(&all);
    world.settle();
    came_once(&world, &all, taker);
    assert_eq!(world.hosts[&taker].tool.counts().chunks_taken, CHUNKS);
    assert_eq!((given(&world, 11), given(&world, 2)), (0, 0));
}

#[test]
fn where_nobody_froze_the_state_it_begins_anew_when_its_donor_has_died() {
    let (mut world, mut members) = under_way(1, 3, SAVED, 3);
    world.propose(members[1], 1, 0, true);
    run(&mut world);
    world.crash(member(1));
    members.remove(0);
    world.regroup(&members);
    world.settle();
    came_once(&world, &members, members[2]);
    assert_eq!(given(&world, 2), CHUNKS);
}

#[test]
fn who_parted_from_a_taker_gives_it_nothing_of_what_both_had_cut() {
    for (seed, ballast) in (0..16).zip([SAVED, FROZEN].into_iter().cycle()) {
        let (mut world, mut members) = Journals::founded(seed, 3, ballast);
        let (one, other) = (world.replica(10, 0), world.replica(11, 0));
        members.extend([one, other]);
        world.regroup(&members);
        run_for_chunks(&mut world, 3);
        let left = [member(1), member(3), one];
        let right = [member(2), other];
        world.regroup(&left);
        world.regroup(&right);
        let mut entry = 0;
        talk(&mut world, &left, &mut entry);
        talk(&mut world, &right, &mut entry);
        run_for_chunks(&mut world, 1);
        world.regroup(&members);
        // And once more, before anybody can know whose state it is.
        (0..seed).for_each(|_| _ = world.step());
        world.regroup(&members);
        talk(&mut world, &members, &mut entry);
        world.settle();
        world.check_equal(&members);
        world.check_replies();
        let entries = world.entries(other);
        assert!((1..4).all(|entry| entries.contains(&entry)), "{entries:?}");
        assert!((4..6).all(|entry| !entries.contains(&entry)), "{entries:?}");
    }
}

#[test]
fn a_taker_whose_side_loses_declines_what_it_held_before_they_met_and_keeps_what_came_after() {
    for (seed, ballast) in (0..16).zip([SAVED, FROZEN].into_iter().cycle()) {
        let (mut world, members) = Journals::founded(seed, 4, ballast);
        let (small, large) = members.split_at(1);
        world.regroup(small);
        world.regroup(large);
        let taker = world.replica(10, 0);
        let mut small = small.to_vec();
        small.push(taker);
        world.settle();
        world.regroup(&small);
        run_for_chunks(&mut world, 3);
        let mut entry = 0;
        talk(&mut world, &small, &mut entry);
        run(&mut world);
        let all: Vec<_> = small.iter().chain(large).copied().collect();
        world.regroup(&all);
        talk(&mut world, &all, &mut entry);
        world.settle();
        world.check_equal(&all);
        world.check_replies();
        let entries = world.entries(taker);
        assert!((1..3).all(|entry| !entries.contains(&entry)), "{entries:?}");
        assert!((3..=entry).all(|entry| entries.contains(&entry)), "{entries:?}");
    }
}

#[test]
fn however_many_come_in_views_of_their_own_a_donor_keeps_a_few_snapshots_and_serves_all() {
    for (seed, ballast) in (0..8).zip([SAVED, FROZEN].into_iter().cycle()) {
        let (mut world, mut members) = Journals::founded(seed, 2, ballast);
        let mut entry = 0;
        for node in 0..9 {
            members.push(world.replica(10 + node, 0));
            world.regroup(&members);
            run_for_chunks(&mut world, 1);
            talk(&mut world, &members, &mut entry);
            for node in 1..=2 {
                assert!(kept(&world, node) <= CUTS_MAX, "{} kept", kept(&world, node));
            }
        }
        world.settle();
        for who in &members[2..] {
            assert_eq!(world.donors(*who), [member(1)]);
        }
        came_once(&world, &members, members[2]);
    }
}

#[test]
fn who_holds_too_much_over_several_views_asks_for_a_later_snapshot() {
    let (weight, views) = (1 << 20, 4);
    let count = (HELD_BYTES_MAX / weight) as u64 / views + 2;
    let (mut world, mut members) = under_way(5, 3, SAVED, 2);
    let taker = members[3];
    world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    let mut entry = 0;
    for view in 0..views {
        assert_eq!(world.hosts[&taker].tool.counts().again, 0, "in view {view}");
        for _ in 0..count {
            entry += 1;
            world.propose(members[0], entry, weight, true);
        }
        run(&mut world);
        match members.iter().position(|who| *who == member(2)) {
            Some(at) => _ = members.remove(at),
            None => members.insert(1, member(2)),
        }
        if view + 1 < views {
            world.regroup(&members);
            run(&mut world);
        }
    }
    assert_eq!(world.hosts[&taker].tool.counts().again, 1);
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
    world.regroup(&members);
    world.settle();
    world.check_equal(&members);
    world.check_replies();
    let declined = world.hosts[&taker].replies.iter().filter(|(_, _, declined)| *declined);
    assert_eq!(declined.count() as u64, entry, "all that it held");
}

#[test]
fn what_comes_while_it_is_undecided_whose_state_it_is_need_not_come_again() {
    let (mut world, members) = under_way(1, 2, SAVED, 0);
    let (donor, taker) = (members[0], members[2]);
    // The first chunk was lost; asked for again, the first one brings eight more on their way.
    world.now += Duration::from_secs(2);
    world.wake();
    while world.tell_one((taker, donor)) || world.tell_one((donor, taker)) {
        if given(&world, 1) >= CHUNKS {
            break;
        }
    }
    world.regroup(&members);
    while world.hear_one(taker) {}
    while world.tell_one((donor, taker)) || world.tell_one((taker, donor)) {}
    assert!(world.donors(taker).is_empty(), "all of it has come, and nothing is decided");
    let before = given(&world, 1);
    world.settle();
    assert_eq!(given(&world, 1), before, "nothing came twice");
    came_once(&world, &members, taker);
}

#[test]
fn an_answer_that_is_wanted_is_given_by_who_has_held_the_command_over_a_view() {
    let (mut world, mut members) = under_way(1, 3, SAVED, 2);
    let taker = members[3];
    world.propose(members[0], 1, 0, true);
    run(&mut world);
    members.remove(1);
    world.regroup(&members);
    world.settle();
    let applied = |answer: &Answer<usize>| {
        matches!(answer, Answer::Applied { send: SendId(1), replies: true, .. })
    };
    assert_eq!(world.hosts[&taker].answers.iter().filter(|answer| applied(answer)).count(), 1);
    assert!(world.hosts[&taker].replies.is_empty(), "it has not declined");
}

#[test]
fn who_goes_back_to_its_own_state_has_in_it_what_it_held_over_the_views_since() {
    for (seed, ballast) in (0..16).zip([SAVED, FROZEN].into_iter().cycle()) {
        let (mut world, members) = Journals::founded(seed, 4, ballast);
        let (large, small) = members.split_at(3);
        world.regroup(large);
        world.regroup(small);
        world.propose(large[0], 1, 0, false);
        world.propose(small[0], 100, 0, false);
        world.settle();
        world.regroup(&members);
        run_for_chunks(&mut world, 2);
        world.propose(small[0], 101, 0, true);
        run(&mut world);
        world.regroup(&[members[0], members[2], small[0]]);
        world.propose(small[0], 102, 0, true);
        run_for_chunks(&mut world, 1);
        world.regroup(small);
        world.settle();
        world.check_equal(small);
        world.check_replies();
        assert_eq!(world.entries(small[0]), [100, 101, 102]);
    }
}

/// A member of a side of two has loaded its state, and meets a side of so many before it can tell.
/// Tells whether it still has to, which is left to chance.
fn loaded_late(seed: u64, others: u64) -> (Journals, Vec<Endpoint>, Endpoint, bool) {
    let (mut world, mut members) = Journals::founded(seed, 2 + others, 0);
    let mut small = members[..2].to_vec();
    if others > 0 {
        world.regroup(&members[2..]);
        world.regroup(&small);
        world.propose(small[0], 1, 0, false);
        world.settle();
    }
    let newcomer = world.replica(10, 0);
    small.push(newcomer);
    members.push(newcomer);
    world.regroup(&small);
    while world.donors(newcomer).is_empty() {
        assert!(world.step());
    }
    world.regroup(&members);
    world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    let late = std::iter::from_fn(|| world.order_one(newcomer).then_some(())).count() > 0;
    (world, members, newcomer, late)
}

#[test]
fn who_could_not_tell_in_time_that_it_has_loaded_takes_nothing_again() {
    let mut late = 0;
    for seed in 0..20 {
        let (mut world, members, newcomer, is_late) = loaded_late(seed, 0);
        late += u32::from(is_late);
        world.settle();
        world.check_equal(&members);
        assert_eq!(world.donors(newcomer).len(), 1);
        let given = |node| world.hosts[&member(node)].tool.counts().chunks_given;
        assert_eq!(given(1) + given(2), 1, "seed {seed}");
    }
    assert!((1..20).contains(&late), "{late} of 20");
}

#[test]
fn a_loading_told_too_late_for_its_view_settles_nobody_in_the_next() {
    let mut late = 0;
    for seed in 0..40 {
        let (mut world, members, newcomer, is_late) = loaded_late(seed, 4);
        late += u32::from(is_late);
        while world.step() {}
        assert!(!world.hosts[&newcomer].tool.is_settled(), "seed {seed}");
        let kept = world.hosts[&members[2]].tool.snapshots_kept();
        assert_eq!(kept, 1, "seed {seed}: what the losers are to take");
        world.meddle = Box::new(|_, _, _| Fate::Arrives);
        world.settle();
        world.check_equal(&members);
        assert_eq!(world.hosts[&newcomer].tool.counts().again, 0, "seed {seed}");
        let lost = |answer: &Answer<usize>| matches!(answer, Answer::Lost { .. });
        assert!(!world.hosts.values().any(|host| host.answers.iter().any(lost)));
    }
    assert!((1..40).contains(&late), "{late} of 40");
}
