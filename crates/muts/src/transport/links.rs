//! Links: how they are made, renewed and lost, and what time does to them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::Transport;
use crate::address::Address;
use crate::header::UNICAST;
use crate::interface::Up;
use crate::limits::LINKS_MAX;
use crate::link::Link;
use crate::process::ProcId;
use crate::silence::Look;
use crate::time::{Duration, Instant};

/// Between two calls for a new session.
const RENEW_PAUSE: Duration = Duration::from_secs(1);

impl Transport {
    /// A link may have something to say, or another time to be looked at.
    pub(super) fn rouse(&mut self, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        if link.queued {
            // When its turn to transmit comes, its time is looked at too.
            return;
        }
        if link.is_open() {
            link.queued = true;
            self.ready.push_back(peer);
        }
        self.reschedule(peer);
    }

    /// A link may have another time to be looked at.
    pub(super) fn reschedule(&mut self, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let due = link.due();
        if link.timer != Some(due) {
            if let Some(old) = link.timer.replace(due) {
                self.timers.remove(&(old, peer));
            }
            self.timers.insert((due, peer));
        }
    }

    pub(super) fn make_link(&mut self, now: Instant, peer: ProcId, from: Address, version: u8) {
        let hall = self.hall.as_ref().map(|hall| hall.generation);
        let mut link = Link::new(now, peer, (from, version), &self.config, hall);
        for (channel, open) in &self.channels {
            if open.place(peer).is_some() {
                link.errands.credits.insert(*channel);
            }
        }
        self.links.insert(peer, link);
    }

    /// A valid datagram of this peer came: it lives and knows our end. One that fell silent is back
    /// only once it shows that it hears what has been said since.
    pub(super) fn heard(&mut self, now: Instant, peer: ProcId, answers: bool) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !answers {
            link.errands.probe |= link.silence.hear(now) && link.met;
        } else if link.silence.answered(now) && link.met {
            self.told.push_back(Up::Back { peer });
            self.give_up(now, peer);
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !link.met {
            link.met = true;
            link.beats.begin(now);
            link.path.begin(now);
            link.reach.begin(now);
            link.make_ready(UNICAST);
            self.counters.links_met += 1;
            self.told.push_back(Up::Met { peer });
            for (channel, open) in &self.channels {
                if open.place(peer).is_some() {
                    link.make_ready(*channel);
                }
            }
            self.rouse(peer);
        }
    }

    /// Somebody calls as this peer: it does not hear, or wants a new session, or is not it at all.
    /// It is asked which.
    pub(super) fn doubt(&mut self, now: Instant, peer: ProcId) {
        if let Some(link) = self.links.get_mut(&peer).filter(|link| link.met)
            && link.silence.doubt(now, link.pace.round_trip())
        {
            link.unheard = link.flight.next();
            self.reschedule(peer);
        }
    }

    /// Whether there is a place for one more link, or for this one, after somebody has made room
    /// who was not introduced, is in no channel and, if the newcomer was not introduced either, is
    /// silent.
    pub(super) fn has_place(&mut self, peer: ProcId) -> bool {
        if self.links.len() < LINKS_MAX || self.links.contains_key(&peer) {
            return true;
        }
        let introduced = |peer: ProcId| self.nodes.address(peer.node).is_some();
        let used: BTreeSet<ProcId> =
            self.channels.values().flat_map(|open| open.peers.iter().copied()).collect();
        let may_go = |link: &&Link| {
            !introduced(link.peer)
                && !used.contains(&link.peer)
                && (link.silence.is_silent() || introduced(peer))
        };
        let going = self.links.values().filter(may_go).min_by_key(|link| link.silence.heard());
        let Some(going) = going.map(|link| link.peer) else { return false };
        self.counters.links_ousted += 1;
        self.lose(going);
        true
    }

    /// This incarnation is over.
    pub(super) fn lose(&mut self, peer: ProcId) {
        let Some(link) = self.links.remove(&peer) else { return };
        for end in link.sessions.ends() {
            self.ends.remove(&end);
        }
        if let Some(timer) = link.timer {
            self.timers.remove(&(timer, peer));
        }
        self.ready.retain(|ready| *ready != peer);
        if link.reach.hears() {
            self.note_reach(peer);
        }
        if link.met {
            self.counters.links_lost += 1;
            self.told.push_back(Up::Lost { peer });
        }
    }

