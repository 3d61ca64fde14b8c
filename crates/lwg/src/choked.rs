//! Choked: groups of which some member does not take what it is told.
//!
//! *Takes* the word of the floor above that more of a group's messages lie there than it wants, and
//! the letters in which members say the same. *Promises* that who multicasts to such a group is
//! handed its asks back until all take again; other groups go on, on the same core group too.
//! *Keeps* nothing of a group that nobody chokes. Whom a process has told that it chokes a group it
//! tells when it no longer does, by letters that are neither lost nor overtaken; who is told
//! believes it of members of its view alone. So no change of members leaves anybody waiting.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use vsync::{Core, Endpoint};

use crate::groups::Groups;
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members};
use crate::interface::{Down, Up};
use crate::letter::Letter;
use crate::limits::CHOKED_MAX;
use crate::policy::Policy;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Choked {
    /// Groups that this process chokes, and whom it has told so.
    own: BTreeMap<LwgId, Members>,
    /// Who else chokes which.
    others: BTreeSet<(LwgId, Endpoint)>,
    /// Groups that handed back an ask for it.
    refused: BTreeSet<LwgId>,
    /// Asks handed back.
    pub(crate) held: u64,
}

impl Choked {
    /// How many groups this process chokes, and how often others do.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.own.len(), self.others.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    /// Whether anybody else chokes a group.
    pub(crate) fn mentions(&self, lwg: LwgId) -> bool {
        !self.others.is_empty() && self.of(lwg).next().is_some()
    }

    /// Who else chokes it, members or not.
    fn of(&self, lwg: LwgId) -> impl Iterator<Item = Endpoint> + '_ {
        let all = self.others.range((lwg, Endpoint::default())..);
        all.take_while(move |(of, _)| *of == lwg).map(|(_, who)| *who)
    }

    /// Whether asks of a group were handed back, and it was not told since that there is room.
    pub(crate) fn is_refused(&self, lwg: LwgId) -> bool {
        self.refused.contains(&lwg)
    }

    /// Whether any of these chokes a group.
    pub(crate) fn is_by(&self, lwg: LwgId, members: &[Endpoint]) -> bool {
        self.of(lwg).any(|who| members.contains(&who))
    }

    /// Somebody says that it chokes a group, or no longer does.
    fn hear(&mut self, lwg: LwgId, from: Endpoint, choked: bool) {
        if !choked {
            self.others.remove(&(lwg, from));
        } else if self.others.len() < CHOKED_MAX {
            self.others.insert((lwg, from));
        }
    }
}

impl Here {
    /// A multicast was told of a group that this process may choke: its sender is to know.
    pub(crate) fn tell_choked(&mut self, lwg: LwgId, from: Endpoint) {
        let Some(told) = self.choked.own.get_mut(&lwg) else { return };
        if from != self.me && !told.contains(&from) {
            told.push(from);
            self.asides.push_back(Aside::Say { to: from, letter: Letter::Choke { lwg } });
        }
    }

    /// This process no longer chokes a group, if it did.
    pub(crate) fn ease(&mut self, lwg: LwgId) {
        for to in self.choked.own.remove(&lwg).unwrap_or_default() {
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
            self.choked.held += 1;
            self.choked.refused.insert(lwg);
        }
        choked
    }

    /// There is room again in a group, if it has handed back asks.
    pub(crate) fn unchoke(&mut self, lwg: LwgId) {
        if self.choked.refused.remove(&lwg) {
            self.told.push_back(Up::Room { lwg });
        }
    }

    /// The same, if nobody chokes it any more.
    fn look_choked(&mut self, lwg: LwgId) {
        if self.choked.is_refused(lwg) && self.chokers(lwg).is_empty() {
            self.unchoke(lwg);
        }
    }

    /// This process is out of a group.
    pub(crate) fn forget_choked(&mut self, lwg: LwgId) {
        self.ease(lwg);
        self.choked.refused.remove(&lwg);
    }

    /// A process is over.
    fn lose_choker(&mut self, gone: impl Fn(&Endpoint) -> bool) {
        self.choked.own.values_mut().for_each(|told| told.retain(|who| !gone(who)));
        let of = self.choked.others.iter().filter(|(_, who)| gone(who));
        let of: Vec<_> = of.copied().collect();
        for choked in of {
            self.choked.others.remove(&choked);
            self.look_choked(choked.0);
        }
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
            self.here.choked.own.entry(lwg).or_default();
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
        if !self.here.choked.is_empty() {
            self.here.lose_choker(|who| who.proc == peer);
        }
    }
}
