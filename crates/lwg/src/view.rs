//! The view of a light-weight group.

use core::fmt;

use muts::{Malformed, Sink, Wire};
use vsync::GroupId;

use crate::id::{LwgId, Members};
use crate::traits::Traits;

/// Changes of one group within one view of its core group, before numbers of that run into those of
/// the next: which is then no harm, unless the process was out of the group meanwhile.
const CHANGES_A_VIEW: u64 = 1 << 20;

/// The number of the change after `last`, in this view of the core group.
///
/// It grows along the views of the core group too. So a process that was out of the group, or in a
/// part of which nobody is left, finds a higher number when it comes back, though nobody it meets
/// there knows how far its own part had come.
pub(crate) fn number_after(last: u64, core: vsync::ViewId) -> u64 {
    last.saturating_add(1).max(core.epoch.saturating_mul(CHANGES_A_VIEW))
}

/// Whether a view of this number was made in that view of the core group; of one that ran into the
/// numbers of the next it is not known, and not said.
pub(crate) const fn is_of(number: u64, core: vsync::ViewId) -> bool {
    number / CHANGES_A_VIEW == core.epoch
}

/// Names a view of a light-weight group: the counter grows with each change of members, whatever
/// the cause; the digest is a hash over the previous id and the cause, so that components
/// that part never give one id to two memberships or two histories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ViewId {
    /// The number of the change.
    pub counter: u64,
    /// Where it comes from.
    pub digest: u64,
}

impl fmt::Debug for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:016x}", self.counter, self.digest)
    }
}

impl Wire for ViewId {
    fn write(&self, into: &mut impl Sink) {
        self.counter.write(into);
        self.digest.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { counter: u64::read(from)?, digest: u64::read(from)? })
    }
}

/// A view of a light-weight group as its members are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The group.
    pub lwg: LwgId,
    /// Its name.
    pub id: ViewId,
    /// The members in the order of their joining.
    pub members: Members,
    /// Who comes along from the same previous view of this group, the told one included; only the
    /// told one itself at a newcomer.
    pub transitional: Members,
    /// The core group it stands on.
    pub core: GroupId,
    /// The core group's view at that moment.
    pub core_view: vsync::ViewId,
    /// What the group is. The views of a relaxed group in one core view have one id.
    pub traits: Traits,
    /// The told one's previous view of this group; none for a newcomer.
    pub previous: Option<ViewId>,
    /// Whether the group begins with it: nobody was in it before, and all members are told so.
    pub first: bool,
}
