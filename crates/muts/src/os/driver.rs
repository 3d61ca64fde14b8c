//! Driver: wait, one thing in, everything out; one turn of the crank, for any tower.

mod joining;

use core::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::vec::Vec;

use super::system::{Clock, Neighbours, Rouser, Socket, Waiter, fits, is_too_long};
use crate::address::Address;
use crate::layer::{Layer, Packet, Transmit};
use crate::time::Instant;

/// How long what is due waits at least while the socket has no room: it may only be to be sent, and
/// the system says when there is room.
const ROOM_PATIENCE: Duration = Duration::from_millis(1);

/// Datagrams taken in one turn: enough to share the cost of a wait, few enough that timers and
/// answers are not late.
const RECEIVE_MAX: usize = 256;

/// And bytes: buffers that are used again at once stay in the cache of a core.
const RECEIVE_BYTES: usize = 512 << 10;

/// What sockets had to say when a wait ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    /// There is something to be read.
    pub(super) readable: bool,
    /// It is an error, or the end of a stream.
    pub(super) bad: bool,
}

/// Wakes a sleeping driver from another thread.
pub type Bell = crate::bell::Bell<Rouser>;

/// Turns a tower with a real clock and a real socket.
#[derive(Debug)]
pub struct Driver {
    socket: Socket,
    /// Hears the hall, if there is one.
    hall: Option<Socket>,
    neighbours: Option<Neighbours>,
    waiter: Waiter,
    bell: Bell,
    clock: Clock,
    /// What goes out together, and what comes behind it.
    batch: Vec<Transmit>,
    behind: Option<Transmit>,
    /// The socket may hold more than one turn took.
    more: bool,
    /// The socket had no room for what still waits in the batch.
    wants_room: bool,
    /// The system has something to say of datagrams that went out.
    troubled: bool,
    /// Datagrams that the system did not take, and how many of them because of their length.
    refused: u64,
    too_long: u64,
    /// Datagrams that came empty.
    empty: u64,
}

impl Driver {
    /// Listens at this address of loopback, where no other host can speak; port 0 asks for any free
    /// one.
    ///
    /// # Errors
    /// [`Broken`] if the address cannot be had, or is another, with what to do about it.
    pub fn open(listen: SocketAddr) -> Result<Self, Broken> {
        if listen.ip().to_canonical().is_loopback() {
            return Self::exposed(listen);
        }
        let cause = io::Error::other("other hosts can reach it");
        Err(Broken { doing: Doing::Expose(listen), cause })
    }

    /// Listens at any address, where other hosts may speak: for towers with keys
    /// ([`Transport::guarded`](crate::Transport::guarded)), or where every host that can reach it
    /// is trusted.
    ///
    /// # Errors
    /// [`Broken`] if the address cannot be had, with what to do about it.
    pub fn exposed(listen: SocketAddr) -> Result<Self, Broken> {
        let driver = Socket::open(listen).and_then(Self::over);
        driver.map_err(|cause| Broken { doing: Doing::Listen(listen), cause })
    }

