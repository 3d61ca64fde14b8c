//! Hearing: what the transport tells of other daemons, to the kernels that it concerns.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use muts::{Channel, Down, Full, Instant, Message, Multicast, NodeId, ProcId, Up, Wire as _};

use super::beats::has_turn;
use super::letter::{CastHead, Letter, Pulse, Table};
use super::{Known, Neighbour, Trunk};
use crate::gate::shared::Shared;
use crate::limits::GATE_NAME_BYTES_MAX;

impl<M: Multicast> Trunk<M> {
    /// Takes all that the transport tells.
    pub(crate) fn listen(&mut self, now: Instant) {
        let mut next = self.host.up();
        while let Some(heard) = next {
            next = self.hear(now, heard).or_else(|| self.host.up());
        }
        self.deliver_fed(now);
    }

    /// Takes a multicast, and those that come right behind it; answers what else came then.
    fn hear_casts(
        &mut self,
        now: Instant,
        channel: Channel,
        from: ProcId,
        mut message: Message,
    ) -> Option<Up> {
        let shared = self.channels.get_mut(&channel)?;
        let mut refused = 0;
        let other = loop {
            let bytes = message.len() as u64;
            match message.pop::<CastHead>() {
                Ok(CastHead { from: place, to }) if may_speak(&self.nodes, from, shared, place) => {
                    shared.push(place, to, message, Some((from, bytes)));
                }
                _ => {
                    self.malformed += 1;
                    refused += bytes;
                }
            }
            match self.host.up() {
                Some(Up::Cast { channel: on, from: host, message: next, .. })
                    if on == channel && host == from =>
                {
                    message = next;
                }
                other => break other,
            }
        };
        self.fed.insert(channel);
        if refused > 0 {
            self.ask_host(now, Down::Taken { channel, from, bytes: refused });
        }
        other
    }

    /// Takes what the transport tells; answers what it has told since.
    fn hear(&mut self, now: Instant, heard: Up) -> Option<Up> {
        match heard {
            Up::Cast { channel, from, message, .. } => {
                return self.hear_casts(now, channel, from, message);
            }
            Up::Met { peer } => self.met(now, peer),
            Up::Lost { peer } => self.lost(now, peer),
            Up::Silent { peer, since } => {
                if let Some(neighbour) = self.neighbours.get_mut(&peer) {
                    neighbour.silent = Some(since);
                }
                for peer in self.behind(peer) {
                    self.tell_all(peer, &Up::Silent { peer, since });
                }
            }
            Up::Back { peer } => {
                self.catch_up(now, peer);
                for peer in self.behind(peer) {
                    self.tell_all(peer, &Up::Back { peer });
                }
            }
            Up::Refused { peer, versions } => {
                self.tell_all(peer, &Up::Refused { peer, versions });
                self.refused.push((peer, versions));
            }
            Up::Room { channel } => match self.channels.get_mut(&channel) {
                Some(shared) => shared.full = false,
                None => self.post_pending(now),
            },
            Up::Send { from, message } => self.hear_letter(now, from, message, true),
            Up::Tell { from, message } => self.hear_letter(now, from, message, false),
            Up::Beat { from, bytes } => match Pulse::read(&mut &bytes[..]) {
                Ok(pulse) => self.hear_pulse(from, pulse),
                Err(_) => self.malformed += 1,
            },
            // Each kernel's casts have numbers of their own; and none of them asks for these.
            Up::Settled { .. } | Up::Skip { .. } => {}
            Up::Gone { .. } | Up::TooLong { .. } => {}
        }
        None
    }

    /// Those known to be behind another daemon now.
    fn behind(&self, host: ProcId) -> Vec<ProcId> {
        let here = |known: &&Known| known.host == Some(host) && !known.over;
        self.nodes.values().filter(here).map(|known| known.proc).collect()
    }

    fn met(&mut self, now: Instant, host: ProcId) {
        self.neighbours.insert(host, Neighbour::default());
        let here: Vec<ProcId> = self.ports.keys().copied().collect();
        for proc in here {
            self.post_place(now, host, proc, true);
        }
        self.pulse(now, host);
    }

    /// Tells a daemon that was silent who has come and gone here meanwhile.
    fn catch_up(&mut self, now: Instant, host: ProcId) {
        let Some(neighbour) = self.neighbours.get_mut(&host) else { return };
        let (gone, come) = neighbour.catch_up();
        gone.into_iter().for_each(|proc| self.post_place(now, host, proc, false));
        come.into_iter().for_each(|proc| self.post_place(now, host, proc, true));
    }

