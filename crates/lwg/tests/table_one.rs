//! The nine calls of Table 1 of the paper, one by one, over a pretended kernel.

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, Message, Order, Outcome, SendId, Up, Why};

/// Three processes and a group of all of them.
fn three() -> (Town, lwg::LwgId) {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let group = lwg(1, 1);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    town.run();
    (town, group)
}

fn done(told: &[Up]) -> Vec<Outcome> {
    told.iter()
        .filter_map(|up| match up {
            Up::Done { outcome, .. } => Some(outcome.clone()),
            _ => None,
        })
        .collect()
}

fn sends_told(told: &[Up]) -> Vec<SendId> {
    told.iter()
        .filter_map(|up| match up {
            Up::Message { send, .. } => Some(*send),
            _ => None,
        })
        .collect()
}

#[test]
fn create_tells_every_member_the_same_first_view() {
    let (town, group) = three();
    let first = town.view(seat(1), group).expect("a view");
    assert_eq!(first.members, seats(&[1, 2, 3]));
    assert_eq!(first.previous, None);
    assert_eq!(first.transitional, seats(&[1]));
    assert!(first.first);
    for node in [2, 3] {
        let view = town.view(seat(node), group).expect("a view");
        assert_eq!((view.id, &view.members), (first.id, &first.members));
        assert_eq!(view.transitional, seats(&[node]));
        assert!(view.first);
    }
    assert_eq!(done(&town.told[&seat(1)]), [Outcome::Done]);
    assert_eq!(town.count(seat(2), "lwg.unsettled"), 0);
}

#[test]
fn a_group_can_be_created_by_one_who_is_not_in_it() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let group = lwg(3, 1);
    town.ask(seat(3), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    assert_eq!(town.members(seat(1), group), seats(&[1, 2]));
    assert!(town.view(seat(3), group).is_none());
    assert_eq!(done(&town.told[&seat(3)]), [Outcome::Done]);
}

#[test]
fn a_group_of_one_is_created_on_the_spot() {
    let mut town = Town::new(1, &seats(&[1]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1]) });
    town.run();
    assert_eq!(town.members(seat(1), lwg(1, 1)), seats(&[1]));
}

#[test]
fn what_is_sent_before_the_group_is_there_goes_out_in_its_first_view() {
    let mut town = Town::new(1, &seats(&[1, 2]));
    for (creator, count) in [(1, 1), (2, 2)] {
        let group = lwg(creator, count);
        town.ask(seat(creator), Down::Create { lwg: group, members: seats(&[1, 2]) });
        let send = town.send(seat(creator), group, Order::Fifo, false);
        town.run();
        for node in [1, 2] {
            assert_eq!(sends_told(&town.news(seat(node))), [send]);
        }
    }
}

#[test]
fn add_gives_old_and_new_members_one_view() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    let before = town.view(seat(2), group).expect("a view");
    assert_eq!(before.core, town.view(seat(1), lwg(1, 1)).expect("a view").core);
    town.ask(seat(2), Down::Add { lwg: group, members: seats(&[3]) });
    town.run();
    let (old, new) = (town.view(seat(1), group), town.view(seat(3), group));
    let (old, new) = (old.expect("a view"), new.expect("a view"));
    assert_eq!((old.id, &old.members[..]), (new.id, &seats(&[1, 2, 3])[..]));
    assert_eq!((old.previous, &old.transitional[..]), (Some(before.id), &seats(&[1, 2])[..]));
    assert_eq!((new.previous, &new.transitional[..]), (None, &seats(&[3])[..]));
    assert!(!old.first && !new.first, "a newcomer is told that others were in it");
    assert_eq!(done(&town.told[&seat(2)]), [Outcome::Done]);
}

