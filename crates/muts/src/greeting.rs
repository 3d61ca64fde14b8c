//! Greeting: how two processes find each other, and which of their incarnations they are.
//!
//! Who knows where a node listens calls it until a link stands. A greeting has three messages,
//! hello, answer and thanks (`guard.rs` makes them); hello and answer carry a [`Hello`]. A newer
//! incarnation ends the older one's link; an older one is told that there is a newer one, and what
//! was said before is ignored.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::address::Address;
use crate::limits::NODES_MAX;
use crate::process::{NodeId, ProcId};
use crate::time::{Duration, Instant};
use crate::wire::{Malformed, Sink, Wire};

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The versions of frames that are spoken here, and of what the floors above put into them: those
/// of one version understand each other's groups. 1 and 2 had other heartbeats, another voucher of
/// calls with keys, and merges that showed no ticket; 3 had a MARK for each group that is united.
pub(crate) const VERSIONS: (u8, u8) = (4, 4);

/// What nobody speaks.
const NO_VERSION: (u8, u8) = (0, 0);

/// What the first message of a greeting carries: a hello, and behind it nothing that means
/// anything, so that the second, with its keys, is no longer.
pub(crate) const HELLO_PAYLOAD_BYTES: usize = 64;

/// What either end says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) from: ProcId,
    /// The sender's end of the session.
    pub(crate) session: u32,
    /// How many it has said before: an old one said again is of no use.
    pub(crate) count: u64,
    /// The lowest and the highest version of frames that it speaks.
    pub(crate) versions: (u8, u8),
}

impl Wire for Hello {
    fn write(&self, into: &mut impl Sink) {
        self.from.write(into);
        self.session.write(into);
        self.count.write(into);
        self.versions.0.write(into);
        self.versions.1.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            from: ProcId::read(from)?,
            session: u32::read(from)?,
            count: u64::read(from)?,
            versions: (u8::read(from)?, u8::read(from)?),
        })
    }
}

impl Hello {
    /// What an answer says to one of whose node a later process was met: no version, and in place
    /// of a count the incarnation of that one, since an answer may be no longer than a call.
    pub(crate) const fn late(from: ProcId, newest: u64) -> Self {
        Self { from, session: 0, count: newest, versions: NO_VERSION }
    }

    /// The incarnation of that later process, if this is what it says.
    pub(crate) fn tells_of(&self) -> Option<u64> {
        (self.versions == NO_VERSION).then_some(self.count)
    }

    /// The highest version that it and who speaks these both speak, if there is one.
    pub(crate) fn common_version(&self, ours: (u8, u8)) -> Option<u8> {
        let highest = self.versions.1.min(ours.1);
        (highest >= self.versions.0.max(ours.0)).then_some(highest)
    }
}

/// What a hello is to whoever gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is of the newest incarnation known.
    Current,
    /// It is of a newer one: this one is over.
    Succeeds(ProcId),
    /// It is of one that is over.
    Over,
    /// It was said before.
    Stale,
}

/// A node that was introduced or has introduced itself.
#[derive(Debug)]
struct Node {
    /// Where it was said to listen.
    address: Option<Address>,
    /// Its newest incarnation.
    current: Option<ProcId>,
    /// That one has said farewell.
    gone: bool,
    /// The highest count that it has said, and when it has said one.
    heard: u64,
    heard_at: Instant,
    next: Option<Instant>,
    pause: Duration,
}

/// All nodes known.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    all: BTreeMap<NodeId, Node>,
    /// When each that is to be called is called next.
    calls: BTreeSet<(Instant, NodeId)>,
}

impl Nodes {
    fn node(&mut self, id: NodeId) -> &mut Node {
        self.all.entry(id).or_insert(Node {
            address: None,
            current: None,
            gone: false,
            heard: 0,
            heard_at: Instant::ZERO,
            next: None,
            pause: PAUSE_MIN,
        })
    }

    /// Introduces a node: it is called from now on.
    pub(crate) fn introduce(&mut self, now: Instant, id: NodeId, address: Address) {
        let node = self.node(id);
        if node.address != Some(address) {
            node.address = Some(address);
            node.pause = PAUSE_MIN;
            self.call_at(id, Some(now));
        }
    }

    /// What a hello is worth; nothing is remembered of it.
    pub(crate) fn standing(&self, hello: &Hello) -> Standing {
        let Some(node) = self.all.get(&hello.from.node) else { return Standing::Current };
        match node.current {
            Some(current) if current.incarnation > hello.from.incarnation => Standing::Over,
            Some(current) if current == hello.from && node.gone => Standing::Over,
            Some(current) if current == hello.from && hello.count <= node.heard => Standing::Stale,
            Some(current) if current != hello.from => Standing::Succeeds(current),
            _ => Standing::Current,
        }
    }

    /// Where a node was said to listen.
    pub(crate) fn address(&self, id: NodeId) -> Option<Address> {
        self.all.get(&id)?.address
    }

