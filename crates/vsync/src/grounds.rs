//! Grounds: why somebody was excluded, and why something waits, for whoever asks.

use alloc::vec::Vec;

use muts::{Instant, Malformed, Multicast, NodeId, ProcId, Sink, Wire};

use crate::endpoint::GroupId;
use crate::flush::Phase;
use crate::group::Group;
use crate::kernel::Kernel;
use crate::precedence::Lower;
use crate::serving::Serving;
use crate::turn::Turn;
use crate::view::ViewId;

/// What speaks against a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// It said farewell, or another incarnation of its node was met.
    Over,
    /// Nothing was heard of it for the limit of silence; or it called and acknowledged nothing.
    Silent,
    /// It was never met.
    NeverMet,
    /// It has not heard this process, by its own heartbeats, for the limit of silence.
    Deaf,
    /// It is in a view without this process, or does not come along.
    Elsewhere,
    /// It said of a change of views what cannot be.
    Unsound,
    /// It and this member of the view do not hear each other.
    Apart(ProcId),
}

/// Another process, as this one knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub who: ProcId,
    /// It was met.
    pub met: bool,
    /// What speaks against it now.
    pub charge: Option<Charge>,
}

/// A member that a flush of this process was begun without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    /// The group.
    pub group: GroupId,
    /// The view that it was in.
    pub view: ViewId,
    /// Who.
    pub who: ProcId,
    /// Why.
    pub charge: Charge,
    /// When.
    pub at: Instant,
}

/// Why a group takes no multicast, or a safe one is not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Not all who are to be in the first view have come.
    Founding,
    /// A flush runs.
    Flush {
        /// Who coordinates it.
        by: ProcId,
        /// Since when this member has been blocked.
        since: Instant,
        /// Of one's own flush: whose answers are missing.
        missing: Vec<ProcId>,
    },
    /// A suspected member of a lower rank is heard by others: it is to change the view first.
    Lower {
        /// Who.
        who: ProcId,
        /// Since when it has been waited for.
        since: Instant,
    },
    /// These are not known to be in the present view yet.
    Unconfirmed(Vec<ProcId>),
    /// These are not known to have received everything that is here: what is safe waits for them.
    Unsettled(Vec<ProcId>),
    /// These are not known to have delivered everything that is here.
    Unstable(Vec<ProcId>),
    /// The transport has no room: these have received the least of one's own messages.
    Window(Vec<ProcId>),
    /// These do not take what they are told of it.
    Untaken(Vec<ProcId>),
    /// Other groups are active, and causality is kept across groups.
    Across(Vec<GroupId>),
    /// The view is not primary and the group refuses multicasts in such.
    NotPrimary,
}

impl Wire for Charge {
    fn write(&self, into: &mut impl Sink) {
        let kind = match self {
            Self::Over => 1,
            Self::Silent => 2,
            Self::NeverMet => 3,
            Self::Deaf => 4,
            Self::Elsewhere => 5,
            Self::Unsound => 6,
            Self::Apart(_) => 7,
        };
        into.push(kind);
        if let Self::Apart(other) = self {
            other.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            1 => Self::Over,
            2 => Self::Silent,
            3 => Self::NeverMet,
            4 => Self::Deaf,
            5 => Self::Elsewhere,
            6 => Self::Unsound,
            7 => Self::Apart(ProcId::read(from)?),
            _ => return Err(Malformed),
        })
    }
}

impl Serving {
    /// What speaks against a member that a flush does without; `kept` goes on.
    pub(crate) fn charge(&self, turn: &Turn<'_>, who: ProcId, kept: &[ProcId]) -> Charge {
        if self.gone.contains(&who) {
            return Charge::Elsewhere;
        }
        turn.peers.charge(turn.now, who).unwrap_or_else(|| {
            let apart = kept.iter().find(|other| !turn.peers.compatible(turn.now, who, **other));
            apart.map_or(Charge::Elsewhere, |other| Charge::Apart(*other))
        })
    }

    fn holds(&self) -> Vec<Hold> {
        let mut holds = Vec::new();
        if self.founding.is_some() {
            holds.push(Hold::Founding);
        }
        if let Some(blocked) = self.blocked {
            let missing = self.flush.as_ref().map_or_else(Vec::new, |flush| {
                let waits = flush.phase != Phase::Ready;
                let members = self.epoch.members.iter().copied();
                let missing = members.filter(|proc| waits && flush.waits_for(*proc));
                missing.collect()
            });
            holds.push(Hold::Flush { by: blocked.by, since: blocked.since, missing });
        }
        if let Some(Lower { who, since, .. }) = self.lower {
            holds.push(Hold::Lower { who, since });
        }
        let named = |ranks: Vec<usize>| -> Vec<ProcId> {
            ranks.into_iter().map(|rank| self.epoch.members[rank]).collect()
        };
        if !self.owed.is_empty() {
            holds.push(Hold::Unconfirmed(named(self.epoch.stability.absent())));
        }
        let heads: Vec<u64> = self.epoch.received();
        let lacking = self.epoch.stability.lacking(&heads);
        if !lacking.is_empty() {
            holds.push(Hold::Unsettled(named(lacking)));
        }
        let behind = self.epoch.stability.behind(&heads);
        if !behind.is_empty() {
            holds.push(Hold::Unstable(named(behind)));
        }
        if self.owes_room && self.blocked.is_none() && self.owed.is_empty() {
            holds.push(Hold::Window(named(self.epoch.stability.slowest(self.epoch.rank))));
        }
        if self.primary == Some(false) {
            holds.push(Hold::NotPrimary);
        }
        holds
    }
}

impl<M: Multicast> Kernel<M> {
    /// Why a group takes no multicast now, or a safe one is not delivered; nothing if nothing holds
    /// them, or if this process is not in it.
    #[must_use]
    pub fn why_held(&self, group: GroupId) -> Vec<Hold> {
        let Some(Group::Serving(serving)) = self.groups.get(&group) else { return Vec::new() };
        let mut holds = serving.holds();
        let untaken = self.chokers(group);
        if !untaken.is_empty() {
            holds.push(Hold::Untaken(untaken));
        }
        let active: Vec<GroupId> = self.across.before(group).collect();
        if !active.is_empty() {
            holds.push(Hold::Across(active));
        }
        holds
    }

    /// The last members that flushes of this process were begun without, oldest first, at most
    /// `limits::EXCLUSIONS_MAX`.
    pub fn why_excluded(&self) -> impl Iterator<Item = &Exclusion> {
        self.exclusions()
    }

    /// The newest process of a node that this one has had to do with; none if it never had.
    #[must_use]
    pub fn known(&self, now: Instant, node: NodeId) -> Option<Known> {
        self.desk.peers.of_node(node).last().map(|who| self.known_as(now, who))
    }

    /// Those that were met and are not over.
    pub fn known_to_live(&self, now: Instant) -> impl Iterator<Item = Known> {
        self.desk.peers.living().map(move |who| self.known_as(now, who))
    }

    fn known_as(&self, now: Instant, who: ProcId) -> Known {
        let peers = &self.desk.peers;
        Known { who, met: peers.is_met(who), charge: peers.charge(now, who) }
    }
}