#[test]
fn add_brings_an_outsider_into_the_core_group_first() {
    let (mut town, group) = three();
    town.start(seat(4), lwg::Smallest::default());
    town.ask(seat(2), Down::Add { lwg: group, members: seats(&[4]) });
    town.run();
    for node in 1..=4 {
        assert_eq!(town.members(seat(node), group), seats(&[1, 2, 3, 4]));
        assert_eq!(town.count(seat(node), "lwg.unsettled"), 0);
    }
    // The newcomer knows the groups that it is not in.
    assert!(town.towers[&seat(4)].explain(group).is_some());
}

#[test]
fn add_of_one_who_cannot_be_had_names_it() {
    let (mut town, group) = three();
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[9]) });
    town.run();
    let told = done(&town.told[&seat(1)]);
    assert_eq!(told, [Outcome::Done, Outcome::Missing(Box::new(seats(&[9])))]);
    assert_eq!(town.members(seat(1), group), seats(&[1, 2, 3]));
}

#[test]
fn create_with_one_who_cannot_be_had_names_it() {
    let mut town = Town::new(1, &seats(&[1, 2]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 9]) });
    town.run();
    assert_eq!(done(&town.told[&seat(1)]), [Outcome::Missing(Box::new(seats(&[9])))]);
    assert!(town.view(seat(2), lwg(1, 1)).is_none());
}

#[test]
fn who_was_asked_to_place_a_group_and_does_not_answer_is_named() {
    let mut town = Town::new(1, &seats(&[2, 3]));
    town.ask(seat(3), Down::Create { lwg: lwg(3, 1), members: seats(&[1, 2, 3]) });
    town.run();
    assert_eq!(done(&town.told[&seat(3)]), []);
    town.pass(muts::Duration::from_secs(9));
    assert_eq!(done(&town.told[&seat(3)]), [Outcome::Missing(Box::new(seats(&[1])))]);
}

#[test]
fn remove_tells_the_removed_that_it_is_out_and_the_others_a_view() {
    let (mut town, group) = three();
    town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[3]) });
    town.run();
    assert_eq!(town.members(seat(1), group), seats(&[1, 2]));
    assert_eq!(town.members(seat(2), group), seats(&[1, 2]));
    let out = town.told[&seat(3)]
        .iter()
        .any(|up| matches!(up, Up::Out { lwg, why: Why::Removed } if *lwg == group));
    assert!(out);
    assert_eq!(done(&town.told[&seat(1)]), [Outcome::Done, Outcome::Done]);
}

#[test]
fn destroy_ends_it_for_all_and_once() {
    let (mut town, group) = three();
    town.ask(seat(2), Down::Destroy { lwg: group });
    town.ask(seat(3), Down::Destroy { lwg: group });
    town.run();
    for node in 1..=3 {
        assert!(town.told[&seat(node)].iter().any(|up| matches!(up, Up::Out { .. })));
        assert_eq!(town.count(seat(node), "lwg.groups"), 0);
    }
    let mut ends = done(&town.told[&seat(2)]);
    ends.extend(done(&town.told[&seat(3)]));
    ends.sort_by_key(|outcome| *outcome == Outcome::NoGroup);
    assert_eq!(ends, [Outcome::Done, Outcome::NoGroup]);
}

#[test]
fn an_operation_on_a_group_that_nobody_knows_says_so() {
    let (mut town, _) = three();
    town.ask(seat(1), Down::Destroy { lwg: lwg(9, 9) });
    assert_eq!(done(&town.news(seat(1))), [Outcome::Done, Outcome::NoGroup]);
}

#[test]
fn send_is_told_to_all_members_and_to_nobody_else() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    for order in [Order::Fifo, Order::Causal, Order::Total] {
        let send = town.send(seat(2), group, order, false);
        town.run();
        for node in [1, 2] {
            assert_eq!(sends_told(&town.news(seat(node))), [send]);
        }
    }
    assert_eq!(sends_told(&town.news(seat(3))), []);
    assert_eq!(town.count(seat(3), "lwg.filtered"), 0, "it is sent none of them");
    assert_eq!(town.count(seat(2), "lwg.spared_bytes"), 3 * 8);
}

