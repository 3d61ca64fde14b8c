//! The exchange: after joins and merges, directories become one again (protocol 6.7).
//!
//! *Takes* a view of several parts. *Promises* that all its members end with one directory, and
//! that operations are applied to that one only. Messages flow meanwhile, in the views there are.
//! Each member's first cast is its LABEL; the lowest rank of each distinct label casts its
//! DIRECTORY; the last one delivered decides, at one place of the total order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Malformed, Wire};
use vsync::Endpoint;

use crate::core_group::{CoreGroup, by_rank};
use crate::digest::Digest;
use crate::group::Change;
use crate::header::{Label, Op};
use crate::here::{Aside, Here, Slot};
use crate::id::{LwgId, Members};
use crate::limits::{DIRECTORY_BYTES_MAX, DIRECTORY_ENTRIES_MAX};
use crate::outgoing::{Rest, Urgent};
use crate::page::{Entry, Page};
use crate::view::{ViewId, number_after};

#[derive(Default)]
pub(crate) struct Exchange {
    labels: BTreeMap<Endpoint, Option<Label>>,
    /// Whose DIRECTORY is awaited, once all labels are in.
    needed: Option<BTreeSet<Label>>,
    complete: BTreeSet<Label>,
    foreign: BTreeMap<Label, Foreign>,
    /// What was delivered meanwhile, in order.
    pub(crate) ops: Vec<(Endpoint, Op)>,
}

/// The directory of another part.
#[derive(Default)]
struct Foreign {
    memberships: Vec<Members>,
    /// With the place of the membership above.
    entries: Vec<(LwgId, ViewId, usize)>,
    dead: Vec<LwgId>,
}

type Part = (ViewId, Members);

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
        for (from, op) in exchange.ops {
            here.counters.dropped += 1;
            if from == here.me {
                here.refuse(crate::group::Ask::Op(op));
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
        if self.label != Some(label) {
            let foreign = exchange.foreign.entry(label).or_default();
            if foreign.read(&mut bytes).is_err() {
                here.counters.malformed += 1;
            }
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
        if let Some(exchange) = self.exchange.take_if(all) {
            self.unify(here, &exchange);
            for (from, op) in exchange.ops {
                self.apply(here, from, op);
            }
        }
    }

    /// All directories of this view are known: one for all.
    fn unify(&mut self, here: &mut Here, exchange: &Exchange) {
        if exchange.needed.as_ref().is_some_and(BTreeSet::is_empty) && self.label.is_some() {
            return;
        }
        self.label = Some(Digest::of("unified").with(&self.view.id).end());
        let mut parts: BTreeMap<LwgId, Vec<Part>> = BTreeMap::new();
        let mut dead: BTreeSet<LwgId> = BTreeSet::new();
        for foreign in exchange.foreign.values() {
            for (lwg, id, membership) in &foreign.entries {
                let members = foreign.memberships[*membership].clone();
                parts.entry(*lwg).or_default().push((*id, members));
            }
            dead.extend(&foreign.dead);
        }
        for lwg in &dead {
            parts.entry(*lwg).or_default();
        }
        for (lwg, mut parts) in parts {
            let mine = self.directory.find(here, lwg);
            let ends = dead.contains(&lwg) || self.directory.dead.contains(lwg);
            if let Some(slot) = mine {
                let id = self.directory.entry(slot).id;
                parts.push((id, self.directory.members(slot).clone()));
            }
            match (&parts[..], mine) {
                ([], _) => self.directory.dead.insert(lwg),
                ([(id, members)], None) if !ends => {
                    self.directory.insert(here, lwg, *id, members);
                    here.asides.push_back(Aside::Known { lwg, core: self.number() });
                }
                _ => self.unite(here, lwg, mine, &parts, ends),
            }
        }
    }

    /// One group in several parts, or destroyed in one: a change for all its members.
    fn unite(
        &mut self,
        here: &mut Here,
        lwg: LwgId,
        mine: Option<Slot>,
        parts: &[Part],
        ends: bool,
    ) {
        here.counters.united += 1;
        let slot =
            mine.unwrap_or_else(|| self.directory.insert(here, lwg, parts[0].0, &parts[0].1));
        let old: BTreeSet<Endpoint> =
            parts.iter().flat_map(|(_, members)| members.iter().copied()).collect();
        let old = Members::from_vec(by_rank(&self.view.members, &old));
        let mut ids: Vec<ViewId> = parts.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let last = ids.iter().map(|id| id.counter).max().unwrap_or(0);
        let number = number_after(last, self.view.id);
        let cause = ids.iter().fold(Digest::of("parts"), |hash, id| hash.with(id)).end();
        let members = if ends { Members::new() } else { old.clone() };
        let change = Change { number, cause, unites: true, members, missing: old };
        self.agree(here, slot, change);
    }

    /// The bytes of the next page of this directory (see `page.rs`), and where it goes on.
    pub(crate) fn directory_page(
        &mut self,
        here: &mut Here,
        rest: Rest,
    ) -> (Vec<u8>, Option<Rest>) {
        let mut bytes = Vec::new();
        let from = match rest {
            Rest::Tombstones(from) => {
                let dead = self.directory.dead.iter().skip(from);
                let dead: Vec<LwgId> = dead.take(DIRECTORY_ENTRIES_MAX).collect();
                dead.write(&mut bytes);
                if dead.len() == DIRECTORY_ENTRIES_MAX {
                    return (bytes, Some(Rest::Tombstones(from + dead.len())));
                }
                0
            }
            Rest::Entries(from) => {
                Vec::<LwgId>::new().write(&mut bytes);
                from
            }
        };
        let (page, next) = self.directory.page(here, from, DIRECTORY_ENTRIES_MAX);
        let mut last = None;
        for slot in page {
            if bytes.len() > DIRECTORY_BYTES_MAX {
                return (bytes, Some(Rest::Entries(slot)));
            }
            let entry = self.directory.entry(slot);
            let again = last.replace(entry.membership) == Some(entry.membership);
            let members = (!again).then(|| self.directory.members(slot).clone());
            Entry { lwg: entry.lwg, id: entry.id, members }.write(&mut bytes);
        }
        (bytes, next.map(Rest::Entries))
    }
}

impl Foreign {
    fn read(&mut self, from: &mut &[u8]) -> Result<(), Malformed> {
        let page = Page::read(from)?;
        self.dead.extend(page.dead);
        // A page says anew whose its first entry is: it is read alone.
        let mut begun = false;
        for entry in page.entries {
            begun |= entry.members.is_some();
            self.memberships.extend(entry.members);
            if !begun {
                return Err(Malformed);
            }
            self.entries.push((entry.lwg, entry.id, self.memberships.len() - 1));
        }
        Ok(())
    }
}
