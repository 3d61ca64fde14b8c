//! The real driver on 127.0.0.1: two transports exchange messages over real sockets.
#![cfg(all(feature = "os", not(horus_loom)))]

use std::time::Duration;

use muts::os::Driver;
use muts::{
    Address, Audience, Channel, Config, Down, Layer, Message, NodeId, ProcId, Transport, Up,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 1 }
}

struct End {
    driver: Driver,
    transport: Transport,
    told: Vec<Up>,
}

impl End {
    fn new(node: u64) -> Self {
        let driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
        let mut config = Config::new(proc(node), node);
        // Only what the system says is news of a death, not the time that goes by.
        config.silence = PATIENCE * 100;
        let transport = Transport::new(config);
        Self { driver, transport, told: Vec::new() }
    }

    fn ask(&mut self, ask: Down) {
        self.transport.down(self.driver.now(), ask).expect("room");
    }

    fn turn(&mut self) {
        self.driver.turn(&mut self.transport, Some(Duration::from_millis(1))).expect("a socket");
        self.told.extend(std::iter::from_fn(|| self.transport.up()));
    }
}

fn pair() -> [End; 2] {
    let mut ends = [End::new(1), End::new(2)];
    let addresses = [1, 0].map(|other: usize| ends[other].driver.local_address().expect("bound"));
    for (end, (address, node)) in ends.iter_mut().zip(addresses.into_iter().zip([2, 1])) {
        end.ask(Down::Meet { node: NodeId(node), address: Address::Net(address) });
    }
    ends
}

fn until(ends: &mut [End; 2], done: impl Fn(&[End; 2]) -> bool) {
    let start = std::time::Instant::now();
    while !done(ends) {
        assert!(start.elapsed() < PATIENCE, "nothing more comes: {:?}", ends[1].told.last());
        ends.iter_mut().for_each(End::turn);
    }
}

#[test]
fn two_processes_meet_and_everything_arrives() {
    let mut ends = pair();
    let met = |end: &End| end.told.iter().any(|up| matches!(up, Up::Met { .. }));
    until(&mut ends, |ends| ends.iter().all(met));
    for (at, other) in [(0, 2), (1, 1)] {
        ends[at].ask(Down::Open { channel: Channel(5), peers: vec![proc(other)], credit: false });
    }
    let sent: Vec<Message> =
        [10, 5_000, 300_000].map(|length| Message::new(vec![7; length])).to_vec();
    for message in &sent {
        ends[0].ask(Down::Cast {
            channel: Channel(5),
            to: Audience::ALL,
            message: message.clone(),
        });
    }
    let heard = |end: &End| -> Vec<Message> {
        let casts = end.told.iter().filter_map(|up| match up {
            Up::Cast { message, .. } => Some(message.clone()),
            _ => None,
        });
        casts.collect()
    };
    until(&mut ends, |ends| heard(&ends[1]).len() == 3);
    assert_eq!(heard(&ends[1]), sent);
}

#[test]
#[cfg(all(target_os = "linux", not(feature = "portable")))]
fn a_process_that_died_on_a_living_host_is_missed_at_once() {
    let [mut end, mut other] = pair();
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
    let mut end = End::new(3);
    let bell = end.driver.bell();
    let ringer = std::thread::spawn(move || bell.ring());
    // Without the ring this would sleep for an hour.
    end.driver.turn(&mut end.transport, Some(Duration::from_secs(3600))).expect("a socket");
    ringer.join().expect("it rang");
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let first = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
    let taken = first.local_address().expect("bound");
    let error = Driver::open(taken).expect_err("taken").to_string();
    assert!(error.contains(&taken.to_string()) && error.contains("another port"), "{error}");
}
