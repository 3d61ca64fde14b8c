//! Relaxed groups: who comes and goes says so itself, and whoever is on the core group may send.

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, LwgId, Order, Outcome, SendId, SetId, Traits, Up, Why};

/// Four processes on one core group, and a relaxed group of these.
fn four(readers: &[u64]) -> (Town, LwgId) {
    let mut town = Town::new(5, &seats(&[1, 2, 3, 4]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3, 4]) });
    town.run();
    let (group, members) = (lwg(1, 2), seats(readers));
    let traits = Traits { open: false, relaxed: true };
    town.ask(seat(1), Down::CreateWith { set: SetId::DEFAULT, lwg: group, members, traits });
    town.run();
    (town, group)
}

fn is_told(town: &Town, node: u64, send: SendId) -> bool {
    let is_it = |up: &Up| matches!(up, Up::Message { send: told, .. } if *told == send);
    town.told[&seat(node)].iter().any(is_it)
}

fn ended(town: &Town, node: u64, send: SendId) -> Option<(usize, usize)> {
    town.told[&seat(node)].iter().find_map(|up| match up {
        Up::Answered { send: of, lost, declined } if *of == send => {
            Some((lost.len(), declined.len()))
        }
        _ => None,
    })
}

#[test]
fn a_sensor_sends_without_being_a_member_and_only_members_are_told() {
    let (mut town, group) = four(&[1, 2]);
    assert!(town.view(seat(1), group).expect("a view").traits.relaxed);
    let send = town.send(seat(4), group, Order::Fifo, false);
    town.run();
    let told = [1, 2, 3, 4].map(|node| is_told(&town, node, send));
    assert_eq!(told, [true, true, false, false]);
    let stable = |up: &Up| matches!(up, Up::Stable { send: of } if *of == send);
    assert!(town.told[&seat(4)].iter().any(stable), "who sends learns that it has come");
}

#[test]
fn who_is_wanted_comes_by_itself_and_a_group_stays_where_it_is() {
    let (mut town, group) = four(&[1, 2]);
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[3]) });
    town.run();
    for node in [1, 2, 3] {
        assert_eq!(town.members(seat(node), group), seats(&[1, 2, 3]), "at {node}");
    }
    town.ask(seat(2), Down::Remove { lwg: group, members: seats(&[2]) });
    town.run();
    let out = |up: &Up| matches!(up, Up::Out { lwg, why: Why::Removed } if *lwg == group);
    assert!(town.told[&seat(2)].iter().any(out));
    assert_eq!(town.members(seat(1), group), seats(&[1, 3]));
    let moved = Down::Move { lwg: group, to: town.view(seat(1), group).expect("a view").core };
    town.ask(seat(1), moved);
    town.run();
    let done =
        |up: &Up| matches!(up, Up::Done { lwg, outcome: Outcome::Done, .. } if *lwg == group);
    assert_eq!(town.told[&seat(1)].iter().filter(|up| done(up)).count(), 2, "created, added");
}

#[test]
fn replies_end_though_a_member_has_gone_meanwhile() {
    let (mut town, group) = four(&[1, 2, 3]);
    town.ask(seat(3), Down::Remove { lwg: group, members: seats(&[3]) });
    town.hear(seat(3));
    let asked = town.send(seat(4), group, Order::Fifo, true);
    town.run();
    // The others have answered.
    assert_eq!(ended(&town, 4, asked), Some((0, 1)));
}

#[test]
fn a_group_without_members_goes_on_until_it_is_destroyed() {
    let (mut town, group) = four(&[1, 3]);
    for node in [1, 3] {
        town.ask(seat(node), Down::Remove { lwg: group, members: seats(&[node]) });
    }
    town.run();
    town.ask(seat(2), Down::Add { lwg: group, members: seats(&[2]) });
    town.run();
    assert_eq!(town.members(seat(2), group), seats(&[2]));
    town.ask(seat(3), Down::Destroy { lwg: group });
    town.run();
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[1]) });
    town.run();
    let last = town.told[&seat(1)].iter().rev().find_map(|up| match up {
        Up::Done { lwg, outcome, .. } if *lwg == group => Some(outcome.clone()),
        _ => None,
    });
    assert_eq!(last, Some(Outcome::NoGroup));
}

#[test]
fn parts_unite_without_waiting() {
    let (mut town, group) = four(&[1, 2, 3]);
    let core = town.view(seat(1), group).expect("a view").core;
    let regroup = |town: &mut Town| {
        town.net.borrow_mut().regroup(core);
        town.run();
    };
    [3, 4].into_iter().for_each(|node| {
        town.net.borrow_mut().side.insert(seat(node), 1);
    });
    regroup(&mut town);
    assert_eq!(town.members(seat(1), group), seats(&[1, 2]));
    town.ask(seat(2), Down::Remove { lwg: group, members: seats(&[2]) });
    town.ask(seat(4), Down::Add { lwg: group, members: seats(&[4]) });
    town.run();
    [3, 4].into_iter().for_each(|node| {
        town.net.borrow_mut().side.insert(seat(node), 0);
    });
    regroup(&mut town);
    for node in [1, 3, 4] {
        assert_eq!(town.members(seat(node), group), seats(&[1, 3, 4]), "at {node}");
    }
}
