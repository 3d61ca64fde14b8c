//! Who is added to a group that has lost members or moved is told what is sent after that, or its
//! asker is told that it did not come.

use crate::common::judge::judge;
use crate::common::net::Wish;
use crate::common::town::Town;
use crate::common::{lwg, proc, seat, seats};
use lwg::{Down, Endpoint, GroupId, LwgId, Operation, Order, Outcome, SendId, Smallest, Up};
use muts::{Duration, Random};

/// How adds and removes ended.
fn done(ups: &[Up]) -> Vec<Outcome> {
    let done = |up: &Up| match up {
        Up::Done { operation: Operation::Add | Operation::Remove, outcome, .. } => {
            Some(outcome.clone())
        }
        _ => None,
    };
    ups.iter().filter_map(done).collect()
}

fn sends_told(town: &Town, node: u64) -> Vec<SendId> {
    let sent = |up: &Up| if let Up::Message { send, .. } = up { Some(*send) } else { None };
    town.told[&seat(node)].iter().filter_map(sent).collect()
}

/// A group of 1, 2 and 3, which has lost 3, on a core group with 4.
fn lost(seed: u64) -> (Town, LwgId, GroupId) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3, 4]));
    let core = lwg::SetId::DEFAULT.core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3, 4]) });
    town.run();
    let group = lwg(1, 1);
    town.create_on(seat(1), core, group, seats(&[1, 2, 3]));
    town.run();
    town.crash(seat(3));
    town.net.borrow_mut().regroup(core);
    town.run();
    assert_eq!(town.members(seat(1), group), seats(&[1, 2]));
    (town, group, core)
}

fn add(town: &mut Town, node: u64, group: LwgId, members: &[u64]) {
    town.ask(seat(node), Down::Add { lwg: group, members: seats(members) });
}

#[test]
fn who_is_added_to_a_group_that_lost_members_is_told_what_is_sent_after_that() {
    for seed in 0..40 {
        let (mut town, group, _) = lost(seed);
        let before = town.send(seat(2), group, Order::Fifo, false);
        add(&mut town, 2, group, &[4]);
        assert_eq!(done(&town.told[&seat(2)]), [], "4 may be in it elsewhere");
        let after = town.send(seat(2), group, Order::Fifo, false);
        town.run();
        assert_eq!(done(&town.told[&seat(2)]), [Outcome::Done], "seed {seed}");
        assert_eq!(sends_told(&town, 4), [after], "seed {seed}");
        assert_eq!(sends_told(&town, 1), [before, after], "seed {seed}");
        assert_eq!(town.count(seat(2), "lwg.unsettled"), 0);
        judge(&town.told);
    }
}

#[test]
fn whom_two_add_at_the_same_time_both_reach() {
    for seed in 0..40 {
        let (mut town, group, _) = lost(seed);
        add(&mut town, 1, group, &[4]);
        add(&mut town, 2, group, &[4]);
        let sends = [1, 2].map(|node| town.send(seat(node), group, Order::Fifo, false));
        town.run();
        for node in 1..=2 {
            let outcomes = done(&town.told[&seat(node)]);
            let so = [Outcome::Done, Outcome::NothingToDo];
            assert!(outcomes.len() == 1 && so.contains(&outcomes[0]), "seed {seed}: {outcomes:?}");
        }
        let mut told = sends_told(&town, 4);
        told.sort_unstable();
        assert_eq!(told, sends, "seed {seed}");
    }
}

#[test]
fn who_is_removed_before_it_has_come_does_not_come() {
    for seed in 0..40 {
        let (mut town, group, _) = lost(seed);
        add(&mut town, 2, group, &[4]);
        town.steps(seed % 8);
        town.ask(seat(2), Down::Remove { lwg: group, members: seats(&[4]) });
        let last = town.send(seat(2), group, Order::Fifo, false);
        town.run();
        assert_eq!(done(&town.told[&seat(2)]), [Outcome::Done, Outcome::Done], "seed {seed}");
        assert_eq!(town.members(seat(1), group), seats(&[1, 2]), "seed {seed}");
        assert_eq!(town.view(seat(4), group), None, "seed {seed}");
        assert!(!sends_told(&town, 4).contains(&last));
        judge(&town.told);
    }
}

