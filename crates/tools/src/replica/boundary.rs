//! Boundaries: what a view, and what is agreed in total order after it, does to a replica.
//!
//! The rule, in one place:
//!
//! - `settled` is who has the state. All of them know it alike: at a view it keeps who came along
//!   (`transitional`), and in a view it changes only at places in the total order. One of them
//!   speaks for them, the donor: the one of the last verdict while it is among them, so that what
//!   it keeps goes on being of use; else the lowest rank.
//! - A view with members outside `settled` needs an exchange: the donor of every settled set offers
//!   the snapshots that it keeps; everybody without state casts a need. The verdict (see
//!   `exchange`) names the donor.
//! - A snapshot is of a cut. For who lacks the state, and nothing older is kept for, the donor
//!   saves its state at the view's beginning, before it applies anything of the view, or freezes
//!   it; the offer is cast when the oldest snapshot is written. All others who have the state
//!   freeze it too, if it can be frozen, and write nothing: should the donor die, they have the
//!   same.
//! - Who is in the winning set goes on; all others take the donor's snapshot. They hold what is
//!   delivered since its cut, and with the state loaded they cast `loaded`, and are settled there.
//! - Who has loaded, but not in time to tell before the next view, tells it when the verdict is for
//!   those with whom it came along.
//! - The next view ends the exchange and begins again, but not what is on its way: who still holds
//!   all since a cut that the winner offers, and came along with the winner, goes on at it (see
//!   `cut`). Who does not takes the snapshot of that view's beginning and declines what it held
//!   before; of what had come only the rest is asked for if that is the same state.
//! - Who held too much, or got what it could not use, casts a need again: the donor saves anew
//!   where that need is delivered, and everything before it is in that snapshot.
//! - If nobody comes along who has the winner's state, who still awaits it goes back to what it
//!   had. A settled set that is sure to win does not wait for the verdict: a plain join stops
//!   nobody. So a state on which who came along had not agreed yields to any on which they had: the
//!   others may have been sure of that.

use alloc::vec::Vec;

use lwg::{Down, Endpoint, Members, View};
use muts::Instant;

use super::{Answer, Replica, Stage};
use crate::cut::{Cut, Since};
use crate::digest::Sum;
use crate::exchange::{Exchange, Offer, Verdict};
use crate::header::Header;
use crate::limits::{ATTEMPTS_MAX, WRITTEN_A_TURN};
use crate::state::State;
use crate::tool::Asks;
use crate::transfer::Taking;

impl<S: State> Replica<S> {
    pub(super) fn hear_view(&mut self, view: &View, asks: &mut Asks) {
        self.agreed = match view.previous {
            None => view.first,
            // Also while undecided, if only this set's state can win: the others tell nothing.
            Some(_) => self.is_settled(),
        };
        let mut going = self.under_way();
        self.close_view(view, asks);
        if self.since.is_none() {
            self.keep_part(going.take());
        }
        if view.previous.is_none() {
            self.ready = view.first;
            self.spare = false;
            self.settled = if self.ready { view.members.to_vec() } else { Vec::new() };
        } else {
            self.settled.retain(|member| view.transitional.contains(member));
            if self.ready && self.settled.is_empty() {
                // Loaded, but not in time to tell, and all others are lost. Or gone back: alone,
                // and equal to others of the side that lost.
                self.settled = alloc::vec![self.me];
            }
        }
        self.boundary = 0;
        self.attempts = 0;
        self.offering = None;
        self.view = Some(view.clone());
        if self.leaving {
            return self.leave(asks);
        }
        if self.ready && self.all_settled() {
            return self.settle();
        }
        let exchange = Exchange::new(view.id, &view.members);
        let certain = self.is_counted() && self.agreed && exchange.is_certain(&self.settled);
        self.stage = Stage::Deciding { exchange, certain, spilled: false, going };
        self.since.get_or_insert_with(|| Since::new(Cut::beginning(view.id), &view.members));
        self.speak(view, asks);
    }

    /// Whether this member has the state, and the others know.
    fn is_counted(&self) -> bool {
        self.ready && self.settled.contains(&self.me)
    }

