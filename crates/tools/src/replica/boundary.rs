//! Boundaries: what a view, and what is agreed in total order after it, does to a replica.
//!
//! The rule, in one place:
//!
//! - `settled` is who has the state. All of them know it alike: at a view it keeps who came along
//!   (`transitional`), and in a view it changes only at places in the total order.
//! - A view with members outside `settled` needs an exchange: the lowest rank of every settled set
//!   saves its state, or freezes it, before it applies anything of the view, and casts an offer
//!   once it is written; everybody without state casts a need. The verdict (see `exchange`) names
//!   the donor.
//! - Who is in the winning set goes on; all others take the donor's state as of the view, and hold
//!   meanwhile what is delivered. With the state loaded they cast `loaded`, and are settled there.
//! - Who held too much, or got what it could not use, casts a need again: the donor saves anew
//!   where that need is delivered, and everything before it is in that snapshot.
//! - The next view ends all of it and begins again; what had come of a state is kept, and its rest
//!   alone is asked for if another donor has the same. If nobody comes along who has the winner's
//!   state, who still awaits it goes back to what it had. A settled set that is sure to win does
//!   not wait for the verdict: a plain join stops nobody. So a state on which who came along had
//!   not agreed yields to any on which they had: the others may have been sure of that.

use lwg::{Down, Endpoint, Members, View};
use muts::Instant;