#[test]
fn a_send_into_a_group_that_one_is_not_in_ends() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    for replies in [true, false] {
        let asked = town.send(seat(3), group, Order::Fifo, replies);
        let told = town.news(seat(3));
        let ends = |up: &Up| matches!(up, Up::Answered { send, .. } if *send == asked);
        assert_eq!(told.iter().any(ends), replies);
        assert!(matches!(told.last(), Some(Up::Unstable { send }) if *send == asked));
    }
}

#[test]
fn every_member_replies_and_then_it_ends() {
    let (mut town, group) = three();
    let asked = town.send(seat(2), group, Order::Total, true);
    town.run();
    let told = town.news(seat(2));
    let mut from: Vec<_> = told
        .iter()
        .filter_map(|up| match up {
            Up::Reply { send, from, message } => {
                assert_eq!(*send, asked);
                assert_eq!(message.body()[..], asked.0.to_le_bytes());
                Some(*from)
            }
            _ => None,
        })
        .collect();
    from.sort();
    assert_eq!(from, seats(&[1, 2, 3]).to_vec());
    let end = told.iter().position(|up| matches!(up, Up::Answered { .. })).expect("an end");
    let last = told.iter().rposition(|up| matches!(up, Up::Reply { .. })).expect("a reply");
    assert!(end > last);
    let lost = matches!(&told[end], Up::Answered { lost, .. } if lost.is_empty());
    assert!(lost);
    assert_eq!(town.count(seat(2), "lwg.replies_awaited"), 0);
}

#[test]
fn replies_end_when_all_decline() {
    let (mut town, group) = three();
    town.answers = false;
    let asked = town.send(seat(1), group, Order::Fifo, true);
    town.run();
    let told = town.news(seat(1));
    assert!(!told.iter().any(|up| matches!(up, Up::Reply { .. })));
    let end = told.iter().find_map(|up| match up {
        Up::Answered { send, lost, declined } if *send == asked => Some((lost, declined)),
        _ => None,
    });
    let (lost, declined) = end.expect("an end");
    let mut declined = declined.clone();
    declined.sort_unstable();
    assert_eq!((lost.len(), declined), (0, seats(&[1, 2, 3]).to_vec()));
}

#[test]
fn who_is_lost_before_it_replied_is_named() {
    let (mut town, group) = three();
    let asked = town.send(seat(1), group, Order::Fifo, true);
    town.crash(seat(3));
    let core = town.view(seat(1), group).expect("a view").core;
    town.net.borrow_mut().regroup(core);
    town.run();
    let told = town.news(seat(1));
    let lost = told.iter().find_map(|up| match up {
        Up::Answered { send, lost, .. } if *send == asked => Some(lost.clone()),
        _ => None,
    });
    assert_eq!(lost, Some(seats(&[3]).to_vec()));
}

#[test]
fn discarded_replies_are_not_told() {
    let (mut town, group) = three();
    let asked = town.send(seat(1), group, Order::Fifo, true);
    town.ask(seat(1), Down::Discard { send: asked });
    town.run();
    let told = town.news(seat(1));
    assert!(!told.iter().any(|up| matches!(up, Up::Reply { .. } | Up::Answered { .. })));
}

#[test]
fn what_is_told_to_one_alone_comes_to_it_alone() {
    let (mut town, group) = three();
    let message = Message::new(&b"psst"[..]);
    town.ask(seat(1), Down::Tell { lwg: group, to: seat(3), message: message.clone() });
    town.run();
    let heard = |up: &Up| {
        matches!(up, Up::Told { from, message: heard, .. }
        if *from == seat(1) && *heard == message)
    };
    assert!(town.told[&seat(3)].iter().any(heard));
    assert!(!town.told[&seat(2)].iter().any(heard));
}

