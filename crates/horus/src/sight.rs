//! Sight: what of a tower its operators may look at. Looking changes nothing.

use lwg::{Carried, Groups, Listed, LwgId, Policy, Seen};
#[cfg(feature = "embedded")]
use muts::Multicast;
use muts::{Instant, NodeId};
#[cfg(feature = "embedded")]
use vsync::Kernel;
use vsync::gate::Client;
use vsync::{Core, Exclusion, GroupId, Hold, Known, View};

/// See the head of this file.
pub(crate) trait Sight {
    /// Each core group that light-weight groups are placed on: its view, and how many are.
    fn cores(&self) -> Box<dyn Iterator<Item = (&View, usize)> + '_>;

    /// One of them, if this process is in it.
    fn core(&self, core: GroupId) -> Option<(&View, usize)>;

    /// What one of them carries.
    fn carried(&self, core: GroupId) -> Option<Carried>;

    /// A light-weight group, if it is known here.
    fn light(&self, lwg: LwgId) -> Option<Seen>;

    /// How many light-weight groups are known here.
    fn lights(&self) -> usize;

    /// At most so many of them.
    fn list(&self, most: usize) -> Vec<Listed>;

    /// The kernel, if it is in this process.
    fn grounds(&self) -> Option<&dyn Grounds>;
}

/// What a kernel knows that is not told.
pub(crate) trait Grounds {
    /// The newest process of a node that this one has had to do with.
    fn known(&self, now: Instant, node: NodeId) -> Option<Known>;

    /// Of those that were met and are not over, how many there are and how many are heard.
    fn met_and_heard(&self, now: Instant) -> (usize, usize);

    /// Why a core group takes no multicast, or a safe one is not delivered.
    fn holds(&self, group: GroupId) -> Vec<Hold>;

    /// The last members that view changes were begun without here.
    fn exclusions(&self) -> Vec<Exclusion>;
}

/// What a tower may stand on.
trait Below: Core {
    fn grounds(&self) -> Option<&dyn Grounds>;
}

impl Below for Client {
    // They are the daemon's.
    fn grounds(&self) -> Option<&dyn Grounds> {
        None
    }
}

#[cfg(feature = "embedded")]
impl<M: Multicast> Below for Kernel<M> {
    fn grounds(&self) -> Option<&dyn Grounds> {
        Some(self)
    }
}

#[cfg(feature = "embedded")]
impl<M: Multicast> Grounds for Kernel<M> {
    fn known(&self, now: Instant, node: NodeId) -> Option<Known> {
        Self::known(self, now, node)
    }

    fn met_and_heard(&self, now: Instant) -> (usize, usize) {
        self.known_to_live(now).fold((0, 0), |(met, heard), known| {
            (met + 1, heard + usize::from(known.charge.is_none()))
        })
    }

    fn holds(&self, group: GroupId) -> Vec<Hold> {
        self.why_held(group)
    }

    fn exclusions(&self) -> Vec<Exclusion> {
        self.why_excluded().copied().collect()
    }
}

impl<C: Below, P: Policy> Sight for Groups<C, P> {
    fn cores(&self) -> Box<dyn Iterator<Item = (&View, usize)> + '_> {
        Box::new(self.core_views())
    }

    fn core(&self, core: GroupId) -> Option<(&View, usize)> {
        self.core_view(core)
    }

    fn carried(&self, core: GroupId) -> Option<Carried> {
        Groups::carried(self, core)
    }

    fn light(&self, lwg: LwgId) -> Option<Seen> {
        self.seen(lwg)
    }

    fn lights(&self) -> usize {
        self.len()
    }

    fn list(&self, most: usize) -> Vec<Listed> {
        Groups::list(self, most)
    }

    fn grounds(&self) -> Option<&dyn Grounds> {
        self.below().grounds()
    }
}
