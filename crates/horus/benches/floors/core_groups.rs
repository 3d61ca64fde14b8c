//! Core groups: the lanes of `vsync`.

use std::marker::PhantomData;

use muts::{Address, Counted, Instant, Layer, Message, ProcId};
use vsync::gate::Client;
use vsync::{Causality, Down, GroupId, Kernel, Order, Up};

use super::works::{Kind, Works};
use crate::common::words::Words;
use crate::member::floor::{Floor, Heard, LANES, Lane};
use crate::member::motor::Motor;
use crate::member::{proc, transport};

/// The first of those that stay idle.
const IDLE: u128 = 1_000;

/// The first of those that are worked on.
const WORK: u128 = 1_000_000;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct CoreGroups<T> {
    me: ProcId,
    /// The process of the first rank.
    first: ProcId,
    /// Of the kernel's words, whatever carries them out.
    tower: PhantomData<T>,
    peers: Vec<ProcId>,
    order: Order,
    /// Idle groups that have all their members here.
    complete: u64,
    works: Works,
    /// What this process would send on the second lane, where a member takes nothing.
    stuck: Option<Message>,
}

const fn group(lane: Lane) -> GroupId {
    GroupId(lane.at() as u128 + 1)
}

/// An order by its name.
pub(crate) fn order(words: &Words) -> Order {
    match words.all("order").next() {
        Some("cbcast") => Order::Causal,
        Some("abcast") => Order::Total,
        _ => Order::Fifo,
    }
}

/// Lives as a member of a crew.
pub(crate) fn run(role: &Words) {
    let rank: usize = role.get("rank");
    let named = role.all("named").next().is_some();
    let procs: fn(usize) -> ProcId = if named { crate::gate::proc } else { proc };
    let me = procs(rank);
    let mut config = vsync::Config::new(me, rank as u64 + 70);
    if role.all("causality").next() == Some(crate::vsync::figures::CONSERVATIVE) {
        config.causality = Causality::System;
    }
    let kernel = Kernel::new(transport(role, me), config);
    let floor = CoreGroups::new(me, procs(0));
    crate::member::run_with(role, floor, kernel, Motor::net(role), procs);
}

/// The same behind a daemon.
pub(crate) fn run_behind(role: &Words) {
    use crate::gate::{name, proc, socket};
    let rank: usize = role.get("rank");
    let pipe = muts::os::Pipe::open(&socket(role, rank.min(1))).expect("a daemon");
    let client = Client::new(proc(rank), name(rank));
    let floor = CoreGroups::new(proc(rank), proc(0));
    crate::member::run_with(role, floor, client, Motor::Pipe(pipe), proc);
}

/// One of those that are worked on.
const fn worked(at: u64) -> GroupId {
    GroupId(WORK + at as u128)
}

impl<T: Layer<Down = Down, Up = Up>> CoreGroups<T> {
    fn new(me: ProcId, first: ProcId) -> Self {
        let works = Works::none();
        let (peers, order, tower) = (Vec::new(), Order::Fifo, PhantomData);
        Self { me, first, tower, peers, order, complete: 0, works, stuck: None }
    }

    fn hear_view(&mut self, group: GroupId, members: usize) {
        let Some((kind, at)) = self.works.current() else { return };
        let wanted = match kind {
            Kind::Create => self.peers.len(),
            Kind::Add => self.peers.len() + 1,
            Kind::Remove | Kind::Leave => return,
        };
        if group == worked(at) && members == wanted {
            self.works.done();
        }
    }

    /// One member takes nothing more of the second lane, or goes on; the first would send there.
    fn choke(&mut self, tower: &mut T, now: Instant, words: &Words) {
        let (on, group) = (words.get::<bool>("on"), group(Lane::Second));
        if self.peers.iter().all(|peer| *peer < self.me) {
            let _ = tower.down(now, Down::Choke { group, choked: on });
        }
        let sends = on && self.me == self.first;
        self.stuck = sends.then(|| Message::new(vec![7; words.get("payload")]));
    }

