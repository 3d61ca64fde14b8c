//! Groups that go from one core group to another: nothing lost, nothing twice, no send refused.

use crate::common::judge::{judge, judge_rest};
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Adaptive, Down, GroupId, LwgId, Operation, Order, Outcome, SendId, Smallest, Up};
use muts::Duration;

/// A group of 1 and 2, and besides its core group one of all three.
fn two_cores(seed: u64) -> (Town, LwgId, GroupId) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3]));
    let group = lwg(1, 1);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: seats(&[1, 2, 3]) });
    town.run();
    let to = town.view(seat(1), lwg(1, 2)).expect("a view").core;
    assert_ne!(town.view(seat(1), group).expect("a view").core, to);
    (town, group, to)
}

fn sends_told(told: &[Up]) -> Vec<SendId> {
    let send = |up: &Up| match up {
        Up::Message { send, .. } => Some(*send),
        _ => None,
    };
    told.iter().filter_map(send).collect()
}

#[test]
fn a_group_moves_with_everything_that_is_sent_meanwhile() {
    for seed in 0..60 {
        let (mut town, group, to) = two_cores(seed);
        let before = town.view(seat(2), group).expect("a view");
        let mut sent = Vec::new();
        for round in 0..30 {
            if round == 5 {
                assert!(town.ask(seat(1), Down::Move { lwg: group, to }));
            }
            let order = [Order::Fifo, Order::Causal, Order::Total][round % 3];
            sent.push(town.send(seat(1 + round as u64 % 2), group, order, false));
            town.steps(seed % 7);
        }
        town.run();
        for node in [1, 2] {
            let view = town.view(seat(node), group).expect("a view");
            assert_eq!((view.core, &view.members), (to, &seats(&[1, 2])));
            assert_eq!(view.transitional, seats(&[1, 2]));
            let mut told = sends_told(&town.told[&seat(node)]);
            told.sort_unstable();
            assert_eq!(told, sent, "at {node}, seed {seed}");
            assert_eq!(town.count(seat(node), "lwg.unsettled"), 0);
        }
        let after = town.view(seat(2), group).expect("a view");
        assert_eq!(after.previous, Some(before.id));
        assert!(
            town.told[&seat(1)].iter().any(
                |up| matches!(up, Up::Done { lwg, outcome: Outcome::Done, .. } if *lwg == group)
            )
        );
        let place = town.towers[&seat(3)].explain(group).expect("3 knows it now");
        assert_eq!((place.core, place.moves), (to, 1));
        judge(&town.told);
    }
}

/// Each core group knows where the group went from it, and that it has come back since, however
/// often it went.
#[test]
fn a_group_moves_three_hundred_times() {
    let (mut town, group, to) = two_cores(1);
    let home = town.view(seat(1), group).expect("a view").core;
    for times in 1..=300 {
        let to = if times % 2 == 1 { to } else { home };
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(1_000);
        let place = town.towers[&seat(2)].explain(group).expect("it has arrived");
        assert_eq!((place.core, place.moves), (to, times));
        town.told.values_mut().for_each(Vec::clear);
    }
}

#[test]
fn replies_to_what_was_sent_before_come_after() {
    let (mut town, group, to) = two_cores(4);
    town.answers = false;
    let asked = town.send(seat(1), group, Order::Fifo, true);
    town.ask(seat(1), Down::Move { lwg: group, to });
    town.run();
    let ended = |up: &Up| match up {
        Up::Answered { send, lost, .. } => *send == asked && lost.is_empty(),
        _ => false,
    };
    assert!(town.told[&seat(1)].iter().any(ended));
    assert!(
        town.told[&seat(1)].iter().any(|up| matches!(up, Up::Stable { send } if *send == asked))
    );
}

