//! Transport: sorts packets to links and channels; nothing clever.

mod acks;
mod anybody;
mod asks;
mod cookies;
mod frames;
mod greetings;
mod hall;
mod links;
mod meeting;
mod moves;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use smallvec::smallvec;

use self::cookies::{Callers, Mark};
use self::greetings::Greetings;
use self::hall::Way;
pub(crate) use self::moves::Move;

use crate::address::Address;
use crate::blocks::Blocks;
use crate::bundle::Bundle;
use crate::channel::Open;
use crate::config::Config;
use crate::counters::{Counted, Counters};
use crate::flight::{Decided, Item};
use crate::greeting::Nodes;
use crate::guard::{Guard, Guarded};
use crate::hall::Hall;
use crate::header::{ANSWER, COOKIE, DATA, DATAGRAM_HEADER_BYTES, HALL, HELLO, THANKS};
use crate::health::Health;
use crate::interface::{Channel, Down, Up};
use crate::layer::{Full, Layer, Packet, Parts, Transmit};
use crate::limits::{DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN};
use crate::link::Link;
use crate::process::{NodeId, ProcId};
use crate::random::Random;
use crate::time::Instant;
use crate::wire::Wire;

/// Datagrams to one peer before the next has its turn: what one system call can carry.
const TURN_DATAGRAMS: u32 = 16;

/// Heartbeats that may be missed: two are lost or late now and then.
const UNHEARD_BEATS: u32 = 3;

/// Reliable FIFO multicast over datagrams, one link per peer.
#[derive(Debug)]
pub struct Transport {
    config: Config,
    random: Random,
    nodes: Nodes,
    links: BTreeMap<ProcId, Link>,
    guard: Box<dyn Guard>,
    hall: Option<Hall>,
    /// Somebody waits for others to be level.
    hall_waits: bool,
    /// Our ends of sessions, and whose the others are.
    ends: BTreeMap<u32, ProcId>,
    greetings: Greetings,
    /// Apart: a tree of thousands is a third empty.
    channels: BTreeMap<Channel, Box<Open>>,
    closed: Closed,
    /// When each link wants to be looked at.
    timers: BTreeSet<(Instant, ProcId)>,
    /// Links with something to say now, in turn.
    ready: VecDeque<ProcId>,
    /// Messages of greetings to be sent.
    outbox: VecDeque<(Address, Bytes)>,
    /// Hellos and answers said so far.
    said: u64,
    callers: Callers,
    /// What those have told this end to show who have too many callers.
    marks: BTreeMap<Address, Mark>,
    /// Addresses of nobody known.
    sought: BTreeMap<Address, anybody::Sought>,
    told: VecDeque<Up>,
    /// The incarnation of a later process of this node.
    superseded: Option<u64>,
    counters: Counters,
    last_turn: Instant,
    health: Health,
    /// Where short messages gather, and whose are in there.
    pen: Blocks,
    pen_of: Option<Pen>,
    /// Where datagrams are written.
    sheets: Blocks,
    /// Room that is used again and again.
    items: Vec<Item>,
    decided: Decided,
    due: Vec<ProcId>,
}

/// Whose messages gather in the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pen {
    Channel(Channel),
    Process(ProcId),
}

/// Channels that were closed here, the oldest forgotten first.
#[derive(Debug, Default)]
struct Closed {
    names: BTreeSet<Channel>,
    age: VecDeque<Channel>,
}

impl Closed {
    fn insert(&mut self, channel: Channel) {
        if self.names.insert(channel) {
            self.age.push_back(channel);
        }
        if self.age.len() > crate::limits::CLOSED_MAX
            && let Some(oldest) = self.age.pop_front()
        {
            self.names.remove(&oldest);
        }
    }
}

