//! Parts whose groups are united one by one: whoever looks at one finds it united.

use crate::common::judge::judge;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, GroupId, LwgId, Order, Traits, Up};
use muts::Duration;

/// Groups of which one is united at once, in a town of that seed.
const SEED: u64 = 0;

/// Everything happens but that the first are told anything of the second; nobody is woken.
fn run_asleep(town: &mut Town, held: &[(u64, u64)]) {
    (1..=3).for_each(|who| town.hear(seat(who)));
    loop {
        let is_held = |(number, receiver, sender): &(usize, usize, usize)| {
            let members = &town.net.borrow().epochs[*number].view.members;
            held.contains(&(members[*receiver].proc.node.0, members[*sender].proc.node.0))
        };
        let deliveries = town.net.borrow().deliveries();
        let Some(next) = deliveries.into_iter().find(|next| !is_held(next)) else { return };
        let told = town.net.borrow_mut().deliver(next);
        town.hear(told);
    }
}

/// Three are together again after the third was apart; nothing is told yet of the view.
fn apart_and_back(town: &mut Town, core: GroupId) {
    for side in [1, 0] {
        town.net.borrow_mut().side.insert(seat(3), side);
        town.net.borrow_mut().regroup(core);
        if side == 1 {
            town.run();
        }
    }
}

/// Eight groups of them.
fn eight() -> (Town, Vec<LwgId>) {
    let mut town = Town::new(SEED, &seats(&[1, 2, 3]));
    let groups: Vec<LwgId> = (1..=8).map(|count| lwg(1, count)).collect();
    for group in &groups {
        town.ask(seat(1), Down::Create { lwg: *group, members: seats(&[1, 2, 3]) });
    }
    town.run();
    let core = town.view(seat(1), groups[0]).expect("a view").core;
    apart_and_back(&mut town, core);
    (town, groups)
}

/// As many relaxed ones.
fn relaxed(town: &mut Town) -> Vec<LwgId> {
    let traits = Traits { relaxed: true, open: true };
    let groups: Vec<LwgId> = (1..=8).map(|count| lwg(1, count)).collect();
    for &lwg in &groups {
        let set = lwg::SetId::DEFAULT;
        town.ask(seat(1), Down::CreateWith { set, lwg, members: seats(&[1, 2, 3]), traits });
    }
    town.run();
    groups
}

fn heard(town: &Town, who: u64) -> usize {
    town.told[&seat(who)].iter().filter(|up| matches!(up, Up::Message { .. })).count()
}

fn sizes(town: &Town, group: LwgId) -> [usize; 3] {
    [1, 2, 3].map(|who| town.members(seat(who), group).len())
}

#[test]
fn the_mark_for_all_groups_waits_until_all_are_united() {
    let (mut town, groups) = eight();
    run_asleep(&mut town, &[(2, 3)]);
    town.send(seat(2), groups[0], Order::Total, false);
    // 2 knows both directories, and then the place of what it has sent.
    run_asleep(&mut town, &[(2, 2)]);
    run_asleep(&mut town, &[]);
    town.send(seat(2), groups[5], Order::Fifo, false);
    for who in [1, 3] {
        town.wake(seat(who));
    }
    run_asleep(&mut town, &[(1, 2)]);
    town.run();
    assert_eq!([1, 2, 3].map(|who| heard(&town, who)), [2, 2, 0], "told in the view of two");
    assert!(groups.iter().all(|group| sizes(&town, *group) == [3; 3]));
    judge(&town.told);
}

#[test]
fn what_is_sent_in_a_new_view_is_told_in_it_where_its_turn_has_not_come() {
    let (mut town, groups) = eight();
    run_asleep(&mut town, &[]);
    (1..=3).for_each(|who| town.wake(seat(who)));
    run_asleep(&mut town, &[]);
    town.wake(seat(1));
    town.send(seat(1), groups[5], Order::Fifo, false);
    run_asleep(&mut town, &[]);
    assert_eq!(sizes(&town, groups[5]), [3; 3]);
    assert_eq!([1, 2, 3].map(|who| heard(&town, who)), [1; 3]);
    assert_eq!(sizes(&town, groups[6]), [3, 2, 1], "nobody has looked at it");
    town.run();
    assert_eq!(sizes(&town, groups[6]), [3; 3]);
    judge(&town.told);
}

#[test]
fn what_is_asked_of_a_group_finds_it_united() {
    let (mut town, groups) = eight();
    run_asleep(&mut town, &[]);
    town.ask(seat(1), Down::Remove { lwg: groups[5], members: seats(&[3]) });
    run_asleep(&mut town, &[]);
    town.run();
    assert_eq!(sizes(&town, groups[5]), [2, 2, 0]);
    assert_eq!(sizes(&town, groups[6]), [3; 3]);
    judge(&town.told);
}