#[test]
fn a_move_to_where_a_member_is_not_names_it() {
    let (mut town, _, _) = two_cores(1);
    let home = town.view(seat(1), lwg(1, 1)).expect("a view").core;
    town.ask(seat(1), Down::Move { lwg: lwg(1, 2), to: home });
    town.run();
    let (operation, outcome) = (Operation::Move, Outcome::Missing(Box::new(seats(&[3]))));
    let missing = Up::Done { lwg: lwg(1, 2), operation, outcome };
    let last = town.told[&seat(1)].last().expect("told");
    assert_eq!(format!("{last:?}"), format!("{missing:?}"));
}

/// A group of 1 and 2 that has gone from one core group to another with 3, who was added and has
/// not been told so: it does not know what 2 sent before.
fn gone_with_one_to_be_told(seed: u64) -> (Town, LwgId, [GroupId; 2]) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3]));
    let cores = [1, 2].map(|number| lwg::SetId::DEFAULT.core(seat(1), number));
    for core in cores {
        town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
    }
    town.run();
    let group = lwg(1, 1);
    town.create_on(seat(1), cores[0], group, seats(&[1, 2]));
    town.run();
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[3]) });
    // All is agreed upon before anybody hears that 2 has sent everything.
    run_without(&mut town, cores[0], &[1, 3]);
    town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
    run_without(&mut town, cores[0], &[1, 3]);
    run_without(&mut town, cores[0], &[3]);
    assert_eq!(town.view(seat(1), group).map(|view| view.members), Some(seats(&[1, 2, 3])));
    assert_eq!(town.view(seat(3), group), None, "seed {seed}");
    (town, group, cores)
}

/// Everything happens but that these are told in a core group what 2 says.
fn run_without(town: &mut Town, core: GroupId, whom: &[u64]) {
    let whom = seats(whom);
    town.run_unless(|view, receiver, sender| {
        view.group == core && whom.contains(&receiver) && sender == seat(2)
    });
}

#[test]
fn who_is_still_to_be_told_that_it_was_added_comes_along() {
    for seed in 0..40 {
        let (mut town, group, [from, to]) = gone_with_one_to_be_told(seed);
        // Asked in once more, for whatever reason.
        town.ask(seat(1), Down::Add { lwg: group, members: seats(&[3]) });
        run_without(&mut town, from, &[3]);
        assert_eq!(town.view(seat(3), group), None, "seed {seed}");
        town.run();
        for node in 1..=3 {
            let view = town.view(seat(node), group).expect("a view");
            assert_eq!((view.core, view.transitional.len()), (to, 3), "seed {seed} at {node}");
            assert_eq!(town.count(seat(node), "lwg.unsettled"), 0);
        }
        judge(&town.told);
    }
}

#[test]
fn who_leaves_before_it_is_told_that_it_was_added_is_not_waited_for() {
    for seed in 0..40 {
        let (mut town, group, [from, to]) = gone_with_one_to_be_told(seed);
        town.net.borrow_mut().leave_at_once(from, seat(3));
        town.run();
        for node in 1..=2 {
            let view = town.view(seat(node), group).expect("a view");
            assert_eq!((view.core, &view.members), (to, &seats(&[1, 2])), "seed {seed}");
        }
        judge(&town.told);
    }
}

