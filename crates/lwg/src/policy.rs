//! Policy: where a light-weight group is placed, apart from the mechanism (paper 5.1).

use muts::Duration;
use vsync::{Endpoint, GroupId};

use crate::core_set::CoreSet;
use crate::limits::{EXTRAS_MAX, GRACE};

/// Where a group is to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this core group, of exactly its members.
    Exact(GroupId),
    /// On this core group, with so many extra members.
    Superset(GroupId, usize),
    /// On a new core group of exactly its members; others of the same set may share it.
    New,
    /// On a new core group that nobody else waits for.
    Alone,
}

/// Decides where groups are placed and how long idle core groups are kept.
pub trait Policy {
    /// The place for a group of these members, given in ascending order.
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place;

    /// How long a core group without groups is kept.
    fn grace(&self) -> Duration {
        GRACE
    }
}

/// The paper's default: the smallest core group that holds the members and at most k others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Smallest {
    /// The extra members allowed; none: min(5, twice the members).
    pub extras_max: Option<usize>,
    /// How long idle core groups are kept; none: 30 s.
    pub grace: Option<Duration>,
}

impl Policy for Smallest {
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
        if let Some(group) = cores.exact(members) {
            return Place::Exact(group);
        }
        let extras_max = self.extras_max.unwrap_or(EXTRAS_MAX.min(2 * members.len()));
        match cores.smallest(members, extras_max) {
            Some((group, extras)) => Place::Superset(group, extras),
            None => Place::New,
        }
    }

    fn grace(&self) -> Duration {
        self.grace.unwrap_or(GRACE)
    }
}

/// Every group on a core group of its own: what there was before light-weight groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OneToOne;

impl Policy for OneToOne {
    fn place(&self, _: &[Endpoint], _: &CoreSet) -> Place {
        Place::Alone
    }
}

/// Why a group is where it is, as a byte of its entry.
pub(crate) const TOLD: u8 = 0;
pub(crate) const EXACT: u8 = 1;
pub(crate) const NEW: u8 = 2;
/// Plus the number of extras.
pub(crate) const SUPERSET: u8 = 3;

/// The rule in words.
pub(crate) fn why(rule: u8) -> &'static str {
    match rule {
        TOLD => "placed by another member",
        EXACT => "exact match",
        NEW => "new core group",
        4 => "smallest superset, 1 extra",
        5 => "smallest superset, 2 extras",
        6 => "smallest superset, 3 extras",
        7 => "smallest superset, 4 extras",
        8 => "smallest superset, 5 extras",
        _ => "smallest superset, more than 5 extras",
    }
}
