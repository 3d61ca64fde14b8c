//! Hatch: serves those who come to a local socket, and no network.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::driver::Bell;
use super::streams::Streams;
use super::system::{Clock, Waiter};
use crate::porter::Porter;
use crate::time::Instant;

/// Serves those who come to a local socket, each at a stream of its own, beside a tower that has
/// another driver. Its clock starts when it is opened.
#[derive(Debug)]
pub struct Hatch {
    streams: Streams,
    waiter: Waiter,
    bell: Bell,
    clock: Clock,
}

impl Hatch {
    /// Opens it at this path, with these permissions, for so many at a time. A socket that nobody
    /// listens at is replaced.
    ///
    /// # Errors
    /// What the system says, or that somebody listens there, or that it is no socket.
    pub fn open(path: &Path, mode: u32, streams_max: usize) -> io::Result<Self> {
        let mut streams = Streams::open(path, mode, None, streams_max)?;
        let waiter = Waiter::of(streams.listener())?;
        let bell = Bell::new(waiter.rouser());
        Ok(Self { streams, waiter, bell, clock: Clock::start() })
    }

    /// The time, as the porter is given it.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What wakes it.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Writes what a stream takes at once, and closes it.
    pub fn close(&mut self, pipe: u32, last: Bytes) {
        self.streams.close(self.waiter.plain().registry(), pipe, last);
    }

    /// One turn: writes what waits, sleeps until there is news, the porter's deadline or a ring,
    /// takes in who came and what they say, does what is due, and writes again.
    ///
    /// # Errors
    /// If waiting itself fails.
    pub fn turn<P: Porter>(&mut self, porter: &mut P) -> io::Result<()> {
        self.write_all(porter);
        let now = self.now();
        let mut time = porter.deadline().map(|at| at.since(now));
        if self.streams.has_more() || !self.bell.doze() {
            time = Some(Duration::ZERO);
        }
        let waited = self.waiter.wait(time);
        self.bell.rise();
        if waited?.readable {
            self.streams.knock();
        }
        self.waiter.plain().events().for_each(|event| self.streams.note(event));
        self.streams.accept(self.waiter.plain().registry(), self.clock, porter);
        self.streams.read_all(self.clock, porter);
        let now = self.now();
        if porter.deadline().is_some_and(|at| at <= now) {
            porter.wake(now);
        }
        self.write_all(porter);
        Ok(())
    }

    fn write_all<P: Porter>(&mut self, porter: &mut P) {
        self.streams.write_all(self.waiter.plain().registry(), self.clock, porter);
    }
}
