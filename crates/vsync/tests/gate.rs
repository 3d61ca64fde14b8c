//! The gate: several clients of one daemon, and what each of them can do to the others: nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::house::{GROUP, House, named, town};
use crate::common::{message, proc};
use bytes::{Bytes, BytesMut};
use muts::{Audience, Counted as _, Layer, Porter, ProcId, Wire};
use vsync::gate::{Bye, Say, State, Word};
use vsync::limits::{GATE_CREDIT_BYTES, MEMBERS_MAX, TICKET_BYTES_MAX};
use vsync::{Admission, Down, Endpoint, Fault, GroupId, How, Order, Terms, Up};

#[test]
fn a_remote_multicast_crosses_the_network_once() {
    let (mut house, [a, b, c, d]) = town();
    house.run(Duration::from_millis(200));
    let before = house.air.borrow().casts(proc('B'), proc('A'));
    let fifo =
        |text: &str| Down::Cast { group: GROUP, how: Order::Fifo.into(), message: message(text) };
    for number in 0..100 {
        assert!(house.ask(d, fifo(&format!("{number}"))));
    }
    house.run(Duration::from_millis(100));
    let crossed = house.air.borrow().casts(proc('B'), proc('A')) - before;
    assert_eq!(crossed, 100, "each once, although it is for three");
    for pipe in [a, b, c, d] {
        assert_eq!(house.heard(pipe).len(), 100);
    }
}

#[test]
fn everybody_hears_the_same_in_the_same_order() {
    let (mut house, pipes) = town();
    for number in 0..50 {
        for (at, pipe) in pipes.into_iter().enumerate() {
            assert!(house.cast(pipe, &format!("{at}:{number}")));
        }
    }
    house.run(Duration::from_millis(200));
    let heard = house.heard(pipes[0]);
    assert_eq!(heard.len(), 200);
    for pipe in pipes {
        assert_eq!(house.heard(pipe), heard);
    }
}

#[test]
fn a_clients_death_is_known_at_once_and_harms_nobody() {
    let (mut house, [a, b, c, d]) = town();
    let now = house.air.borrow().now;
    assert!(house.cast(b, "last words"));
    house.clients.remove(&b);
    house.servers[0].ended(now, b);
    house.run(Duration::from_millis(150));
    let mut left = ["a", "c", "d"].map(|name| named(name, 1)).to_vec();
    left.sort_unstable();
    for pipe in [a, c, d] {
        assert_eq!(house.members(pipe), left, "well before any silence is told");
        assert_eq!(house.heard(pipe), ["last words"]);
    }
    assert!(house.cast(d, "on"));
    house.run(Duration::from_millis(50));
    assert_eq!(house.heard(a), ["last words", "on"]);
}

#[test]
fn a_later_incarnation_takes_the_place_of_an_earlier_one_wherever_it_comes() {
    let (mut house, [a, b, _, d]) = town();
    let again = house.come(1, "b", 2);
    house.run(Duration::from_millis(300));
    assert!(house.parted.contains(&(b, Bye::Superseded)));
    assert_eq!(house.clients[&b].client.state(), State::Over(Some(Bye::Superseded)));
    assert!(!house.members(a).contains(&named("b", 1)));
    assert!(house.ask(again, Down::Join { group: GROUP, contact: None }));
    house.run(Duration::from_millis(800));
    for pipe in [a, d, again] {
        assert!(house.members(pipe).contains(&named("b", 2)), "{pipe}");
    }
    let stale = house.come(0, "b", 1);
    assert!(house.parted.contains(&(stale, Bye::Superseded)));
}

