//! Groups whose core group parts and comes together again.

use crate::common::judge::judge;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, LwgId, Order, Up};
use std::collections::BTreeSet;

#[test]
fn view_numbers_grow_at_who_was_in_a_part_that_is_gone() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3]) });
    town.run();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 3]) });
    town.run();
    let core = town.view(seat(1), group).expect("a view").core;
    assert!(town.towers[&seat(2)].explain(group).is_some(), "on the core group of all three");

    let regroup = |town: &mut Town| {
        town.net.borrow_mut().regroup(core);
        town.run();
    };
    town.net.borrow_mut().side.insert(seat(3), 1);
    regroup(&mut town);
    // On one side the group goes through the hands of 2 and dies with 1; on the other it lives on.
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[2]) });
    town.run();
    town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[2]) });
    town.run();
    town.crash(seat(1));
    regroup(&mut town);
    town.net.borrow_mut().side.insert(seat(3), 0);
    regroup(&mut town);
    town.ask(seat(3), Down::Add { lwg: group, members: seats(&[2]) });
    town.run();

    assert_eq!(town.members(seat(2), group), seats(&[3, 2]));
    let numbers: Vec<u64> = town.told[&seat(2)]
        .iter()
        .filter_map(|up| match up {
            Up::View(view) if view.lwg == group => Some(view.id.counter),
            _ => None,
        })
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn groups_whose_parts_come_together_are_united_by_one_mark_of_each_member() {
    let all = seats(&[1, 2, 3]);
    let mut town = Town::new(2, &all);
    let groups: Vec<LwgId> = (1..=200).map(|count| lwg(1, count)).collect();
    for group in &groups {
        town.ask(seat(1), Down::Create { lwg: *group, members: all.clone() });
    }
    town.run();
    let core = town.view(seat(1), groups[0]).expect("a view").core;
    town.net.borrow_mut().side.insert(seat(3), 1);
    town.net.borrow_mut().regroup(core);
    town.run();
    // In one of them something has been sent that has no place yet where the MARKs are due.
    town.net.borrow_mut().side.insert(seat(3), 0);
    town.net.borrow_mut().regroup(core);
    town.wake_all();
    let before = town.net.borrow().casts;
    town.send(seat(1), groups[7], Order::Total, false);
    town.run();

    for group in &groups {
        let views = all.iter().map(|who| town.view(*who, *group).expect("a view"));
        let views: BTreeSet<_> = views.map(|view| (view.id, view.members)).collect();
        assert_eq!(views.len(), 1, "{group:?}: {views:?}");
        assert!(views.iter().all(|(_, members)| members.len() == 3), "{group:?}: {views:?}");
    }
    let casts = town.net.borrow().casts - before;
    assert!(casts < 20, "{casts} casts for labels, directories, MARKs and one message");
    let heard = |who| {
        let message = |up: &&Up| matches!(up, Up::Message { lwg, .. } if *lwg == groups[7]);
        town.told[&who].iter().filter(message).count()
    };
    assert_eq!([1, 2, 3].map(|who| heard(seat(who))), [1, 1, 0], "told in the view of two");
}

/// Everything happens but that these are told anything of those.
fn run_but(town: &mut Town, held: &[(u64, u64)]) {
    town.wake_all();
    loop {
        let next =
            town.net.borrow().deliveries().into_iter().find(|&(number, receiver, sender)| {
                let members = &town.net.borrow().epochs[number].view.members;
                !held.iter().any(|(who, of)| {
                    members[receiver] == seat(*who) && members[sender] == seat(*of)
                })
            });
        let Some(next) = next else { return };
        let told = town.net.borrow_mut().deliver(next);
        town.wake(told);
    }
}

/// A group of two on the same core group.
const OTHER: LwgId = LwgId { creator: 1, count: 9 };

/// A group of three, whose third member was apart and is back; nothing is told yet of the view.
fn apart_and_back() -> (Town, LwgId) {
    let (mut town, group) = (Town::new(3, &seats(&[1, 2, 3])), lwg(1, 1));
    for (lwg, members) in [(group, &[1, 2, 3][..]), (OTHER, &[1, 2])] {
        town.ask(seat(1), Down::Create { lwg, members: seats(members) });
        town.run();
    }
    let core = town.view(seat(1), group).expect("a view").core;
    for side in [1, 0] {
        town.net.borrow_mut().side.insert(seat(3), side);
        if side == 1 {
            town.net.borrow_mut().regroup(core);
            town.run();
        }
    }
    town.net.borrow_mut().regroup(core);
    (town, group)
}

