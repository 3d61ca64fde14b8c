//! Waiting: mio sleeps until a socket has news or somebody rouses it; and the clock.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::event::{Event, Source};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use socket2::{Domain, Protocol, SockRef, Socket as Raw, Type};

use super::driver::News;
use crate::bell::Rouse;
use crate::time::Instant;

const SOCKET: Token = Token(0);
const ROUSER: Token = Token(1);
const HALL: Token = Token(3);
#[cfg(all(target_os = "linux", not(feature = "portable")))]
const OTHER: Token = Token(2);

/// Asked for, not demanded: the system gives what its limits allow. A window from several peers
/// fits.
const BUFFER_BYTES: usize = 8 << 20;

/// Told by one wait: what is beyond is told by the next.
const EVENTS: usize = 256;

/// A UDP socket with all options that every system has.
pub(super) fn udp(listen: SocketAddr) -> io::Result<UdpSocket> {
    let raw = Raw::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    raw.set_nonblocking(true)?;
    // Smaller buffers lose more under bursts, and what is lost is sent again.
    let _ = raw.set_recv_buffer_size(BUFFER_BYTES);
    let _ = raw.set_send_buffer_size(BUFFER_BYTES);
    raw.bind(&listen.into())?;
    Ok(UdpSocket::from_std(raw.into()))
}

/// A socket that hears a multicast group through the interface of the socket beside it, which can
/// speak to the group from now on: no further than the next router, and to this host too.
pub(super) fn hall(beside: &UdpSocket, group: SocketAddr) -> io::Result<UdpSocket> {
    let own = beside.local_addr()?;
    let voice = SockRef::from(beside);
    let raw = Raw::new(Domain::for_address(group), Type::DGRAM, Some(Protocol::UDP))?;
    raw.set_nonblocking(true)?;
    // All processes of this host hear it at the same port.
    raw.set_reuse_address(true)?;
    let _ = raw.set_recv_buffer_size(BUFFER_BYTES);
    // Where the system takes a group for an address, nothing else that comes to the port is heard.
    let everywhere = SocketAddr::new(unspecified(group), group.port());
    raw.bind(&if cfg!(unix) { group } else { everywhere }.into())?;
    match (group.ip(), own.ip()) {
        (IpAddr::V4(group), IpAddr::V4(own)) if group.is_multicast() => {
            raw.join_multicast_v4(&group, &own)?;
            voice.set_multicast_if_v4(&own)?;
            voice.set_multicast_ttl_v4(1)?;
            voice.set_multicast_loop_v4(true)?;
        }
        (IpAddr::V6(group), IpAddr::V6(_)) if group.is_multicast() => {
            // The system chooses the interface.
            raw.join_multicast_v6(&group, 0)?;
            voice.set_multicast_hops_v6(1)?;
            voice.set_multicast_loop_v6(true)?;
        }
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no group for this address")),
    }
    Ok(UdpSocket::from_std(raw.into()))
}

fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Waits for the socket or a rouser.
#[derive(Debug)]
pub(in crate::os) struct Waiter {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    /// Room to send is news.
    room: bool,
}

impl Waiter {
    pub(super) fn new(socket: &mut impl Source) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(socket, SOCKET, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), ROUSER)?);
        Ok(Self { poll, events: Events::with_capacity(EVENTS), waker, room: false })
    }

    /// Whether room to send is news too. Only for who was refused some: each datagram that somebody
    /// takes makes room, and would end the wait.
    pub(in crate::os) fn want_room(
        &mut self,
        socket: &mut impl Source,
        room: bool,
    ) -> io::Result<()> {
        if self.room == room {
            return Ok(());
        }
        self.room = room;
        let both = Interest::READABLE | Interest::WRITABLE;
        let interest = if room { both } else { Interest::READABLE };
        self.poll.registry().reregister(socket, SOCKET, interest)
    }

    /// Whatever this has news of ends a wait too.
    #[cfg(all(target_os = "linux", not(feature = "portable")))]
    pub(in crate::os) fn also(&self, source: &mut impl Source) -> io::Result<()> {
        self.poll.registry().register(source, OTHER, Interest::READABLE)
    }

    /// News of this socket end the wait too.
    pub(in crate::os) fn hear(&mut self, socket: &mut UdpSocket) -> io::Result<()> {
        self.poll.registry().register(socket, HALL, Interest::READABLE)
    }

    pub(in crate::os) fn rouser(&self) -> Rouser {
        Rouser(Arc::clone(&self.waker))
    }

    /// Sleeps; a signal ends it too. Answers what the sockets have of news.
    pub(in crate::os) fn wait(&mut self, time: Option<Duration>) -> io::Result<News> {
        match self.poll.poll(&mut self.events, time) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(News::default()),
            waited => waited?,
        }
        let of_them = self.events.iter().filter(|event| matches!(event.token(), SOCKET | HALL));
        Ok(of_them.fold(News::default(), |news, event| {
            let bad = event.is_error() || event.is_read_closed();
            News { readable: news.readable || event.is_readable() || bad, bad: news.bad || bad }
        }))
    }

    /// What the last wait was ended by.
    #[cfg(unix)]
    pub(in crate::os) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    /// Where more can be registered to be waited for.
    #[cfg(unix)]
    pub(in crate::os) fn registry(&self) -> &Registry {
        self.poll.registry()
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
pub(in crate::os) struct Clock(std::time::Instant);

impl Clock {
    pub(in crate::os) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(in crate::os) fn now(&self) -> Instant {
        let nanos = self.0.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
