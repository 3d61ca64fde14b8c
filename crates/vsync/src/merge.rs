//! Merge: two components of one group find each other and become one view.
//!
//! Takes: sightings of a foreign component all of whose members are in one view and linked with all
//! of ours. Promises: only whole, disjoint components merge, never two incarnations of a node, and
//! only where each side lets the other in (`showing.rs`); who waits for the other side in vain goes
//! on alone. The component with the lower view leads: it decides; the other closes its epoch and
//! hands its part over.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Instant, ProcId};

use crate::control::Control;
use crate::install::Part;
use crate::serving::Serving;
use crate::turn::Turn;
use crate::view::ViewId;

/// A merge under way at a coordinator.
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) role: Role,
    /// The other coordinator.
    peer: ProcId,
    /// Its view.
    view: ViewId,
    /// When this side goes on alone.
    until: Instant,
}

impl Merge {
    /// When this side goes on alone.
    pub(crate) const fn until(&self) -> Instant {
        self.until
    }
}

/// Which side this is, and how far it has come.
#[derive(Debug)]
pub(crate) enum Role {
    /// It has asked.
    Asking,
    /// It was granted: it closes its epoch, then hands its part over until an INSTALL comes.
    Following { merge: u64, part: Option<Part> },
    /// It granted: it closes its epoch, then waits for the other part.
    Leading { merge: u64, other: Option<Part> },
}

impl Serving {
    /// Looks for a component to ask.
    pub(crate) fn look_for_merge(&mut self, turn: &mut Turn<'_>) {
        if self.has_suspects(turn) || !self.leaves.is_empty() {
            return;
        }
        let found: Vec<(ProcId, ViewId, Vec<ProcId>)> = self
            .sightings
            .iter()
            .filter_map(|(proc, sighting)| {
                let (view, members) = sighting.view()?;
                let leads = members.first() == Some(proc) && *view < self.epoch.view;
                let fits = leads && self.can_merge(turn, *view, members);
                fits.then(|| (*proc, *view, members.clone()))
            })
            .collect();
        let mut found = found.into_iter();
        if let Some((peer, view, _)) = found.find(|(_, _, members)| self.lets_in(turn, members)) {
            let jitter = turn.random.below(turn.config.control.as_nanos() as u64 * 3);
            let patience = turn.config.control * 8 + core::time::Duration::from_nanos(jitter);
            let until = turn.now + patience;
            self.merge = Some(Box::new(Merge { role: Role::Asking, peer, view, until }));
            self.repeating.now(turn);
        }
    }

    /// Whether every member of that view was seen in it and is linked with every member of ours.
    fn can_merge(&self, turn: &Turn<'_>, view: ViewId, members: &[ProcId]) -> bool {
        let mut seen = members.iter().map(|proc| self.sightings.get(proc));
        let together =
            seen.all(|s| s.and_then(|s| s.view()).is_some_and(|(other, _)| *other == view));
        let ours = &self.epoch.members;
        let linked = |a: &ProcId| members.iter().all(|b| turn.peers.linked(turn.now, *a, *b));
        together && self.is_foreign(members) && ours.iter().all(linked)
    }

    /// Whether they share no member and no node with us, so no two incarnations can meet.
    fn is_foreign(&self, members: &[ProcId]) -> bool {
        let mut ours = self.epoch.members.iter();
        !members.is_empty() && ours.all(|own| members.iter().all(|other| other.node != own.node))
    }

    fn is_idle_coordinator(&self, turn: &Turn<'_>) -> bool {
        self.coordinator(turn) == turn.me()
            && self.flush.is_none()
            && self.blocked.is_none()
            && self.founding.is_none()
    }

    /// Takes a MERGE_ASK: granted only when idle, so that no two changes meet, and only where no
    /// two are known here not to hear each other: such a view would end at once.
    pub(crate) fn take_merge_ask(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        view: ViewId,
        members: &[ProcId],
    ) {
        let free = self.is_idle_coordinator(turn) && self.merge.is_none();
        let hear = |a: &ProcId| members.iter().all(|b| turn.peers.compatible(turn.now, *a, *b));
        let fits = self.epoch.view < view
            && self.is_foreign(members)
            && self.epoch.members.iter().all(hear);
        if !free || !fits || self.has_suspects(turn) || !self.lets_in(turn, members) {
            return;
        }
        if !self.may_close(turn) {
            let (group, members) = (self.epoch.group, members.to_vec());
            return self.keep(from, Control::MergeAsk { group, view, members });
        }
        let role = Role::Leading { merge: turn.random.draw(), other: None };
        let until = turn.now + turn.config.merge;
        self.merge = Some(Box::new(Merge { role, peer: from, view, until }));
        self.begin(turn);
        self.push_merge(turn);
    }

    /// Takes a MERGE_GRANT: this side closes its epoch too.
    pub(crate) fn take_merge_grant(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        merge: u64,
        view: ViewId,
    ) {
        let idle = self.is_idle_coordinator(turn) && view == self.epoch.view;
        let until = turn.now + turn.config.merge * 2;
        let asked = self.merge.as_ref();
        let asked = asked.is_some_and(|it| it.peer == from && matches!(it.role, Role::Asking));
        if !idle || !asked {
            return;
        }
        if !self.may_close(turn) {
            let group = self.epoch.group;
            return self.keep(from, Control::MergeGrant { group, merge, view });
        }
        let Some(asked) = &mut self.merge else { return };
        asked.role = Role::Following { merge, part: None };
        asked.until = until;
        self.begin(turn);
    }

    /// Takes the other component's part.
    pub(crate) fn take_merge_ready(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        merge: u64,
        part: Part,
    ) {
        let sound = self.is_sound_part(&part);
        let Some(led) = &mut self.merge else { return };
        let view = led.view;
        if let Role::Leading { merge: granted, other } = &mut led.role
            && *granted == merge
            && led.peer == from
            && part.epoch == view
        {
            if !sound {
                turn.counters.unsound += 1;
                return;
            }
            *other = Some(part);
            self.decide_if_ready(turn);
        }
    }

    /// Repeats what the other coordinator has to hear.
    pub(crate) fn push_merge(&mut self, turn: &mut Turn<'_>) {
        let Some(merging) = &self.merge else { return };
        let (group, peer) = (self.epoch.group, merging.peer);
        let message = match &merging.role {
            Role::Asking => {
                let members: Vec<ProcId> = self.epoch.members.clone();
                Control::MergeAsk { group, view: self.epoch.view, members }
            }
            Role::Leading { merge, .. } => {
                Control::MergeGrant { group, merge: *merge, view: merging.view }
            }
            Role::Following { merge, part: Some(part) } => {
                Control::MergeReady { group, merge: *merge, part: part.clone() }
            }
            Role::Following { part: None, .. } => return,
        };
        turn.control(peer, &message);
    }

    /// Goes on alone when the other side has not come in time.
    pub(crate) fn end_overdue_merge(&mut self, turn: &mut Turn<'_>) {
        if self.merge.as_ref().is_some_and(|merge| merge.until <= turn.now) {
            self.merge = None;
            // What had to wait for it is looked at soon.
            self.repeating.stir(turn);
            self.decide_if_ready(turn);
        }
    }
}