impl Transport {
    /// A transport that knows nobody, lets everybody in and hides nothing.
    ///
    /// # Panics
    /// If the longest datagram of `config` is not within the bounds of `limits`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::guarded(config, Box::new(crate::guard::Open))
    }

    /// A transport with this guard at its door.
    ///
    /// # Panics
    /// If the longest datagram of `config` is not within the bounds of `limits`.
    #[must_use]
    pub fn guarded(config: Config, guard: Box<dyn Guard>) -> Self {
        let longest = config.datagram_bytes_max;
        assert!((DATAGRAM_BYTES_MIN..=DATAGRAM_BYTES_MAX).contains(&longest), "{longest} bytes");
        let hall = config.hall.map(|address| Hall::new(address, &*guard));
        Self {
            random: Random::new(config.seed ^ 0x6d75_7473),
            config,
            nodes: Nodes::default(),
            links: BTreeMap::new(),
            hall,
            hall_waits: false,
            guard,
            ends: BTreeMap::new(),
            greetings: Greetings::default(),
            channels: BTreeMap::new(),
            closed: Closed::default(),
            timers: BTreeSet::new(),
            ready: VecDeque::new(),
            outbox: VecDeque::new(),
            said: 0,
            callers: Callers::default(),
            marks: BTreeMap::new(),
            sought: BTreeMap::new(),
            told: VecDeque::new(),
            superseded: None,
            counters: Counters::default(),
            last_turn: Instant::ZERO,
            health: Health::default(),
            pen: Blocks::default(),
            pen_of: None,
            sheets: Blocks::default(),
            items: Vec::new(),
            decided: Decided::default(),
            due: Vec::new(),
        }
    }

    /// How many streams of this process have more than fits their windows, and who holds up the
    /// one of which most waits.
    fn held(&self) -> (u64, Option<ProcId>) {
        let channels = self.channels.values().filter(|open| open.out.owes_room).map(|open| {
            let slowest = open.out.slowest().map(|place| open.peers[place]);
            (open.out.waiting(), slowest)
        });
        let links = self.links.values().filter(|link| link.sends.owes_room);
        let links = links.map(|link| (link.sends.waiting(), Some(link.peer)));
        let (mut held, mut most) = (0, (0, None));
        for one in channels.chain(links) {
            held += 1;
            most = if one.0 > most.0 { one } else { most };
        }
        (held, most.1)
    }

    /// Who holds up a channel: of those that lack most of what was cast on it here, the first.
    #[must_use]
    pub fn holder(&self, channel: Channel) -> Option<ProcId> {
        let open = self.channels.get(&channel).filter(|open| open.out.waiting() > 0)?;
        open.out.slowest().map(|place| open.peers[place])
    }

    /// The incarnation of a later process of this node, if somebody who was called has met one:
    /// this one is over for them, and for whoever meets that one.
    #[must_use]
    pub const fn superseded(&self) -> Option<u64> {
        self.superseded
    }

    fn sent(&mut self, transmit: Transmit) -> Option<Transmit> {
        self.counters.datagrams_sent += 1;
        self.counters.bytes_sent += transmit.len() as u64;
        Some(transmit)
    }

    /// Peers that have missed several heartbeats, or do not seem to hear, and are not silent yet:
    /// what they do nobody knows.
    fn unheard(&self) -> usize {
        let longest = self.config.beat * UNHEARD_BEATS;
        let unheard = |link: &&Link| {
            link.met
                && !link.silence.is_silent()
                && (self.last_turn.since(link.silence.heard()) > longest
                    || link.silence.is_in_doubt())
        };
        self.links.values().filter(unheard).count()
    }
}

impl Layer for Transport {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        match ask {
            Down::Meet { node: NodeId::ANYBODY, address } => self.seek(now, address),
            Down::Meet { node, address } => {
                self.callers.introduce(node, address, self.nodes.address(node));
                self.nodes.introduce(now, node, address);
            }
            Down::Open { channel, peers, credit } => self.open(now, channel, peers, credit),
            Down::Close { channel } => self.close(channel),
            Down::Omit { channel, peer } => drop(self.omit(channel, peer)),
            Down::Cast { channel, to, message } => return self.cast(now, channel, to, message),
            Down::Press { channel, to, message } => return self.press(now, channel, to, message),
            Down::Taken { channel, from, bytes } => self.taken(channel, from, bytes),
            Down::Send { to, message } => return self.send(to, message),
            Down::Tell { to, change, message } => self.tell(to, change, &message),
            Down::Beat { to, bytes, soon } => self.beat(now, to, bytes, soon),
            Down::Miss { peer } => self.miss(now, peer),
            Down::Farewell => self.farewell(),
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
        match packet.bytes.first() {
            Some(&DATA) => self.hear_datagram(now, packet),
            Some(&HELLO) => self.hear_hello(now, packet.from, &packet.bytes[1..]),
            Some(&ANSWER) => self.hear_answer(now, &packet.bytes[1..]),
            Some(&THANKS) => self.hear_thanks(now, &packet.bytes[1..]),
            Some(&COOKIE) => self.hear_cookie(now, &packet.bytes[1..]),
            Some(&HALL) => self.hear_hall(now, &packet.bytes),
            None => self.hear_nobody(now, packet.from),
            Some(kind) if kind >> 4 != DATA >> 4 => self.counters.dropped_version += 1,
            _ => self.counters.dropped_malformed += 1,
        }
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        if let Some((to, bytes)) = self.outbox.pop_front() {
            return self.sent(Transmit::whole(to, bytes));
        }
        self.adopt_pen();
        while let Some(peer) = self.ready.pop_front() {
            let Some(link) = self.links.get_mut(&peer) else { continue };
            link.queued = false;
            let Some((to, parts)) = self.next_for(now, peer) else {
                if let Some(link) = self.links.get_mut(&peer) {
                    link.turn = 0;
                }
                self.reschedule(peer);
                continue;
            };
            let Some(link) = self.links.get_mut(&peer) else { continue };
            // It may have more to say: at once if its turn is not over, else after the others.
            link.queued = true;
            link.turn += 1;
            if link.turn < TURN_DATAGRAMS {
                self.ready.push_front(peer);
            } else {
                link.turn = 0;
                self.ready.push_back(peer);
            }
            self.reschedule(peer);
            return self.sent(Transmit { to, parts });
        }
        None
    }

