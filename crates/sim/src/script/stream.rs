//! The application of the transport's own storms: casts, sends and tells to whoever is met.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use muts::{Address, Audience, Channel, Down, Instant, Message, ProcId, Up};

use crate::choice::Choice;
use crate::script::{App, Birth, Load, Phase, Roster, later};
use crate::trace::Digest;

/// Something that a process saw or did, for the judge of streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The transport took a cast: its number on that channel, the hash of its body, whom it is for.
    Cast(Channel, u64, u64, Audience),
    /// A cast of that sender came: its number, and the hash of its body.
    Heard(Channel, ProcId, u64, u64),
    /// The casts of that sender below were not for this process.
    Skipped(Channel, ProcId, u64),
    /// The transport took a send: the hash of its body.
    Sent(ProcId, u64),
    /// A send came.
    Got(ProcId, u64),
    /// Everybody has the own casts below.
    Settled(Channel, u64),
    /// A peer has closed its end of a channel.
    Gone(Channel, ProcId),
    /// A channel was closed.
    Closed(Channel),
    /// A peer was met, fell silent, came back or is over.
    Met(ProcId),
    /// See `Met`.
    Silent(ProcId),
    /// See `Met`.
    Back(ProcId),
    /// See `Met`.
    Lost(ProcId),
}

/// The application.
#[derive(Debug)]
pub struct Stream {
    /// The process.
    pub me: ProcId,
    /// Its name.
    pub name: String,
    /// What it saw, in its order, and when.
    pub seen: Vec<(Instant, Seen)>,
    /// What it found wrong by itself.
    pub wrong: Vec<String>,
    /// Whether it was killed.
    pub dead: bool,
    roster: Roster,
    choice: Choice,
    load: Load,
    asks: VecDeque<Down>,
    asking: Option<Seen>,
    open: BTreeMap<Channel, Vec<ProcId>>,
    /// Whom each channel reaches that was ever open.
    ever: BTreeMap<Channel, Vec<ProcId>>,
    /// Bytes told and not yet said to be taken.
    held: BTreeMap<(Channel, ProcId), u64>,
    full: BTreeSet<Channel>,
    casts: BTreeMap<Channel, u64>,
    beats: BTreeMap<ProcId, u64>,
    beat: u64,
    quiet: bool,
    next: Option<Instant>,
}

/// The channel of a set of processes: a hash of them, so that all of them find the same number.
#[must_use]
pub fn channel_of(processes: &BTreeSet<ProcId>) -> Channel {
    let mut digest = Digest::default();
    for process in processes {
        digest.add(process.node.0);
        digest.add(process.incarnation);
    }
    Channel(digest.value())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut digest = Digest::default();
    digest.add_bytes(bytes);
    digest.value()
}

impl Stream {
    /// The application of a process that starts.
    #[must_use]
    pub fn new(birth: Birth, load: Load) -> Self {
        let mut stream = Self {
            me: birth.me,
            name: birth.name,
            seen: Vec::new(),
            wrong: Vec::new(),
            dead: false,
            choice: birth.choice,
            load,
            asks: VecDeque::new(),
            asking: None,
            open: BTreeMap::new(),
            ever: BTreeMap::new(),
            held: BTreeMap::new(),
            full: BTreeSet::new(),
            casts: BTreeMap::new(),
            beats: BTreeMap::new(),
            beat: 0,
            quiet: false,
            next: Some(birth.now),
            roster: birth.roster,
        };
        stream.meet_all(birth.host);
        if birth.me.incarnation == 1 {
            let first = |host| ProcId { node: stream.roster.node(host), incarnation: 1 };
            let all: BTreeSet<_> = (0..stream.roster.hosts()).map(first).collect();
            stream.open(all);
        }
        stream
    }

    fn meet_all(&mut self, me: usize) {
        for host in (0..self.roster.hosts()).filter(|host| *host != me) {
            let address = Address::Pipe(u32::try_from(host).expect("hosts are few"));
            self.asks.push_back(Down::Meet { node: self.roster.node(host), address });
        }
    }

    fn open(&mut self, all: BTreeSet<ProcId>) {
        let channel = channel_of(&all);
        let peers: Vec<_> = all.into_iter().filter(|peer| *peer != self.me).collect();
        if self.open.insert(channel, peers.clone()).is_none() {
            self.ever.insert(channel, peers.clone());
            self.asks.push_back(Down::Open { channel, peers, credit: true });
        }
    }

    fn close(&mut self, channel: Channel) {
        if self.open.remove(&channel).is_some() {
            self.held.retain(|(on, _), _| *on != channel);
            self.full.remove(&channel);
            self.asks.push_back(Down::Close { channel });
            // Not asked yet, but nothing is expected of it from here on.
            self.note_now(Seen::Closed(channel));
        }
    }

    fn note_now(&mut self, seen: Seen) {
        let at = self.seen.last().map_or(Instant::ZERO, |(at, _)| *at);
        self.seen.push((at, seen));
    }

    /// The channels that are open here, and whom they reach.
    #[must_use]
    pub const fn channels(&self) -> &BTreeMap<Channel, Vec<ProcId>> {
        &self.open
    }

    /// Whom a channel reaches, or reached.
    #[must_use]
    pub fn reached(&self, channel: Channel) -> &[ProcId] {
        self.ever.get(&channel).map_or(&[], Vec::as_slice)
    }

    fn audience(&mut self) -> Audience {
        if self.choice.chance(700_000) {
            return Audience::ALL;
        }
        let mut some = Audience::NONE;
        (0..self.roster.hosts())
            .filter(|_| self.choice.chance(500_000))
            .for_each(|at| some.insert(at));
        some
    }

