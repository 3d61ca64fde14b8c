//! Plain: a transport as simple as can be, so that what fails on it is not the transport's fault.
//!
//! It sends everything again until it is acknowledged, keeps no window and wastes the network. The
//! bytes: `from ProcId | to ProcId, node only known: incarnation 0 | kind u8 | the rest`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use muts::{
    Address, Channel, Down, Duration, Full, Instant, Layer, Malformed, Message, NodeId, Packet,
    ProcId, Transmit, Up, Wire,
};

const TICK: Duration = Duration::from_millis(20);
const SILENCE: Duration = Duration::from_secs(1);
const BATCH: usize = 32;

const BEAT: u8 = 1;
const DATA: u8 = 2;
const ACK: u8 = 3;
const TELL: u8 = 4;

/// What is kept about one peer process.
#[derive(Debug, Default)]
struct Link {
    heard: Instant,
    hears_me: bool,
    met: bool,
    silent: bool,
    /// Not yet acknowledged; the first has number `acked`. A cast has its channel and number.
    out: VecDeque<(Option<(u64, u64)>, Bytes)>,
    acked: u64,
    taken: u64,
    beat: Bytes,
    beats_heard: u64,
}

/// A channel that is open here.
#[derive(Debug)]
struct Open {
    peers: BTreeSet<ProcId>,
    cast: u64,
    settled: u64,
    acked: BTreeMap<ProcId, u64>,
}

/// The transport.
#[derive(Debug)]
pub struct Plain {
    me: ProcId,
    nodes: BTreeMap<NodeId, Address>,
    known: BTreeSet<ProcId>,
    links: BTreeMap<ProcId, Link>,
    channels: BTreeMap<Channel, Open>,
    closed: BTreeSet<Channel>,
    early: BTreeMap<Channel, Vec<(ProcId, u64, Message)>>,
    ups: VecDeque<Up>,
    out: VecDeque<Transmit>,
    next: Instant,
    beats: u64,
}

impl Plain {
    /// The transport of this process.
    #[must_use]
    pub fn new(me: ProcId) -> Self {
        Self {
            me,
            nodes: BTreeMap::new(),
            known: BTreeSet::new(),
            links: BTreeMap::new(),
            channels: BTreeMap::new(),
            closed: BTreeSet::new(),
            early: BTreeMap::new(),
            ups: VecDeque::new(),
            out: VecDeque::new(),
            next: Instant::ZERO,
            beats: 0,
        }
    }

    fn put(&mut self, to: ProcId, kind: u8, rest: impl FnOnce(&mut Vec<u8>)) {
        let Some(address) = self.nodes.get(&to.node) else { return };
        let mut bytes = Vec::new();
        self.me.write(&mut bytes);
        to.write(&mut bytes);
        bytes.push(kind);
        rest(&mut bytes);
        self.out.push_back(Transmit { to: *address, bytes });
    }

    fn newest(&self, node: NodeId) -> ProcId {
        let known = self.links.keys().rev().find(|peer| peer.node == node);
        known.copied().unwrap_or(ProcId { node, incarnation: 0 })
    }

    fn tick(&mut self, now: Instant) {
        self.beats += 1;
        let nodes: Vec<_> = self.nodes.keys().copied().collect();
        for node in nodes {
            let to = self.newest(node);
            if self.beats.is_multiple_of(5) {
                self.beat(now, to);
            }
            self.resend(to);
        }
        for (peer, link) in &mut self.links {
            if link.met && !link.silent && now.since(link.heard) > SILENCE {
                link.silent = true;
                self.ups.push_back(Up::Silent { peer: *peer, since: link.heard });
            }
        }
    }

    fn beat(&mut self, now: Instant, to: ProcId) {
        let link = self.links.get(&to);
        let hears = link.is_some_and(|link| now.since(link.heard) <= SILENCE);
        let beat = link.map(|link| link.beat.clone()).unwrap_or_default();
        let number = self.beats;
        self.put(to, BEAT, |bytes| {
            hears.write(bytes);
            number.write(bytes);
            bytes.extend_from_slice(&beat);
        });
    }

