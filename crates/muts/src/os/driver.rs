//! Driver: wait, one thing in, everything out; one turn of the crank, for any tower.

use core::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::system::{Clock, Rouser, Socket, Waiter};
use crate::address::Address;
use crate::layer::{Layer, Packet, Transmit};
use crate::pool::Pool;
use crate::time::Instant;

/// Datagrams taken in one turn: enough to share the cost of a wait, few enough that timers and
/// answers are not late.
const RECEIVE_MAX: usize = 64;

/// Longer datagrams are nobody's: transports here send at most this.
const DATAGRAM_BYTES_MAX: usize = 2048;

/// Wakes a sleeping driver from another thread.
pub type Bell = crate::bell::Bell<Rouser>;

/// Turns a tower with a real clock and a real socket.
#[derive(Debug)]
pub struct Driver {
    socket: Socket,
    waiter: Waiter,
    bell: Bell,
    clock: Clock,
    pool: Pool,
    /// What the socket had no room for.
    unsent: Option<Transmit>,
    /// The socket may hold more than one turn took.
    more: bool,
    refused: u64,
}

impl Driver {
    /// Listens at this address; port 0 asks for any free one.
    ///
    /// # Errors
    /// [`Broken`] if the address cannot be had, with what to do about it.
    pub fn open(listen: SocketAddr) -> Result<Self, Broken> {
        let broken = |cause| Broken { doing: Doing::Listen(listen), cause };
        let mut socket = Socket::open(listen).map_err(broken)?;
        let waiter = Waiter::new(&mut socket).map_err(broken)?;
        Ok(Self {
            bell: Bell::new(waiter.rouser()),
            socket,
            waiter,
            clock: Clock::start(),
            pool: Pool::new(DATAGRAM_BYTES_MAX),
            unsent: None,
            more: false,
            refused: 0,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`Broken`] if the system does not say.
    pub fn local_address(&self) -> Result<SocketAddr, Broken> {
        self.socket.local_address().map_err(|cause| Broken { doing: Doing::Wait, cause })
    }

    /// The time, as the tower is given it: nanoseconds since this driver was opened.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What wakes this driver.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Tells its counters.
    pub fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("os.refused", self.refused);
    }

    /// One turn: sends what waits, sleeps until there is news, the tower's deadline or the end of
    /// `patience`, takes what came, does what is due, and sends again. What the tower has to tell
    /// is the caller's to take afterwards.
    ///
    /// # Errors
    /// [`Broken`] if waiting itself fails. What single datagrams meet is counted, not told.
    pub fn turn<L: Layer>(
        &mut self,
        layer: &mut L,
        patience: Option<Duration>,
    ) -> Result<(), Broken> {
        self.transmit(layer);
        let now = self.now();
        let deadline = layer.deadline().map(|at| at.since(now));
        let mut time = [deadline, patience].into_iter().flatten().min();
        if self.more || !self.bell.doze() {
            time = Some(Duration::ZERO);
        }
        let waited = self.waiter.wait(time);
        self.bell.rise();
        waited.map_err(|cause| Broken { doing: Doing::Wait, cause })?;
        self.receive(layer);
        let now = self.now();
        if layer.deadline().is_some_and(|at| at <= now) {
            layer.wake(now);
        }
        self.transmit(layer);
        Ok(())
    }

    fn receive<L: Layer>(&mut self, layer: &mut L) {
        self.more = false;
        for _ in 0..RECEIVE_MAX {
            let mut buffer = self.pool.take();
            match self.socket.receive(buffer.space()) {
                Ok((length, from)) => {
                    let from = Address::Net(from);
                    let bytes = Bytes::from_owner(buffer.filled(length));
                    layer.receive(self.now(), Packet { from, bytes });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An earlier datagram met a closed port: news for nobody, there is more behind it.
                Err(_) => self.refused += 1,
            }
        }
        self.more = true;
    }

    fn transmit<L: Layer>(&mut self, layer: &mut L) {
        let now = self.now();
        while let Some(transmit) = self.unsent.take().or_else(|| layer.transmit(now)) {
            let Address::Net(to) = transmit.to else {
                self.refused += 1;
                continue;
            };
            match self.socket.send(&transmit.bytes, to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.unsent = Some(transmit);
                    return;
                }
                Err(_) => self.refused += 1,
            }
        }
    }
}

#[derive(Debug)]
enum Doing {
    Listen(SocketAddr),
    Wait,
}

/// The outside world refused something that the driver cannot do without.
#[derive(Debug)]
pub struct Broken {
    doing: Doing,
    cause: io::Error,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.doing {
            Doing::Listen(address) => {
                write!(f, "cannot listen at {address}: {}", self.cause)?;
                match self.cause.kind() {
                    io::ErrorKind::AddrInUse => {
                        write!(f, "; another process has it: choose another port, or 0 for any")
                    }
                    io::ErrorKind::AddrNotAvailable => {
                        write!(f, "; it is not an address of this host")
                    }
                    io::ErrorKind::PermissionDenied => {
                        write!(f, "; choose a port above 1023, or run with the right to it")
                    }
                    _ => Ok(()),
                }
            }
            Doing::Wait => write!(f, "cannot wait for the socket: {}", self.cause),
        }
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
