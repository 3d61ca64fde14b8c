//! Doors: turns a tower that has clients on this host, each at the end of a stream.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as Plain, UnixStream as PlainStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::vec::Vec;

use bytes::{Buf, Bytes};
use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Token};
use socket2::SockRef;

use super::driver::{Broken, Driver};
use super::system::uid_of;
use crate::porter::Porter;

/// Bytes of datagrams taken in one turn: what each client is told of them is in the cache of a core
/// until it is written.
const RECEIVE_BYTES: usize = 128 << 10;

/// Bytes taken from one stream before others have their turn: no client keeps them waiting.
const READ_BYTES: usize = 64 << 10;

/// Bytes read before clients are told what came of it, if there is more to be read: to tell one that
/// goes on saying something would wake it each time. What a client may have under way.
const TURN_BYTES: usize = 256 << 10;

/// Asked for, not demanded: what a client has under way, or is told of one turn, fits.
pub(super) const STREAM_BYTES: usize = 512 << 10;

/// Streams are told apart by tokens from here on; those below are the driver's.
const FIRST: usize = 16;
const LISTENER: Token = Token(FIRST);

/// See the head of this file.
#[derive(Debug)]
pub struct Doors {
    driver: Driver,
    listener: UnixListener,
    path: PathBuf,
    streams: BTreeMap<u32, Stream>,
    next: u32,
    buffer: Vec<u8>,
    /// Somebody may be waiting at the door.
    knocked: bool,
    streams_max: usize,
    refused: u64,
}

#[derive(Debug)]
struct Stream {
    stream: UnixStream,
    uid: Option<u32>,
    readable: bool,
    writable: bool,
    /// That there is room again is news: it was refused some. Otherwise whatever a client reads
    /// would wake the daemon.
    wants_room: bool,
    /// Its end is behind what is still to be read.
    ends: bool,
    /// What it did not take yet.
    rest: Bytes,
}

/// Where a daemon's socket is if nothing else is said: the same for it and the clients of its user.
#[must_use]
pub fn default_socket() -> PathBuf {
    let run = std::env::var_os("XDG_RUNTIME_DIR").filter(|directory| !directory.is_empty());
    run.map_or_else(|| PathBuf::from("/run"), PathBuf::from).join("horus/horusd.sock")
}

