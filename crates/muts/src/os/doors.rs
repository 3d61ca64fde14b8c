//! Doors: turns a tower that has clients on this host, each at the end of a stream.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use mio::Interest;

use super::driver::{Broken, Driver};
use super::streams::{LISTENER, Streams};
use crate::porter::Porter;

/// Bytes of datagrams taken in one turn: what each client is told of them is in the cache of a core
/// until it is written.
const RECEIVE_BYTES: usize = 128 << 10;

/// Bytes read before clients are told what came of it, if there is more to be read: to tell one
/// that goes on saying something would wake it each time. What a client may have under way.
const TURN_BYTES: usize = 256 << 10;

/// Turns a tower that has clients on this host: each comes to a local socket and has a stream of
/// its own, a pipe with a number. For a daemon; its clients use [`Pipe`](super::Pipe).
#[derive(Debug)]
pub struct Doors {
    driver: Driver,
    streams: Streams,
}

impl Doors {
    /// Opens the door at this path, with these permissions, of this group of users if one is named,
    /// beside an open driver. A socket that nobody listens at is replaced.
    ///
    /// # Errors
    /// What the system says, or that somebody listens there, or that it is no socket.
    pub fn open(
        driver: Driver,
        path: &Path,
        mode: u32,
        group: Option<u32>,
        streams_max: usize,
    ) -> io::Result<Self> {
        let mut streams = Streams::open(path, mode, group, streams_max)?;
        driver.registry().register(streams.listener(), LISTENER, Interest::READABLE)?;
        Ok(Self { driver, streams })
    }

    /// The driver of its network.
    #[must_use]
    pub const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// The user at the other end of a pipe, if the system says.
    #[must_use]
    pub fn uid(&self, pipe: u32) -> Option<u32> {
        self.streams.uid(pipe)
    }

    /// From now on so many streams may be open at a time; those that are stay.
    pub const fn set_streams_max(&mut self, streams_max: usize) {
        self.streams.set_max(streams_max);
    }

    /// Tells its counters.
    pub fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.driver.count(each);
        self.streams.count(each);
    }

    /// Writes what a stream takes at once, and closes it.
    pub fn close(&mut self, pipe: u32, last: Bytes) {
        self.streams.close(self.driver.registry(), pipe, last);
    }

    /// One turn of the crank: as the driver's, and what clients write and read.
    ///
    /// # Errors
    /// [`Broken`] if waiting itself fails.
    pub fn turn<P: Porter>(
        &mut self,
        porter: &mut P,
        patience: Option<Duration>,
    ) -> Result<(), Broken> {
        self.write_all(porter);
        let patience = if self.streams.has_more() { Some(Duration::ZERO) } else { patience };
        self.driver.take_in(porter, patience, RECEIVE_BYTES)?;
        self.driver.events().for_each(|event| self.streams.note(event));
        // What came for clients is on its way before the news that it came.
        self.write_all(porter);
        self.streams.accept(self.driver.registry(), self.driver.clock(), porter);
        // What a client said is on its way before its own end of the pipe is woken.
        let mut heard = 0;
        loop {
            heard += self.streams.read_all(self.driver.clock(), porter);
            self.driver.send(porter);
            if heard >= TURN_BYTES || !self.streams.has_readable() {
                break;
            }
        }
        self.write_all(porter);
        Ok(())
    }

    fn write_all<P: Porter>(&mut self, porter: &mut P) {
        self.streams.write_all(self.driver.registry(), self.driver.clock(), porter);
    }
}
