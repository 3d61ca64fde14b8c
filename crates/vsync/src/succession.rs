//! Succession: from one epoch to the next, by an INSTALL decided here or elsewhere.
//!
//! Takes: a flush that is ready, or an INSTALL. Promises: everyone who moves from one view to the
//! next delivers the same messages in the first (V1); one INSTALL ends an epoch here (V2); a view's
//! content is fixed by its INSTALL (V3). A decided INSTALL is taken whenever it fits, whatever
//! ballot has been promised since.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use muts::{ProcId, Random};

use crate::asking::Asking;
use crate::closing;
use crate::config::Causality;
use crate::control::{Ballot, Control};
use crate::endpoint::Endpoint;
use crate::epoch::Epoch;
use crate::install::{Install, Part};
use crate::interface::{Fault, Side, Up, Why};
use crate::limits::HISTORY_MAX;
use crate::merge::Role;
use crate::order::Order;
use crate::serving::Serving;
use crate::turn::Turn;
use crate::view::{View, ViewId};

/// What comes of an INSTALL at a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in the group.
    Stays,
    /// It has left.
    Leaves,
}

impl Serving {
    /// Decides the next view, once everybody holds the cut and no other side is waited for.
    pub(crate) fn decide_if_ready(&mut self, turn: &mut Turn<'_>) {
        if !self.ready() || self.decided.is_some() {
            return;
        }
        let part = self.own_part(turn);
        let mut parts = vec![part];
        match self.merge.as_mut().map(|merge| &mut merge.role) {
            Some(Role::Following { part, .. }) => {
                *part = parts.pop();
                self.repeating.soon(turn);
                self.push_merge(turn);
                return;
            }
            Some(Role::Leading { other, .. }) => match other.take() {
                None => return,
                Some(other) => {
                    turn.counters.merges += 1;
                    parts.push(other);
                }
            },
            Some(Role::Asking) | None => {}
        }
        let moving: Vec<ProcId> =
            parts.iter().flat_map(|part| part.members.iter().copied()).collect();
        // A group whose last member leaves ends: a newcomer alone would know nothing of it.
        let joiners = match &moving[..] {
            [] => Vec::new(),
            moving => self.admissible(turn.peers, turn.now, moving),
        };
        let asked = joiners.iter().map(|joiner| self.joins[&joiner.proc].highest);
        let highest = parts.iter().map(|part| part.highest).chain(asked).max().unwrap_or(0);
        let view = ViewId { epoch: highest + 1, coordinator: turn.me() };
        let install = Arc::new(Install { group: self.group(), view, parts, joiners });
        assert!(!self.brings_back(&install), "V4: a member comes back with what excludes it");
        turn.spreads.add(turn.now, turn.config.control, turn.me(), Arc::clone(&install));
        self.decided = Some(install);
    }

    /// Whether a member of this epoch is in its view without having moved along: from another side,
    /// or as a newcomer.
    fn brings_back(&self, install: &Install) -> bool {
        let others = install.parts.iter().skip(1).flat_map(|part| &part.members);
        let mut came = others.chain(install.joiners.iter().map(|joiner| &joiner.proc));
        came.any(|proc| self.epoch.members.contains(proc))
    }

    /// Takes an INSTALL from somebody else.
    pub(crate) fn take_install(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        install: &Arc<Install>,
    ) -> Fate {
        let mut fate = Fate::Stays;
        if let Some(part) = install.part_of(self.epoch.view, turn.me()) {
            if !self.can_end_by(part) {
                self.note_unsound(turn, from);
                return Fate::Stays;
            }
            self.pass_on(turn, install);
            fate = self.move_along(turn, install);
        } else if install.ends(self.epoch.view) && self.epoch.rank_of(from).is_some() {
            self.give_up(turn, from);
        }
        let taken = self.history.iter().any(|known| known.view == install.view);
        if fate == Fate::Leaves || taken || self.epoch.view.epoch >= install.view.epoch {
            let (group, view) = (install.group, install.view);
            turn.control(from, &Control::Installed { group, view });
        }
        fate
    }

    /// A coordinator that is told a decision in the middle of its own flush tells it to its
    /// participants: they wait for nobody else.
    fn pass_on(&mut self, turn: &mut Turn<'_>, install: &Arc<Install>) {
        let Some(flush) = &self.flush else { return };
        let members = self.epoch.members.iter().copied();
        let waiting: Vec<ProcId> =
            members.filter(|p| *p != turn.me() && !flush.excluded.contains(p)).collect();
        for proc in waiting {
            turn.control(proc, &Control::Install(Arc::clone(install)));
        }
    }