/// Nobody is in two parts: not even who is still to be told that it is in one.
#[test]
fn who_is_still_to_be_told_of_one_part_does_not_enter_another() {
    let (mut apart, all) = (0, seats(&[1, 2, 3, 4]));
    for seed in 0..60 {
        let mut town = Town::new(seed, &all);
        let [home, to] = [1, 2].map(|number| lwg::SetId::DEFAULT.core(seat(1), number));
        for core in [home, to] {
            town.ask(seat(1), Down::FoundCore { core, members: all.clone() });
        }
        town.run();
        let group = lwg(1, 1);
        town.create_on(seat(1), home, group, seats(&[1, 2, 3]));
        town.run();
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 12);
        // 1 goes with it, 2 and 3 stay.
        sides(&mut town, &[2, 3, 4], 1, &[home]);
        town.run();
        let views = [1, 2, 3].map(|node| town.view(seat(node), group).map(|view| view.core));
        if views != [Some(to), Some(home), Some(home)] {
            continue;
        }
        apart += 1;
        town.ask(seat(3), Down::Add { lwg: group, members: seats(&[4]) });
        run_without(&mut town, home, &[4]);
        town.ask(seat(1), Down::Add { lwg: group, members: seats(&[4]) });
        run_without(&mut town, home, &[4]);
        assert_eq!(town.view(seat(4), group), None, "seed {seed}");
        let last = town.told[&seat(1)].last();
        let elsewhere = |outcome: &Outcome| *outcome == Outcome::Missing(Box::new(seats(&[4])));
        let said = matches!(last, Some(Up::Done { outcome, .. }) if elsewhere(outcome));
        assert!(said, "{last:?}, seed {seed}");
        town.run();
        assert_eq!(town.members(seat(4), group), seats(&[2, 3, 4]), "seed {seed}");
        judge(&town.told);
    }
    assert!(apart > 0, "{apart}");
}

