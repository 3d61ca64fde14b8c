//! Replica: one event of interest at a time, over a scripted group.
#![allow(clippy::unwrap_used)]

mod common;

use common::journal::Journals;
use common::{Fate, group, member};
use lwg::{Message, Order, SendId, Up};
use muts::Instant;
use tools::limits::{ATTEMPTS_MAX, CHUNK_BYTES, HELD_BYTES_MAX};
use tools::{Answer, Tool};

const BALLAST: usize = 5 * CHUNK_BYTES + 16;

/// Of every other seed the state is frozen, and written in several turns.
fn ballast(seed: u64) -> usize {
    BALLAST + 3 * (seed % 2) as usize
}

#[test]
fn founders_begin_with_the_agreed_state_and_stay_equal() {
    for seed in 0..20 {
        let (mut world, members) = Journals::founded(seed, 3, 0);
        for entry in 0..30 {
            world.propose(members[entry as usize % 3], entry, 0, true);
            world.step();
        }
        world.settle();
        world.check_equal(&members);
        world.check_replies();
        assert_eq!(world.entries(members[0]).len(), 30);
        assert!(members.iter().all(|who| world.donors(*who).is_empty()));
    }
}

#[test]
fn newcomers_get_the_state_while_commands_go_on() {
    for seed in 0..40 {
        let (mut world, mut members) = Journals::founded(seed, 1 + seed % 3, ballast(seed));
        for entry in 0..10 {
            world.propose(members[0], entry, 0, false);
        }
        world.settle();
        for node in 0..1 + seed % 4 {
            members.push(world.replica(10 + node, 0));
        }
        world.regroup(&members);
        for entry in 10..60 {
            let who = members[world.random.below(members.len() as u64) as usize];
            world.propose(who, entry, 0, true);
            (0..3).for_each(|_| _ = world.step());
        }
        world.settle();
        world.check_equal(&members);
        world.check_replies();
        assert_eq!(world.entries(members[0]).len(), 60);
        let newcomers = members.iter().filter(|who| who.proc.node.0 >= 10);
        newcomers.for_each(|who| assert_eq!(world.donors(*who), [members[0]]));
    }
}

