//! Serving: a member's state in one core group while it is in a view.
//!
//! This file holds the state and routes; the protocols are in files of their own: `flush`
//! (coordinator), `consent` (member), `succession` (deciding and installing), `merge`, `admission`
//! (joins, leaves, invitations), `whereabouts` (laggards, and those who went another way).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Instant, Message, ProcId};

use crate::admission::{Asked, Founding, Pending};
use crate::asking::Asking;
use crate::consent::Blocked;
use crate::control::{Ballot, Control};
use crate::endpoint::GroupId;
use crate::epoch::Epoch;
use crate::fetching::Wanted;
use crate::flush::{Flush, Phase, Status};
use crate::how::How;
use crate::install::{Install, Joiner};
use crate::interface::Up;
use crate::kin::Kin;
use crate::merge::Merge;
use crate::precedence::Lower;
use crate::repeating::Repeating;
use crate::showing::{NO_JOINING, Shown};
use crate::span::Span;
use crate::turn::Turn;
use crate::view::ViewId;
use crate::whereabouts::Sighting;

/// A member of a group.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) epoch: Epoch,
    /// Set while the group is being founded: its view of one has been told to nobody.
    pub(crate) founding: Option<Box<Founding>>,
    /// The highest ballot promised in this epoch.
    pub(crate) promised: Ballot,
    /// The highest round seen in this epoch.
    pub(crate) round: u64,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) wanted: Option<Box<Wanted>>,
    /// By rank: which positions others were asked for in this epoch.
    pub(crate) pulled: Vec<(u8, Span)>,
    pub(crate) flush: Option<Box<Flush>>,
    pub(crate) merge: Option<Box<Merge>>,
    /// Decided here, and carried out before anything else happens.
    pub(crate) decided: Option<Arc<Install>>,
    /// Who asked to come in.
    pub(crate) joins: BTreeMap<ProcId, Asked>,
    /// Whom the user has been asked about: with which nonce, when last, and what it answered.
    pub(crate) asked: BTreeMap<ProcId, Pending>,
    /// What is known of processes of other sides, who are to be judged or judge this one.
    pub(crate) shown: BTreeMap<ProcId, Shown>,
    /// Who asked to be let out.
    pub(crate) leaves: BTreeSet<ProcId>,
    /// The user of this member has asked to be let out.
    pub(crate) leaving: bool,
    /// Invited, until when.
    pub(crate) invited: BTreeMap<ProcId, Instant>,
    /// Members that are not coming: in a view without this one, or taken for failed by it.
    pub(crate) gone: BTreeSet<ProcId>,
    /// Of those, whose flush took too long: what ends it shows that they take part.
    pub(crate) slow: BTreeSet<ProcId>,
    /// Since when members have been seen in an epoch that no INSTALL known here ended.
    pub(crate) apart: BTreeMap<ProcId, Instant>,
    /// Since when members have asked to come in, of whom no INSTALL known here let them in so.
    pub(crate) pleading: BTreeMap<ProcId, Instant>,
    /// Where others were seen last.
    pub(crate) sightings: BTreeMap<ProcId, Sighting>,
    /// INSTALLs that were taken here, newest last.
    pub(crate) history: Vec<Arc<Install>>,
    /// Of members that came by an INSTALL that is kept no more, what they asked with.
    pub(crate) let_in: Vec<Joiner>,
    /// The highest epoch number ever seen for this group.
    pub(crate) highest: u64,
    /// Once members, members of other components, or who may be: looked for while they are not in
    /// the view, until they say that they are in none.
    pub(crate) kin: Kin,
    /// Whether this process counts for a primary view.
    pub(crate) voter: bool,
    /// Whether the view is primary, as it was told.
    pub(crate) primary: Option<bool>,
    /// The view that was told before the present one.
    pub(crate) before: Option<ViewId>,
    /// The view of which it was told last that others went on without this member.
    pub(crate) blamed: Option<ViewId>,
    /// What stands for the user's state.
    pub(crate) digest: Option<u64>,
    /// Told once every member is known to be in the epoch, and nothing else before it.
    pub(crate) owed: Vec<Up>,
    /// Own GBCASTs that somebody else's flush overtook.
    pub(crate) cast_again: VecDeque<(How, Message)>,
    /// Until when nothing is told or taken, for another group's sake (`hushing.rs`).
    pub(crate) hushed: Option<Instant>,
    /// Told then too; what follows does not wait for it.
    pub(crate) stable_later: Vec<Up>,
    /// A cast was handed back.
    pub(crate) owes_room: bool,
    /// Whether the floor above has been asked to cast no more in this view.
    pub(crate) asking: Asking,
    /// Since when there has been a reason for a view change.
    pub(crate) reason_since: Option<Instant>,
    /// A lower rank that others hear, and that is to act first.
    pub(crate) lower: Option<Lower>,
    /// Since when the present view is.
    pub(crate) viewed: Instant,
    pub(crate) repeating: Repeating,
    /// When others are told next where this member is.
    pub(crate) where_due: Option<Instant>,
}