#[test]
fn whoever_starts_a_move_may_die_at_any_point_of_it() {
    for steps in 0..60 {
        let (mut town, _, _) = two_cores(steps);
        let group = lwg(2, 1);
        town.ask(seat(2), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
        town.run();
        let core = seats(&[1, 2, 3]);
        let set = lwg::SetId::DEFAULT;
        let to = set.core(seat(3), 1);
        town.ask(seat(3), Down::FoundCore { core: to, members: core });
        town.run();
        town.ask(seat(3), Down::Move { lwg: group, to });
        for node in [1, 2] {
            town.send(seat(node), group, Order::Total, false);
        }
        town.steps(steps);
        town.crash(seat(3));
        for _ in 0..3 {
            let cores = town.net.borrow().groups();
            for core in cores {
                town.net.borrow_mut().regroup(core);
                town.steps(steps % 11);
            }
            town.run();
        }
        for node in [1, 2] {
            assert_eq!(town.members(seat(node), group), seats(&[1, 2]), "after {steps}");
            assert_eq!(town.count(seat(node), "lwg.unsettled"), 0, "after {steps}");
        }
        judge(&town.told);
        judge_rest(&town.told, &seats(&[1, 2]).into_iter().collect());
    }
}

#[test]
fn parts_that_have_moved_apart_meet_where_they_were_one() {
    let mut apart = 0;
    for seed in 0..120 {
        let (mut town, _, _) = two_cores(seed);
        let group = lwg(2, 1);
        town.ask(seat(2), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
        town.run();
        let home = town.view(seat(1), group).expect("a view").core;
        let to = lwg::SetId::DEFAULT.core(seat(1), 1);
        town.ask(seat(1), Down::FoundCore { core: to, members: seats(&[1, 2, 3]) });
        town.run();
        // 3 is cut off from its home, perhaps before it hears that the group leaves.
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 10);
        town.net.borrow_mut().side.insert(seat(3), 1);
        town.net.borrow_mut().regroup(home);
        town.steps(seed * 2);
        town.net.borrow_mut().side.insert(seat(3), 0);
        town.net.borrow_mut().regroup(home);
        town.send(seat(3), group, Order::Total, false);
        town.run();
        for _ in 0..3 {
            town.pass(Duration::from_secs(2));
            town.run();
        }
        apart += usize::from(town.count(seat(1), "lwg.apart") > 0);
        for node in 1..=3 {
            let view = town.view(seat(node), group).expect("a view");
            assert_eq!(view.members.len(), 3, "at {node}, seed {seed}");
            assert_eq!(view.core, town.view(seat(1), group).expect("a view").core);
            assert_eq!(town.count(seat(node), "lwg.unsettled"), 0);
        }
        judge(&town.told);
    }
    assert!((5..100).contains(&apart), "{apart}");
}

/// A core group that 1 founds for these three.
fn founded(town: &mut Town, number: u32) -> GroupId {
    let core = lwg::SetId::DEFAULT.core(seat(1), number);
    town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
    town.run();
    core
}

/// From now on these processes are on that side, as these core groups see it.
fn sides(town: &mut Town, nodes: &[u64], side: u64, cores: &[GroupId]) {
    let mut net = town.net.borrow_mut();
    net.side.extend(nodes.iter().map(|node| (seat(*node), side)));
    cores.iter().for_each(|core| net.regroup(*core));
}

fn cores_of(town: &Town, group: LwgId) -> Vec<(GroupId, usize)> {
    let views = (1..=3).filter_map(|node| town.view(seat(node), group));
    views.map(|view| (view.core, view.members.len())).collect()
}

/// Long enough for what nobody uses to be given up.
fn long_after(town: &mut Town) {
    for _ in 0..3 {
        town.pass(Duration::from_secs(60));
        town.run();
    }
}

/// These come back to the others on these core groups, and find the group within seconds.
fn whole_again(town: &mut Town, nodes: &[u64], cores: &[GroupId], group: LwgId, seed: u64) {
    sides(town, nodes, 0, cores);
    for _ in 0..3 {
        town.run();
        town.pass(Duration::from_secs(2));
    }
    town.run();
    on_one(town, group, seed);
}

fn on_one(town: &Town, group: LwgId, seed: u64) {
    let all = cores_of(town, group);
    assert_eq!(all, [(all[0].0, 3); 3], "seed {seed}");
    judge(&town.told);
}

#[test]
fn a_group_that_comes_in_parts_goes_no_further() {
    let mut apart = 0;
    for seed in 0..120 {
        let (mut town, _, _) = two_cores(seed);
        let group = lwg(2, 1);
        town.ask(seat(2), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
        town.run();
        let (to, on) = (founded(&mut town, 1), founded(&mut town, 2));
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 24);
        // Its home is whole all the while.
        sides(&mut town, &[3], 1, &[to]);
        sides(&mut town, &[3], 0, &[]);
        town.run();
        let view = town.view(seat(3), group).expect("a view");
        if view.members.len() < 3 {
            apart += 1;
            assert_eq!(view.core, to, "seed {seed}");
            town.ask(seat(3), Down::Move { lwg: group, to: on });
            town.run();
            let last = town.told[&seat(3)].last();
            let stays = matches!(last, Some(Up::Done { outcome: Outcome::NoPlace, .. }));
            assert!(stays, "{last:?}, seed {seed}");
        }
        sides(&mut town, &[], 0, &[to]);
        town.run();
        on_one(&town, group, seed);
    }
    assert!(apart > 5, "{apart}");
}

#[test]
fn whoever_did_not_hear_that_its_group_moved_is_found_however_late() {
    let mut left = 0;
    for seed in 0..60 {
        let (mut town, _, _) = two_cores(seed);
        let (group, home, to) = (lwg(2, 1), founded(&mut town, 1), founded(&mut town, 2));
        let members = seats(&[1, 2, 3]);
        town.create_on(seat(1), home, group, members);
        town.run();
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 10);
        sides(&mut town, &[3], 1, &[home]);
        town.run();
        if cores_of(&town, group) != [(to, 2), (to, 2), (home, 1)] {
            continue;
        }
        left += 1;
        long_after(&mut town);
        whole_again(&mut town, &[3], &[home], group, seed);
    }
    assert!(left > 0);
}

/// 3 misses a move of its group; the part that moved loses 2 and comes back to 3 without it.
#[test]
fn whoever_a_group_left_behind_when_its_parts_met_is_found_where_it_was_left() {
    let mut left = 0;
    for seed in 0..60 {
        let (mut town, _, _) = two_cores(seed);
        let group = lwg(2, 1);
        town.ask(seat(2), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
        town.run();
        let (home, to) = (town.view(seat(1), group).expect("a view").core, founded(&mut town, 1));
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 10);
        sides(&mut town, &[3], 1, &[home]);
        town.run();
        if cores_of(&town, group) != [(to, 2), (to, 2), (home, 1)] {
            continue;
        }
        left += 1;
        sides(&mut town, &[2], 2, &[home, to]);
        town.run();
        sides(&mut town, &[3], 0, &[home, to]);
        town.run();
        assert_eq!(cores_of(&town, group), [(home, 2), (to, 1), (home, 2)], "seed {seed}");
        long_after(&mut town);
        whole_again(&mut town, &[2], &[home, to], group, seed);
    }
    assert!(left > 0);
}

