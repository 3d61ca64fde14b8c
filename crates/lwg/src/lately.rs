//! Lately: the views that this process has sent in last, and what all messages in one share.
//!
//! *Takes* groups at rest. *Promises* what the table says of them. *Keeps* who is in each, and whom
//! of the core group its messages are for, until the core view ends: a view of a strict group has
//! one membership.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use muts::Audience;
use vsync::{Endpoint, ViewId as CoreViewId};

use crate::here::Here;
use crate::id::{LwgId, Members};
use crate::limits::NAMED_MAX;
use crate::table::Slot;
use crate::view::ViewId;

/// Whom of a core view a message is for; everybody if none.
pub(crate) type Whom = Option<Arc<(CoreViewId, Audience)>>;

/// A view of a group.
pub(crate) struct Known {
    lwg: LwgId,
    id: ViewId,
    pub(crate) members: Arc<Members>,
    pub(crate) whom: Whom,
    /// The state of the table when this process had sent in it last; 0 if it has not.
    sent: u64,
}

impl Known {
    pub(crate) const fn id(&self) -> ViewId {
        self.id
    }
}

/// The last ones, newest first.
#[derive(Default)]
pub(crate) struct Lately(VecDeque<Known>);

impl Lately {
    /// The installed view of a group.
    pub(crate) fn of(&mut self, here: &Here, slot: Slot, core: &vsync::View) -> &Known {
        let entry = here.table.entry(slot);
        let is_it = |known: &Known| known.lwg == entry.lwg && known.id == entry.id;
        let at = self.0.iter().position(is_it).unwrap_or_else(|| {
            let members = Arc::new(here.table.members(slot).clone());
            let whom = audience(core, here.me, &members);
            self.0.truncate(usize::from(NAMED_MAX) - 1);
            let (lwg, id) = (entry.lwg, entry.id);
            self.0.push_front(Known { lwg, id, members, whom, sent: 0 });
            0
        });
        &self.0[at]
    }

    /// A view of these, whatever is so of its group now.
    pub(crate) fn view(&self, lwg: LwgId, id: ViewId) -> Option<&Known> {
        self.0.iter().find(|known| known.lwg == lwg && known.id == id)
    }

    /// The view of a group in which this process has sent, if nothing has changed since.
    pub(crate) fn again(&self, lwg: LwgId, state: u64) -> Option<&Known> {
        self.0.iter().find(|known| known.lwg == lwg && known.sent == state)
    }

    /// A message to all of that view has gone out.
    pub(crate) fn sent(&mut self, lwg: LwgId, id: ViewId, state: u64) {
        let known = self.0.iter_mut().find(|known| known.lwg == lwg && known.id == id);
        if let Some(known) = known {
            known.sent = state;
        }
    }

    /// The core view is over.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// These members and this process, as the kernel names them; none if that is everybody.
pub(crate) fn audience(core: &vsync::View, me: Endpoint, whom: &[Endpoint]) -> Whom {
    let (mut audience, mut all) = (Audience::NONE, true);
    for (rank, member) in core.members.iter().enumerate() {
        if *member == me || whom.contains(member) {
            audience.insert(rank);
        } else {
            all = false;
        }
    }
    (!all).then(|| Arc::new((core.id, audience)))
}
