//! Lossy: a transport on a path that loses packets, because the kernel here cannot pretend one.

use muts::{Full, Instant, Layer, Packet, Random, Transmit};

/// Loses so many of a hundred packets that come.
#[derive(Debug)]
pub(crate) struct Lossy<L> {
    /// What stands on it.
    pub(crate) tower: L,
    /// In percent.
    pub(crate) loss: u64,
    /// Where chance comes from.
    pub(crate) random: Random,
}

impl<L: Layer> Layer for Lossy<L> {
    type Down = L::Down;
    type Up = L::Up;

    fn down(&mut self, now: Instant, ask: L::Down) -> Result<(), Full<L::Down>> {
        self.tower.down(now, ask)
    }
    fn up(&mut self) -> Option<L::Up> {
        self.tower.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        if self.loss == 0 || self.random.below(100) >= self.loss {
            self.tower.receive(now, packet);
        }
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.tower.transmit(now)
    }
    fn wake(&mut self, now: Instant) {
        self.tower.wake(now);
    }
    fn deadline(&self) -> Option<Instant> {
        self.tower.deadline()
    }
}
