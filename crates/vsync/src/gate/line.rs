//! Line: what the kernel of one client takes for its transport. It only queues, both ways.

use alloc::collections::VecDeque;

use muts::{Counted, Down, Full, Instant, Layer, Packet, Transmit, Up};

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// What the kernel has asked of its transport.
    pub(crate) asked: VecDeque<Down>,
    /// What it is to be told.
    pub(crate) told: VecDeque<Up>,
}

impl Line {
    /// Gives back room that is not used now.
    pub(crate) fn rest(&mut self) {
        self.asked.shrink_to_fit();
        self.told.shrink_to_fit();
    }
}

impl Layer for Line {
    type Down = Down;
    type Up = Up;

    // Never full: what a client may have under way is bounded before it gets here.
    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        self.asked.push_back(ask);
        Ok(())
    }
    fn up(&mut self) -> Option<Up> {
        self.told.pop_front()
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Counted for Line {
    fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
}
