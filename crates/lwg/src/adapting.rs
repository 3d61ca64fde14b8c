//! Adapting: in the background, groups are looked at again and go where they should be.
//!
//! One look a period, at memberships and not at groups. Each membership is the business of its
//! lowest member alone. What a policy wants at several looks in a row is done, a bounded part at a
//! time; nothing waits for it (protocol 6.5).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use muts::Instant;
use vsync::{Core, GroupId};

use crate::groups::Groups;
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::limits::{MOVES_A_REVIEW_MAX, REVIEWED_MAX, REVIEWS_MIN};
use crate::membership::Index;
use crate::policy::{PARTED, Policy, Remap, SHARED, Standing};
use crate::sets::SetId;
use crate::table::NOWHERE;

/// What was wanted at the last looks.
#[derive(Default)]
pub(crate) struct Adapting {
    next: Option<Instant>,
    wishes: BTreeMap<(CoreNumber, Index), (Remap, u8)>,
    /// Core groups with groups, but none that this process is in.
    unused: BTreeMap<CoreNumber, u8>,
}

impl Adapting {
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// A core group has a view: it is looked at after a while, if its set wants that.
    pub(crate) fn review_later(&mut self, core: GroupId) {
        if let Some(period) = self.sets.policy(core).review() {
            let at = self.here.now + period;
            self.adapting.next = Some(self.adapting.next.map_or(at, |next| next.min(at)));
        }
    }

    /// Looks at everything, if it is time.
    pub(crate) fn review(&mut self) {
        if self.adapting.next.is_none_or(|next| next > self.here.now) {
            return;
        }
        self.adapting.next = None;
        let before = core::mem::take(&mut self.adapting.wishes);
        let unused = core::mem::take(&mut self.adapting.unused);
        for (core, number) in self.numbers.clone() {
            self.review_later(core);
            let Some(period) = self.sets.policy(core).review() else { continue };
            debug_assert!(period > muts::Duration::ZERO);
            let Some(group) = self.cores[number as usize].as_ref() else { continue };
            if group.exchange.is_some() || group.closed || !group.is_swept() {
                continue;
            }
            let mut mine = 0;
            for index in self.here.table.memberships.of(number) {
                let members = self.here.table.memberships.members(index);
                mine += usize::from(members.contains(&self.here.me));
                if members.iter().min() == Some(&self.here.me) {
                    self.review_one(core, number, index, &before);
                }
            }
            if mine == 0 {
                let looks = unused.get(&number).copied().unwrap_or(0) + 1;
                self.review_unused(core, number, looks);
            }
        }
    }

    /// Groups of one membership that this process is the lowest member of.
    fn review_one(
        &mut self,
        core: GroupId,
        number: CoreNumber,
        index: Index,
        before: &BTreeMap<(CoreNumber, Index), (Remap, u8)>,
    ) {
        let Some(group) = self.cores[number as usize].as_ref() else { return };
        let sorted = |members: &[vsync::Endpoint]| {
            let mut sorted: Members = members.into();
            sorted.sort_unstable();
            sorted
        };
        let members = sorted(self.here.table.memberships.members(index));
        let core_members = sorted(&group.view.members);
        let groups = self.here.table.memberships.uses(index);
        let standing = Standing { members: &members, core, core_members: &core_members, groups };
        let set = SetId::of(core);
        let Some(cores) = self.sets.cores(set) else { return };
        let wish = self.sets.policy_of(set).remap(&standing, cores);
        if wish == Remap::Stay {
            return;
        }
        let looks = match before.get(&(number, index)) {
            Some((same, looks)) if *same == wish => looks.saturating_add(1),
            _ => 1,
        };
        self.adapting.wishes.insert((number, index), (wish, looks));
        if looks < REVIEWS_MIN {
            return;
        }
        // Nothing is founded for what cannot move.
        let some = self.some_of(number, index);
        if some.is_empty() {
            return;
        }
        let (to, rule) = match wish {
            Remap::Share(to) => (to, SHARED),
            Remap::Part(to) => (to, PARTED),
            Remap::PartToNew => (self.found_group(set, members, true), PARTED),
            Remap::Stay => return,
        };
        for lwg in some {
            self.start_move(lwg, to, rule, false);
        }
    }

    /// Some groups of a membership that can move, of the first ones.
    fn some_of(&self, number: CoreNumber, index: Index) -> Vec<LwgId> {
        let mut some = Vec::new();
        let Some(group) = self.cores[number as usize].as_ref() else { return some };
        let mut at = self.here.table.memberships.first(index);
        for _ in 0..REVIEWED_MAX {
            if at == NOWHERE || some.len() == MOVES_A_REVIEW_MAX {
                break;
            }
            let entry = self.here.table.entry(at);
            if group.can_move(&self.here, at) && !self.moves.is_moving(entry.lwg) {
                some.push(entry.lwg);
            }
            at = entry.next;
        }
        some
    }

    /// Whether anything is on its way to a core group, or from it, that is not seen there yet.
    fn is_concerned(&self, core: GroupId, number: CoreNumber) -> bool {
        self.placing.concerns(core, number)
            || self.moves.concerns(core, number)
            || self.here.arriving.values().any(|arriving| arriving.to.core == core)
    }

    /// A core group whose groups are all of others.
    fn review_unused(&mut self, core: GroupId, number: CoreNumber, looks: u8) {
        self.adapting.unused.insert(number, looks);
        if looks < REVIEWS_MIN || !self.sets.policy(core).shrinks() {
            return;
        }
        let Some(group) = self.cores[number as usize].as_ref() else { return };
        let busy = group.directory.alive == 0
            || group.wants_out()
            || !group.is_one()
            || !group.directory.motions.is_empty()
            || !group.arrivals.is_empty()
            || !group.reserved.is_empty()
            || group.moved.kept_until() > self.here.now
            || !group.queue.is_empty()
            || self.is_concerned(core, number);
        if !busy {
            self.here.counters.shrunk += 1;
            self.adapting.unused.remove(&number);
            self.ask_below(vsync::Down::Leave { group: core });
        }
    }
}
