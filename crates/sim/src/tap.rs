//! Tap: a Layer around a Layer that writes down all that crosses its face.

use std::fmt::Debug;

use muts::{Counted, Full, Instant, Layer, Packet, Transmit};

use crate::trace::Trace;

/// A floor with a tap at its upper face (and, for datagrams, its lower one). It changes nothing.
#[derive(Debug)]
pub struct Tap<L> {
    inner: L,
    trace: Trace,
    process: String,
    seam: &'static str,
    now: Instant,
}

impl<L> Tap<L> {
    /// Taps a floor; `process` and `seam` are columns of the trace.
    #[must_use]
    pub fn new(inner: L, trace: Trace, process: impl Into<String>, seam: &'static str) -> Self {
        Self { inner, trace, process: process.into(), seam, now: Instant::ZERO }
    }

    /// The floor inside.
    #[must_use]
    pub const fn inner(&self) -> &L {
        &self.inner
    }

    fn line(&self, verb: &str, what: std::fmt::Arguments) {
        self.trace.line(self.now, &self.process, self.seam, verb, what);
    }
}

impl<L: Counted> Counted for Tap<L> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.inner.count(each);
    }
}

impl<L: Layer> Layer for Tap<L>
where
    L::Down: Debug,
    L::Up: Debug,
{
    type Down = L::Down;
    type Up = L::Up;

    fn down(&mut self, now: Instant, ask: L::Down) -> Result<(), Full<L::Down>> {
        self.now = now;
        if !self.trace.is_on() {
            return self.inner.down(now, ask);
        }
        self.line("down", format_args!("{ask:?}"));
        let answer = self.inner.down(now, ask);
        if let Err(Full(ask)) = &answer {
            self.line("full", format_args!("{ask:?}"));
        }
        answer
    }

    fn up(&mut self) -> Option<L::Up> {
        if !self.trace.is_on() {
            return self.inner.up();
        }
        let told = self.inner.up()?;
        self.line("up", format_args!("{told:?}"));
        Some(told)
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.now = now;
        if self.trace.is_on() {
            self.line("receive", format_args!("{:?} {}", packet.from, packet.bytes.len()));
        }
        self.inner.receive(now, packet);
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.now = now;
        if !self.trace.is_on() {
            return self.inner.transmit(now);
        }
        let datagram = self.inner.transmit(now)?;
        self.line("transmit", format_args!("{:?} {}", datagram.to, datagram.len()));
        Some(datagram)
    }

    fn wake(&mut self, now: Instant) {
        self.now = now;
        if self.trace.is_on() {
            self.line("wake", format_args!(""));
        }
        self.inner.wake(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }
}
