//! Choked: groups of which some member does not take what it is told. Kernel and light-weight
//! groups keep theirs alike.
//!
//! *Takes* the word of the floor above that more of a group's messages lie there than it wants, and
//! what others say of the same. *Promises* that who chokes a group tells each that it has told so
//! when it no longer does, and that who is told believes it of members of its view alone: told by
//! messages that are neither lost nor overtaken, no change of members leaves anybody waiting.
//! *Keeps* nothing of a group that nobody chokes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::endpoint::Endpoint;
use crate::limits::CHOKED_MAX;

/// The groups of one process of which some member does not take what it is told, so that whoever
/// sends there waits: those that it chokes itself, and those that others say they choke. Groups are
/// named by a `K`.
#[derive(Debug)]
pub struct Choked<K> {
    /// Groups that this process chokes, and whom it has told so.
    own: BTreeMap<K, Vec<Endpoint>>,
    /// Who else chokes which.
    others: BTreeSet<(K, Endpoint)>,
    /// Groups that handed back an ask for it.
    refused: BTreeSet<K>,
    held: u64,
}

impl<K> Default for Choked<K> {
    fn default() -> Self {
        let (own, others, refused) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { own, others, refused, held: 0 }
    }
}

impl<K: Ord + Copy> Choked<K> {
    /// Nobody chokes anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }

    /// How many groups this process chokes, how often others do, how many asks were handed back.
    #[must_use]
    pub fn counts(&self) -> [u64; 3] {
        [self.own.len() as u64, self.others.len() as u64, self.held]
    }

    /// This process chokes a group.
    pub fn choke(&mut self, group: K) {
        self.own.entry(group).or_default();
    }

    /// Whether it does.
    #[must_use]
    pub fn is_own(&self, group: K) -> bool {
        self.own.contains_key(&group)
    }

    /// It no longer does; who is to be told so.
    #[must_use]
    pub fn ease(&mut self, group: K) -> Vec<Endpoint> {
        self.own.remove(&group).unwrap_or_default()
    }

    /// Whether somebody who sends to a group is to be told now that this process chokes it.
    #[must_use]
    pub fn tells(&mut self, group: K, who: Endpoint) -> bool {
        let Some(told) = self.own.get_mut(&group).filter(|told| !told.contains(&who)) else {
            return false;
        };
        told.push(who);
        true
    }

    /// Another says that it chokes a group, or no longer does. Beyond the limit it is not believed.
    pub fn hear(&mut self, group: K, from: Endpoint, choked: bool) {
        if !choked {
            self.others.remove(&(group, from));
        } else if self.others.len() < CHOKED_MAX {
            self.others.insert((group, from));
        }
    }

    /// Who else chokes a group, members or not.
    pub fn of(&self, group: K) -> impl Iterator<Item = Endpoint> + '_ {
        let all = self.others.range((group, Endpoint::default())..);
        all.take_while(move |(of, _)| *of == group).map(|(_, who)| *who)
    }

    /// Whether anybody else chokes it, member or not.
    #[must_use]
    pub fn mentions(&self, group: K) -> bool {
        !self.others.is_empty() && self.of(group).next().is_some()
    }

    /// Whether any of these chokes it.
    #[must_use]
    pub fn is_by(&self, group: K, members: &[Endpoint]) -> bool {
        !self.others.is_empty() && self.of(group).any(|who| members.contains(&who))
    }

    /// An ask is handed back for it.
    pub fn refuse(&mut self, group: K) {
        self.held += 1;
        self.refused.insert(group);
    }

    /// Whether asks were handed back, and it was not told since that there is room.
    #[must_use]
    pub fn is_refused(&self, group: K) -> bool {
        self.refused.contains(&group)
    }

    /// Those of which that is so.
    pub fn refused(&self) -> impl Iterator<Item = K> + '_ {
        self.refused.iter().copied()
    }

    /// It is told that there is room now; false if nothing was handed back.
    pub fn give_room(&mut self, group: K) -> bool {
        self.refused.remove(&group)
    }

    /// Some processes are over; the groups that they choked.
    #[must_use]
    pub fn lose(&mut self, gone: impl Fn(&Endpoint) -> bool) -> Vec<K> {
        self.own.values_mut().for_each(|told| told.retain(|who| !gone(who)));
        let choked = self.others.iter().filter(|(_, who)| gone(who)).map(|(group, _)| *group);
        let choked = choked.collect();
        self.others.retain(|(_, who)| !gone(who));
        choked
    }
}