    fn wake(&mut self, now: Instant) {
        self.health.turn(now, self.deadline());
        self.note_absence(now);
        let links = &self.links;
        for address in self.nodes.due(now, |proc| links.get(&proc).is_some_and(|l| l.met)) {
            self.call(now, address);
        }
        self.greetings.sweep(now);
        if self.hall.as_ref().is_some_and(|hall| hall.is_old(now)) {
            self.renew_hall(now);
        }
        // Each link once: what is due and can only be sent stays due until it is transmitted.
        let mut due = core::mem::take(&mut self.due);
        due.clear();
        due.extend(self.timers.iter().take_while(|(due, _)| *due <= now).map(|(_, peer)| *peer));
        for peer in &due {
            self.look(now, *peer);
        }
        self.due = due;
    }

    fn deadline(&self) -> Option<Instant> {
        let link = self.timers.first().map(|(due, _)| *due);
        [link, self.nodes.deadline(), self.greetings.deadline()].into_iter().flatten().min()
    }
}

impl Guarded for Transport {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.guard = guard;
        // A greeting that the old guard began would let in whom the new one does not trust.
        self.greetings = Greetings::default();
        self.renew_hall(now);
        let peers: Vec<ProcId> = self.links.keys().copied().collect();
        for peer in peers {
            if let Some(link) = self.links.get_mut(&peer) {
                link.sessions.retire_all(now);
                link.renewed = Instant::ZERO;
            }
            self.look(now, peer);
        }
    }
}

impl Counted for Transport {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.counters.count(each);
        each("muts.links", self.links.len() as u64);
        each("muts.unheard", self.unheard() as u64);
        let under_way = self.links.values().map(|link| link.flight.len() as u64);
        each("muts.under_way", under_way.sum());
        each("muts.nodes", self.nodes.len() as u64);
        each("muts.greetings", self.greetings.len() as u64);
        each("muts.channels", self.channels.len() as u64);
        let (held, holder) = self.held();
        each("muts.streams_held", held);
        each("muts.holder", holder.map_or(0, |peer| peer.node.0));
        each("muts.superseded", self.superseded.is_some().into());
        each("muts.health", self.health.score().into());
        let lowest = self.links.values().map(|link| u64::from(link.version)).min();
        each("muts.version", lowest.unwrap_or(self.config.versions.1.into()));
    }
}

impl Transport {
    /// The next datagram of a link: its own, or one in the hall that is for others too.
    fn next_for(&mut self, now: Instant, peer: ProcId) -> Option<(Address, Parts)> {
        if let Some(try_out) = self.try_hall(now, peer) {
            return Some(try_out);
        }
        if let Some(question) = self.ask_there(now, peer) {
            return Some(question);
        }
        self.links.get_mut(&peer)?.release_skips(now);
        let way = self.way(now, peer);
        let link = self.links.get_mut(&peer)?;
        let mut bundle = Bundle {
            now,
            channels: &mut self.channels,
            counters: &mut self.counters,
            blocks: &mut self.sheets,
            overhead: self.guard.overhead(),
            hall: self.hall.as_ref().and_then(Hall::key),
            items: &mut self.items,
        };
        match bundle.fill(link, way == Way::Alone) {
            Some(parts) => {
                let sent = (link.address, seal(link, &mut self.sheets, parts));
                if way == Way::Alone && link.reach.hears() {
                    self.rouse_hall();
                }
                Some(sent)
            }
            None if let Way::Hall(channel, sharers) = way => self.say(now, channel, &sharers),
            None => None,
        }
    }
}

/// Seals a datagram in the session that it goes under, copied into one place for that.
fn seal(link: &mut Link, sheets: &mut Blocks, parts: Parts) -> Parts {
    let number = link.flight.next() - 1;
    let Some(seal) = link.sessions.current().and_then(|session| session.seal.as_mut()) else {
        return parts;
    };
    let length: usize = parts.iter().map(Bytes::len).sum();
    let into = sheets.room(length + 16);
    parts.iter().for_each(|part| into.extend_from_slice(part));
    let (head, body) = into.split_at_mut(DATAGRAM_HEADER_BYTES);
    let tag = seal.seal(number, head, body);
    into.extend_from_slice(&tag);
    smallvec![sheets.split()]
}

/// Reads what stands before the frames of a datagram, after its kind: session and number.
fn read_envelope(mut bytes: &[u8]) -> Option<(u32, u64)> {
    let session = u32::read(&mut bytes).ok()?;
    Some((session, u64::read(&mut bytes).ok()?))
}
