//! Groups of which a member does not take what it is told: their senders wait, and nobody else.

use crate::common::town::Town;
use crate::common::{lwg, proc, seat, seats};
use lwg::{Down, LwgId, Message, Order, SendId, SetId, Traits, Up};

/// Four processes on one core group; a group of the first three, and another of the same.
fn four() -> (Town, [LwgId; 2]) {
    let mut town = Town::new(11, &seats(&[1, 2, 3, 4]));
    let all = seats(&[1, 2, 3, 4]);
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: all });
    town.run();
    let groups = [lwg(1, 2), lwg(1, 3)];
    for group in groups {
        town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    }
    town.run();
    (town, groups)
}

fn choke(town: &mut Town, who: u64, lwg: LwgId, choked: bool) {
    town.ask(seat(who), Down::Choke { lwg, choked });
    town.run();
}

/// Whether the tower takes a send; what it takes arrives.
fn sends(town: &mut Town, who: u64, lwg: LwgId) -> bool {
    town.sends += 1;
    let (send, message) = (SendId(town.sends), Message::new(vec![1; 50]));
    let how = Order::Causal.into();
    let taken = town.ask(seat(who), Down::Send { lwg, send, how, replies: false, message });
    town.run();
    let stable = |up: &Up| matches!(up, Up::Stable { send: of } if *of == send);
    assert_eq!(town.told[&seat(who)].iter().any(stable), taken, "taken is delivered");
    taken
}

/// Which of these the tower takes sends of.
fn who_sends(town: &mut Town, lwg: LwgId, who: &[u64]) -> Vec<bool> {
    who.iter().map(|who| sends(town, *who, lwg)).collect()
}

/// How often there was room again in a group.
fn room(town: &Town, who: u64, lwg: LwgId) -> usize {
    let is_room = |up: &&Up| matches!(up, Up::Room { lwg: of } if *of == lwg);
    town.told[&seat(who)].iter().filter(is_room).count()
}

#[test]
fn who_takes_nothing_is_waited_for_in_that_group_alone() {
    let (mut town, [slow, other]) = four();
    choke(&mut town, 3, slow, true);
    assert_eq!(who_sends(&mut town, slow, &[1, 2, 3]), [false, false, true]);
    assert_eq!(who_sends(&mut town, other, &[1, 2, 3]), [true; 3]);
    let why = town.towers[&seat(1)].explain(slow).expect("known").choked_by;
    assert_eq!(why, [seat(3)]);
    assert_eq!((room(&town, 1, slow), town.count(seat(1), "lwg.held_by_choke")), (0, 1));

    choke(&mut town, 3, slow, false);
    assert_eq!(room(&town, 1, slow), 1);
    assert_eq!(who_sends(&mut town, slow, &[1, 2, 3]), [true; 3]);
    let left = ["lwg.choked_here", "lwg.choked_elsewhere"];
    assert_eq!(left.map(|name| town.count(seat(3), name) + town.count(seat(1), name)), [0, 0]);
}

#[test]
fn several_who_take_nothing_are_all_waited_for() {
    let (mut town, [slow, _]) = four();
    choke(&mut town, 2, slow, true);
    choke(&mut town, 3, slow, true);
    assert!(!sends(&mut town, 1, slow));
    choke(&mut town, 2, slow, false);
    assert!(!sends(&mut town, 1, slow) && room(&town, 1, slow) == 0);
    choke(&mut town, 3, slow, false);
    assert!(sends(&mut town, 1, slow) && room(&town, 1, slow) == 1);
}

#[test]
fn who_comes_later_hears_of_it_by_its_first_message() {
    let (mut town, [slow, _]) = four();
    choke(&mut town, 3, slow, true);
    town.ask(seat(1), Down::Add { lwg: slow, members: seats(&[4]) });
    town.run();
    assert_eq!(who_sends(&mut town, slow, &[4, 4]), [true, false]);
}

#[test]
fn what_is_told_to_one_waits_for_that_one_only() {
    let (mut town, [slow, _]) = four();
    choke(&mut town, 3, slow, true);
    for (to, taken) in [(2, true), (3, false)] {
        let message = Message::new(vec![9]);
        assert_eq!(town.ask(seat(1), Down::Tell { lwg: slow, to: seat(to), message }), taken);
    }
}

#[test]
fn nobody_waits_for_who_is_not_in_the_view_any_more() {
    // Removed, lost with a view, over without one, and the group destroyed.
    for way in 0..4 {
        let (mut town, [slow, _]) = four();
        choke(&mut town, 3, slow, true);
        assert!(!sends(&mut town, 1, slow));
        let core = town.view(seat(1), slow).expect("a view").core;
        match way {
            0 => {
                town.ask(seat(2), Down::Remove { lwg: slow, members: seats(&[3]) });
            }
            1 => {
                town.crash(seat(3));
                town.net.borrow_mut().regroup(core);
            }
            2 => {
                let peer = proc(3);
                town.net.borrow_mut().tell(seat(1), vsync::Up::Lost { peer });
            }
            _ => {
                town.ask(seat(2), Down::Destroy { lwg: slow });
                town.run();
                assert_eq!(town.count(seat(1), "lwg.choked_elsewhere"), 0, "way {way}");
                continue;
            }
        }
        town.run();
        assert_eq!(room(&town, 1, slow), 1, "way {way}");
        assert!(sends(&mut town, 1, slow), "way {way}");
    }
}

