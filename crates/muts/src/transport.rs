//! Transport: sorts packets to links and channels; nothing clever.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;

use crate::address::Address;
use crate::bundle::Bundle;
use crate::channel::Open;
use crate::config::Config;
use crate::counters::{Counted, Counters};
use crate::greeting::Nodes;
use crate::header::{
    DATA, DATAGRAM_HEADER_BYTES, FRAME_HEADER_BYTES_MAX, Frame, HELLO, Hello, UNICAST, VERSION,
};
use crate::incoming::Taken;
use crate::interface::{Channel, Down, Up};
use crate::layer::{Full, Layer, Packet, Transmit};
use crate::limits::{BEAT_BYTES_MAX, CLOSED_MAX, DATAGRAM_BYTES_MIN, MESSAGE_BYTES_MAX};
use crate::link::{Early, Link};
use crate::message::Message;
use crate::process::ProcId;
use crate::random::Random;
use crate::silence::Look;
use crate::time::Instant;
use crate::wire::Wire;

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

    /// Bytes of a message that fit one frame.
    fn frame_bytes(&self) -> usize {
        self.config.datagram_bytes_max - DATAGRAM_HEADER_BYTES - FRAME_HEADER_BYTES_MAX
    }

    // ---- asks

    fn open(&mut self, now: Instant, channel: Channel, peers: &[ProcId]) {
        let mut open = Open::new(peers);
        let mut early = Vec::new();
        for peer in peers {
            let Some(link) = self.links.get_mut(peer) else { continue };
            let incoming = open.ins.get_mut(peer).expect("just opened");
            incoming.announce(now);
            link.owe_ack(channel, now);
            early.extend(link.take_early(channel).into_iter().map(|frame| (*peer, frame)));
        }
        self.closed.retain(|closed| *closed != channel);
        self.channels.insert(channel, open);
        for peer in peers {
            self.rouse(*peer);
        }
        for (peer, frame) in early {
            self.hear_data(now, peer, frame);
        }
    }

    fn close(&mut self, channel: Channel) {
        let Some(open) = self.channels.remove(&channel) else { return };
        for peer in open.peers() {
            if let Some(link) = self.links.get_mut(&peer) {
                link.behind.remove(&channel);
                link.errands.acks.remove(&channel);
                link.flying -= open.out.flying(peer).min(link.flying);
                link.take_early(channel);
            }
            self.rouse(peer);
        }
        self.closed.push_back(channel);
        if self.closed.len() > CLOSED_MAX {
            self.closed.pop_front();
        }
    }

    fn cast(&mut self, channel: Channel, message: Message) -> Result<(), Full<Down>> {
        let frame_bytes = self.frame_bytes();
        let Some(open) = self.channels.get_mut(&channel) else { return Ok(()) };
        if message.len() > MESSAGE_BYTES_MAX {
            self.counters.dropped_too_long += 1;
            return Ok(());
        }
        if !open.out.has_room(message.len(), frame_bytes) {
            open.out.owes_room = true;
            return Err(Full(Down::Cast { channel, message }));
        }
        open.out.put(&message, frame_bytes);
        for peer in open.peers() {
            if let Some(link) = self.links.get_mut(&peer) {
                link.make_ready(channel);
            }
            self.rouse(peer);
        }
        self.note_settled(channel);
        Ok(())
    }

    fn send(&mut self, to: ProcId, message: Message) -> Result<(), Full<Down>> {
        let frame_bytes = self.frame_bytes();
        let Some(link) = self.links.get_mut(&to) else { return Ok(()) };
        if message.len() > MESSAGE_BYTES_MAX {
            self.counters.dropped_too_long += 1;
            return Ok(());
        }
        let sent = link.send(message, frame_bytes);
        self.rouse(to);
        sent.map_err(|message| Full(Down::Send { to, message }))
    }

    fn tell(&mut self, to: ProcId, message: &Message) {
        let room = self.config.datagram_bytes_max - DATAGRAM_HEADER_BYTES;
        let Some(link) = self.links.get_mut(&to).filter(|link| link.met) else { return };
        let mut whole = Vec::new();
        message.write(&mut whole);
        let mut frame = Vec::with_capacity(whole.len() + 4);
        Frame::Tell(&whole).write(&mut frame);
        let frames = if frame.len() <= room {
            alloc::vec![frame]
        } else {
            link.tells_cut += 1;
            // Kind, three numbers and a length.
            let piece = room - 34;
            let count = whole.len().div_ceil(piece) as u64;
            let parts = whole.chunks(piece).zip(0..).map(|(bytes, index)| {
                let mut frame = Vec::with_capacity(bytes.len() + 34);
                Frame::Part { id: link.tells_cut, index, count, bytes }.write(&mut frame);
                frame
            });
            parts.collect()
        };
        if !link.tell(frames) {
            self.counters.dropped_tells += 1;
        }
        self.rouse(to);
    }

    fn beat(&mut self, to: ProcId, bytes: Bytes) {
        if bytes.len() > BEAT_BYTES_MAX.min(self.frame_bytes() / 2) {
            self.counters.dropped_too_long += 1;
        } else if let Some(link) = self.links.get_mut(&to) {
            link.beat_bytes = bytes;
        }
    }

    // ---- links

    /// A link may have something to say, or another time to be looked at.
    fn rouse(&mut self, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let due = link.due();
        if link.timer != Some(due) {
            if let Some(old) = link.timer.replace(due) {
                self.timers.remove(&(old, peer));
            }
            self.timers.insert((due, peer));
        }
        if link.theirs.is_some() && !self.ready.contains(&peer) {
            self.ready.push_back(peer);
        }
    }

    fn hello(&mut self, address: Address, to: Option<ProcId>) {
        let link = to.and_then(|peer| self.links.get(&peer));
        let (session, echo) =
            link.map_or((0, 0), |link| (link.mine, link.theirs.unwrap_or_default()));
        self.counters.hellos_sent += 1;
        self.hellos.push_back((address, Hello { from: self.config.me, session, echo }));
    }

    /// Takes a HELLO: makes, renews or refuses a link.
    fn hear_hello(&mut self, now: Instant, from: Address, hello: Hello) {
        let peer = hello.from;
        if peer.node == self.config.me.node {
            return;
        }
        let node = self.nodes.node(peer.node);
        match node.current {
            Some(current) if current.incarnation > peer.incarnation => {
                self.counters.dropped_incarnation += 1;
                return;
            }
            Some(current) if current != peer => {
                node.current = Some(peer);
                self.lose(current);
            }
            _ => node.current = Some(peer),
        }
        if !self.links.contains_key(&peer) {
            let mine = self.unused_session();
            let link = Link::new(now, peer, from, mine, self.config.silence);
            self.links.insert(peer, link);
            self.sessions.insert(mine, peer);
        }
        let link = self.links.get_mut(&peer).expect("just made sure");
        if hello.session != 0 {
            link.theirs = Some(hello.session);
        }
        link.address = from;
        let knows_mine = hello.echo == link.mine;
        // Its own end is news, or it does not know ours: it needs an answer.
        if !knows_mine || hello.session == 0 || !link.met {
            self.hello(from, Some(peer));
        }
        if knows_mine && hello.session != 0 {
            self.heard(now, peer);
        }
        self.rouse(peer);
    }

    fn unused_session(&mut self) -> u32 {
        loop {
            let session = self.random.draw() as u32;
            if session != 0 && !self.sessions.contains_key(&session) {
                return session;
            }
        }
    }

    /// A valid datagram of this peer came: it lives and knows our end.
    fn heard(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        if link.silence.hear(now) && link.met {
            self.told.push_back(Up::Back { peer });
            let late = link.sends.overdue(peer, now);
            link.flying -= late.min(link.flying);
            for channel in link.behind.clone() {
                if let Some(open) = self.channels.get_mut(&channel) {
                    let late = open.out.overdue(peer, now);
                    link.flying -= late.min(link.flying);
                }
                link.make_ready(channel);
            }
        }
        if !link.met && link.theirs.is_some() {
            link.met = true;
            link.next_beat = now;
            self.counters.links_met += 1;
            self.told.push_back(Up::Met { peer });
            for (channel, open) in &self.channels {
                if open.ins.contains_key(&peer) {
                    link.make_ready(*channel);
                }
            }
        }
        self.rouse(peer);
    }

    /// This incarnation is over.
    fn lose(&mut self, peer: ProcId) {
        let Some(link) = self.links.remove(&peer) else { return };
        self.sessions.remove(&link.mine);
        if let Some(timer) = link.timer {
            self.timers.remove(&(timer, peer));
        }
        self.ready.retain(|ready| *ready != peer);
        if link.met {
            self.counters.links_lost += 1;
            self.told.push_back(Up::Lost { peer });
        }
    }

    // ---- frames

    fn hear_frames(&mut self, now: Instant, peer: ProcId, bytes: &Bytes) {
        let mut rest = &bytes[DATAGRAM_HEADER_BYTES..];
        while !rest.is_empty() {
            match Frame::read(&mut rest) {
                Ok(frame) => self.hear_frame(now, peer, frame, bytes),
                Err(_) => {
                    self.counters.dropped_malformed += 1;
                    break;
                }
            }
        }
    }

    fn hear_frame(&mut self, now: Instant, peer: ProcId, frame: Frame<'_>, datagram: &Bytes) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match frame {
            Frame::Beat { number, bytes, ends } => {
                if number > link.beat_heard {
                    link.beat_heard = number;
                    let bytes = datagram.slice_ref(bytes);
                    self.told.push_back(Up::Beat { from: peer, bytes });
                }
                for (channel, end) in ends {
                    self.hear_end(now, peer, channel, end);
                }
            }
            Frame::Tell(bytes) => self.hear_tell(peer, &datagram.slice_ref(bytes)),
            Frame::Part { id, index, count, bytes } => {
                let whole = link.take_part(id, index, count, datagram.slice_ref(bytes));
                if let Some(whole) = whole {
                    self.hear_tell(peer, &whole);
                }
            }
            Frame::Data { channel, sequence, flags, bytes } => {
                self.counters.frames_received += 1;
                let bytes = datagram.slice_ref(bytes);
                self.hear_data(now, peer, Early { channel, sequence, flags, bytes });
            }
            Frame::Ack { channel, below, ranges } => {
                self.hear_ack(now, peer, channel, below, &ranges);
            }
            Frame::Probe => link.errands.answer = true,
            Frame::Answer => {}
        }
    }

    fn hear_tell(&mut self, from: ProcId, bytes: &Bytes) {
        match Message::read(bytes) {
            Ok(message) => self.told.push_back(Up::Tell { from, message }),
            Err(_) => self.counters.dropped_malformed += 1,
        }
    }

    fn hear_end(&mut self, now: Instant, peer: ProcId, channel: Channel, end: u64) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let incoming = match channel {
            UNICAST => Some(&mut link.receives),
            _ => self.channels.get_mut(&channel).and_then(|open| open.ins.get_mut(&peer)),
        };
        if let Some(incoming) = incoming {
            incoming.hear_end(now, end);
            if let Some(due) = incoming.ack_due() {
                link.owe_ack(channel, due);
            }
        }
    }

    fn hear_data(&mut self, now: Instant, peer: ProcId, frame: Early) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let channel = frame.channel;
        let incoming = match channel {
            UNICAST => &mut link.receives,
            _ => match self.channels.get_mut(&channel) {
                Some(open) => match open.ins.get_mut(&peer) {
                    Some(incoming) => incoming,
                    None => return,
                },
                None if self.closed.contains(&channel) => return,
                None => {
                    self.counters.dropped_early += link.keep_early(frame);
                    return;
                }
            },
        };
        let mut seq = incoming.messages();
        match incoming.take(now, frame.sequence, frame.flags, frame.bytes) {
            Ok(Taken::New(messages)) => {
                for message in messages {
                    self.told.push_back(match channel {
                        UNICAST => Up::Send { from: peer, message },
                        _ => Up::Cast { channel, from: peer, seq, message },
                    });
                    seq += 1;
                }
            }
            Ok(Taken::Duplicate) => self.counters.dropped_duplicate += 1,
            Ok(Taken::Beyond) => self.counters.dropped_window += 1,
            Err(_) => self.counters.dropped_malformed += 1,
        }
        if let Some(due) = incoming.ack_due() {
            link.owe_ack(channel, due);
        }
    }

    fn hear_ack(
        &mut self,
        now: Instant,
        peer: ProcId,
        channel: Channel,
        below: u64,
        ranges: &[(u64, u64)],
    ) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let out = match channel {
            UNICAST => &mut link.sends,
            _ => match self.channels.get_mut(&channel) {
                Some(open) => &mut open.out,
                None => return,
            },
        };
        let mut acked = out.acked(now, peer, below, ranges);
        if below == 0 && ranges.is_empty() {
            acked.bytes += out.begins_to_listen(peer, now);
        }
        let (waits, behind) = (out.waits_for(peer), out.behind().contains(&peer));
        link.flying -= acked.bytes.min(link.flying);
        if let Some(sample) = acked.round_trip {
            link.tempo.round_trip(sample);
        }
        if acked.lost {
            link.tempo.lost(now);
        } else if acked.bytes > 0 {
            link.tempo.acknowledged(acked.bytes);
        }
        if link.flying == 0 {
            link.resend_due = None;
        } else if acked.bytes > 0 {
            // Only progress puts it off: a peer that keeps saying the same lacks something.
            link.resend_due = Some(now + link.tempo.patience());
        }
        if !behind {
            link.behind.remove(&channel);
        }
        if waits {
            link.make_ready(channel);
        }
        if channel == UNICAST {
            let frame_bytes = self.frame_bytes();
            let link = self.links.get_mut(&peer).expect("looked up above");
            if link.refill(frame_bytes) {
                self.told.push_back(Up::Room { channel });
            }
            return;
        }
        self.note_settled(channel);
    }

    fn note_settled(&mut self, channel: Channel) {
        let Some(open) = self.channels.get_mut(&channel) else { return };
        let below = open.out.settled();
        if below > open.settled {
            open.settled = below;
            self.told.push_back(Up::Settled { channel, below });
        }
        if open.out.owes_room && open.out.has_half() {
            open.out.owes_room = false;
            self.told.push_back(Up::Room { channel });
        }
    }

    // ---- time

    /// This process was away: nobody else is to be accused for it.
    fn note_absence(&mut self, now: Instant) {
        if !self.links.is_empty() && now.since(self.last_turn) > self.config.silence / 2 {
            self.counters.away += 1;
            for link in self.links.values_mut() {
                link.silence.excuse(now);
            }
        }
        self.last_turn = now;
    }

    fn look(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match link.silence.look(now) {
            Look::Fine => {}
            Look::Probe => link.errands.probe = link.met,
            Look::NowSilent if link.met => {
                self.counters.silences += 1;
                let since = link.silence.heard();
                self.told.push_back(Up::Silent { peer, since });
            }
            Look::NowSilent | Look::Call => {
                link.errands.probe = link.met;
                let address = link.address;
                self.hello(address, Some(peer));
            }
        }
        let link = self.links.get_mut(&peer).expect("looked up above");
        if link.met && link.next_beat <= now {
            link.errands.beat = true;
            link.next_beat = now + self.config.beat;
        }
        if link.resend_due.is_some_and(|due| due <= now) && !link.silence.is_silent() {
            self.resend(now, peer);
        }
        self.rouse(peer);
    }

    /// No acknowledgement came in time: what is under way is taken for lost.
    fn resend(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let since = now - link.tempo.patience();
        let mut late = 0;
        for channel in link.behind.clone() {
            let bytes = match channel {
                UNICAST => link.sends.overdue(peer, since),
                _ => match self.channels.get_mut(&channel) {
                    Some(open) => open.out.overdue(peer, since),
                    None => continue,
                },
            };
            if bytes > 0 {
                late += bytes;
                link.make_ready(channel);
            }
        }
        link.flying -= late.min(link.flying);
        if late > 0 {
            link.tempo.overdue(now);
        }
        let waits = link.flying > 0 || late > 0;
        link.resend_due = waits.then(|| now + link.tempo.patience());
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
        each("muts.channels", self.channels.len() as u64);
    }
}
