//! Every order in a light-weight group: what an MBCAST may overtake, and what a GBCAST comes after.

use crate::common::judge::judge;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, How, LwgId, Message, Order, SendId, SetId, Traits, Up};
use muts::Layer as _;

/// Three processes, and a group of all of them.
fn three(seed: u64) -> (Town, LwgId) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3]));
    let group = lwg(1, 1);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    town.run();
    (town, group)
}

/// What one was told of a group, in order, and as what.
fn told(town: &Town, node: u64) -> Vec<(SendId, Order)> {
    let message = |up: &Up| match up {
        Up::Message { send, order, .. } => Some((*send, *order)),
        _ => None,
    };
    town.told[&seat(node)].iter().filter_map(message).collect()
}

fn views(town: &Town, node: u64) -> usize {
    town.told[&seat(node)].iter().filter(|up| matches!(up, Up::View(_))).count()
}

#[test]
fn a_gbcast_comes_after_the_same_messages_at_all_and_makes_no_view() {
    for seed in 0..200 {
        let (mut town, group) = three(seed);
        for round in 0..6 {
            for node in [1, 2, 3] {
                let order = [Order::Fifo, Order::Causal, Order::Total][round % 3];
                town.send(seat(node), group, order, false);
            }
            if round % 2 == 1 {
                town.send(seat(1 + seed % 3), group, Order::Global, false);
            }
            town.steps(seed % 7);
        }
        town.run();
        let at_one = told(&town, 1);
        assert_eq!(at_one.len(), 21);
        for node in [2, 3] {
            let there = told(&town, node);
            assert_eq!(there.len(), 21, "seed {seed}");
            for (at, (send, _)) in
                at_one.iter().enumerate().filter(|(_, (_, order))| *order == Order::Global)
            {
                let place = there.iter().position(|(other, _)| other == send).expect("told");
                let before = |all: &[(SendId, Order)]| {
                    all.iter().map(|(send, _)| *send).collect::<std::collections::BTreeSet<_>>()
                };
                assert_eq!(before(&at_one[..at]), before(&there[..place]), "seed {seed}");
            }
            assert_eq!(views(&town, node), 1);
        }
        // Nobody's own messages overtake each other.
        for node in [1, 2, 3] {
            let mut last = [0; 4];
            for (send, _) in told(&town, node) {
                let from = town.told[&seat(node)].iter().find_map(|up| match up {
                    Up::Message { send: of, from, .. } if *of == send => Some(from.proc.node),
                    _ => None,
                });
                let from = (1..=3).find(|node| from == Some(seat(*node).proc.node)).expect("one");
                assert!(last[from as usize] < send.0, "seed {seed}");
                last[from as usize] = send.0;
            }
        }
    }
}

#[test]
fn a_gbcast_is_answered_told_stable_and_holds_up_no_other_group() {
    let mut passed = 0;
    for seed in 0..50 {
        let (mut town, group) = three(seed);
        let other = lwg(2, 1);
        town.ask(seat(2), Down::Create { lwg: other, members: seats(&[2, 3]) });
        town.run();
        let asked = town.send(seat(1), group, Order::Global, true);
        town.steps(8);
        let beside = town.send(seat(2), other, Order::Fifo, false);
        town.run();
        let at_one = &town.told[&seat(1)];
        let reply = |up: &&Up| matches!(up, Up::Reply { send, .. } if *send == asked);
        assert_eq!(at_one.iter().filter(reply).count(), 3);
        let stable = |up: &&Up| matches!(up, Up::Stable { send } if *send == asked);
        assert_eq!(at_one.iter().filter(stable).count(), 1);
        let at_three: Vec<SendId> = told(&town, 3).iter().map(|(send, _)| *send).collect();
        assert_eq!(at_three.len(), 2);
        passed += usize::from(at_three == [beside, asked]);
    }
    assert!((5..50).contains(&passed), "{passed} of 50 were told before the GBCAST");
}

