//! Entering: who is added to a group that has moved or lost members says itself that it comes.
//!
//! A part of such a group may be elsewhere, with some of those who are to be added, and nobody is
//! in two. *Takes* an add at its place in the total order: it invites them, and each enters or says
//! that it does not come. *Promises* whoever asked that it is told Done, and that what it sends
//! after the add goes out, only when all of them are in. *Keeps* invitations, the same at all
//! members and of one core view alone, and at the asker whom its adds wait for: they are asked
//! again in the next view.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use vsync::{Core, Endpoint};

use crate::core_group::CoreGroup;
use crate::group::{Ask, Generation};
use crate::groups::Groups;
use crate::header::{Op, What};
use crate::here::{Aside, CoreNumber, Here};
use crate::id::{LwgId, Members};
use crate::interface::Outcome;
use crate::limits::INVITED_MAX;
use crate::policy::Policy;
use crate::table::Slot;
use crate::traits::LOST;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Entering {
    invited: BTreeSet<(LwgId, Endpoint)>,
    /// Own adds, by group and number.
    adds: BTreeMap<(LwgId, u64), Waiting>,
}

#[derive(Debug)]
struct Waiting {
    op: Op,
    awaited: Members,
    /// Who has said that it does not come.
    absent: Members,
}

impl Entering {
    /// Own adds that wait.
    pub(crate) fn len(&self) -> usize {
        self.adds.len()
    }

    /// A member enters: whether it was invited.
    pub(crate) fn enters(&mut self, lwg: LwgId, member: Endpoint) -> bool {
        self.invited.remove(&(lwg, member))
    }

    /// These are to come no more; answers whether any was.
    fn call_off(&mut self, lwg: LwgId, members: &[Endpoint]) -> bool {
        let invited = self.invited.len();
        members.iter().for_each(|member| {
            self.invited.remove(&(lwg, *member));
        });
        self.invited.len() < invited
    }

    fn call_off_all(&mut self, lwg: LwgId) {
        let invited = self.invited.range((lwg, Endpoint::default())..);
        let invited: Members =
            invited.take_while(|(of, _)| *of == lwg).map(|(_, member)| *member).collect();
        self.call_off(lwg, &invited);
    }

    fn of(&self, lwg: LwgId) -> Vec<(LwgId, u64)> {
        self.adds.range((lwg, 0)..=(lwg, u64::MAX)).map(|(key, _)| *key).collect()
    }
}

impl CoreGroup {
    /// Whether who is added to this group has to say itself that it comes.
    pub(crate) fn is_entered(&self, here: &Here, slot: Slot) -> bool {
        let (generation, marks) = self.agreed_history(here, slot);
        marks.has(LOST) || generation != Generation::default()
    }

    /// An add at its place: these are invited. How it ends is not known yet.
    pub(crate) fn invite_in(
        &mut self,
        here: &mut Here,
        from: Endpoint,
        op: &Op,
        added: Members,
    ) -> Option<Outcome> {
        let lwg = op.lwg;
        if self.entering.invited.len() + added.len() > INVITED_MAX {
            return Some(Outcome::Again);
        }
        self.entering.invited.extend(added.iter().map(|member| (lwg, *member)));
        // A part of it may be elsewhere, with some of these: they say so.
        if added.contains(&here.me) {
            here.asides.push_back(Aside::Asked { lwg, core: self.number() });
        }
        if from == here.me {
            let waiting = Waiting { op: op.clone(), awaited: added, absent: Members::new() };
            self.entering.adds.insert((lwg, op.number), waiting);
        }
        None
    }