impl Serving {
    pub(crate) fn new(epoch: Epoch, highest: u64) -> Self {
        Self {
            highest: highest.max(epoch.view.epoch),
            epoch,
            founding: None,
            promised: Ballot::NONE,
            round: 0,
            blocked: None,
            wanted: None,
            pulled: Vec::new(),
            flush: None,
            merge: None,
            decided: None,
            joins: BTreeMap::new(),
            asked: BTreeMap::new(),
            shown: BTreeMap::new(),
            leaves: BTreeSet::new(),
            leaving: false,
            invited: BTreeMap::new(),
            gone: BTreeSet::new(),
            slow: BTreeSet::new(),
            apart: BTreeMap::new(),
            pleading: BTreeMap::new(),
            sightings: BTreeMap::new(),
            history: Vec::new(),
            let_in: Vec::new(),
            kin: Kin::default(),
            voter: false,
            primary: None,
            before: None,
            blamed: None,
            digest: None,
            owed: Vec::new(),
            cast_again: VecDeque::new(),
            hushed: None,
            stable_later: Vec::new(),
            owes_room: false,
            asking: Asking::default(),
            reason_since: None,
            lower: None,
            viewed: Instant::ZERO,
            repeating: Repeating::default(),
            where_due: None,
        }
    }

    pub(crate) fn group(&self) -> GroupId {
        self.epoch.group
    }

    /// The view that others may know of.
    pub(crate) fn shown_view(&self) -> Option<(ViewId, Vec<ProcId>)> {
        self.founding.is_none().then(|| (self.epoch.view, self.epoch.members.clone()))
    }

    /// Whether this member takes that one for failed, in this group.
    pub(crate) fn suspects(&self, turn: &Turn<'_>, proc: ProcId) -> bool {
        self.gone.contains(&proc) || turn.peers.suspects(turn.now, proc)
    }

    /// The lowest rank that is not suspected.
    pub(crate) fn coordinator(&self, turn: &Turn<'_>) -> ProcId {
        let mut members = self.epoch.members.iter().copied();
        members.find(|proc| !self.suspects(turn, *proc)).unwrap_or(turn.me())
    }

    /// That member is not coming: what it was to hear, somebody else has to.
    pub(crate) fn give_up(&mut self, turn: &Turn<'_>, proc: ProcId) {
        self.slow.remove(&proc);
        if self.gone.insert(proc) {
            self.repeating.stir(turn);
        }
    }

    /// The same for this epoch only: it has said nothing for too long.
    fn give_up_for_now(&mut self, turn: &Turn<'_>, proc: ProcId) {
        if self.gone.insert(proc) {
            self.slow.insert(proc);
            self.repeating.stir(turn);
        }
    }

    /// Whether somebody in the view has failed, or some do not hear each other.
    pub(crate) fn has_suspects(&self, turn: &Turn<'_>) -> bool {
        self.epoch.members.iter().any(|proc| self.suspects(turn, *proc))
            || turn.peers.are_torn(turn.now, &self.epoch.members)
    }

