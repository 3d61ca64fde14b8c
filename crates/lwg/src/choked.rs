//! Choked: groups of which some member does not take what it is told.
//!
//! *Takes* the word of the floor above that more of a group's messages lie there than it wants, and
//! the letters in which members say the same. *Promises* that who multicasts to such a group is
//! handed its asks back until all take again; other groups go on, on the same core group too.
//! What is kept of it is `vsync::Choked`'s, which says why nobody is left waiting.

use alloc::vec::Vec;

use vsync::{Core, Endpoint};

use crate::groups::Groups;
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::interface::{Down, Up};
use crate::letter::Letter;
use crate::policy::Policy;

impl Here {
    /// A multicast was told of a group that this process may choke: its sender is to know.
    pub(crate) fn tell_choked(&mut self, lwg: LwgId, from: Endpoint) {
        if from != self.me && self.choked.tells(lwg, from) {
            self.asides.push_back(Aside::Say { to: from, letter: Letter::Choke { lwg } });
        }
    }

    /// This process no longer chokes a group, if it did.
    pub(crate) fn ease(&mut self, lwg: LwgId) {
        for to in self.choked.ease(lwg) {
            self.asides.push_back(Aside::Say { to, letter: Letter::Ease { lwg } });
        }
    }

    /// The members of its present view that choke a group, this process not counted.
    pub(crate) fn chokers(&self, lwg: LwgId) -> Members {
        if !self.choked.mentions(lwg) {
            return Members::new();
        }
        let Some((_, slot)) = self.find(lwg) else { return Members::new() };
        let members = self.table.members(slot);
        self.choked.of(lwg).filter(|who| members.contains(who)).collect()
    }

    /// Whether an ask that multicasts, or is for one member, is to be handed back.
    pub(crate) fn is_choked(&mut self, ask: &Down) -> bool {
        let (lwg, one) = match ask {
            Down::Send { lwg, .. } | Down::SendTo { lwg, .. } => (*lwg, None),
            Down::Tell { lwg, to, .. } => (*lwg, Some(to)),
            _ => return false,
        };
        if !self.choked.mentions(lwg) {
            return false;
        }
        let chokers = self.chokers(lwg);
        let choked = one.map_or(!chokers.is_empty(), |to| chokers.contains(to));
        if choked {
            self.choked.refuse(lwg);
        }
        choked
    }

    /// There is room again in a group, if it has handed back asks.
    pub(crate) fn unchoke(&mut self, lwg: LwgId) {
        if self.choked.give_room(lwg) {
            self.told.push_back(Up::Room { lwg });
        }
    }

    /// The same, if nobody chokes it any more.
    fn look_choked(&mut self, lwg: LwgId) {
        if self.choked.is_refused(lwg) && self.chokers(lwg).is_empty() {
            self.unchoke(lwg);
        }
    }

    /// A core group has lost members, or this process has lost it: of a group that it may send to
    /// without being a member it is told no view.
    pub(crate) fn look_all_choked(&mut self) {
        for lwg in self.choked.refused().collect::<Vec<_>>() {
            self.look_choked(lwg);
        }
    }

    /// This process is out of a group.
    pub(crate) fn forget_choked(&mut self, lwg: LwgId) {
        self.ease(lwg);
        self.choked.give_room(lwg);
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// The floor above has too much of a group's messages, or no longer.
    pub(crate) fn choke(&mut self, lwg: LwgId, choked: bool) {
        let members = match self.here.find(lwg) {
            Some((_, slot)) => self.here.table.members(slot).clone(),
            None => Members::new(),
        };
        if !choked {
            self.here.ease(lwg);
        } else if members.contains(&self.here.me) || self.here.arriving.contains_key(&lwg) {
            self.here.choked.choke(lwg);
            members.into_iter().for_each(|to| self.here.tell_choked(lwg, to));
        }
        self.settle_asides();
    }

    /// A member chokes a group, or no longer does.
    pub(crate) fn on_choke(&mut self, from: Endpoint, lwg: LwgId, choked: bool) {
        self.here.choked.hear(lwg, from, choked);
        self.here.look_choked(lwg);
    }

    /// A process is over: it chokes nothing.
    pub(crate) fn choked_lost(&mut self, peer: vsync::ProcId) {
        for lwg in self.here.choked.lose(|who| who.proc == peer) {
            self.here.look_choked(lwg);
        }
    }
}
