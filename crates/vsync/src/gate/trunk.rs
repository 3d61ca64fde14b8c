//! Trunk: one transport beneath the kernels of all clients of a daemon.
//!
//! Takes: what the lines ask and what the transport tells. Promises: each kernel has what a
//! transport of its own would give it, under its client's own name; links, silence and keys are the
//! daemon's, and a multicast goes to another daemon once, however many of its clients it is for.
//! Keeps: who is behind which daemon, and what the heartbeats between kernels carry.
//!
//! A daemon tells every other who is attached to it, and who no longer is: so a client's death is
//! known at its peers as soon as it is known here.

mod beats;
mod channels;
mod hearing;
pub(crate) mod letter;
mod neighbour;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{
    Channel, Counted, Down, Duration, Full, Guard, Guarded, Instant, Message, Multicast, NodeId,
    ProcId, Up, Wire as _,
};

use self::beats::{Beats, Pair};
use self::letter::{Letter, Pulse, Table};
use self::neighbour::Neighbour;
use super::shared::Shared;
use crate::limits::{GATE_NODES_MAX, GATE_TABLE_TOLD_MAX};

/// A client's kernel, seen from here.
#[derive(Debug, Default)]
pub(crate) struct Port {
    /// What it is to be told.
    pub(crate) told: VecDeque<Up>,
    /// It takes no multicasts now.
    choked: bool,
}

/// The newest process known of a node.
#[derive(Debug, Clone)]
struct Known {
    proc: ProcId,
    name: Vec<u8>,
    /// The daemon that it is behind; none: this one.
    host: Option<ProcId>,
    over: bool,
}

/// Where a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whereabouts {
    /// The newest of its node.
    pub proc: ProcId,
    /// The daemon that it is or was attached to; none: this one.
    pub daemon: Option<ProcId>,
    /// It is not attached any more.
    pub over: bool,
    /// Since when nothing has been heard of its daemon.
    pub silent: Option<Instant>,
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Trunk<M> {
    host: M,
    ports: BTreeMap<ProcId, Port>,
    neighbours: BTreeMap<ProcId, Neighbour>,
    nodes: BTreeMap<NodeId, Known>,
    channels: BTreeMap<Channel, Shared>,
    /// Those that are not open yet, and when each has waited long enough.
    waiting: BTreeSet<(Instant, Channel)>,
    /// Those on which something was multicast that not everybody here has been told.
    fed: BTreeSet<Channel>,
    /// What kernels here say to each of their peers.
    beats: Beats,
    /// Of what of that goes to other daemons.
    version: u64,
    beat: Duration,
    silence: Duration,
    tick: Instant,
    /// Ports with something to be told.
    pub(crate) stirred: BTreeSet<ProcId>,
    /// Those that another port has something for: it takes a turn. Kernels here that answer each
    /// other at once would keep time from passing.
    later: BTreeSet<ProcId>,
    /// A port is asking.
    asking: bool,
    /// Clients of whose node a later incarnation was met.
    pub(crate) superseded: BTreeSet<ProcId>,
    /// Daemons with which no version of frames is shared, and what they speak: to be told.
    pub(crate) refused: Vec<(ProcId, (u8, u8))>,
    malformed: u64,
}

impl<M: Multicast> Trunk<M> {
    /// Over this transport, whose heartbeats and patience these are.
    pub(crate) fn new(host: M, beat: Duration, silence: Duration) -> Self {
        Self {
            host,
            ports: BTreeMap::new(),
            neighbours: BTreeMap::new(),
            nodes: BTreeMap::new(),
            channels: BTreeMap::new(),
            waiting: BTreeSet::new(),
            fed: BTreeSet::new(),
            beats: Beats::default(),
            version: 1,
            beat,
            silence,
            tick: Instant::ZERO,
            stirred: BTreeSet::new(),
            later: BTreeSet::new(),
            asking: false,
            superseded: BTreeSet::new(),
            refused: Vec::new(),
            malformed: 0,
        }
    }

    pub(crate) const fn host(&self) -> &M {
        &self.host
    }

    pub(crate) const fn host_mut(&mut self) -> &mut M {
        &mut self.host
    }

