//! Links: how they are made, renewed and lost, and what time does to them.

use alloc::vec::Vec;

use super::Transport;
use crate::address::Address;
use crate::header::{Hello, UNICAST};
use crate::interface::Up;
use crate::link::Link;
use crate::process::ProcId;
use crate::silence::Look;
use crate::time::Instant;

impl Transport {
    /// A link may have something to say, or another time to be looked at.
    pub(super) fn rouse(&mut self, peer: ProcId) {
        self.reschedule(peer);
        let Some(link) = self.links.get_mut(&peer) else { return };
        if link.is_open() && !link.queued {
            link.queued = true;
            self.ready.push_back(peer);
        }
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

    pub(super) fn hello(&mut self, address: Address, to: Option<ProcId>) {
        let link = to.and_then(|peer| self.links.get(&peer));
        let (session, echo) =
            link.map_or((0, 0), |link| (link.mine, link.theirs.unwrap_or_default()));
        self.counters.hellos_sent += 1;
        self.hellos.push_back((address, Hello { from: self.config.me, session, echo }));
    }

    /// Takes a HELLO: makes, renews or refuses a link.
    pub(super) fn hear_hello(&mut self, now: Instant, from: Address, hello: Hello) {
        let peer = hello.from;
        if peer.node == self.config.me.node {
            return;
        }
        let node = self.nodes.node(peer.node);
        match node.current {
            Some(current)
                if current.incarnation > peer.incarnation || (current == peer && node.gone) =>
            {
                self.counters.dropped_incarnation += 1;
                return;
            }
            Some(current) if current != peer => {
                (node.current, node.gone) = (Some(peer), false);
                self.lose(current);
            }
            _ => node.current = Some(peer),
        }
        if !self.links.contains_key(&peer) {
            self.make_link(now, peer, from);
        }
        let link = self.links.get_mut(&peer).expect("just made sure");
        if hello.session != 0 {
            link.theirs = Some(hello.session);
        }
        link.address = from;
        let knows_mine = hello.echo == link.mine;
        // Its own end is news, or it does not know ours: it needs an answer.
        if !knows_mine || hello.session == 0 || !link.met {
            self.hello(from, Some(peer));
        }
        if knows_mine && hello.session != 0 {
            self.heard(now, peer);
        }
        self.rouse(peer);
    }

    fn make_link(&mut self, now: Instant, peer: ProcId, from: Address) {
        let mine = self.unused_session();
        let longest = self.config.datagram_bytes_max;
        let mut link = Link::new(now, peer, from, mine, self.config.silence, longest);
        for (channel, open) in &self.channels {
            if open.place(peer).is_some() {
                link.errands.credits.insert(*channel);
                if open.version > 0 {
                    link.errands.note(*channel, now);
                }
            }
        }
        self.links.insert(peer, link);
        self.sessions.insert(mine, peer);
    }

    fn unused_session(&mut self) -> u32 {
        loop {
            let session = self.random.draw() as u32;
            if session != 0 && !self.sessions.contains_key(&session) {
                return session;
            }
        }
    }

    /// A valid datagram of this peer came: it lives and knows our end.
    pub(super) fn heard(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        if link.silence.hear(now) && link.met {
            self.told.push_back(Up::Back { peer });
            self.give_up(now, peer);
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !link.met && link.theirs.is_some() {
            link.met = true;
            link.next_beat = now;
            link.path.begin(now);
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

    /// This incarnation is over.
    fn lose(&mut self, peer: ProcId) {
        let Some(link) = self.links.remove(&peer) else { return };
        self.sessions.remove(&link.mine);
        if let Some(timer) = link.timer {
            self.timers.remove(&(timer, peer));
        }
        self.ready.retain(|ready| *ready != peer);
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
                link.silence.nobody(now);
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

    pub(super) fn look(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match link.silence.look(now, self.health.patience()) {
            Look::Fine => {}
            Look::Probe => link.errands.probe = link.met,
            Look::NowSilent if link.met => {
                self.counters.silences += 1;
                let since = link.silence.heard();
                self.told.push_back(Up::Silent { peer, since });
            }
            Look::NowSilent | Look::Call => {
                link.errands.probe = link.met;
                let address = link.address;
                self.hello(address, Some(peer));
            }
        }
        self.look_for_lost(now, peer);
        let Some(link) = self.links.get_mut(&peer) else { return };
        if link.met && link.next_beat <= now {
            link.errands.beat = true;
            link.next_beat = now + self.config.beat;
            for channel in link.expire_early(now) {
                link.errands.gone.insert(channel);
                self.closed.insert(channel);
            }
        }
        self.rouse(peer);
    }
}