    fn lost(&mut self, now: Instant, host: ProcId) {
        for peer in self.behind(host) {
            self.over(peer);
        }
        self.neighbours.remove(&host);
        self.tend_channels(now);
    }

    /// A process elsewhere is over.
    fn over(&mut self, proc: ProcId) {
        if let Some(known) = self.nodes.get_mut(&proc.node).filter(|known| known.proc == proc) {
            known.over = true;
        }
        self.beats.forget(proc);
        self.tell_all(proc, &Up::Lost { peer: proc });
    }

    /// Letters that had no room.
    fn post_pending(&mut self, now: Instant) {
        for (to, neighbour) in &mut self.neighbours {
            neighbour.send_kept(|message| {
                match self.host.down(now, Down::Send { to: *to, message }) {
                    Err(Full(Down::Send { message, .. })) => Some(message),
                    _ => None,
                }
            });
        }
    }

    fn hear_letter(&mut self, now: Instant, host: ProcId, mut message: Message, reliable: bool) {
        if !self.neighbours.contains_key(&host) {
            return;
        }
        match message.pop::<Letter>() {
            Ok(Letter::Here { proc, name }) => self.here(now, host, proc, name),
            Ok(Letter::Gone { proc }) => {
                if self.is_behind(proc, host) {
                    self.over(proc);
                    self.tend_channels(now);
                }
            }
            Ok(Letter::To { from, to }) => {
                // A daemon speaks for its own clients only.
                if self.is_behind(from, host) {
                    self.tell(
                        to,
                        if reliable {
                            Up::Send { from, message }
                        } else {
                            Up::Tell { from, message }
                        },
                    );
                }
            }
            Ok(Letter::Table) => match Table::read(&mut &message.body()[..]) {
                Ok(table) => self.hear_table(now, host, table),
                Err(_) => self.malformed += 1,
            },
            Err(_) => self.malformed += 1,
        }
    }

    /// Whether that process lives, and is behind that daemon.
    fn is_behind(&self, proc: ProcId, host: ProcId) -> bool {
        let known = self.nodes.get(&proc.node);
        known.is_some_and(|known| known.proc == proc && known.host == Some(host) && !known.over)
    }

    /// A process is attached to another daemon.
    fn here(&mut self, now: Instant, host: ProcId, proc: ProcId, mut name: Vec<u8>) {
        let newest = self.nodes.get(&proc.node).map_or(0, |known| known.proc.incarnation);
        if newest >= proc.incarnation {
            return;
        }
        if name.len() > GATE_NAME_BYTES_MAX {
            name.clear();
        }
        self.know(proc, Some(host), name);
        self.tell_all(proc, &Up::Met { peer: proc });
        if let Some(since) = self.neighbours.get(&host).and_then(|neighbour| neighbour.silent) {
            self.tell_all(proc, &Up::Silent { peer: proc, since });
        }
        self.tend_channels(now);
    }

    fn hear_pulse(&mut self, host: ProcId, pulse: Pulse) {
        let Some(neighbour) = self.neighbours.get_mut(&host) else { return };
        neighbour.has = pulse.has;
        neighbour.pulses += 1;
        if neighbour.table.version == pulse.version {
            self.replay(host, false);
        }
    }

    fn hear_table(&mut self, now: Instant, host: ProcId, table: Table) {
        let Some(neighbour) = self.neighbours.get_mut(&host) else { return };
        if table.version > neighbour.table.version {
            neighbour.table = table;
            self.beat_to(now, host);
            self.replay(host, true);
        }
    }

    /// The kernels behind another daemon have said something, or the same again: then those tell it
    /// that share something with who is told, and now and then all.
    fn replay(&mut self, host: ProcId, new: bool) {
        let Some(neighbour) = self.neighbours.get_mut(&host) else { return };
        let all = core::mem::take(&mut neighbour.unheard) || new;
        let (ports, beats, turn) = (&self.ports, &self.beats, neighbour.pulses);
        let told = neighbour.table.beats(|from, to, digest| {
            let due = all || digest != 0 || has_turn(turn, from) || beats.are_close((to, from));
            due && ports.contains_key(&to)
        });
        for (from, to, bytes) in told {
            if self.is_behind(from, host) {
                self.tell(to, Up::Beat { from, bytes });
            }
        }
    }
}

