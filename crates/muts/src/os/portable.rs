//! The names of `os`, wherever mio knows the system: one datagram a system call.

use std::io;
use std::net::SocketAddr;
use std::vec::Vec;

use bytes::Bytes;
use mio::event::Source;
use mio::net::UdpSocket;

pub(super) use super::alone::Neighbours;
use super::driver::News;
use super::landing::Landing;
pub(super) use super::waiting::Clock;
pub use super::waiting::Rouser;
use super::waiting::{self, hall, udp};
use crate::layer::Transmit;

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    landing: Landing,
    unreachable: Option<SocketAddr>,
}

impl Socket {
    pub(super) fn open(listen: SocketAddr) -> io::Result<Self> {
        Ok(Self { udp: udp(listen)?, landing: Landing::new(1), unreachable: None })
    }

    /// Hears what goes to a multicast group; the socket beside this one can speak to it then.
    pub(super) fn join(beside: &Self, group: SocketAddr) -> io::Result<Self> {
        let udp = hall(&beside.udp, group)?;
        Ok(Self { udp, landing: Landing::new(1), unreachable: None })
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Takes the next datagram; there may always be one more.
    pub(super) fn receive(
        &mut self,
        mut each: impl FnMut(SocketAddr, Bytes),
    ) -> io::Result<(usize, bool)> {
        let (length, from) = self.udp.recv_from(&mut self.landing.open()[0])?;
        each(from, self.landing.datagrams(0, length));
        Ok((1, true))
    }

    /// Sends datagrams to one address. What went out is not in the batch any more; an error is
    /// about the first that still is.
    pub(super) fn send(&mut self, batch: &mut Vec<Transmit>, to: SocketAddr) -> io::Result<()> {
        while let Some(transmit) = batch.first() {
            if let Err(error) = self.udp.send_to(&transmit.gather(), to) {
                let nobody = error.kind() == io::ErrorKind::ConnectionRefused;
                self.unreachable = nobody.then_some(to);
                return Err(error);
            }
            batch.remove(0);
        }
        Ok(())
    }

    /// An address of which the system has said that nobody listens there.
    pub(super) fn unreachable(&mut self) -> Option<SocketAddr> {
        self.unreachable.take()
    }
}

/// Whether datagrams may go together: never.
pub(super) fn fits(_: &[Transmit], _: usize, _: &Transmit) -> bool {
    false
}

/// Whether the error says that a datagram is longer than its path carries: nobody tells.
pub(super) fn is_too_long(_: &io::Error) -> bool {
    false
}

/// Waits for the socket or a rouser.
#[derive(Debug)]
pub(super) struct Waiter(waiting::Waiter);

impl Waiter {
    pub(super) fn new(socket: &mut Socket) -> io::Result<Self> {
        Self::of(&mut socket.udp)
    }

    /// The same for whatever has news.
    pub(super) fn of(source: &mut impl Source) -> io::Result<Self> {
        waiting::Waiter::new(source).map(Self)
    }

    /// What can wait for streams too.
    #[cfg(unix)]
    pub(super) const fn plain(&self) -> &waiting::Waiter {
        &self.0
    }

    #[cfg(unix)]
    pub(super) const fn plain_mut(&mut self) -> &mut waiting::Waiter {
        &mut self.0
    }

    pub(super) fn hear(&mut self, socket: &mut Socket) -> io::Result<()> {
        self.0.hear(&mut socket.udp)
    }

    pub(super) fn rouser(&self) -> Rouser {
        self.0.rouser()
    }

    pub(super) fn want_room(&mut self, socket: &mut Socket, room: bool) -> io::Result<()> {
        self.0.want_room(&mut socket.udp, room)
    }

    pub(super) fn wait(&mut self, time: Option<std::time::Duration>) -> io::Result<News> {
        self.0.wait(time)
    }
}

/// The user at the other end of a local stream: not told on every system.
#[cfg(unix)]
pub(super) fn uid_of(_: &mio::net::UnixStream) -> Option<u32> {
    None
}

/// The number of a group of this system's users, if it has a file of them.
#[cfg(unix)]
#[must_use]
pub fn gid_of(name: &str) -> Option<u32> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let mut lines = groups.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}
