//! The gate: what one client, or one daemon that is away, cannot do to the others.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use muts::{Counted as _, Layer as _, Porter as _, ProcId, Wire as _};
use vsync::gate::{Bye, Say, State, Word};
use vsync::limits::{GATE_CHOKE_BYTES, GATE_STRANGERS_MAX};
use vsync::{Down, Endpoint, Order, Partition, Terms, Up};

use crate::common::house::{GROUP, House, named, town};
use crate::common::{message, proc};

const MOMENT: Duration = Duration::from_millis(100);

fn send(to: &str, text: &str) -> Down {
    Down::Send { to: Endpoint::of(named(to, 1)), message: message(text) }
}

fn sends(house: &House, pipe: u32) -> usize {
    house.clients[&pipe].told.iter().filter(|up| matches!(up, Up::Send { .. })).count()
}

fn frame(say: &Say) -> Bytes {
    let mut body = BytesMut::new();
    say.write(&mut body);
    let length = u32::try_from(body.len()).expect("short").to_le_bytes();
    Bytes::from([&length[..], &body[..]].concat())
}

#[test]
fn what_one_client_sends_to_a_daemon_that_takes_nothing_holds_up_no_other_client() {
    let mut house = House::new("ABC");
    let [x, y, z, _] =
        [("x", 0), ("y", 0), ("z", 2), ("w", 1)].map(|(name, at)| house.come(at, name, 1));
    house.run(MOMENT * 4);
    house.air.borrow_mut().no_room.insert(proc('B'));
    while house.ask(x, send("w", &"m".repeat(1_000))) {}
    // Nobody is told of who comes, either.
    house.come(0, "late", 1);
    let text = "m".repeat(10_000);
    for _ in 0..200 {
        assert!(house.ask(y, send("z", &text)) && house.ask(z, send("y", &text)));
        assert!(house.ask(y, send("x", &text)), "at the same daemon");
        house.run(Duration::from_millis(5));
    }
    house.run(MOMENT);
    assert_eq!((sends(&house, z), sends(&house, y), sends(&house, x)), (200, 200, 200));
    assert!(!house.ask(x, send("y", "m")), "its own wait");
}

#[test]
fn a_daemon_that_was_away_is_told_who_is_there_and_not_who_came_and_went() {
    let mut house = House::new("AB");
    let [stays, goes] = ["stays", "goes"].map(|name| house.come(0, name, 1));
    let far = house.come(1, "far", 1);
    house.run(MOMENT * 4);
    house.mute('B', true);
    house.run(Duration::from_secs(2));
    let left = |house: &mut House, pipe| {
        let now = house.air.borrow().now;
        house.servers[0].ended(now, pipe);
        house.clients.remove(&pipe);
    };
    left(&mut house, goes);
    for number in 0..300 {
        let brief = house.come(0, &format!("brief{number}"), 1);
        left(&mut house, brief);
    }
    house.come(0, "new", 1);
    house.run(MOMENT);
    let at_b = |house: &House, name| {
        let known = house.servers[1].explain(named(name, 1).node);
        known.map(|known| known.over)
    };
    assert_eq!(at_b(&house, "goes"), Some(false), "it is not told while it is away");
    house.mute('B', false);
    house.run(Duration::from_secs(1));
    let seen = ["stays", "goes", "new"].map(|name| at_b(&house, name));
    assert_eq!(seen, [Some(false), Some(true), Some(false)]);
    assert_eq!(at_b(&house, "brief7"), None);
    assert!(house.ask(stays, send("far", "hello")));
    house.run(MOMENT);
    assert_eq!(sends(&house, far), 1);
}

