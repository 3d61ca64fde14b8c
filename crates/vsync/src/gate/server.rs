//! Server: the end of the gate in the system space. Many clients, a kernel for each, one transport.
//!
//! Takes: bytes of clients, datagrams, time. Promises: a client is harmed by nobody but itself: who
//! is slow, silent, hostile or greedy is put out with a reason, and what waits for each is bounded.
//! Keeps: for each client its kernel, what waits for it, and what it may still have under way.

mod guest;
mod interface;
mod own;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{
    Counted, Full, Guard, Guarded, Instant, Layer, Multicast, NodeId, Packet, Porter, ProcId,
    Transmit,
};

use self::guest::Guest;
pub use self::interface::{Config, News, Word};
use super::frame::{Bye, Say, Tell, common_version};
use super::out::Out;
use super::trunk::Trunk;
use crate::endpoint::GroupId;
use crate::grounds::{Exclusion, Hold};
use crate::kernel::Kernel;
use crate::limits::{GATE_AHEAD_MAX_US, GATE_STRANGERS_MAX};

/// Has a kernel for each client at the end of a pipe, and one transport `M` for all of them: what a
/// daemon turns. A client is harmed by nobody but itself: who is slow, silent or greedy is put out
/// with a reason, and what waits for each is bounded.
#[derive(Debug)]
pub struct Server<M> {
    config: Config,
    trunk: Trunk<M>,
    guests: BTreeMap<u32, Guest>,
    pipes: BTreeMap<ProcId, u32>,
    /// Clients to whom room is owed.
    owing: BTreeSet<u32>,
    told: VecDeque<News>,
    look: Instant,
    closed: Option<Bye>,
    attached: u64,
    put_out: BTreeMap<u8, u64>,
    /// What the kernels of those who went had counted: counters never fall.
    gone: BTreeMap<&'static str, u64>,
}

impl<M: Multicast> Server<M> {
    /// A server without clients, over this transport.
    pub fn new(below: M, config: Config) -> Self {
        Self {
            trunk: Trunk::new(below, config.beat, config.silence),
            config,
            guests: BTreeMap::new(),
            pipes: BTreeMap::new(),
            owing: BTreeSet::new(),
            told: VecDeque::new(),
            look: Instant::ZERO,
            closed: None,
            attached: 0,
            put_out: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    /// The transport below, to look at.
    pub const fn below(&self) -> &M {
        self.trunk.host()
    }

    /// The same, to be served.
    pub const fn below_mut(&mut self) -> &mut M {
        self.trunk.host_mut()
    }

    /// Changes what may be changed while it runs.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// The clients that are attached: pipe, process, name, groups, bytes that wait for them.
    pub fn clients(&self) -> impl Iterator<Item = (u32, ProcId, &str, usize, usize)> + '_ {
        self.guests.iter().filter_map(|(pipe, guest)| {
            let proc = guest.proc()?;
            Some((*pipe, proc, &guest.name[..], guest.groups.len(), guest.out.len()))
        })
    }

    /// Where the newest process of a node is, if one was ever met.
    pub fn explain(&self, node: NodeId) -> Option<super::trunk::Whereabouts> {
        self.trunk.explain(node)
    }

    /// What a node is called, if a process of it is or was attached anywhere.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        core::str::from_utf8(self.trunk.name(node)?).ok()
    }

    /// Other daemons that are heard.
    pub fn neighbours(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.trunk.neighbours()
    }

