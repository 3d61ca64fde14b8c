//! Neighbours: processes of one host that have a directory in common, each with a connected local
//! socket to each other one.
//!
//! Takes: datagrams for a number. Promises: what such a socket took comes, in order and whole, as
//! long as both processes live; what it has no room for waits, within bounds, and holds up nobody
//! else; the end of a process is noticed at once. Keeps: a socket to speak to each neighbour that
//! was spoken to, and one to hear each that speaks.
//!
//! A process has a number by chance and listens at a socket of that name. Whoever speaks to it
//! connects, says its own number, four bytes, little-endian, and then a datagram a packet.

mod speaking;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::format;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::vec::Vec;

use bytes::Bytes;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockAddr, Socket, Type};

use self::speaking::Speaking;
use super::landing::Landing;
use super::system::Waiter;
use crate::layer::Transmit;
use crate::limits::NEIGHBOURS_MAX;

/// Sockets of neighbours are told apart by tokens from here on, far above all others.
const FIRST: usize = usize::MAX / 2;

/// Numbers tried before it is given up: each is of chance.
const TRIES: usize = 16;

/// Connections that may wait to be accepted.
const WAITING: i32 = 128;

/// The socket of one that speaks to us, and its number once it has said that.
#[derive(Debug)]
struct Hearing {
    socket: Socket,
    from: Option<u32>,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Neighbours {
    directory: PathBuf,
    number: u32,
    listener: Socket,
    registry: Registry,
    hearing: BTreeMap<usize, Hearing>,
    /// Those of which there may be something to read.
    readable: BTreeSet<usize>,
    speaking: BTreeMap<u32, Speaking>,
    /// The next token.
    next: usize,
    gone: VecDeque<u32>,
    landing: Landing,
    /// Connections of who does not speak as neighbours do, or would be one too many.
    dismissed: u64,
    /// Datagrams that there was no room for.
    dropped: u64,
}

impl Neighbours {
    /// Listens in this directory, which is made if it is not there.
    pub(super) fn open(directory: &Path, waiter: &Waiter) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let (number, listener) = settle(directory)?;
        let registry = waiter.plain().registry().try_clone()?;
        let token = Token(FIRST);
        registry.register(&mut SourceFd(&listener.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self {
            directory: directory.to_path_buf(),
            number,
            listener,
            registry,
            hearing: BTreeMap::new(),
            readable: BTreeSet::new(),
            speaking: BTreeMap::new(),
            next: FIRST,
            gone: VecDeque::new(),
            landing: Landing::new(1),
            dismissed: 0,
            dropped: 0,
        })
    }

    /// What the others call this process.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Tells its counters.
    pub(super) fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("os.neighbours", self.hearing.len().max(self.speaking.len()) as u64);
        each("os.neighbours_dismissed", self.dismissed);
        each("os.dropped_full", self.dropped);
    }

    /// Takes note of what ended the last wait.
    pub(super) fn note_news(&mut self, waiter: &Waiter) {
        waiter.plain().events().for_each(|event| self.note(event));
    }

