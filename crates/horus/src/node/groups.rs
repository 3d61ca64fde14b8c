//! Groups: what the node knows of the groups it is in, and of its own messages in them.

use std::collections::{BTreeMap, VecDeque};

use horus::{LwgId, SendId, View};
use tools::Replica;

use super::document::Document;
use super::names::{read_lwg, show_lwg};

/// A light-weight group that this process is in.
pub(crate) struct Light {
    /// Its view.
    pub(crate) view: View,
    /// Its document.
    pub(crate) replica: Replica<Document>,
}

/// A core group that this process is in or joins.
#[derive(Default)]
pub(crate) struct Core {
    /// Its view; none before the first.
    pub(crate) view: Option<vsync::View>,
    /// Own messages that have not been delivered here.
    pub(crate) undelivered: VecDeque<Own>,
    /// Own messages that are not known stable, by position.
    pub(crate) unstable: BTreeMap<u64, Own>,
}

/// An own message.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// Its id.
    pub(crate) msg: String,
    /// Whether to tell when it is stable.
    pub(crate) stable: bool,
    /// Whether a flood waits for it.
    pub(crate) flood: bool,
}

/// An own message in a light-weight group.
#[derive(Debug, Clone)]
pub(crate) struct OwnLight {
    /// The group.
    pub(crate) lwg: LwgId,
    /// The message.
    pub(crate) own: Own,
    /// Whether it has been delivered here.
    pub(crate) delivered: bool,
}

/// An operation whose outcome is awaited.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// What was asked.
    pub(crate) verb: &'static str,
    /// The group as the asker wrote it.
    pub(crate) written: String,
}

/// All groups of the node.
#[derive(Default)]
pub(crate) struct Groups {
    /// The light-weight groups it is in.
    pub(crate) lights: BTreeMap<LwgId, Light>,
    /// The core groups it is in or joins, those of the default set included.
    pub(crate) cores: BTreeMap<vsync::GroupId, Core>,
    /// Own messages in light-weight groups, until stable.
    pub(crate) own: BTreeMap<SendId, OwnLight>,
    labels: BTreeMap<String, LwgId>,
    operations: BTreeMap<LwgId, VecDeque<Operation>>,
}

impl Groups {
    /// Gives a group a label of this process's own; the newest of one label counts.
    pub(crate) fn label(&mut self, label: &str, lwg: LwgId) {
        self.labels.insert(label.to_owned(), lwg);
    }

    /// The light-weight group meant by a label or an id.
    ///
    /// # Errors
    /// A sentence if none is.
    pub(crate) fn meant(&self, written: &str) -> Result<LwgId, String> {
        let labelled = self.labels.get(written).copied();
        labelled
            .or_else(|| read_lwg(written))
            .ok_or_else(|| format!("no light-weight group is called `{written}`"))
    }

    /// An operation is asked.
    pub(crate) fn asked(&mut self, lwg: LwgId, verb: &'static str, written: &str) {
        let operation = Operation { verb, written: written.to_owned() };
        self.operations.entry(lwg).or_default().push_back(operation);
    }

    /// Whether an operation on this group is under way.
    pub(crate) fn is_changing(&self, lwg: LwgId) -> bool {
        self.operations.contains_key(&lwg)
    }

    /// Operations under way.
    pub(crate) fn changing(&self) -> usize {
        self.operations.len()
    }

    /// The oldest operation on this group has ended.
    pub(crate) fn ended(&mut self, lwg: LwgId) -> Operation {
        let operations = self.operations.get_mut(&lwg);
        let ended = operations.and_then(VecDeque::pop_front);
        if self.operations.get(&lwg).is_some_and(VecDeque::is_empty) {
            self.operations.remove(&lwg);
        }
        ended.unwrap_or_else(|| Operation { verb: "change", written: show_lwg(lwg) })
    }

    /// Own messages of a group that this process is out of: whether a delivery may still be owed
    /// elsewhere nobody can say.
    pub(crate) fn take_own(&mut self, lwg: LwgId) -> Vec<OwnLight> {
        let sends: Vec<_> =
            self.own.iter().filter(|(_, own)| own.lwg == lwg).map(|(send, _)| *send).collect();
        sends.into_iter().filter_map(|send| self.own.remove(&send)).collect()
    }
}
