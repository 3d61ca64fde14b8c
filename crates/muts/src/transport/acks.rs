//! Acks: what has come to a peer, what is lost on the way, and what follows from both.

use super::Transport;
use super::moves::QUESTION_BYTES;
use crate::flight::{Decided, Item};
use crate::header::{Runs, UNICAST};
use crate::interface::{Channel, Up};
use crate::limits::ACK_RANGES_MAX;
use crate::process::ProcId;
use crate::time::{Duration, Instant};

impl Transport {
    pub(super) fn hear_ack(&mut self, now: Instant, peer: ProcId, delay_us: u64, runs: Runs<'_>) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let mut decided = core::mem::take(&mut self.decided);
        decided.clear();
        let delay = Duration::from_micros(delay_us);
        let runs: heapless::Vec<_, ACK_RANGES_MAX> = runs.iter().collect();
        let trip = link.pace.round_trip();
        if !link.flight.acknowledge(now, &runs, delay, trip, &mut decided) {
            self.counters.dropped_malformed += 1;
        }
        self.decide(now, peer, &decided, runs.first().map_or(0, |run| run.1));
        self.decided = decided;
    }

    /// Time alone may have decided something, or nothing came for too long.
    pub(super) fn look_for_lost(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let mut decided = core::mem::take(&mut self.decided);
        decided.clear();
        if link.flight.lost_at().is_some_and(|at| at <= now) {
            link.flight.find_lost(now, link.pace.round_trip(), &mut decided);
        }
        let overdue = link.overdue_at().is_some_and(|at| at <= now);
        if overdue {
            self.counters.overdue += 1;
            link.pace.overdue(link.path.length());
            let in_vain = link.pace.in_vain();
            // The first times a few are tried again, to learn whether anything comes through.
            let before = decided.lost.len();
            link.flight.give_up(if in_vain < 3 { 2 } else { usize::MAX }, &mut decided);
            decided.count_once(before, Item::Hall);
            link.errands.probe = true;
            if in_vain == 4 {
                link.path.doubt(now);
            }
        } else if link.nudge_at().is_some_and(|at| at <= now) {
            self.counters.nudges += 1;
            link.pace.nudge();
            let (before, lost) = (decided.lost.len(), (decided.lost_bytes, decided.long_lost));
            link.flight.give_up(2, &mut decided);
            (decided.lost_bytes, decided.long_lost) = lost;
            decided.forgive(before, Item::Hall);
            link.errands.probe = true;
        }
        let waited_for = overdue && link.reach.hears();
        self.decide(now, peer, &decided, 0);
        self.decided = decided;
        if waited_for {
            self.rouse_hall();
        }
    }

    /// Everything under way is given up: it went where nobody listened.
    pub(super) fn give_up(&mut self, now: Instant, peer: ProcId) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let mut decided = core::mem::take(&mut self.decided);
        decided.clear();
        link.flight.give_up(usize::MAX, &mut decided);
        // It says nothing of how much the line carries, nor of how long.
        (decided.lost_bytes, decided.long_lost) = (0, 0);
        self.decide(now, peer, &decided, 0);
        self.decided = decided;
    }

    fn decide(&mut self, now: Instant, peer: ProcId, decided: &Decided, acknowledged: u64) {
        let mut tries = 0;
        // Of the hall only the last word counts: what overtook the lost was heard.
        let heard = decided.came.contains(&Item::Hall);
        for item in &decided.lost {
            if heard && *item == Item::Hall {
                continue;
            }
            if let Item::Length(length) | Item::HallLength(length) = item {
                tries += length;
            }
            if let Item::There(_) = item {
                tries += QUESTION_BYTES;
            }
            self.lost_item(now, peer, *item);
        }
        let mut last = None;
        for item in &decided.came {
            let settled = self.came_item(now, peer, *item);
            if let (Some(channel), true) = (settled, last != settled) {
                if let Some(before) = last {
                    self.note_settled(before);
                }
                last = Some(channel);
            }
        }
        if let Some(channel) = last {
            self.note_settled(channel);
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.path.weigh(now, decided.long_came, decided.long_lost, decided.short_came);
        if decided.came_bytes + decided.lost_bytes > 0 {
            let bytes = (decided.came_bytes, decided.lost_bytes.saturating_sub(tries));
            let numbers = (acknowledged, link.flight.next());
            link.pace.decided(now, bytes, decided.round_trip, numbers, link.path.length());
        }
    }

    /// Answers the channel of which more is settled by it.
    fn came_item(&mut self, now: Instant, peer: ProcId, item: Item) -> Option<Channel> {
        let link = self.links.get_mut(&peer)?;
        match item {
            Item::Stream { channel: UNICAST, from, to } => {
                link.sends.acked(0, from, to);
                if link.sends.owes_room && link.sends.has_half() {
                    link.sends.owes_room = false;
                    self.told.push_back(Up::Room { channel: UNICAST });
                }
            }
            Item::Stream { channel, from, to } => {
                let open = self.channels.get_mut(&channel)?;
                let place = open.place(peer)?;
                let more = open.out.acked(place, from, to);
                if open.out.withholds(place) {
                    self.rouse_hall();
                }
                return more.then_some(channel);
            }
            Item::Length(length) => link.path.came(now, length),
            Item::There(there) => self.follow(peer, there),
            Item::Hall => link.reach.came(),
            Item::HallLength(length) => {
                link.reach.proven(now, length);
                self.note_reach(peer);
            }
            Item::HallKey { session, generation } => {
                if let Some(session) = link.sessions.of(session) {
                    session.hall_there = session.hall_there.max(generation);
                }
            }
            Item::Credit { .. } | Item::Gone { .. } | Item::Probe => {}
        }
        None
    }

    fn lost_item(&mut self, now: Instant, peer: ProcId, item: Item) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match item {
            Item::Stream { channel: UNICAST, from, to } => {
                link.sends.lost(0, from, to);
                link.make_ready(UNICAST);
            }
            Item::Stream { channel, from, to } => {
                let Some(open) = self.channels.get_mut(&channel) else { return };
                let Some(place) = open.place(peer) else { return };
                open.out.lost(place, from, to);
                if open.out.is_too_early(place) {
                    link.wait(now, channel);
                    self.rouse_hall();
                } else {
                    link.make_ready(channel);
                }
            }
            Item::Credit { channel } => {
                if channel == UNICAST || self.channels.contains_key(&channel) {
                    link.errands.credits.insert(channel);
                }
            }
            Item::Gone { channel } => {
                // Of a channel that nothing is known of, its sender's next word asks again.
                if self.closed.names.contains(&channel) {
                    link.errands.gone.insert(channel);
                }
            }
            Item::Hall => {
                if link.reach.lost(now) {
                    self.counters.hall_given_up += 1;
                    self.note_reach(peer);
                }
            }
            Item::HallKey { session, generation } => {
                if let Some(session) = link.sessions.of(session)
                    && session.hall_told == generation
                {
                    session.hall_told = session.hall_there;
                }
            }
            Item::Length(_) | Item::HallLength(_) | Item::Probe | Item::There(_) => {}
        }
    }

    pub(super) fn note_settled(&mut self, channel: Channel) {
        let Some(open) = self.channels.get_mut(&channel) else { return };
        let below = open.out.settled();
        if below > open.settled {
            open.settled = below;
            self.told.push_back(Up::Settled { channel, below });
        }
        if open.out.owes_room && open.out.has_half() {
            open.out.owes_room = false;
            self.told.push_back(Up::Room { channel });
        }
    }
}