    fn resend(&mut self, to: ProcId) {
        let Some(link) = self.links.get(&to) else { return };
        let first = link.acked;
        let frames: Vec<_> = link.out.iter().take(BATCH).cloned().collect();
        for (number, (_, frame)) in (first..).zip(frames) {
            self.put(to, DATA, |bytes| {
                number.write(bytes);
                bytes.extend_from_slice(&frame);
            });
        }
    }

    fn queue(&mut self, to: ProcId, cast: Option<(Channel, u64)>, message: &Message) {
        if self.newest(to.node).incarnation > to.incarnation {
            return;
        }
        let link = self.links.entry(to).or_default();
        let mut frame = Vec::new();
        cast.map(|(channel, number)| (channel.0, number)).write(&mut frame);
        message.write(&mut frame);
        link.out.push_back((cast.map(|(channel, number)| (channel.0, number)), frame.into()));
        if link.out.len() <= BATCH {
            let number = link.acked + link.out.len() as u64 - 1;
            let frame = link.out.back().expect("just pushed").1.clone();
            self.put(to, DATA, |bytes| {
                number.write(bytes);
                bytes.extend_from_slice(&frame);
            });
        }
    }

    fn met(&mut self, now: Instant, peer: ProcId) {
        let older: Vec<_> =
            self.links.keys().copied().filter(|known| known.node == peer.node).collect();
        for old in older.into_iter().filter(|old| old.incarnation < peer.incarnation) {
            self.links.remove(&old);
            self.ups.push_back(Up::Lost { peer: old });
        }
        self.links.entry(peer).or_default().silent = false;
        self.beat(now, peer);
    }

