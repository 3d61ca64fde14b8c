//! Pipe: turns a tower whose network is one stream to a daemon on this host.

use core::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream as Plain;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf, Bytes};
use mio::net::UnixStream;
use socket2::SockRef;

use super::driver::Bell;
use super::landing::{LANDING_BYTES, Landing};
use super::streams::STREAM_BYTES;
use super::system::{Clock, Waiter};
use crate::address::Address;
use crate::layer::{Layer, Packet};

/// Turns a tower whose whole network is one stream to a daemon on this host, the other end of which
/// is the daemon's [`Doors`](super::Doors). Its clock starts when it is opened.
#[derive(Debug)]
pub struct Pipe {
    stream: UnixStream,
    path: PathBuf,
    waiter: Waiter,
    bell: Bell,
    clock: Clock,
    /// What the stream did not take yet.
    rest: Bytes,
    landing: Landing,
    /// The stream may hold more than one read took.
    more: bool,
    /// Its end is behind what is still to be read.
    ends: bool,
    ended: bool,
}

impl Pipe {
    /// Opens the stream at which a daemon listens.
    ///
    /// # Errors
    /// [`Unreachable`] if there is none, with what to do about it.
    pub fn open(path: &Path) -> Result<Self, Unreachable> {
        let unreachable = |cause| Unreachable { path: path.to_path_buf(), cause };
        let plain = Plain::connect(path).map_err(unreachable)?;
        plain.set_nonblocking(true).map_err(unreachable)?;
        let _ = SockRef::from(&plain).set_send_buffer_size(STREAM_BYTES);
        let mut stream = UnixStream::from_std(plain);
        let waiter = Waiter::of(&mut stream).map_err(unreachable)?;
        Ok(Self {
            stream,
            path: path.to_path_buf(),
            bell: Bell::new(waiter.rouser()),
            waiter,
            clock: Clock::start(),
            rest: Bytes::new(),
            landing: Landing::new(1),
            more: true,
            ends: false,
            ended: false,
        })
    }

    /// The time, as the tower is given it.
    #[must_use]
    pub fn now(&self) -> crate::time::Instant {
        self.clock.now()
    }

    /// What wakes it.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// What the last turn was woken by.
    #[cfg(test)]
    pub(super) fn events(&self) -> impl Iterator<Item = &mio::event::Event> {
        self.waiter.plain().events()
    }

    /// Where the daemon listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One turn, as a driver's: writes what waits, sleeps until there is news, the tower's deadline
    /// or the end of `patience`, takes what came, does what is due, and writes again. A packet
    /// without bytes tells the tower that the stream has ended.
    ///
    /// # Errors
    /// If waiting itself fails.
    pub fn turn<L: Layer>(
        &mut self,
        layer: &mut L,
        patience: Option<Duration>,
    ) -> Result<(), Unreachable> {
        self.write(layer);
        let now = self.now();
        let deadline = layer.deadline().map(|at| at.since(now));
        let mut time = [deadline, patience].into_iter().flatten().min();
        if self.more || !self.bell.doze() {
            time = Some(Duration::ZERO);
        }
        let waits = !self.rest.is_empty();
        let room = self.waiter.plain_mut().want_room(&mut self.stream, waits);
        let waited = room.and_then(|()| self.waiter.wait(time));
        self.bell.rise();
        let news = waited.map_err(|cause| Unreachable { path: self.path.clone(), cause })?;
        self.ends |= news.bad;
        if news.readable || self.more {
            self.read(layer);
        }
        let now = self.now();
        if layer.deadline().is_some_and(|at| at <= now) {
            layer.wake(now);
        }
        self.write(layer);
        Ok(())
    }

    /// Reads once: what lies in one buffer is used while it is in the cache of a core.
    fn read<L: Layer>(&mut self, layer: &mut L) {
        self.more = false;
        if self.ended {
            return;
        }
        let now = self.clock.now();
        let from = Address::Pipe(0);
        match self.stream.read(&mut self.landing.open()[0]) {
            Ok(count @ 1..) => {
                let bytes = self.landing.filled(0, count);
                layer.receive(now, Packet { from, bytes });
                // Less than there is room for is all there was: more is news.
                self.more = count == LANDING_BYTES || self.ends;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.more = true,
            Ok(0) | Err(_) => {
                self.ended = true;
                layer.receive(now, Packet { from, bytes: Bytes::new() });
            }
        }
    }

    fn write<L: Layer>(&mut self, layer: &mut L) {
        while !self.ended {
            if self.rest.is_empty() {
                let now = self.clock.now();
                let Some(next) = layer.transmit(now) else { return };
                self.rest = next.gather();
            }
            match self.stream.write(&self.rest) {
                // The layer may use its buffer again.
                Ok(count) if count == self.rest.len() => self.rest = Bytes::new(),
                Ok(count) => self.rest.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What the daemon said last is still to be read.
                Err(_) => return self.rest.clear(),
            }
        }
    }
}

/// No daemon could be reached there.
#[derive(Debug)]
pub struct Unreachable {
    path: PathBuf,
    cause: io::Error,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no daemon can be reached at {}: {}", self.path.display(), self.cause)?;
        match self.cause.kind() {
            io::ErrorKind::NotFound => write!(f, "; start horusd, or name its socket"),
            io::ErrorKind::ConnectionRefused => write!(f, "; horusd is not running: start it"),
            io::ErrorKind::PermissionDenied => {
                write!(f, "; this user may not: see `socket_group` of horusd")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