#[test]
fn a_deaf_client_slows_its_senders_is_put_out_and_holds_up_no_other_group() {
    let (mut house, [a, b, c, d]) = town();
    let other = GroupId(1 << 127 | 8);
    let members = ["a", "c"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(a, Down::Found { group: other, members }));
    house.run(Duration::from_millis(400));
    house.clients.get_mut(&b).expect("there").deaf = true;
    let text = "x".repeat(10_000);
    let mut sent = 0;
    // Far more than may wait for one client anywhere.
    while sent < 4_000 && house.cast(c, &text) {
        sent += 1;
        house.run(Duration::from_micros(200));
    }
    assert!(sent < 4_000, "its sender has to wait");
    let waiting = house.count(0, "gate.bytes_waiting") + house.count(1, "gate.bytes_waiting");
    assert!(waiting < 3 << 20, "{waiting} bytes");
    let to_the_other = |text: &str| {
        let (order, message) = (Order::Fifo, message(text));
        Down::Cast { group: other, how: order.into(), message }
    };
    let before = house.heard(c).len();
    for _ in 0..100 {
        assert!(house.ask(a, to_the_other("free")));
    }
    house.run(Duration::from_millis(20));
    assert!(house.heard(c).len() >= before + 100);
    // It is alive as far as anybody can see, but does not listen.
    house.run(Duration::from_secs(11));
    let gone = house.parted.iter().find(|(pipe, _)| *pipe == b);
    assert!(matches!(gone, Some((_, Bye::Slow | Bye::Silent))), "{gone:?}");
    house.run(Duration::from_millis(500));
    assert!(house.cast(d, "on"));
    house.run(Duration::from_millis(50));
    assert_eq!(house.heard(a).last().map(String::as_str), Some("on"));
}

#[test]
fn who_breaks_the_rules_is_put_out_with_a_reason() {
    let (mut house, [a, ..]) = town();
    let now = house.air.borrow().now;
    let frame = |say: &Say| {
        let mut body = BytesMut::new();
        say.write(&mut body);
        let length = u32::try_from(body.len()).expect("short").to_le_bytes();
        Bytes::from([&length[..], &body[..]].concat())
    };
    let hello = |name: &str, node: &str, version| {
        frame(&Say::Hello { versions: (version, version), me: named(node, 1), name: name.into() })
    };
    let many = (0..60).map(|_| {
        let message = message(&"x".repeat(10_000));
        frame(&Say::Ask(Down::Send { to: Endpoint::of(named("a", 1)), message }))
    });
    let greedy: Vec<u8> =
        [hello("h", "h", 1)].into_iter().chain(many).flat_map(|b| b.to_vec()).collect();
    let admission = Admission::Key(vec![7; TICKET_BYTES_MAX + 1]);
    let terms = Terms { admission, ..Terms::default() };
    let terms = frame(&Say::Ask(Down::Terms { group: GROUP, terms }));
    let members = vec![named("a", 1); MEMBERS_MAX + 1];
    let many = frame(&Say::Ask(Down::Found { group: GroupId(9), members }));
    let long = |kind: u8| [&5_000_u32.to_le_bytes()[..], &[kind]].concat();
    let cases: [(&str, Vec<u8>, Bye); 10] = [
        ("a key as no ticket is", [hello("k", "k", 1), terms].concat(), Bye::Quota),
        ("more members than can be", [hello("m", "m", 1), many].concat(), Bye::Quota),
        ("garbage", b"GET / HTTP/1.1\r\n\r\n".to_vec(), Bye::Malformed),
        ("no hello", frame(&Say::Pong).to_vec(), Bye::Malformed),
        ("another's name", hello("e", "a", 1).to_vec(), Bye::Forbidden),
        ("another version", hello("f", "f", 99).to_vec(), Bye::Version),
        ("a length that lies", u32::MAX.to_le_bytes().to_vec(), Bye::Malformed),
        ("more than a hello has", long(1), Bye::Malformed),
        ("too long a question", long(4), Bye::Quota),
        ("more than its credit", greedy, Bye::Quota),
    ];
    for (what, bytes, why) in cases {
        let pipe = house.open(0);
        house.servers[0].hear(now, pipe, &bytes);
        house.turn();
        assert_eq!(house.parted.last(), Some(&(pipe, why)), "{what}");
    }
    let silent = house.open(0);
    house.run(Duration::from_millis(1_500));
    assert_eq!(house.parted.last(), Some(&(silent, Bye::Silent)));
    assert!(house.cast(a, "unharmed"));
    house.run(Duration::from_millis(100));
    assert_eq!(house.heard(a).last().map(String::as_str), Some("unharmed"));
}

