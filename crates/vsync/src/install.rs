//! INSTALL: the decision that ends an epoch, or one in each of several components, and starts the
//! next.

use alloc::vec::Vec;

use muts::{Malformed, ProcId, Sink, Wire, read_varint};

use crate::endpoint::GroupId;
use crate::kin::Relative;
use crate::span::Span;
use crate::view::ViewId;

/// What an excluded sender's stream is like at those who move along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Its rank.
    pub(crate) of: u8,
    /// Positions below the cut that none of them has as payload, and some of them might have to.
    pub(crate) void: Vec<Span>,
    /// Positions that some of them has delivered.
    pub(crate) done: Vec<Span>,
}

/// One component's share of a new view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The epoch that ends.
    pub(crate) epoch: ViewId,
    /// The view that it belongs to.
    pub(crate) view: ViewId,
    /// What its coordinator has said of its state last.
    pub(crate) digest: Option<u64>,
    /// By rank in that epoch: the first position that is not delivered.
    pub(crate) cut: Vec<u64>,
    /// Of each excluded sender.
    pub(crate) lost: Vec<Lost>,
    /// Who moves along, by rank.
    pub(crate) members: Vec<ProcId>,
    /// Who of them counts for a primary view.
    pub(crate) voters: Vec<ProcId>,
    /// Who took part in the flush and leaves with this view.
    pub(crate) leavers: Vec<ProcId>,
    /// The highest epoch number that any of them has seen.
    pub(crate) highest: u64,
    /// Whether its members have been told no view of the group yet.
    pub(crate) hidden: bool,
    /// Once members, and not known to be out, or said to be in the group: newcomers and the other
    /// side have to look for them too.
    pub(crate) kin: Vec<Relative>,
}

/// Who comes into the group with a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joiner {
    pub(crate) proc: ProcId,
    /// What it asked with: tells this joining from an earlier one.
    pub(crate) nonce: u64,
}

/// The decision. Its content is final once it has been sent to anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Install {
    pub(crate) group: GroupId,
    pub(crate) view: ViewId,
    /// The coordinator's own component first.
    pub(crate) parts: Vec<Part>,
    pub(crate) joiners: Vec<Joiner>,
}

impl Install {
    /// The members of the new view by rank: oldest first, the newcomers last.
    pub(crate) fn members(&self) -> Vec<ProcId> {
        let old = self.parts.iter().flat_map(|part| part.members.iter().copied());
        old.chain(self.joiners.iter().map(|joiner| joiner.proc)).collect()
    }

    /// Whether the group begins with it: nobody has been told a view of it.
    pub(crate) fn founds(&self) -> bool {
        self.parts.iter().all(|part| part.hidden)
    }

    /// The nodes of the new view that count for a primary one.
    pub(crate) fn voters(&self) -> Vec<muts::NodeId> {
        if self.founds() {
            return self.members().iter().map(|proc| proc.node).collect();
        }
        self.parts.iter().flat_map(|part| part.voters.iter().map(|proc| proc.node)).collect()
    }

    /// The part that ends this epoch for this process.
    pub(crate) fn part_of(&self, epoch: ViewId, proc: ProcId) -> Option<&Part> {
        self.parts.iter().find(|part| {
            part.epoch == epoch && (part.members.contains(&proc) || part.leavers.contains(&proc))
        })
    }

    /// Whether it ends this epoch for anybody.
    pub(crate) fn ends(&self, epoch: ViewId) -> bool {
        self.parts.iter().any(|part| part.epoch == epoch)
    }

    /// Whether a process that was seen in that epoch may have come by it: it ended that, or took
    /// the process from a later one. What is said of an earlier one has taken its time.
    pub(crate) fn is_behind(&self, proc: ProcId, epoch: ViewId) -> bool {
        let later = |part: &Part| part.epoch.epoch > epoch.epoch && part.members.contains(&proc);
        self.ends(epoch) || self.parts.iter().any(later)
    }

    /// Whether it leaves the members of that epoch as they were.
    pub(crate) fn keeps(&self, part: &Part, members: &[ProcId]) -> bool {
        self.parts.len() == 1 && self.joiners.is_empty() && !part.hidden && part.members == members
    }

    /// Everybody whom it concerns.
    pub(crate) fn audience(&self) -> Vec<ProcId> {
        let leavers = self.parts.iter().flat_map(|part| part.leavers.iter().copied());
        self.members().into_iter().chain(leavers).collect()
    }
}

impl Wire for Lost {
    fn write(&self, into: &mut impl Sink) {
        self.of.write(into);
        self.void.write(into);
        self.done.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { of: u8::read(from)?, void: Vec::read(from)?, done: Vec::read(from)? })
    }
}

/// Takes three bytes on the wire at least, and many in memory: room is made once, for no more of
/// them than can have come.
fn read_lost(from: &mut &[u8]) -> Result<Vec<Lost>, Malformed> {
    let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
    if count > from.len() / 3 {
        return Err(Malformed);
    }
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(Lost::read(from)?);
    }
    Ok(all)
}

/// Most INSTALLs have one part, and are kept.
fn read_parts(from: &mut &[u8]) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::read(from)?;
    parts.shrink_to_fit();
    Ok(parts)
}

impl Wire for Part {
    fn write(&self, into: &mut impl Sink) {
        self.epoch.write(into);
        self.view.write(into);
        self.digest.write(into);
        self.cut.write(into);
        self.lost.write(into);
        self.members.write(into);
        self.voters.write(into);
        self.leavers.write(into);
        self.highest.write(into);
        self.hidden.write(into);
        self.kin.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            epoch: ViewId::read(from)?,
            view: ViewId::read(from)?,
            digest: Option::read(from)?,
            cut: Vec::read(from)?,
            lost: read_lost(from)?,
            members: Vec::read(from)?,
            voters: Vec::read(from)?,
            leavers: Vec::read(from)?,
            highest: u64::read(from)?,
            hidden: bool::read(from)?,
            kin: Vec::read(from)?,
        })
    }
}

impl Wire for Joiner {
    fn write(&self, into: &mut impl Sink) {
        self.proc.write(into);
        self.nonce.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { proc: ProcId::read(from)?, nonce: u64::read(from)? })
    }
}

impl Wire for Install {
    fn write(&self, into: &mut impl Sink) {
        self.group.write(into);
        self.view.write(into);
        self.parts.write(into);
        self.joiners.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            group: GroupId::read(from)?,
            view: ViewId::read(from)?,
            parts: read_parts(from)?,
            joiners: Vec::read(from)?,
        })
    }
}