#[test]
fn what_was_sent_before_the_mark_is_told_in_the_view_before() {
    let (mut town, group) = apart_and_back();
    // All but 2 know both directories.
    run_but(&mut town, &[(2, 3)]);
    town.send(seat(2), group, Order::Fifo, false);
    let apart = |town: &Town, who| town.members(seat(who), group).len();
    run_but(&mut town, &[(1, 2)]);
    assert_eq!([1, 2, 3].map(|who| apart(&town, who)), [2, 3, 3], "1 lacks the MARK of 2");
    town.run();
    let told = |up: &Up| matches!(up, Up::Message { .. } | Up::View(_));
    let last = |who| town.told[&seat(who)].iter().rev().find(|up| told(up));
    assert!([1, 2, 3].iter().all(|who| matches!(last(*who), Some(Up::View(_)))));
    let heard = |up: &&Up| matches!(up, Up::Message { .. });
    let heard = [1, 2, 3].map(|who| town.told[&seat(who)].iter().filter(heard).count());
    assert_eq!(heard, [1, 1, 0]);
}

#[test]
fn a_mark_of_all_groups_waits_for_the_places_of_what_was_sent_before_it() {
    let (mut town, group) = apart_and_back();
    run_but(&mut town, &[(2, 3)]);
    town.send(seat(2), group, Order::Total, false);
    let before = town.net.borrow().casts;
    run_but(&mut town, &[(2, 2)]);
    assert_eq!(town.net.borrow().casts, before, "2 does not know the place of its message");
    town.run();
    assert_eq!(town.net.borrow().casts, before + 1);
    assert!(seats(&[1, 2, 3]).iter().all(|who| town.members(*who, group).len() == 3));
}

#[test]
fn a_mark_of_one_group_is_safe_where_somebody_passed_over_what_was_sent_before_it() {
    for sends in [false, true] {
        let (mut town, group) = (Town::new(5, &seats(&[1, 2, 3, 4])), lwg(1, 2));
        for (count, members) in [(1, &[1, 2, 3, 4][..]), (2, &[1, 2, 3])] {
            let members = seats(members);
            town.ask(seat(1), Down::Create { lwg: lwg(1, count), members });
            town.run();
        }
        // 4 passes it over.
        if sends {
            town.send(seat(1), group, Order::Fifo, false);
        }
        town.ask(seat(2), Down::Add { lwg: group, members: seats(&[4]) });
        town.run();
        assert_eq!(town.members(seat(4), group).len(), 4);
        let net = town.net.borrow();
        let safe: Vec<Order> = net.epochs.iter().flat_map(|epoch| epoch.safe_orders(0)).collect();
        assert_eq!(safe, vec![Order::Causal; usize::from(sends)]);
    }
}

#[test]
fn a_mark_of_all_groups_is_safe_where_somebody_passed_over_what_was_sent_before_it() {
    let all = seats(&[1, 2, 3, 4]);
    for sends in [false, true] {
        let (mut town, group) = (Town::new(5, &all), lwg(1, 2));
        for (count, members) in [(1, &[1, 2, 3, 4][..]), (2, &[1, 2, 3])] {
            let members = seats(members);
            town.ask(seat(1), Down::Create { lwg: lwg(1, count), members });
            town.run();
        }
        let core = town.view(seat(1), group).expect("a view").core;
        for side in [1, 0] {
            town.net.borrow_mut().side.insert(seat(3), side);
            town.net.borrow_mut().regroup(core);
            if side == 1 {
                town.run();
            }
        }
        // Before 1 knows both directories it sends what 4 passes over.
        run_but(&mut town, &[(1, 3)]);
        if sends {
            town.send(seat(1), group, Order::Fifo, false);
        }
        town.run();
        assert_eq!(town.members(seat(3), group).len(), 3);
        let net = town.net.borrow();
        let safe: Vec<Order> = net.epochs.iter().flat_map(|epoch| epoch.safe_orders(0)).collect();
        assert_eq!(safe, vec![Order::Causal; usize::from(sends)]);
    }
}

#[test]
fn a_mark_of_a_later_change_may_go_before_the_one_of_all_groups() {
    for both in [false, true] {
        let (mut town, group) = apart_and_back();
        let core = town.view(seat(1), group).expect("a view").core;
        // What 2 has sent in another group has no place while 1 does not know of it.
        run_but(&mut town, &[(2, 3)]);
        town.send(seat(2), OTHER, Order::Total, false);
        let before = town.net.borrow().casts;
        run_but(&mut town, &[(1, 2), (3, 2)]);
        assert_eq!(town.net.borrow().casts, before, "the MARK of 2 waits");
        town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[3]) });
        run_but(&mut town, &[(1, 2), (3, 2)]);
        assert_eq!(town.net.borrow().casts, before + 4, "the removal, and a MARK of each for it");
        // The view ends with one of the two MARKs at most, on either side.
        town.net.borrow_mut().side.insert(seat(if both { 3 } else { 2 }), 1);
        town.net.borrow_mut().regroup(core);
        town.run();
        town.net.borrow_mut().side.values_mut().for_each(|side| *side = 0);
        town.net.borrow_mut().regroup(core);
        town.run();
        judge(&town.told);
        let views: BTreeSet<_> = [1, 2].map(|who| town.members(seat(who), group)).into();
        assert_eq!(views.len(), 1, "{views:?}");
    }
}