#[test]
fn a_daemon_that_ends_says_so_to_its_clients_and_to_the_others() {
    let (mut house, [a, b, c, d]) = town();
    let now = house.air.borrow().now;
    assert!(house.servers[0].down(now, Word::Farewell).is_ok());
    house.turn();
    for pipe in [a, b, c] {
        assert_eq!(house.clients[&pipe].client.state(), State::Over(Some(Bye::Stopping)));
    }
    house.run(Duration::from_millis(150));
    assert_eq!(house.members(d), [named("d", 1)]);
}

#[test]
fn who_does_not_say_its_last_word_in_a_view_holds_its_groups_up_for_so_long_and_no_longer() {
    let (mut house, [a, _, c, d]) = town();
    let frame = |say: &Say| {
        let mut body = BytesMut::new();
        say.write(&mut body);
        let length = u32::try_from(body.len()).expect("short").to_le_bytes();
        Bytes::from([&length[..], &body[..]].concat())
    };
    let quiet = house.open(0);
    let hello = Say::Hello { versions: (1, 1), me: named("q", 1), name: "q".into() };
    let join = Say::Ask(Down::Join { group: GROUP, contact: None });
    for say in [hello, join] {
        let now = house.air.borrow().now;
        house.servers[0].hear(now, quiet, &frame(&say));
    }
    // It lives, and answers nothing else.
    let live = |house: &mut House, time: u64| {
        for _ in 0..time * 10 {
            let now = house.air.borrow().now;
            house.servers[0].hear(now, quiet, &frame(&Say::Pong));
            while house.servers[0].write(now, quiet).is_some() {}
            house.run(Duration::from_millis(100));
        }
    };
    live(&mut house, 2);
    assert!(house.members(a).contains(&named("q", 1)));
    assert!(house.ask(c, Down::Leave { group: GROUP }));
    live(&mut house, 3);
    assert!(house.members(a).contains(&named("c", 1)), "its last word is waited for");
    live(&mut house, 9);
    assert_eq!(house.parted.last(), Some(&(quiet, Bye::Slow)));
    house.run(Duration::from_secs(2));
    let left: Vec<ProcId> = house.members(a);
    assert_eq!(left, house.members(d));
    assert!(left.len() == 3, "{left:?}");
    assert!(!left.contains(&named("q", 1)) && !left.contains(&named("c", 1)));
}

#[test]
fn terms_of_groups_that_a_client_is_not_in_make_room_for_others() {
    let mut house = House::configured("A", |config| config.groups_max = 2);
    let a = house.come(0, "a", 1);
    house.run(Duration::from_millis(400));
    let terms = Terms { ticket: b"ticket".to_vec(), ..Terms::default() };
    let refused = |house: &House| {
        let told = house.clients[&a].told.iter();
        told.filter(|up| matches!(up, Up::Fault { fault: Fault::TooMany, .. })).count()
    };
    for number in 1..=9 {
        let group = GroupId(number);
        assert!(house.ask(a, Down::Terms { group, terms: terms.clone() }));
        if number > 7 {
            assert!(house.ask(a, Down::Found { group, members: vec![named("a", 1)] }));
        }
    }
    assert_eq!(refused(&house), 0, "it was in none of the others");
    assert!(house.ask(a, Down::Terms { group: GroupId(10), terms: terms.clone() }));
    assert_eq!(refused(&house), 1, "it is in both");
    assert!(house.ask(a, Down::Leave { group: GroupId(9) }));
    house.run(Duration::from_millis(200));
    assert!(house.ask(a, Down::Terms { group: GroupId(10), terms }));
    assert_eq!(refused(&house), 1);
}