#[test]
fn a_gbcast_that_a_core_view_overtakes_is_told_once_in_the_next_view_and_before_what_follows_it() {
    for seed in 0..300 {
        let (mut town, group) = three(seed);
        let first = town.send(seat(1), group, Order::Global, false);
        let second = town.send(seat(1), group, Order::Fifo, false);
        town.steps(seed % 12);
        let core = town.view(seat(1), group).expect("a view").core;
        town.crash(seat(3));
        town.net.borrow_mut().regroup(core);
        town.run();
        for node in [1, 2] {
            let sends: Vec<SendId> = told(&town, node).iter().map(|(send, _)| *send).collect();
            assert_eq!(sends, [first, second], "seed {seed}");
        }
        let view = |node| {
            town.told[&seat(node)].iter().find_map(|up| match up {
                Up::Message { send, view, .. } if *send == first => Some(*view),
                _ => None,
            })
        };
        assert_eq!(view(1), view(2), "seed {seed}");
    }
}

#[test]
fn a_gbcast_whose_sender_is_lost_is_told_by_all_who_are_left_or_by_none() {
    let mut ends = [0, 0];
    for seed in 0..300 {
        let (mut town, group) = three(seed);
        let lost = town.send(seat(1), group, Order::Global, false);
        town.steps(seed % 25);
        let core = town.view(seat(2), group).expect("a view").core;
        town.crash(seat(1));
        town.net.borrow_mut().regroup(core);
        town.run();
        let has = |node| told(&town, node).iter().any(|(send, _)| *send == lost);
        assert_eq!(has(2), has(3), "seed {seed}");
        ends[usize::from(has(2))] += 1;
        let after = town.send(seat(2), group, Order::Global, false);
        town.run();
        for node in [2, 3] {
            assert_eq!(told(&town, node).last(), Some(&(after, Order::Global)), "seed {seed}");
        }
    }
    assert!(ends.iter().all(|count| *count > 20), "one of both never came: {ends:?}");
}

#[test]
fn a_view_behind_a_gbcast_that_was_overtaken_is_not_that_of_who_was_told_it() {
    for seed in 0..300 {
        let mut town = Town::new(seed, &seats(&[1, 2, 3, 4]));
        let group = lwg(1, 1);
        town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: seats(&[1, 2, 3, 4]) });
        town.run();
        town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
        town.run();
        town.send(seat(1), group, Order::Global, false);
        town.ask(seat(2), Down::Add { lwg: group, members: seats(&[4]) });
        town.steps(seed % 37);
        let core = town.view(seat(2), group).expect("a view").core;
        town.net.borrow_mut().side.insert(seat(1), 1);
        town.net.borrow_mut().regroup(core);
        town.run();
        judge(&town.told);
    }
}

#[test]
fn a_gbcast_goes_along_with_a_group_that_moves_and_before_what_follows_it() {
    for seed in 0..300 {
        let (mut town, group) = three(seed);
        let core = SetId::DEFAULT.core(seat(1), 9);
        town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
        town.run();
        town.ask(seat(2), Down::Move { lwg: group, to: core });
        town.steps(seed % 9);
        let mut sends = Vec::new();
        for order in [Order::Global, Order::Fifo, Order::Global, Order::Total] {
            sends.push(town.send(seat(1), group, order, false));
        }
        town.run();
        assert_eq!(town.view(seat(3), group).expect("a view").core, core, "seed {seed}");
        for node in [1, 2, 3] {
            let there: Vec<SendId> = told(&town, node).iter().map(|(send, _)| *send).collect();
            assert_eq!(there, sends, "seed {seed}");
        }
    }
}

#[test]
fn a_gbcast_for_some_is_told_them_and_one_of_who_is_out_nobody() {
    let (mut town, group) = three(3);
    let to = Box::new(seats(&[2]));
    let (send, how, message) = (SendId(70), How::from(Order::Global), Message::default());
    town.ask(seat(1), Down::SendTo { lwg: group, to, send, how, replies: true, message });
    town.run();
    assert_eq!(told(&town, 2), [(send, Order::Global)]);
    assert!(told(&town, 1).is_empty() && told(&town, 3).is_empty());
    let (to, send, how) = (Box::default(), SendId(71), How::from(Order::Global));
    let message = Message::default();
    town.ask(seat(1), Down::SendTo { lwg: group, to, send, how, replies: false, message });
    town.run();
    assert!((1..4).all(|node| told(&town, node).iter().all(|(told, _)| *told != send)));
    town.ask(seat(3), Down::Remove { lwg: group, members: seats(&[3]) });
    town.run();
    let late = town.send(seat(3), group, Order::Global, true);
    town.run();
    let ended = |up: &Up| matches!(up, Up::Answered { send, .. } if *send == late);
    assert!(town.told[&seat(3)].iter().any(ended));
    assert_eq!(told(&town, 2).len(), 1);
}

