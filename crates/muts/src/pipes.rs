//! Pipes: towers of one process, joined without any socket, thread or clock.
//!
//! For tests, for programs in which several members live, and where there is no operating system.
//! Nothing is lost and everything comes in order; what pretends a bad network is the simulator.
//!
//! ```
//! use muts::{Address, Audience, Channel, Config, Down, Instant, Layer, Message, NodeId};
//! use muts::{Pipes, ProcId, Transport, Up};
//!
//! let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
//! let (mut pipes, now) = (Pipes::default(), Instant::ZERO);
//! for (me, other) in [(1_u32, 2_u32), (2, 1)] {
//!     let mut end = Transport::new(Config::new(proc(me.into()), me.into()));
//!     let meet = Down::Meet { node: NodeId(other.into()), address: Address::Pipe(other) };
//!     end.down(now, meet).expect("never full");
//!     let peers = vec![proc(other.into())];
//!     let open = Down::Open { channel: Channel(1), peers, credit: false };
//!     end.down(now, open).expect("never full");
//!     pipes.add(me, end);
//! }
//! let message = Message::new(&b"hello"[..]);
//! let cast = Down::Cast { channel: Channel(1), to: Audience::ALL, message };
//! pipes.end(1).expect("added").down(now, cast).expect("an empty window");
//! while pipes.turn(now) {}
//! let told: Vec<Up> = std::iter::from_fn(|| pipes.end(2)?.up()).collect();
//! assert!(matches!(&told[..], [Up::Met { .. }, .., Up::Cast { .. }]));
//! ```

use alloc::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::address::Address;
use crate::layer::{Layer, Packet, Transmit};
use crate::time::Instant;

/// Towers that reach each other at [`Address::Pipe`] with the number that each was added under, and
/// all others at once at [`Address::EVERY_PIPE`].
#[derive(Debug)]
pub struct Pipes<L> {
    ends: BTreeMap<u32, L>,
    under_way: VecDeque<(u32, Transmit)>,
}

impl<L> Default for Pipes<L> {
    fn default() -> Self {
        Self { ends: BTreeMap::new(), under_way: VecDeque::new() }
    }
}

impl<L: Layer> Pipes<L> {
    /// Adds a tower under this number; answers the one that had it.
    pub fn add(&mut self, number: u32, layer: L) -> Option<L> {
        self.ends.insert(number, layer)
    }

    /// Takes a tower out: the others learn at once that nobody listens there.
    pub fn remove(&mut self, number: u32) -> Option<L> {
        self.ends.remove(&number)
    }

    /// The tower with this number, to ask it and to be told.
    pub fn end(&mut self, number: u32) -> Option<&mut L> {
        self.ends.get_mut(&number)
    }

    /// Wakes every tower that is due and carries what they have to say. Answers whether there was
    /// anything: then there may be answers to it.
    pub fn turn(&mut self, now: Instant) -> bool {
        for (number, end) in &mut self.ends {
            if end.deadline().is_some_and(|due| due <= now) {
                end.wake(now);
            }
            let said = core::iter::from_fn(|| end.transmit(now));
            self.under_way.extend(said.map(|transmit| (*number, transmit)));
        }
        let any = !self.under_way.is_empty();
        while let Some((from, transmit)) = self.under_way.pop_front() {
            self.carry(now, from, &transmit);
        }
        any
    }

    /// When the next turn is wanted at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ends.values().filter_map(Layer::deadline).min()
    }

    fn carry(&mut self, now: Instant, from: u32, transmit: &Transmit) {
        let packet = Packet { from: Address::Pipe(from), bytes: transmit.gather() };
        match transmit.to {
            Address::EVERY_PIPE => {
                for (number, end) in &mut self.ends {
                    if *number != from {
                        end.receive(now, packet.clone());
                    }
                }
            }
            to => {
                let end = if let Address::Pipe(to) = to { self.ends.get_mut(&to) } else { None };
                if let Some(end) = end {
                    end.receive(now, packet);
                } else if let Some(sender) = self.ends.get_mut(&from) {
                    sender.receive(now, Packet { from: to, bytes: Bytes::new() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::time::Duration;

    use crate::{Audience, Channel, Config, Counted, Down, Message, NodeId, ProcId, Transport, Up};

    fn proc(node: u32) -> ProcId {
        ProcId { node: NodeId(node.into()), incarnation: 1 }
    }

    fn three() -> Pipes<Transport> {
        let mut pipes = Pipes::default();
        for me in 1..=3 {
            let mut config = Config::new(proc(me), me.into());
            config.hall = Some(Address::EVERY_PIPE);
            let mut end = Transport::new(config);
            let others = (1..=3).filter(|other| *other != me);
            for other in others.clone() {
                let meet = Down::Meet { node: proc(other).node, address: Address::Pipe(other) };
                end.down(Instant::ZERO, meet).expect("never full");
            }
            let peers = others.map(proc).collect();
            let open = Down::Open { channel: Channel(1), peers, credit: false };
            end.down(Instant::ZERO, open).expect("never full");
            assert!(pipes.add(me, end).is_none());
        }
        pipes
    }

    /// As long as that, each turn when it is wanted.
    fn run(pipes: &mut Pipes<Transport>, now: &mut Instant, time: Duration) {
        let end = *now + time;
        while *now < end {
            while pipes.turn(*now) {}
            *now = pipes.deadline().unwrap_or(end).clamp(*now, end);
        }
    }

    fn told(pipes: &mut Pipes<Transport>, number: u32) -> Vec<Up> {
        core::iter::from_fn(|| pipes.end(number)?.up()).collect()
    }

    #[test]
    fn what_is_cast_in_one_process_is_heard_by_all_in_it() {
        let (mut pipes, mut now) = (three(), Instant::ZERO);
        run(&mut pipes, &mut now, Duration::from_millis(500));
        for _ in 0..100 {
            let message = Message::new(alloc::vec![7; 5_000]);
            let cast = Down::Cast { channel: Channel(1), to: Audience::ALL, message };
            pipes.end(1).expect("there").down(now, cast).expect("room");
            run(&mut pipes, &mut now, Duration::from_millis(1));
        }
        run(&mut pipes, &mut now, Duration::from_millis(100));
        for number in [2, 3] {
            let heard = told(&mut pipes, number);
            assert_eq!(heard.iter().filter(|up| matches!(up, Up::Cast { .. })).count(), 100);
        }
        let mut said = 0;
        pipes.end(1).expect("there").count(&mut |name, value| {
            said += if name == "muts.hall_sent" { value } else { 0 };
        });
        assert!(said >= 90, "{said} said once for both");
    }

    #[test]
    fn who_is_taken_out_is_missed_at_once() {
        let (mut pipes, mut now) = (three(), Instant::ZERO);
        run(&mut pipes, &mut now, Duration::from_millis(500));
        assert!(pipes.remove(3).is_some() && pipes.end(3).is_none());
        run(&mut pipes, &mut now, Duration::from_millis(200));
        let silent = |up: &Up| matches!(up, Up::Silent { peer, .. } if *peer == proc(3));
        for number in [1, 2] {
            assert!(told(&mut pipes, number).iter().any(silent), "before the limit of a second");
        }
    }
}
