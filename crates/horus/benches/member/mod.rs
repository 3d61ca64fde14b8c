//! Member: a process with a tower up to some floor, told by lines what to send.

pub(crate) mod floor;
mod lossy;
pub(crate) mod motor;
pub(crate) mod stamp;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Counted, Layer, Message, NodeId, ProcId, Random, Transport};

use self::floor::{Floor, Heard, LANES, Lane};
use self::lossy::Lossy;
use self::motor::{Motor, address};
use self::stamp::{Pings, Times, Wish, read, stamped};
use crate::common::words::Words;
use crate::common::{allocator, clock, crew};

/// Casts between two looks at the network.
const BURST: usize = 64;

struct Member<F: Floor> {
    floor: F,
    rank: usize,
    motor: Motor,
    /// The process of a rank.
    procs: fn(usize) -> ProcId,
    tower: Lossy<F::Tower>,
    peers: Vec<ProcId>,
    met: usize,
    /// The members of the last view of each lane, and when that came.
    views: [(usize, u64); LANES.len()],
    /// When the first ping came after the last view of its lane.
    resumed: u64,
    ready: bool,
    delivered: u64,
    flood: Option<Message>,
    lanes: usize,
    /// Counts the messages of floods: each goes on the lane whose turn it is.
    lane: usize,
    pings: Option<Pings>,
    /// A ping that found no room, and when it was due.
    late: Option<u64>,
    /// The longest that one waited for room, in nanoseconds.
    pause: u64,
    times: Times,
}

/// The process of this rank.
pub(crate) const fn proc(rank: usize) -> ProcId {
    ProcId { node: NodeId(rank as u64 + 1), incarnation: 1 }
}

/// The transport of a role, with its keys if it has some.
pub(crate) fn transport(role: &Words, me: ProcId) -> Transport {
    let config = muts::Config::new(me, role.get::<u64>("rank") + 7);
    match role.all("keys").next() {
        None => Transport::new(config),
        Some(path) => {
            let text = std::fs::read_to_string(path).expect("the keys of this run");
            let keys = KeyFile::parse(&text).expect("as they were written");
            Transport::guarded(config, Box::new(Keyed::new(&keys)))
        }
    }
}

/// Lives until its lines end.
pub(crate) fn run<F: Floor>(role: &Words, floor: F, tower: F::Tower) {
    run_with(role, floor, tower, Motor::net(role), proc);
}

/// The same with this motor, for processes that are called so.
pub(crate) fn run_with<F: Floor>(
    role: &Words,
    floor: F,
    tower: F::Tower,
    motor: Motor,
    procs: fn(usize) -> ProcId,
) {
    let rank: usize = role.get("rank");
    let bell = motor.bell();
    let lines = crew::lines(move || bell.ring());
    crew::tell(&motor.listens());
    let mut member = Member {
        floor,
        rank,
        motor,
        procs,
        tower: Lossy { tower, loss: 0, random: Random::new(rank as u64) },
        peers: Vec::new(),
        met: 0,
        views: [(0, 0); LANES.len()],
        resumed: 0,
        ready: false,
        delivered: 0,
        flood: None,
        lanes: 1,
        lane: 0,
        pings: None,
        late: None,
        pause: 0,
        times: Times::new(),
    };
    member.live(&lines);
}

impl<F: Floor> Member<F> {
    fn live(&mut self, lines: &Receiver<Words>) {
        loop {
            let mut patience = None;
            while let Ok(words) = lines.try_recv() {
                self.take(&words);
                // What was asked for is begun after the turn, and not slept over.
                patience = Some(Duration::ZERO);
            }
            if self.floor.is_due() {
                patience = Some(Duration::ZERO);
            }
            let patience = self.send().map_or(patience, |wait| Some(patience.unwrap_or(wait)));
            self.motor.turn(&mut self.tower, patience);
            self.hear_all();
            self.floor.step(&mut self.tower.tower, self.motor.now());
            // What is told at once is not slept over.
            self.hear_all();
        }
    }

    fn hear_all(&mut self) {
        while let Some(up) = self.tower.up() {
            let heard = self.floor.hear(up);
            self.hear(heard);
        }
    }

    fn cast(&mut self, now: muts::Instant, lane: Lane, message: Message) -> bool {
        self.floor.cast(&mut self.tower.tower, now, lane, message)
    }

