//! Opening: when MBCASTs of a group may go past what is in order.
//!
//! An MBCAST waits for nothing at its receivers but its group's view, and that is made by casts
//! that may still wait there (protocol 4.1). *Takes* the own messages of a view and what is stable.
//! *Promises* that an MBCAST is in no order only where every member of its view is known to have
//! that view: until then it is carried as a CBCAST, and still told as what it is. So nothing has to
//! be kept for views to come. *Keeps* which groups an MBCAST was sent to in a view that not every
//! member is known to have.

use alloc::collections::BTreeMap;

use crate::core_group::CoreGroup;
use crate::here::Here;
use crate::id::LwgId;
use crate::traits::OPENED;

/// At which position this process first sent in the present view, once that is known.
#[derive(Debug, Default)]
pub(crate) struct Opening(BTreeMap<LwgId, Option<u64>>);

impl Opening {
    /// An MBCAST is carried in the sender's order.
    pub(crate) fn begin(&mut self, lwg: LwgId) {
        self.0.entry(lwg).or_default();
    }

    /// An own message was told here in the present view.
    pub(crate) fn told(&mut self, lwg: LwgId, seq: u64) {
        if let Some(first) = self.0.get_mut(&lwg) {
            first.get_or_insert(seq);
        }
    }

    /// The view is over.
    pub(crate) fn remove(&mut self, lwg: &LwgId) {
        self.0.remove(lwg);
    }

    /// So is the core view.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl CoreGroup {
    /// Everybody has been told this process's casts below that position, and so has the views that
    /// they were sent in.
    pub(crate) fn open(&mut self, here: &mut Here, below: u64) {
        let directory = &mut self.directory;
        self.opening.0.retain(|lwg, first| {
            if first.is_none_or(|first| first >= below) {
                return true;
            }
            if let Some(slot) = directory.find(here, *lwg) {
                here.table.entry_mut(slot).marks.set(OPENED);
            }
            false
        });
    }
}
