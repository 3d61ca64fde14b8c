//! Replicas: the lanes of `tools`, light-weight groups of all members, the first of them with a
//! state that every flood is a command to.

use bytes::{Buf as _, Bytes};
use lwg::{Down, Endpoint, Groups, LwgId, Members, Order, SendId, Smallest, Up};
use muts::{Address, Instant, Layer, Malformed, Message, ProcId, Sink, Transport, Wire};
use tools::{Answer, Asks, Corrupt, Frozen, Replica, State, Tool};
use vsync::Kernel;

use super::light::make_lanes;
use crate::common::clock;
use crate::common::words::Words;
use crate::member::floor::{Floor, Heard, LANES, Lane};
use crate::member::{proc, transport};

/// Bytes that a command does nothing with, and how many commands there were.
#[derive(Debug, Clone, Default)]
struct Heap {
    commands: u64,
    ballast: Bytes,
}

/// A command: bytes of any kind.
struct Said(Bytes);

impl Wire for Said {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(&self.0);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(Bytes::copy_from_slice(std::mem::take(from))))
    }
}

impl State for Heap {
    type Command = Said;
    type Answer = ();

    fn apply(&mut self, _: Said) {
        self.commands += 1;
    }
    fn save(&self, into: &mut Vec<u8>) {
        self.commands.write(into);
        into.extend_from_slice(&self.ballast);
    }
    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        Some(Box::new(Writing { commands: Some(self.commands), rest: self.ballast.clone() }))
    }
    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        Ok(Self { commands: u64::read(&mut from)?, ballast: Bytes::copy_from_slice(from) })
    }
}

struct Writing {
    commands: Option<u64>,
    rest: Bytes,
}

impl Frozen for Writing {
    fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool {
        if let Some(commands) = self.commands.take() {
            commands.write(into);
        }
        let piece = self.rest.len().min(most);
        into.extend_from_slice(&self.rest[..piece]);
        self.rest.advance(piece);
        self.rest.has_remaining()
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Replicas {
    me: Endpoint,
    /// In the names of all groups: the first process mints them.
    creator: u64,
    all: Vec<ProcId>,
    replica: Replica<Heap>,
    asks: Asks,
    sends: u64,
    /// When the state came last.
    ready_at: u64,
    now: Instant,
}

/// Lives as a member of a crew, with a state of so many `bytes`.
pub(crate) fn run(role: &Words) {
    let rank: usize = role.get("rank");
    let me = proc(rank);
    let kernel = Kernel::new(transport(role, me), vsync::Config::new(me, rank as u64 + 70));
    let policy = Smallest { extras_max: None, grace: None };
    let groups = Groups::with_policy(kernel, lwg::Config::new(Endpoint::of(me)), policy);
    let creator = LwgId::minted(Endpoint::of(proc(0)), 0).creator;
    let heap = Heap { commands: 0, ballast: vec![7; role.get("bytes")].into() };
    let first = LwgId { creator, count: Lane::First.at() as u64 + 1 };
    let floor = Replicas {
        me: Endpoint::of(me),
        creator,
        all: Vec::new(),
        // What is measured is how long it takes, not how well it is held back.
        replica: Replica::new(first, Endpoint::of(me), heap).with_rate(u64::MAX),
        asks: Asks::new(),
        sends: 0,
        ready_at: 0,
        now: Instant::ZERO,
    };
    crate::member::run(role, floor, groups);
}

impl Replicas {
    const fn group(&self, lane: Lane) -> LwgId {
        LwgId { creator: self.creator, count: lane.at() as u64 + 1 }
    }

    /// What the state has come to; whether it was moved by another's command.
    fn note_answers(&mut self) -> bool {
        let mut moved = false;
        while let Some(answer) = self.replica.answer() {
            match answer {
                Answer::Applied { from, .. } => moved |= from != self.me,
                Answer::Ready { .. } => self.ready_at = clock::now_ns(),
                _ => {}
            }
        }
        moved
    }
}

impl Floor for Replicas {
    type Tower = Groups<Kernel<Transport>>;

    fn meet(peer: ProcId, address: Address) -> Down {
        Down::Core(vsync::Down::Meet { node: peer.node, address })
    }

    fn open(&mut self, tower: &mut Self::Tower, now: Instant, peers: &[ProcId]) {
        self.all = peers.iter().copied().chain([self.me.proc]).collect();
        self.all.sort_unstable();
        if self.me.proc == proc(0) {
            make_lanes(tower, now, self.creator, &self.all);
        }
    }

    fn cast(
        &mut self,
        tower: &mut Self::Tower,
        now: Instant,
        lane: Lane,
        message: Message,
    ) -> bool {
        self.sends += 1;
        let send = SendId(self.sends);
        if lane == Lane::First {
            let mut asks = Asks::new();
            self.replica.propose(&Said(message.into_body()), send, false, &mut asks);
            return asks.take().is_none_or(|ask| tower.down(now, ask).is_ok());
        }
        let (lwg, how) = (self.group(lane), Order::Fifo.into());
        tower.down(now, Down::Send { lwg, send, how, replies: false, message }).is_ok()
    }

    fn hear(&mut self, up: Up) -> Heard {
        if let Up::Core(vsync::Up::Met { .. }) = up {
            return Heard::Met;
        }
        self.replica.hear(self.now, &up, &mut self.asks);
        let moved = self.note_answers();
        let lane = |lwg| LANES.into_iter().find(|lane| self.group(*lane) == lwg);
        match up {
            Up::View(view) => {
                lane(view.lwg).map_or(Heard::Nothing, |lane| Heard::View(lane, view.members.len()))
            }
            Up::Message { lwg, from, message, .. } if from != self.me => match lane(lwg) {
                Some(Lane::First) if !moved => Heard::Nothing,
                Some(lane) => Heard::Cast(lane, message),
                None => Heard::Nothing,
            },
            _ => Heard::Nothing,
        }
    }

    fn take(&mut self, tower: &mut Self::Tower, now: Instant, words: &Words) -> Words {
        let lwg = self.group(Lane::First);
        let last = || Members::from_slice(&[Endpoint::of(self.all[self.all.len() - 1])]);
        let ask = match words.verb.as_str() {
            "remove" => Some(Down::Remove { lwg, members: last() }),
            "add" => Some(Down::Add { lwg, members: last() }),
            "flood" | "ping" | "state" => None,
            other => panic!("nobody knows `{other}`"),
        };
        let answer = Words::new(&words.verb).with("at", clock::now_ns());
        ask.into_iter().for_each(|ask| _ = tower.down(now, ask));
        answer.with("ready_at", self.ready_at).with("is_in", self.replica.view().is_some())
    }

    fn step(&mut self, tower: &mut Self::Tower, now: Instant) {
        self.now = now;
        if self.is_due() {
            self.replica.wake(now, &mut self.asks);
            self.note_answers();
        }
        while let Some(ask) = self.asks.take() {
            if let Err(full) = tower.down(now, ask) {
                return self.asks.put_back(full.0);
            }
        }
    }

    fn is_due(&self) -> bool {
        self.replica.deadline().is_some_and(|due| due <= self.now)
    }

    fn views(peers: usize) -> Option<usize> {
        Some(peers + 1)
    }
}
