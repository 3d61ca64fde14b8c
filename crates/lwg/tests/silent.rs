//! Letters to a process that takes none and is not over: how many wait, and what becomes of them.

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::limits::{LETTERS_BYTES_MAX, LETTERS_MAX};
use lwg::{Down, LwgId, Message, Order, Outcome, SendId, SetId, Traits, Up};
use muts::Duration;

/// Four processes, and an open group of the first three.
fn four() -> (Town, LwgId) {
    let mut town = Town::new(3, &seats(&[1, 2, 3, 4]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3, 4]) });
    town.run();
    let (group, members) = (lwg(1, 2), seats(&[1, 2, 3]));
    let traits = Traits { open: true, relaxed: false };
    town.ask(seat(1), Down::CreateWith { set: SetId::DEFAULT, lwg: group, members, traits });
    town.run();
    (town, group)
}

fn takes_none(town: &mut Town, node: u64) {
    town.net.borrow_mut().full.insert(seat(node));
}

fn takes_again(town: &mut Town, node: u64) {
    town.net.borrow_mut().full.remove(&seat(node));
    town.run();
}

fn tell(lwg: LwgId, to: u64, bytes: usize) -> Down {
    Down::Tell { lwg, to: seat(to), message: Message::new(vec![7; bytes]) }
}

fn through(town: &mut Town, lwg: LwgId, member: u64, replies: bool) -> Down {
    town.sends += 1;
    let (send, how, message) = (SendId(town.sends), Order::Fifo.into(), Message::default());
    Down::SendThrough { lwg, member: seat(member), send, how, replies, message }
}

fn letters(town: &Town, node: u64) -> usize {
    town.count(seat(node), "lwg.letters") as usize
}

fn count(town: &Town, node: u64, is_it: impl Fn(&Up) -> bool) -> usize {
    town.told[&seat(node)].iter().filter(|up| is_it(up)).count()
}

#[test]
fn what_is_told_to_it_is_handed_back_at_a_bound_and_all_that_was_taken_arrives() {
    for (bytes, most) in [(1, LETTERS_MAX), (LETTERS_BYTES_MAX / 4, 4)] {
        let (mut town, group) = four();
        takes_none(&mut town, 3);
        let mut taken = 0;
        while taken <= most && town.ask(seat(1), tell(group, 3, bytes)) {
            taken += 1;
        }
        assert_eq!((taken, letters(&town, 1)), (most, most));
        assert!(town.ask(seat(1), tell(group, 2, bytes)), "nobody else waits");
        town.run();
        let rooms =
            |town: &Town| count(town, 1, |up| matches!(up, Up::Room { lwg: of } if *of == group));
        assert_eq!((rooms(&town), count(&town, 2, |up| matches!(up, Up::Told { .. }))), (0, 1));
        takes_again(&mut town, 3);
        assert_eq!((rooms(&town), count(&town, 3, |up| matches!(up, Up::Told { .. }))), (1, taken));
        assert!(town.ask(seat(1), tell(group, 3, bytes)));
        assert_eq!(letters(&town, 1), 0);
    }
}

#[test]
fn an_answer_to_it_is_handed_back_and_who_is_over_makes_room() {
    for over in [false, true] {
        let (mut town, group) = four();
        takes_none(&mut town, 3);
        let answer = |town: &mut Town, to| {
            let (send, reply) = (SendId(77), Some(Message::new(vec![1; 100])));
            town.ask(seat(1), Down::Reply { to: seat(to), send, reply })
        };
        while answer(&mut town, 3) {
            assert!(letters(&town, 1) <= LETTERS_MAX);
        }
        assert!(answer(&mut town, 2) && !town.ask(seat(1), tell(group, 3, 1)));
        let room = |town: &Town| {
            let of = |up: &Up| matches!(up, Up::RoomTo { to } if *to == seat(3));
            let group = |up: &Up| matches!(up, Up::Room { lwg } if *lwg == group);
            (count(town, 1, of), count(town, 1, group))
        };
        assert_eq!(room(&town), (0, 0));
        if over {
            town.net.borrow_mut().tell(seat(1), vsync::Up::Lost { peer: seat(3).proc });
            town.hear(seat(1));
        } else {
            takes_again(&mut town, 3);
        }
        assert_eq!((room(&town), letters(&town, 1)), ((1, 1), 0));
    }
}