#[test]
fn clients_of_one_daemon_that_leave_together_keep_it_from_nothing() {
    let mut house = House::new("A");
    let pipes = ["a", "b", "c"].map(|name| house.come(0, name, 1));
    house.run(Duration::from_millis(400));
    let members = ["a", "b", "c"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(pipes[0], Down::Found { group: GROUP, members }));
    house.run(Duration::from_millis(400));
    for pipe in pipes {
        assert!(house.ask(pipe, Down::Leave { group: GROUP }));
    }
    house.run(Duration::from_secs(2));
    for pipe in pipes {
        let out = house.clients[&pipe].told.iter().any(|up| matches!(up, Up::Out { .. }));
        assert!(out, "{pipe} has left");
    }
}

/// Text, order and position of what a client was told.
fn places(house: &House, pipe: u32) -> BTreeMap<String, (Order, u64)> {
    let told = house.clients[&pipe].told.iter().filter_map(|up| match up {
        Up::Cast { message, order, seq, .. } => {
            Some((String::from_utf8_lossy(message.body()).into_owned(), (*order, *seq)))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn what_a_client_cast_itself_has_the_place_that_it_has_elsewhere() {
    let (mut house, [a, b, _, d]) = town();
    let view = house.clients[&a].told.iter().rev().find_map(|up| match up {
        Up::View(view) => Some(view.clone()),
        _ => None,
    });
    let view = view.expect("in the group");
    let rank = view.members.iter().position(|it| it.proc == named("a", 1)).expect("a member");
    let (mut others, mut all) = (Audience::NONE, Audience::NONE);
    for place in 0..view.members.len() {
        all.insert(place);
        if place != rank {
            others.insert(place);
        }
    }
    let now = house.air.borrow().now;
    let mut cast = |how: How, text: String| {
        let cast = Down::Cast { group: GROUP, how, message: message(&text) };
        let desk = house.clients.get_mut(&a).expect("a client");
        assert!(desk.client.down(now, cast).is_ok(), "{text}");
    };
    for round in 0..20 {
        cast(Order::Fifo.into(), format!("fifo {round}"));
        cast(Order::Unordered.into(), format!("unordered {round}"));
        cast(How::from(Order::Unordered).safe(), format!("safe unordered {round}"));
        cast(Order::Total.into(), format!("total {round}"));
        cast(How::from(Order::Fifo).to(view.id, all), format!("to all {round}"));
        // Its place lies between two that are told alike.
        cast(How::from(Order::Fifo).to(view.id, others), format!("to others {round}"));
        cast(Order::Fifo.into(), format!("fifo again {round}"));
        cast(Order::Causal.into(), format!("causal {round}"));
    }
    cast(Order::Global.into(), "global".to_owned());
    house.turn();
    house.run(Duration::from_millis(400));
    let (at_a, at_b, at_d) = (places(&house, a), places(&house, b), places(&house, d));
    assert_eq!(at_b.len(), 20 * 8 + 1);
    assert_eq!(at_b, at_d);
    let mut meant = at_b.clone();
    meant.retain(|text, _| !text.starts_with("to others"));
    assert_eq!(at_a, meant);
    // And so it goes on.
    assert!(house.cast(a, "after the flush"));
    house.run(Duration::from_millis(200));
    assert_eq!(places(&house, a)["after the flush"], places(&house, d)["after the flush"]);
}

#[test]
fn daemons_and_clients_go_together_as_far_as_they_share_a_version_of_the_gate() {
    let mut house = House::new("AB");
    house.servers[0].reconfigure(|config| config.versions = (1, 2));
    house.servers[1].reconfigure(|config| config.versions = (2, 3));
    // The first leaves the highest out, as version 1 did.
    let spoken = [("a", 0, (1, 0)), ("b", 0, (1, 2)), ("c", 1, (1, 2)), ("d", 1, (2, 3))];
    let pipes = spoken.map(|(name, at, versions)| house.come_speaking(at, name, 1, versions));
    for (name, at, versions) in [("e", 0, (3, 4)), ("f", 1, (1, 0))] {
        let pipe = house.come_speaking(at, name, 1, versions);
        assert_eq!(house.parted.last(), Some(&(pipe, Bye::Version)), "{name}");
        let state = house.clients[&pipe].client.state();
        assert_eq!(state, State::Over(Some(Bye::Version)), "{name}");
    }
    house.run(Duration::from_millis(600));
    let members = ["a", "b", "c", "d"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(pipes[0], Down::Found { group: GROUP, members }));
    house.run(Duration::from_millis(400));
    for (number, pipe) in pipes.into_iter().cycle().take(40).enumerate() {
        assert!(house.cast(pipe, &format!("{number}")));
    }
    house.run(Duration::from_millis(400));
    let heard = house.heard(pipes[0]);
    assert_eq!(heard.len(), 40);
    for pipe in pipes {
        assert_eq!(house.heard(pipe), heard);
    }
}

#[test]
fn who_takes_nothing_of_a_group_is_waited_for_by_clients_too() {
    let (mut house, [x, _, _, y]) = town();
    let moment = Duration::from_millis(50);
    assert!(house.ask(y, Down::Choke { group: GROUP, choked: true }));
    house.run(moment);
    // What a client may have under way is taken; then it waits.
    let mut taken = 0;
    while house.cast(x, &"m".repeat(4_000)) {
        taken += 1;
        house.run(moment);
        assert!(taken < 100, "it never has to wait");
    }
    assert!(taken > 0 && house.parted.is_empty());
    let rooms = |house: &House| {
        let is_room = |up: &&Up| matches!(up, Up::Room { .. });
        house.clients[&x].told.iter().filter(is_room).count()
    };
    let before = rooms(&house);
    house.run(moment * 20);
    assert_eq!(rooms(&house), before);
    assert!(house.ask(y, Down::Choke { group: GROUP, choked: false }));
    house.run(moment);
    assert_eq!(rooms(&house), before + 1);
    assert!(house.cast(x, "m"));
}

#[test]
fn a_daemon_that_knows_no_choking_is_not_told_of_it() {
    let mut house = House::new("A");
    for (versions, said) in [((1, 2), 0), ((1, 3), 1)] {
        let pipe = house.come_speaking(0, "a", u64::from(versions.1), versions);
        assert!(house.ask(pipe, Down::Choke { group: GROUP, choked: true }));
        let mut asked = 0;
        house.clients[&pipe].client.count(&mut |name, value| {
            asked += if name == "gate.asked" { value } else { 0 };
        });
        assert_eq!(asked, said, "{versions:?}");
    }
}

#[test]
fn what_waits_for_a_daemon_that_takes_nothing_is_what_its_clients_may_have_under_way() {
    let (mut house, [a, b, _, d]) = town();
    let body = "x".repeat(1_000);
    let send = || Down::Send { to: Endpoint::of(named("d", 1)), message: message(&body) };
    house.air.borrow_mut().no_room.insert(proc('B'));
    let mut taken = 0;
    for client in [a, b] {
        let before = taken;
        while house.ask(client, send()) {
            taken += 1;
            let bytes = (taken - before) as u64 * body.len() as u64;
            assert!(bytes < GATE_CREDIT_BYTES + body.len() as u64, "{bytes} are under way");
        }
        house.run(Duration::from_millis(100));
        assert!(taken > before && !house.ask(client, send()), "nothing has gone");
    }
    house.air.borrow_mut().make_room();
    house.run(Duration::from_millis(100));
    let sends = |up: &&Up| matches!(up, Up::Send { .. });
    assert_eq!(house.clients[&d].told.iter().filter(sends).count(), taken, "nothing is lost");
    assert!(house.ask(a, send()) && house.ask(b, send()));
}