    /// Ends this epoch as the INSTALL says and begins the next.
    ///
    /// # Panics
    /// If this member never gave its STATUS, or lacks what the cut holds, or has been in an epoch
    /// as late as the next: the decision would be wrong.
    pub(crate) fn move_along(&mut self, turn: &mut Turn<'_>, install: &Arc<Install>) -> Fate {
        let me = turn.me();
        let part = install.part_of(self.epoch.view, me).expect("checked by the caller").clone();
        assert!(self.blocked.is_some(), "V1: an INSTALL without this member's STATUS");
        // Numbers of epochs grow, so none begins, or ends, twice.
        assert!(install.view.epoch > self.epoch.view.epoch, "V2: an INSTALL of an earlier epoch");
        // Of what is owed it will never be known that all have it.
        self.release(turn, false);
        closing::close(&mut self.epoch, turn, &part);
        self.tell_cut_stable(turn, &part);
        let mut owed = self.take_globals(turn, install);
        self.stable_later = stable_with(&owed);
        // An excluded member does not deliver them.
        if part.members.len() + part.leavers.len() < self.epoch.members.len() {
            unsure(&mut owed);
            self.stable_later.clear();
        }
        let sure = owed.iter().any(|up| matches!(up, Up::Cast { safe: true, .. }));
        self.owed = owed;
        self.leave_epoch(turn);
        let active = turn.config.causality == Causality::System && self.epoch.is_unstable();
        let leaves = part.leavers.contains(&me);
        if active {
            // Others deliver the cut when they hear of it. Who stays hears who else does.
            let apart = if leaves { install.audience() } else { part.leavers.clone() };
            let owed = apart.into_iter().filter(|proc| *proc != me).collect();
            turn.spreads.hold(turn.now, turn.config.control, install, owed);
        }
        if leaves {
            self.release(turn, false);
            turn.tell(Up::Out { group: self.group(), why: Why::Left });
            return Fate::Leaves;
        }
        let previous = (!part.hidden).then_some(self.epoch.told);
        let old = core::mem::take(&mut self.epoch.members);
        let base = self.epoch.ends_at(&part.cut);
        let same = install.keeps(&part, &old) && self.owed.iter().any(is_global);
        self.note_members(me, &old);
        let told = self.epoch.told;
        self.enter(turn, install, Some(&part), previous);
        if same {
            self.owed.retain(|up| !matches!(up, Up::View(_)));
            // Whoever was asked first waits for a view, or for this.
            if turn.config.asks_first {
                self.owed.retain(|up| !matches!(up, Up::Room { .. }));
                self.owed.push(Up::Room { group: install.group });
            }
            self.epoch.told = told;
            self.epoch.base = base;
        } else {
            self.before = Some(told);
            // Positions are those of the present view: of the one before nothing more is told.
            self.stable_later.clear();
        }
        if active || !self.stable_later.is_empty() {
            self.epoch.stability.expect_all(turn.now);
        }
        self.hold_or_release(turn, sure);
        Fate::Stays
    }

    /// What is owed waits for all to confirm the epoch if it promises that they do.
    fn hold_or_release(&mut self, turn: &mut Turn<'_>, sure: bool) {
        let primary = |up: &Up| matches!(up, Up::View(view) if view.primary == Some(true));
        if sure || self.owed.iter().any(primary) {
            self.epoch.stability.expect_all(turn.now);
        } else {
            self.release(turn, true);
        }
    }

    /// Tells what is owed since the epoch began; `sure` if every member is known to be in it.
    pub(crate) fn release(&mut self, turn: &mut Turn<'_>, sure: bool) {
        let mut owed = core::mem::take(&mut self.owed);
        if !sure {
            unsure(&mut owed);
        }
        for up in owed {
            if let Up::View(view) = &up {
                self.primary = view.primary;
                self.voter |= view.primary == Some(true);
            }
            turn.tell(up);
        }
    }

    /// Tells what is owed once every member is known to be in the epoch.
    pub(crate) fn release_if_sure(&mut self, turn: &mut Turn<'_>) {
        let waits = !self.owed.is_empty() || !self.stable_later.is_empty();
        if waits && self.epoch.stability.has_all() {
            self.release(turn, true);
            self.stable_later.drain(..).for_each(|up| turn.tell(up));
            // What was multicast meanwhile was handed back.
            if self.blocked.is_none() && core::mem::take(&mut self.owes_room) {
                turn.tell(Up::Room { group: self.group() });
            }
        }
    }

