//! The names of `os`, on Linux: one system call carries many datagrams, each way.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};
use std::vec::Vec;

use bytes::Bytes;
use mio::event::Source;
use mio::net::UdpSocket;
use mio::unix::SourceFd;
use nix::sys::socket::sockopt::{PeerCredentials, UdpGsoSegment};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, getsockopt, recvmsg, sendmsg, setsockopt,
};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};

use super::driver::News;
use super::landing::Landing;
pub(super) use super::neighbours::Neighbours;
pub(super) use super::waiting::Clock;
pub use super::waiting::Rouser;
use super::waiting::{self, hall, udp};
use crate::layer::Transmit;
use crate::limits::{DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_SAFE, PARTS_MAX};

/// Buffers that one call may fill.
const BUFFERS: usize = 4;

/// Datagrams that one call may send: their places fit what a call may gather from.
pub(super) const BATCH: usize = 32;

/// Waits at least this long need not end to the microsecond.
const COARSE: Duration = Duration::from_millis(20);

/// Ends that are no further apart are one: what takes place between two waits for the same end.
const NEAR: Duration = Duration::from_micros(2);

/// What the system says of one datagram: a time, an interface, a mark and an error fit.
const NEWS_BYTES: usize = 256;

/// Places that one call gathers from.
const PLACES: usize = BATCH * PARTS_MAX;

/// The user at the other end of a local stream.
pub(super) fn uid_of(stream: &mio::net::UnixStream) -> Option<u32> {
    getsockopt(stream, PeerCredentials).ok().map(|peer| peer.uid())
}

/// The number of a group of this system's users, wherever the system knows it from.
#[must_use]
pub fn gid_of(name: &str) -> Option<u32> {
    nix::unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    state: UdpSocketState,
    landing: Landing,
    /// The system cuts a long buffer into datagrams by itself, now of this length.
    segments: bool,
    segment: u16,
}

impl Socket {
    pub(super) fn open(listen: SocketAddr) -> io::Result<Self> {
        Self::of(udp(listen)?)
    }

    fn of(udp: UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new(UdpSockRef::from(&udp))?;
        // Without it a dead process is noticed later, by its silence.
        let _ = state.enable_transport_errors(UdpSockRef::from(&udp));
        Ok(Self { udp, state, landing: Landing::new(BUFFERS), segments: true, segment: 0 })
    }

    /// Speaks and hears by that one, whatever it is.
    #[cfg(test)]
    pub(super) fn by(self, udp: UdpSocket) -> Self {
        Self { udp, ..self }
    }

    /// Hears what goes to a multicast group; the socket beside this one can speak to it then.
    pub(super) fn join(beside: &Self, group: SocketAddr) -> io::Result<Self> {
        Self::of(hall(&beside.udp, group)?)
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Takes what one call gives; answers how many datagrams that were, and whether there may be
    /// more behind them.
    pub(super) fn receive(
        &mut self,
        mut each: impl FnMut(SocketAddr, Bytes),
    ) -> io::Result<(usize, bool)> {
        let mut metas = [RecvMeta::default(); BUFFERS];
        let filled = {
            let mut open = self.landing.open().iter_mut();
            let mut buffers: [IoSliceMut<'_>; BUFFERS] = std::array::from_fn(|_| {
                IoSliceMut::new(open.next().expect("as many as there are"))
            });
            self.state.recv(UdpSockRef::from(&self.udp), &mut buffers, &mut metas)?
        };
        let mut datagrams = 0;
        for (place, meta) in metas[..filled].iter().enumerate() {
            let mut bytes = self.landing.datagrams(place, meta.len);
            loop {
                let length = meta.stride.min(bytes.len());
                each(meta.addr, bytes.split_to(length));
                datagrams += 1;
                if bytes.is_empty() || length == 0 {
                    break;
                }
            }
        }
        // Buffers stayed empty: what comes later is news of its own.
        Ok((datagrams, filled == BUFFERS))
    }

