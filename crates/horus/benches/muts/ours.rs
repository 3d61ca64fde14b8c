//! Ours: a process with a transport, told by lines what to send.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::os::Driver;
use muts::{
    Address, Audience, Channel, Config, Counted, Down, Full, Layer, Message, NodeId, ProcId,
    Random, Transport, Up,
};

use crate::common::words::Words;
use crate::common::{allocator, clock, crew};
use super::lossy::Lossy;
use super::stamp::{Pings, Times, Wish, read, stamped};

const FLOOD: Channel = Channel(1);
const PING: Channel = Channel(2);
/// The first of those that stay idle.
const IDLE: u64 = 1_000;

/// Casts between two looks at the network.
const BURST: usize = 64;

struct Member {
    rank: usize,
    driver: Driver,
    tower: Lossy<Transport>,
    peers: Vec<ProcId>,
    met: usize,
    delivered: u64,
    flood: Option<Message>,
    pings: Option<Pings>,
    times: Times,
}

const fn proc(rank: usize) -> ProcId {
    ProcId { node: NodeId(rank as u64 + 1), incarnation: 1 }
}

/// Lives until its lines end.
pub(crate) fn run(role: &Words) {
    let rank = role.get("rank");
    let config = Config::new(proc(rank), rank as u64 + 7);
    let transport = match role.all("keys").next() {
        None => Transport::new(config),
        Some(path) => {
            let text = std::fs::read_to_string(path).expect("the keys of this run");
            let keys = KeyFile::parse(&text).expect("as they were written");
            Transport::guarded(config, Box::new(Keyed::new(&keys)))
        }
    };
    let driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let bell = driver.bell();
    let lines = crew::lines(move || bell.ring());
    let at = driver.local_address().expect("it listens");
    crew::tell(&Words::new("listens").with("at", at));
    let tower = Lossy { tower: transport, loss: 0, random: Random::new(rank as u64) };
    let mut member = Member {
        rank,
        driver,
        tower,
        peers: Vec::new(),
        met: 0,
        delivered: 0,
        flood: None,
        pings: None,
        times: Times::new(),
    };
    member.live(&lines);
}

impl Member {
    fn live(&mut self, lines: &Receiver<Words>) {
        loop {
            while let Ok(words) = lines.try_recv() {
                self.take(&words);
            }
            let patience = self.send();
            self.driver.turn(&mut self.tower, patience).expect("the socket works");
            while let Some(up) = self.tower.up() {
                self.hear(up);
            }
        }
    }

    fn ask(&mut self, ask: Down) -> Result<(), Full<Down>> {
        let now = self.driver.now();
        self.tower.down(now, ask)
    }

    /// Sends what is to be sent; how long there is nothing more.
    fn send(&mut self) -> Option<Duration> {
        if let Some(message) = self.flood.clone() {
            for _ in 0..BURST {
                let message = message.clone();
                let cast = Down::Cast { channel: FLOOD, to: Audience::ALL, message };
                if self.ask(cast).is_err() {
                    return None;
                }
            }
            return Some(Duration::ZERO);
        }
        while let Some(pings) = &mut self.pings
            && pings.due()
        {
            let message = Message::new(stamped(pings.wish, pings.length));
            self.cast_ping(message);
        }
        self.pings.as_ref().and_then(Pings::wait)
    }

    fn cast_ping(&mut self, message: Message) {
        let to = Audience::ALL;
        self.ask(Down::Cast { channel: PING, to, message }).expect("few are under way");
    }

    fn hear(&mut self, up: Up) {
        match up {
            Up::Met { .. } => {
                self.met += 1;
                self.tell_met();
            }
            Up::Cast { channel: FLOOD, .. } => self.delivered += 1,
            Up::Cast { channel: PING, message, .. } => self.hear_ping(&message),
            _ => {}
        }
    }

    /// Others may meet this one before it is told of them.
    fn tell_met(&self) {
        if !self.peers.is_empty() && self.met == self.peers.len() {
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
            self.cast_ping(Message::new(back));
        }
    }

    fn take(&mut self, words: &Words) {
        match words.verb.as_str() {
            "meet" => {
                let others: Vec<_> =
                    words.all("at").enumerate().filter(|(rank, _)| *rank != self.rank).collect();
                self.peers = others.iter().map(|(rank, _)| proc(*rank)).collect();
                for (rank, at) in others {
                    let address = Address::Net(at.parse().expect("an address"));
                    let _ = self.ask(Down::Meet { node: proc(rank).node, address });
                }
                [FLOOD, PING].into_iter().for_each(|channel| self.open(channel));
                return self.tell_met();
            }
            "flood" => {
                let body = Bytes::from(vec![7; words.get("payload")]);
                self.flood = (words.get::<usize>("senders") > self.rank).then(|| Message::new(body));
            }
            "halt" => (self.flood, self.pings) = (None, None),
            "ping" => self.pings = (self.rank == 0).then(|| Pings::read(words)),
            "lose" => self.tower.loss = words.get("percent"),
            "idle" => {
                (0..words.get::<u64>("channels")).for_each(|at| self.open(Channel(IDLE + at)));
            }
            "count" => return crew::tell(&self.counted()),
            "times" => return crew::tell(&self.times.tell(Words::new("times"))),
            other => panic!("nobody knows `{other}`"),
        }
        crew::tell(&Words::new(&words.verb));
    }

    fn open(&mut self, channel: Channel) {
        let open = Down::Open { channel, peers: self.peers.clone(), credit: false };
        let _ = self.ask(open);
    }

    fn counted(&self) -> Words {
        let mut words = Words::new("counted")
            .with("at", clock::now_ns())
            .with("delivered", self.delivered)
            .with("calls", allocator::calls())
            .with("bytes", allocator::bytes());
        words.verb = "count".to_owned();
        let mut told = Vec::new();
        self.tower.tower.count(&mut |name, value| told.push((name, value)));
        for (name, value) in told {
            words = words.with(name, value);
        }
        words
    }
}
