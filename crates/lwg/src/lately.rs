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
            self.0.push_front(Known { lwg: entry.lwg, id: entry.id, members, whom });
            0
        });
        &self.0[at]
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
