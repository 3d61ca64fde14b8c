//! Succession: from one epoch to the next, by an INSTALL decided here or elsewhere.
//!
//! Takes: a flush that is ready, or an INSTALL. Promises: everyone who moves from one view to the
//! next delivers the same messages in the first (V1); one INSTALL ends an epoch here (V2); a view's
//! content is fixed by its INSTALL (V3). A decided INSTALL is taken whenever it fits, whatever
//! ballot has been promised since.

use alloc::vec;
use alloc::vec::Vec;

use muts::{ProcId, Random};

use crate::asking::Asking;
use crate::closing;
use crate::control::{Ballot, Control};
use crate::endpoint::Endpoint;
use crate::epoch::Epoch;
use crate::install::{Install, Part};
use crate::interface::{Fault, Up, Why};
use crate::limits::{HISTORY_MAX, KIN_MAX};
use crate::merge::Role;
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
        let part = self.own_part();
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
        let kin = self.kin.iter().copied().collect();
        let install = Install { group: self.group(), view, parts, joiners, kin };
        turn.spreads.add(turn.now, turn.config.control, turn.me(), install.clone());
        self.decided = Some(install);
    }

    /// Takes an INSTALL from somebody else.
    pub(crate) fn take_install(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        install: &Install,
    ) -> Fate {
        let mut fate = Fate::Stays;
        if install.part_of(self.epoch.view, turn.me()).is_some() {
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
    fn pass_on(&mut self, turn: &mut Turn<'_>, install: &Install) {
        let Some(flush) = &self.flush else { return };
        let members = self.epoch.members.iter().copied();
        let waiting: Vec<ProcId> =
            members.filter(|p| *p != turn.me() && !flush.excluded.contains(p)).collect();
        for proc in waiting {
            turn.control(proc, &Control::Install(install.clone()));
        }
    }

    /// Ends this epoch as the INSTALL says and begins the next.
    ///
    /// # Panics
    /// If this member never gave its STATUS, or lacks what the cut holds: the decision would be
    /// wrong.
    pub(crate) fn move_along(&mut self, turn: &mut Turn<'_>, install: &Install) -> Fate {
        let me = turn.me();
        let part = install.part_of(self.epoch.view, me).expect("checked by the caller").clone();
        assert!(self.blocked.is_some(), "V1: an INSTALL without this member's STATUS");
        closing::close(&mut self.epoch, turn, &part.cut);
        self.tell_cut_stable(turn, &part);
        self.leave_epoch(turn);
        if part.leavers.contains(&me) {
            turn.tell(Up::Out { group: self.group(), why: Why::Left });
            return Fate::Leaves;
        }
        let previous = (!part.hidden).then_some(self.epoch.view);
        let old = core::mem::take(&mut self.epoch.members);
        self.kin.extend(old.into_iter().filter(|proc| *proc != me));
        self.enter(turn, install, Some(&part), previous);
        Fate::Stays
    }

    /// All that is in the cut is held by everyone who takes part, and is delivered by each of them
    /// before anything later: stable, if nobody was excluded. Of what an excluded member has
    /// delivered nothing is known.
    fn tell_cut_stable(&self, turn: &mut Turn<'_>, part: &Part) {
        if part.members.len() + part.leavers.len() < self.epoch.members.len() {
            return;
        }
        for (rank, stream) in self.epoch.streams.iter().enumerate() {
            if stream.head() > self.epoch.stability.stable_below(rank) {
                let from = Endpoint::of(self.epoch.members[rank]);
                turn.tell(Up::Stable { group: self.group(), from, below: stream.head() });
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
        install: &Install,
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
        self.blocked = None;
        self.asking = Asking::Open;
        self.wanted = None;
        self.flush = None;
        self.merge = None;
        self.reason_since = None;
        self.repeating.soon(turn);
        self.apart.clear();
        self.pleading.clear();
        self.joins.retain(|proc, _| !members.contains(proc));
        self.leaves.retain(|proc| members.contains(proc));
        self.gone.retain(|proc| members.contains(proc) && part.is_some());
        for proc in &members {
            if let Some(sighting) = self.sightings.get_mut(proc) {
                sighting.forget();
            }
        }
        let known = members.iter().chain(&install.kin).copied().filter(|proc| *proc != me);
        for proc in known {
            if self.kin.len() < KIN_MAX {
                self.kin.insert(proc);
            }
        }
        self.history.push_back(install.clone());
        while self.history.len() > HISTORY_MAX {
            self.history.pop_front();
        }
        turn.counters.views += 1;
        turn.tell(Up::View(told_view(install, part, previous, me)));
        if let Some(founding) = founding {
            let missing: Vec<ProcId> =
                founding.wanted.into_iter().filter(|proc| !members.contains(proc)).collect();
            if !missing.is_empty() {
                turn.tell(Up::Fault { group: install.group, fault: Fault::Missing(missing) });
            }
        }
        if core::mem::take(&mut self.owes_room) {
            turn.tell(Up::Room { group: install.group });
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
    pub(crate) fn newcomer(turn: &mut Turn<'_>, install: &Install, highest: u64) -> Self {
        let members = install.members();
        let rank = members.iter().position(|proc| *proc == turn.me()).expect("a joiner");
        let epoch = Epoch::new(install.group, install.view, members, rank);
        let mut serving = Self::new(epoch, highest);
        serving.enter(turn, install, None, None);
        serving.note_all_met(turn);
        serving
    }
}

/// The view as one member is told it.
fn told_view(install: &Install, part: Option<&Part>, previous: Option<ViewId>, me: ProcId) -> View {
    let endpoints = |procs: &[ProcId]| procs.iter().copied().map(Endpoint::of).collect();
    let members: Vec<Endpoint> = endpoints(&install.members());
    let mut parts: Vec<Vec<Endpoint>> = Vec::new();
    if install.parts.iter().all(|part| part.hidden) {
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
    View { group: install.group, id: install.view, members, transitional, parts, previous }
}