#[test]
fn room_comes_with_the_view_without_who_choked_a_group_and_not_with_its_word() {
    let (mut town, [slow, _]) = four();
    choke(&mut town, 3, slow, true);
    assert!(!sends(&mut town, 1, slow));
    town.ask(seat(1), Down::Remove { lwg: slow, members: seats(&[3]) });
    loop {
        let next = town.net.borrow().deliveries().first().copied();
        let Some(next) = next else { break };
        let who = town.net.borrow_mut().deliver(next);
        town.wake(who);
    }
    assert!(!town.net.borrow().letters().is_empty(), "the word of 3 has not come");
    assert_eq!((town.members(seat(1), slow), room(&town, 1, slow)), (seats(&[1, 2]), 1));
}

#[test]
fn who_went_and_came_back_chokes_nothing() {
    let (mut town, [slow, _]) = four();
    choke(&mut town, 3, slow, true);
    assert!(!sends(&mut town, 1, slow));
    for ask in [
        Down::Remove { lwg: slow, members: seats(&[3]) },
        Down::Add { lwg: slow, members: seats(&[3]) },
    ] {
        town.ask(seat(1), ask);
        town.run();
    }
    assert_eq!(town.members(seat(3), slow), seats(&[1, 2, 3]));
    assert_eq!(who_sends(&mut town, slow, &[1, 2, 3]), [true; 3]);
}

#[test]
fn a_part_waits_for_its_own_only_and_for_the_others_when_they_are_back() {
    for eased in [false, true] {
        let (mut town, [slow, _]) = four();
        let core = town.view(seat(1), slow).expect("a view").core;
        choke(&mut town, 3, slow, true);
        assert!(!sends(&mut town, 1, slow));
        town.net.borrow_mut().side.insert(seat(3), 1);
        town.net.borrow_mut().regroup(core);
        town.run();
        assert!(sends(&mut town, 1, slow) && room(&town, 1, slow) == 1);
        if eased {
            choke(&mut town, 3, slow, false);
        }
        town.net.borrow_mut().side.insert(seat(3), 0);
        town.net.borrow_mut().regroup(core);
        town.run();
        assert_eq!(town.members(seat(1), slow).len(), 3);
        assert_eq!(sends(&mut town, 1, slow), eased, "eased: {eased}");
    }
}

/// Three processes on one core group, and a group of two of them of which the second takes nothing.
fn beside(traits: Traits) -> (Town, LwgId) {
    let mut town = Town::new(3, &seats(&[1, 2, 3]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3]) });
    town.run();
    let (slow, members, set) = (lwg(1, 2), seats(&[1, 2]), SetId::DEFAULT);
    town.ask(seat(1), Down::CreateWith { set, lwg: slow, members, traits });
    town.run();
    choke(&mut town, 2, slow, true);
    (town, slow)
}

#[test]
fn what_comes_from_outside_is_refused_while_a_member_takes_nothing() {
    let (mut town, slow) = beside(Traits { open: true, relaxed: false });
    // By way of another, and of the one that takes nothing itself.
    for member in [seat(1), seat(2)] {
        let (send, message) = (SendId(77), Message::new(vec![4]));
        let (how, replies) = (Order::Total.into(), true);
        town.ask(seat(3), Down::SendThrough { lwg: slow, member, send, how, replies, message });
        town.run();
        let lost = town.news(seat(3)).into_iter().find_map(|up| match up {
            Up::Answered { send: SendId(77), lost, .. } => Some(lost),
            _ => None,
        });
        assert_eq!(lost, Some(vec![member]));
    }
}

#[test]
fn who_is_no_member_of_a_relaxed_group_waits_too() {
    let (mut town, slow) = beside(Traits { open: false, relaxed: true });
    assert_eq!(who_sends(&mut town, slow, &[3, 3, 1]), [true, false, false]);
    choke(&mut town, 2, slow, false);
    assert!(room(&town, 3, slow) == 1 && sends(&mut town, 3, slow));
}

/// It is told no view of that group, so nothing else would say so.
#[test]
fn who_is_no_member_waits_neither_for_who_has_crashed_nor_on_a_core_group_that_it_has_left() {
    for leaves in [false, true] {
        let (mut town, slow) = beside(Traits { open: false, relaxed: true });
        assert_eq!(who_sends(&mut town, slow, &[3, 3]), [true, false]);
        let group = town.view(seat(1), slow).expect("a view").core;
        if leaves {
            town.ask(seat(3), Down::Core(vsync::Down::Leave { group }));
        } else {
            town.crash(seat(2));
            town.net.borrow_mut().regroup(group);
        }
        town.run();
        assert_eq!(room(&town, 3, slow), 1, "leaves: {leaves}");
        assert!(leaves || sends(&mut town, 3, slow), "nobody chokes it any more");
    }
}

#[test]
fn who_has_asked_too_much_of_a_core_group_is_told_of_room_when_it_is_out_of_it() {
    let (mut town, slow) = beside(Traits { open: false, relaxed: true });
    let group = town.view(seat(1), slow).expect("a view").core;
    let number = town.net.borrow().at[&(group, seat(3))];
    town.net.borrow_mut().epochs[number].blocked = true;
    let send = |town: &mut Town, send| {
        let (how, message) = (Order::Fifo.into(), Message::new(vec![2; 50]));
        town.ask(seat(3), Down::Send { lwg: slow, send, how, replies: false, message })
    };
    let taken =
        (1..).find(|count| !send(&mut town, SendId(*count))).expect("it is full in the end");
    assert!(taken > 1 && room(&town, 3, slow) == 0);
    town.ask(seat(3), Down::Core(vsync::Down::Leave { group }));
    town.run();
    assert_eq!(room(&town, 3, slow), 1);
}