#[test]
fn what_follows_from_a_core_view_is_told_before_the_next_one() {
    let (mut town, group) = three();
    let core = town.view(seat(1), group).expect("a view").core;
    for node in [3, 2] {
        town.crash(seat(node));
        town.net.borrow_mut().regroup(core);
    }
    // Both core views in one turn, and none to bring groups up to date in between.
    town.hear(seat(1));
    town.run();
    let mut now = None;
    for up in &town.told[&seat(1)] {
        match up {
            Up::Core(vsync::Up::View(view)) => now = Some(view.id),
            Up::View(view) => assert_eq!(Some(view.core_view), now, "{view:?}"),
            _ => {}
        }
    }
    assert_eq!(town.members(seat(1), group), seats(&[1]));
}

#[test]
fn a_send_is_stable_once_all_have_it() {
    let (mut town, group) = three();
    let send = town.send(seat(1), group, Order::Fifo, false);
    let stable = |up: &Up| matches!(up, Up::Stable { send: told } if *told == send);
    assert!(!town.told[&seat(1)].iter().any(stable));
    town.run();
    assert_eq!(town.told[&seat(1)].iter().filter(|up| stable(up)).count(), 1);
}

#[test]
fn who_leaves_a_core_group_is_out_of_every_group_on_it_and_the_others_see_it_go() {
    let (mut town, group) = three();
    let core = town.view(seat(1), group).expect("a view").core;
    town.ask(seat(3), Down::Core(vsync::Down::Leave { group: core }));
    town.run();
    let told = town.news(seat(3));
    let out = |up: &Up| matches!(up, Up::Out { lwg, why: Why::CoreLeft } if *lwg == group);
    assert!(told.iter().any(out));
    let refused = |up: &Up| matches!(up, Up::Core(vsync::Up::Fault { .. }));
    assert!(!told.iter().any(refused));
    for node in [1, 2] {
        assert_eq!(town.members(seat(node), group), seats(&[1, 2]));
    }
}

#[test]
fn a_view_is_told_while_its_process_is_in_the_core_view_that_it_names() {
    let mut town = Town::new(1, &seats(&[1, 2, 3, 4]));
    let group = lwg(1, 1);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3, 4]) });
    town.run();
    let core = town.view(seat(1), group).expect("a view").core;
    town.news(seat(1));
    // Two core views before anybody had time to sweep.
    for lost in [4, 3] {
        town.crash(seat(lost));
        town.net.borrow_mut().regroup(core);
    }
    town.hear(seat(1));
    town.run();
    let (mut at, mut views) = (None, Vec::new());
    for up in town.news(seat(1)) {
        match up {
            Up::Core(vsync::Up::View(view)) => at = Some(view.id),
            Up::View(view) => {
                assert_eq!(Some(view.core_view), at);
                views.push(view.members);
            }
            _ => {}
        }
    }
    assert_eq!(views, [seats(&[1, 2, 3]), seats(&[1, 2])]);
}

#[test]
fn what_was_queued_before_a_change_goes_out_before_what_was_sent_during_it() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    let core = town.view(seat(1), group).expect("a view").core;
    let number = town.net.borrow().at[&(core, seat(1))];
    town.ask(seat(2), Down::Add { lwg: group, members: seats(&[3]) });
    town.net.borrow_mut().epochs[number].blocked = true;
    let mut sends = Vec::new();
    sends.push(town.send(seat(1), group, Order::Fifo, false));
    sends.push(town.send(seat(1), group, Order::Fifo, false));
    // The change begins everywhere, and cannot end: nobody's MARK goes out.
    while town.step() {}
    sends.push(town.send(seat(1), group, Order::Fifo, false));
    town.net.borrow_mut().epochs[number].blocked = false;
    for node in [1, 2, 3] {
        town.net.borrow_mut().tell(seat(node), vsync::Up::Room { group: core });
    }
    town.run();
    assert_eq!(town.members(seat(3), group), seats(&[1, 2, 3]));
    for node in [1, 2, 3] {
        assert_eq!(sends_told(&town.told[&seat(node)]), sends, "at {node}");
    }
}