use super::{Answer, Replica, Stage};
use crate::digest::Sum;
use crate::exchange::{Exchange, Verdict};
use crate::giving::Put;
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
        self.break_off();
        self.close_view(view, asks);
        if view.previous.is_none() {
            self.ready = view.first;
            self.spare = false;
            self.settled = if self.ready { view.members.to_vec() } else { alloc::vec![] };
        } else {
            self.settled.retain(|member| view.transitional.contains(member));
            if self.ready && !self.settled.contains(&self.me) {
                // Loaded, but not in time to tell: alone with it, and equal to the donor's. Or gone
                // back: alone, and equal to others of the side that lost.
                self.settled = alloc::vec![self.me];
            }
        }
        self.boundary = 0;
        self.attempts = 0;
        self.view = Some(view.clone());
        if self.leaving {
            return self.leave(asks);
        }
        if self.ready && self.all_settled() {
            return self.settle();
        }
        let exchange = Exchange::new(&view.members);
        let certain = self.ready && self.agreed && exchange.is_certain(&self.settled);
        self.stage = Stage::Deciding { exchange, certain, spilled: false };
        self.speak(view, asks);
    }

    /// The state that was on its way does not come from there; what has come of it is kept.
    fn break_off(&mut self) {
        if let Stage::Taking(taking) = core::mem::replace(&mut self.stage, Stage::Adrift) {
            self.part = taking.into_part();
        }
    }

    /// The state is here, and nothing else is awaited.
    pub(super) fn settle(&mut self) {
        self.stage = Stage::Settled;
        self.part = None;
    }

    /// Asks this donor for its state, or for what has not come of it from another.
    fn take_from(&mut self, now: Instant, donor: Endpoint, sum: Option<Sum>, asks: &mut Asks) {
        let taking = Taking::new(now, donor, self.boundary, sum, self.part.take());
        self.stage = Stage::Taking(taking);
        self.ask_chunks(now, asks);
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
        } else {
            self.decline_held(asks);
        }
        self.giving.clear();
    }

    /// Says what this member has to say in the exchange.
    fn speak(&mut self, view: &View, asks: &mut Asks) {
        if !self.ready {
            self.told.push_back(Answer::Lacking { view: view.id });
            return self.cast(&Header::Need { view: view.id, attempt: 0 }, asks);
        }
        if self.speaker() == Some(self.me) {
            self.offering = Some((self.settled.clone(), self.agreed));
            self.keep_snapshot(None, asks);
        }
    }

    /// Keeps the state as of here, for this member or for all, and says so when it is written.
    fn keep_snapshot(&mut self, taker: Option<Endpoint>, asks: &mut Asks) {
        if let Some(frozen) = self.state.freeze() {
            return self.giving.begin(self.boundary, frozen, taker);
        }
        let saved = self.saved();
        let put = self.giving.put(self.boundary, saved, taker);
        self.has_snapshot(put, asks);
    }

    /// Writes on at a state that is frozen.
    pub(super) fn write_some(&mut self, asks: &mut Asks) {
        if let Some(put) = self.giving.write(WRITTEN_A_TURN) {
            self.has_snapshot(put, asks);
        }
    }

    /// A snapshot is kept: that of the view's beginning is offered.
    fn has_snapshot(&mut self, put: Put, asks: &mut Asks) {
        if put.boundary == 0
            && let (Some((settled, agreed)), Some(view)) = (self.offering.take(), &self.view)
        {
            let (view, sum) = (view.id, put.sum);
            self.cast(&Header::Offer { view, sum, settled, agreed }, asks);
        }
        for (to, given) in put.answers {
            self.give(to, given, asks);
        }
    }

    /// The lowest rank that has the state.
    fn speaker(&self) -> Option<Endpoint> {
        let mut ranks = self.view.as_ref()?.members.iter();
        ranks.find(|member| self.settled.contains(member)).copied()
    }

    fn all_settled(&self) -> bool {
        let Some(view) = &self.view else { return false };
        view.members.iter().all(|member| self.settled.contains(member))
    }

    pub(super) fn offer(
        &mut self,
        now: Instant,
        from: Endpoint,
        (settled, agreed): (&[Endpoint], bool),
        sum: Sum,
        asks: &mut Asks,
    ) {
        let Stage::Deciding { exchange, .. } = &mut self.stage else { return };
        if let Some(verdict) = exchange.offer(from, (settled, agreed), sum) {
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
        let Verdict::Has { donor, sum, settled } = verdict else { return self.lost(asks) };
        let spilled = matches!(self.stage, Stage::Deciding { spilled: true, .. });
        let mine = settled.contains(&self.me);
        self.settled = settled;
        if donor != self.me || self.all_settled() {
            self.giving.clear();
        }
        if mine && self.ready {
            self.settle();
            return self.apply_held(asks);
        }
        if self.ready {
            self.ready = false;
            self.spare = true;
            let view = self.view.as_ref().expect("a verdict is of a view").id;
            self.told.push_back(Answer::Lacking { view });
        }
        if mine || spilled {
            return self.try_again(asks);
        }
        self.take_from(now, donor, Some(sum), asks);
    }

    fn lost(&mut self, asks: &mut Asks) {
        self.ready = false;
        self.settled.clear();
        self.giving.clear();
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
        self.give_from_here(donor, Some(taker), asks);
        if taker == self.me {
            self.take_from(now, donor, None, asks);
        }
    }

    fn give_from_here(&mut self, donor: Endpoint, taker: Option<Endpoint>, asks: &mut Asks) {
        if donor == self.me && self.ready && !self.all_settled() {
            self.keep_snapshot(taker, asks);
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
        if self.all_settled() {
            self.giving.clear();
        }
    }

    /// A member's state is to be the group's, because nobody has that any more.
    pub(super) fn revived(&mut self, now: Instant, donor: Endpoint, asks: &mut Asks) {
        if !matches!(self.stage, Stage::Lost) {
            return;
        }
        self.boundary += 1;
        self.settled = alloc::vec![donor];
        if donor != self.me {
            return self.take_from(now, donor, None, asks);
        }
        self.ready = true;
        self.spare = false;
        self.settle();
        let digest = Sum::of(&self.saved()).digest;
        let view = self.view.as_ref().expect("the lost stage is of a view").id;
        self.told.push_back(Answer::Ready { view, digest, donor, at_view: false });
        self.give_from_here(donor, None, asks);
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
            Stage::Deciding { spilled, .. } => {
                *spilled = true;
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
