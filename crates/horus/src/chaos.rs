//! Chaos: a floor below none, which drops packets of chosen addresses. For tests from outside.

use std::collections::BTreeSet;
use std::sync::Arc;

use muts::{Address, Full, Instant, Layer, Packet, Transmit};
use parking_lot::Mutex;

/// Whose datagrams are dropped; shared with whoever asks for trouble.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    cuts: Arc<Mutex<Cut>>,
}

#[derive(Debug, Default)]
struct Cut {
    from: BTreeSet<Address>,
    to: BTreeSet<Address>,
}

impl Cuts {
    /// From now on nothing is heard `from` these and nothing goes `to` those.
    pub fn set(&self, from: BTreeSet<Address>, to: BTreeSet<Address>) {
        *self.cuts.lock() = Cut { from, to };
    }
}

/// A tower with bad links.
pub(crate) struct Chaos<T> {
    tower: T,
    cuts: Cuts,
}

impl<T> Chaos<T> {
    /// Wraps a tower; without cuts it changes nothing.
    pub(crate) const fn new(tower: T, cuts: Cuts) -> Self {
        Self { tower, cuts }
    }

    /// The tower itself.
    pub(crate) const fn tower(&self) -> &T {
        &self.tower
    }

    /// The same, to be changed.
    pub(crate) const fn tower_mut(&mut self) -> &mut T {
        &mut self.tower
    }
}

impl<T: Layer> Layer for Chaos<T> {
    type Down = T::Down;
    type Up = T::Up;

    fn down(&mut self, now: Instant, ask: T::Down) -> Result<(), Full<T::Down>> {
        self.tower.down(now, ask)
    }
    fn up(&mut self) -> Option<T::Up> {
        self.tower.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        if !self.cuts.cuts.lock().from.contains(&packet.from) {
            self.tower.receive(now, packet);
        }
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        loop {
            let transmit = self.tower.transmit(now)?;
            if !self.cuts.cuts.lock().to.contains(&transmit.to) {
                return Some(transmit);
            }
        }
    }
    fn wake(&mut self, now: Instant) {
        self.tower.wake(now);
    }
    fn deadline(&self) -> Option<Instant> {
        self.tower.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Sends back whatever it hears.
    #[derive(Default)]
    struct Echo(VecDeque<Transmit>);

    impl Layer for Echo {
        type Down = ();
        type Up = ();
        fn down(&mut self, _: Instant, (): ()) -> Result<(), Full<()>> {
            Ok(())
        }
        fn up(&mut self) -> Option<()> {
            None
        }
        fn receive(&mut self, _: Instant, packet: Packet) {
            self.0.push_back(Transmit::whole(packet.from, packet.bytes));
        }
        fn transmit(&mut self, _: Instant) -> Option<Transmit> {
            self.0.pop_front()
        }
        fn wake(&mut self, _: Instant) {}
        fn deadline(&self) -> Option<Instant> {
            None
        }
    }

    #[test]
    fn a_cut_is_one_way_until_it_heals() {
        let cuts = Cuts::default();
        let mut tower = Chaos::new(Echo::default(), cuts.clone());
        let mut echoes = |from: u32, to: u32| {
            let set = |pipe: u32| (pipe > 0).then_some(Address::Pipe(pipe)).into_iter().collect();
            cuts.set(set(from), set(to));
            for pipe in [1, 2] {
                let packet = Packet { from: Address::Pipe(pipe), bytes: (&b"x"[..]).into() };
                tower.receive(Instant::ZERO, packet);
            }
            std::iter::from_fn(|| tower.transmit(Instant::ZERO)).count()
        };
        assert_eq!(echoes(1, 0), 1);
        assert_eq!(echoes(0, 2), 1);
        assert_eq!(echoes(1, 2), 0);
        assert_eq!(echoes(0, 0), 2);
    }
}
