//! Lost: who may be in parts of groups that nothing is seen of from here.
//!
//! A core view takes a process from groups; it may be over, or go on with a part of them that
//! cannot know what is done here. *Keeps* for each membership whom views have taken from its
//! groups, few, and for each node the latest incarnation heard of: whoever is of an earlier one is
//! over, and in no part of anything. It travels with the groups; nothing is agreed upon by it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use muts::{Malformed, NodeId, ProcId, Sink, Wire};
use vsync::Endpoint;

use crate::header::{read_members, write_members};
use crate::limits::{LOST_MAX, NODES_MAX};

/// See the head of this file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    who: Vec<Endpoint>,
    /// They were too many to name.
    anybody: bool,
}

impl Lost {
    pub(crate) fn of(who: impl Iterator<Item = Endpoint>) -> Self {
        let mut lost = Self::default();
        who.for_each(|one| lost.add(one));
        lost
    }

    fn add(&mut self, one: Endpoint) {
        if self.anybody || self.who.contains(&one) {
            return;
        }
        if self.who.len() == LOST_MAX {
            *self = Self { who: Vec::new(), anybody: true };
        } else {
            self.who.push(one);
        }
    }

    pub(crate) fn join(&mut self, others: &Self) {
        if others.anybody {
            *self = others.clone();
        }
        others.who.iter().for_each(|one| self.add(*one));
    }

    /// These are seen, or are over.
    pub(crate) fn leave_out(&mut self, is_seen: impl Fn(&Endpoint) -> bool) {
        self.who.retain(|one| !is_seen(one));
    }

    /// Whether that process is among them, as far as is known.
    pub(crate) fn may_be(&self, one: &Endpoint) -> bool {
        self.anybody || self.who.contains(one)
    }

    /// Whether there are any beside those that are seen, or are over.
    pub(crate) fn are_any(&self, is_seen: impl Fn(&Endpoint) -> bool) -> bool {
        self.anybody || !self.who.iter().all(is_seen)
    }
}

impl Wire for Lost {
    fn write(&self, into: &mut impl Sink) {
        self.anybody.write(into);
        if !self.anybody {
            write_members(into, &self.who);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if bool::read(from)? {
            return Ok(Self { who: Vec::new(), anybody: true });
        }
        let who = read_members(from)?.into_vec();
        if who.len() > LOST_MAX { Err(Malformed) } else { Ok(Self { who, anybody: false }) }
    }
}

/// The latest incarnation heard of each node: earlier ones are over.
#[derive(Debug, Default)]
pub(crate) struct Latest(BTreeMap<NodeId, u64>);

impl Latest {
    /// A process has been met.
    pub(crate) fn is_met(&mut self, proc: ProcId) {
        if self.0.len() >= NODES_MAX && !self.0.contains_key(&proc.node) {
            return;
        }
        let latest = self.0.entry(proc.node).or_default();
        *latest = proc.incarnation.max(*latest);
    }

    /// A process is over.
    pub(crate) fn lose(&mut self, proc: ProcId) {
        let incarnation = proc.incarnation.saturating_add(1);
        self.is_met(ProcId { incarnation, ..proc });
    }

    /// Whether it was met, or is over. Where too many nodes are known to tell, it may have been.
    pub(crate) fn has_met(&self, one: Endpoint) -> bool {
        let latest = self.0.get(&one.proc.node);
        latest.map_or(self.0.len() >= NODES_MAX, |latest| one.proc.incarnation <= *latest)
    }

    pub(crate) fn is_over(&self, one: &Endpoint) -> bool {
        self.0.get(&one.proc.node).is_some_and(|latest| one.proc.incarnation < *latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(node: u64, incarnation: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation })
    }

    fn bytes(lost: &Lost) -> Vec<u8> {
        let mut bytes = Vec::new();
        lost.write(&mut bytes);
        bytes
    }

    #[test]
    fn who_is_of_an_earlier_incarnation_is_over() {
        let mut latest = Latest::default();
        assert!(!latest.is_over(&one(1, 1)));
        latest.is_met(one(1, 2).proc);
        latest.is_met(one(1, 1).proc);
        assert!(latest.is_over(&one(1, 1)) && !latest.is_over(&one(1, 2)));
        assert!(latest.has_met(one(1, 2)) && !latest.has_met(one(1, 3)));
        latest.lose(one(1, 2).proc);
        assert!(latest.is_over(&one(1, 2)) && !latest.is_over(&one(2, 1)));
        assert!(!latest.has_met(one(2, 1)));
    }

    #[test]
    fn of_nodes_beyond_the_limit_nothing_is_kept() {
        let mut latest = Latest::default();
        (0..=NODES_MAX as u64).for_each(|node| latest.lose(one(node, 1).proc));
        assert_eq!(latest.0.len(), NODES_MAX);
        assert!(latest.has_met(one(NODES_MAX as u64, 1)), "nothing says that it was not");
        assert!(latest.is_over(&one(0, 1)) && !latest.is_over(&one(NODES_MAX as u64, 1)));
        latest.lose(one(0, 5).proc);
        assert!(latest.is_over(&one(0, 5)));
    }

    #[test]
    fn those_who_are_too_many_to_name_may_be_anybody() {
        let many = LOST_MAX as u64;
        let mut lost = Lost::of((0..many).map(|node| one(node, 1)));
        assert!(!lost.may_be(&one(many, 1)));
        lost.join(&Lost::of([one(0, 1)].into_iter()));
        lost.leave_out(|seen| *seen == one(1, 1));
        assert!(!lost.may_be(&one(1, 1)) && lost.are_any(|seen| seen.proc.node.0 < many - 1));
        assert!(!lost.are_any(|_| true));
        let mut others = Lost::of((many..many + 1).map(|node| one(node, 1)));
        lost.join(&others);
        others.join(&lost);
        for lost in [lost.clone(), others] {
            assert_eq!(Lost::read(&mut &bytes(&lost)[..]), Ok(lost));
        }
        lost.join(&Lost::of([one(90, 1)].into_iter()));
        assert!(lost.may_be(&one(1, 1)) && lost.are_any(|_| true));
        assert_eq!(Lost::read(&mut &bytes(&lost)[..]), Ok(lost));
    }
}
