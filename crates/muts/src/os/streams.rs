//! Streams: a local socket, and those that have come to it. Who waits for their news turns them.

use std::collections::BTreeMap;
use std::format;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener as Plain, UnixStream as PlainStream};
use std::path::{Path, PathBuf};
use std::vec::Vec;

use bytes::{Buf, Bytes};
use mio::event::{Event, Source};
use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use super::system::{Clock, uid_of};
use crate::porter::Porter;

/// Bytes taken from one stream before others have their turn: no client keeps them waiting.
const READ_BYTES: usize = 64 << 10;

/// Asked for, not demanded: what a client has under way, or is told of one turn, fits.
pub(super) const STREAM_BYTES: usize = 512 << 10;

/// Streams are told apart by tokens above this one; those below are of whoever waits.
pub(super) const LISTENER: Token = Token(16);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Streams {
    listener: UnixListener,
    path: PathBuf,
    /// Which file that is: another's is not removed at the end.
    file: (u64, u64),
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
    run.map_or_else(packaged_socket, |run| PathBuf::from(run).join("horus/horusd.sock"))
}

/// Where the daemon of the system listens, as it is packaged: for all users that it lets in.
#[must_use]
pub fn packaged_socket() -> PathBuf {
    PathBuf::from("/run/horus/horusd.sock")
}

/// Has a file belong to this group of users.
fn given_to(file: &Path, group: Option<u32>) -> io::Result<()> {
    let Some(group) = group else { return Ok(()) };
    chown(file, None, Some(group)).map_err(|error| {
        let why = format!("it cannot be of the group of users {group}: {error}");
        io::Error::new(error.kind(), why)
    })
}

impl Streams {
    /// Listens at this path, with these permissions, of this group of users if one is named, for at
    /// most so many. A socket that nobody listens at is replaced.
    ///
    /// # Errors
    /// What the system says, or what is there already.
    pub(super) fn open(
        path: &Path,
        mode: u32,
        group: Option<u32>,
        streams_max: usize,
    ) -> io::Result<Self> {
        if PlainStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
        }
        if std::fs::symlink_metadata(path).is_ok_and(|there| !there.file_type().is_socket()) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "what is there is no socket"));
        }
        // Under another name until its permissions are right: nobody gets in before.
        let mut fresh = std::ffi::OsString::from(path);
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let _ = std::fs::remove_file(&fresh);
        let plain = Plain::bind(&fresh)?;
        let permissions = std::fs::Permissions::from_mode(mode);
        let settled = given_to(&fresh, group)
            .and_then(|()| std::fs::set_permissions(&fresh, permissions))
            .and_then(|()| std::fs::rename(&fresh, path));
        if settled.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
        settled?;
        plain.set_nonblocking(true)?;
        Ok(Self {
            listener: UnixListener::from_std(plain),
            path: path.to_path_buf(),
            file: file_at(path)?,
            streams: BTreeMap::new(),
            next: 0,
            buffer: std::vec![0; READ_BYTES],
            knocked: true,
            streams_max,
            refused: 0,
        })
    }

    /// What has news when somebody comes: to be waited for as [`LISTENER`].
    pub(super) const fn listener(&mut self) -> &mut impl Source {
        &mut self.listener
    }

    /// The user at the other end, if the system says.
    pub(super) fn uid(&self, pipe: u32) -> Option<u32> {
        self.streams.get(&pipe)?.uid
    }

    /// Tells its counters.
    pub(super) fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("os.pipes", self.streams.len() as u64);
        each("os.pipes_refused", self.refused);
    }

    /// Writes what a stream takes at once, and closes it.
    pub(super) fn close(&mut self, registry: &Registry, pipe: u32, last: Bytes) {
        if let Some(mut stream) = self.streams.remove(&pipe) {
            stream.write_rest();
            if stream.rest.is_empty() {
                stream.rest = last;
                stream.write_rest();
            }
            let _ = registry.deregister(&mut stream.stream);
            // Somebody may not have been taken for want of what this one had.
            self.knocked = true;
        }
    }

    /// Whether there may be something to do although nothing is news.
    pub(super) fn has_more(&self) -> bool {
        self.knocked || self.has_readable()
    }

    /// Whether something may still be read.
    pub(super) fn has_readable(&self) -> bool {
        self.streams.values().any(|stream| stream.readable)
    }

    /// Somebody may be waiting at the door.
    pub(super) const fn knock(&mut self) {
        self.knocked = true;
    }

    /// Takes news, if it is of one of these.
    pub(super) fn note(&mut self, event: &Event) {
        if event.token() == LISTENER {
            self.knocked = true;
        } else if let Some(pipe) = event.token().0.checked_sub(LISTENER.0 + 1)
            && let Some(stream) = u32::try_from(pipe).ok().and_then(|p| self.streams.get_mut(&p))
        {
            stream.readable |= event.is_readable() || event.is_read_closed();
            stream.ends |= event.is_read_closed();
            stream.writable |= event.is_writable();
        }
    }

    /// Takes in who waits at the door.
    pub(super) fn accept<P: Porter>(&mut self, registry: &Registry, clock: Clock, porter: &mut P) {
        while self.knocked {
            match self.listener.accept() {
                Ok((stream, _)) => self.admit(registry, clock, porter, stream),
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

    pub(super) const fn set_max(&mut self, streams_max: usize) {
        self.streams_max = streams_max;
    }

    fn admit<P: Porter>(
        &mut self,
        registry: &Registry,
        clock: Clock,
        porter: &mut P,
        mut stream: UnixStream,
    ) {
        let pipe = self.next;
        self.next = self.next.wrapping_add(1);
        let registered = registry.register(&mut stream, token(pipe), interest(false));
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
        porter.opened(clock.now(), pipe, uid);
    }

    /// Reads once from each; answers how many bytes that were.
    pub(super) fn read_all<P: Porter>(&mut self, clock: Clock, porter: &mut P) -> usize {
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
                    porter.hear(clock.now(), pipe, &self.buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    stream.readable = false;
                    porter.ended(clock.now(), pipe);
                }
            }
        }
        heard
    }

    /// Writes what each takes.
    pub(super) fn write_all<P: Porter>(
        &mut self,
        registry: &Registry,
        clock: Clock,
        porter: &mut P,
    ) {
        for (pipe, stream) in self.streams.iter_mut().filter(|(_, stream)| stream.writable) {
            while stream.writable {
                if stream.rest.is_empty() {
                    let Some(next) = porter.write(clock.now(), *pipe) else { break };
                    stream.rest = next;
                }
                stream.write_rest();
            }
        }
        // What was writable before it is asked for is told too: no room is missed.
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
    Token(LISTENER.0 + 1 + pipe as usize)
}

fn interest(room: bool) -> Interest {
    if room { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let file = std::fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

impl Drop for Streams {
    fn drop(&mut self) {
        // Whoever comes now is told at once that nobody is here.
        if file_at(&self.path).is_ok_and(|file| file == self.file) {
            let _ = std::fs::remove_file(&self.path);
        }
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
