//! One turn of a host: one thing in, everything out, then sleep until the deadline.

use bytes::Bytes;
use muts::{Address, Duration, Instant, Layer, Packet};

use super::{What, World};
use crate::limits::{ASKS_PER_TURN_MAX, MOMENT, UPS_PER_TURN_MAX, WAKES_IN_A_MOMENT_MAX};
use crate::network::HALL;
use crate::script::App;

impl<T: Layer, A: App<Down = T::Down, Up = T::Up>> World<T, A> {
    pub(super) fn receive(&mut self, from: usize, to: usize, bytes: Bytes) {
        self.digest.add(self.now.as_nanos());
        self.digest.add((from * 1_000 + to) as u64);
        self.digest.add_bytes(&bytes);
        let now = self.now;
        let address = Address::Pipe(u32::try_from(from).expect("hosts are few"));
        if let Some(running) = &mut self.hosts[to].running {
            running.tower.receive(now, Packet { from: address, bytes });
            // As the driver does: what is due by then is done before anything goes out.
            if running.tower.deadline().is_some_and(|due| due <= now) {
                running.tower.wake(now);
            }
            self.settle(to);
        }
    }

    pub(super) fn wake(&mut self, host: usize) {
        let now = self.now;
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        let Some(running) = &mut self.hosts[host].running else { return };
        let for_app = is_due(running.app.deadline());
        if is_due(running.tower.deadline()) {
            running.tower.wake(now);
            self.settle(host);
        } else if !for_app {
            self.settle(host);
        }
        // The application's own time is another thing in, hence another turn.
        if for_app && let Some(running) = &mut self.hosts[host].running {
            running.app.wake(now);
            self.settle(host);
        }
    }

    /// Everything out; then one ask in, everything out, until nothing is asked.
    pub(super) fn settle(&mut self, host: usize) {
        let now = self.now;
        for _ in 0..ASKS_PER_TURN_MAX {
            self.drain_ups(host);
            if !self.drain_transmits(host) {
                return;
            }
            let Some(running) = &mut self.hosts[host].running else { return };
            let Some(ask) = running.app.ask(now) else {
                self.schedule(host);
                return;
            };
            let refused = running.tower.down(now, ask).err().map(|full| full.0);
            running.app.asked(now, refused);
        }
        self.complain(format!("p{host}: its application never stops asking"));
    }

    pub(super) fn drain_ups(&mut self, host: usize) {
        let now = self.now;
        let Some(running) = &mut self.hosts[host].running else { return };
        for _ in 0..UPS_PER_TURN_MAX {
            let Some(told) = running.tower.up() else { return };
            running.app.told(now, told);
        }
        self.complain(format!("p{host}: its tower never stops talking"));
    }

    /// Sends what is to be sent; false if the process died over it.
    pub(super) fn drain_transmits(&mut self, host: usize) -> bool {
        for _ in 0..UPS_PER_TURN_MAX {
            let now = self.now;
            let place = &mut self.hosts[host];
            if place.doom.is_some_and(|doom| place.datagrams >= doom) {
                if !self.may_die(host) {
                    self.spare(host);
                    continue;
                }
                self.crash(host);
                self.count("crash in mid-send", 1);
                return false;
            }
            let Some(running) = &mut place.running else { return false };
            let Some(datagram) = running.tower.transmit(now) else { return true };
            place.datagrams += 1;
            let Address::Pipe(to) = datagram.to else { continue };
            let bytes = datagram.gather();
            if datagram.to == HALL {
                self.send_all(host, &bytes);
            } else {
                self.send(host, to as usize, bytes);
                self.refuse(host, to as usize);
            }
        }
        self.complain(format!("p{host}: its tower never stops sending"));
        true
    }

    /// One datagram, to everybody who hears it.
    fn send_all(&mut self, from: usize, bytes: &Bytes) {
        self.count("datagrams in the hall", 1);
        for to in 0..self.hosts.len() {
            if self.network.hears(from, to) {
                self.send(from, to, bytes.clone());
            }
        }
    }

    pub(super) fn send(&mut self, from: usize, to: usize, bytes: Bytes) {
        if to >= self.hosts.len() {
            return;
        }
        for at in self.network.carry(self.now, from, to, bytes.len()).into_iter().flatten() {
            let bytes = self.network.corrupted_copy(from, to, &bytes);
            self.push(at, What::Arrive { from, to, bytes });
        }
    }

    pub(super) fn schedule(&mut self, host: usize) {
        let place = &mut self.hosts[host];
        let Some(running) = &place.running else { return };
        let wanted = match (running.tower.deadline(), running.app.deadline()) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => match one.or(other) {
                Some(only) => only,
                None => return,
            },
        };
        // A driver takes a moment to come round again.
        let wanted = wanted.max(self.now + Duration::from_micros(5));
        if place.wake_at.is_none_or(|already| wanted < already) {
            place.wake_at = Some(wanted);
            let incarnation = place.incarnation;
            self.push(wanted, What::Wake { host, incarnation });
        }
    }

    pub(super) fn guard_spinning(&mut self, host: usize) {
        let place = &mut self.hosts[host];
        if self.now.since(place.wakes_since) > MOMENT {
            place.wakes_since = self.now;
            place.wakes = 0;
        }
        place.wakes += 1;
        if place.wakes == WAKES_IN_A_MOMENT_MAX {
            self.complain(format!(
                "p{host}: woken {WAKES_IN_A_MOMENT_MAX} times within {MOMENT:?}"
            ));
        }
    }
}