#[test]
fn a_join_stops_nobody_who_is_sure_of_its_state() {
    let (mut world, mut members) = Journals::founded(1, 2, 0);
    members.push(world.replica(3, 0));
    world.regroup(&members);
    while world.hear_one(member(1)) {}
    let command = {
        let mut sample = tools::Asks::new();
        let host = &world.hosts[&member(1)];
        let entry = common::journal::Entry(7, 0);
        host.tool.propose(&entry, SendId(7), false, &mut sample);
        match sample.take() {
            Some(lwg::Down::Send { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    };
    let view = world.hosts[&member(1)].views.last().unwrap().id;
    let (lwg, from, send, order) = (group(), member(2), SendId(7), Order::Total);
    let up =
        Up::Message { lwg, view, from, send, order, safe: false, replies: false, message: command };
    world.hear(member(1), &up);
    assert_eq!(world.entries(member(1)), [7], "applied before the verdict");
}

#[test]
fn a_frozen_state_is_written_in_turns_and_what_is_told_between_them_is_not_in_it() {
    let (mut world, mut members) = Journals::founded(1, 2, BALLAST + 3);
    world.propose(members[0], 1, 0, false);
    world.settle();
    members.push(world.replica(10, 0));
    world.regroup(&members);
    let offered = |world: &Journals| world.hosts[&member(10)].tool.is_settled();
    let mut turns = 0;
    for entry in 2.. {
        // All that can happen happens, but that nobody is woken.
        while world.step() {}
        let donor = &world.hosts[&member(1)].tool;
        if donor.deadline() != Some(Instant::ZERO) {
            break;
        }
        assert_eq!(donor.snapshots_kept(), 1);
        assert!(!offered(&world), "nothing can have come of what is not written");
        world.propose(members[1], entry, 0, false);
        while world.step() {}
        assert_eq!(world.entries(member(1)).len(), entry as usize, "it goes on meanwhile");
        world.wake();
        turns += 1;
    }
    assert_eq!(turns, 4, "a quarter in each");
    world.settle();
    world.check_equal(&members);
    let at_view = |answer: &Answer<usize>| matches!(answer, Answer::Ready { at_view: true, .. });
    assert!(world.hosts[&member(10)].answers.iter().any(at_view));
}

#[test]
fn a_donor_that_crashes_at_any_chunk_is_replaced() {
    for chunk in 0..=6 {
        for seed in 0..8 {
            let (mut world, mut members) = Journals::founded(seed, 3, ballast(seed));
            world.propose(members[1], 1, 0, false);
            world.settle();
            members.push(world.replica(10, 0));
            world.regroup(&members);
            let mut entry = 2;
            while world.hosts[&member(1)].tool.counts().chunks_given < chunk {
                world.wake();
                assert!(world.step(), "the transfer ended before chunk {chunk}");
                if world.random.below(10) == 0 {
                    world.propose(members[1], entry, 0, true);
                    entry += 1;
                }
            }
            world.crash(member(1));
            members.remove(0);
            (0..world.random.below(30)).for_each(|_| _ = world.step());
            world.regroup(&members);
            world.settle();
            world.check_equal(&members);
            world.check_replies();
            assert_eq!(world.entries(members[0]).len() as u64, entry - 1);
        }
    }
}

#[test]
fn of_two_sides_the_smaller_takes_the_state_of_the_larger() {
    for seed in 0..40 {
        let (mut world, members) = Journals::founded(seed, 5, 0);
        let (small, large) = members.split_at(2);
        world.regroup(small);
        world.regroup(large);
        for entry in 0..10 {
            world.propose(small[entry as usize % 2], entry, 0, true);
            world.propose(large[entry as usize % 3], 100 + entry, 0, true);
        }
        world.settle();
        world.check_equal(small);
        world.check_equal(large);
        world.regroup(&members);
        for entry in 10..20 {
            world.propose(small[0], entry, 0, true);
            world.propose(large[0], 100 + entry, 0, true);
            (0..5).for_each(|_| _ = world.step());
        }
        world.settle();
        world.check_equal(&members);
        world.check_replies();
        let entries = world.entries(members[0]);
        assert!((100..120).all(|entry| entries.contains(&entry)), "{entries:?}");
        assert!((0..10).all(|entry| !entries.contains(&entry)), "{entries:?}");
        assert!((10..20).all(|entry| entries.contains(&entry)), "{entries:?}");
        small.iter().for_each(|who| assert_eq!(world.donors(*who), [large[0]]));
    }
}

#[test]
fn who_loses_the_winner_before_its_state_has_come_goes_back_to_its_own() {
    for seed in 0..40 {
        let (mut world, members) = Journals::founded(seed, 3, ballast(seed));
        let (large, small) = members.split_at(2);
        world.regroup(large);
        world.regroup(small);
        let (winner, loser) = (large[0], small[0]);
        world.propose(winner, 1, 0, false);
        world.propose(loser, 100, 0, false);
        world.settle();
        world.meddle = Box::new(|_, _, _| Fate::Vanishes);
        for round in 0..2 {
            world.regroup(&members);
            world.propose(loser, 101 + round, 0, true);
            for _ in 0..60 {
                world.wake();
                world.step();
            }
        }
        world.regroup(small);
        world.meddle = Box::new(|_, _, _| Fate::Arrives);
        world.settle();
        world.check_equal(small);
        world.check_replies();
        assert_eq!(world.entries(loser), [100, 101, 102], "its own, and what both were told");
        assert_eq!(world.donors(loser), [loser]);
        // And what it went back to, it brings into the next meeting.
        world.regroup(&members);
        world.settle();
        world.check_equal(&members);
        assert_eq!(world.donors(loser), [loser, winner]);
    }
}

#[test]
fn two_sides_that_are_still_equal_move_no_state() {
    let mut without = 0;
    for seed in 0..20 {
        let (mut world, members) = Journals::founded(seed, 4, ballast(seed));
        world.propose(members[3], 1, 0, false);
        world.settle();
        let (low, high) = members.split_at(2);
        world.regroup(low);
        world.regroup(high);
        world.settle();
        world.regroup(&members);
        world.settle();
        world.check_equal(&members);
        let given = |node| world.hosts[&member(node)].tool.counts().chunks_given;
        without += u32::from((1..=4).all(|node| given(node) == 0));
    }
    // Only if the winner's offer is ordered last: the side with the lower rank is sure by itself.
    assert!((1..20).contains(&without), "{without} of 20");
}

#[test]
fn a_snapshot_changed_on_the_way_is_refused_and_asked_for_again() {
    let (mut world, mut members) = Journals::founded(3, 2, BALLAST);
    members.push(world.replica(3, 0));
    let mut changed = false;
    world.meddle = Box::new(move |_, _, message| {
        if message.body().len() < 1000 || core::mem::replace(&mut changed, true) {
            return Fate::Arrives;
        }
        let mut bytes = vec![];
        message.write(&mut bytes);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        Fate::Changed(Message::read(bytes.into()).unwrap())
    });
    world.regroup(&members);
    world.settle();
    world.check_equal(&members);
    let counts = world.hosts[&member(3)].tool.counts();
    assert_eq!((counts.refused, counts.again), (1, 1));
    let answers = &world.hosts[&member(3)].answers;
    assert!(matches!(answers.last(), Some(Answer::Ready { at_view: false, .. })), "{answers:?}");
}

#[test]
fn a_donor_that_never_answers_is_given_up_and_the_next_view_tries_again() {
    let (mut world, mut members) = Journals::founded(3, 2, 0);
    members.push(world.replica(3, 0));
    world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    world.regroup(&members);
    world.settle();
    let answers = &world.hosts[&member(3)].answers;
    assert!(matches!(answers.last(), Some(Answer::GaveUp { .. })), "{answers:?}");
    assert_eq!(world.hosts[&member(3)].tool.counts().again, u64::from(ATTEMPTS_MAX));
    assert_eq!(world.hosts[&member(3)].tool.deadline(), None);
    world.propose(members[0], 1, 0, true);
    world.settle();
    world.check_replies();
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
    world.regroup(&members);
    world.settle();
    world.check_equal(&members);
}

#[test]
fn who_holds_too_much_asks_for_a_later_snapshot() {
    let weight = 1 << 20;
    let count = (HELD_BYTES_MAX / weight) as u64 + 5;
    let (mut world, mut members) = Journals::founded(5, 2, BALLAST);
    members.push(world.replica(3, 0));
    world.regroup(&members);
    // The first chunks come only after more has been delivered than can be held.
    while world.hosts[&member(1)].tool.counts().chunks_given == 0 {
        world.step();
    }
    world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    for entry in 0..count {
        world.propose(members[0], entry, weight, true);
    }
    while world.hosts[&member(3)].tool.counts().again == 0 {
        assert!(world.step());
    }
    world.meddle = Box::new(|_, _, _| Fate::Arrives);
    world.settle();
    world.check_equal(&members);
    world.check_replies();
    assert_eq!(world.entries(members[2]).len() as u64, count);
    assert!(world.hosts[&member(3)].replies.iter().any(|(_, _, declined)| *declined));
}

#[test]
fn an_undecided_member_that_holds_too_much_leaves() {
    let weight = 1 << 20;
    let (mut world, members) = Journals::founded(5, 2, 0);
    world.regroup(&members[..1]);
    world.regroup(&members[1..]);
    world.settle();
    // Member 2 cannot know that it loses: member 1 says nothing at all.
    world.regroup(&members);
    while world.hear_one(member(2)) {}
    let view = world.hosts[&member(2)].views.last().unwrap().id;
    let mut asks = tools::Asks::new();
    let entry = common::journal::Entry(1, weight);
    world.hosts[&member(2)].tool.propose(&entry, SendId(1), true, &mut asks);
    let Some(lwg::Down::Send { message, .. }) = asks.take() else { panic!("no send") };
    for send in 0..=(HELD_BYTES_MAX / weight) as u64 {
        let (lwg, from, send, message) = (group(), member(2), SendId(send), message.clone());
        let order = Order::Total;
        let up = Up::Message { lwg, view, from, send, order, safe: false, replies: true, message };
        world.hear(member(2), &up);
    }
    let answers = &world.hosts[&member(2)].answers;
    assert!(matches!(answers.last(), Some(Answer::GaveUp { .. })), "{answers:?}");
    assert_eq!(world.hosts[&member(2)].replies.len(), HELD_BYTES_MAX / weight + 1);
    world.settle();
    let answers = &world.hosts[&member(2)].answers;
    assert!(matches!(answers.last(), Some(Answer::Out { .. })), "{answers:?}");
    world.check_equal(&members[..1]);
}

#[test]
fn where_nobody_has_the_state_it_is_lost_until_somebody_revives_it() {
    for seed in 0..20 {
        let (mut world, mut members) = Journals::founded(seed, 1, BALLAST);
        world.propose(members[0], 1, 0, false);
        world.settle();
        members.push(world.replica(2, 9));
        members.push(world.replica(3, 9));
        world.meddle = Box::new(|_, _, _| Fate::Vanishes);
        world.regroup(&members);
        (0..40).for_each(|_| _ = world.step());
        world.crash(member(1));
        members.remove(0);
        world.regroup(&members);
        world.meddle = Box::new(|_, _, _| Fate::Arrives);
        world.settle();
        for who in &members {
            let host = &world.hosts[who];
            assert!(matches!(host.answers.last(), Some(Answer::Lost { .. })), "{:?}", host.answers);
            assert!(host.tool.state().is_none() && host.tool.digest().is_none());
        }
        for who in &members {
            let host = world.hosts.get_mut(who).unwrap();
            host.tool.revive(&mut host.asks);
            world.pump(*who);
        }
        world.propose(members[0], 5, 0, true);
        world.settle();
        world.check_equal(&members);
        world.check_replies();
    }
}

#[test]
fn other_traffic_of_the_group_passes_by() {
    let (mut world, members) = Journals::founded(1, 2, 0);
    let view = world.hosts[&member(1)].views[0].id;
    let mut other = Message::new(&b"not a command"[..]);
    for round in 0..3 {
        let (lwg, from, message) = (group(), member(2), other.clone());
        let (send, order) = (SendId(round), Order::Total);
        let told = Up::Told { lwg, from, message: message.clone() };
        let up = Up::Message { lwg, view, from, send, order, safe: false, replies: true, message };
        world.hear(member(1), &up);
        world.hear(member(1), &told);
        other.push(&round);
    }
    assert!(world.hosts[&member(1)].answers.is_empty());
    assert!(world.hosts[&member(1)].replies.is_empty());
    world.check_equal(&members);
}

#[test]
fn a_command_that_cannot_be_read_is_declined_and_counted_everywhere() {
    let (mut world, _) = Journals::founded(1, 1, 0);
    let view = world.hosts[&member(1)].views[0].id;
    let mut headed = Message::new(&b"short"[..]);
    headed.push(&0x0052_u16);
    let (lwg, from, send, order) = (group(), member(9), SendId(1), Order::Total);
    let up =
        Up::Message { lwg, view, from, send, order, safe: false, replies: true, message: headed };
    world.hear(member(1), &up);
    let host = &world.hosts[&member(1)];
    assert_eq!(host.tool.counts().malformed, 1);
    assert_eq!(host.replies, [(from, send, true)]);
}

#[test]
fn a_stranger_is_given_no_state() {
    let (mut world, mut members) = Journals::founded(1, 1, 0);
    members.push(world.replica(2, 0));
    world.regroup(&members);
    while world.hear_one(member(1)) {}
    let view = world.hosts[&member(1)].views.last().unwrap().id;
    assert_eq!(world.hosts[&member(1)].tool.snapshots_kept(), 1);
    let mut header = vec![b'R', 5];
    muts::Wire::write(&view, &mut header);
    header.extend([0; 8]);
    let want = |from| {
        let mut bytes = vec![];
        muts::write_varint(&mut bytes, header.len() as u64 + 2);
        bytes.extend(&header);
        bytes.extend((header.len() as u16).to_le_bytes());
        Up::Told { lwg: group(), from, message: Message::read(bytes.into()).unwrap() }
    };
    world.hear(member(1), &want(member(7)));
    assert_eq!(world.hosts[&member(1)].tool.counts().chunks_given, 0);
    world.hear(member(1), &want(member(2)));
    assert_eq!(world.hosts[&member(1)].tool.counts().chunks_given, 1);
}

#[test]
fn nothing_is_told_before_the_group_is_there() {
    let mut world = Journals::new(0);
    let who = world.replica(1, 0);
    let tool = &mut world.hosts.get_mut(&who).unwrap().tool;
    assert!(tool.state().is_none() && tool.view().is_none() && tool.digest().is_none());
    tool.wake(Instant::from_nanos(u64::MAX), &mut tools::Asks::new());
    assert_eq!(tool.answer(), None);
}

#[test]
fn who_is_out_before_its_state_has_come_declines_what_it_held() {
    let (mut world, mut members) = Journals::founded(1, 2, BALLAST);
    let newcomer = world.replica(3, 0);
    members.push(newcomer);
    world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    world.regroup(&members);
    world.propose(members[0], 1, 0, true);
    while world.hosts[&newcomer].heard.is_empty() {
        assert!(world.step(), "it was told nothing");
    }
    assert!(world.hosts[&newcomer].replies.is_empty(), "it holds what it was told");
    world.hear(newcomer, &Up::Out { lwg: group(), why: lwg::Why::Destroyed });
    let declined = (members[0], SendId(1), true);
    assert_eq!(world.hosts[&newcomer].replies, [declined]);
}
