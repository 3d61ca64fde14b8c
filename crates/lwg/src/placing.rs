//! Placing: creates and adds that wait for a core group, what waits behind them, and until when.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::Instant;
use vsync::{Endpoint, GroupId};

use crate::group::Ask;
use crate::header::Op;
use crate::here::CoreNumber;
use crate::id::{LwgId, Members, SendId};
use crate::limits::PLACING_MAX;
use crate::queue::Queue;
use crate::sets::SetId;
use crate::traits::Traits;

/// Everything that waits to be placed.
#[derive(Default)]
pub(crate) struct Placing {
    pub(crate) creates: BTreeMap<LwgId, Create>,
    /// Core groups that are being founded here, by name and by sorted members.
    pub(crate) foundings: BTreeMap<GroupId, Members>,
    pub(crate) by_members: BTreeMap<(SetId, Members), GroupId>,
    pub(crate) adds: BTreeMap<LwgId, Add>,
    adds_by_core: BTreeSet<(CoreNumber, LwgId)>,
    /// Operations that wait behind those.
    behind: usize,
    pub(crate) timers: BTreeSet<(Instant, Timer)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Create(LwgId),
    /// Of a group, and with this number.
    Add(LwgId, u64),
    /// A multicast that a member is to pass on.
    Through(SendId),
}

pub(crate) struct Create {
    pub(crate) set: SetId,
    pub(crate) members: Members,
    pub(crate) traits: Traits,
    /// Who asked this process to place it.
    pub(crate) asker: Option<Endpoint>,
    pub(crate) stage: Stage,
    pub(crate) deadline: Instant,
    pub(crate) rule: u8,
    /// What its creator has asked of it meanwhile.
    pub(crate) held: Queue,
    pub(crate) refused: bool,
    /// How often it has been placed again.
    pub(crate) again: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// That member is to place it.
    Asked(Endpoint),
    /// Until the first view.
    Founding(GroupId),
    /// Its operation is on the way in that core group.
    Sent(GroupId),
    /// It is done; this process has not delivered it yet.
    Done,
}

/// An add that waits for members to come into the core group.
pub(crate) struct Add {
    pub(crate) core: CoreNumber,
    pub(crate) op: Op,
    /// What was asked of the group after it, and when: operations of one process on a group are
    /// carried out in the order in which it asks for them.
    pub(crate) behind: VecDeque<(Instant, Op)>,
}

impl Placing {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.creates.len() + self.adds.len() + self.behind >= PLACING_MAX
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.creates.len() + self.adds.len() + self.behind + self.foundings.len()
    }

    /// Whether a create or an add of this process is on its way there.
    pub(crate) fn concerns(&self, core: GroupId, number: CoreNumber) -> bool {
        let there = |create: &Create| create.stage == Stage::Sent(core);
        !self.adds_on(number).is_empty() || self.creates.values().any(there)
    }

    /// Whether this core group is being founded here.
    pub(crate) fn is_founding(&self, core: GroupId) -> bool {
        self.foundings.contains_key(&core)
    }

    /// Keeps an operation behind an add of the same group that waits; hands it back if none does.
    pub(crate) fn queue_behind(&mut self, since: Instant, op: Op) -> Result<(), Op> {
        let Some(add) = self.adds.get_mut(&op.lwg) else { return Err(op) };
        add.behind.push_back((since, op));
        self.behind += 1;
        Ok(())
    }

    /// An add waits until its members have come.
    pub(crate) fn wait_for(&mut self, core: CoreNumber, op: Op) {
        self.adds_by_core.insert((core, op.lwg));
        self.adds.insert(op.lwg, Add { core, op, behind: VecDeque::new() });
    }

    /// The add of this group waits no more.
    pub(crate) fn take_add(&mut self, lwg: LwgId) -> Option<Add> {
        let add = self.adds.remove(&lwg)?;
        self.adds_by_core.remove(&(add.core, lwg));
        self.behind -= add.behind.len();
        Some(add)
    }

    /// The groups of adds that wait in this core group.
    pub(crate) fn adds_on(&self, core: CoreNumber) -> Vec<LwgId> {
        let on = self.adds_by_core.range((core, LwgId::default())..);
        on.take_while(|(on, _)| *on == core).map(|(_, lwg)| *lwg).collect()
    }

    /// Keeps an ask for a group that is being created; hands it back if there is none or no room.
    pub(crate) fn hold(&mut self, ask: Ask) -> Result<(), (Ask, bool)> {
        let Some(create) = self.creates.get_mut(&ask.lwg()) else { return Err((ask, false)) };
        if create.asker.is_some() {
            return Err((ask, false));
        }
        if create.held.is_full() {
            create.refused = true;
            return Err((ask, true));
        }
        create.held.push_back(ask);
        Ok(())
    }
}
