//! Whereabouts: finding members that are late, that went another way, and other components.
//!
//! Takes: what others say of where they are. Promises: a laggard gets the INSTALL that it lacks
//! from anyone who took it; who is in a view without this member is `gone` for it and is excluded
//! before anything else (V4). Two components of which only somebody knows who reaches but one of
//! them find each other too: it names those it does not reach. Keeps: the newest sighting of each
//! process that is looked for, by number.

use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Instant, ProcId};

use crate::control::{Control, Whereabouts};
use crate::grounds::Charge;
use crate::install::Install;
use crate::interface::{Fault, Up};
use crate::kin::Relative;
use crate::serving::Serving;
use crate::turn::Turn;
use crate::view::ViewId;

/// Where a process was seen last.
#[derive(Debug, Default)]
pub(crate) struct Sighting {
    number: u64,
    /// Nothing since the present view began; or its view, or that it is in none.
    seen: Option<Option<(ViewId, Vec<ProcId>)>>,
    answered: Option<Instant>,
}

impl Sighting {
    /// The view that it was seen in.
    pub(crate) fn view(&self) -> Option<&(ViewId, Vec<ProcId>)> {
        self.seen.as_ref()?.as_ref()
    }

    /// It began to ask for a view then, and was in none; numbers are its own clock's.
    pub(crate) fn joins(&mut self, since: u64) {
        if since > self.number {
            self.number = since;
            self.seen = Some(None);
        }
    }

    /// What it said is old: only something newer counts again. Answers what it said.
    pub(crate) fn forget(&mut self) -> Option<Option<(ViewId, Vec<ProcId>)>> {
        self.seen.take()
    }
}

impl Serving {
    /// Takes what somebody says of where it is.
    pub(crate) fn take_whereabouts(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        whereabouts: Whereabouts,
    ) {
        if self.has_let_in(from, whereabouts.number) {
            return;
        }
        let sighting = self.sightings.entry(from).or_default();
        if whereabouts.number < sighting.number {
            return;
        }
        sighting.number = whereabouts.number;
        sighting.seen = Some(whereabouts.view.clone());
        if let Some((view, charge)) = whereabouts.charge {
            self.take_charge(turn, from, view, charge);
        }
        let Some((view, members)) = whereabouts.view else {
            self.kin.remove(from);
            return;
        };
        if view == self.epoch.view {
            return;
        }
        for proc in members.into_iter().chain(whereabouts.beyond) {
            let heir = turn.peers.heir(proc);
            if heir != turn.me() && !turn.peers.is_lost(heir) {
                self.kin.add(heir);
            }
        }
        let pause = turn.config.control * 4;
        let sighting = self.sightings.entry(from).or_default();
        if sighting.answered.is_some_and(|at| turn.now.since(at) < pause) {
            return;
        }
        sighting.answered = Some(turn.now);
        self.answer_other_epoch(turn, from, view);
    }

    /// Whether it has been let in since: what it said while it asked for that is old, whenever it
    /// comes.
    fn has_let_in(&self, proc: ProcId, number: u64) -> bool {
        let joiners = self.history.iter().flat_map(|install| &install.joiners);
        joiners.chain(&self.let_in).any(|it| it.proc == proc && it.nonce >= number)
    }

    /// Somebody may be in another component of the group.
    pub(crate) fn note_kin(&mut self, proc: ProcId) {
        if !self.epoch.members.contains(&proc) {
            self.kin.add(proc);
        }
    }

    /// These are, or were, in a view with this member.
    pub(crate) fn note_members(&mut self, me: ProcId, members: &[ProcId]) {
        for proc in members.iter().copied().filter(|proc| *proc != me) {
            self.kin.note(Relative { proc, was_in: true });
        }
    }

    /// Who is in this view, and who may be looked for by what each of its parts knows.
    pub(crate) fn take_kin(&mut self, turn: &Turn<'_>, install: &Install) {
        self.note_members(turn.me(), &install.members());
        let kin = install.parts.iter().flat_map(|part| &part.kin);
        for relative in kin.filter(|relative| relative.proc != turn.me()) {
            self.kin.note(*relative);
        }
        self.renew_kin(turn);
    }

    /// Who is over makes room for who lives in its place, and is forgotten by and by; so is where
    /// somebody was who is not looked for.
    pub(crate) fn renew_kin(&mut self, turn: &Turn<'_>) {
        let peers = &turn.peers;
        if self.kin.iter().any(|proc| peers.is_lost(proc)) {
            self.kin.replace(|proc| peers.heir(proc));
            self.kin.retain(|proc| proc != turn.me() && !peers.is_long_lost(turn.now, proc));
        }
        let (members, joins, kin) = (&self.epoch.members, &self.joins, &self.kin);
        self.sightings.retain(|proc, _| {
            let looked_for = kin.has(*proc) || joins.contains_key(proc);
            members.contains(proc) || (looked_for && !peers.is_lost(*proc))
        });
        self.shown.retain(|proc, _| !members.contains(proc) && !peers.is_lost(*proc));
    }

    /// Anybody may have founded a group of the same word: each process met is asked once.
    pub(crate) fn note_all_met(&mut self, turn: &Turn<'_>) {
        if self.group().is_of_word() {
            turn.peers.living().for_each(|proc| self.note_kin(proc));
        }
    }

    /// Who looked for this process here before it came in is in another component.
    pub(crate) fn note_all_heard(&mut self, turn: &mut Turn<'_>) {
        let heard = turn.heard.take(self.group());
        let heard = heard.iter().filter(|proc| !turn.peers.is_lost(*proc));
        heard.for_each(|proc| self.note_kin(proc));
    }