    /// All that is in the cut is held by everyone who takes part, and is delivered by each of them
    /// before anything later: stable, if nobody was excluded. Of what an excluded member has
    /// delivered nothing is known, nor who delivers a GBCAST: that is who takes this INSTALL.
    fn tell_cut_stable(&self, turn: &mut Turn<'_>, part: &Part) {
        if part.members.len() + part.leavers.len() < self.epoch.members.len() {
            return;
        }
        for (rank, stream) in self.epoch.streams.iter().enumerate() {
            if stream.processed() > self.epoch.stability.stable_below(rank) {
                let from = Endpoint::of(self.epoch.members[rank]);
                let below = self.epoch.base.get(rank) + stream.processed();
                turn.tell(Up::Stable { group: self.group(), from, below });
            }
        }
    }

    /// Takes leave of the epoch's channel and of the digests that it is in.
    pub(crate) fn leave_epoch(&self, turn: &mut Turn<'_>) {
        turn.ask(muts::Down::Close { channel: self.epoch.channel });
        self.share(turn);
    }

    /// Counts the epoch into the digests of all its members, or out again.
    fn share(&self, turn: &mut Turn<'_>) {
        let digest = Random::new(self.epoch.channel.0).draw();
        for proc in &self.epoch.members {
            turn.peers.share(turn.now, *proc, digest);
        }
    }

    /// Begins the epoch that the INSTALL decides; `part` is none at a newcomer.
    fn enter(
        &mut self,
        turn: &mut Turn<'_>,
        install: &Arc<Install>,
        part: Option<&Part>,
        previous: Option<ViewId>,
    ) {
        let me = turn.me();
        let members = install.members();
        let rank = members.iter().position(|proc| *proc == me).expect("self-inclusion");
        let founding = self.founding.take();
        self.epoch = Epoch::new(install.group, install.view, members.clone(), rank);
        self.open(turn);
        self.highest = self.highest.max(install.view.epoch);
        self.promised = Ballot::NONE;
        self.round = 0;
        if let Some(blocked) = self.blocked.take() {
            turn.counters.unblocked(turn.now.since(blocked.first));
        }
        self.asking = Asking::Open;
        self.hushed = None;
        self.wanted = None;
        self.pulled = Vec::new();
        self.flush = None;
        self.merge = None;
        (self.reason_since, self.lower) = (None, None);
        self.viewed = turn.now;
        self.repeating.soon(turn);
        self.apart.clear();
        self.pleading.clear();
        self.joins.retain(|proc, _| !members.contains(proc));
        self.leaves.retain(|proc| members.contains(proc));
        // Who is in it has given its STATUS to whoever decided it, and taken back what it began.
        let slow = core::mem::take(&mut self.slow);
        let still = |proc: &ProcId| members.contains(proc) && !slow.contains(proc);
        self.gone.retain(|proc| still(proc) && part.is_some());
        for proc in &members {
            if let Some(sighting) = self.sightings.get_mut(proc) {
                sighting.forget();
            }
        }
        self.take_kin(turn, install);
        if self.history.len() >= HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.reserve_exact(1);
        self.history.push(Arc::clone(install));
        turn.counters.views += 1;
        self.voter |= install.founds();
        if install.parts.len() > 1 {
            self.owed.push(merged(install));
        }
        let mut view = told_view(install, part, previous, me);
        view.primary = turn.terms(install.group).elects(&install.voters());
        self.owed.push(Up::View(Box::new(view)));
        if let Some(founding) = founding {
            let missing: Vec<ProcId> =
                founding.wanted.into_iter().filter(|proc| !members.contains(proc)).collect();
            if !missing.is_empty() {
                let fault = Fault::Missing(missing);
                self.owed.push(Up::Fault { group: install.group, fault });
            }
        }
        if core::mem::take(&mut self.owes_room) {
            self.owed.push(Up::Room { group: install.group });
        }
    }

    /// Opens the epoch's channel; from now on the silence of its members counts.
    pub(crate) fn open(&mut self, turn: &mut Turn<'_>) {
        let me = turn.me();
        let peers: Vec<ProcId> =
            self.epoch.members.iter().copied().filter(|proc| *proc != me).collect();
        for proc in &peers {
            turn.peers.know(turn.now, *proc);
        }
        turn.ask(muts::Down::Open { channel: self.epoch.channel, peers, credit: false });
        self.share(turn);
    }

