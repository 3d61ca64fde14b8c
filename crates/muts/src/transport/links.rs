//! Links: how they are made, renewed and lost, and what time does to them.

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
        let Some(link) = self.links.get_mut(&peer) else { return };
        let due = link.due();
        if link.timer != Some(due) {
            if let Some(old) = link.timer.replace(due) {
                self.timers.remove(&(old, peer));
            }
            self.timers.insert((due, peer));
        }
        if link.theirs.is_some() && !self.ready.contains(&peer) {
            self.ready.push_back(peer);
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
            Some(current) if current.incarnation > peer.incarnation => {
                self.counters.dropped_incarnation += 1;
                return;
            }
            Some(current) if current != peer => {
                node.current = Some(peer);
                self.lose(current);
            }
            _ => node.current = Some(peer),
        }
        if !self.links.contains_key(&peer) {
            let mine = self.unused_session();
            let link = Link::new(now, peer, from, mine, self.config.silence);
            self.links.insert(peer, link);
            self.sessions.insert(mine, peer);
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

    pub(super) fn unused_session(&mut self) -> u32 {
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
            let late = link.sends.overdue(peer, now);
            link.flying -= late.min(link.flying);
            for channel in link.behind.clone() {
                if let Some(open) = self.channels.get_mut(&channel) {
                    let late = open.out.overdue(peer, now);
                    link.flying -= late.min(link.flying);
                }
                link.make_ready(channel);
            }
        }
        if !link.met && link.theirs.is_some() {
            link.met = true;
            link.next_beat = now;
            self.counters.links_met += 1;
            self.told.push_back(Up::Met { peer });
            for (channel, open) in &self.channels {
                if open.ins.contains_key(&peer) {
                    link.make_ready(*channel);
                }
            }
        }
        self.rouse(peer);
    }

    /// This incarnation is over.
    pub(super) fn lose(&mut self, peer: ProcId) {
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
        match link.silence.look(now) {
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
        let link = self.links.get_mut(&peer).expect("looked up above");
        if link.met && link.next_beat <= now {
            link.errands.beat = true;
            link.next_beat = now + self.config.beat;
        }
        if link.resend_due.is_some_and(|due| due <= now) && !link.silence.is_silent() {
            self.resend(now, peer);
        }
        self.rouse(peer);
    }

    /// No acknowledgement came in time: what is under way is taken for lost.
    pub(super) fn resend(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let since = now - link.tempo.patience();
        let mut late = 0;
        for channel in link.behind.clone() {
            let bytes = match channel {
                UNICAST => link.sends.overdue(peer, since),
                _ => match self.channels.get_mut(&channel) {
                    Some(open) => open.out.overdue(peer, since),
                    None => continue,
                },
            };
            if bytes > 0 {
                late += bytes;
                link.make_ready(channel);
            }
        }
        link.flying -= late.min(link.flying);
        if late > 0 {
            link.tempo.overdue(now);
        }
        let waits = link.flying > 0 || late > 0;
        link.resend_due = waits.then(|| now + link.tempo.patience());
    }
}
