//! Sends to some members, sends from outside, and how the replies to them end.

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::limits::{PASSED_ON, UNMET_MAX};
use lwg::{Down, Endpoint, LwgId, Members, Message, Order, SendId, SetId, Traits, Up};
use muts::{Duration, Malformed, Sink, Wire};

/// Four processes, and a group of the first three that is open or not.
fn four(open: bool) -> (Town, LwgId) {
    let mut town = Town::new(3, &seats(&[1, 2, 3, 4]));
    let all = seats(&[1, 2, 3, 4]);
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: all });
    town.run();
    let (group, members) = (lwg(1, 2), seats(&[1, 2, 3]));
    let traits = Traits { open, relaxed: false };
    town.ask(seat(1), Down::CreateWith { set: SetId::DEFAULT, lwg: group, members, traits });
    town.run();
    (town, group)
}

/// Sends to some; the body is long enough that it is kept from who does not need it.
fn send_to(town: &mut Town, who: u64, lwg: LwgId, to: &[u64], order: Order) -> SendId {
    town.sends += 1;
    let (send, to, replies) = (SendId(town.sends), seats(to), true);
    let message = Message::new(vec![7; 100]);
    town.ask(
        seat(who),
        Down::SendTo { lwg, to: Box::new(to), send, how: order.into(), replies, message },
    );
    send
}

fn send_through(town: &mut Town, who: u64, member: u64, lwg: LwgId, replies: bool) -> SendId {
    town.sends += 1;
    let (send, member, order) = (SendId(town.sends), seat(member), Order::Total);
    let message = Message::new(town.sends.to_le_bytes().to_vec());
    town.ask(
        seat(who),
        Down::SendThrough { lwg, member, send, how: order.into(), replies, message },
    );
    send
}

fn told(town: &Town, node: u64, send: SendId) -> Option<Endpoint> {
    town.told[&seat(node)].iter().find_map(|up| match up {
        Up::Message { from, send: told, .. } if *told == send => Some(*from),
        _ => None,
    })
}

/// Who replied, who is lost and who declined, each in ascending order.
fn end(town: &Town, node: u64, send: SendId) -> (Members, Option<(Members, Members)>) {
    let (mut replied, mut ended) = (Members::new(), None);
    for up in &town.told[&seat(node)] {
        match up {
            Up::Reply { send: of, from, .. } if *of == send => replied.push(*from),
            Up::Answered { send: of, lost, declined } if *of == send => {
                assert!(ended.is_none(), "ended twice");
                let (mut lost, mut declined) = (lost[..].into(), declined[..].into());
                let of_both: [&mut Members; 2] = [&mut lost, &mut declined];
                of_both.into_iter().for_each(|some| some.sort_unstable());
                ended = Some((lost, declined));
            }
            _ => {}
        }
    }
    replied.sort_unstable();
    (replied, ended)
}

fn nobody() -> Members {
    Members::new()
}

#[test]
fn what_is_for_some_is_told_to_them_and_answered_by_them() {
    for order in [Order::Fifo, Order::Causal, Order::Total] {
        let (mut town, group) = four(false);
        for (to, mine) in [(&[2, 3][..], false), (&[1, 3, 9][..], true)] {
            let send = send_to(&mut town, 1, group, to, order);
            town.run();
            for node in [2, 3, 4] {
                let heard = told(&town, node, send);
                assert_eq!(heard.is_some(), to.contains(&node), "{order:?} at {node}");
            }
            assert_eq!(told(&town, 1, send).is_some(), mine);
            let there: Vec<u64> = to.iter().copied().filter(|node| *node < 4).collect();
            assert_eq!(end(&town, 1, send), (seats(&there), Some((nobody(), nobody()))));
        }
    }
}

