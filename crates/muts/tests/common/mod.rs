//! Transports and a lossy network in memory between them, no sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use muts::{
    Address, Audience, Channel, Config, Counted, Down, Guard, Instant, Layer, Message, NodeId,
    Packet, ProcId, Random, Transport, Up,
};

/// Where everybody listens.
const HALL: Address = Address::EVERY_PIPE;

const STEP: Duration = Duration::from_micros(500);

pub(crate) fn proc(node: u64, incarnation: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation }
}

/// Some transports and what is between them.
pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    /// Chances in a million.
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    pub(crate) corrupt: u64,
    pub(crate) cut: bool,
    /// Nothing gets from the first of these to the second.
    pub(crate) one_way: Option<(u32, u32)>,
    /// The longest way.
    pub(crate) delay_us: u64,
    /// The hall, if there is one, and who does not hear whom there.
    pub(crate) hall: Option<Address>,
    pub(crate) deaf: Vec<(u32, u32)>,
    /// A node that is at another address now, and nowhere else.
    pub(crate) moved: Option<(u32, u32)>,
    /// What the paths carry.
    pub(crate) longest: usize,
    pub(crate) flying: BTreeMap<(Instant, u64), (u32, Packet)>,
    pub(crate) count: u64,
    pub(crate) ends: BTreeMap<u32, Transport>,
    pub(crate) told: BTreeMap<u32, Vec<Up>>,
    taken: BTreeMap<u32, usize>,
    /// Deadlines that a turn has left in the past.
    overdue: BTreeMap<u32, Option<Instant>>,
    /// What stands at each node's door.
    pub(crate) guards: fn(u32) -> Option<Box<dyn Guard>>,
    /// All that was on the network, if it is to be kept.
    pub(crate) tape: Option<Vec<(u32, Packet)>>,
}

impl Net {
    pub(crate) fn new(nodes: u32, seed: u64) -> Self {
        Self::guarded(nodes, seed, |_| None)
    }

    pub(crate) fn guarded(
        nodes: u32,
        seed: u64,
        guards: fn(u32) -> Option<Box<dyn Guard>>,
    ) -> Self {
        let mut net = Self {
            now: Instant::ZERO,
            random: Random::new(seed),
            loss: 0,
            twice: 0,
            corrupt: 0,
            cut: false,
            one_way: None,
            delay_us: 5_000,
            hall: None,
            deaf: Vec::new(),
            moved: None,
            longest: 1_500,
            flying: BTreeMap::new(),
            count: 0,
            ends: BTreeMap::new(),
            told: BTreeMap::new(),
            taken: BTreeMap::new(),
            overdue: BTreeMap::new(),
            guards,
            tape: None,
        };
        for node in 1..=nodes {
            net.start(node, 1, nodes);
        }
        net
    }

    /// With a hall, which everybody hears.
    pub(crate) fn with_hall(nodes: u32, seed: u64) -> Self {
        Self::guarded_with_hall(nodes, seed, |_| None)
    }

    pub(crate) fn guarded_with_hall(
        nodes: u32,
        seed: u64,
        guards: fn(u32) -> Option<Box<dyn Guard>>,
    ) -> Self {
        let mut net = Self::guarded(0, seed, guards);
        net.hall = Some(HALL);
        net.delay_us = 400;
        for node in 1..=nodes {
            net.start(node, 1, nodes);
        }
        net
    }

    pub(crate) fn start(&mut self, node: u32, incarnation: u64, nodes: u32) {
        let me = proc(node.into(), incarnation);
        let mut config = Config::new(me, self.random.draw());
        config.hall = self.hall;
        let mut end = match (self.guards)(node) {
            Some(guard) => Transport::guarded(config, guard),
            None => Transport::new(config),
        };
        for other in (1..=nodes).filter(|other| *other != node) {
            let meet = Down::Meet { node: NodeId(other.into()), address: Address::Pipe(other) };
            end.down(self.now, meet).expect("never full");
        }
        self.ends.insert(node, end);
        self.told.insert(node, Vec::new());
    }

    /// A node hears this at once.
    pub(crate) fn inject(&mut self, node: u32, from: u32, bytes: Bytes) {
        let (now, from) = (self.now, Address::Pipe(from));
        if let Some(end) = self.ends.get_mut(&node) {
            end.receive(now, Packet { from, bytes });
        }
    }

    /// Runs on beside somebody who sees each datagram as it goes out, as `(from, to, bytes)`, and
    /// speaks before it comes.
    #[cfg(feature = "os")]
    pub(crate) fn run_beside(
        &mut self,
        time: Duration,
        mut who: impl FnMut(&mut Self, u32, u32, &Bytes),
    ) {
        let end = self.now + time;
        self.tape = Some(Vec::new());
        while self.now < end {
            self.step();
            for (to, packet) in self.tape.replace(Vec::new()).expect("kept") {
                let Address::Pipe(from) = packet.from else { panic!("a pipe") };
                who(self, from, to, &packet.bytes);
            }
        }
        self.tape = None;
    }

    pub(crate) fn ask(&mut self, node: u32, ask: Down) -> bool {
        self.ends.get_mut(&node).expect("there").down(self.now, ask).is_ok()
    }

