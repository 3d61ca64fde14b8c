//! The real driver on 127.0.0.1: two transports exchange messages over real sockets.
#![cfg(all(feature = "os", not(horus_loom)))]

use std::time::Duration;

use muts::os::Driver;
use muts::{Channel, Message};

use crate::ends::{End, cast, pair, until};

#[test]
fn two_processes_meet_and_everything_arrives() {
    let mut ends = pair(None, End::listens);
    until(&mut ends, |ends| ends.iter().all(End::has_met));
    ends[0].open(Channel(5), 2, false);
    ends[1].open(Channel(5), 1, false);
    let sent = [10, 5_000, 300_000].map(|length| vec![7; length]);
    for bytes in &sent {
        ends[0].ask(cast(Channel(5), bytes.clone()));
    }
    until(&mut ends, |ends| ends[1].heard(Channel(5)).len() == 3);
    let sent = sent.map(Message::new);
    assert_eq!(ends[1].heard(Channel(5)), sent.iter().collect::<Vec<_>>());
}

#[test]
#[cfg(all(target_os = "linux", not(feature = "portable")))]
fn a_process_that_died_on_a_living_host_is_missed_at_once() {
    use crate::ends::PATIENCE;
    use muts::Up;

    let [mut end, mut other] = pair(None, End::listens);
    let start = std::time::Instant::now();
    let told = |end: &End, wanted: fn(&Up) -> bool| end.told.iter().any(wanted);
    while !told(&end, |up| matches!(up, Up::Met { .. })) {
        assert!(start.elapsed() < PATIENCE, "they do not meet");
        [&mut end, &mut other].into_iter().for_each(End::turn);
    }
    drop(other);
    while !told(&end, |up| matches!(up, Up::Silent { .. })) {
        assert!(start.elapsed() < PATIENCE, "a closed port says nothing");
        end.turn();
    }
}

#[test]
fn a_ring_ends_a_sleep() {
    let mut end = End::new(3, None);
    let bell = end.driver.bell();
    let ringer = std::thread::spawn(move || bell.ring());
    // Without the ring this would sleep for an hour.
    end.driver.turn(&mut end.transport, Some(Duration::from_secs(3600))).expect("a socket");
    ringer.join().expect("it rang");
}

#[test]
fn where_other_hosts_can_reach_it_a_driver_listens_only_if_that_is_said() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let opened = Driver::open(address.parse().expect("an address"));
        let Err(error) = opened.map(drop) else { panic!("{address} is open to all") };
        let error = error.to_string();
        assert!(error.contains(address) && error.contains("Driver::exposed"), "{error}");
    }
    for address in ["127.0.0.1:0", "127.1.2.3:0", "[::1]:0"] {
        assert!(Driver::open(address.parse().expect("an address")).is_ok(), "{address}");
    }
    let anywhere = Driver::exposed("0.0.0.0:0".parse().expect("an address")).expect("any");
    assert!(anywhere.local_address().expect("bound").ip().is_unspecified());
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let first = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
    let taken = first.local_address().expect("bound");
    let error = Driver::open(taken).expect_err("taken").to_string();
    assert!(error.contains(&taken.to_string()) && error.contains("another port"), "{error}");
}
