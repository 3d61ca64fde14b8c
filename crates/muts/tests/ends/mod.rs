//! Transports with real sockets on 127.0.0.1, turned by turns in one thread.

use std::time::{Duration, Instant};

use muts::Layer;
use muts::keyed::{KeyFile, Keyed};
use muts::os::Driver;
use muts::{Address, Audience, Channel, Config, Down, Message, NodeId, ProcId, Transport, Up};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 1 }
}

pub(crate) struct End {
    pub(crate) driver: Driver,
    pub(crate) transport: Transport,
    pub(crate) told: Vec<Up>,
}

impl End {
    /// With keys, if any.
    pub(crate) fn new(node: u64, keys: Option<&KeyFile>) -> Self {
        let driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
        let mut config = Config::new(proc(node), node);
        // Only what the system says is news of a death, not the time that goes by.
        config.silence = PATIENCE * 100;
        let transport = match keys {
            Some(keys) => Transport::guarded(config, Box::new(Keyed::new(keys))),
            None => Transport::new(config),
        };
        Self { driver, transport, told: Vec::new() }
    }

    /// Its address on the network.
    pub(crate) fn listens(&mut self) -> Address {
        Address::Net(self.driver.local_address().expect("bound"))
    }

    pub(crate) fn ask(&mut self, ask: Down) {
        assert!(self.may_ask(ask), "room");
    }

    pub(crate) fn may_ask(&mut self, ask: Down) -> bool {
        self.transport.down(self.driver.now(), ask).is_ok()
    }

    pub(crate) fn meet(&mut self, node: u64, address: Address) {
        self.ask(Down::Meet { node: NodeId(node), address });
    }

    pub(crate) fn open(&mut self, channel: Channel, other: u64, credit: bool) {
        self.ask(Down::Open { channel, peers: vec![proc(other)], credit });
    }

    pub(crate) fn turn(&mut self) {
        self.driver.turn(&mut self.transport, Some(Duration::from_millis(1))).expect("a socket");
        self.told.extend(std::iter::from_fn(|| self.transport.up()));
    }

    pub(crate) fn has_met(&self) -> bool {
        self.told.iter().any(|up| matches!(up, Up::Met { .. }))
    }

    /// What was cast to it on this channel.
    pub(crate) fn heard(&self, on: Channel) -> Vec<&Message> {
        let casts = self.told.iter().filter_map(|up| match up {
            Up::Cast { channel, message, .. } if *channel == on => Some(message),
            _ => None,
        });
        casts.collect()
    }
}

pub(crate) fn cast(channel: Channel, bytes: Vec<u8>) -> Down {
    Down::Cast { channel, to: Audience::ALL, message: Message::new(bytes) }
}

/// Two that know the other by this address of it.
pub(crate) fn pair(
    keys: Option<&[KeyFile; 2]>,
    address: impl FnMut(&mut End) -> Address,
) -> [End; 2] {
    let mut ends = [1, 2].map(|node| End::new(node, keys.map(|keys| &keys[node as usize - 1])));
    let [first, second] = ends.each_mut().map(address);
    ends[0].meet(2, second);
    ends[1].meet(1, first);
    ends
}

pub(crate) fn until(ends: &mut [End; 2], done: impl Fn(&[End; 2]) -> bool) {
    until_beside(ends, || {}, done);
}

/// The same, while something else goes on.
pub(crate) fn until_beside(
    ends: &mut [End; 2],
    mut beside: impl FnMut(),
    done: impl Fn(&[End; 2]) -> bool,
) {
    let start = Instant::now();
    while !done(ends) {
        assert!(start.elapsed() < PATIENCE, "nothing more comes: {:?}", ends[1].told.last());
        beside();
        ends.iter_mut().for_each(End::turn);
    }
}