#[test]
fn what_is_for_nobody_in_the_view_is_answered_by_nobody() {
    let (mut town, group) = four(false);
    let send = send_to(&mut town, 1, group, &[4], Order::Causal);
    town.run();
    assert_eq!(end(&town, 1, send), (nobody(), Some((nobody(), nobody()))));
    assert_eq!(told(&town, 4, send), None);
}

#[test]
fn whom_it_was_for_and_is_lost_is_named() {
    let (mut town, group) = four(false);
    town.answers = false;
    let send = send_to(&mut town, 1, group, &[2, 3], Order::Fifo);
    town.crash(seat(3));
    let core = town.view(seat(1), group).expect("a view").core;
    town.net.borrow_mut().regroup(core);
    town.run();
    assert_eq!(end(&town, 1, send), (nobody(), Some((seats(&[3]), seats(&[2])))));
}

#[test]
fn an_open_group_is_sent_to_from_outside_by_way_of_a_member() {
    let (mut town, group) = four(true);
    for _ in 0..2 {
        let send = send_through(&mut town, 4, 2, group, true);
        town.run();
        for node in [1, 2, 3] {
            assert_eq!(told(&town, node, send), Some(seat(4)), "as from the outsider");
        }
        assert_eq!(told(&town, 4, send), None);
        assert_eq!(end(&town, 4, send), (seats(&[1, 2, 3]), Some((nobody(), nobody()))));
    }
    let send = send_through(&mut town, 4, 3, group, false);
    town.run();
    assert_eq!(end(&town, 4, send), (nobody(), Some((nobody(), nobody()))));
    for node in 1..=4 {
        assert_eq!(town.count(seat(node), "lwg.replies_awaited"), 0);
        assert_eq!(town.count(seat(node), "lwg.passing"), 0, "at {node}");
    }
}

#[test]
fn a_process_on_no_core_group_of_it_can_send_to_it_too() {
    let (mut town, group) = four(true);
    town.start(seat(9), lwg::Smallest::default());
    meet(&mut town, 9, &[1, 2, 3]);
    let send = send_through(&mut town, 9, 1, group, true);
    town.run();
    assert_eq!(end(&town, 9, send), (seats(&[1, 2, 3]), Some((nobody(), nobody()))));
}

/// One process and these meet.
fn meet(town: &mut Town, who: u64, others: &[u64]) {
    for other in others {
        for (told, peer) in [(who, *other), (*other, who)] {
            town.net.borrow_mut().tell(seat(told), vsync::Up::Met { peer: seat(peer).proc });
        }
    }
    town.run();
}

/// A link that heals last, as that to a process that has just started again.
#[test]
fn an_answer_to_who_asked_from_outside_waits_until_the_two_have_met() {
    let (mut town, group) = four(true);
    town.start(seat(9), lwg::Smallest::default());
    meet(&mut town, 9, &[1, 2]);
    let send = send_through(&mut town, 9, 1, group, true);
    town.run();
    assert_eq!(end(&town, 9, send), (seats(&[1, 2]), None));
    assert_eq!(town.count(seat(3), "lwg.letters"), 1);
    town.pass(PASSED_ON);
    meet(&mut town, 9, &[3]);
    assert_eq!(end(&town, 9, send), (seats(&[1, 2, 3]), Some((nobody(), nobody()))));
    assert_eq!(town.count(seat(3), "lwg.letters"), 0);
}

#[test]
fn the_answer_of_a_member_that_is_never_met_is_given_up() {
    let (mut town, group) = four(true);
    town.start(seat(9), lwg::Smallest::default());
    meet(&mut town, 9, &[1, 2]);
    let send = send_through(&mut town, 9, 1, group, true);
    town.run();
    town.pass(PASSED_ON);
    town.run();
    assert_eq!(end(&town, 9, send).1, None, "it may be met yet");
    town.pass(PASSED_ON);
    town.run();
    assert_eq!(end(&town, 9, send), (seats(&[1, 2]), Some((seats(&[3]), nobody()))));
    assert_eq!(town.count(seat(9), "lwg.replies_awaited"), 0);
}