    /// Other daemons that were met and are not over, in the order of their numbers; and since when
    /// nothing is heard of one, if that is so.
    pub fn daemons(&self) -> impl Iterator<Item = (ProcId, Option<Instant>)> + '_ {
        self.trunk.daemons()
    }

    /// The views that clients here are in.
    pub fn views(&self) -> impl Iterator<Item = (ProcId, &crate::View)> + '_ {
        self.guests.values().filter_map(|guest| guest.proc().map(|proc| (proc, guest))).flat_map(
            |(proc, guest)| {
                let views = guest.groups.values().filter_map(|place| place.view.as_ref());
                views.map(move |view| (proc, view))
            },
        )
    }

    /// What holds a group at each client here that is in it: see [`crate::Kernel::why_held`].
    pub fn why_held(&self, group: GroupId) -> impl Iterator<Item = (ProcId, Vec<Hold>)> + '_ {
        let kernels = self.guests.values().filter(move |guest| guest.groups.contains_key(&group));
        kernels.filter_map(move |guest| {
            let (proc, kernel) = guest.kernel.as_ref()?;
            Some((*proc, kernel.why_held(group)))
        })
    }

    /// Whom flushes of clients here were begun without, by client: see
    /// [`crate::Kernel::why_excluded`].
    pub fn why_excluded(&self) -> impl Iterator<Item = (ProcId, &Exclusion)> + '_ {
        let kernels = self.guests.values().filter_map(|guest| guest.kernel.as_ref());
        kernels.flat_map(|(proc, kernel)| kernel.why_excluded().map(move |each| (*proc, each)))
    }

    fn take(&mut self, now: Instant, pipe: u32, say: Say) {
        let Some(guest) = self.guests.get_mut(&pipe) else { return };
        guest.heard = now;
        match (say, guest.kernel.is_some()) {
            (Say::Hello { versions, me, name }, false) => {
                self.attach(now, pipe, versions, me, name);
            }
            (Say::Pong, true) => {}
            // Answers are far longer than questions.
            (Say::Query(_), _) if guest.asking => self.put_out(now, pipe, Bye::Quota),
            (Say::Query(query), _) => {
                guest.asking = true;
                self.told.push_back(News::Asked { pipe, query });
            }
            (Say::Ask(crate::Down::Farewell), true) => self.put_out(now, pipe, Bye::Left),
            _ => self.put_out(now, pipe, Bye::Malformed),
        }
    }

    fn attach(&mut self, now: Instant, pipe: u32, versions: (u8, u8), me: ProcId, name: String) {
        let newest = self.trunk.newest(me.node);
        let over = newest.is_some_and(|(proc, _)| proc.incarnation >= me.incarnation);
        let uid = self.guests.get(&pipe).and_then(|guest| guest.uid);
        let stranger = self
            .config
            .users
            .as_ref()
            .is_some_and(|users| uid.is_none_or(|uid| !users.contains(&uid)));
        let earlier = newest.and_then(|(proc, _)| self.pipes.get(&proc).copied());
        // One user's process does not take the place of another's.
        let others = earlier
            .and_then(|pipe| self.guests.get(&pipe))
            .is_some_and(|other| uid.is_some() && other.uid.is_some() && uid != other.uid);
        let version = common_version(self.config.versions, versions);
        let start = self.config.me.incarnation;
        let latest = start.saturating_add(now.as_nanos() / 1_000).saturating_add(GATE_AHEAD_MAX_US);
        let why = if version.is_none() {
            Some(Bye::Version)
        } else if NodeId::of_name(&name) != me.node
            || me.node == self.config.me.node
            || stranger
            || others
            || me.incarnation > latest
        {
            Some(Bye::Forbidden)
        } else if self.closed.is_some() {
            self.closed
        } else if self.pipes.len() >= self.config.clients_max {
            Some(Bye::Crowded)
        } else {
            over.then_some(Bye::Superseded)
        };
        if let Some(why) = why {
            return self.put_out(now, pipe, why);
        }
        if let Some(earlier) = earlier {
            self.put_out(now, earlier, Bye::Superseded);
        }
        let (Some(guest), Some(version)) = (self.guests.get_mut(&pipe), version) else { return };
        let mut kernel = self.config.kernel.clone();
        kernel.me = me;
        kernel.seed ^= me.node.0 ^ me.incarnation.rotate_left(32);
        kernel.asks_first = true;
        // It would hand back what a client was promised.
        kernel.causality = crate::Causality::Group;
        guest.kernel = Some((me, Box::new(Kernel::new(super::line::Line::default(), kernel))));
        guest.name.clone_from(&name);
        guest.version = version;
        guest.reader.lift();
        guest.tell(&Tell::Welcome { version: version.into(), daemon: self.config.me });
        self.pipes.insert(me, pipe);
        self.attached += 1;
        self.trunk.attach(now, me, &name);
        self.told.push_back(News::Attached { pipe, proc: me, name });
    }

    /// A client goes, whether it likes it or not.
    fn put_out(&mut self, now: Instant, pipe: u32, why: Bye) {
        let Some(mut guest) = self.guests.remove(&pipe) else { return };
        self.owing.remove(&pipe);
        *self.put_out.entry(why as u8).or_default() += 1;
        if let Some((_, kernel)) = &guest.kernel {
            kernel.count_past(&mut |name, value| *self.gone.entry(name).or_default() += value);
        }
        let proc = guest.proc();
        if let Some(proc) = proc {
            self.pipes.remove(&proc);
            self.trunk.detach(now, proc);
        }
        // Whoever does not listen is not told more than why.
        if guest.choked.is_some() {
            guest.out = Out::default();
        }
        guest.tell(&Tell::Bye(why));
        let last = guest.out.take();
        self.told.push_back(News::Parted { pipe, proc, why, last });
    }

    /// What a kernel asks for and tells, to where it belongs.
    fn serve(&mut self, now: Instant, pipe: u32) {
        let Some(guest) = self.guests.get_mut(&pipe) else { return };
        let Some(proc) = guest.proc() else { return };
        loop {
            if let Some(asked) = guest.asked() {
                self.trunk.ask(now, proc, asked.drain(..));
            }
            if guest.tell_all(now, |node| self.trunk.name(node)) {
                return self.put_out(now, pipe, Bye::Slow);
            }
            // What it tells may make it ask for more.
            if guest.asked().is_none_or(|asked| asked.is_empty()) {
                break;
            }
        }
        self.choke(now, pipe);
    }

    /// Gives a client no more multicasts if too much waits for it.
    fn choke(&mut self, now: Instant, pipe: u32) {
        let Some(guest) = self.guests.get_mut(&pipe) else { return };
        if guest.is_backed_up() && guest.choked.is_none() {
            guest.choked = Some(now);
            if let Some(proc) = guest.proc() {
                self.trunk.choke(now, proc, true);
            }
        }
    }

    /// Lets what happened have all its effects.
    fn settle(&mut self, now: Instant) {
        loop {
            self.trunk.listen(now);
            let refused = self.trunk.refused.drain(..);
            self.told.extend(refused.map(|(peer, versions)| News::Refused { peer, versions }));
            while let Some(proc) = self.trunk.superseded.pop_first() {
                if let Some(pipe) = self.pipes.get(&proc).copied() {
                    self.put_out(now, pipe, Bye::Superseded);
                }
            }
            let Some(proc) = self.trunk.stirred.pop_first() else { break };
            let Some(pipe) = self.pipes.get(&proc).copied() else { continue };
            if let Some(guest) = self.guests.get_mut(&pipe) {
                guest.hear(now, |told| self.trunk.pass(proc, told));
            }
            self.serve(now, pipe);
        }
        self.give_room();
    }

    /// Tells clients that there is room again, where there is.
    fn give_room(&mut self) {
        for pipe in core::mem::take(&mut self.owing) {
            let Some(guest) = self.guests.get_mut(&pipe) else { continue };
            if guest.give_room(|proc, channel| self.trunk.is_full(proc, channel)) {
                self.owing.insert(pipe);
            }
        }
    }

    /// One more may come: of too many who have not said who they are one goes.
    fn make_room(&mut self, now: Instant) {
        let strangers = self.guests.iter().filter(|(_, guest)| guest.kernel.is_none());
        let mut heard: Vec<(Instant, u32)> =
            strangers.map(|(pipe, guest)| (guest.heard, *pipe)).collect();
        if heard.len() >= GATE_STRANGERS_MAX {
            heard.sort_unstable();
            self.put_out(now, heard[0].1, Bye::Crowded);
        }
    }

    /// Who has given no sign of life, or does not listen, goes.
    fn look_at_guests(&mut self, now: Instant) {
        // Who was away itself accuses nobody, be it once for long or again and again for a moment.
        let late = now.since(self.look);
        self.guests.values_mut().for_each(|guest| guest.excuse(now, late));
        self.look = now + self.config.beat;
        let mut out = Vec::new();
        for (pipe, guest) in &mut self.guests {
            guest.rest();
            let quiet = now.since(guest.heard);
            if quiet > self.config.silence {
                out.push((*pipe, Bye::Silent));
            } else if [guest.choked, guest.kept_waiting()]
                .into_iter()
                .flatten()
                .any(|since| now.since(since) > self.config.slow)
            {
                out.push((*pipe, Bye::Slow));
            } else if quiet > self.config.silence / 4 && guest.kernel.is_some() {
                guest.tell(&Tell::Ping);
            }
        }
        for (pipe, why) in out {
            self.put_out(now, pipe, why);
        }
    }

    fn wake_kernels(&mut self, now: Instant) {
        let due = self.guests.iter().filter(|(_, guest)| guest.is_due(now));
        let due: Vec<u32> = due.map(|(pipe, _)| *pipe).collect();
        for pipe in due {
            if let Some((_, kernel)) = self.guests.get_mut(&pipe).and_then(|it| it.kernel.as_mut())
            {
                kernel.wake(now);
            }
            self.serve(now, pipe);
        }
    }
}

