//! Policy: where a light-weight group is placed and when it moves, apart from the mechanism
//! (paper 5.1).

use alloc::boxed::Box;

use muts::Duration;
use vsync::{Endpoint, GroupId};

use crate::core_set::CoreSet;
use crate::limits::{CORES_MAX, EXTRAS_MAX, GRACE, REVIEW, SHARE_OVER};

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
    /// On none that there is, and none is to be made.
    Nowhere,
}

/// Groups of one membership on one core group, as a review finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Their members, in ascending order.
    pub members: &'a [Endpoint],
    /// The core group.
    pub core: GroupId,
    /// Its members, in ascending order.
    pub core_members: &'a [Endpoint],
    /// How many groups.
    pub groups: u32,
}

/// What a review wants for groups of one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remap {
    /// They stay.
    Stay,
    /// They share that core group with what is there.
    Share(GroupId),
    /// They go from where too many hear them in vain to where fewer do.
    Part(GroupId),
    /// The same, to a new core group of exactly their members.
    PartToNew,
}

/// Decides where groups are placed, how long idle core groups are kept, and what moves.
pub trait Policy {
    /// The place for a group of these members, given in ascending order.
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place;

    /// How long a core group without groups is kept.
    fn grace(&self) -> Duration {
        GRACE
    }

    /// How many core groups there may be at a process: then the smallest that holds the members is
    /// taken, however many extras it has.
    fn cores_max(&self) -> usize {
        CORES_MAX
    }

    /// How often groups are looked at again; none: what is placed stays.
    fn review(&self) -> Option<Duration> {
        None
    }

    /// Where groups of one membership should be instead. Asked at their lowest member; what is
    /// wanted at two reviews in a row is done.
    fn remap(&self, _: &Standing<'_>, _: &CoreSet) -> Remap {
        Remap::Stay
    }

    /// Whether a process leaves core groups that have groups, but none that it is in.
    fn shrinks(&self) -> bool {
        false
    }
}

/// Whichever it is: for who chooses one at run time.
impl Policy for Box<dyn Policy + Send> {
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
        (**self).place(members, cores)
    }
    fn grace(&self) -> Duration {
        (**self).grace()
    }
    fn cores_max(&self) -> usize {
        (**self).cores_max()
    }
    fn review(&self) -> Option<Duration> {
        (**self).review()
    }
    fn remap(&self, standing: &Standing<'_>, cores: &CoreSet) -> Remap {
        (**self).remap(standing, cores)
    }
    fn shrinks(&self) -> bool {
        (**self).shrinks()
    }
}

/// The paper's default: the smallest core group that holds the members and at most k others. With
/// none allowed: exact match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Smallest {
    /// The extra members allowed; none: min(5, twice the members).
    pub extras_max: Option<usize>,
    /// How long idle core groups are kept; none: 30 s.
    pub grace: Option<Duration>,
}

impl Smallest {
    /// A group stands on a core group of exactly its members.
    #[must_use]
    pub const fn exact() -> Self {
        Self { extras_max: Some(0), grace: None }
    }

    /// The extra members allowed for so many members.
    #[must_use]
    pub fn slack(&self, members: usize) -> usize {
        self.extras_max.unwrap_or(EXTRAS_MAX.min(2 * members))
    }
}

impl Policy for Smallest {
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
        if let Some(group) = cores.exact(members) {
            return Place::Exact(group);
        }
        match cores.smallest(members, self.slack(members.len())) {
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

    fn cores_max(&self) -> usize {
        usize::MAX
    }
}

/// A grace that does not end.
pub(crate) const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Nothing is placed but where the user says: core groups are founded, and groups put on them, by
/// hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByHand;

impl Policy for ByHand {
    fn place(&self, _: &[Endpoint], _: &CoreSet) -> Place {
        Place::Nowhere
    }

    fn grace(&self) -> Duration {
        // Who founds by hand closes by hand.
        FOREVER
    }
}

/// The paper's default, looked at again: groups that too many hear in vain go elsewhere, core
/// groups that nearly coincide become one, and who is in no group leaves the core group.
///
/// A group leaves a core group with over k extras and comes to one with at most k/2: what has just
/// moved does not move back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adaptive {
    /// Where new groups go, and k.
    pub base: Smallest,
    /// How often it looks.
    pub period: Duration,
    /// Core groups are shared only if there are more than so many.
    pub share_over: usize,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { base: Smallest::default(), period: REVIEW, share_over: SHARE_OVER }
    }
}

impl Policy for Adaptive {
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
        self.base.place(members, cores)
    }

    fn grace(&self) -> Duration {
        self.base.grace()
    }

    fn review(&self) -> Option<Duration> {
        Some(self.period)
    }

    fn remap(&self, standing: &Standing<'_>, cores: &CoreSet) -> Remap {
        let slack = self.base.slack(standing.members.len());
        let close = slack / 2;
        let extras = standing.core_members.len() - standing.members.len();
        if extras > slack {
            return match cores.smallest(standing.members, close) {
                Some((to, _)) => Remap::Part(to),
                None => Remap::PartToNew,
            };
        }
        if cores.len() <= self.share_over {
            return Remap::Stay;
        }
        // The whole core group would go, so that it can be given up.
        let room = close.saturating_sub(extras);
        match cores.next_to(standing.core, standing.core_members, room) {
            Some(to) => Remap::Share(to),
            None => Remap::Stay,
        }
    }

    fn shrinks(&self) -> bool {
        true
    }
}

/// Why a group is where it is, as a byte of its entry.
pub(crate) const TOLD: u8 = 0;
pub(crate) const EXACT: u8 = 1;
pub(crate) const NEW: u8 = 2;
pub(crate) const PINNED: u8 = 3;
pub(crate) const SHARED: u8 = 4;
pub(crate) const PARTED: u8 = 5;
pub(crate) const GATHERED: u8 = 6;
/// Plus the number of extras.
pub(crate) const SUPERSET: u8 = 8;

/// The rule in words.
pub(crate) fn why(rule: u8) -> &'static str {
    match rule {
        TOLD => "placed by another member",
        EXACT => "exact match",
        NEW => "new core group",
        PINNED => "put there by hand",
        SHARED => "moved: its core group nearly coincided with this one",
        PARTED => "moved: too many heard it in vain",
        GATHERED => "moved: its parts meet where they were one",
        9 => "smallest superset, 1 extra",
        10 => "smallest superset, 2 extras",
        11 => "smallest superset, 3 extras",
        12 => "smallest superset, 4 extras",
        13 => "smallest superset, 5 extras",
        _ => "smallest superset, more than 5 extras",
    }
}
