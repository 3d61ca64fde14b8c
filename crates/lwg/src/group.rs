//! One light-weight group: its entry in the directory, and what only groups in motion have.

use alloc::collections::VecDeque;

use vsync::{Endpoint, Message, Order};

use crate::header::Op;
use crate::id::{LwgId, Members, SendId};
use crate::membership::Index;
use crate::view::ViewId;

/// What every member of a core group knows of each group on it; small: there may be a million.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) lwg: LwgId,
    /// The installed view.
    pub(crate) id: ViewId,
    /// Its members.
    pub(crate) membership: Index,
    /// How far it has followed its membership's log.
    pub(crate) place: u32,
    /// Which rule placed it, if it was placed here.
    pub(crate) rule: u8,
    /// Whether this process has sent in the installed view: what is sent first carries all that
    /// made the view in its causal past.
    pub(crate) begun: bool,
}

/// A change of members that is agreed upon and not yet installed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Its number: the counter of the view that it makes.
    pub(crate) number: u64,
    /// A hash of what made it.
    pub(crate) cause: u64,
    /// Whether it unites parts: then its view id depends on the cause alone.
    pub(crate) unites: bool,
    /// The new members.
    pub(crate) members: Members,
    /// Whose MARK has not come.
    pub(crate) missing: Members,
}

/// Of a group in motion.
#[derive(Debug, Default)]
pub(crate) struct Motion {
    /// In the agreed order.
    pub(crate) changes: VecDeque<Change>,
    /// Own asks that wait for the last of them.
    pub(crate) held: VecDeque<Ask>,
    /// How many of them, the first, had been queued before it began: they are older than the rest.
    pub(crate) moved: usize,
}

impl Motion {
    /// Keeps an ask that had been queued.
    pub(crate) fn keep(&mut self, ask: Ask) {
        self.held.insert(self.moved, ask);
        self.moved += 1;
    }
}

/// An own ask on its way into a core group's stream.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Op(Op),
    Send { lwg: LwgId, send: SendId, order: Order, replies: bool, message: Message },
}

impl Ask {
    pub(crate) fn lwg(&self) -> LwgId {
        match self {
            Self::Op(op) => op.lwg,
            Self::Send { lwg, .. } => *lwg,
        }
    }
}

/// Those of `these` that are also among the others.
pub(crate) fn common(these: &[Endpoint], others: &[Endpoint]) -> Members {
    these.iter().copied().filter(|member| others.contains(member)).collect()
}