#[test]
fn answers_wait_for_some_who_were_never_met_and_not_for_any_number() {
    let (mut town, group) = four(true);
    let askers = 10..14 + UNMET_MAX as u64;
    for asker in askers.clone() {
        town.start(seat(asker), lwg::Smallest::default());
        meet(&mut town, asker, &[1]);
        send_through(&mut town, asker, 1, group, true);
    }
    town.run();
    let waits = town.count(seat(3), "lwg.letters");
    assert_eq!((waits, town.count(seat(3), "lwg.letters_dropped")), (UNMET_MAX as u64, 4));
}

#[test]
fn who_cannot_pass_it_on_is_named() {
    // The group is not open; the member is none; the group is not known.
    for (open, member, known) in [(false, 2, true), (true, 4, true), (true, 2, false)] {
        let (mut town, group) = four(open);
        let group = if known { group } else { lwg(7, 7) };
        let send = send_through(&mut town, 3, member, group, true);
        town.run();
        assert_eq!(end(&town, 3, send), (nobody(), Some((seats(&[member]), nobody()))));
        assert_eq!(told(&town, 1, send), None);
    }
}

#[test]
fn whom_the_group_has_lost_is_named_outside_too() {
    let (mut town, group) = four(true);
    town.answers = false;
    let send = send_through(&mut town, 4, 2, group, true);
    while told(&town, 2, send).is_none() {
        assert!(town.step());
    }
    town.crash(seat(3));
    let core = town.view(seat(1), group).expect("a view").core;
    town.net.borrow_mut().regroup(core);
    town.run();
    assert_eq!(end(&town, 4, send), (nobody(), Some((seats(&[3]), seats(&[1, 2])))));
}

#[test]
fn a_member_that_dies_before_it_passes_it_on_is_missed() {
    let (mut town, group) = four(true);
    let send = send_through(&mut town, 4, 2, group, true);
    town.crash(seat(2));
    town.run();
    town.pass(Duration::from_secs(6));
    town.run();
    assert_eq!(end(&town, 4, send).1, None, "asked once, and not given up yet");
    town.pass(Duration::from_secs(6));
    assert_eq!(end(&town, 4, send), (nobody(), Some((seats(&[2]), nobody()))));
}

#[test]
fn a_member_that_lives_is_not_given_up() {
    let (mut town, group) = four(true);
    let send = send_through(&mut town, 4, 2, group, true);
    // The group takes its time: nothing goes out.
    let core = town.view(seat(1), group).expect("a view").core;
    let number = town.net.borrow().at[&(core, seat(2))];
    town.net.borrow_mut().epochs[number].blocked = true;
    town.run();
    for _ in 0..5 {
        town.pass(Duration::from_secs(6));
        town.run();
        assert_eq!(end(&town, 4, send).1, None);
    }
    town.net.borrow_mut().epochs[number].blocked = false;
    town.net.borrow_mut().tell(seat(2), vsync::Up::Room { group: core });
    town.run();
    assert_eq!(end(&town, 4, send), (seats(&[1, 2, 3]), Some((nobody(), nobody()))));
}

#[test]
fn what_is_discarded_outside_is_forgotten_inside() {
    let (mut town, group) = four(true);
    town.answers = false;
    let send = send_through(&mut town, 4, 2, group, true);
    while told(&town, 2, send).is_none() {
        assert!(town.step());
    }
    town.ask(seat(4), Down::Discard { send });
    town.run();
    assert_eq!(end(&town, 4, send), (nobody(), None));
    assert_eq!(town.count(seat(2), "lwg.passing"), 0);
}