#[test]
fn who_asks_again_before_it_is_answered_is_put_out_and_so_is_who_takes_no_answer() {
    let mut house = House::new("A");
    let now = house.air.borrow().now;
    let query = frame(&Say::Query(b"status".to_vec()));
    let hasty = house.open(0);
    house.servers[0].hear(now, hasty, &[&query[..], &query[..]].concat());
    house.turn();
    assert_eq!(house.parted.last(), Some(&(hasty, Bye::Quota)));
    let deaf = house.open(0);
    let answer = vec![b'x'; GATE_CHOKE_BYTES + 1];
    for _ in 0..110 {
        let now = house.air.borrow().now;
        house.servers[0].hear(now, deaf, &query);
        let word = Word::Answer { pipe: deaf, answer: answer.clone() };
        let taken = house.servers[0].down(now, word);
        assert!(taken.is_ok());
        house.run(MOMENT);
        if house.parted.last() == Some(&(deaf, Bye::Slow)) {
            return;
        }
    }
    panic!("it takes nothing and stays: {:?}", house.parted);
}

#[test]
fn nobody_takes_a_name_from_all_who_come_after() {
    let mut house = House::new("AB");
    for incarnation in [u64::MAX, 1 << 60] {
        let thief = house.come(0, "billing", incarnation);
        assert_eq!(house.parted.last(), Some(&(thief, Bye::Forbidden)));
    }
    house.run(MOMENT);
    for daemon in [0, 1] {
        let real = house.come(daemon, "billing", 7 + daemon as u64);
        let state = house.clients[&real].client.state();
        assert!(matches!(state, State::Attached(_)), "{state:?}");
        house.run(MOMENT);
    }
}

#[test]
fn strangers_who_do_not_say_who_they_are_keep_nobody_out() {
    let mut house = House::new("A");
    let first = house.open(0);
    house.run(Duration::from_millis(1));
    for _ in 0..2 * GATE_STRANGERS_MAX {
        house.open(0);
    }
    house.turn();
    assert_eq!(house.parted.first(), Some(&(first, Bye::Crowded)));
    assert_eq!(house.parted.len(), GATE_STRANGERS_MAX + 1);
    let client = house.come(0, "a", 1);
    assert!(matches!(house.clients[&client].client.state(), State::Attached(_)));
    // A byte now and then says nothing.
    let slow = house.open(0);
    let hello = frame(&Say::Hello { versions: (1, 9), me: named("s", 1), name: "s".into() });
    for byte in hello.iter().take(15) {
        let now = house.air.borrow().now;
        house.servers[0].hear(now, slow, &[*byte]);
        house.run(MOMENT);
    }
    assert!(house.parted.contains(&(slow, Bye::Silent)));
}

#[test]
fn a_daemon_that_stood_still_blames_no_client_for_it() {
    let mut house = House::new("A");
    let [a, b] = ["a", "b"].map(|name| house.come(0, name, 1));
    house.run(MOMENT * 4);
    let members = ["a", "b"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(a, Down::Found { group: GROUP, members }));
    house.run(MOMENT * 4);
    house.clients.get_mut(&b).expect("there").deaf = true;
    while house.count(0, "gate.slow") == 0 {
        house.cast(a, &"x".repeat(10_000));
        house.run(Duration::from_micros(200));
    }
    house.stand_still(Duration::from_secs(60));
    house.run(Duration::from_micros(200));
    house.clients.get_mut(&b).expect("there").deaf = false;
    house.run(Duration::from_secs(2));
    assert_eq!(house.parted, []);
    assert_eq!(house.heard(a), house.heard(b));
}

#[test]
fn a_daemon_that_stands_still_again_and_again_blames_who_is_silent_and_nobody_else() {
    let mut house = House::new("A");
    let here = house.come(0, "a", 1);
    house.run(MOMENT * 4);
    let silent = house.open(0);
    for look in 1..=20 {
        house.stand_still(Duration::from_millis(500));
        // Time is looked at before what has come meanwhile, which is looked at every third time.
        let now = house.air.borrow().now;
        house.servers[0].wake(now);
        if look % 3 == 0 {
            house.turn();
        }
    }
    assert_eq!(house.parted, [(silent, Bye::Silent)]);
    assert!(matches!(house.clients[&here].client.state(), State::Attached(_)));
}

/// What a client knows to be under way at its kernel: changing, and all together.
fn under_way(house: &mut House, pipe: u32) -> (u64, u64) {
    house.clients.get_mut(&pipe).expect("there").client.look();
    house.run(Duration::from_millis(30));
    let (mut changing, mut all) = (0, 0);
    house.clients[&pipe].client.count(&mut |name, value| {
        changing += if name == "vsync.changing" { value } else { 0 };
        all += if name.starts_with("gate.") { 0 } else { value };
    });
    (changing, all)
}