    /// Turns a tower with this socket.
    pub(super) fn over(mut socket: Socket) -> io::Result<Self> {
        let waiter = Waiter::new(&mut socket)?;
        Ok(Self {
            bell: Bell::new(waiter.rouser()),
            socket,
            hall: None,
            neighbours: None,
            waiter,
            clock: Clock::start(),
            batch: Vec::new(),
            behind: None,
            more: false,
            wants_room: false,
            troubled: false,
            refused: 0,
            too_long: 0,
            empty: 0,
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

    /// What tells it.
    #[cfg(all(unix, not(horus_none)))]
    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// What wakes this driver.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Tells its counters.
    pub fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("os.refused", self.refused);
        each("os.refused_too_long", self.too_long);
        each("os.dropped_empty", self.empty);
        if let Some(neighbours) = &self.neighbours {
            neighbours.count(each);
        }
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
        self.take_in(layer, patience, RECEIVE_BYTES)?;
        self.transmit(layer);
        Ok(())
    }

    /// A turn up to where it sends what came of it; takes about so many bytes of datagrams.
    pub(super) fn take_in<L: Layer>(
        &mut self,
        layer: &mut L,
        patience: Option<Duration>,
        bytes: usize,
    ) -> Result<(), Broken> {
        self.transmit(layer);
        let now = self.now();
        // What is due and waits for room in the socket stays due.
        let soonest = if self.wants_room { ROOM_PATIENCE } else { Duration::ZERO };
        let deadline = layer.deadline().map(|at| at.since(now).max(soonest));
        let mut time = [deadline, patience].into_iter().flatten().min();
        if self.more || self.troubled || !self.bell.doze() {
            time = Some(Duration::ZERO);
        }
        let room = self.waiter.want_room(&mut self.socket, self.wants_room);
        let waited = room.and_then(|()| self.waiter.wait(time));
        self.bell.rise();
        let news = waited.map_err(|cause| Broken { doing: Doing::Wait, cause })?;
        self.troubled |= news.bad;
        let more = std::mem::take(&mut self.more);
        self.hear_neighbours(layer);
        self.hear_trouble(layer);
        // What comes later is news of its own.
        if news.readable || more {
            self.receive(layer, bytes);
        }
        let now = self.now();
        if layer.deadline().is_some_and(|at| at <= now) {
            layer.wake(now);
        }
        Ok(())
    }

    /// What the last turn was woken by.
    #[cfg(all(unix, not(horus_none)))]
    pub(super) fn events(&self) -> impl Iterator<Item = &mio::event::Event> {
        self.waiter.plain().events()
    }

    /// Where more can be registered to be waited for.
    #[cfg(all(unix, not(horus_none)))]
    pub(super) fn registry(&self) -> &mio::Registry {
        self.waiter.plain().registry()
    }

    /// Sends what waits, as far as the socket takes it.
    #[cfg(all(unix, not(horus_none)))]
    pub(super) fn send<L: Layer>(&mut self, layer: &mut L) {
        self.transmit(layer);
    }

    fn receive<L: Layer>(&mut self, layer: &mut L, bytes_max: usize) {
        for socket in self.hall.iter_mut().chain([&mut self.socket]) {
            let (mut taken, mut length) = (0, 0);
            while taken < RECEIVE_MAX && length < bytes_max {
                let now = self.clock.now();
                let received = socket.receive(|from, bytes| {
                    length += bytes.len();
                    // An empty one says nothing, and must not be taken for the system's word.
                    if bytes.is_empty() {
                        self.empty += 1;
                    } else {
                        layer.receive(now, Packet { from: Address::Net(from), bytes });
                    }
                });
                match received {
                    Ok((_, false)) => break,
                    Ok((datagrams, true)) => taken += datagrams,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An earlier datagram met a closed port: there is more behind the news of it.
                    Err(_) => {
                        self.refused += 1;
                        self.troubled = true;
                        taken += 1;
                    }
                }
            }
            self.more |= taken >= RECEIVE_MAX || length >= bytes_max;
        }
    }

    fn hear_neighbours<L: Layer>(&mut self, layer: &mut L) {
        let Some(neighbours) = &mut self.neighbours else { return };
        neighbours.note_news(&self.waiter);
        let now = self.clock.now();
        self.more |= neighbours.receive(RECEIVE_BYTES, |from, bytes| {
            layer.receive(now, Packet { from: Address::Pipe(from), bytes });
        });
        while let Some(gone) = neighbours.unreachable() {
            let bytes = bytes::Bytes::new();
            layer.receive(now, Packet { from: Address::Pipe(gone), bytes });
        }
    }

    /// Tells the tower where the system found nobody listening.
    fn hear_trouble<L: Layer>(&mut self, layer: &mut L) {
        if std::mem::take(&mut self.troubled) {
            let now = self.clock.now();
            while let Some(address) = self.socket.unreachable() {
                let bytes = bytes::Bytes::new();
                layer.receive(now, Packet { from: Address::Net(address), bytes });
            }
        }
    }

    fn transmit<L: Layer>(&mut self, layer: &mut L) {
        let now = self.now();
        self.wants_room = false;
        let mut blamed = false;
        loop {
            if self.batch.is_empty() && !self.gather(layer, now) {
                return;
            }
            let to = match (self.batch[0].to, &mut self.neighbours) {
                (Address::Net(to), _) => to,
                (Address::Pipe(to), Some(neighbours)) => {
                    neighbours.send(to, self.batch.drain(..));
                    continue;
                }
                (Address::Pipe(_), None) => {
                    self.refused += self.batch.len() as u64;
                    self.batch.clear();
                    continue;
                }
            };
            match self.socket.send(&mut self.batch, to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wants_room = true;
                    return;
                }
                // That an earlier datagram met nobody is said once, to whichever goes out next.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && !blamed => {
                    (blamed, self.troubled) = (true, true);
                    continue;
                }
                // Its length, perhaps, which is tried now and then: the next is another matter.
                Err(error) => {
                    self.refused += 1;
                    self.too_long += u64::from(is_too_long(&error));
                    self.troubled = true;
                    self.batch.remove(0);
                }
            }
            blamed = false;
        }
    }

    /// The next datagrams that can go out together; false if there are none.
    fn gather<L: Layer>(&mut self, layer: &mut L, now: Instant) -> bool {
        let Some(first) = self.behind.take().or_else(|| layer.transmit(now)) else { return false };
        let mut bytes = first.len();
        self.batch.push(first);
        while let Some(next) = layer.transmit(now) {
            if next.to != self.batch[0].to || !fits(&self.batch, bytes, &next) {
                self.behind = Some(next);
                break;
            }
            bytes += next.len();
            self.batch.push(next);
        }
        true
    }
}

#[derive(Debug)]
enum Doing {
    Expose(SocketAddr),
    Listen(SocketAddr),
    Join(SocketAddr),
    Settle(PathBuf),
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
        match &self.doing {
            Doing::Expose(address) => write!(
                f,
                "does not listen at {address}: {}; choose one of loopback, or give the tower keys, \
                 or trust every host there, and open it with Driver::exposed",
                self.cause
            ),
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
            Doing::Join(hall) => {
                write!(f, "cannot join the hall at {hall}: {}", self.cause)?;
                match self.cause.kind() {
                    io::ErrorKind::InvalidInput => write!(
                        f,
                        "; it is an IP multicast group of the same kind as the address listened \
                         at: 239.255.0.1 to 239.255.255.254, or ff12::1 and the like"
                    ),
                    _ => write!(f, "; without a hall everything goes to each peer alone"),
                }
            }
            Doing::Settle(directory) => {
                let directory = directory.display();
                write!(f, "cannot listen for neighbours in {directory}: {}", self.cause)?;
                match self.cause.kind() {
                    io::ErrorKind::PermissionDenied => {
                        write!(f, "; name a directory that this user may write to")
                    }
                    io::ErrorKind::InvalidInput => {
                        write!(f, "; its path has to be shorter than 90 bytes")
                    }
                    _ => write!(f, "; without it neighbours are met at their addresses"),
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