#[test]
fn what_a_group_is_survives_losses_moves_and_merges() {
    let (mut town, group) = four(true);
    let to = SetId::DEFAULT.core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core: to, members: seats(&[1, 2, 3]) });
    town.run();
    town.ask(seat(1), Down::Move { lwg: group, to });
    town.run();
    assert_eq!(town.view(seat(1), group).expect("a view").core, to);
    town.net.borrow_mut().side.insert(seat(3), 1);
    town.net.borrow_mut().regroup(to);
    town.run();
    town.net.borrow_mut().side.insert(seat(3), 0);
    town.net.borrow_mut().regroup(to);
    town.run();
    let send = send_through(&mut town, 4, 3, group, true);
    town.run();
    assert_eq!(end(&town, 4, send).0, seats(&[1, 2, 3]));
}

/// Another change of the same view may take it elsewhere, without what it held.
#[test]
fn a_send_is_stable_once_those_who_come_along_are_known_to_have_come() {
    for comes in [true, false] {
        let mut town = Town::new(5, &seats(&[1, 2, 3]));
        town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3]) });
        town.run();
        let group = lwg(1, 2);
        town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
        town.run();
        let core = town.view(seat(1), group).expect("a view").core;
        assert_eq!(town.view(seat(3), lwg(1, 1)).expect("a view").core, core);
        let send = town.send(seat(1), group, Order::Fifo, false);
        town.steps(100);
        town.crash(seat(3));
        town.net.borrow_mut().regroup(core);
        town.hear(seat(1));
        assert_eq!(town.members(seat(1), group).len(), 2);
        assert_eq!(stability(&town, 1, send), []);
        if !comes {
            town.net.borrow_mut().side.insert(seat(2), 1);
            town.net.borrow_mut().regroup(core);
        }
        town.run();
        assert_eq!(stability(&town, 1, send), [comes]);
    }
}

/// What was told of a send: that it is stable, or that it never will be.
fn stability(town: &Town, node: u64, send: SendId) -> Vec<bool> {
    let told = town.told[&seat(node)].iter();
    told.filter_map(|up| match up {
        Up::Stable { send: told } if *told == send => Some(true),
        Up::Unstable { send: told } if *told == send => Some(false),
        _ => None,
    })
    .collect()
}

#[test]
fn a_send_of_which_a_member_is_lost_before_it_has_it_is_told_never_to_be_stable() {
    let (mut town, group) = four(false);
    let core = town.view(seat(1), group).expect("a view").core;
    let before = town.send(seat(1), group, Order::Fifo, false);
    town.run();
    town.crash(seat(2));
    let lost = [1, 2].map(|_| town.send(seat(1), group, Order::Fifo, false));
    town.net.borrow_mut().regroup(core);
    town.run();
    assert_eq!(stability(&town, 1, before), [true]);
    assert_eq!(lost.map(|send| stability(&town, 1, send)), [[false], [false]]);
    let after = town.send(seat(1), group, Order::Fifo, false);
    town.run();
    assert_eq!(stability(&town, 1, after), [true]);
}

/// It is told of no view, and not that it is out.
#[test]
fn who_sends_beside_a_relaxed_group_hears_the_end_of_it_without_the_group_or_the_core_group() {
    for leaves in [false, true] {
        let (mut town, _) = four(false);
        let (group, set, members) = (lwg(1, 3), SetId::DEFAULT, seats(&[1, 2]));
        let traits = Traits { open: false, relaxed: true };
        town.ask(seat(1), Down::CreateWith { set, lwg: group, members, traits });
        town.run();
        let core = town.view(seat(1), group).expect("a view").core;
        let send = town.send(seat(4), group, Order::Fifo, false);
        town.hear(seat(4));
        while !town.net.borrow().deliveries().is_empty() {
            town.step();
        }
        assert_eq!(stability(&town, 4, send), []);
        let ask = match leaves {
            true => Down::Core(vsync::Down::Leave { group: core }),
            false => Down::Destroy { lwg: group },
        };
        town.ask(seat(4), ask);
        town.run();
        assert_eq!(stability(&town, 4, send), [false], "leaves: {leaves}");
    }
}