/// Delivers the own casts of this member of the core group that the group is on, and nothing else.
fn deliver_own(town: &mut Town, group: lwg::LwgId, node: u64) {
    let core = town.view(seat(node), group).expect("a view").core;
    let number = town.net.borrow().at[&(core, seat(node))];
    let rank = town.net.borrow().epochs[number].rank(seat(node));
    while town.net.borrow().epochs[number].ready(rank, rank) {
        town.net.borrow_mut().deliver((number, rank, rank));
    }
    town.hear(seat(node));
}

#[test]
fn a_create_where_a_core_group_fits_waits_for_nobody() {
    let (mut town, first) = three();
    let group = lwg(2, 1);
    town.ask(seat(2), Down::Create { lwg: group, members: seats(&[2, 3]) });
    deliver_own(&mut town, first, 2);
    assert_eq!(town.members(seat(2), group), seats(&[2, 3]));
    assert_eq!(done(&town.told[&seat(2)]), [Outcome::Done]);
    // Whoever hears of it only when 2 is gone knows it all the same, or nobody does.
    town.run();
    assert_eq!(town.members(seat(3), group), seats(&[2, 3]));
}

#[test]
fn how_a_change_ends_is_told_at_once_and_later_sends_go_out_in_its_view() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    town.news(seat(2));
    let before = town.send(seat(2), group, Order::Fifo, false);
    town.ask(seat(2), Down::Add { lwg: group, members: seats(&[3]) });
    assert_eq!(done(&town.news(seat(2))), [Outcome::Done]);
    let after = town.send(seat(2), group, Order::Fifo, false);
    town.run();
    assert_eq!(sends_told(&town.told[&seat(3)]), [after]);
    assert_eq!(sends_told(&town.told[&seat(1)]), [before, after]);
    assert_eq!(done(&town.told[&seat(2)]), [], "once");
    town.ask(seat(2), Down::Remove { lwg: group, members: seats(&[3]) });
    assert_eq!(done(&town.news(seat(2))), [Outcome::Done]);
    let last = town.send(seat(2), group, Order::Fifo, false);
    town.run();
    assert_eq!(sends_told(&town.told[&seat(3)]), [after]);
    assert_eq!(sends_told(&town.told[&seat(1)]).last(), Some(&last));
}

#[test]
fn what_waits_for_a_change_that_came_to_nothing_goes_out() {
    let (mut town, _) = three();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    let mut sends = Vec::new();
    for node in [1, 2] {
        town.ask(seat(node), Down::Add { lwg: group, members: seats(&[3]) });
        sends.push(town.send(seat(node), group, Order::Fifo, false));
    }
    town.run();
    let mut told = sends_told(&town.told[&seat(3)]);
    told.sort_unstable();
    assert_eq!(told, sends);
    assert_eq!(town.count(seat(1), "lwg.unsettled"), 0);
}

#[test]
fn a_group_made_while_its_core_group_is_closed_lives() {
    let (mut town, first) = three();
    let core = town.view(seat(1), first).expect("a view").core;
    town.ask(seat(1), Down::Destroy { lwg: first });
    town.run();
    town.pass(muts::Duration::from_secs(31));
    // CLOSE is on its way; 2 alone knows of a new group.
    let group = lwg(2, 1);
    town.ask(seat(2), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    let number = town.net.borrow().at[&(core, seat(2))];
    town.net.borrow_mut().deliver((number, 1, 1));
    town.hear(seat(2));
    assert!(town.view(seat(2), group).is_some());
    assert!(town.net.borrow_mut().grant());
    town.run();
    for node in 1..=3 {
        assert_eq!(town.view(seat(node), group).expect("a view").core, core);
        assert_eq!(town.count(seat(node), "lwg.collected"), 0);
    }
}