    /// What is on its way, if anything.
    fn under_way(&mut self) -> Option<Taking> {
        match core::mem::replace(&mut self.stage, Stage::Adrift) {
            Stage::Taking(taking) => Some(taking),
            Stage::Deciding { going, .. } => going,
            _ => None,
        }
    }

    /// What is on its way does not go on; what has come of it is kept.
    fn break_off(&mut self) {
        let going = self.under_way();
        self.keep_part(going);
    }

    fn keep_part(&mut self, going: Option<Taking>) {
        if let Some(taking) = going {
            self.part = taking.into_part();
        }
    }

    /// The state is here, and nothing else is awaited.
    pub(super) fn settle(&mut self) {
        self.stage = Stage::Settled;
        self.since = None;
        self.part = None;
    }

    /// Where this member is in the total order, as far as snapshots are told apart.
    pub(super) fn here(&self) -> Cut {
        let view = self.view.as_ref().expect("cuts are made in a view").id;
        Cut { view, boundary: self.boundary }
    }

    /// Begins to hold what is delivered from here on.
    fn hold_from_here(&mut self) {
        let members = self.view.as_ref().map(|view| &view.members[..]).unwrap_or_default();
        self.since = Some(Since::new(self.here(), members));
    }

    /// Asks this donor for its state as of here, or for what has not come of it from another.
    fn take_from(&mut self, now: Instant, donor: Endpoint, sum: Option<Sum>, asks: &mut Asks) {
        let Some(since) = &self.since else { return };
        let taking = Taking::new(now, donor, since.cut, sum, self.part.take());
        self.stage = Stage::Taking(taking);
        self.go_on(now, asks);
    }

    /// Ends the view before: all of it has been delivered.
    fn close_view(&mut self, next: &View, asks: &mut Asks) {
        let gone = !self.settled.iter().any(|member| next.transitional.contains(member));
        if self.spare && gone && next.previous.is_some() && !self.leaving {
            self.spare = false;
            self.ready = true;
            let (digest, donor) = (Sum::of(&self.saved()).digest, self.me);
            self.told.push_back(Answer::Ready { view: next.id, digest, donor, at_view: false });
        }
        // Who has the state and came along was never refuted, so it stays the state of all of them.
        if self.ready {
            self.apply_held(asks);
        }
        if next.previous.is_none() {
            self.decline_held(asks);
        }
        match &mut self.since {
            Some(since) => since.go_along(&next.transitional),
            None => self.decline_held(asks),
        }
        self.held.begin_view();
        self.giving.go_along(&next.transitional);
    }

    /// Says what this member has to say in the exchange.
    fn speak(&mut self, view: &View, asks: &mut Asks) {
        if !self.ready {
            self.told.push_back(Answer::Lacking { view: view.id });
        }
        if !self.is_counted() {
            return self.cast(&Header::Need { view: view.id, attempt: 0 }, asks);
        }
        if self.speaker() == Some(self.me) {
            self.offering = Some((self.settled.clone(), self.agreed));
        }
        let lacks = |member: &&Endpoint| !self.settled.contains(member);
        let served = |member: &Endpoint| self.giving.is_for(*member);
        let lacking = view.members.iter().filter(lacks).copied();
        let lacking: Vec<Endpoint> = lacking.filter(|member| !served(member)).collect();
        if !lacking.is_empty() {
            self.keep_snapshot(lacking, asks);
        }
        self.cast_offer(asks);
    }

    /// Keeps the state as of here for these, frozen; what cannot be frozen only a donor saves.
    fn keep_snapshot(&mut self, takers: Vec<Endpoint>, asks: &mut Asks) {
        let here = self.here();
        if let Some(frozen) = self.state.freeze() {
            self.giving.begin(here, frozen, takers);
        } else if self.speaker() == Some(self.me) {
            let saved = self.saved();
            self.giving.put(here, saved, takers);
        }
        self.give_due(asks);
    }

    /// Whether this member writes on at a state that is frozen: the donor does.
    pub(super) fn writes(&self) -> bool {
        self.giving.writes() && self.speaker() == Some(self.me)
    }

