//! Listing: some of the groups that are known here, for who looks at them. Whatever there is, it
//! costs no more than what is listed: entries are found through the lists of their memberships.

use alloc::vec::Vec;

use vsync::{Core, GroupId};

use crate::groups::Groups;
use crate::here::CoreNumber;
use crate::id::LwgId;
use crate::policy::Policy;
use crate::table::NOWHERE;
use crate::view::ViewId;

/// One of the groups known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub lwg: LwgId,
    /// The view installed last.
    pub view: ViewId,
    /// The core group that it stands on.
    pub core: GroupId,
    /// How many members it has.
    pub members: usize,
    /// Whether this process is one of them.
    pub inside: bool,
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// At most so many of the groups known here, those of one core group together, the members of
    /// one membership together in that. [`Groups::len`] tells how many there are.
    #[must_use]
    pub fn list(&self, most: usize) -> Vec<Listed> {
        let mut listed = Vec::with_capacity(most.min(self.len()));
        for (core, number) in &self.numbers {
            let left = most - listed.len();
            if left == 0 {
                break;
            }
            self.list_on(*core, *number, left, &mut listed);
        }
        listed
    }

    fn list_on(&self, core: GroupId, number: CoreNumber, most: usize, listed: &mut Vec<Listed>) {
        let until = listed.len() + most;
        let memberships = &self.here.table.memberships;
        let mut index = memberships.after(number, None);
        while let Some(found) = index {
            // Whom a core view has lost is in none of them.
            let members = memberships.members(found);
            let (count, inside) = (members.len(), members.contains(&self.here.me));
            let mut at = memberships.first(found);
            while at != NOWHERE {
                if listed.len() == until {
                    return;
                }
                let entry = self.here.table.entry(at);
                let (lwg, view) = (entry.lwg, entry.id);
                listed.push(Listed { lwg, view, core, members: count, inside });
                at = entry.next;
            }
            index = memberships.after(number, Some(found));
        }
    }
}
