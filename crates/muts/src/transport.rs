//! Transport: sorts packets to links and channels; nothing clever.

mod asks;
mod frames;
mod links;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::address::Address;
use crate::bundle::Bundle;
use crate::channel::Open;
use crate::config::Config;
use crate::counters::{Counted, Counters};
use crate::greeting::Nodes;
use crate::header::{DATA, DATAGRAM_HEADER_BYTES, FRAME_HEADER_BYTES_MAX, HELLO, Hello, VERSION};
use crate::interface::{Channel, Down, Up};
use crate::layer::{Full, Layer, Packet, Transmit};
use crate::limits::DATAGRAM_BYTES_MIN;
use crate::link::Link;
use crate::process::ProcId;
use crate::random::Random;
use crate::time::Instant;
use crate::wire::Wire;

/// Heartbeats that may be missed: two are lost or late now and then.
const UNHEARD_BEATS: u32 = 3;

/// Reliable FIFO multicast over datagrams, one link per peer.
#[derive(Debug)]
pub struct Transport {
    config: Config,
    random: Random,
    nodes: Nodes,
    links: BTreeMap<ProcId, Link>,
    sessions: BTreeMap<u32, ProcId>,
    channels: BTreeMap<Channel, Open>,
    closed: VecDeque<Channel>,
    /// When each link wants to be looked at.
    timers: BTreeSet<(Instant, ProcId)>,
    /// Links with something to say now, in turn.
    ready: VecDeque<ProcId>,
    /// HELLOs to be sent.
    hellos: VecDeque<(Address, Hello)>,
    told: VecDeque<Up>,
    counters: Counters,
    last_turn: Instant,
}

impl Transport {
    /// A transport that knows nobody.
    ///
    /// # Panics
    /// If the datagrams of `config` are shorter than `limits::DATAGRAM_BYTES_MIN`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        assert!(config.datagram_bytes_max >= DATAGRAM_BYTES_MIN, "datagrams too short for frames");
        Self {
            random: Random::new(config.seed ^ 0x6d75_7473),
            config,
            nodes: Nodes::default(),
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            channels: BTreeMap::new(),
            closed: VecDeque::new(),
            timers: BTreeSet::new(),
            ready: VecDeque::new(),
            hellos: VecDeque::new(),
            told: VecDeque::new(),
            counters: Counters::default(),
            last_turn: Instant::ZERO,
        }
    }

    /// Peers that have missed several heartbeats and are not silent yet: what they do nobody knows.
    fn unheard(&self) -> usize {
        let longest = self.config.beat * UNHEARD_BEATS;
        let unheard = |link: &&Link| {
            link.met
                && !link.silence.is_silent()
                && self.last_turn.since(link.silence.heard()) > longest
        };
        self.links.values().filter(unheard).count()
    }

    /// Bytes of a message that fit one frame.
    fn frame_bytes(&self) -> usize {
        self.config.datagram_bytes_max - DATAGRAM_HEADER_BYTES - FRAME_HEADER_BYTES_MAX
    }
}

impl Layer for Transport {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        match ask {
            Down::Meet { node, address } => self.nodes.introduce(now, node, address),
            Down::Open { channel, peers } => self.open(now, channel, &peers),
            Down::Close { channel } => self.close(channel),
            Down::Cast { channel, message } => return self.cast(channel, message),
            Down::Send { to, message } => return self.send(to, message),
            Down::Tell { to, message } => self.tell(to, &message),
            Down::Beat { to, bytes } => self.beat(to, bytes),
        }
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.told.pop_front()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.note_absence(now);
        self.counters.datagrams_received += 1;
        self.counters.bytes_received += packet.bytes.len() as u64;
        let mut rest = &packet.bytes[..];
        let (Ok(version), Ok(kind)) = (u8::read(&mut rest), u8::read(&mut rest)) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        if version != VERSION {
            self.counters.dropped_version += 1;
            return;
        }
        match kind {
            HELLO => match Hello::read(rest) {
                Ok(hello) => self.hear_hello(now, packet.from, hello),
                Err(_) => self.counters.dropped_malformed += 1,
            },
            DATA => {
                let Ok(session) = u32::read(&mut rest) else {
                    self.counters.dropped_malformed += 1;
                    return;
                };
                let Some(peer) = self.sessions.get(&session).copied() else {
                    self.counters.dropped_session += 1;
                    return;
                };
                if let Some(link) = self.links.get_mut(&peer) {
                    link.address = packet.from;
                }
                self.heard(now, peer);
                self.hear_frames(now, peer, &packet.bytes);
                self.rouse(peer);
            }
            _ => self.counters.dropped_malformed += 1,
        }
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        if let Some((to, hello)) = self.hellos.pop_front() {
            let bytes = hello.datagram();
            self.counters.datagrams_sent += 1;
            self.counters.bytes_sent += bytes.len() as u64;
            return Some(Transmit { to, bytes });
        }
        while let Some(peer) = self.ready.pop_front() {
            let Some(link) = self.links.get_mut(&peer) else { continue };
            let room = self.config.datagram_bytes_max;
            let mut bundle =
                Bundle { now, room, channels: &mut self.channels, counters: &mut self.counters };
            let Some(bytes) = bundle.fill(link) else {
                let due = link.due();
                if link.timer != Some(due) {
                    self.rouse(peer);
                    self.ready.retain(|ready| *ready != peer);
                }
                continue;
            };
            let to = link.address;
            self.counters.datagrams_sent += 1;
            self.counters.bytes_sent += bytes.len() as u64;
            // It may have more to say: after the others.
            self.rouse(peer);
            return Some(Transmit { to, bytes });
        }
        None
    }

    fn wake(&mut self, now: Instant) {
        self.note_absence(now);
        let links = &self.links;
        for (address, current) in
            self.nodes.due(now, |proc| links.get(&proc).is_some_and(|l| l.met))
        {
            self.hello(address, current);
        }
        // Each link once: what is due and can only be sent stays due until it is transmitted.
        let due = self.timers.iter().take_while(|(due, _)| *due <= now).map(|(_, peer)| *peer);
        for peer in due.collect::<Vec<_>>() {
            self.look(now, peer);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let link = self.timers.first().map(|(due, _)| *due);
        [link, self.nodes.deadline()].into_iter().flatten().min()
    }
}

impl Counted for Transport {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.counters.count(each);
        each("muts.links", self.links.len() as u64);
        each("muts.unheard", self.unheard() as u64);
        each("muts.channels", self.channels.len() as u64);
    }
}