    /// Does what time or a changed state calls for, and repeats what has not been answered.
    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) {
        self.epoch.report_if_due(turn);
        self.unhush_if_due(turn);
        self.pump(turn);
        self.judge_whereabouts(turn);
        self.tend_invitations(turn);
        self.forget_joins(turn);
        self.begin_leave(turn);
        if self.coordinator(turn) == turn.me() {
            self.coordinate(turn);
        } else {
            self.lower = None;
            self.begin_global(turn);
        }
        self.give_up_silent_flush(turn);
        self.reopen_if_due(turn);
        if self.repeating.is_due(turn) {
            self.push_flush(turn);
            self.push_merge(turn);
            self.push_leave(turn);
        }
        self.pull(turn);
        self.end_overdue_merge(turn);
        self.tell_whereabouts_if_due(turn);
    }

    /// The coordinator starts what there is a reason for.
    fn coordinate(&mut self, turn: &mut Turn<'_>) {
        if self.waits_for_lower(turn) {
            return;
        }
        if let Some(flush) = &self.flush {
            let taking_part = |proc: &ProcId| !flush.excluded.contains(proc);
            let members: Vec<ProcId> =
                self.epoch.members.iter().copied().filter(taking_part).collect();
            let failed = members.iter().any(|proc| self.suspects(turn, *proc));
            let refused = flush.again.is_some_and(|again| again <= turn.now);
            if refused || failed || turn.peers.are_torn(turn.now, &members) {
                self.begin(turn);
            }
            return;
        }
        if let Some(blocked) = self.blocked {
            // Somebody else's flush has its turn first; then it is mine to finish.
            let patience = match self.suspects(turn, blocked.by) {
                true => turn.config.control * 2,
                false => turn.config.merge,
            };
            if turn.now.since(blocked.since) >= patience {
                self.begin(turn);
            }
            return;
        }
        if self.founding.is_none() && self.merge.is_none() {
            self.look_for_merge(turn);
        }
        if self.merge.is_some() && !self.has_suspects(turn) {
            return;
        }
        let global = self.epoch.has_own_global();
        let reason =
            global || self.has_suspects(turn) || !self.leaves.is_empty() || self.can_admit(turn);
        if !reason {
            self.reason_since = None;
            return;
        }
        let since = *self.reason_since.get_or_insert(turn.now);
        let alone = self.epoch.members.len() == 1;
        // The first reason for long is not kept waiting; those that come behind it gather.
        let calm = turn.now.since(self.viewed) >= turn.config.gather;
        let gathered = turn.now.since(since) >= turn.config.gather;
        if (alone || global || calm || gathered) && self.may_close(turn) {
            self.merge = None;
            self.begin(turn);
        }
    }

    /// A flush that nobody comes along with, though its coordinator is not suspected, is given up
    /// with it.
    fn give_up_silent_flush(&mut self, turn: &Turn<'_>) {
        let Some(blocked) = &mut self.blocked else { return };
        let overdue = turn.now.since(blocked.moved) >= turn.config.flush;
        if overdue && self.flush.is_none() && blocked.by != turn.me() {
            (blocked.since, blocked.moved) = (turn.now, turn.now);
            if self.epoch.members.contains(&blocked.by) {
                let by = blocked.by;
                self.give_up_for_now(turn, by);
            }
        }
    }

    /// Whether anything is under way that wants repeating soon.
    pub(crate) fn is_restless(&self, turn: &Turn<'_>) -> bool {
        self.blocked.is_some()
            || self.flush.is_some()
            || self.merge.is_some()
            || self.founding.is_some()
            || self.epoch.has_own_global()
            || !self.cast_again.is_empty()
            || !self.gone.is_empty()
            || !self.apart.is_empty()
            || !self.joins.is_empty()
            || !self.leaves.is_empty()
            || !self.invited.is_empty()
            || self.has_suspects(turn)
    }

    /// A tree that has become empty keeps a leaf: thousands of groups would.
    pub(crate) fn rest(&mut self) {
        fn give_back<K, V>(tree: &mut BTreeMap<K, V>) {
            if tree.is_empty() {
                tree.clear();
            }
        }
        give_back(&mut self.joins);
        give_back(&mut self.asked);
        give_back(&mut self.shown);
        give_back(&mut self.invited);
        give_back(&mut self.apart);
        give_back(&mut self.pleading);
        for tree in [&mut self.leaves, &mut self.gone, &mut self.slow] {
            if tree.is_empty() {
                tree.clear();
            }
        }
    }

    /// Whether what comes is told as it comes.
    pub(crate) fn is_open(&self) -> bool {
        self.blocked.is_none() && self.owed.is_empty() && !self.is_still()
    }

    /// Delivers what can be delivered, unless a flush holds it.
    pub(crate) fn pump(&mut self, turn: &mut Turn<'_>) {
        self.release_if_sure(turn);
        if self.blocked.is_none() {
            if self.owed.is_empty() && !self.is_still() {
                self.cast_globals_again(turn);
                self.epoch.pump(turn, None);
            }
        } else {
            self.check_cut(turn);
        }
    }

    /// Takes a control message from a member or a stranger.
    pub(crate) fn hear(&mut self, turn: &mut Turn<'_>, from: ProcId, control: Control) {
        if let Some(epoch) = epoch_of(&control)
            && epoch != self.epoch.view
        {
            self.answer_other_epoch(turn, from, epoch);
            return;
        }
        if epoch_of(&control).is_some() && self.epoch.rank_of(from).is_none() {
            turn.counters.strays += 1;
            return;
        }
        match control {
            Control::Prepare { ballot, excluded, .. } => {
                self.take_prepare(turn, from, ballot, &excluded);
            }
            Control::Status { ballot, received, highest, held, voter, .. } => {
                self.take_status(turn, from, ballot, Status { received, highest, held, voter });
            }
            Control::Cut { ballot, cut, .. } => self.hear_cut(turn, from, ballot, cut),
            Control::CutOk { ballot, lacking, .. } => {
                self.take_cut_ok(turn, from, ballot, lacking);
            }
            Control::Refuse { promised, .. } => self.take_refuse(turn, promised),
            Control::Pull { of, position, end, .. } => {
                self.take_pull(turn, from, of, position, end);
            }
            Control::Stability { received, processed, wanted, .. } => {
                if let Some(rank) = self.epoch.rank_of(from) {
                    self.epoch.hear_stability(turn, rank, &received, &processed, wanted);
                }
            }
            Control::StabilityOfAll { received, processed, .. } => {
                if let Some(rank) = self.epoch.rank_of(from) {
                    self.epoch.hear_of_all(turn, rank, &received, &processed);
                }
            }
            Control::Leave { .. } => self.take_leave(from),
            Control::Join { who, nonce, highest, ticket, .. } => {
                self.take_join(turn, from, (who, nonce), highest, ticket);
            }
            Control::Where { whereabouts, .. } => self.take_whereabouts(turn, from, whereabouts),
            Control::MergeAsk { view, members, .. } => {
                self.take_merge_ask(turn, from, view, &members);
            }
            Control::MergeGrant { merge, view, .. } => {
                self.take_merge_grant(turn, from, merge, view);
            }
            Control::MergeReady { merge, part, .. } => {
                self.take_merge_ready(turn, from, merge, part);
            }
            Control::Show { .. } => self.take_show(turn, from),
            Control::Shown { ticket, .. } => self.take_shown(from, ticket),
            Control::Denied { nonce: NO_JOINING, denial, .. } => {
                self.take_denied(turn, from, denial);
            }
            Control::Install(_)
            | Control::Installed { .. }
            | Control::Invite { .. }
            | Control::Denied { .. } => {}
        }
    }

    /// Whether everybody holds the cut of the flush under way here.
    pub(crate) fn ready(&self) -> bool {
        self.flush.as_ref().is_some_and(|flush| flush.phase == Phase::Ready)
    }
}

/// The epoch that a message is about, if it makes sense in one only.
fn epoch_of(control: &Control) -> Option<ViewId> {
    match control {
        Control::Prepare { epoch, .. }
        | Control::Status { epoch, .. }
        | Control::Cut { epoch, .. }
        | Control::CutOk { epoch, .. }
        | Control::Refuse { epoch, .. }
        | Control::Pull { epoch, .. }
        | Control::Leave { epoch, .. }
        | Control::Stability { epoch, .. }
        | Control::StabilityOfAll { epoch, .. } => Some(*epoch),
        _ => None,
    }
}