#[test]
fn who_takes_no_letters_keeps_nothing_but_its_own_waiting() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let group = lwg(3, 1);
    town.ask(seat(3), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    town.run();
    town.net.borrow_mut().full.insert(seat(3));
    let asked = [1, 2].map(|_| town.send(seat(3), group, Order::Fifo, true));
    town.run();
    assert_eq!(town.count(seat(1), "lwg.letters"), 2);
    // Another core group is founded meanwhile, and another process is answered.
    let others = lwg(1, 1);
    town.ask(seat(1), Down::Create { lwg: others, members: seats(&[1, 2]) });
    town.run();
    assert_eq!(town.members(seat(2), others), seats(&[1, 2]));
    let other = town.send(seat(2), others, Order::Fifo, true);
    town.run();
    let replies = |town: &Town, node, to| {
        let is_it = |up: &&Up| matches!(up, Up::Reply { send, .. } if *send == to);
        town.told[&seat(node)].iter().filter(is_it).count()
    };
    assert_eq!(replies(&town, 2, other), 2);
    town.net.borrow_mut().full.clear();
    town.run();
    assert_eq!(asked.map(|send| replies(&town, 3, send)), [3, 3]);
    assert_eq!(town.count(seat(1), "lwg.letters"), 0);
}

#[test]
fn what_the_longest_header_does_not_fit_on_is_refused_and_what_it_fits_on_goes() {
    let most = lwg::limits::MESSAGE_BYTES_MAX - Message::default().len();
    let how = || Order::Total.into();
    for (bytes, fits) in [(most, true), (most + 1, false)] {
        let (mut town, lwg) = four(true);
        let long = || Message::new(vec![3; bytes]);
        let [send, some, through] = [1, 2, 3].map(SendId);
        let (member, to, replies) = (seat(2), Box::new(seats(&[2])), true);
        town.ask(seat(1), Down::Send { lwg, send, how: how(), replies, message: long() });
        town.ask(
            seat(1),
            Down::SendTo { lwg, to, send: some, how: how(), replies, message: long() },
        );
        let (send, message) = (through, long());
        town.ask(seat(4), Down::SendThrough { lwg, member, send, how: how(), replies, message });
        town.run();
        let heard = [1, 2, 3].map(|send| told(&town, 2, SendId(send)).is_some());
        assert_eq!(heard, [fits; 3]);
        let lost = if fits { nobody() } else { seats(&[2]) };
        let answers = if fits { seats(&[1, 2, 3]) } else { nobody() };
        assert_eq!(end(&town, 1, SendId(1)), (answers.clone(), Some((nobody(), nobody()))));
        assert_eq!(end(&town, 4, through), (answers, Some((lost, nobody()))));
    }
}

/// What stands on a message, whatever it means.
struct Head(Vec<u8>);

impl Wire for Head {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(&self.0);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(core::mem::take(from).to_vec()))
    }
}

/// Else the kernel would drop it, and whoever waits for its place would wait for ever.
#[test]
fn who_is_to_pass_on_what_is_too_long_refuses_it() {
    let (mut town, group) = four(true);
    let send = send_through(&mut town, 4, 2, group, true);
    {
        let mut net = town.net.borrow_mut();
        net.carry((seat(4), seat(2)));
        let letter = net.ups.get_mut(&seat(2)).and_then(std::collections::VecDeque::pop_back);
        let Some(vsync::Up::Send { from, mut message }) = letter else { panic!("a letter") };
        let head = message.pop::<Head>().expect("one");
        let mut long = Message::new(vec![3; lwg::limits::MESSAGE_BYTES_MAX + 1]);
        long.push(&head);
        net.tell(seat(2), vsync::Up::Send { from, message: long });
    }
    town.run();
    assert_eq!(end(&town, 4, send), (nobody(), Some((seats(&[2]), nobody()))));
}