impl<M: Multicast> Layer for Server<M> {
    type Down = Word;
    type Up = News;

    fn down(&mut self, now: Instant, word: Word) -> Result<(), Full<Word>> {
        match word {
            Word::Meet { node, address } => {
                let _ = self.trunk.host_mut().down(now, muts::Down::Meet { node, address });
            }
            Word::PutOut { pipe, why } => self.put_out(now, pipe, why),
            Word::Answer { pipe, answer } => {
                if let Some(guest) = self.guests.get_mut(&pipe) {
                    guest.asking = false;
                    guest.tell(&Tell::Answer(answer));
                }
                self.choke(now, pipe);
            }
            Word::Close(why) => self.closed = why,
            Word::Farewell => {
                let all: Vec<u32> = self.guests.keys().copied().collect();
                for pipe in all {
                    self.put_out(now, pipe, Bye::Stopping);
                }
                let _ = self.trunk.host_mut().down(now, muts::Down::Farewell);
            }
        }
        self.settle(now);
        Ok(())
    }

    fn up(&mut self) -> Option<News> {
        self.told.pop_front()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.trunk.host_mut().receive(now, packet);
        self.settle(now);
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.trunk.host_mut().transmit(now)
    }

    fn wake(&mut self, now: Instant) {
        self.trunk.wake(now);
        if self.look <= now {
            self.look_at_guests(now);
        }
        self.wake_kernels(now);
        self.settle(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let kernels = self.guests.values().filter_map(Guest::deadline);
        let look = (!self.guests.is_empty()).then_some(self.look);
        kernels.chain(look).chain(self.trunk.deadline()).min()
    }
}

impl<M: Multicast + Counted> Server<M> {
    /// Tells a client what is under way at its kernel; false if it has none yet.
    fn tell_under_way(&mut self, now: Instant, pipe: u32) -> bool {
        let guest = self.guests.get_mut(&pipe);
        guest.is_some_and(|guest| guest.tell_under_way(now, self.trunk.host()))
    }
}

impl<M: Multicast + Counted> Porter for Server<M> {
    fn opened(&mut self, now: Instant, pipe: u32, uid: Option<u32>) {
        if self.guests.is_empty() {
            self.look = now;
        }
        self.make_room(now);
        self.guests.insert(pipe, Guest::new(now, uid));
    }