impl Doors {
    /// Opens the door at this path, with these permissions, beside an open driver. A socket that
    /// nobody listens at is replaced.
    ///
    /// # Errors
    /// What the system says, or that another daemon listens there.
    pub fn open(driver: Driver, path: &Path, mode: u32, streams_max: usize) -> io::Result<Self> {
        if PlainStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another daemon listens there"));
        }
        // Under another name until its permissions are right: nobody gets in before.
        let mut fresh = std::ffi::OsString::from(path);
        fresh.push(std::format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let _ = std::fs::remove_file(&fresh);
        let plain = Plain::bind(&fresh)?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(mode))?;
        std::fs::rename(&fresh, path)?;
        plain.set_nonblocking(true)?;
        let mut listener = UnixListener::from_std(plain);
        driver.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            driver,
            listener,
            path: path.to_path_buf(),
            streams: BTreeMap::new(),
            next: 0,
            buffer: std::vec![0; READ_BYTES],
            knocked: true,
            streams_max,
            refused: 0,
        })
    }

    /// The driver of its network.
    #[must_use]
    pub const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// The user at the other end of a pipe, if the system says.
    #[must_use]
    pub fn uid(&self, pipe: u32) -> Option<u32> {
        self.streams.get(&pipe)?.uid
    }

    /// Tells its counters.
    pub fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.driver.count(each);
        each("os.pipes", self.streams.len() as u64);
        each("os.pipes_refused", self.refused);
    }

    /// Writes what a stream takes at once, and closes it.
    pub fn close(&mut self, pipe: u32, last: Bytes) {
        if let Some(mut stream) = self.streams.remove(&pipe) {
            stream.write_rest();
            if stream.rest.is_empty() {
                stream.rest = last;
                stream.write_rest();
            }
            let _ = self.driver.registry().deregister(&mut stream.stream);
            // Somebody may not have been taken for want of what this one had.
            self.knocked = true;
        }
    }

    /// One turn of the crank: as the driver's, and what clients write and read.
    ///
    /// # Errors
    /// [`Broken`] if waiting itself fails.
    pub fn turn<P: Porter>(
        &mut self,
        porter: &mut P,
        patience: Option<Duration>,
    ) -> Result<(), Broken> {
        self.write_all(porter);
        let more = self.knocked || self.streams.values().any(|stream| stream.readable);
        let patience = if more { Some(Duration::ZERO) } else { patience };
        self.driver.take_in(porter, patience, RECEIVE_BYTES)?;
        for event in self.driver.events() {
            if event.token() == LISTENER {
                self.knocked = true;
            } else if let Some(pipe) = event.token().0.checked_sub(FIRST + 1)
                && let Some(stream) =
                    u32::try_from(pipe).ok().and_then(|p| self.streams.get_mut(&p))
            {
                stream.readable |= event.is_readable() || event.is_read_closed();
                stream.ends |= event.is_read_closed();
                stream.writable |= event.is_writable();
            }
        }
        // What came for clients is on its way before the news that it came.
        self.write_all(porter);
        self.accept(porter);
        // What a client said is on its way before its own end of the pipe is woken.
        let mut heard = 0;
        loop {
            heard += self.read_all(porter);
            self.driver.send(porter);
            if heard >= TURN_BYTES || !self.streams.values().any(|stream| stream.readable) {
                break;
            }
        }
        self.write_all(porter);
        Ok(())
    }

    fn accept<P: Porter>(&mut self, porter: &mut P) {
        while self.knocked {
            match self.listener.accept() {
                Ok((stream, _)) => self.admit(porter, stream),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.knocked = false,
                // Out of descriptors: whoever waits there is taken when somebody has left, or
                // another knocks.
                Err(_) => {
                    self.refused += 1;
                    self.knocked = false;
                }
            }
        }
    }

    fn admit<P: Porter>(&mut self, porter: &mut P, mut stream: UnixStream) {
        let pipe = self.next;
        self.next = self.next.wrapping_add(1);
        let (token, interest) = (token(pipe), interest(false));
        let registered = self.driver.registry().register(&mut stream, token, interest);
        if self.streams.len() >= self.streams_max || registered.is_err() {
            self.refused += 1;
            return;
        }
        let _ = SockRef::from(&stream).set_send_buffer_size(STREAM_BYTES);
        let uid = uid_of(&stream);
        let (rest, readable, writable) = (Bytes::new(), true, true);
        let (wants_room, ends) = (false, false);
        let stream = Stream { stream, uid, readable, writable, wants_room, ends, rest };
        self.streams.insert(pipe, stream);
        porter.opened(self.driver.now(), pipe, uid);
    }

    /// Reads once from each; answers how many bytes that were.
    fn read_all<P: Porter>(&mut self, porter: &mut P) -> usize {
        let mut heard = 0;
        let readable = self.streams.iter().filter(|(_, stream)| stream.readable);
        let readable: Vec<u32> = readable.map(|(pipe, _)| *pipe).collect();
        for pipe in readable {
            let Some(stream) = self.streams.get_mut(&pipe) else { continue };
            match stream.stream.read(&mut self.buffer) {
                Ok(count @ 1..) => {
                    heard += count;
                    // Less than there is room for is all there was: more is news.
                    stream.readable = count == READ_BYTES || stream.ends;
                    porter.hear(self.driver.now(), pipe, &self.buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    stream.readable = false;
                    porter.ended(self.driver.now(), pipe);
                }
            }
        }
        heard
    }

    fn write_all<P: Porter>(&mut self, porter: &mut P) {
        for (pipe, stream) in self.streams.iter_mut().filter(|(_, stream)| stream.writable) {
            while stream.writable {
                if stream.rest.is_empty() {
                    let Some(next) = porter.write(self.driver.now(), *pipe) else { break };
                    stream.rest = next;
                }
                stream.write_rest();
            }
        }
        // What was writable before it is asked for is told too: no room is missed.
        let registry = self.driver.registry();
        for (pipe, stream) in &mut self.streams {
            if stream.wants_room == stream.writable {
                let (token, interest) = (token(*pipe), interest(!stream.writable));
                let asked = registry.reregister(&mut stream.stream, token, interest);
                stream.wants_room = !stream.writable && asked.is_ok();
            }
        }
    }
}

const fn token(pipe: u32) -> Token {
    Token(FIRST + 1 + pipe as usize)
}

fn interest(room: bool) -> Interest {
    if room { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
}

impl Drop for Doors {
    fn drop(&mut self) {
        // Whoever comes now is told at once that nobody is here.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Stream {
    fn write_rest(&mut self) {
        while !self.rest.is_empty() {
            match self.stream.write(&self.rest) {
                // Whoever made the rest may use its buffer again.
                Ok(count) if count == self.rest.len() => self.rest = Bytes::new(),
                Ok(count) => self.rest.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.writable = false;
                    return;
                }
                // Its end is told by reading.
                Err(_) => return self.rest.clear(),
            }
        }
    }
}
