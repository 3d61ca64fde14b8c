//! Full sockets: the other end takes nothing, so the system has no room. Nothing is lost or comes
//! out of its place, nobody turns for nothing meanwhile, and it goes on once there is room.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant as Moment};
use std::vec::Vec;

use bytes::Bytes;
use mio::event::Event;
use socket2::{Domain, Socket as Raw, Type};

use super::doors::Doors;
use super::driver::{Bell, Driver};
use super::pipe::Pipe;
use super::system::Socket;
use crate::address::Address;
use crate::layer::{Full, Layer, Packet, Transmit};
use crate::porter::Porter;
use crate::time::Instant;

/// Longer than anything here takes: who sleeps so long was not woken.
const LONG: Duration = Duration::from_secs(30);

/// The least that the system gives is more: some of what is said here fills it.
const LITTLE_BYTES: usize = 4_096;

/// Turns while there is no room.
const TURNS: u32 = 50;

/// Says so many things, each known by its number and its length.
struct Source {
    said: u32,
    all: u32,
    /// It wants to be woken all the time.
    due: bool,
    woken: u32,
}

fn thing(number: u32) -> Bytes {
    // Each is longer than the one before, so that none goes out joined to others.
    let mut bytes = std::vec![number as u8; 1_000 + number as usize];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes.into()
}

impl Source {
    const fn new(all: u32) -> Self {
        Self { said: 0, all, due: false, woken: 0 }
    }

    fn next(&mut self) -> Option<Bytes> {
        (self.said < self.all).then(|| {
            self.said += 1;
            thing(self.said - 1)
        })
    }
}

impl Layer for Source {
    type Down = ();
    type Up = ();
    fn down(&mut self, _: Instant, (): ()) -> Result<(), Full<()>> {
        Ok(())
    }
    fn up(&mut self) -> Option<()> {
        None
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        let to = Address::Net("127.0.0.1:9".parse().expect("an address"));
        self.next().map(|bytes| Transmit::whole(to, bytes))
    }
    fn wake(&mut self, _: Instant) {
        self.woken += 1;
    }
    fn deadline(&self) -> Option<Instant> {
        self.due.then_some(Instant::ZERO)
    }
}

/// The same by pipes: to each who has come, in its order.
struct Sources(Vec<Source>);

impl Layer for Sources {
    type Down = ();
    type Up = ();
    fn down(&mut self, _: Instant, (): ()) -> Result<(), Full<()>> {
        Ok(())
    }
    fn up(&mut self) -> Option<()> {
        None
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Porter for Sources {
    fn opened(&mut self, _: Instant, _: u32, _: Option<u32>) {}
    fn ended(&mut self, _: Instant, _: u32) {}
    fn hear(&mut self, _: Instant, _: u32, _: &[u8]) {}
    fn write(&mut self, _: Instant, pipe: u32) -> Option<Bytes> {
        self.0.get_mut(pipe as usize)?.next()
    }
}

/// A driver whose socket has little room, and what takes what it says. Datagrams of a local socket
/// stay whole and in order, and are charged to their sender until they are taken, which those of
/// loopback are not.
fn driver() -> (Driver, Raw) {
    let (own, other) = Raw::pair(Domain::UNIX, Type::SEQPACKET, None).expect("a pair");
    own.set_nonblocking(true).expect("set");
    own.set_send_buffer_size(LITTLE_BYTES).expect("set");
    let udp = std::net::UdpSocket::from(OwnedFd::from(own));
    let socket = Socket::open("127.0.0.1:0".parse().expect("an address")).expect("open");
    let socket = socket.by(mio::net::UdpSocket::from_std(udp));
    (Driver::over(socket).expect("a driver"), other)
}

fn is_room<'a>(events: impl Iterator<Item = &'a Event>) -> bool {
    events.into_iter().any(Event::is_writable)
}

/// A thread that takes all, and rings when it is at its end. What it takes from stays open until
/// nobody turns any more: asked for what it met, a closed local socket tells of its end for ever,
/// which one of UDP never does.
struct Taker<F> {
    thread: thread::JoinHandle<F>,
    ended: Arc<AtomicBool>,
}

/// Says so, however it ends.
struct End(Arc<AtomicBool>, Bell);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        self.1.ring();
    }
}

