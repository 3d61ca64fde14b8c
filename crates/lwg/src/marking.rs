//! Marking: who sends no more in which views.
//!
//! *Takes* MARKs as the core group delivers them, and own ABCASTs as they go out and come back.
//! *Promises* that an own MARK follows all that this process has sent in the old view, places
//! included. *Keeps* MARKs that came before their change, and those that wait.
//!
//! Where parts of a core group come together all their groups are united at one place of its total
//! order, perhaps a million of them: each member gives one MARK for them all.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::Endpoint;

use crate::core_group::CoreGroup;
use crate::here::Here;
use crate::id::{LwgId, Members};
use crate::limits::EARLY_MARKS_MAX;
use crate::outgoing::Urgent;
use crate::table::Slot;

/// MARKs whose operation has not been delivered here.
#[derive(Debug, Default)]
pub(crate) struct EarlyMarks {
    from: BTreeMap<(LwgId, u64), Members>,
    count: usize,
    /// Who has given one for all groups that are united; kept until the view ends.
    for_all: Members,
}

impl EarlyMarks {
    /// False: there is no room, and that change waits for the core view's end.
    fn insert(&mut self, lwg: LwgId, change: u64, from: Endpoint) -> bool {
        let room = self.count < EARLY_MARKS_MAX;
        if room {
            self.from.entry((lwg, change)).or_default().push(from);
            self.count += 1;
        }
        room
    }

    /// Those for this change; whether it unites parts.
    pub(crate) fn take(&mut self, lwg: LwgId, change: u64, unites: bool) -> Members {
        if unites {
            return self.for_all.clone();
        }
        let marks = self.from.remove(&(lwg, change)).unwrap_or_default();
        self.count -= marks.len();
        marks
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Own ABCASTs of each group and operations on it not delivered here yet, and the MARKs held back
/// by them.
///
/// A MARK follows the places of all ABCASTs that its sender sent in the old view. So whoever has
/// every MARK has the places too, and components that part in the middle of a change cannot give
/// one view id to two sequences.
#[derive(Debug, Default)]
pub(crate) struct Unplaced {
    under_way: BTreeMap<LwgId, u64>,
    marks: BTreeMap<LwgId, Vec<u64>>,
    /// How many have gone out, and how many of them have been delivered here.
    sent: u64,
    delivered: u64,
    /// So many have to be, before the MARK for all groups that are united goes; whether some have
    /// passed over what was sent in one of them.
    for_all: Option<(u64, bool)>,
}

impl Unplaced {
    /// An own ABCAST or operation has gone out.
    pub(crate) fn cast(&mut self, lwg: LwgId) {
        *self.under_way.entry(lwg).or_default() += 1;
        self.sent += 1;
    }

    /// Whether this MARK has to wait; it is kept then.
    pub(crate) fn wait(&mut self, lwg: LwgId, change: u64) -> bool {
        let waits = self.under_way.contains_key(&lwg);
        if waits {
            self.marks.entry(lwg).or_default().push(change);
        }
        waits
    }

    /// An own ABCAST or operation was delivered: answers the MARKs that may go out now.
    pub(crate) fn delivered(&mut self, lwg: LwgId) -> Vec<u64> {
        if let Some(count) = self.under_way.get_mut(&lwg) {
            self.delivered += 1;
            *count -= 1;
            if *count > 0 {
                return Vec::new();
            }
            self.under_way.remove(&lwg);
        }
        self.marks.remove(&lwg).unwrap_or_default()
    }

    /// The MARK for all groups that are united is due when all that has gone out is delivered.
    pub(crate) fn wait_for_all(&mut self, narrow: bool) {
        let narrow = narrow || self.for_all.is_some_and(|(_, narrow)| narrow);
        self.for_all = Some((self.sent, narrow));
    }

    /// Whether that one may go out now, once; if so, whether some have passed over what it ends.
    fn take_for_all(&mut self) -> Option<bool> {
        let due = self.for_all.take_if(|(wanted, _)| self.delivered >= *wanted);
        due.map(|(_, narrow)| narrow)
    }

    /// The view is over, and with it all that was under way.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl CoreGroup {
    /// An old member sends no more in the view before that change.
    pub(crate) fn on_mark(&mut self, here: &mut Here, from: Endpoint, lwg: LwgId, number: u64) {
        let slot = self.directory.find(here, lwg);
        let motion = slot.and_then(|slot| self.directory.motions.get_mut(&slot));
        let change = motion
            .and_then(|motion| motion.changes.iter_mut().find(|change| change.mark() == number));
        match (change, slot) {
            (Some(change), Some(slot)) => {
                change.missing.retain(|member| *member != from);
                self.install_ready(here, slot);
            }
            _ if self.early.insert(lwg, number, from) => {}
            _ => here.counters.marks_dropped += 1,
        }
    }

    /// A member sends no more in the views before those that unite parts.
    pub(crate) fn on_mark_for_all(&mut self, here: &mut Here, from: Endpoint) {
        if self.early.for_all.contains(&from) {
            return;
        }
        self.early.for_all.push(from);
        self.ripening = Some(0);
        self.ripen_some(here, here.at_once);
    }

    /// Looks at so many groups more that may have all MARKs by now.
    pub(crate) fn ripen_some(&mut self, here: &mut Here, most: usize) {
        let Some(first) = self.ripening else { return };
        let slots = self.directory.motions.range(first..).map(|(slot, _)| *slot);
        let slots: Vec<Slot> = slots.take(most).collect();
        for slot in &slots {
            self.ripen(here, *slot);
        }
        let last = slots.last().filter(|_| slots.len() == most);
        self.ripening = last.map(|last| last + 1);
    }

    /// Looks at this one now: what is sent in its new view comes before its turn.
    pub(crate) fn ripen_first(&mut self, here: &mut Here, lwg: LwgId) {
        if self.ripening.is_some()
            && let Some(slot) = self.directory.find(here, lwg)
        {
            self.ripen(here, slot);
        }
    }

    pub(crate) fn ripen(&mut self, here: &mut Here, slot: Slot) {
        if self.take_marks_for_all(slot) {
            self.install_ready(here, slot);
        }
    }

    /// Whether those were the last that a group's change waited for.
    fn take_marks_for_all(&mut self, slot: Slot) -> bool {
        let motion = self.directory.motions.get_mut(&slot);
        let mut changes = motion.into_iter().flat_map(|motion| &mut motion.changes);
        let Some(change) = changes.find(|change| change.unites) else { return false };
        let waited = !change.missing.is_empty();
        change.missing.retain(|member| !self.early.for_all.contains(member));
        waited && change.missing.is_empty()
    }

    /// The MARK for all groups that are united goes, if all are, and nothing holds it back.
    pub(crate) fn mark_for_all(&mut self) {
        if self.uniting.is_some() {
            return;
        }
        if let Some(narrow) = self.unplaced.take_for_all() {
            self.urgent.push_back(Urgent::MarkForAll { narrow });
        }
    }
}