    fn found(&self, tower: &mut T, now: Instant, group: GroupId) {
        let found = Down::Found { group, members: self.peers.clone() };
        let _ = tower.down(now, found);
    }
}

impl<T: Layer<Down = Down, Up = Up> + Counted> Floor for CoreGroups<T> {
    type Tower = T;

    fn meet(peer: ProcId, address: Address) -> Down {
        Down::Meet { node: peer.node, address }
    }

    fn open(&mut self, tower: &mut Self::Tower, now: Instant, peers: &[ProcId]) {
        self.peers = peers.to_vec();
        if self.me == self.first {
            LANES.into_iter().for_each(|lane| self.found(tower, now, group(lane)));
        }
    }

    fn cast(
        &mut self,
        tower: &mut Self::Tower,
        now: Instant,
        lane: Lane,
        message: Message,
    ) -> bool {
        let (group, order) = (group(lane), self.order);
        tower.down(now, Down::Cast { group, how: order.into(), message }).is_ok()
    }

    fn hear(&mut self, up: Up) -> Heard {
        let lane = |name: GroupId| LANES.into_iter().find(|lane| group(*lane) == name);
        match up {
            Up::Met { .. } => Heard::Met,
            Up::Cast { group, from, message, .. } if from.proc != self.me => {
                lane(group).map_or(Heard::Nothing, |lane| Heard::Cast(lane, message))
            }
            Up::View(view) => match lane(view.group) {
                Some(lane) => Heard::View(lane, view.members.len()),
                None => {
                    let whole = view.members.len() == self.peers.len() + 1;
                    self.complete += u64::from(whole);
                    self.hear_view(view.group, view.members.len());
                    Heard::Nothing
                }
            },
            Up::Out { group, .. } => {
                if self
                    .works
                    .current()
                    .is_some_and(|(kind, at)| kind == Kind::Leave && group == worked(at))
                {
                    self.works.done();
                }
                Heard::Nothing
            }
            _ => Heard::Nothing,
        }
    }

    fn take(&mut self, tower: &mut Self::Tower, now: Instant, words: &Words) -> Words {
        let answer = Words::new(&words.verb);
        match words.verb.as_str() {
            "flood" | "ping" => self.order = order(words),
            "leave" => {
                let _ = tower.down(now, Down::Leave { group: group(Lane::First) });
                return answer.with("at", crate::common::clock::now_ns());
            }
            "join" => {
                let join = Down::Join { group: group(Lane::First), contact: Some(self.first) };
                let _ = tower.down(now, join);
                return answer.with("at", crate::common::clock::now_ns());
            }
            "idle" => {
                let groups = words.get::<u128>("from")..words.get("to");
                groups.for_each(|at| self.found(tower, now, GroupId(IDLE + at)));
            }
            "choke" => self.choke(tower, now, words),
            "work" => self.works.begin(words),
            "worked" => return self.works.tell(answer),
            "complete" => return answer.with("groups", self.complete),
            other => panic!("nobody knows `{other}`"),
        }
        answer
    }

    fn step(&mut self, tower: &mut Self::Tower, now: Instant) {
        while let Some(message) = self.stuck.clone()
            && self.cast(tower, now, Lane::Second, message)
        {}
        let Some((kind, at)) = self.works.next() else { return };
        let (group, last) = (worked(at), self.peers.last().copied());
        let ask = match kind {
            Kind::Create => {
                let members = self.peers[..self.peers.len() - 1].to_vec();
                Down::Found { group, members }
            }
            Kind::Add => Down::Invite { group, members: last.into_iter().collect() },
            Kind::Remove | Kind::Leave => Down::Leave { group },
        };
        let _ = tower.down(now, ask);
    }

    fn views(peers: usize) -> Option<usize> {
        Some(peers + 1)
    }
}