    /// Others are agreed to be in a group now, or it is agreed to go elsewhere.
    pub(crate) fn look_at_adds(&mut self, here: &mut Here, slot: Slot) {
        if self.entering.invited.is_empty() && self.entering.adds.is_empty() {
            return;
        }
        let (members, _) = self.agreed(here, slot);
        let lwg = here.table.entry(slot).lwg;
        let goes = self.leaves(slot).is_some();
        if goes || members.is_empty() {
            self.entering.call_off_all(lwg);
        } else {
            self.entering.call_off(lwg, &members);
        }
        for key in self.entering.of(lwg) {
            if goes {
                // It goes along, and what waits for it.
                if let Some(Waiting { op, .. }) = self.entering.adds.remove(&key) {
                    self.operation_is_back(here, &op);
                    here.asides.push_back(Aside::Moved { op });
                }
            } else if members.is_empty() {
                self.end_entering(here, key, Some(Outcome::NoGroup));
            } else {
                self.no_longer_awaited(here, key, |member| members.contains(member), false);
            }
        }
    }

    /// These are removed: whoever was to come does not, and counts as having been in. Answers
    /// whether any was.
    pub(crate) fn are_removed(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        members: &[Endpoint],
    ) -> bool {
        let any = self.entering.call_off(lwg, members);
        for key in self.entering.of(lwg) {
            self.no_longer_awaited(here, key, |member| members.contains(member), false);
        }
        any
    }

    /// One who was invited does not come.
    pub(crate) fn does_not_enter(&mut self, here: &mut Here, from: Endpoint, lwg: LwgId) {
        self.entering.call_off(lwg, &[from]);
        for key in self.entering.of(lwg) {
            self.no_longer_awaited(here, key, |member| *member == from, true);
        }
    }

    fn no_longer_awaited(
        &mut self,
        here: &mut Here,
        key: (LwgId, u64),
        who: impl Fn(&Endpoint) -> bool,
        absent: bool,
    ) {
        let Some(waiting) = self.entering.adds.get_mut(&key) else { return };
        let gone = waiting.awaited.iter().copied().filter(|member| absent && who(member));
        waiting.absent.extend(gone.collect::<Members>());
        waiting.awaited.retain(|member| !who(member));
        if waiting.awaited.is_empty() {
            self.end_entering(here, key, None);
        }
    }

    fn end_entering(&mut self, here: &mut Here, key: (LwgId, u64), outcome: Option<Outcome>) {
        let Some(Waiting { op, absent, .. }) = self.entering.adds.remove(&key) else { return };
        let missing = || if absent.is_empty() { Outcome::Done } else { Outcome::missing(absent) };
        let outcome = outcome.unwrap_or_else(missing);
        self.operation_is_back(here, &op);
        here.asides.push_back(Aside::Ended { op, outcome });
    }

    /// The view is over, and with it all invitations: own adds that wait are asked again before
    /// what waits for them.
    pub(crate) fn enter_again(&mut self, here: &mut Here) {
        self.entering.invited.clear();
        for ((lwg, _), Waiting { op, .. }) in
            core::mem::take(&mut self.entering.adds).into_iter().rev()
        {
            let slot = here.table.find(lwg, self.number());
            match slot.and_then(|slot| self.directory.motions.get_mut(&slot)) {
                Some(motion) => motion.held.push_front(Ask::Op(op)),
                None => self.queue.push_front(Ask::Op(op)),
            }
        }
    }

    /// This process has left.
    pub(crate) fn enter_no_more(&mut self, here: &mut Here) {
        let number = self.number();
        here.entering.retain(|_, core| *core != number);
        for (_, Waiting { op, .. }) in core::mem::take(&mut self.entering.adds) {
            here.refuse(Ask::Op(op));
        }
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// This process is asked into a group that has moved or lost members: it enters unless it is in
    /// it elsewhere, or about to be.
    pub(crate) fn asked_in(&mut self, lwg: LwgId, core: CoreNumber) {
        let entering = self.here.entering.get(&lwg).copied();
        if self.is_elsewhere(lwg, core) || entering.is_some_and(|other| other != core) {
            return self.say_absent(lwg, core);
        }
        if entering.is_none() {
            self.here.entering.insert(lwg, core);
            let known = self.here.known.get(&lwg).copied().unwrap_or(0);
            self.operate_silently(core, lwg, What::Enter(known));
        }
    }
}
