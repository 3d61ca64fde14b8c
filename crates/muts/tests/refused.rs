//! Datagrams that the system does not take: those behind them go out all the same.
#![cfg(all(feature = "os", target_os = "linux", not(feature = "portable"), not(horus_loom)))]

use std::collections::VecDeque;
use std::time::{Duration, Instant as Clock};

use bytes::Bytes;
use muts::os::Driver;
use muts::{Address, Full, Instant, Layer, Packet, Transmit};

/// Longer than what IPv6 carries on loopback, of which a packet has at most 65,536 bytes; and the
/// one behind it can go in one call with it.
const TOO_LONG: usize = 65_490;

const PATIENCE: Duration = Duration::from_secs(20);

/// A floor that says what it was given to say, and hears.
#[derive(Default)]
struct Plain {
    says: VecDeque<Transmit>,
    heard: Vec<usize>,
}

impl Layer for Plain {
    type Down = ();
    type Up = ();

    fn down(&mut self, _: Instant, (): ()) -> Result<(), Full<()>> {
        Ok(())
    }
    fn up(&mut self) -> Option<()> {
        None
    }
    fn receive(&mut self, _: Instant, packet: Packet) {
        self.heard.push(packet.bytes.len());
    }
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        self.says.pop_front()
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// One of a driver's counters.
fn counted(driver: &Driver, name: &str) -> u64 {
    let mut found = 0;
    driver.count(&mut |counter, value| found += if counter == name { value } else { 0 });
    found
}

#[test]
fn a_datagram_that_the_path_does_not_carry_takes_none_behind_it_along() {
    let mut ends = [0, 1].map(|_| {
        let driver = Driver::open("[::1]:0".parse().expect("an address")).expect("loopback");
        (driver, Plain::default())
    });
    let to = Address::Net(ends[1].0.local_address().expect("bound"));
    for length in [TOO_LONG, 10, TOO_LONG, 11, 11, 9] {
        ends[0].1.says.push_back(Transmit::whole(to, Bytes::from(vec![7; length])));
    }
    let start = Clock::now();
    while ends[1].1.heard.len() < 4 {
        assert!(start.elapsed() < PATIENCE, "only {:?} came", ends[1].1.heard);
        for (driver, plain) in &mut ends {
            driver.turn(plain, Some(Duration::from_millis(1))).expect("a socket");
        }
    }
    assert_eq!(ends[1].1.heard, [10, 11, 11, 9]);
    assert_eq!(counted(&ends[0].0, "os.refused"), 2, "the long ones, and no other");
    assert_eq!(counted(&ends[0].0, "os.refused_too_long"), 2);
}

#[test]
fn an_empty_datagram_says_nothing_and_is_counted() {
    let mut driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
    let (to, mut plain) = (driver.local_address().expect("bound"), Plain::default());
    let other = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
    for bytes in [&[][..], &[7]] {
        other.send_to(bytes, to).expect("sent");
    }
    let start = Clock::now();
    while plain.heard.is_empty() {
        assert!(start.elapsed() < PATIENCE, "nothing came");
        driver.turn(&mut plain, Some(Duration::from_millis(1))).expect("a socket");
    }
    assert_eq!((plain.heard, counted(&driver, "os.dropped_empty")), (vec![1], 1));
}