    /// Other daemons that are heard.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = NodeId> + '_ {
        let heard = self.neighbours.iter().filter(|(_, neighbour)| neighbour.silent.is_none());
        heard.map(|(host, _)| host.node)
    }

    /// Every other daemon that was met and is not over, and since when it is silent if it is.
    pub(crate) fn daemons(&self) -> impl Iterator<Item = (ProcId, Option<Instant>)> + '_ {
        self.neighbours.iter().map(|(host, neighbour)| (*host, neighbour.silent))
    }

    /// The newest process known of that node, and whether it is over.
    pub(crate) fn newest(&self, node: NodeId) -> Option<(ProcId, bool)> {
        self.nodes.get(&node).map(|known| (known.proc, known.over))
    }

    /// What the node of a process is called, if that was told.
    pub(crate) fn name(&self, node: NodeId) -> Option<&[u8]> {
        self.nodes.get(&node).map(|known| &known.name[..]).filter(|name| !name.is_empty())
    }

    /// Where the newest process of a node is, if one was ever met.
    pub(crate) fn explain(&self, node: NodeId) -> Option<Whereabouts> {
        let known = self.nodes.get(&node)?;
        let neighbour = known.host.and_then(|host| self.neighbours.get(&host));
        let silent = neighbour.and_then(|neighbour| neighbour.silent);
        Some(Whereabouts { proc: known.proc, daemon: known.host, over: known.over, silent })
    }

    /// Moves what a kernel is to be told behind what it has not looked at yet.
    pub(crate) fn pass(&mut self, proc: ProcId, told: &mut VecDeque<Up>) {
        let Some(port) = self.ports.get_mut(&proc) else { return };
        if told.is_empty() {
            // Both go on where there is room already.
            core::mem::swap(told, &mut port.told);
        }
        told.append(&mut port.told);
    }

    fn tell(&mut self, proc: ProcId, up: Up) {
        if let Some(port) = self.ports.get_mut(&proc) {
            port.told.push_back(up);
            self.stir(proc);
        }
    }

    fn stir(&mut self, proc: ProcId) {
        if self.asking {
            self.later.insert(proc);
        } else {
            self.stirred.insert(proc);
        }
    }

    fn tell_all(&mut self, except: ProcId, up: &Up) {
        for (proc, port) in self.ports.iter_mut().filter(|(proc, _)| **proc != except) {
            port.told.push_back(up.clone());
            self.stirred.insert(*proc);
        }
    }

    /// A client is attached; an earlier one of its node is not any more.
    pub(crate) fn attach(&mut self, now: Instant, proc: ProcId, name: &str) {
        self.know(proc, None, name.as_bytes().to_vec());
        self.ports.insert(proc, Port::default());
        let living = self.nodes.values().filter(|known| !known.over && known.proc != proc);
        let living: VecDeque<_> = living.map(|known| (known.proc, known.host)).collect();
        for (peer, host) in living {
            self.tell(proc, Up::Met { peer });
            let silent = host.and_then(|host| self.neighbours.get(&host)?.silent);
            if let Some(since) = silent {
                self.tell(proc, Up::Silent { peer, since });
            }
        }
        self.tell_all(proc, &Up::Met { peer: proc });
        self.announce(now, proc, true);
        self.tend_channels(now);
    }

    /// A client is not attached any more.
    pub(crate) fn detach(&mut self, now: Instant, proc: ProcId) {
        self.ports.remove(&proc);
        self.stirred.remove(&proc);
        self.later.remove(&proc);
        self.superseded.remove(&proc);
        self.beats.forget(proc);
        self.version += 1;
        let channels: VecDeque<Channel> = self.channels.keys().copied().collect();
        for channel in channels {
            self.close(now, proc, channel);
        }
        if let Some(known) = self.nodes.get_mut(&proc.node)
            && known.proc == proc
            && !known.over
        {
            known.over = true;
            self.tell_all(proc, &Up::Lost { peer: proc });
        }
        self.announce(now, proc, false);
        self.tend_channels(now);
    }

    /// Notes where the newest process of a node is; of an earlier one everybody is told.
    fn know(&mut self, proc: ProcId, host: Option<ProcId>, name: Vec<u8>) {
        let known = Known { proc, name, host, over: false };
        let before = self.nodes.insert(proc.node, known);
        if let Some(before) = before.filter(|before| before.proc != proc && !before.over) {
            self.tell_all(proc, &Up::Lost { peer: before.proc });
            if before.host.is_none() {
                self.superseded.insert(before.proc);
            }
        }
        if self.nodes.len() > GATE_NODES_MAX {
            self.nodes.retain(|_, known| !known.over);
        }
    }

    /// The daemon of a process that is elsewhere.
    fn home(&self, proc: ProcId) -> Option<ProcId> {
        let known = self.nodes.get(&proc.node).filter(|known| known.proc == proc)?;
        known.host.filter(|host| self.neighbours.contains_key(host))
    }

    /// Whether a client takes no multicasts for now.
    pub(crate) fn choke(&mut self, now: Instant, proc: ProcId, choked: bool) {
        let Some(port) = self.ports.get_mut(&proc) else { return };
        if core::mem::replace(&mut port.choked, choked) && !choked {
            let channels: VecDeque<Channel> = self.channels.keys().copied().collect();
            for channel in channels {
                self.deliver(now, channel);
            }
        }
    }

    /// Whether a client should wait that casts on this channel, or, without one, sends.
    pub(crate) fn is_full(&self, proc: ProcId, channel: Option<Channel>) -> bool {
        match channel {
            Some(channel) => self.channels.get(&channel).is_some_and(Shared::is_full),
            // What others have sent to a daemon that does not take it is no reason.
            None => self.neighbours.values().any(|neighbour| neighbour.keeps(proc)),
        }
    }

    /// Takes all that a kernel asks of its transport.
    pub(crate) fn ask(&mut self, now: Instant, me: ProcId, asks: impl Iterator<Item = Down>) {
        self.asking = true;
        asks.for_each(|ask| self.take_ask(now, me, ask));
        self.deliver_fed(now);
        self.asking = false;
    }

    fn take_ask(&mut self, now: Instant, me: ProcId, ask: Down) {
        match ask {
            Down::Open { channel, peers, .. } => self.open(now, me, channel, &peers),
            Down::Close { channel } => self.close(now, me, channel),
            Down::Cast { channel, to, message } | Down::Press { channel, to, message } => {
                self.cast(now, me, channel, to, message);
            }
            Down::Send { to, message } => {
                if self.ports.contains_key(&to) {
                    self.tell(to, Up::Send { from: me, message });
                } else if let Some(host) = self.home(to) {
                    self.post(now, host, Some(me), &Letter::To { from: me, to }, message);
                }
            }
            Down::Tell { to, change, mut message } => {
                if self.ports.contains_key(&to) {
                    self.tell(to, Up::Tell { from: me, message });
                } else if let Some(host) = self.home(to) {
                    message.push(&Letter::To { from: me, to });
                    self.ask_host(now, Down::Tell { to: host, change, message });
                }
            }
            Down::Beat { to, bytes, soon } => {
                if self.ports.contains_key(&to) {
                    self.beats.say_here(now, self.beat, (me, to), bytes);
                } else {
                    self.version += 1;
                    self.beats.say((me, to), bytes);
                    if soon {
                        self.tick = self.tick.min(now + beats::moment(self.beat));
                    }
                }
            }
            Down::Miss { peer } => {
                if let Some(peer) = self.home(peer) {
                    self.ask_host(now, Down::Miss { peer });
                }
            }
            // Credit is this floor's, whom daemons meet is theirs, and a client takes its leave at
            // the gate. The kernel leaves nobody out of a channel.
            Down::Taken { .. } | Down::Meet { .. } | Down::Farewell | Down::Omit { .. } => {}
        }
    }

    /// Asks the transport for what it never hands back.
    fn ask_host(&mut self, now: Instant, ask: Down) {
        let taken = self.host.down(now, ask);
        debug_assert!(taken.is_ok(), "only what is reliable is ever handed back");
    }

    /// Sends a letter to another daemon, reliably and in order.
    fn post(
        &mut self,
        now: Instant,
        to: ProcId,
        from: Option<ProcId>,
        letter: &Letter,
        mut message: Message,
    ) {
        message.push(letter);
        let Some(neighbour) = self.neighbours.get_mut(&to) else { return };
        if neighbour.keeps_any() {
            neighbour.keep(from, message);
        } else if let Err(Full(Down::Send { message, .. })) =
            self.host.down(now, Down::Send { to, message })
        {
            neighbour.keep(from, message);
        }
    }

    /// Tells the other daemons that a client is here, or has gone; those that are silent later.
    fn announce(&mut self, now: Instant, proc: ProcId, here: bool) {
        let mut heard = VecDeque::new();
        for (host, neighbour) in &mut self.neighbours {
            if neighbour.silent.is_none() {
                heard.push_back(*host);
            } else {
                neighbour.note(proc, here);
            }
        }
        for host in heard {
            self.post_place(now, host, proc, here);
        }
    }

    fn post_place(&mut self, now: Instant, host: ProcId, proc: ProcId, here: bool) {
        let letter = if here {
            Letter::Here { proc, name: self.name(proc.node).unwrap_or_default().to_vec() }
        } else {
            Letter::Gone { proc }
        };
        self.post(now, host, None, &letter, Message::default());
    }

    /// What is due by now: heartbeats between kernels, and channels that waited long enough.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.host.wake(now);
        self.stirred.append(&mut self.later);
        if self.waiting.first().is_some_and(|(patience, _)| *patience <= now) {
            self.tend_channels(now);
        }
        let fresh = self.beats.take_fresh(now);
        self.tell_beats(fresh);
        if self.tick > now {
            return;
        }
        self.tick = now + self.beat;
        self.ports.values_mut().for_each(|port| port.told.shrink_to_fit());
        let again = self.beats.again(|to| self.ports.contains_key(to));
        self.tell_beats(again);
        let there: VecDeque<ProcId> = self.neighbours.keys().copied().collect();
        for host in there {
            self.pulse(now, host);
        }
    }

    fn tell_beats(&mut self, beats: Vec<(Pair, Bytes)>) {
        for ((from, to), bytes) in beats {
            self.tell(to, Up::Beat { from, bytes });
        }
    }

    /// Sees that another daemon has our table, and knows that we have its.
    fn pulse(&mut self, now: Instant, host: ProcId) {
        self.beat_to(now, host);
        let has = self.neighbours.get(&host).map_or(0, |neighbour| neighbour.has);
        if has != self.version {
            let nodes = &self.nodes;
            let there = |to: ProcId| {
                let known = nodes.get(&to.node);
                known.is_some_and(|known| known.proc == to && known.host == Some(host))
            };
            let mut table = Vec::new();
            Table::of(self.version, &self.beats.to(there)).write(&mut table);
            self.send_table(now, host, table);
        }
    }

    /// Tells it another daemon: again and again until it is there. A long one would hardly ever
    /// come whole that way, and goes as a letter, the next once it is there.
    fn send_table(&mut self, now: Instant, host: ProcId, table: Vec<u8>) {
        let Some(neighbour) = self.neighbours.get_mut(&host) else { return };
        let mut message = Message::new(table);
        if message.len() <= GATE_TABLE_TOLD_MAX {
            message.push(&Letter::Table);
            self.ask_host(now, Down::Tell { to: host, change: false, message });
        } else if neighbour.has >= neighbour.posted {
            neighbour.posted = self.version;
            self.post(now, host, None, &Letter::Table, message);
        }
    }

    /// What heartbeats to another daemon carry from now on.
    fn beat_to(&mut self, now: Instant, host: ProcId) {
        let Some(neighbour) = self.neighbours.get(&host) else { return };
        let pulse = Pulse { version: self.version, has: neighbour.table.version };
        let mut bytes = Vec::new();
        pulse.write(&mut bytes);
        self.ask_host(now, Down::Beat { to: host, bytes: bytes.into(), soon: false });
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.later.is_empty() {
            return Some(Instant::ZERO);
        }
        let tick = (!self.ports.is_empty() || !self.neighbours.is_empty()).then_some(self.tick);
        let waiting = self.waiting.first().map(|(patience, _)| *patience);
        tick.into_iter().chain(waiting).chain(self.beats.due()).chain(self.host.deadline()).min()
    }
}

impl<M: Guarded> Guarded for Trunk<M> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.host.change_guard(now, guard);
    }
}

impl<M: Counted> Counted for Trunk<M> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let living = self.nodes.values().filter(|known| !known.over).count();
        each("gate.processes", living as u64);
        let silent = self.neighbours.values().filter(|one| one.silent.is_some()).count();
        each("gate.neighbours", self.neighbours.len() as u64);
        each("gate.silent", silent as u64);
        each("gate.channels", self.channels.len() as u64);
        each("gate.channels_waiting", self.waiting.len() as u64);
        each("gate.malformed", self.malformed);
        self.host.count(each);
    }
}
