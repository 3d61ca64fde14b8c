//! A light-weight group played in memory: perfect, but as interleaved as the promises allow.
//!
//! What it keeps: one total order for each view and side; who moves on together has delivered the
//! same; a sender's messages in order; tells in order of each pair, at any time. What it varies by
//! the seed: who is told what when, what a lost sender leaves behind, in which view a send ends up.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod journal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lwg::{Down, Endpoint, GroupId, LwgId, Members, Message, Order, SendId, Up, View, ViewId, Why};
use muts::{Duration, Instant, NodeId, ProcId, Random};
use tools::{Asks, Tool};

pub(crate) fn member(node: u64) -> Endpoint {
    Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
}

pub(crate) fn group() -> LwgId {
    LwgId::minted(member(1), 0)
}

/// A multicast on its way.
#[derive(Debug, Clone)]
struct Sent {
    from: Endpoint,
    send: SendId,
    order: Order,
    replies: bool,
    message: Message,
}

/// One view of one side, with its total order.
#[derive(Debug)]
struct Side {
    id: ViewId,
    members: Vec<Endpoint>,
    log: Vec<Sent>,
    /// How much of the log each member has received.
    received: BTreeMap<Endpoint, usize>,
}

/// One process and what it is about to be told.
pub(crate) struct Host<T: Tool> {
    pub(crate) tool: T,
    pub(crate) asks: Asks,
    inbox: VecDeque<Up>,
    outbox: VecDeque<Sent>,
    view: Option<ViewId>,
    /// What the tool told.
    pub(crate) answers: Vec<T::Answer>,
    /// Replies it gave or declined: asker, send, whether declined.
    pub(crate) replies: Vec<(Endpoint, SendId, bool)>,
    /// Views that it was told.
    pub(crate) views: Vec<View>,
    /// Sends of applications that it was told in its present view.
    pub(crate) heard: Vec<SendId>,
    /// Multicasts that it was told and that want replies.
    pub(crate) wanted: Vec<(Endpoint, SendId)>,
}

/// What happens to a message told to one member.
pub(crate) enum Fate {
    Arrives,
    Vanishes,
    Changed(Message),
}

type Meddle = Box<dyn FnMut(Endpoint, Endpoint, &Message) -> Fate>;

pub(crate) struct World<T: Tool> {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    pub(crate) hosts: BTreeMap<Endpoint, Host<T>>,
    sides: BTreeMap<ViewId, Side>,
    tells: BTreeMap<(Endpoint, Endpoint), VecDeque<Message>>,
    /// Decides what becomes of each tell.
    pub(crate) meddle: Meddle,
    /// Who has been asked out.
    removals: BTreeSet<Endpoint>,
    counter: u64,
    pub(crate) watch: fn(&mut Host<T>, &Up),
}

