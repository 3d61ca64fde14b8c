//! Gated: a daemon and its one client, with a pipe between them that takes its time. Again a Layer.

use std::collections::VecDeque;

use bytes::Bytes;
use muts::{
    Address, Counted, Duration, Full, Instant, Layer, NodeId, Packet, Porter, ProcId, Random,
    Transmit,
};
use vsync::gate::{Client, Config, Server, State, Word};
use vsync::{Down, Kernel, Up};

use crate::script::Birth;
use crate::towers::StreamTower;

/// The number of the client's pipe.
const PIPE: u32 = 1;

/// The longest that bytes take from one end of the pipe to the other, in microseconds: a wake-up
/// on a busy host.
const PIPE_DELAY_MAX_US: u64 = 400;

/// The daemon on a host, as other daemons know it.
#[must_use]
pub fn daemon_of(host: usize) -> NodeId {
    NodeId::of_name(&format!("d{host}"))
}

/// One way through the pipe.
#[derive(Debug, Default)]
struct Way(VecDeque<(Instant, Bytes)>);

impl Way {
    fn put(&mut self, now: Instant, random: &mut Random, mut bytes: Bytes) {
        while !bytes.is_empty() {
            let piece = bytes.len().min(1 + random.below(6_000) as usize);
            let last = self.0.back().map_or(now, |(due, _)| *due);
            let due = now + Duration::from_micros(random.below(PIPE_DELAY_MAX_US));
            self.0.push_back((due.max(last), bytes.split_to(piece)));
        }
    }

    fn take(&mut self, now: Instant) -> Option<Bytes> {
        self.0.pop_front_if(|(due, _)| *due <= now).map(|(_, bytes)| bytes)
    }
}

/// A daemon and its one client as one [`Layer`], with a pipe between them that takes its time.
#[derive(Debug)]
pub struct Gated {
    server: Server<StreamTower>,
    client: Client,
    random: Random,
    down: Way,
    up: Way,
}

impl Gated {
    /// A daemon that has just started, and a client that comes to its gate.
    #[must_use]
    pub fn new(
        birth: &Birth,
        kernel: vsync::Config,
        transport: impl FnOnce(ProcId) -> StreamTower,
    ) -> Self {
        let daemon = ProcId { node: daemon_of(birth.host), incarnation: birth.me.incarnation };
        let config = Config { kernel, ..Config::new(daemon, birth.seed) };
        let mut server = Server::new(transport(daemon), config);
        for host in (0..birth.roster.hosts()).filter(|host| *host != birth.host) {
            let address = Address::Pipe(u32::try_from(host).expect("hosts are few"));
            let _ = server.down(birth.now, Word::Meet { node: daemon_of(host), address });
        }
        server.opened(birth.now, PIPE, None);
        Self {
            server,
            client: Client::new(birth.me, format!("p{}", birth.host)),
            random: Random::new(birth.seed ^ 0x6761_7465),
            down: Way::default(),
            up: Way::default(),
        }
    }

    /// Where the client stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.client.state()
    }

    fn pump(&mut self, now: Instant) {
        loop {
            while let Some(bytes) = self.client.transmit(now) {
                self.down.put(now, &mut self.random, bytes.gather());
            }
            while let Some(bytes) = self.server.write(now, PIPE) {
                self.up.put(now, &mut self.random, bytes);
            }
            if let Some(bytes) = self.down.take(now) {
                self.server.hear(now, PIPE, &bytes);
            } else if let Some(bytes) = self.up.take(now) {
                self.client.receive(now, Packet { from: Address::Pipe(0), bytes });
            } else {
                return;
            }
        }
    }
}

impl Layer for Gated {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        let answer = self.client.down(now, ask);
        self.pump(now);
        answer
    }
    fn up(&mut self) -> Option<Up> {
        while let Some(news) = self.server.up() {
            assert!(
                matches!(news, vsync::gate::News::Attached { .. }),
                "a client that does no wrong was put out: {news:?}"
            );
        }
        self.client.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        self.server.receive(now, packet);
        self.pump(now);
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.server.transmit(now)
    }
    fn wake(&mut self, now: Instant) {
        // After a pause both ends have what the other wrote before, and whichever looks first at it
        // or at the time.
        if self.random.chance(500_000) {
            self.pump(now);
        }
        self.server.wake(now);
        self.pump(now);
    }
    fn deadline(&self) -> Option<Instant> {
        let ways = [&self.down, &self.up].into_iter().filter_map(|way| way.0.front());
        ways.map(|(due, _)| *due).chain(self.server.deadline()).min()
    }
}

impl Counted for Gated {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.client.count(each);
        self.server.count(each);
    }
}

/// What light-weight groups stand on: a kernel here, or one behind the gate.
#[derive(Debug)]
pub enum Core {
    /// The kernel itself.
    Here(Kernel<StreamTower>),
    /// A door to one.
    Gated(Gated),
}

/// Passes a call on to whichever it is.
macro_rules! either {
    ($core:expr, $inner:ident => $call:expr) => {
        match $core {
            Core::Here($inner) => $call,
            Core::Gated($inner) => $call,
        }
    };
}

impl Layer for Core {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        either!(self, inner => inner.down(now, ask))
    }
    fn up(&mut self) -> Option<Up> {
        either!(self, inner => inner.up())
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        either!(self, inner => inner.receive(now, packet));
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        either!(self, inner => inner.transmit(now))
    }
    fn wake(&mut self, now: Instant) {
        either!(self, inner => inner.wake(now));
    }
    fn deadline(&self) -> Option<Instant> {
        either!(self, inner => inner.deadline())
    }
}

impl Counted for Core {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        either!(self, inner => inner.count(each));
    }
}