#[test]
fn who_sends_by_way_of_it_is_handed_it_back_and_all_that_was_taken_ends() {
    let (mut town, group) = four();
    takes_none(&mut town, 3);
    let mut taken = 0;
    for _ in 0..4 {
        loop {
            let ask = through(&mut town, group, 3, taken % 2 == 0);
            if !town.ask(seat(4), ask) {
                break;
            }
            taken += 1;
        }
        assert!(taken > 0 && letters(&town, 4) <= LETTERS_MAX);
        // Each is asked after, and given up.
        for _ in 0..3 {
            town.pass(Duration::from_secs(6));
        }
        assert_eq!(count(&town, 4, |up| matches!(up, Up::Answered { .. })), taken);
        let ask = through(&mut town, group, 2, true);
        assert!(town.ask(seat(4), ask), "another member passes it on");
        town.run();
        taken += 1;
    }
    takes_again(&mut town, 3);
    let ended = |up: &Up| matches!(up, Up::Answered { .. });
    assert_eq!((count(&town, 4, ended), letters(&town, 4)), (taken, 0));
    let ask = through(&mut town, group, 3, true);
    assert!(town.ask(seat(4), ask));
    town.run();
    assert_eq!(count(&town, 4, |up| matches!(up, Up::Reply { .. })), 3 * 5);
}

#[test]
fn nothing_is_passed_on_for_who_cannot_be_told_of_it_and_all_that_it_sent_ends() {
    let (mut town, group) = four();
    takes_none(&mut town, 4);
    let mut sent = 0;
    for round in 0..3 * LETTERS_MAX {
        let ask = through(&mut town, group, 2, round % 3 == 0);
        sent += usize::from(town.ask(seat(4), ask));
        if round % 64 == 0 {
            town.run();
        }
    }
    town.run();
    assert_eq!(sent, 3 * LETTERS_MAX);
    for node in 1..=3 {
        // What was in the core group already when it was full comes beside, or is dropped.
        assert!(letters(&town, node) <= LETTERS_MAX, "{} at {node}", letters(&town, node));
    }
    assert!(count(&town, 1, |up| matches!(up, Up::Message { .. })) < sent);
    // Members that are lost meanwhile do not make them more.
    let core = town.view(seat(1), group).expect("a view").core;
    town.crash(seat(3));
    town.net.borrow_mut().regroup(core);
    town.run();
    assert!(letters(&town, 2) <= LETTERS_MAX);
    takes_again(&mut town, 4);
    for _ in 0..3 {
        town.pass(Duration::from_secs(6));
        town.run();
    }
    assert_eq!(count(&town, 4, |up| matches!(up, Up::Answered { .. })), sent);
    assert_eq!(town.count(seat(4), "lwg.replies_awaited"), 0);
}

#[test]
fn who_asks_it_to_place_groups_is_told_that_it_is_missing() {
    let (mut town, _) = four();
    takes_none(&mut town, 1);
    let mut asked = 0;
    for _ in 0..4 {
        for _ in 0..LETTERS_MAX {
            asked += 1;
            // None of its core groups is near enough to these.
            let members = seats(&[1, 20 + asked % 7]);
            town.ask(seat(4), Down::Create { lwg: lwg(4, asked), members });
        }
        assert!(letters(&town, 4) <= LETTERS_MAX);
        town.pass(Duration::from_secs(9));
    }
    let missing = |up: &Up| match up {
        Up::Done { outcome: Outcome::Missing(who), .. } => who[..] == [seat(1)],
        _ => false,
    };
    assert_eq!(count(&town, 4, missing), asked as usize);
}

#[test]
fn who_chokes_and_eases_keeps_no_more_than_a_word_for_it() {
    let (mut town, group) = four();
    takes_none(&mut town, 1);
    for _ in 0..100 {
        for choked in [true, false] {
            town.ask(seat(3), Down::Choke { lwg: group, choked });
            assert_eq!(letters(&town, 3), usize::from(choked));
        }
    }
    town.ask(seat(3), Down::Choke { lwg: group, choked: true });
    takes_again(&mut town, 1);
    assert!(!town.ask(seat(1), tell(group, 3, 1)), "it has heard the last word");
}