#[test]
fn a_client_learns_that_a_group_changes_at_its_kernel() {
    let (mut house, [a, b, c, _]) = town();
    house.run(Duration::from_secs(1));
    assert_eq!(under_way(&mut house, a), (0, 0));
    // The next view waits for the last word of one in the view before.
    house.clients.get_mut(&c).expect("there").deaf = true;
    assert!(house.ask(b, Down::Leave { group: GROUP }));
    assert_eq!(under_way(&mut house, a).0, 1);
    house.clients.get_mut(&c).expect("there").deaf = false;
    house.run(Duration::from_secs(1));
    assert_eq!(house.members(a).len(), 3);
    assert_eq!(under_way(&mut house, a), (0, 0));
    assert_eq!(house.parted, []);
}

#[test]
fn who_asks_without_a_pause_what_is_under_way_is_answered_with_pauses() {
    let mut house = House::new("A");
    let pipe = house.come(0, "a", 1);
    house.run(MOMENT);
    let (began, mut answered) = (house.air.borrow().now, 0);
    for _ in 0..1_000 {
        let now = house.air.borrow().now;
        house.servers[0].hear(now, pipe, &frame(&Say::Look));
        answered += u128::from(house.servers[0].write(now, pipe).is_some());
        house.run(Duration::from_micros(100));
    }
    let elapsed = house.air.borrow().now.since(began);
    assert_eq!(answered, elapsed.as_millis() / 20, "in {elapsed:?}");
}

#[test]
fn an_older_daemon_is_not_asked_what_is_under_way() {
    let mut house = House::new("A");
    house.servers[0].reconfigure(|config| config.versions = (1, 4));
    let pipe = house.come(0, "a", 1);
    assert_eq!(under_way(&mut house, pipe), (0, 0));
    assert_eq!(house.parted, [], "it would have made no sense of it");
}

#[test]
fn who_changes_to_refusing_in_a_view_that_is_not_primary_is_told_what_it_cast_before() {
    let mut house = House::new("A");
    let [a, b] = ["a", "b"].map(|name| house.come(0, name, 1));
    house.run(MOMENT * 4);
    let electorate = ["a", "b", "c", "d", "e", "f"].map(|name| named(name, 1).node).to_vec();
    let terms = |refuse| {
        let partition = Partition::Primary { electorate: electorate.clone(), refuse };
        Down::Terms { group: GROUP, terms: Terms { partition, ..Terms::default() } }
    };
    assert!(house.ask(a, terms(false)) && house.ask(b, terms(false)));
    let members: Vec<ProcId> = ["a", "b"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(a, Down::Found { group: GROUP, members }));
    house.run(MOMENT * 4);
    assert_eq!(house.members(a).len(), 2);
    let cast = |order: Order, text: &str| Down::Cast {
        group: GROUP,
        how: order.into(),
        message: message(text),
    };
    let told = |house: &House, pipe: u32| house.heard(pipe);
    for (pipe, name) in [(a, "a"), (b, "b")] {
        let before = told(&house, pipe).len();
        // All in one, so that whoever gives places has not seen any of it.
        let asks = [
            cast(Order::Total, &format!("{name}: taken")),
            terms(true),
            cast(Order::Total, "refused"),
            cast(Order::Fifo, "refused"),
            terms(false),
            cast(Order::Total, &format!("{name}: taken again")),
        ];
        let now = house.air.borrow().now;
        for ask in asks {
            let taken = house.clients.get_mut(&pipe).expect("there").client.down(now, ask);
            assert!(taken.is_ok());
        }
        house.run(MOMENT * 2);
        assert!(matches!(house.clients[&pipe].client.state(), State::Attached(_)), "{name}");
        let heard = told(&house, pipe);
        assert_eq!(heard[before..], [format!("{name}: taken"), format!("{name}: taken again")]);
    }
    assert_eq!(house.heard(a), house.heard(b));
}