    /// The newest process of a node that was met.
    pub(crate) fn current(&self, id: NodeId) -> Option<ProcId> {
        self.all.get(&id)?.current
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Makes room for one more: who was not introduced and has no link is forgotten, the longest
    /// unheard first.
    fn make_room(&mut self, id: NodeId, stands: impl Fn(ProcId) -> bool) {
        if self.all.len() < NODES_MAX || self.all.contains_key(&id) {
            return;
        }
        let idle = |node: &Node| node.address.is_none() && !node.current.is_some_and(&stands);
        let idle = self.all.iter().filter(|(_, node)| idle(node));
        if let Some((oldest, _)) = idle.min_by_key(|(_, node)| node.heard_at) {
            let oldest = *oldest;
            self.all.remove(&oldest);
        }
    }

    /// A friend has said this hello; `stands` says whether a link to an incarnation stands.
    pub(crate) fn note(&mut self, now: Instant, hello: &Hello, stands: impl Fn(ProcId) -> bool) {
        self.make_room(hello.from.node, stands);
        let node = self.node(hello.from.node);
        if node.current != Some(hello.from) {
            (node.current, node.gone, node.heard) = (Some(hello.from), false, 0);
        }
        node.heard = node.heard.max(hello.count);
        node.heard_at = now;
    }

    /// Its process has said farewell: another may come.
    pub(crate) fn part(&mut self, now: Instant, proc: ProcId) {
        let node = self.node(proc.node);
        if node.current == Some(proc) {
            node.gone = true;
            node.pause = PAUSE_MAX;
            let next = node.address.map(|_| now + PAUSE_MAX);
            self.call_at(proc.node, next);
        }
    }

    /// When a node is to be called next, if it is.
    fn call_at(&mut self, id: NodeId, next: Option<Instant>) {
        let node = self.node(id);
        let before = core::mem::replace(&mut node.next, next);
        if let Some(before) = before {
            self.calls.remove(&(before, id));
        }
        if let Some(next) = next {
            self.calls.insert((next, id));
        }
    }

    /// The nodes to call now; `stands` says whether a link to an incarnation stands.
    pub(crate) fn due(&mut self, now: Instant, stands: impl Fn(ProcId) -> bool) -> Vec<Address> {
        let due = self.calls.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id);
        let due: Vec<NodeId> = due.collect();
        let mut calls = Vec::new();
        for id in due {
            let node = self.node(id);
            let stands = node.current.is_some_and(&stands);
            let next = node.address.filter(|_| !stands).map(|_| now + node.pause);
            if next.is_some() {
                node.pause = (node.pause * 2).min(PAUSE_MAX);
                calls.extend(node.address);
            }
            self.call_at(id, next);
        }
        calls
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.calls.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(incarnation: u64, count: u64) -> Hello {
        let from = ProcId { node: NodeId(1), incarnation };
        Hello { from, session: 3, count, versions: VERSIONS }
    }

    #[test]
    fn a_hello_counts_once_and_only_of_the_newest_incarnation() {
        let mut nodes = Nodes::default();
        let note = |nodes: &mut Nodes, hello| nodes.note(Instant::ZERO, &hello, |_| false);
        assert_eq!(nodes.standing(&hello(2, 1)), Standing::Current);
        note(&mut nodes, hello(2, 1));
        assert_eq!(nodes.standing(&hello(2, 1)), Standing::Stale);
        assert_eq!(nodes.standing(&hello(2, 2)), Standing::Current);
        assert_eq!(nodes.standing(&hello(1, 9)), Standing::Over);
        assert_eq!(nodes.standing(&hello(3, 1)), Standing::Succeeds(hello(2, 1).from));
        nodes.part(Instant::ZERO, hello(2, 1).from);
        assert_eq!(nodes.standing(&hello(2, 5)), Standing::Over);
        note(&mut nodes, hello(3, 1));
        assert_eq!(nodes.standing(&hello(3, 2)), Standing::Current);
    }

    #[test]
    fn of_too_many_nodes_the_longest_unheard_without_a_link_is_forgotten() {
        let at = |second: u64| Instant::ZERO + Duration::from_secs(second);
        let of = |node: u64| Hello {
            from: ProcId { node: NodeId(node), incarnation: 5 },
            ..hello(5, 1)
        };
        let mut nodes = Nodes::default();
        nodes.introduce(at(0), NodeId(0), Address::Pipe(7));
        for node in 0..NODES_MAX as u64 + 2 {
            nodes.note(at(node), &of(node), |proc| proc.node == NodeId(1));
        }
        assert_eq!(nodes.len(), NODES_MAX);
        let forgotten = |node| nodes.standing(&of(node)) == Standing::Current;
        let forgotten: Vec<u64> = (0..9).filter(|node| forgotten(*node)).collect();
        assert_eq!(forgotten, [2, 3], "0 was introduced, 1 has a link");
    }

    #[test]
    fn versions_meet_or_do_not() {
        let with =
            |low, high| Hello { versions: (low, high), ..hello(1, 1) }.common_version(VERSIONS);
        assert_eq!(with(VERSIONS.0, VERSIONS.1 + 3), Some(VERSIONS.1));
        assert_eq!(with(VERSIONS.1 + 1, VERSIONS.1 + 3), None);
        assert_eq!(with(0, VERSIONS.0 - 1), None);
    }
}