    fn note(&mut self, event: &Event) {
        let token = event.token().0;
        if token == FIRST {
            self.accept();
        } else if self.hearing.contains_key(&token) {
            self.readable.insert(token);
        } else if let Some((number, speaking)) =
            self.speaking.iter_mut().find(|(_, speaking)| speaking.token == token)
        {
            let number = *number;
            let written = if event.is_writable() { speaking.write() } else { Ok(()) };
            if written.and_then(|()| speaking.lives()).is_err() {
                self.lose(number);
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((socket, _)) = self.listener.accept() {
            if self.hearing.len() >= NEIGHBOURS_MAX || socket.set_nonblocking(true).is_err() {
                self.dismissed += 1;
                continue;
            }
            self.next += 1;
            let source = &mut SourceFd(&socket.as_raw_fd());
            if self.registry.register(source, Token(self.next), Interest::READABLE).is_ok() {
                self.hearing.insert(self.next, Hearing { socket, from: None });
                self.readable.insert(self.next);
            }
        }
    }

    /// Takes what has come, about so many bytes at most; answers whether there may be more.
    pub(super) fn receive(&mut self, most: usize, mut each: impl FnMut(u32, Bytes)) -> bool {
        let (mut taken, tokens) = (0, self.readable.iter().copied().collect::<Vec<_>>());
        // Each has its share of a turn.
        let share = most / tokens.len().max(1);
        for token in tokens {
            let Some(hearing) = self.hearing.get_mut(&token) else { continue };
            let end = taken + share;
            while taken < end {
                let into = &mut self.landing.open()[0];
                match (&hearing.socket).read(into) {
                    Ok(length @ 1..) => {
                        let bytes = self.landing.datagrams(0, length);
                        taken += length;
                        match (hearing.from, <[u8; 4]>::try_from(&bytes[..])) {
                            (Some(from), _) => each(from, bytes),
                            (None, Ok(number)) => {
                                hearing.from = Some(u32::from_le_bytes(number));
                            }
                            (None, Err(_)) => {
                                self.dismissed += 1;
                                return self.dismiss(token);
                            }
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.readable.remove(&token);
                        break;
                    }
                    Ok(0) | Err(_) => return self.dismiss(token),
                }
            }
        }
        !self.readable.is_empty()
    }

    /// It has ended, or does not speak as neighbours do.
    fn dismiss(&mut self, token: usize) -> bool {
        self.readable.remove(&token);
        self.hearing.remove(&token);
        !self.readable.is_empty()
    }

    /// Sends datagrams to one neighbour; what finds no room waits.
    pub(super) fn send(&mut self, to: u32, batch: impl Iterator<Item = Transmit>) {
        if !self.speaking.contains_key(&to) {
            match self.connect(to) {
                Ok(speaking) => {
                    self.speaking.insert(to, speaking);
                }
                Err(_) => {
                    self.gone.push_back(to);
                    self.dropped += batch.count() as u64;
                    return;
                }
            }
        }
        let Some(speaking) = self.speaking.get_mut(&to) else { return };
        let said = speaking.say(batch);
        if said.is_err() {
            self.lose(to);
        }
        self.dropped += said.unwrap_or_else(|dropped| dropped);
    }

    fn connect(&mut self, to: u32) -> io::Result<Speaking> {
        if self.speaking.len() >= NEIGHBOURS_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let path = self.directory.join(name(to));
        let socket = seqpacket()?;
        if let Err(error) = socket.connect(&SockAddr::unix(&path)?) {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                // A name is used once: nobody will ever listen there again.
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        self.next += 1;
        let registry = self.registry.try_clone()?;
        Speaking::new(socket, self.number, Token(self.next), registry)
    }

    fn lose(&mut self, number: u32) {
        self.speaking.remove(&number);
        self.gone.push_back(number);
    }

    /// A neighbour that is not there any more.
    pub(super) fn unreachable(&mut self) -> Option<u32> {
        self.gone.pop_front()
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.directory.join(name(self.number)));
    }
}

fn name(number: u32) -> std::string::String {
    format!("{number:08x}.muts")
}

fn seqpacket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Listens under a number that nobody has. Nobody finds the name before somebody listens there.
fn settle(directory: &Path) -> io::Result<(u32, Socket)> {
    for _ in 0..TRIES {
        let number = RandomState::new().build_hasher().finish() as u32;
        let (path, fresh) =
            (directory.join(name(number)), directory.join(format!("{number:08x}.new")));
        // The highest stands for all pipes at once.
        if number == u32::MAX || path.exists() || fresh.exists() {
            continue;
        }
        let listener = seqpacket()?;
        listener.bind(&SockAddr::unix(&fresh)?)?;
        listener.listen(WAITING)?;
        std::fs::rename(&fresh, &path)?;
        return Ok((number, listener));
    }
    Err(io::ErrorKind::AddrInUse.into())
}