    /// What was told is done with; now and then, so that windows fill.
    fn take(&mut self) {
        for ((channel, from), bytes) in std::mem::take(&mut self.held) {
            self.asks.push_back(Down::Taken { channel, from, bytes });
        }
    }

    fn body(&mut self) -> Bytes {
        let length = self.load.body_bytes(&mut self.choice);
        let mut body = Vec::with_capacity(length + 8);
        body.extend_from_slice(&self.choice.below(u64::MAX).to_le_bytes());
        while body.len() < length {
            body.push(body[body.len() - 8].wrapping_mul(31).wrapping_add(body.len() as u8));
        }
        body.into()
    }

    fn act(&mut self) {
        let channels: Vec<_> =
            self.open.keys().copied().filter(|channel| !self.full.contains(channel)).collect();
        for _ in 0..self.choice.between(1, self.load.burst_max) {
            if !channels.is_empty() && self.choice.chance(800_000) {
                let channel = *self.choice.pick(&channels);
                let message = Message::new(self.body());
                let to = self.audience();
                self.asks.push_back(Down::Cast { channel, to, message });
            }
        }
        if self.choice.chance(500_000) {
            self.take();
        }
        let peers: Vec<_> = self.beats.keys().copied().collect();
        if peers.is_empty() {
            return;
        }
        let to = *self.choice.pick(&peers);
        let message = Message::new(self.body());
        match self.choice.below(4) {
            0 => {
                self.beat += 1;
                let bytes = self.beat.to_le_bytes().to_vec().into();
                let soon = self.choice.chance(100_000);
                self.asks.push_back(Down::Beat { to, bytes, soon });
            }
            1 => self.asks.push_back(Down::Tell { to, change: false, message }),
            _ => self.asks.push_back(Down::Send { to, message }),
        }
    }

    fn told_beat(&mut self, from: ProcId, bytes: &[u8]) {
        let Ok(number) = bytes.try_into().map(u64::from_le_bytes) else {
            if !bytes.is_empty() {
                self.wrong.push(format!("beat: {} bytes of {from:?}", bytes.len()));
            }
            return;
        };
        let last = self.beats.entry(from).or_default();
        if number < *last {
            self.wrong.push(format!("beat: {number} of {from:?} after {last}"));
        }
        *last = number;
    }
}

impl App for Stream {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, now: Instant, up: Up) {
        let seen = match up {
            Up::Met { peer } => {
                self.beats.entry(peer).or_default();
                self.open([self.me, peer].into());
                Seen::Met(peer)
            }
            Up::Skip { channel, from, below } => Seen::Skipped(channel, from, below),
            Up::Cast { channel, from, seq, message } => {
                *self.held.entry((channel, from)).or_default() += message.len() as u64;
                Seen::Heard(channel, from, seq, hash(message.body()))
            }
            Up::Send { from, message } => Seen::Got(from, hash(message.body())),
            Up::Tell { .. } => return,
            Up::Beat { from, bytes } => return self.told_beat(from, &bytes),
            Up::Settled { channel, below } => Seen::Settled(channel, below),
            Up::Gone { channel, peer } => Seen::Gone(channel, peer),
            Up::Silent { peer, .. } => Seen::Silent(peer),
            Up::Back { peer } => Seen::Back(peer),
            Up::Lost { peer } => {
                self.beats.remove(&peer);
                Seen::Lost(peer)
            }
            Up::Room { channel } => {
                self.full.remove(&channel);
                return;
            }
            Up::TooLong { channel, bytes } => {
                self.wrong.push(format!("{bytes} bytes on {channel:?} are too long"));
                return;
            }
            Up::Refused { peer, versions } => {
                self.wrong.push(format!("{peer:?} of versions {versions:?} refused in one world"));
                return;
            }
        };
        let lost = if let Seen::Lost(peer) = seen { Some(peer) } else { None };
        self.seen.push((now, seen));
        if let Some(peer) = lost {
            self.close(channel_of(&[self.me, peer].into()));
        }
    }

    fn ask(&mut self, _now: Instant) -> Option<Down> {
        let ask = loop {
            let ask = self.asks.pop_front()?;
            // What became pointless while it waited here is not asked.
            match &ask {
                Down::Cast { channel, .. } if !self.open.contains_key(channel) => {}
                Down::Send { to, .. } if !self.beats.contains_key(to) => {}
                _ => break ask,
            }
        };
        self.asking = match &ask {
            Down::Cast { channel, to, message } => {
                let number = self.casts.get(channel).copied().unwrap_or(0);
                Some(Seen::Cast(*channel, number, hash(message.body()), *to))
            }
            Down::Send { to, message } => Some(Seen::Sent(*to, hash(message.body()))),
            _ => None,
        };
        Some(ask)
    }

    fn asked(&mut self, now: Instant, refused: Option<Down>) {
        let asking = self.asking.take();
        match refused {
            None => {
                if let Some(Seen::Cast(channel, ..)) = asking {
                    *self.casts.entry(channel).or_default() += 1;
                }
                self.seen.extend(asking.map(|seen| (now, seen)));
            }
            Some(Down::Cast { channel, .. }) => {
                self.full.insert(channel);
            }
            Some(_) => {}
        }
    }

    fn wake(&mut self, now: Instant) {
        if self.next.is_some_and(|next| next <= now) {
            if self.quiet {
                self.take();
            } else {
                self.act();
            }
            let (low, high) = (self.load.gap_min_ms, self.load.gap_max_ms);
            self.next = Some(later(now, &mut self.choice, low, high));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn phase(&mut self, _now: Instant, phase: Phase, _with: &[String]) {
        // What it still holds it takes, or who waits for that would wait for ever.
        self.quiet = phase > Phase::Storm;
        if phase == Phase::End {
            self.next = None;
        }
    }

    fn crashed(&mut self, _now: Instant) {
        self.dead = true;
    }
}