/// Views come between, with an exchange or none, and end it too.
#[test]
fn an_add_that_views_come_between_ends_as_it_says() {
    let (mut again, mut through, all) = (0, 0, 400);
    for seed in 0..all {
        let (mut town, group, core) = lost(seed);
        let mut random = Random::new(seed);
        town.steps(random.below(4));
        add(&mut town, 2, group, &[4]);
        let after = town.send(seat(2), group, Order::Fifo, false);
        for node in 5..7 {
            town.steps(random.below(10));
            if random.below(3) > 0 {
                town.start(seat(node), Smallest::default());
                let wish = Wish::Invite(seat(1), core, vec![proc(node)]);
                town.net.borrow_mut().wishes.push(wish);
                town.net.borrow_mut().grant();
            } else if node == 6 && random.below(3) == 0 {
                // 1 ends, and the view with it.
                town.crash(seat(1));
                town.net.borrow_mut().regroup(core);
            }
        }
        town.run();
        let outcomes = done(&town.told[&seat(2)]);
        assert_eq!(outcomes.len(), 1, "seed {seed}: {outcomes:?}");
        match outcomes[0] {
            Outcome::Done => {
                through += 1;
                assert_eq!(sends_told(&town, 4), [after], "seed {seed}");
            }
            Outcome::Again => again += 1,
            _ => panic!("seed {seed}: {outcomes:?}"),
        }
        assert_eq!(sends_told(&town, 2), [after], "seed {seed}");
        for who in town.towers.keys() {
            assert_eq!(town.count(*who, "lwg.unsettled"), 0, "seed {seed}");
        }
        judge(&town.told);
    }
    assert!(through > all / 2, "{through} and {again} of {all}");
}

/// A group that moves takes along an add that comes too late for it, before what is sent after it.
#[test]
fn an_add_that_its_group_goes_away_from_comes_before_what_is_sent_after_it() {
    let (mut reached, all) = (0, 200);
    for seed in 0..all {
        let mut town = Town::new(seed, &seats(&[1, 2, 3]));
        let cores = [1, 2].map(|number| lwg::SetId::DEFAULT.core(seat(1), number));
        for core in cores {
            town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
            town.run();
        }
        let group = lwg(1, 1);
        let members = seats(&[1, 2]);
        town.create_on(seat(1), cores[0], group, members);
        town.run();
        town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
        town.steps(seed % 20);
        add(&mut town, 2, group, &[3]);
        let after = town.send(seat(2), group, Order::Fifo, false);
        town.run();
        assert_eq!(done(&town.told[&seat(2)]), [Outcome::Done], "seed {seed}");
        assert_eq!(sends_told(&town, 3), [after], "seed {seed}");
        assert_eq!(sends_told(&town, 1), [after], "seed {seed}");
        reached += 1;
        judge(&town.told);
    }
    assert_eq!(reached, all);
}

/// 3 is in a part on another core group: it is in one place, and the asker knows.
#[test]
fn who_is_in_a_part_elsewhere_is_said_to_be_missing() {
    let mut left = 0;
    for seed in 0..40 {
        let mut town = Town::new(seed, &seats(&[1, 2, 3]));
        let cores = [1, 2].map(|number| lwg::SetId::DEFAULT.core(seat(1), number));
        for core in cores {
            town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
            town.run();
        }
        let group = lwg(2, 1);
        let members = seats(&[1, 2, 3]);
        town.create_on(seat(1), cores[0], group, members);
        town.run();
        town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
        town.steps(seed % 10);
        town.net.borrow_mut().side.insert(seat(3), 1);
        town.net.borrow_mut().regroup(cores[0]);
        town.run();
        let core = |who: Endpoint, town: &Town| town.view(who, group).map(|view| view.core);
        if core(seat(3), &town) != Some(cores[0]) || core(seat(1), &town) != Some(cores[1]) {
            continue;
        }
        left += 1;
        for _ in 0..3 {
            town.pass(Duration::from_secs(4_000));
            town.run();
        }
        town.net.borrow_mut().side.insert(seat(3), 0);
        add(&mut town, 3, group, &[1]);
        town.run();
        assert_eq!(
            done(&town.told[&seat(3)]),
            [Outcome::Missing(Box::new(seats(&[1])))],
            "seed {seed}"
        );
        assert_eq!(town.count(seat(3), "lwg.unsettled"), 0);
        judge(&town.told);
    }
    assert!(left > 0);
}

/// All that is on the way to one comes at once, or nothing of it.
fn all_at_once(town: &mut Town, who: u64) {
    loop {
        let net = town.net.borrow();
        let to = |&(number, receiver, _): &(usize, usize, usize)| {
            net.epochs[number].view.members[receiver] == seat(who)
        };
        let next = net.deliveries().into_iter().find(to);
        drop(net);
        let Some(next) = next else { return town.wake(seat(who)) };
        town.net.borrow_mut().deliver(next);
    }
}

#[test]
fn who_adds_itself_with_others_does_not_wait_for_itself() {
    let (mut town, group, core) = lost(1);
    town.start(seat(5), Smallest::default());
    town.net.borrow_mut().wishes.push(Wish::Invite(seat(1), core, vec![proc(5)]));
    town.run();
    add(&mut town, 4, group, &[4, 5]);
    for _ in 0..20 {
        for node in [1, 2, 5] {
            all_at_once(&mut town, node);
        }
    }
    all_at_once(&mut town, 4);
    town.run();
    assert_eq!(done(&town.told[&seat(4)]), [Outcome::Done]);
    assert_eq!(town.members(seat(4), group).len(), 4);
    judge(&town.told);
}