impl<T: Tool> World<T> {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            random: Random::new(seed),
            hosts: BTreeMap::new(),
            sides: BTreeMap::new(),
            tells: BTreeMap::new(),
            meddle: Box::new(|_, _, _| Fate::Arrives),
            removals: BTreeSet::new(),
            counter: 0,
            watch: |_, _| {},
        }
    }

    pub(crate) fn add_host(&mut self, who: Endpoint, tool: T) {
        let host = Host {
            tool,
            asks: Asks::new(),
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            view: None,
            answers: vec![],
            replies: vec![],
            views: vec![],
            heard: vec![],
            wanted: vec![],
        };
        self.hosts.insert(who, host);
    }

    /// A process stops. The others learn of it by `regroup`.
    pub(crate) fn crash(&mut self, who: Endpoint) {
        self.hosts.remove(&who);
        self.tells.retain(|(from, to), _| *from != who && *to != who);
    }

    /// The members of each present view that are alive, by rank; only views that somebody is in.
    pub(crate) fn sides(&self) -> Vec<Vec<Endpoint>> {
        let alive = |side: &Side| {
            let there = |one: &&Endpoint| {
                self.hosts.get(one).is_some_and(|host| host.view == Some(side.id))
            };
            side.members.iter().filter(there).copied().collect::<Vec<_>>()
        };
        self.sides.values().map(alive).filter(|side| !side.is_empty()).collect()
    }

    /// Members of one view that some member of it knows to be more than are here.
    pub(crate) fn has_ghosts(&self, side: &[Endpoint]) -> bool {
        let view = self.hosts[&side[0]].view.unwrap();
        self.sides[&view].members.len() != side.len()
    }

    /// Brings these together in a new view, wherever they come from.
    pub(crate) fn regroup(&mut self, wanted: &[Endpoint]) {
        let mut parts: BTreeMap<ViewId, Vec<Endpoint>> = BTreeMap::new();
        for who in wanted {
            if let Some(view) = self.hosts[who].view {
                parts.entry(view).or_default().push(*who);
            }
        }
        let counter = parts.keys().map(|id| id.counter).max().unwrap_or(0) + 1;
        self.counter += 1;
        let id = ViewId { counter, digest: self.counter };
        for (old, survivors) in &parts {
            self.flush(*old, survivors);
        }
        for who in wanted {
            let host = self.hosts.get_mut(who).unwrap();
            let previous = host.view.replace(id);
            let transitional = previous.map_or(vec![*who], |old| parts[&old].clone());
            host.inbox.push_back(Up::View(Box::new(View {
                lwg: group(),
                id,
                members: wanted.iter().copied().collect(),
                transitional: transitional.into(),
                core: GroupId(1),
                core_view: Default::default(),
                traits: lwg::Traits::PLAIN,
                previous,
                first: counter == 1,
            })));
        }
        let received = wanted.iter().map(|who| (*who, 0)).collect();
        self.sides.insert(id, Side { id, members: wanted.to_vec(), log: vec![], received });
    }

    /// Those who move on together from a view receive the same: all that one of them has received,
    /// all of their own, and as much as chance has it of those who are lost.
    fn flush(&mut self, old: ViewId, survivors: &[Endpoint]) {
        for who in survivors {
            while self.random.below(2) == 0 && self.order_one(*who) {}
        }
        let side = self.sides.get_mut(&old).unwrap();
        let known = survivors.iter().map(|who| side.received[who]).max().unwrap_or(0);
        let mut gone = BTreeSet::new();
        let mut cut: Vec<Sent> = side.log[..known].to_vec();
        for sent in &side.log[known..] {
            if !survivors.contains(&sent.from) && self.random.below(3) == 0 {
                gone.insert(sent.from);
            }
            if !gone.contains(&sent.from) {
                cut.push(sent.clone());
            }
        }
        for who in survivors {
            let rest = side.received[who].min(cut.len());
            let inbox = &mut self.hosts.get_mut(who).unwrap().inbox;
            inbox.extend(cut[rest..].iter().map(|sent| delivery(old, sent)));
        }
    }

    /// The oldest send of a member gets its place in the order.
    pub(crate) fn order_one(&mut self, who: Endpoint) -> bool {
        let Some(host) = self.hosts.get_mut(&who) else { return false };
        let Some(view) = host.view else { return false };
        let Some(sent) = host.outbox.pop_front() else { return false };
        self.sides.get_mut(&view).unwrap().log.push(sent);
        true
    }

    /// A member receives the next multicast of its view.
    pub(crate) fn receive_one(&mut self, who: Endpoint) -> bool {
        let Some(host) = self.hosts.get_mut(&who) else { return false };
        let Some(side) = host.view.and_then(|view| self.sides.get_mut(&view)) else { return false };
        let at = side.received.get_mut(&who).unwrap();
        let Some(sent) = side.log.get(*at) else { return false };
        *at += 1;
        host.inbox.push_back(delivery(side.id, sent));
        true
    }

    /// A member hears the next thing that was told to it.
    pub(crate) fn hear_one(&mut self, who: Endpoint) -> bool {
        let Some(host) = self.hosts.get_mut(&who) else { return false };
        let Some(up) = host.inbox.pop_front() else { return false };
        match &up {
            Up::View(view) => host.views.push((**view).clone()),
            Up::Message { from, send, replies: true, .. } => host.wanted.push((*from, *send)),
            _ => {}
        }
        if let Up::Message { send, .. } = &up
            && !Asks::is_minted(*send)
        {
            host.heard.push(*send);
        }
        host.tool.hear(self.now, &up, &mut host.asks);
        (self.watch)(host, &up);
        self.pump(who);
        true
    }

    /// The oldest tell of a pair arrives.
    pub(crate) fn tell_one(&mut self, pair: (Endpoint, Endpoint)) -> bool {
        let Some(message) = self.tells.get_mut(&pair).and_then(VecDeque::pop_front) else {
            return false;
        };
        let message = match (self.meddle)(pair.0, pair.1, &message) {
            Fate::Arrives => message,
            Fate::Changed(message) => message,
            Fate::Vanishes => return true,
        };
        let up = Up::Told { lwg: group(), from: pair.0, message };
        self.hear(pair.1, &up);
        true
    }

    /// Tells a member something, at once.
    pub(crate) fn hear(&mut self, who: Endpoint, up: &Up) {
        if let Some(host) = self.hosts.get_mut(&who) {
            host.tool.hear(self.now, up, &mut host.asks);
            self.pump(who);
        }
    }

    /// Carries out what a member asks.
    pub(crate) fn pump(&mut self, who: Endpoint) {
        let Some(host) = self.hosts.get_mut(&who) else { return };
        while let Some(answer) = host.tool.answer() {
            host.answers.push(answer);
        }
        while let Some(ask) = host.asks.take() {
            match ask {
                Down::Send { send, how, replies, message, .. } => {
                    let order = how.order;
                    host.outbox.push_back(Sent { from: who, send, order, replies, message });
                }
                Down::Tell { to, message, .. } => {
                    self.tells.entry((who, to)).or_default().push_back(message);
                }
                Down::Reply { to, send, reply } => {
                    host.replies.push((to, send, reply.is_none()));
                }
                Down::Remove { members, .. } => self.removals.extend(members),
                other => panic!("a tool asks {other:?}"),
            }
        }
    }

    /// One thing of all that could happen next; false if nothing can but by the passing of time.
    pub(crate) fn step(&mut self) -> bool {
        self.now += Duration::from_micros(self.random.below(2_000));
        let hosts: Vec<Endpoint> = self.hosts.keys().copied().collect();
        let pairs: Vec<_> = self.tells.keys().copied().collect();
        let choices = hosts.len() * 3 + pairs.len();
        if choices == 0 {
            return false;
        }
        let start = self.random.below(choices as u64) as usize;
        (0..choices).any(|at| {
            let choice = (start + at) % choices;
            match (choice.checked_sub(hosts.len() * 3), hosts.get(choice / 3), choice % 3) {
                (Some(pair), ..) => self.tell_one(pairs[pair]),
                (_, Some(who), 0) => self.order_one(*who),
                (_, Some(who), 1) => self.receive_one(*who),
                (_, Some(who), _) => self.hear_one(*who),
                _ => false,
            }
        })
    }

    /// Wakes whom it is time to wake.
    pub(crate) fn wake(&mut self) {
        for who in self.hosts.keys().copied().collect::<Vec<_>>() {
            let host = self.hosts.get_mut(&who).unwrap();
            if host.tool.deadline().is_some_and(|deadline| deadline <= self.now) {
                host.tool.wake(self.now, &mut host.asks);
                self.pump(who);
            }
        }
    }

    /// Carries out the removals asked for.
    pub(crate) fn remove(&mut self) {
        for who in core::mem::take(&mut self.removals) {
            let Some(view) = self.hosts.get(&who).and_then(|host| host.view) else { continue };
            let mut rest = self.sides[&view].members.clone();
            rest.retain(|one| {
                *one != who && self.hosts.get(one).is_some_and(|h| h.view == Some(view))
            });
            // The removed one delivers all of the old view too.
            self.flush(view, &[who]);
            let host = self.hosts.get_mut(&who).unwrap();
            host.view = None;
            host.inbox.push_back(Up::Out { lwg: group(), why: Why::Removed });
            self.regroup(&rest);
        }
    }

    /// Until nothing can happen any more but by new faults.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1_000_000 {
            if self.step() {
                continue;
            }
            if !self.removals.is_empty() {
                self.remove();
                continue;
            }
            let next = self.hosts.values().filter_map(|host| host.tool.deadline()).min();
            let Some(next) = next else { return };
            self.now = self.now.max(next);
            self.wake();
        }
        panic!("it does not settle");
    }
}

fn delivery(view: ViewId, sent: &Sent) -> Up {
    let Sent { from, send, order, replies, message } = sent.clone();
    Up::Message { lwg: group(), view, from, send, order, safe: false, replies, message }
}

/// The members as the faces want them.
pub(crate) fn members(nodes: &[u64]) -> Members {
    nodes.iter().map(|node| member(*node)).collect()
}