    /// The system says that nobody listens there.
    pub(super) fn hear_nobody(&mut self, now: Instant, address: Address) {
        let met = |link: &&mut Link| link.met && link.address == address;
        let peers: Vec<ProcId> =
            self.links.values_mut().filter(met).map(|link| link.peer).collect();
        for peer in peers {
            self.counters.nobody += 1;
            if let Some(link) = self.links.get_mut(&peer) {
                link.silence.nobody(now, link.pace.round_trip());
            }
            self.look(now, peer);
        }
    }

    /// Others miss a peer.
    pub(super) fn miss(&mut self, now: Instant, peer: ProcId) {
        if let Some(link) = self.links.get_mut(&peer).filter(|link| link.met) {
            link.silence.miss(now);
            self.look(now, peer);
        }
    }

    /// This process ends: whoever knows it is told, once.
    pub(super) fn farewell(&mut self) {
        let peers: Vec<ProcId> =
            self.links.values().filter(|link| link.met).map(|link| link.peer).collect();
        for peer in peers {
            if let Some(link) = self.links.get_mut(&peer) {
                link.errands.farewell = true;
            }
            self.rouse(peer);
        }
    }

    /// A peer has said that it ends.
    pub(super) fn hear_farewell(&mut self, now: Instant, peer: ProcId) {
        self.nodes.part(now, peer);
        self.lose(peer);
    }

    /// This process was away: nobody else is to be accused for it.
    pub(super) fn note_absence(&mut self, now: Instant) {
        if !self.links.is_empty() && now.since(self.last_turn) > self.config.silence / 2 {
            self.counters.away += 1;
            for link in self.links.values_mut() {
                link.silence.excuse(now);
            }
        }
        self.last_turn = now;
    }

    /// Thanks that nobody heard are said again; what is old is renewed, by the lower of the two.
    /// The other waits a little: but what it retired itself, for another guard, may not be old for
    /// the lower one.
    fn tend_sessions(&mut self, now: Instant, peer: ProcId) {
        let overhead = self.guard.overhead();
        let Some(link) = self.links.get_mut(&peer) else { return };
        if let Some(thanks) = link.sessions.thanks_due(now) {
            self.outbox.push_back((link.address, thanks));
        }
        for end in link.sessions.expire(now) {
            self.ends.remove(&end);
        }
        let old = link.sessions.is_old(now, link.flight.next());
        let asked = now.since(link.renewed) < RENEW_PAUSE;
        let turn = self.config.me < peer || link.sessions.is_left(now);
        if overhead > 0 && old && !asked && turn {
            link.renewed = now;
            self.counters.sessions_renewed += 1;
            let address = link.address;
            self.call(now, address);
        }
    }

    pub(super) fn look(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let since = link.silence.shown();
        match link.silence.look(now, self.health.patience()) {
            Look::Fine => {}
            Look::Probe => link.errands.probe = link.met,
            Look::NowSilent if link.met => {
                self.counters.silences += 1;
                link.unheard = link.flight.next();
                self.told.push_back(Up::Silent { peer, since });
                self.give_up(now, peer);
                self.rouse_hall();
            }
            Look::NowSilent | Look::Call => {
                // In one datagram: the line may be as good as cut.
                (link.errands.probe, link.errands.beat) = (link.met, link.met);
                // It may be where it was introduced, and never have been where it seemed to be.
                let elsewhere = self.nodes.address(peer.node).filter(|at| *at != link.address);
                for address in elsewhere.into_iter().chain([link.address]) {
                    self.call(now, address);
                }
            }
        }
        self.tend_sessions(now, peer);
        self.look_for_lost(now, peer);
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.errands.beat |= link.met && link.beats.due() <= now;
        link.release_early(now);
        for channel in link.early.expire(now) {
            link.errands.gone.insert(channel);
            self.closed.insert(channel);
        }
        self.rouse(peer);
    }
}