    /// Writes on.
    pub(super) fn write_some(&mut self, asks: &mut Asks) {
        if self.giving.write(WRITTEN_A_TURN) {
            self.cast_offer(asks);
            self.give_due(asks);
        }
    }

    /// Offers what is kept, once the oldest of it is written.
    fn cast_offer(&mut self, asks: &mut Asks) {
        if self.offering.is_some()
            && let Some(view) = &self.view
            && let Some((cuts, sum)) = self.giving.listed()
            && let Some((settled, agreed)) = self.offering.take()
        {
            let view = view.id;
            self.cast(&Header::Offer { view, sum, settled, agreed, cuts }, asks);
        }
    }

    /// Who speaks for those who have the state.
    fn speaker(&self) -> Option<Endpoint> {
        if let Some(donor) = self.donor.filter(|donor| self.settled.contains(donor)) {
            return Some(donor);
        }
        let mut ranks = self.view.as_ref()?.members.iter();
        ranks.find(|member| self.settled.contains(member)).copied()
    }

    fn all_settled(&self) -> bool {
        let Some(view) = &self.view else { return false };
        view.members.iter().all(|member| self.settled.contains(member))
    }

    pub(super) fn offer(&mut self, now: Instant, offer: Offer, asks: &mut Asks) {
        let Stage::Deciding { exchange, .. } = &mut self.stage else { return };
        if let Some(verdict) = exchange.offer(offer) {
            self.decided(now, verdict, asks);
        }
    }

    /// A member tells that it has no state, or (attempts after the first) wants it as of here.
    pub(super) fn need(&mut self, now: Instant, from: Endpoint, attempt: u32, asks: &mut Asks) {
        match &mut self.stage {
            Stage::Deciding { exchange, .. } if attempt == 0 => {
                if let Some(verdict) = exchange.need(from) {
                    self.decided(now, verdict, asks);
                }
            }
            Stage::Deciding { .. } | Stage::Outside | Stage::Lost => {}
            // The verdict did not wait for it.
            _ if attempt == 0 => {}
            _ => self.cut_again(now, from, asks),
        }
    }

    fn decided(&mut self, now: Instant, verdict: Verdict, asks: &mut Asks) {
        let Verdict::Has { donor, cuts, sum, settled } = verdict else { return self.lost(asks) };
        let spilled = matches!(self.stage, Stage::Deciding { spilled: true, .. });
        let going = self.under_way();
        // Who came along with these and has not told that it has loaded has what they have.
        let mine = self.settled.iter().any(|member| settled.contains(member));
        self.settled = settled;
        self.donor = Some(donor);
        self.offering = None;
        if !(mine && self.ready) || self.all_settled() {
            self.giving.clear();
        }
        if mine && self.ready {
            self.settle();
            self.apply_held(asks);
            if !self.is_counted() {
                self.cast(&Header::Loaded { view: self.here().view, boundary: 0 }, asks);
            }
            return;
        }
        if self.ready {
            self.ready = false;
            self.spare = true;
            let view = self.here().view;
            self.told.push_back(Answer::Lacking { view });
        }
        if spilled {
            self.keep_part(going);
            return self.try_again(asks);
        }
        self.take_what_fits(now, (donor, &cuts, sum), going, asks);
    }

    /// Takes the snapshot that fits to what is held: goes on, if something was on its way.
    fn take_what_fits(
        &mut self,
        now: Instant,
        (donor, cuts, sum): (Endpoint, &[Cut], Sum),
        going: Option<Taking>,
        asks: &mut Asks,
    ) {
        let fits = self.since.as_ref().filter(|since| since.fits(donor, cuts));
        match (fits.map(|since| since.cut), going) {
            (Some(_), Some(mut taking)) => {
                let same = taking.donor == donor;
                self.counts.went_on += u64::from(same);
                self.counts.taken_over += u64::from(!same);
                taking.go_on(now, donor);
                self.stage = Stage::Taking(taking);
                self.go_on(now, asks);
            }
            (Some(cut), None) => {
                let sum = (cuts.first() == Some(&cut)).then_some(sum);
                self.take_from(now, donor, sum, asks);
            }
            (None, going) => {
                self.keep_part(going);
                self.decline_earlier(asks);
                self.hold_from_here();
                if !cuts.contains(&self.here()) {
                    return self.try_again(asks);
                }
                let sum = (cuts.first() == Some(&self.here())).then_some(sum);
                self.take_from(now, donor, sum, asks);
            }
        }
    }

