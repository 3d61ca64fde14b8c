//! The exchange: after joins and merges, directories become one again (protocol 6.7).
//!
//! *Takes* a view of several parts. *Promises* that all its members end with one directory, and
//! that operations are applied to that one only: they wait for its end. Messages flow meanwhile, in
//! the views there are; those of a part's lowest member wait until its directory has gone out.
//! Each member's first cast is its LABEL; the lowest rank of each distinct label casts its
//! DIRECTORY; the last one delivered decides, at one place of the total order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::Wire;
use vsync::{Endpoint, Message};

use crate::core_group::CoreGroup;
use crate::digest::Digest;
use crate::group::Ask;
use crate::header::{Label, Op, What};
use crate::here::Here;
use crate::limits::{DIRECTORY_BYTES_MAX, DIRECTORY_ENTRIES_MAX};
use crate::outgoing::{Rest, Urgent};
use crate::page::Entry;
use crate::uniting::Found;

#[derive(Default)]
pub(crate) struct Exchange {
    labels: BTreeMap<Endpoint, Option<Label>>,
    /// Whose DIRECTORY is awaited, once all labels are in.
    needed: Option<BTreeSet<Label>>,
    complete: BTreeSet<Label>,
    /// What they say that have come.
    found: Found,
    /// What was delivered meanwhile, in order.
    pub(crate) ops: Vec<(Endpoint, Op, Message)>,
}

impl CoreGroup {
    /// In a new view: an exchange if its directories may differ.
    pub(crate) fn begin_exchange(&mut self, here: &mut Here) {
        if self.view.parts.len() <= 1 && !self.unfinished {
            self.label = Some(Digest::of("view").with(&self.view.id).end());
            return;
        }
        self.unfinished = false;
        self.label =
            self.label.map(|label| Digest::of("moved").with(&label).with(&self.view.id).end());
        debug_assert!(self.directory.motions.is_empty(), "a view ends all changes");
        here.counters.exchanges += 1;
        self.exchange = Some(Exchange::default());
        self.urgent.push_back(Urgent::Label(self.label));
    }

    /// The view ends: an exchange that runs is to be repeated, what waited for it is void.
    pub(crate) fn end_exchange(&mut self, here: &mut Here) {
        let Some(exchange) = self.exchange.take() else { return };
        self.unfinished = true;
        for (from, op, message) in exchange.ops {
            here.counters.dropped += 1;
            if from == here.me {
                match op.what {
                    // What waits behind it is in the queue by now.
                    What::Say(say) => self.queue.push_front(say.ask(op.lwg, message)),
                    _ => here.refuse(Ask::Op(op)),
                }
            }
        }
    }

    pub(crate) fn on_label(&mut self, here: &mut Here, from: Endpoint, label: Option<Label>) {
        let Some(exchange) = &mut self.exchange else { return };
        exchange.labels.insert(from, label);
        let labels = &exchange.labels;
        if exchange.needed.is_some()
            || !self.view.members.iter().all(|member| labels.contains_key(member))
        {
            return;
        }
        let mut distinct: BTreeSet<Label> = labels.values().copied().flatten().collect();
        if distinct.len() == 1 && labels.values().all(Option::is_some) {
            distinct.clear();
        }
        let speaker = |label| {
            self.view.members.iter().find(|member| labels.get(member) == Some(&Some(label)))
        };
        if let Some(mine) = self.label.filter(|mine| distinct.contains(mine))
            && speaker(mine) == Some(&here.me)
        {
            let rest = Rest::Tombstones(0);
            self.urgent.push_back(Urgent::Directory { label: mine, rest });
        }
        exchange.needed = Some(distinct);
        self.unify_if_all(here);
    }

    pub(crate) fn on_directory(
        &mut self,
        here: &mut Here,
        label: Label,
        last: bool,
        mut bytes: &[u8],
    ) {
        let Some(exchange) = &mut self.exchange else { return };
        if self.label != Some(label) && exchange.found.read(&mut bytes).is_err() {
            here.counters.malformed += 1;
        }
        if last {
            exchange.complete.insert(label);
            self.unify_if_all(here);
        }
    }

    fn unify_if_all(&mut self, here: &mut Here) {
        let all = |exchange: &mut Exchange| {
            exchange.needed.as_ref().is_some_and(|needed| needed.is_subset(&exchange.complete))
        };
        let Some(exchange) = self.exchange.take_if(all) else { return };
        let same = exchange.needed.is_some_and(|needed| needed.is_empty());
        if !same || self.label.is_none() {
            self.label = Some(Digest::of("unified").with(&self.view.id).end());
            self.begin_uniting(here, exchange.found);
        }
        for (from, op, message) in exchange.ops {
            self.apply(here, from, op, message);
        }
    }

    /// The bytes of the next page of this directory (see `page.rs`), and where it goes on.
    pub(crate) fn directory_page(
        &mut self,
        here: &mut Here,
        rest: Rest,
    ) -> (Vec<u8>, Option<Rest>) {
        let mut bytes = Vec::new();
        let mut from = None;
        let (mut dead, mut moved) = (Vec::new(), Vec::new());
        let mut next = rest;
        if let Rest::Tombstones(after) = next {
            dead.extend(self.directory.dead.iter().skip(after).take(DIRECTORY_ENTRIES_MAX));
            let whole = dead.len() < DIRECTORY_ENTRIES_MAX;
            next = if whole { Rest::Moved(0) } else { Rest::Tombstones(after + dead.len()) };
        }
        if let Rest::Moved(after) = next {
            moved.extend(self.moved.iter().skip(after).take(DIRECTORY_ENTRIES_MAX));
            if moved.len() == DIRECTORY_ENTRIES_MAX {
                next = Rest::Moved(after + moved.len());
            }
        }
        dead.write(&mut bytes);
        moved.write(&mut bytes);
        match next {
            Rest::Entries(place) => from = Some(place),
            Rest::Moved(_) if moved.len() < DIRECTORY_ENTRIES_MAX => {}
            next => return (bytes, Some(next)),
        }
        let (page, next) = self.directory.page(here, from, DIRECTORY_ENTRIES_MAX);
        let mut last = None;
        for slot in page {
            if bytes.len() > DIRECTORY_BYTES_MAX {
                let here = here.table.entry(slot).membership;
                return (bytes, Some(Rest::Entries((here, slot))));
            }
            let entry = here.table.entry(slot);
            let again = last.replace(entry.membership) == Some(entry.membership);
            let memberships = &here.table.memberships;
            let (members, lost) = (here.table.members(slot), memberships.lost(entry.membership));
            let members = (!again).then(|| (members.clone(), lost.clone()));
            let (lwg, id, marks) = (entry.lwg, entry.id, entry.marks);
            let generation = here.table.generation(slot);
            Entry { lwg, id, generation, marks, members }.write(&mut bytes);
        }
        (bytes, next.map(Rest::Entries))
    }
}