    /// Sends what is to be sent; how long there is nothing more.
    fn send(&mut self) -> Option<Duration> {
        let now = self.motor.now();
        if let Some(message) = self.flood.clone() {
            for _ in 0..BURST {
                // Who was refused is next, or others would have its turn.
                if !self.cast(now, LANES[self.lane % self.lanes], message.clone()) {
                    return None;
                }
                self.lane += 1;
            }
            return Some(Duration::ZERO);
        }
        while let Some(pings) = &mut self.pings
            && (self.late.is_some() || pings.due())
        {
            let message = Message::new(stamped(pings.wish, pings.length));
            let due = self.late.unwrap_or_else(clock::now_ns);
            if !self.cast(self.motor.now(), Lane::Ping, message) {
                self.late = Some(due);
                return Some(Duration::from_micros(100));
            }
            self.late = None;
            self.pause = self.pause.max(clock::now_ns() - due);
        }
        self.pings.as_ref().and_then(Pings::wait)
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Met => {
                self.met += 1;
                self.open();
            }
            Heard::View(lane, members) => {
                self.views[lane.at()] = (members, clock::now_ns());
                if lane == Lane::Ping {
                    self.resumed = 0;
                }
                self.tell_met();
            }
            Heard::Cast(Lane::Ping, message) => {
                if self.resumed == 0 {
                    self.resumed = clock::now_ns();
                }
                self.hear_ping(&message);
            }
            Heard::Cast(..) => self.delivered += 1,
            Heard::Nothing => {}
        }
    }

    /// Others may meet this one before it is told of them.
    fn open(&mut self) {
        if !self.peers.is_empty() && self.met >= self.peers.len() {
            let now = self.motor.now();
            self.floor.open(&mut self.tower.tower, now, &self.peers);
            self.tell_met();
        }
    }

    fn tell_met(&mut self) {
        let wanted = F::views(self.peers.len());
        let full = wanted.is_none_or(|all| self.views.iter().all(|(members, _)| *members == all));
        if full && !self.ready && !self.peers.is_empty() {
            self.ready = true;
            crew::tell(&Words::new("met"));
        }
    }

    fn hear_ping(&mut self, message: &Message) {
        let Some((sent, wish)) = read(message.body()) else { return };
        if wish == Wish::Note {
            self.times.note(sent);
        } else if self.rank == 1 {
            let mut back = message.body().to_vec();
            back[8] = Wish::Note as u8;
            self.cast(self.motor.now(), Lane::Ping, Message::new(back));
        }
    }

    fn take(&mut self, words: &Words) {
        let now = self.motor.now();
        match words.verb.as_str() {
            "meet" => {
                let others: Vec<_> =
                    words.all("at").enumerate().filter(|(rank, _)| *rank != self.rank).collect();
                self.peers = others.iter().map(|(rank, _)| (self.procs)(*rank)).collect();
                for (rank, at) in others {
                    let address = address(at);
                    let _ = self.tower.down(now, F::meet((self.procs)(rank), address));
                }
                return self.open();
            }
            "flood" => {
                let body = Bytes::from(vec![7; words.get("payload")]);
                self.flood =
                    (words.get::<usize>("senders") > self.rank).then(|| Message::new(body));
                self.lanes = words.all("lanes").next().map_or(1, |_| words.get("lanes"));
                self.floor.take(&mut self.tower.tower, now, words);
            }
            "halt" => (self.flood, self.pings, self.late) = (None, None, None),
            "ping" => {
                self.pings = (self.rank == 0).then(|| Pings::read(words));
                self.pause = 0;
                self.floor.take(&mut self.tower.tower, now, words);
            }
            "lose" => self.tower.loss = words.get("percent"),
            "bind" => crew::bind(self.rank, words),
            "count" => return crew::tell(&self.counted()),
            "times" => return crew::tell(&self.times.tell(Words::new("times"))),
            "view" => return crew::tell(&self.viewed()),
            _ => {
                let answer = self.floor.take(&mut self.tower.tower, now, words);
                return crew::tell(&answer);
            }
        }
        crew::tell(&Words::new(&words.verb));
    }

    /// The last view of the first lane, and the longest pause of a sender.
    fn viewed(&self) -> Words {
        let (members, at) = self.views[Lane::First.at()];
        let words = Words::new("view").with("members", members).with("at", at);
        words.with("pause", self.pause).with("resumed", self.resumed)
    }

    fn counted(&self) -> Words {
        let mut words = Words::new("count")
            .with("at", clock::now_ns())
            .with("cpu", clock::cpu_ns())
            .with("delivered", self.delivered)
            .with("calls", allocator::calls())
            .with("bytes", allocator::bytes());
        let mut told = Vec::new();
        self.tower.tower.count(&mut |name, value| told.push((name, value)));
        for (name, value) in told {
            words = words.with(name, value);
        }
        words
    }
}
