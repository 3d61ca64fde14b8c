//! The names of `os`, each answering "not on this system": it keeps the list honest.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use std::vec::Vec;

use bytes::Bytes;

pub(super) use super::alone::Neighbours;
use super::driver::News;
use crate::bell::Rouse;
use crate::layer::Transmit;
use crate::time::Instant;

fn not_here<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no driver for this operating system"))
}

#[derive(Debug)]
pub(super) struct Socket;

impl Socket {
    pub(super) fn open(_: SocketAddr) -> io::Result<Self> {
        not_here()
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        not_here()
    }

    pub(super) fn join(_: &Self, _: SocketAddr) -> io::Result<Self> {
        not_here()
    }

    pub(super) fn receive(
        &mut self,
        _: impl FnMut(SocketAddr, Bytes),
    ) -> io::Result<(usize, bool)> {
        not_here()
    }

    pub(super) fn send(&mut self, _: &mut Vec<Transmit>, _: SocketAddr) -> io::Result<()> {
        not_here()
    }

    pub(super) fn unreachable(&mut self) -> Option<SocketAddr> {
        None
    }
}

pub(super) fn fits(_: &[Transmit], _: usize, _: &Transmit) -> bool {
    false
}

pub(super) fn is_too_long(_: &io::Error) -> bool {
    false
}

#[derive(Debug)]
pub(super) struct Waiter;

impl Waiter {
    pub(super) fn new(_: &mut Socket) -> io::Result<Self> {
        not_here()
    }

    pub(super) fn hear(&mut self, _: &mut Socket) -> io::Result<()> {
        not_here()
    }

    pub(super) fn rouser(&self) -> Rouser {
        Rouser
    }

    pub(super) fn want_room(&mut self, _: &mut Socket, _: bool) -> io::Result<()> {
        not_here()
    }

    pub(super) fn wait(&mut self, _: Option<Duration>) -> io::Result<News> {
        not_here()
    }
}

/// Ends a wait from another thread.
#[derive(Debug, Clone)]
pub struct Rouser;

impl Rouse for Rouser {
    fn rouse(&self) {}
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock;

impl Clock {
    pub(super) fn start() -> Self {
        Self
    }

    pub(super) fn now(&self) -> Instant {
        Instant::ZERO
    }
}