/// Whether a daemon may cast on a channel for the member at this place: one behind it, dead or
/// alive, or one that is not known yet.
fn may_speak(nodes: &BTreeMap<NodeId, Known>, host: ProcId, shared: &Shared, place: u8) -> bool {
    let Some(member) = shared.members.get(usize::from(place)) else { return false };
    let known = nodes.get(&member.node).filter(|known| known.proc == *member);
    known.is_none_or(|known| known.host == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::line::Line;
    use core::time::Duration;

    const fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    /// One client here, another daemon, and one client there.
    fn beside(beat: Duration) -> (Trunk<Line>, [ProcId; 3]) {
        let (all, now) = ([1, 2, 3].map(proc), Instant::ZERO);
        let [me, host, peer] = all;
        let mut trunk = Trunk::new(Line::default(), beat, beat * 4);
        trunk.attach(now, me, "a");
        trunk.host_mut().told.push_back(Up::Met { peer: host });
        trunk.listen(now);
        trunk.here(now, host, peer, Vec::new());
        (trunk, all)
    }

    #[test]
    fn who_was_silent_is_heard_whole_at_its_next_heartbeat() {
        let now = Instant::ZERO;
        let (mut trunk, [me, host, peer]) = beside(Duration::from_millis(250));
        // The two share nothing.
        let table = Table::of(1, &[(peer, me, alloc::vec![0; 9].into())]);
        trunk.hear_table(now, host, table);
        let beats = |trunk: &mut Trunk<Line>, again: bool| {
            if again {
                let silent = Up::Silent { peer: host, since: now };
                trunk.host_mut().told.extend([silent, Up::Back { peer: host }]);
                trunk.listen(now);
            }
            trunk.hear_pulse(host, Pulse { version: 1, has: 0 });
            let told = core::mem::take(&mut trunk.ports.get_mut(&me).expect("here").told);
            told.iter().filter(|up| matches!(up, Up::Beat { .. })).count()
        };
        assert_eq!(beats(&mut trunk, false), 1, "what is new");
        assert_eq!([false, true, false].map(|again| beats(&mut trunk, again)), [0, 1, 0]);
    }

    #[test]
    fn what_is_not_to_wait_its_turn_goes_to_other_daemons_a_moment_later() {
        let (beat, now) = (Duration::from_millis(240), Instant::ZERO);
        let tables = |soon: bool| {
            let (mut trunk, [me, host, peer]) = beside(beat);
            trunk.wake(now);
            trunk.hear_pulse(host, Pulse { version: 0, has: 0 });
            trunk.host_mut().asked.clear();
            let bytes = alloc::vec![7; 9].into();
            trunk.ask(now, me, core::iter::once(Down::Beat { to: peer, bytes, soon }));
            trunk.wake(now + beat / 8);
            let asked = trunk.host_mut().asked.iter();
            asked.filter(|ask| matches!(ask, Down::Tell { to, .. } if *to == host)).count()
        };
        assert_eq!([true, false].map(tables), [1, 0]);
    }

    #[test]
    fn a_long_table_goes_as_a_letter_and_the_next_once_it_is_there() {
        let (beat, mut now) = (Duration::from_millis(250), Instant::ZERO);
        let (mut trunk, [me, host, peer]) = beside(beat);
        let mut turn = |trunk: &mut Trunk<Line>, length: usize, has: u64| {
            let bytes = alloc::vec![7; length].into();
            trunk.ask(now, me, core::iter::once(Down::Beat { to: peer, bytes, soon: false }));
            trunk.hear_pulse(host, Pulse { version: 0, has });
            trunk.host_mut().asked.clear();
            now += beat;
            trunk.wake(now);
            let asked = trunk.host_mut().asked.iter();
            let (mut told, mut posted) = (0, 0);
            asked.for_each(|ask| match ask {
                Down::Tell { .. } => told += 1,
                Down::Send { .. } => posted += 1,
                _ => {}
            });
            (told, posted, trunk.version)
        };
        let (told, posted, _) = turn(&mut trunk, 100, 0);
        assert_eq!((told, posted), (1, 0));
        let (told, posted, first) = turn(&mut trunk, 1 << 20, 0);
        assert_eq!((told, posted), (0, 1));
        let (told, posted, _) = turn(&mut trunk, 1 << 20, first - 1);
        assert_eq!((told, posted), (0, 0), "the one before is under way");
        let (told, posted, _) = turn(&mut trunk, 1 << 20, first);
        assert_eq!((told, posted), (0, 1));
    }
}