    fn ended(&mut self, now: Instant, pipe: u32) {
        self.put_out(now, pipe, Bye::Left);
        self.settle(now);
    }

    fn hear(&mut self, now: Instant, pipe: u32, mut bytes: &[u8]) {
        if let Some(guest) = self.guests.get_mut(&pipe)
            && guest.kernel.is_some()
        {
            guest.heard = now;
        }
        while let Some(guest) = self.guests.get_mut(&pipe) {
            let asks = guest.take_asks(now, &mut bytes, self.config.groups_max);
            // Asks before anything else, and before the mistake for which somebody goes, count.
            self.serve(now, pipe);
            match asks {
                Ok(Some(Say::Look)) if self.tell_under_way(now, pipe) => {}
                Ok(Some(say)) => self.take(now, pipe, say),
                Ok(None) => break,
                Err(why) => self.put_out(now, pipe, why),
            }
        }
        self.owing.insert(pipe);
        self.settle(now);
    }

    fn write(&mut self, now: Instant, pipe: u32) -> Option<Bytes> {
        let guest = self.guests.get_mut(&pipe).filter(|guest| !guest.out.is_empty())?;
        let bytes = guest.out.take();
        if guest.choked.take().is_some()
            && let Some(proc) = guest.proc()
        {
            self.trunk.choke(now, proc, false);
            self.settle(now);
        }
        Some(bytes)
    }
}

impl<M: Guarded> Guarded for Server<M> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.trunk.change_guard(now, guard);
    }
}

impl<M: Multicast + Counted> Counted for Server<M> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let waiting: usize = self.guests.values().map(|guest| guest.out.len()).sum();
        let choked = self.guests.values().filter(|guest| guest.choked.is_some()).count();
        let groups: usize = self.guests.values().map(|guest| guest.groups.len()).sum();
        each("gate.clients", self.pipes.len() as u64);
        each("gate.attached", self.attached);
        each("gate.put_out", self.put_out.values().sum());
        each("gate.groups", groups as u64);
        each("gate.bytes_waiting", waiting as u64);
        each("gate.slow", choked as u64);
        self.gone.iter().for_each(|(name, value)| each(name, *value));
        for guest in self.guests.values() {
            if let Some((_, kernel)) = &guest.kernel {
                kernel.count(each);
            }
        }
        self.trunk.count(each);
    }
}
