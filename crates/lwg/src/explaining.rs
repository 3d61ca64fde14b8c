//! Explaining: where a group is and why, and what each core group carries.

use alloc::vec::Vec;

use vsync::{Core, Endpoint, GroupId};

use crate::groups::Groups;
use crate::id::{LwgId, Members};
use crate::limits::CANDIDATES_MAX;
use crate::policy::{Policy, why};
use crate::sets::SetId;
use crate::view::ViewId;

/// Where a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where {
    /// Its core group.
    pub core: GroupId,
    /// The members of that.
    pub members: Vec<Endpoint>,
    /// Which rule put it there.
    pub why: &'static str,
    /// The set of that core group.
    pub set: SetId,
    /// How many members of the core group are not in the group.
    pub extras: usize,
    /// How often it has moved.
    pub moves: u32,
    /// Members that do not take what they are told of it: what is sent to it waits for them.
    pub choked_by: Vec<Endpoint>,
    /// The core groups of the set that this process is in and that hold all members, the smallest
    /// first, the one it is on among them; of more than [`CANDIDATES_MAX`] the first.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub candidates_more: usize,
}

/// A core group that a light-weight group could be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub core: GroupId,
    /// What it would cost: the members that would hear the group in vain.
    pub extras: usize,
    /// Groups that are on it.
    pub groups: usize,
}

/// What a core group carries, as this process knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The core group.
    pub core: GroupId,
    /// Its set.
    pub set: SetId,
    /// Its members.
    pub members: usize,
    /// Light-weight groups on it.
    pub groups: usize,
    /// Distinct memberships of theirs.
    pub memberships: usize,
    /// Over all groups on it, the members of the core group that are not in the group.
    pub extras: u64,
    /// Messages delivered here for groups that this process is not in.
    pub filtered: u64,
    /// Bytes of own messages that members of the core group outside their groups were spared, added
    /// up over these. (Who gives places in the total order is sent ABCASTs all the same.)
    pub spared: u64,
}

/// A group as this process knows it, whether it is a member or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The view installed last.
    pub view: ViewId,
    /// Its members that are in the core group's present view.
    pub members: Members,
    /// The core group that it stands on.
    pub core: GroupId,
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// A group as it is known here, if it is.
    #[must_use]
    pub fn seen(&self, lwg: LwgId) -> Option<Seen> {
        let (core, slot) = self.here.find(lwg)?;
        let core = &self.cores[core as usize].as_ref()?.view;
        let members = self.here.table.members(slot).iter().copied();
        // It is brought up to date when it is touched.
        let members = members.filter(|member| core.members.contains(member)).collect();
        Some(Seen { view: self.here.table.entry(slot).id, members, core: core.group })
    }

    /// How many groups are known here.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.here.table.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The present view of a core group that groups are placed on, and how many are.
    #[must_use]
    pub fn core_view(&self, core: GroupId) -> Option<(&vsync::View, usize)> {
        let core = self.cores[*self.numbers.get(&core)? as usize].as_ref()?;
        Some((&core.view, core.directory.alive))
    }

    /// The same of all that this process is in.
    pub fn core_views(&self) -> impl Iterator<Item = (&vsync::View, usize)> {
        self.numbers.keys().filter_map(|core| self.core_view(*core))
    }

    /// Where a group is and why, if it is known here.
    #[must_use]
    pub fn explain(&self, lwg: LwgId) -> Option<Where> {
        let (core, slot) = self.here.find(lwg)?;
        let core = self.cores[core as usize].as_ref()?;
        let entry = self.here.table.entry(slot);
        let mut sorted: Members = self.here.table.members(slot).clone();
        sorted.sort_unstable();
        let set = SetId::of(core.id());
        let candidates = self.sets.cores(set).map(|cores| cores.candidates(&sorted));
        let candidates = candidates.unwrap_or_default();
        let candidates_more = candidates.len().saturating_sub(CANDIDATES_MAX);
        let candidate = |(size, group): (usize, GroupId)| {
            let groups = self.carried(group).map_or(0, |carried| carried.groups);
            Candidate { core: group, extras: size - sorted.len(), groups }
        };
        Some(Where {
            core: core.id(),
            members: core.view.members.clone(),
            why: why(entry.rule),
            set,
            extras: core.view.members.len().saturating_sub(sorted.len()),
            moves: self.here.table.generation(slot).0,
            choked_by: self.here.chokers(lwg).to_vec(),
            candidates: candidates.into_iter().take(CANDIDATES_MAX).map(candidate).collect(),
            candidates_more,
        })
    }

    /// What a core group carries, if this process is in it.
    #[must_use]
    pub fn carried(&self, core: GroupId) -> Option<Carried> {
        let number = *self.numbers.get(&core)?;
        let group = self.cores[number as usize].as_ref()?;
        let members = group.view.members.len();
        let memberships = &self.here.table.memberships;
        let all = memberships.of(number);
        let uses = |index: &u32| memberships.uses(*index) as usize;
        let extras = |index: &u32| members.saturating_sub(memberships.members(*index).len());
        Some(Carried {
            core,
            set: SetId::of(core),
            members,
            groups: all.iter().map(uses).sum(),
            memberships: all.len(),
            extras: all.iter().map(|index| (uses(index) * extras(index)) as u64).sum(),
            filtered: group.filtered,
            spared: group.spared,
        })
    }

    /// What each core group of a set carries.
    pub fn carried_by_all(&self) -> impl Iterator<Item = Carried> + '_ {
        self.numbers.keys().filter_map(|core| self.carried(*core))
    }
}