    /// Sends datagrams to one address, all of the first one's length but the last, which may be
    /// shorter; at most [`BATCH`], and what one datagram may hold together. What went out is not in
    /// the batch any more; an error is about the first that still is.
    pub(super) fn send(&mut self, batch: &mut Vec<Transmit>, to: SocketAddr) -> io::Result<()> {
        let to = SockaddrStorage::from(to);
        if batch.len() < 2 || !self.segments {
            return self.send_each(batch, &to);
        }
        match self.send_joined(batch, &to) {
            Ok(()) => {
                batch.clear();
                Ok(())
            }
            Err(error) if cannot_cut(&error) => {
                // The same is said of a length that the path does not carry: then one alone does
                // not go out either, and nothing is learnt of cutting.
                self.send_each(batch, &to)?;
                self.segments = false;
                Ok(())
            }
            other => other,
        }
    }

    fn send_each(&mut self, batch: &mut Vec<Transmit>, to: &SockaddrStorage) -> io::Result<()> {
        let mut sent = 0;
        let outcome = batch.iter().try_for_each(|transmit| {
            self.send_one(transmit, to)?;
            sent += 1;
            Ok(())
        });
        batch.drain(..sent);
        outcome
    }

    fn send_one(&mut self, transmit: &Transmit, to: &SockaddrStorage) -> io::Result<()> {
        // Older systems (Linux before 6.14) compare the length to cut to with what the path carries
        // also where there is nothing to cut: what another path carries may be too long for this.
        let segment = usize::from(self.segment);
        if transmit.len() > segment || segment > DATAGRAM_BYTES_SAFE {
            self.cut_to(0)?;
        }
        let places: heapless::Vec<_, PARTS_MAX> = places(std::slice::from_ref(transmit));
        sendmsg(self.udp.as_raw_fd(), &places, &[], MsgFlags::empty(), Some(to))?;
        Ok(())
    }

    fn send_joined(&mut self, batch: &[Transmit], to: &SockaddrStorage) -> io::Result<()> {
        self.cut_to(u16::try_from(batch[0].len()).expect("a datagram's length"))?;
        let places: heapless::Vec<_, PLACES> = places(batch);
        sendmsg(self.udp.as_raw_fd(), &places, &[], MsgFlags::empty(), Some(to))?;
        Ok(())
    }

    /// What is longer is cut into datagrams of this length by the system; 0: nothing is. Said of
    /// the socket, not with each call: lengths change seldom, and saying it with a call allocates.
    fn cut_to(&mut self, length: u16) -> io::Result<()> {
        if self.segment != length {
            setsockopt(&self.udp, UdpGsoSegment, &i32::from(length))?;
            self.segment = length;
        }
        Ok(())
    }

    /// An address of which the system has said that nobody listens there.
    pub(super) fn unreachable(&mut self) -> Option<SocketAddr> {
        // The datagram that came back is cut off: it is known by where it went.
        let (mut byte, mut news) = ([0; 1], [0; NEWS_BYTES]);
        loop {
            let mut places = [IoSliceMut::new(&mut byte)];
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            let fd = self.udp.as_raw_fd();
            let message =
                recvmsg::<SockaddrStorage>(fd, &mut places, Some(&mut news), flags).ok()?;
            let to = message.address.and_then(address);
            if to.is_some() && message.cmsgs().is_ok_and(|mut news| news.any(|one| refused(&one))) {
                return to;
            }
        }
    }
}

fn refused(news: &ControlMessageOwned) -> bool {
    use ControlMessageOwned::{Ipv4RecvErr, Ipv6RecvErr};
    let (Ipv4RecvErr(error, _) | Ipv6RecvErr(error, _)) = news else { return false };
    error.ee_errno == nix::libc::ECONNREFUSED as u32
}

fn address(storage: SockaddrStorage) -> Option<SocketAddr> {
    let four = storage.as_sockaddr_in().map(|four| SocketAddr::V4((*four).into()));
    four.or_else(|| storage.as_sockaddr_in6().map(|six| SocketAddr::V6((*six).into())))
}

fn places<const N: usize>(batch: &[Transmit]) -> heapless::Vec<io::IoSlice<'_>, N> {
    let parts = batch.iter().flat_map(|transmit| &transmit.parts);
    parts.map(|part| io::IoSlice::new(part)).collect()
}

