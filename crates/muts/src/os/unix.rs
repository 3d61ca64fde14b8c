//! The names of `os`, on Unix: mio waits, UDP sockets carry.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket as Raw, Type};

use crate::bell::Rouse;
use crate::time::Instant;

const SOCKET: Token = Token(0);
const ROUSER: Token = Token(1);

/// Asked for, not demanded: the system gives what its limits allow. A burst of a window to several
/// peers fits.
const BUFFER_BYTES: usize = 4 << 20;

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Socket(UdpSocket);

impl Socket {
    pub(super) fn open(listen: SocketAddr) -> io::Result<Self> {
        let raw = Raw::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
        raw.set_nonblocking(true)?;
        // Smaller buffers lose more under bursts, and what is lost is sent again.
        let _ = raw.set_recv_buffer_size(BUFFER_BYTES);
        let _ = raw.set_send_buffer_size(BUFFER_BYTES);
        raw.bind(&listen.into())?;
        Ok(Self(UdpSocket::from_std(raw.into())))
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(super) fn receive(&self, into: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(into)
    }

    pub(super) fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.0.send_to(bytes, to).map(drop)
    }
}

/// Waits for the socket or a rouser.
#[derive(Debug)]
pub(super) struct Waiter {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
}

impl Waiter {
    pub(super) fn new(socket: &mut Socket) -> io::Result<Self> {
        let poll = Poll::new()?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket.0, SOCKET, interest)?;
        let waker = Arc::new(Waker::new(poll.registry(), ROUSER)?);
        Ok(Self { poll, events: Events::with_capacity(8), waker })
    }

    pub(super) fn rouser(&self) -> Rouser {
        Rouser(Arc::clone(&self.waker))
    }

    /// Sleeps; an interruption by a signal counts as news.
    pub(super) fn wait(&mut self, time: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, time) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }
}

/// Ends a wait from another thread.
#[derive(Debug, Clone)]
pub struct Rouser(Arc<Waker>);

impl Rouse for Rouser {
    fn rouse(&self) {
        // It fails only when the waiter is gone, and then nobody sleeps.
        let _ = self.0.wake();
    }
}

/// A monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(std::time::Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(super) fn now(&self) -> Instant {
        let nanos = self.0.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