    fn lost(&mut self, asks: &mut Asks) {
        self.ready = false;
        self.settled.clear();
        self.giving.clear();
        self.offering = None;
        self.decline_held(asks);
        self.part = None;
        self.stage = Stage::Lost;
        let view = self.view.as_ref().expect("a verdict is of a view").id;
        self.told.push_back(Answer::Lost { view });
    }

    /// A member wants the state as of here.
    fn cut_again(&mut self, now: Instant, taker: Endpoint, asks: &mut Asks) {
        self.settled.retain(|member| *member != taker);
        self.giving.done(taker);
        self.boundary += 1;
        let Some(donor) = self.speaker() else { return self.lost(asks) };
        if self.ready {
            self.keep_snapshot(alloc::vec![taker], asks);
        }
        if taker == self.me {
            self.hold_from_here();
            self.take_from(now, donor, None, asks);
        }
    }

    /// A member has loaded the state.
    pub(super) fn loaded(&mut self, from: Endpoint) {
        if matches!(self.stage, Stage::Deciding { .. } | Stage::Outside | Stage::Lost) {
            return;
        }
        let listed = self.view.as_ref().is_some_and(|view| view.members.contains(&from));
        if listed && !self.settled.contains(&from) {
            self.settled.push(from);
        }
        self.giving.done(from);
    }

    /// A member's state is to be the group's, because nobody has that any more.
    pub(super) fn revived(&mut self, now: Instant, donor: Endpoint, asks: &mut Asks) {
        if !matches!(self.stage, Stage::Lost) {
            return;
        }
        self.boundary += 1;
        self.settled = alloc::vec![donor];
        self.donor = Some(donor);
        if donor != self.me {
            self.hold_from_here();
            return self.take_from(now, donor, None, asks);
        }
        self.ready = true;
        self.spare = false;
        self.settle();
        let digest = Sum::of(&self.saved()).digest;
        let view = self.view.as_ref().expect("the lost stage is of a view");
        let mut others = view.members.to_vec();
        others.retain(|member| *member != self.me);
        self.told.push_back(Answer::Ready { view: view.id, digest, donor, at_view: false });
        if !others.is_empty() {
            self.keep_snapshot(others, asks);
        }
    }

    /// More waits than may.
    pub(super) fn spill(&mut self, asks: &mut Asks) {
        match &mut self.stage {
            Stage::Deciding { .. } if self.ready => {
                // The others count on this member's state, which has missed a command now.
                self.ready = false;
                self.leaving = true;
                let view = self.view.as_ref().expect("deciding is of a view").id;
                self.told.push_back(Answer::GaveUp { view });
                self.leave(asks);
            }
            Stage::Deciding { spilled, going, .. } => {
                *spilled = true;
                let going = going.take();
                self.keep_part(going);
                self.decline_held(asks);
            }
            _ => self.try_again(asks),
        }
    }

    /// Asks for a snapshot cut later, unless that was in vain too often.
    pub(super) fn try_again(&mut self, asks: &mut Asks) {
        self.break_off();
        self.decline_held(asks);
        self.attempts += 1;
        self.counts.again += 1;
        let view = self.view.as_ref().expect("a state is taken in a view").id;
        if self.attempts >= ATTEMPTS_MAX {
            self.stage = Stage::GaveUp;
            return self.told.push_back(Answer::GaveUp { view });
        }
        self.stage = Stage::Adrift;
        self.cast(&Header::Need { view, attempt: self.attempts }, asks);
    }

    pub(super) fn leave(&mut self, asks: &mut Asks) {
        self.decline_held(asks);
        self.part = None;
        self.stage = Stage::GaveUp;
        let members = Members::from_slice(&[self.me]);
        asks.push(Down::Remove { lwg: self.lwg, members });
    }
}
