//! Sightings: what the tower has told and nobody else keeps, for operators who ask.

use std::collections::BTreeMap;

use lwg::{Carried, Endpoint, Up};
use muts::NodeId;
use vsync::{GroupId, View, ViewId};

use crate::limits::{NODES_AWAY_MAX, STRANGE_MAX};
use crate::recent::Recent;
use crate::word::is_minted;

/// A core group that this process is in.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    pub(crate) group: GroupId,
    pub(crate) view: ViewId,
    pub(crate) members: Vec<Endpoint>,
    /// Light-weight groups on it.
    pub(crate) lights: usize,
    /// What else it carries, if that was looked at and light-weight groups are placed on it.
    pub(crate) carried: Option<Carried>,
}

impl Core {
    pub(crate) fn of((view, lights): (&View, usize)) -> Self {
        let members = view.members.clone();
        Self { group: view.group, view: view.id, members, lights, carried: None }
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Sightings {
    /// The application's own core groups.
    pub(crate) cores: BTreeMap<GroupId, View>,
    /// Nodes that speak no version that is spoken here, and which they speak.
    pub(crate) strange: BTreeMap<NodeId, (u8, u8)>,
    /// The newest process of each node that is known to be over, of the nodes that `ended` lists.
    over: BTreeMap<NodeId, u64>,
    ended: Recent<NodeId>,
}

impl Default for Sightings {
    fn default() -> Self {
        let (cores, strange, over) = Default::default();
        Self { cores, strange, over, ended: Recent::new(NODES_AWAY_MAX) }
    }
}

impl Sightings {
    /// The newest process of a node that is known to be over, if that was lately.
    pub(crate) fn over(&self, node: NodeId) -> Option<u64> {
        self.over.get(&node).copied()
    }

    /// Takes what is told.
    pub(crate) fn hear(&mut self, up: &Up) {
        match up {
            Up::Core(vsync::Up::View(view)) if !is_minted(view.group) => {
                self.cores.insert(view.group, (**view).clone());
            }
            Up::Core(vsync::Up::Out { group, .. }) => {
                self.cores.remove(group);
            }
            Up::Core(vsync::Up::Refused { peer, versions }) if self.strange.len() < STRANGE_MAX => {
                self.strange.insert(peer.node, *versions);
            }
            Up::Core(vsync::Up::Met { peer }) => {
                self.strange.remove(&peer.node);
            }
            Up::Core(vsync::Up::Lost { peer }) => {
                let newest = self.over.entry(peer.node).or_insert(0);
                *newest = peer.incarnation.max(*newest);
                if let Some(oldest) = self.ended.note(peer.node) {
                    self.over.remove(&oldest);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::ProcId;

    #[test]
    fn of_ever_new_nodes_those_that_ended_lately_are_known_to_have() {
        let mut sightings = Sightings::default();
        for node in 0..=NODES_AWAY_MAX as u64 {
            let peer = ProcId { node: NodeId(node), incarnation: 1 };
            sightings.hear(&Up::Core(vsync::Up::Lost { peer }));
        }
        assert_eq!(sightings.over.len(), NODES_AWAY_MAX);
        assert_eq!((sightings.over(NodeId(0)), sightings.over(NodeId(1))), (None, Some(1)));
    }
}
