//! Greeting: how two processes find each other's incarnation and session.
//!
//! HELLO names the sender, its end of the link, and what it knows of the receiver's. It is repeated
//! to every introduced node until the link stands, and answered while the answer is news to the
//! other. A newer incarnation ends the older one's link; an older one is ignored.

use alloc::collections::BTreeMap;

use crate::address::Address;
use crate::process::{NodeId, ProcId};
use crate::time::{Duration, Instant};

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A node that was introduced or has introduced itself.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it was said to listen.
    pub(crate) address: Option<Address>,
    /// Its newest incarnation.
    pub(crate) current: Option<ProcId>,
    /// That one has said farewell.
    pub(crate) gone: bool,
    pub(crate) next: Option<Instant>,
    pause: Duration,
}

/// All nodes known.
#[derive(Debug, Default)]
pub(crate) struct Nodes(BTreeMap<NodeId, Node>);

impl Nodes {
    pub(crate) fn node(&mut self, id: NodeId) -> &mut Node {
        self.0.entry(id).or_insert(Node {
            address: None,
            current: None,
            gone: false,
            next: None,
            pause: PAUSE_MIN,
        })
    }

    /// Introduces a node: it is called from now on.
    pub(crate) fn introduce(&mut self, now: Instant, id: NodeId, address: Address) {
        let node = self.node(id);
        if node.address != Some(address) {
            node.address = Some(address);
            node.next = Some(now);
            node.pause = PAUSE_MIN;
        }
    }

    /// Its process has said farewell: another may come.
    pub(crate) fn part(&mut self, now: Instant, proc: ProcId) {
        let node = self.node(proc.node);
        if node.current == Some(proc) {
            node.gone = true;
            node.pause = PAUSE_MAX;
            node.next = node.address.map(|_| now + PAUSE_MAX);
        }
    }

    /// The nodes to call now; `stands` says whether a link to an incarnation stands.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        stands: impl Fn(ProcId) -> bool,
    ) -> alloc::vec::Vec<(Address, Option<ProcId>)> {
        let mut calls = alloc::vec::Vec::new();
        for node in self.0.values_mut() {
            let Some(address) = node.address.filter(|_| node.next.is_some_and(|at| at <= now))
            else {
                continue;
            };
            if node.current.is_some_and(&stands) {
                node.next = None;
                continue;
            }
            calls.push((address, node.current));
            node.next = Some(now + node.pause);
            node.pause = (node.pause * 2).min(PAUSE_MAX);
        }
        calls
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|node| node.next).min()
    }
}