/// Whether datagrams of this length may go together: so many bytes are in the batch already.
pub(super) fn fits(batch: &[Transmit], bytes: usize, next: &Transmit) -> bool {
    let length = batch[0].len();
    let whole = bytes == length * batch.len();
    batch.len() < BATCH && whole && next.len() <= length && bytes + next.len() <= DATAGRAM_BYTES_MAX
}

/// Whether the error says that a datagram is longer than its path carries.
pub(super) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::libc::EMSGSIZE)
}

/// Whether the error says that this path has no use for long buffers.
fn cannot_cut(error: &io::Error) -> bool {
    let codes = [nix::libc::EIO, nix::libc::EINVAL, nix::libc::EOPNOTSUPP];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Waits for the socket or a rouser.
#[derive(Debug)]
pub(super) struct Waiter {
    waiter: waiting::Waiter,
    /// Ends short waits: mio counts in milliseconds, which is long beside a round trip.
    timer: TimerFd,
    /// When it does.
    ends: Instant,
}

impl Waiter {
    pub(super) fn new(socket: &mut Socket) -> io::Result<Self> {
        Self::of(&mut socket.udp)
    }

    /// The same for whatever has news.
    pub(super) fn of(source: &mut impl Source) -> io::Result<Self> {
        let waiter = waiting::Waiter::new(source)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK)?;
        waiter.also(&mut SourceFd(&timer.as_fd().as_raw_fd()))?;
        Ok(Self { waiter, timer, ends: Instant::now() })
    }

    /// What can wait for streams too.
    #[cfg(unix)]
    pub(super) const fn plain(&self) -> &waiting::Waiter {
        &self.waiter
    }

    #[cfg(unix)]
    pub(super) const fn plain_mut(&mut self) -> &mut waiting::Waiter {
        &mut self.waiter
    }

    pub(super) fn hear(&mut self, socket: &mut Socket) -> io::Result<()> {
        self.waiter.hear(&mut socket.udp)
    }

    pub(super) fn rouser(&self) -> Rouser {
        self.waiter.rouser()
    }

    pub(super) fn want_room(&mut self, socket: &mut Socket, room: bool) -> io::Result<()> {
        self.waiter.want_room(&mut socket.udp, room)
    }

    /// Sleeps. Where news ends a short wait its timer runs on, and may end another one early: it is
    /// not set again for one that ends later.
    pub(super) fn wait(&mut self, time: Option<Duration>) -> io::Result<News> {
        if let Some(short) = time.filter(|time| !time.is_zero() && *time < COARSE) {
            let now = Instant::now();
            if self.ends <= now || self.ends > now + short + NEAR {
                self.ends = now + short;
                let end = Expiration::OneShot(TimeSpec::from_duration(short));
                self.timer.set(end, TimerSetTimeFlags::empty())?;
            }
        }
        self.waiter.wait(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    /// What of datagrams of these lengths comes, sent together or alone.
    fn sent(socket: &mut Socket, lengths: &[usize]) -> Vec<usize> {
        let to = socket.local_address().expect("bound");
        let whole =
            |length: &usize| Transmit::whole(Address::Net(to), Bytes::from(std::vec![7; *length]));
        socket.send(&mut lengths.iter().map(whole).collect(), to).expect("sent");
        let mut came = Vec::new();
        while let Ok((_, more)) = socket.receive(|_, bytes| came.push(bytes.len())) {
            if !more {
                break;
            }
        }
        came
    }

    #[test]
    fn what_goes_alone_is_not_cut_by_a_length_that_its_path_may_not_carry() {
        let mut socket = Socket::open("127.0.0.1:0".parse().expect("an address")).expect("open");
        assert_eq!(sent(&mut socket, &[9_000, 9_000, 50]), [9_000, 9_000, 50]);
        assert_eq!(socket.segment, 9_000);
        assert_eq!(sent(&mut socket, &[100]), [100]);
        assert_eq!(socket.segment, 0, "the system may compare it with another path's length");
        assert_eq!(sent(&mut socket, &[1_000, 1_000]), [1_000, 1_000]);
        assert_eq!(sent(&mut socket, &[100]), [100]);
        assert_eq!(socket.segment, 1_000, "every path carries it: it can stay");
    }
}