impl<F: Read + Send + 'static> Taker<F> {
    fn new(all: u32, bell: Bell, mut from: F) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = End(Arc::clone(&ended), bell);
        let thread = thread::spawn(move || {
            let _end = end;
            for number in 0..all {
                let right = thing(number);
                let mut came = std::vec![0; right.len()];
                from.read_exact(&mut came).expect("it came");
                assert_eq!(came, right, "{number}");
            }
            from
        });
        Self { thread, ended }
    }

    /// How many turns it takes until all is here, none of them until its time was over.
    fn turned(self, mut turn: impl FnMut()) -> u32 {
        let (began, mut turns) = (Moment::now(), 0);
        while !self.ended.load(Ordering::SeqCst) {
            turn();
            turns += 1;
            assert!(began.elapsed() < LONG, "it was not woken by room");
        }
        self.thread.join().expect("all came");
        turns
    }
}

#[test]
fn what_a_full_socket_does_not_take_waits_in_its_place_and_nothing_is_turned_for_it() {
    let ((mut driver, other), mut source) = (driver(), Source::new(400));
    driver.turn(&mut source, Some(Duration::ZERO)).expect("turned");
    let said = source.said;
    assert!(said < 20, "it is full");
    for _ in 0..TURNS {
        driver.turn(&mut source, Some(Duration::ZERO)).expect("turned");
        assert!(source.said == said && !is_room(driver.events()));
    }
    let taker = Taker::new(source.all, driver.bell(), other);
    let turns = taker.turned(|| driver.turn(&mut source, Some(LONG)).expect("turned"));
    assert!(turns < 2 * source.all, "{turns} turns");
    let mut counted = 0;
    driver.count(&mut |_, value| counted += value);
    assert_eq!(counted, 0, "nothing was refused");
}

#[test]
fn what_is_due_while_the_socket_is_full_does_not_make_it_spin() {
    let ((mut driver, _other), mut source) = (driver(), Source::new(400));
    source.due = true;
    driver.turn(&mut source, Some(Duration::ZERO)).expect("turned");
    let (began, woken) = (Moment::now(), source.woken);
    for _ in 0..TURNS {
        driver.turn(&mut source, None).expect("turned");
    }
    assert_eq!(source.woken - woken, TURNS, "what is due is done all the same");
    // Each turn sleeps for a millisecond at least, but for those whose timer ran already.
    assert!(began.elapsed() >= Duration::from_millis(u64::from(TURNS / 2)));
}

/// Where a daemon of this test listens.
fn path(test: &str) -> PathBuf {
    std::env::temp_dir().join(std::format!("muts-full-{test}-{}", std::process::id()))
}

#[test]
fn a_client_that_reads_nothing_is_kept_what_it_is_told_and_holds_up_no_other() {
    let path = path("doors");
    let driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("open");
    let mut doors = Doors::open(driver, &path, 0o600, None, 8).expect("a door");
    let mut sources = Sources([(); 2].map(|()| Source::new(2_000)).into());
    let [slow, quick] = [(); 2].map(|()| {
        let client = UnixStream::connect(&path).expect("it listens");
        doors.turn(&mut sources, Some(Duration::ZERO)).expect("turned");
        client
    });
    let all = sources.0[0].all;
    let bell = doors.driver().bell();
    let taker = Taker::new(all, bell.clone(), quick);
    taker.turned(|| doors.turn(&mut sources, Some(LONG)).expect("turned"));
    let said = sources.0[0].said;
    assert!(said < all && sources.0[1].said == all, "the first one is full: {said}");
    for _ in 0..TURNS {
        doors.turn(&mut sources, Some(Duration::ZERO)).expect("turned");
        assert!(sources.0[0].said == said && !is_room(doors.driver().events()));
    }
    let taker = Taker::new(all, bell, slow);
    let turns = taker.turned(|| doors.turn(&mut sources, Some(LONG)).expect("turned"));
    assert!(turns < 2 * all, "{turns} turns");
}

#[test]
fn a_daemon_that_reads_nothing_is_kept_what_its_client_says() {
    let path = path("pipe");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("a socket");
    let mut pipe = Pipe::open(&path).expect("it listens");
    let (daemon, _) = listener.accept().expect("it came");
    std::fs::remove_file(&path).expect("removed");
    let mut source = Source::new(2_000);
    pipe.turn(&mut source, Some(Duration::ZERO)).expect("turned");
    let said = source.said;
    assert!(said < source.all, "it is full");
    for _ in 0..TURNS {
        pipe.turn(&mut source, Some(Duration::ZERO)).expect("turned");
        assert!(source.said == said && !is_room(pipe.events()));
    }
    let taker = Taker::new(source.all, pipe.bell(), daemon);
    let turns = taker.turned(|| pipe.turn(&mut source, Some(LONG)).expect("turned"));
    assert!(turns < 2 * source.all, "{turns} turns");
}