#[test]
fn an_mbcast_is_tied_to_the_order_until_all_have_its_view_and_told_as_what_it_is() {
    let (mut town, group) = three(1);
    let carried = |town: &Town, from: usize| -> Vec<Order> {
        let net = town.net.borrow();
        net.epochs.iter().flat_map(|epoch| epoch.orders(0)).skip(from).collect()
    };
    let before = carried(&town, 0).len();
    town.send(seat(1), group, Order::Unordered, false);
    town.send(seat(1), group, Order::Unordered, false);
    assert_eq!(carried(&town, before), [Order::Causal, Order::Causal]);
    town.run();
    town.send(seat(1), group, Order::Unordered, false);
    assert_eq!(carried(&town, before)[2..], [Order::Unordered]);
    town.run();
    for node in [1, 2, 3] {
        let orders: Vec<Order> = told(&town, node).iter().map(|(_, order)| *order).collect();
        assert_eq!(orders, [Order::Unordered; 3]);
    }
    // In another view it begins anew, and so it does after a GBCAST; safe it is always tied.
    town.ask(seat(2), Down::Remove { lwg: group, members: seats(&[3]) });
    town.run();
    let before = carried(&town, 0).len();
    town.send(seat(1), group, Order::Unordered, false);
    assert_eq!(carried(&town, before), [Order::Causal]);
    town.run();
    town.send(seat(2), group, Order::Global, false);
    town.run();
    let before = carried(&town, 0).len();
    town.send(seat(1), group, Order::Unordered, false);
    assert_eq!(carried(&town, before), [Order::Causal]);
    town.run();
    let before = carried(&town, 0).len();
    let (send, how) = (SendId(900), How::from(Order::Unordered).safe());
    let message = Message::default();
    town.ask(seat(1), Down::Send { lwg: group, send, how, replies: false, message });
    assert_eq!(carried(&town, before), [Order::Causal]);
}

#[test]
fn a_relaxed_group_has_a_place_for_a_gbcast_and_no_view_to_put_it_before() {
    let mut town = Town::new(2, &seats(&[1, 2, 3]));
    let (group, members) = (lwg(1, 1), seats(&[1, 2]));
    let traits = Traits { open: false, relaxed: true };
    town.ask(seat(1), Down::CreateWith { set: SetId::DEFAULT, lwg: group, members, traits });
    town.run();
    let send = town.send(seat(1), group, Order::Global, false);
    town.run();
    for node in [1, 2] {
        assert_eq!(told(&town, node), [(send, Order::Global)]);
    }
}

/// A group of three on a core group of four, to which the fourth is being added.
fn growing(seed: u64) -> (Town, LwgId) {
    let (mut town, group) = (Town::new(seed, &seats(&[1, 2, 3, 4])), lwg(1, 1));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: seats(&[1, 2, 3, 4]) });
    town.run();
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    town.run();
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[4]) });
    (town, group)
}

#[test]
fn components_that_part_in_the_middle_of_a_change_have_one_order_before_it_or_two_views() {
    for seed in 0..1000 {
        let (mut town, group) = growing(seed);
        town.steps(seed % 5);
        for node in [2, 3] {
            town.send(seat(node), group, Order::Total, false);
        }
        town.steps(seed % 41);
        let core = town.view(seat(2), group).expect("a view").core;
        town.net.borrow_mut().side.insert(seat(1 + seed % 4), 1);
        town.net.borrow_mut().regroup(core);
        town.run();
        judge(&town.told);
    }
}

#[test]
fn what_follows_an_operation_waits_for_the_change_that_was_under_way_before_it() {
    for seed in 0..300 {
        let (mut town, group) = growing(seed);
        town.steps(seed % 17);
        let now = town.now;
        let two = town.towers.get_mut(&seat(2)).expect("alive");
        let remove = Down::Remove { lwg: group, members: seats(&[3]) };
        let (send, how) = (SendId(1), How::from(Order::Fifo));
        let message = Message::new(vec![7]);
        let follows = Down::Send { lwg: group, send, how, replies: false, message };
        assert!(two.down(now, remove).is_ok() && two.down(now, follows).is_ok());
        town.hear(seat(2));
        town.run();
        judge(&town.told);
        let told = |node| told(&town, node).len();
        assert_eq!([told(1), told(2), told(3), told(4)], [1, 1, 0, 1], "seed {seed}");
    }
}
