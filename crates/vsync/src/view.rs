//! View: who is in the group, agreed upon, numbered.

use core::fmt;

use alloc::vec::Vec;

use muts::{Malformed, ProcId, Sink, Wire};

use crate::endpoint::{Endpoint, GroupId};
use crate::limits::EPOCH_MAX;

/// Names a view of a group: its epoch number, and the process that decided it. Ordered by both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ViewId {
    /// Grows from view to view at every member.
    pub epoch: u64,
    /// The coordinator that decided it.
    pub coordinator: ProcId,
}

impl fmt::Debug for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.epoch, self.coordinator)
    }
}

impl Wire for ViewId {
    fn write(&self, into: &mut impl Sink) {
        self.epoch.write(into);
        self.coordinator.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (epoch, coordinator) = (u64::read(from)?, ProcId::read(from)?);
        if epoch > EPOCH_MAX { Err(Malformed) } else { Ok(Self { epoch, coordinator }) }
    }
}

/// A view as its members are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The group.
    pub group: GroupId,
    /// Its name; the same members in the same order wherever it is told (S1).
    pub id: ViewId,
    /// The members by rank, oldest first.
    pub members: Vec<Endpoint>,
    /// Who comes along from the same previous view, the told one included, by rank.
    pub transitional: Vec<Endpoint>,
    /// The parts that this view was made of, each by rank, the coordinator's first: members of one
    /// part came from one previous view; a newcomer is a part of its own. Together: all members.
    pub parts: Vec<Vec<Endpoint>>,
    /// The previous view of the told one; none for a newcomer.
    pub previous: Option<ViewId>,
    /// In a group that has a policy of primary views: whether this one is; none where that did not
    /// become known before it ended, and in other groups.
    pub primary: Option<bool>,
}