#[test]
fn what_is_sent_in_a_relaxed_group_is_told_after_who_is_in_it() {
    let mut town = Town::new(SEED, &seats(&[1, 2, 3]));
    let groups = relaxed(&mut town);
    let core = town.view(seat(1), groups[0]).expect("a view").core;
    apart_and_back(&mut town, core);
    run_asleep(&mut town, &[]);
    town.wake(seat(1));
    town.news(seat(3));
    town.send(seat(1), groups[5], Order::Fifo, false);
    run_asleep(&mut town, &[]);
    let told = &town.told[&seat(3)];
    let [Up::View(view), Up::Message { lwg, view: of, .. }] = &told[told.len() - 2..] else {
        panic!("{told:?}")
    };
    assert_eq!((view.lwg, view.members.len(), view.id), (*lwg, 3, *of));
    // Whoever sends in it sends to all of them.
    town.send(seat(3), groups[6], Order::Fifo, false);
    run_asleep(&mut town, &[]);
    assert_eq!([1, 2, 3].map(|who| heard(&town, who)), [2; 3]);
}

#[test]
fn who_asks_for_a_group_of_another_part_finds_it() {
    let (mut town, groups) = eight();
    let core = town.view(seat(1), groups[0]).expect("a view").core;
    town.run();
    town.net.borrow_mut().side.insert(seat(3), 1);
    town.net.borrow_mut().regroup(core);
    town.run();
    let alone = lwg::SetId::DEFAULT.core(seat(3), 1);
    town.ask(seat(3), Down::FoundCore { core: alone, members: seats(&[3]) });
    let other = lwg(1, 9);
    town.create_on(seat(1), core, other, seats(&[1, 2]));
    town.run();
    town.net.borrow_mut().side.insert(seat(3), 0);
    town.net.borrow_mut().regroup(core);
    run_asleep(&mut town, &[]);
    // Nobody makes it twice, though there were a nearer place for it.
    town.ask(seat(3), Down::Create { lwg: other, members: seats(&[3]) });
    run_asleep(&mut town, &[]);
    while town.net.borrow_mut().grant() {}
    run_asleep(&mut town, &[]);
    assert_eq!(sizes(&town, other), [2, 2, 0]);
    town.ask(seat(3), Down::Add { lwg: other, members: seats(&[3]) });
    town.run();
    assert_eq!(sizes(&town, other), [3; 3]);
    judge(&town.told);
}

#[test]
fn what_is_sent_where_a_group_has_left_before_its_turn_goes_along() {
    let (mut town, groups) = eight();
    let to = lwg::SetId::DEFAULT.core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core: to, members: seats(&[1, 2, 3]) });
    while town.net.borrow_mut().grant() {}
    run_asleep(&mut town, &[]);
    (1..=3).for_each(|who| town.wake(seat(who)));
    run_asleep(&mut town, &[]);
    [1, 2].into_iter().for_each(|who| town.wake(seat(who)));
    town.ask(seat(1), Down::Move { lwg: groups[5], to });
    run_asleep(&mut town, &[]);
    assert_eq!(sizes(&town, groups[5]), [3, 3, 1], "3 has looked at it neither here nor there");
    let send = town.send(seat(3), groups[5], Order::Fifo, false);
    town.run();
    let refused = |up: &Up| matches!(up, Up::Unstable { send: of } if *of == send);
    assert!(!town.told[&seat(3)].iter().any(refused));
    assert_eq!([1, 2, 3].map(|who| heard(&town, who)), [1; 3]);
    assert_eq!(town.view(seat(3), groups[5]).expect("a view").core, to);
    judge(&town.told);
}

#[test]
fn a_core_group_is_closed_where_groups_without_members_are_not_united_yet() {
    let mut town = Town::new(SEED, &seats(&[1, 2, 3]));
    let groups = relaxed(&mut town);
    let core = town.view(seat(1), groups[0]).expect("a view").core;
    for &lwg in &groups {
        for who in 1..=3 {
            town.ask(seat(who), Down::Remove { lwg, members: seats(&[who]) });
        }
    }
    town.run();
    apart_and_back(&mut town, core);
    run_asleep(&mut town, &[]);
    // The lowest alone unites them, waits, and closes.
    for _ in 0..2 {
        town.wake(seat(1));
        town.now += Duration::from_secs(600);
    }
    assert!(town.count(seat(3), "lwg.unsettled") > 0, "3 has groups to unite");
    assert!(town.net.borrow_mut().grant(), "the CLOSE of 1");
    run_asleep(&mut town, &[]);
    while town.net.borrow_mut().grant() {}
    let inside = [1, 2, 3].map(|who| town.net.borrow().at.contains_key(&(core, seat(who))));
    assert_eq!(inside, [false; 3]);
}