    /// A newcomer begins with the epoch that let it in.
    pub(crate) fn newcomer(turn: &mut Turn<'_>, install: &Arc<Install>, highest: u64) -> Self {
        let members = install.members();
        let rank = members.iter().position(|proc| *proc == turn.me()).expect("a joiner");
        let epoch = Epoch::new(install.group, install.view, members, rank);
        let mut serving = Self::new(epoch, highest);
        serving.enter(turn, install, None, None);
        serving.hold_or_release(turn, false);
        serving.note_all_met(turn);
        serving
    }
}

/// What is stable once all who are to deliver these GBCASTs have taken the INSTALL.
fn stable_with(globals: &[Up]) -> Vec<Up> {
    let told = globals.iter().filter_map(|up| match up {
        Up::Cast { group, from, seq, .. } => {
            Some(Up::Stable { group: *group, from: *from, below: seq + 1 })
        }
        _ => None,
    });
    told.collect()
}

/// It will not be known of these that every member has them.
fn unsure(owed: &mut [Up]) {
    for up in owed {
        match up {
            Up::Cast { safe, .. } => *safe = false,
            Up::View(view) if view.primary == Some(true) => view.primary = None,
            _ => {}
        }
    }
}

fn is_global(up: &Up) -> bool {
    matches!(up, Up::Cast { order: Order::Global, .. })
}

/// The sides that become one.
fn merged(install: &Install) -> Up {
    let side = |part: &Part| Side {
        view: part.view,
        members: part.members.iter().copied().map(Endpoint::of).collect(),
        digest: part.digest,
    };
    Up::Merged { group: install.group, sides: install.parts.iter().map(side).collect() }
}

/// The view as one member is told it.
fn told_view(install: &Install, part: Option<&Part>, previous: Option<ViewId>, me: ProcId) -> View {
    let endpoints = |procs: &[ProcId]| procs.iter().copied().map(Endpoint::of).collect();
    let members: Vec<Endpoint> = endpoints(&install.members());
    let mut parts: Vec<Vec<Endpoint>> = Vec::new();
    if install.founds() {
        // A group that begins: nobody knows more of it than anybody else.
        parts.push(members.clone());
    } else {
        for part in &install.parts {
            if part.hidden {
                parts.extend(part.members.iter().map(|proc| vec![Endpoint::of(*proc)]));
            } else if !part.members.is_empty() {
                parts.push(endpoints(&part.members));
            }
        }
        parts.extend(install.joiners.iter().map(|joiner| vec![Endpoint::of(joiner.proc)]));
    }
    let transitional = match part {
        Some(part) if !part.hidden => endpoints(&part.members),
        _ => vec![Endpoint::of(me)],
    };
    let (group, id, primary) = (install.group, install.view, None);
    View { group, id, members, transitional, parts, previous, primary }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretended::{GROUP, Member, proc};

    /// Of the first view, in which only these go on.
    fn install(members: &[u8]) -> Arc<Install> {
        let first = ViewId { epoch: 1, coordinator: proc(0) };
        let members: Vec<ProcId> = members.iter().copied().map(proc).collect();
        let part = Part {
            epoch: first,
            view: first,
            digest: None,
            cut: vec![0; 3],
            lost: Vec::new(),
            voters: members.clone(),
            members,
            leavers: Vec::new(),
            highest: 1,
            hidden: false,
            kin: Vec::new(),
        };
        let view = ViewId { epoch: 2, coordinator: proc(0) };
        Arc::new(Install { group: GROUP, view, parts: vec![part], joiners: Vec::new() })
    }

    /// It would wait for those who have gone on without it.
    #[test]
    fn who_is_told_that_it_is_excluded_counts_on_whoever_says_so_no_more() {
        let mut member = Member::last_of(3);
        member.does(|serving, turn| {
            let (next, stranger) = (install(&[0, 1]), proc(9));
            assert_eq!(serving.take_install(turn, stranger, &next), Fate::Stays);
            assert!(serving.gone.is_empty(), "a stranger's word is nothing");
            assert_eq!(serving.take_install(turn, proc(0), &next), Fate::Stays);
            assert!(serving.gone.contains(&proc(0)) && !serving.gone.contains(&proc(1)));
        });
    }
}
