//! Speaking: the socket to one neighbour, and what waits for room in it.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::libc::MSG_NOSIGNAL;
use socket2::Socket;

use crate::layer::Transmit;
use crate::limits::{FLIGHT_BYTES_MAX, PARTS_MAX};

/// Asked for, not demanded: what one link may have under way fits.
const BUFFER_BYTES: usize = FLIGHT_BYTES_MAX;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Speaking {
    socket: Socket,
    pub(super) token: usize,
    registry: Registry,
    waiting: VecDeque<Transmit>,
    bytes: usize,
}

impl Speaking {
    /// Tells the neighbour at the other end who speaks.
    pub(super) fn new(
        socket: Socket,
        own: u32,
        token: Token,
        registry: Registry,
    ) -> io::Result<Self> {
        // Less means more waits here.
        let _ = socket.set_send_buffer_size(BUFFER_BYTES);
        socket.send_with_flags(&own.to_le_bytes(), MSG_NOSIGNAL)?;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { socket, token: token.0, registry, waiting: VecDeque::new(), bytes: 0 })
    }

    /// Says these behind what waits; what finds no room waits too, as long as it is no more than a
    /// link may have under way. Answers how many were dropped.
    ///
    /// # Errors
    /// The same, if the neighbour is not there any more.
    pub(super) fn say(&mut self, batch: impl Iterator<Item = Transmit>) -> Result<u64, u64> {
        let (mut dropped, mut lost) = (0, false);
        for transmit in batch {
            if lost || self.bytes + transmit.len() > FLIGHT_BYTES_MAX {
                dropped += 1;
            } else if self.waiting.is_empty() {
                match self.put(&transmit) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.keep(transmit);
                        lost = self.want_room(true).is_err();
                    }
                    Err(_) => (dropped, lost) = (dropped + 1, true),
                }
            } else {
                self.keep(transmit);
            }
        }
        if lost { Err(dropped + self.waiting.len() as u64) } else { Ok(dropped) }
    }

    fn keep(&mut self, transmit: Transmit) {
        self.bytes += transmit.len();
        self.waiting.push_back(transmit);
    }

    fn put(&self, transmit: &Transmit) -> io::Result<()> {
        let parts = transmit.parts.iter().map(|part| IoSlice::new(part));
        let places: heapless::Vec<_, PARTS_MAX> = parts.collect();
        loop {
            match self.socket.send_vectored_with_flags(&places, MSG_NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// There may be room again.
    ///
    /// # Errors
    /// If the neighbour is not there any more.
    pub(super) fn write(&mut self) -> io::Result<()> {
        while let Some(first) = self.waiting.front() {
            match self.put(first) {
                Ok(()) => {
                    self.bytes -= first.len();
                    self.waiting.pop_front();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.want_room(false)
    }

    /// Each packet that the neighbour takes makes room: only who waits for some is told.
    fn want_room(&self, room: bool) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        let interest = if room { both } else { Interest::READABLE };
        let source = &mut SourceFd(&self.socket.as_raw_fd());
        self.registry.reregister(source, Token(self.token), interest)
    }

    /// Nothing is ever said to this end: there is something to read when the other is closed.
    ///
    /// # Errors
    /// If the neighbour is not there any more.
    pub(super) fn lives(&self) -> io::Result<()> {
        match (&self.socket).read(&mut [0]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