#[test]
fn a_group_that_has_lost_a_member_stays_where_it_is() {
    let (mut town, group, to) = two_cores(1);
    let home = town.view(seat(1), group).expect("a view").core;
    town.crash(seat(2));
    let cores = town.net.borrow().groups();
    cores.into_iter().for_each(|core| town.net.borrow_mut().regroup(core));
    town.run();
    town.ask(seat(1), Down::Move { lwg: group, to });
    town.run();
    assert_eq!(town.view(seat(1), group).expect("a view").core, home);
    let last = town.told[&seat(1)].last();
    assert!(matches!(last, Some(Up::Done { outcome: Outcome::NoPlace, .. })), "{last:?}");
}

#[test]
fn operations_on_a_group_that_moves_go_along() {
    for seed in 0..30 {
        let (mut town, group, to) = two_cores(seed);
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed);
        town.ask(seat(2), Down::Add { lwg: group, members: seats(&[3]) });
        town.run();
        assert_eq!(town.members(seat(3), group).len(), 3, "seed {seed}");
        assert_eq!(town.view(seat(3), group).expect("a view").core, to);
    }
}

#[test]
fn an_adaptive_policy_parts_shares_and_shrinks() {
    let policy = Adaptive {
        base: Smallest { extras_max: None, grace: Some(Duration::from_secs(60)) },
        period: Duration::from_secs(5),
        share_over: 0,
    };
    let all = seats(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let mut town = Town::with_policy(2, &all, policy);
    // One of all; then one of eight that all but one leave, too many hear it in vain.
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: all.clone() });
    town.run();
    town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: seats(&[1, 2, 3, 4, 5, 6, 7, 8]) });
    town.run();
    town.ask(seat(1), Down::Remove { lwg: lwg(1, 2), members: seats(&[3, 4, 5, 6, 7, 8]) });
    town.run();
    let big = town.view(seat(1), lwg(1, 1)).expect("a view").core;
    assert_eq!(town.view(seat(1), lwg(1, 2)).expect("a view").core, big);
    for _ in 0..4 {
        town.pass(Duration::from_secs(5));
        town.run();
    }
    let small = town.view(seat(1), lwg(1, 2)).expect("a view");
    assert_ne!(small.core, big);
    let place = town.towers[&seat(1)].explain(lwg(1, 2)).expect("known");
    assert_eq!((place.extras, place.why), (0, "moved: too many heard it in vain"));
    // Who is in nothing on the large one goes out of it.
    town.ask(seat(1), Down::Remove { lwg: lwg(1, 1), members: seats(&[9]) });
    town.run();
    for _ in 0..4 {
        town.pass(Duration::from_secs(5));
        town.run();
    }
    assert_eq!(town.count(seat(9), "lwg.core_groups"), 0);
    assert_eq!(town.count(seat(9), "lwg.shrunk"), 1);
    let twin = lwg::SetId::DEFAULT.core(seat(1), 7);
    town.ask(seat(1), Down::FoundCore { core: twin, members: seats(&[1, 2]) });
    town.run();
    town.create_on(seat(1), twin, lwg(1, 5), seats(&[1, 2]));
    town.run();
    for _ in 0..4 {
        town.pass(Duration::from_secs(5));
        town.run();
    }
    let homes: Vec<_> =
        [2, 5].map(|count| town.view(seat(2), lwg(1, count)).expect("a view").core).into();
    assert_eq!(homes[0], homes[1], "twins become one");
    judge(&town.told);
}
