//! Foreseeing: how an own operation ends is told once the kernel has it, where that is certain.
//!
//! *Takes* own operations as they go into the core group's stream. A process delivers what it has
//! cast in the view that it cast it in, so it will be carried out; only what others ask at the same
//! time can come before it, and then the group is as was asked for, or destroyed, or goes elsewhere
//! and the operation with it. *Promises* that what this process sends afterwards goes out in the
//! view that the operation makes (paper 6). Nothing is certain of who is added to a group that has
//! moved or lost members: how that ends is told when they have come (`entering.rs`).

use crate::core_group::CoreGroup;
use crate::header::{Op, SILENT, What};
use crate::here::Here;
use crate::interface::Outcome;
use crate::table::Slot;
use crate::traits::RELAXED;

/// Whether what this process sends to the group from now on comes after it.
const fn holds_sends(what: &What) -> bool {
    matches!(what, What::Add(_) | What::Remove(_) | What::Destroy | What::Say(_))
}

impl CoreGroup {
    /// An own operation has gone out.
    pub(crate) fn foresee(&mut self, here: &mut Here, op: &Op) {
        if !holds_sends(&op.what) {
            return;
        }
        let Some(slot) = self.directory.find(here, op.lwg) else { return };
        if here.table.entry(slot).marks.has(RELAXED) {
            return;
        }
        if op.number & SILENT == 0 && self.is_certain(here, slot, op) {
            self.foretold.insert(op.number);
            here.tell_done(op, Outcome::Done);
        }
        self.directory.motions.entry(slot).or_default().asked += 1;
    }

    /// Whether it will be carried out, whatever comes before it.
    fn is_certain(&self, here: &Here, slot: Slot, op: &Op) -> bool {
        // Only a group at rest is as its members will find it; only a member's operation goes along
        // should the group move meanwhile.
        let members = here.table.members(slot);
        let rests = self.is_one() && !self.directory.motions.contains_key(&slot);
        let changes = match &op.what {
            What::Add(added) => {
                self.strangers(added).is_empty()
                    && !self.is_entered(here, slot)
                    && added.iter().any(|member| !members.contains(member))
            }
            What::Remove(removed) => removed.iter().any(|member| members.contains(member)),
            // Of several who destroy it one is told that it did.
            _ => false,
        };
        rests && changes && members.contains(&here.me)
    }

    /// An own operation is at its place: if nothing came of it, what waited for it goes on.
    pub(crate) fn operation_is_back(&mut self, here: &mut Here, op: &Op) {
        if !holds_sends(&op.what) {
            return;
        }
        let Some(slot) = here.table.find(op.lwg, self.number()) else { return };
        let Some(motion) = self.directory.motions.get_mut(&slot) else { return };
        motion.asked = motion.asked.saturating_sub(1);
        self.release_held(slot);
    }
}