    /// Somebody is in another epoch: it gets the INSTALL that ended it, if that was taken here, or
    /// hears where this member is.
    pub(crate) fn answer_other_epoch(&mut self, turn: &mut Turn<'_>, from: ProcId, epoch: ViewId) {
        if let Some(install) = self.history.iter().find(|install| install.ends(epoch)) {
            turn.counters.handons += 1;
            turn.control(from, &Control::Install(Arc::clone(install)));
        } else if epoch != self.epoch.view {
            self.tell_whereabouts(turn, from);
        }
    }

    /// Tells one process where this member is.
    pub(crate) fn tell_whereabouts(&self, turn: &mut Turn<'_>, to: ProcId) {
        let beyond = self.kin.iter().filter(|proc| !turn.peers.is_reachable(*proc));
        let beyond = beyond.filter(|proc| !turn.peers.is_lost(*proc));
        let beyond = beyond.filter(|proc| !self.epoch.members.contains(proc)).collect();
        let (number, view, charge) =
            (turn.now.as_nanos(), self.shown_view(), self.blames(turn, to));
        let whereabouts = Whereabouts { number, view, beyond, charge };
        turn.control(to, &Control::Where { group: self.group(), whereabouts });
    }

    /// The view that this member put that one out of last, and why.
    fn blames(&self, turn: &Turn<'_>, who: ProcId) -> Option<(ViewId, Charge)> {
        if self.epoch.members.contains(&who) {
            return None;
        }
        let (group, mut all) = (self.group(), turn.exclusions.iter().rev());
        let last = all.find(|exclusion| exclusion.group == group && exclusion.who == who)?;
        Some((last.view, last.charge))
    }

    /// Somebody went on without this member: its user hears why, once for each view.
    fn take_charge(&mut self, turn: &mut Turn<'_>, by: ProcId, view: ViewId, charge: Charge) {
        let own = view == self.epoch.told || Some(view) == self.before;
        if own && self.blamed != Some(view) {
            self.blamed = Some(view);
            let fault = Fault::Excluded { view, by, charge };
            turn.tell(Up::Fault { group: self.group(), fault });
        }
    }

    /// Tells those who may not know, while anything is unsettled or somebody is missing.
    pub(crate) fn tell_whereabouts_if_due(&mut self, turn: &mut Turn<'_>) {
        if self.where_due.is_none_or(|due| due > turn.now) {
            return;
        }
        self.where_due = None;
        let me = turn.me();
        let mut to: Vec<ProcId> = self.strangers(turn);
        if self.is_restless(turn) {
            to.extend(self.epoch.members.iter().copied().filter(|proc| *proc != me));
        }
        for proc in to {
            self.tell_whereabouts(turn, proc);
        }
    }

    /// Kin that are not in the view and may hear it. A process that restarted stands for the one it
    /// was before: it may be in the group again, in another component.
    fn strangers(&self, turn: &Turn<'_>) -> Vec<ProcId> {
        let kin = self.kin.iter();
        kin.filter(|proc| !self.epoch.members.contains(proc))
            .filter(|proc| turn.peers.is_reachable(*proc))
            .collect()
    }

    pub(crate) fn reschedule_whereabouts(&mut self, turn: &Turn<'_>) {
        let restless = self.is_restless(turn);
        let nobody_waits = !restless && self.strangers(turn).is_empty();
        if nobody_waits || self.founding.is_some() {
            self.where_due = None;
            return;
        }
        let (soon, seldom) = (turn.config.control * 4, turn.config.announce);
        let restless_pause = (self.repeating.pause() * 4).min(seldom).max(soon);
        let pause = if restless { restless_pause } else { seldom };
        let due = turn.now + pause;
        self.where_due = Some(self.where_due.map_or(due, |before| before.min(due)));
    }

    /// The digests of the epochs shared with this peer agree: it is where this member is. Answers
    /// whether anything else had been known of it.
    pub(crate) fn agreed_with(&mut self, proc: ProcId) -> bool {
        let suspect = self.apart.remove(&proc).is_some() | self.pleading.remove(&proc).is_some();
        let seen = self.sightings.get_mut(&proc).and_then(Sighting::forget);
        // Where this member is too it was expected to be.
        let here = |seen: &Option<(ViewId, Vec<ProcId>)>| {
            seen.as_ref().is_some_and(|(view, _)| *view == self.epoch.view)
        };
        suspect || seen.is_some_and(|seen| !here(&seen))
    }

    /// Members seen in an epoch that no INSTALL known here lies behind: if in a view without this
    /// one, at once; otherwise, or if in none, when none explains it for twice the suspicion time.
    pub(crate) fn judge_whereabouts(&mut self, turn: &Turn<'_>) {
        let patience = turn.config.suspicion * 2;
        let me = self.epoch.rank;
        for rank in (0..self.epoch.members.len()).filter(|rank| *rank != me) {
            let proc = self.epoch.members[rank];
            let seen = self.sightings.get(&proc).and_then(|sighting| sighting.seen.as_ref());
            let explained = match seen {
                None => true,
                Some(None) => false,
                Some(Some((view, _))) => {
                    *view == self.epoch.view
                        || self.history.iter().any(|install| install.is_behind(proc, *view))
                }
            };
            if explained {
                self.apart.remove(&proc);
                continue;
            }
            let without_me = matches!(seen, Some(Some((_, m))) if !m.contains(&turn.me()));
            let since = *self.apart.entry(proc).or_insert(turn.now);
            if without_me || turn.now.since(since) >= patience {
                self.give_up(turn, proc);
            }
        }
    }
}