    fn heard(&mut self, now: Instant, packet: &Packet) -> Result<(), Malformed> {
        let bytes = &mut &packet.bytes[..];
        let (from, to, kind) = (ProcId::read(bytes)?, ProcId::read(bytes)?, u8::read(bytes)?);
        if to.node != self.me.node || self.newest(from.node).incarnation > from.incarnation {
            return Ok(());
        }
        self.nodes.insert(from.node, packet.from);
        if !self.known.contains(&from) {
            self.known.insert(from);
            self.met(now, from);
        }
        let link = self.links.get_mut(&from).expect("just met");
        link.heard = now;
        if link.silent {
            link.silent = false;
            self.ups.push_back(Up::Back { peer: from });
        }
        if to != self.me {
            return Ok(());
        }
        let rest = packet.bytes.slice(packet.bytes.len() - bytes.len()..);
        match kind {
            BEAT => self.heard_beat(from, &rest),
            DATA => self.heard_data(from, &rest),
            ACK => self.heard_ack(from, &rest),
            TELL => {
                let message = Message::read(&rest)?;
                self.ups.push_back(Up::Tell { from, message });
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn heard_beat(&mut self, from: ProcId, rest: &Bytes) -> Result<(), Malformed> {
        let bytes = &mut &rest[..];
        let (hears_me, number) = (bool::read(bytes)?, u64::read(bytes)?);
        let beat = rest.slice(rest.len() - bytes.len()..);
        let link = self.links.get_mut(&from).ok_or(Malformed)?;
        if number <= link.beats_heard {
            return Ok(());
        }
        link.beats_heard = number;
        link.hears_me = hears_me;
        if hears_me && !link.met {
            link.met = true;
            self.ups.push_back(Up::Met { peer: from });
        }
        if link.met {
            self.ups.push_back(Up::Beat { from, bytes: beat });
        }
        Ok(())
    }

    fn heard_data(&mut self, from: ProcId, rest: &Bytes) -> Result<(), Malformed> {
        let bytes = &mut &rest[..];
        let (number, cast) = (u64::read(bytes)?, Option::<(u64, u64)>::read(bytes)?);
        let message = Message::read(&rest.slice(rest.len() - bytes.len()..))?;
        let link = self.links.get_mut(&from).ok_or(Malformed)?;
        if number == link.taken {
            link.taken += 1;
            match cast {
                None => self.ups.push_back(Up::Send { from, message }),
                Some((channel, seq)) => self.heard_cast(Channel(channel), from, seq, message),
            }
        }
        let taken = self.links[&from].taken;
        self.put(from, ACK, |bytes| taken.write(bytes));
        Ok(())
    }

    fn heard_cast(&mut self, channel: Channel, from: ProcId, seq: u64, message: Message) {
        if self.channels.get(&channel).is_some_and(|open| open.peers.contains(&from)) {
            self.ups.push_back(Up::Cast { channel, from, seq, message });
        } else if !self.closed.contains(&channel) {
            self.early.entry(channel).or_default().push((from, seq, message));
        }
    }

    fn heard_ack(&mut self, from: ProcId, rest: &Bytes) -> Result<(), Malformed> {
        let taken = u64::read(&mut &rest[..])?;
        let link = self.links.get_mut(&from).ok_or(Malformed)?;
        while link.acked < taken {
            let Some((cast, _)) = link.out.pop_front() else { return Err(Malformed) };
            link.acked += 1;
            if let Some((channel, seq)) = cast
                && let Some(open) = self.channels.get_mut(&Channel(channel))
            {
                open.acked.insert(from, seq + 1);
                let of = |peer| open.acked.get(peer).copied().unwrap_or(0);
                let below = open.peers.iter().map(of).min().unwrap_or(0);
                if below > open.settled {
                    open.settled = below;
                    self.ups.push_back(Up::Settled { channel: Channel(channel), below });
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, channel: Channel, peers: Vec<ProcId>) {
        let peers = peers.into_iter().collect();
        let open = Open { peers, cast: 0, settled: 0, acked: BTreeMap::new() };
        self.channels.insert(channel, open);
        for (from, seq, message) in self.early.remove(&channel).into_iter().flatten() {
            self.heard_cast(channel, from, seq, message);
        }
    }

    fn cast(&mut self, channel: Channel, message: &Message) {
        let Some(open) = self.channels.get_mut(&channel) else { return };
        let number = open.cast;
        open.cast += 1;
        let peers: Vec<_> = open.peers.iter().copied().collect();
        if peers.is_empty() {
            self.ups.push_back(Up::Settled { channel, below: number + 1 });
        }
        for peer in peers {
            self.queue(peer, Some((channel, number)), message);
        }
    }
}

impl Layer for Plain {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, _now: Instant, ask: Down) -> Result<(), Full<Down>> {
        match ask {
            Down::Meet { node, address } => {
                self.nodes.insert(node, address);
            }
            Down::Open { channel, peers } => self.open(channel, peers),
            Down::Close { channel } => {
                self.channels.remove(&channel);
                self.early.remove(&channel);
                self.closed.insert(channel);
            }
            Down::Cast { channel, message } => self.cast(channel, &message),
            Down::Send { to, message } => self.queue(to, None, &message),
            Down::Tell { to, message } => self.put(to, TELL, |bytes| message.write(bytes)),
            Down::Beat { to, bytes } => {
                if self.newest(to.node).incarnation <= to.incarnation {
                    self.links.entry(to).or_default().beat = bytes;
                }
            }
        }
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.ups.pop_front()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        // Bytes from strangers: nothing happens.
        let _ = self.heard(now, &packet);
    }

    fn transmit(&mut self, _now: Instant) -> Option<Transmit> {
        self.out.pop_front()
    }

    fn wake(&mut self, now: Instant) {
        if now >= self.next {
            self.next = now + TICK;
            self.tick(now);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.next)
    }
}
