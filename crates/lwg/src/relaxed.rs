//! Relaxed groups: nobody waits for others to agree (paper 5.2: sensors that only send, and their
//! readers).
//!
//! *Takes* what members say of themselves, each in its own stream: who comes or goes says so
//! itself, so that no two can disagree about one member, and no order among members is needed.
//! *Promises* that a multicast is told once, in its sender's order, to members only, and that the
//! members known are those in the core view, in the end the same everywhere. *Does not promise* one
//! sequence of views, nor the same messages between two of them. Whoever is in the core group may
//! send without being a member: it is told nothing, and nobody waits for it.
//! Senders wait, as everywhere, while a member does not take what it is told.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use vsync::{Core, Endpoint, Message, Order};

use crate::core_group::CoreGroup;
use crate::data::Data;
use crate::group::{Ask, common};
use crate::groups::Groups;
use crate::header::{Op, SILENT, What};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::interface::{Outcome, Why};
use crate::letter::Letter;
use crate::policy::Policy;
use crate::table::Slot;
use crate::traits::{RELAXED, YOUNG};
use crate::uniting::Part;
use crate::view::ViewId;

impl CoreGroup {
    /// Whether a group is known here, and relaxed.
    pub(crate) fn is_relaxed(&self, here: &Here, lwg: LwgId) -> bool {
        let slot = here.table.find(lwg, self.number());
        slot.is_some_and(|slot| here.table.entry(slot).marks.has(RELAXED))
    }

    /// Whether a group is known here that is not relaxed: nothing sent in it needs its next view.
    pub(crate) fn is_strict(&self, here: &Here, lwg: LwgId) -> bool {
        let slot = here.table.find(lwg, self.number());
        slot.is_some_and(|slot| !here.table.entry(slot).marks.has(RELAXED))
    }

    /// An operation at its place in its sender's stream.
    pub(crate) fn alter_relaxed(
        &mut self,
        here: &mut Here,
        slot: Slot,
        from: Endpoint,
        op: &Op,
    ) -> Outcome {
        let (named, comes) = match &op.what {
            What::Add(members) => (members, true),
            What::Remove(members) => (members, false),
            What::Destroy => {
                self.end_relaxed(here, slot);
                return Outcome::Done;
            }
            // It stays where it is.
            _ => return Outcome::NoPlace,
        };
        let strangers = if comes { self.strangers(named) } else { Members::new() };
        if !strangers.is_empty() {
            return Outcome::missing(strangers);
        }
        let old = here.table.members(slot).clone();
        let concerns = |member: &Endpoint| named.contains(member) && old.contains(member) != comes;
        if !named.iter().any(concerns) {
            return Outcome::NothingToDo;
        }
        if concerns(&from) {
            let mut new = old;
            if comes {
                new.push(from);
            } else {
                new.retain(|member| *member != from);
            }
            self.set_relaxed(here, slot, new);
        } else if from != here.me && concerns(&here.me) {
            here.asides.push_back(Aside::Called { lwg: op.lwg, comes });
        }
        Outcome::Done
    }

    /// Other members, in one order everywhere.
    fn set_relaxed(&mut self, here: &mut Here, slot: Slot, mut new: Members) {
        new.sort_unstable();
        let old = here.table.members(slot).clone();
        // Whether anybody is in it at the end of the core view does not depend on who came first.
        self.directory.alive -= usize::from(!old.is_empty());
        self.directory.alive += usize::from(!new.is_empty());
        self.directory.set_members(here, slot, &new);
        let entry = here.table.entry(slot);
        let (lwg, id) = (entry.lwg, entry.id);
        match (old.contains(&here.me), new.contains(&here.me)) {
            (true, true) => self.tell_view(here, slot, common(&new, &old), Some(id)),
            (false, true) => self.tell_view(here, slot, Members::from_slice(&[here.me]), None),
            (true, false) => here.tell_out(lwg, Why::Removed, id.counter),
            (false, false) => {}
        }
    }

    fn end_relaxed(&mut self, here: &mut Here, slot: Slot) {
        let (lwg, number) = (here.table.entry(slot).lwg, here.table.entry(slot).id.counter);
        let members = here.table.members(slot);
        self.directory.alive -= usize::from(!members.is_empty());
        if members.contains(&here.me) {
            here.tell_out(lwg, Why::Destroyed, number);
        }
        self.directory.bury(here, slot, self.view.id);
        self.directory.remove(here, slot);
    }

    /// One group in several parts, or destroyed in one: each member was in one part only.
    pub(crate) fn unite_relaxed(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        mine: Option<Slot>,
        parts: &[Part],
        ends: bool,
    ) {
        here.counters.united += 1;
        let slot = mine
            .unwrap_or_else(|| self.directory.insert(here, lwg, parts[0].id, &parts[0].members));
        if mine.is_none() && parts[0].members.is_empty() {
            self.directory.alive -= 1;
        }
        if ends {
            return self.end_relaxed(here, slot);
        }
        let (number, cause) = self.of_parts(parts);
        let entry = here.table.entry_mut(slot);
        entry.id = ViewId::united(number, cause);
        entry.marks.clear(YOUNG);
        let all: BTreeSet<Endpoint> =
            parts.iter().flat_map(|part| part.members.iter().copied()).collect();
        let all = all.into_iter().filter(|member| self.view.members.contains(member)).collect();
        self.set_relaxed(here, slot, all);
    }

    /// A multicast of a relaxed group.
    pub(crate) fn on_relaxed(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        data: Data,
        (order, safe, message): (Order, bool, Message),
    ) {
        let Data { lwg, send, replies, aside, outside, .. } = data;
        let own = from == here.me;
        let teller = outside.unwrap_or(from);
        self.unite_first(here, lwg);
        let slot = self.directory.find(here, lwg);
        let inside = slot.is_some_and(|slot| here.table.members(slot).contains(&here.me));
        if inside && !(own && aside) {
            here.counters.messages_told += 1;
            here.tell_message((teller, &data), (order, safe), message);
        } else if !own || outside.is_some() {
            here.counters.filtered += 1;
            self.filtered += 1;
            if replies {
                // Who has gone meanwhile owes nothing, and says so: nobody else knows.
                let letter = Letter::Declined { send };
                here.asides.push_back(Aside::Say { to: teller, letter });
            }
        }
        if !own {
            return;
        }
        let members = match (outside, slot) {
            (None, _) => self.aimed.remove(&send),
            (Some(_), Some(slot)) => Some(here.table.members(slot).clone()),
            (Some(_), None) => None,
        };
        let mut members = members.unwrap_or_default();
        // Who has gone before its own message came owes itself nothing.
        members.retain(|member| inside || *member != here.me);
        match outside {
            Some(asker) => {
                here.passing.told((asker, send), (lwg, self.number()), &members, replies);
            }
            None => {
                if replies {
                    here.replies.delivered(send, &members, &mut here.told);
                }
                self.opening.told(lwg, seq);
                self.await_stable(seq, (lwg, send), Arc::new(members));
            }
        }
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Somebody wants this process in a relaxed group, or out of it: it says so itself.
    pub(crate) fn called(&mut self, lwg: LwgId, comes: bool) {
        let members = Members::from_slice(&[self.here.me]);
        let what = if comes { What::Add(members) } else { What::Remove(members) };
        let number = self.next_op() | SILENT;
        // Where it is full who called may call again: nothing was promised.
        let _ = self.ask(Ask::Op(Op { number, lwg, what }));
    }
}