    pub(crate) fn step(&mut self) {
        self.now += STEP;
        let mut arrived = Vec::new();
        while let Some(entry) = self.flying.first_entry()
            && entry.key().0 <= self.now
        {
            arrived.push(entry.remove());
        }
        for (to, mut packet) in arrived {
            let mut at = to;
            if let Some((node, there)) = self.moved {
                at = if to == there { node } else { to };
                if to == node {
                    continue;
                }
                if packet.from == Address::Pipe(node) {
                    packet.from = Address::Pipe(there);
                }
            }
            if let Some(end) = self.ends.get_mut(&at) {
                end.receive(self.now, packet);
            }
        }
        let nodes: Vec<u32> = self.ends.keys().copied().collect();
        for (node, end) in &mut self.ends {
            if end.deadline().is_some_and(|due| due <= self.now) {
                end.wake(self.now);
            }
            self.told.get_mut(node).expect("known").extend(std::iter::from_fn(|| end.up()));
            while let Some(transmit) = end.transmit(self.now) {
                if transmit.len() > self.longest {
                    continue;
                }
                let Address::Pipe(to) = transmit.to else { panic!("a pipe") };
                let all = transmit.to == HALL;
                let deaf = |to: &u32| self.deaf.contains(&(*node, *to));
                let others = nodes.iter().filter(|to| *to != node && !deaf(to));
                let to: Vec<u32> = if all { others.copied().collect() } else { vec![to] };
                for to in to {
                    if let Some(tape) = &mut self.tape {
                        tape.push((
                            to,
                            Packet { from: Address::Pipe(*node), bytes: transmit.gather() },
                        ));
                    }
                    for _ in 0..1 + u64::from(self.random.chance(self.twice)) {
                        let cut = self.cut || self.one_way == Some((*node, to));
                        if cut || self.random.chance(self.loss) {
                            continue;
                        }
                        let delay = Duration::from_micros(100 + self.random.below(self.delay_us));
                        self.count += 1;
                        let mut bytes = transmit.gather();
                        if self.random.chance(self.corrupt) {
                            let mut damaged = bytes.to_vec();
                            let at = self.random.below(damaged.len() as u64) as usize;
                            damaged[at] ^= 1 << self.random.below(8);
                            bytes = damaged.into();
                        }
                        let packet = Packet { from: Address::Pipe(*node), bytes };
                        self.flying.insert((self.now + delay, self.count), (to, packet));
                    }
                }
            }
            // What becomes due in a turn is done in the next.
            let due = end.deadline().filter(|due| *due <= self.now);
            let before = self.overdue.insert(*node, due).flatten();
            assert!(due.is_none() || due != before, "node {node} turns without a pause");
        }
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    pub(crate) fn told(&self, node: u32) -> &[Up] {
        &self.told[&node]
    }

    pub(crate) fn open(&mut self, nodes: u32) {
        self.open_with(nodes, false);
    }

    /// Channels on which messages count until they are taken.
    pub(crate) fn open_counting(&mut self, nodes: u32) {
        self.open_with(nodes, true);
    }

    /// A node is done with all that it was told and has not taken yet.
    pub(crate) fn take(&mut self, node: u32) {
        let told = &self.told[&node];
        let from = self.taken.get(&node).copied().unwrap_or(0);
        let mut asks = Vec::new();
        for up in &told[from..] {
            if let Up::Cast { channel, from, message, .. } = up {
                let (channel, from, bytes) = (*channel, *from, message.len() as u64);
                asks.push(Down::Taken { channel, from, bytes });
            }
        }
        self.taken.insert(node, told.len());
        for ask in asks {
            assert!(self.ask(node, ask));
        }
    }

    fn open_with(&mut self, nodes: u32, credit: bool) {
        for node in 1..=nodes {
            let others = (1..=nodes).filter(|other| *other != node);
            let peers = others.map(|other| proc(other.into(), 1)).collect();
            assert!(self.ask(node, Down::Open { channel: Channel(9), peers, credit }));
        }
    }
}

/// A call of node 2 to node 1, as somebody has seen it on its way.
#[cfg(feature = "os")]
pub(crate) fn seen_call(guards: fn(u32) -> Option<Box<dyn Guard>>) -> Bytes {
    let mut net = Net::guarded(2, 99, guards);
    (net.cut, net.tape) = (true, Some(Vec::new()));
    net.run(Duration::from_secs(1));
    let tape = net.tape.take().expect("kept");
    let call = tape.into_iter().find(|(to, packet)| *to == 1 && packet.bytes[0] == 0x20);
    call.expect("it calls").1.bytes
}

pub(crate) fn casts(told: &[Up], from: u64) -> Vec<(u64, Message)> {
    let casts = told.iter().filter_map(|up| match up {
        Up::Cast { from: sender, seq, message, .. } if sender.node.0 == from => {
            Some((*seq, message.clone()))
        }
        _ => None,
    });
    casts.collect()
}

pub(crate) fn body(node: u32, at: u64, length: usize) -> Message {
    let bytes: Vec<u8> =
        (0..length).map(|i| (i as u64 * 31 + at + u64::from(node)) as u8).collect();
    let mut message = Message::new(bytes);
    message.push(&at);
    message
}

/// One of a transport's counters.
pub(crate) fn counted(net: &Net, node: u32, name: &str) -> u64 {
    let mut found = 0;
    net.ends[&node].count(&mut |counter, value| {
        if counter == name {
            found += value;
        }
    });
    found
}

/// A message of these bytes on channel 9, to all.
pub(crate) fn cast(bytes: Bytes) -> Down {
    Down::Cast { channel: Channel(9), to: Audience::ALL, message: Message::new(bytes) }
}
