//! Choking: who does not take what is told of a core group says so to those who multicast there.

use alloc::vec::Vec;

use muts::{Full, Instant, Message, Multicast, ProcId};

use super::Kernel;
use crate::endpoint::{Endpoint, GroupId};
use crate::group::Group;
use crate::header::SendHeader;
use crate::interface::Up;

impl<M: Multicast> Kernel<M> {
    /// The floor above has too much of a group's messages, or no longer.
    pub(super) fn choke(&mut self, now: Instant, group: GroupId, choked: bool) {
        if !choked {
            return self.ease(now, group);
        }
        if !self.groups.get(&group).is_some_and(Group::is_wished) {
            return;
        }
        self.choked.choke(group);
        for member in self.members(group) {
            self.tell_choked(now, group, member);
        }
    }

    /// This process no longer chokes a group, if it did.
    fn ease(&mut self, now: Instant, group: GroupId) {
        for who in self.choked.ease(group) {
            self.say_choked(now, group, who, false);
        }
    }

    fn tell_choked(&mut self, now: Instant, group: GroupId, who: Endpoint) {
        if who.proc != self.desk.config.me && self.choked.tells(group, who) {
            self.say_choked(now, group, who, true);
        }
    }

    /// Of one group the last word counts, and none if it is what the other was told last: so who
    /// takes nothing for long makes no more of it than there are groups.
    fn say_choked(&mut self, now: Instant, group: GroupId, to: Endpoint, choked: bool) {
        let words = self.choking.entry(to.proc).or_default();
        if words.insert(group, choked) == Some(!choked) {
            words.remove(&group);
        }
        self.send_choking(now);
    }

    /// What the transport takes; who takes nothing keeps nobody else waiting.
    pub(super) fn send_choking(&mut self, now: Instant) {
        let below = &mut self.desk.below;
        self.choking.retain(|&to, words| {
            while let Some((&group, &choked)) = words.first_key_value() {
                let mut message = Message::default();
                message.push(&SendHeader::Choke { group, choked });
                if let Err(Full(_)) = below.down(now, muts::Down::Send { to, message }) {
                    return true;
                }
                words.pop_first();
            }
            false
        });
    }

    fn members(&self, group: GroupId) -> Vec<Endpoint> {
        match self.groups.get(&group) {
            Some(Group::Serving(serving)) => {
                serving.epoch.members.iter().copied().map(Endpoint::of).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a member of its present view chokes a group: who multicasts there is to wait.
    pub(crate) fn is_choked(&self, group: GroupId) -> bool {
        self.choked.mentions(group) && self.choked.is_by(group, &self.members(group))
    }

    /// Who of the present view does.
    pub(crate) fn chokers(&self, group: GroupId) -> Vec<ProcId> {
        let members = self.members(group);
        let chokers = self.choked.of(group).filter(|who| members.contains(who));
        chokers.map(|who| who.proc).collect()
    }

    /// Somebody chokes a group, or no longer does.
    pub(super) fn hear_choked(&mut self, group: GroupId, from: Endpoint, choked: bool) {
        self.choked.hear(group, from, choked);
        self.look_choked(group);
    }

    /// A process is over: it chokes nothing.
    pub(super) fn lose_choked(&mut self, peer: ProcId) {
        self.choking.remove(&peer);
        for group in self.choked.lose(|who| who.proc == peer) {
            self.look_choked(group);
        }
    }

    /// There is room again in a group that has handed back multicasts, if nobody chokes it now.
    fn look_choked(&mut self, group: GroupId) {
        if self.choked.is_refused(group) && !self.is_choked(group) {
            self.choked.give_room(group);
            self.desk.told.push_back(Up::Room { group });
        }
    }

    /// What the floor above is about to be told.
    pub(super) fn note_told(&mut self, now: Instant, up: &Up) {
        match up {
            Up::Cast { group, from, .. } => self.tell_choked(now, *group, *from),
            // Who choked it may not be in it any more.
            Up::View(view) if self.choked.is_refused(view.group) => {
                let group = view.group;
                if !self.choked.is_by(group, &view.members) {
                    self.choked.give_room(group);
                    self.desk.told.push_front(Up::Room { group });
                }
            }
            Up::Out { group, .. } => {
                self.ease(now, *group);
                self.choked.give_room(*group);
            }
            _ => {}
        }
    }
}
