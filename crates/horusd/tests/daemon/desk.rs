//! Desk: a client on this thread, turned by the test.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use muts::os::Pipe;
use muts::{Layer as _, Message, NodeId, ProcId};
use vsync::gate::{Bye, Client, Reader, State, Tell};
use vsync::{Down, GroupId, Order, Up};

use super::house::{Daemon, LONG};

/// A client on this thread.
pub(crate) struct Desk {
    pub(crate) pipe: Pipe,
    pub(crate) client: Client,
    pub(crate) told: Vec<Up>,
}

impl Desk {
    /// A client that has said who it is.
    pub(crate) fn call(daemon: &Daemon, name: &str) -> Self {
        let me = ProcId { node: NodeId::of_name(name), incarnation: 1 };
        let pipe = Pipe::open(daemon.socket()).expect("a daemon");
        Self { pipe, client: Client::new(me, name), told: Vec::new() }
    }

    pub(crate) fn attach(daemon: &Daemon, name: &str) -> Self {
        let mut desk = Self::call(daemon, name);
        desk.until("attached", LONG, |desk| matches!(desk.client.state(), State::Attached(_)));
        desk
    }

    pub(crate) fn turn(&mut self, patience: Duration) {
        self.pipe.turn(&mut self.client, Some(patience)).expect("a pipe");
        self.told.extend(std::iter::from_fn(|| self.client.up()));
    }

    pub(crate) fn until(
        &mut self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Duration {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
            self.turn(Duration::from_millis(10));
        }
        began.elapsed()
    }

    pub(crate) fn ask(&mut self, ask: Down) -> bool {
        let now = self.pipe.now();
        let taken = self.client.down(now, ask).is_ok();
        self.turn(Duration::ZERO);
        taken
    }

    pub(crate) fn casts(&self) -> usize {
        self.told.iter().filter(|up| matches!(up, Up::Cast { .. })).count()
    }

    /// So many round trips to itself through the daemon.
    pub(crate) fn trips(&mut self, group: GroupId, count: usize) {
        for _ in 0..count {
            let before = self.casts();
            let (order, message) = (Order::Total, Message::new(&b"ping"[..]));
            assert!(self.ask(Down::Cast { group, how: order.into(), message }));
            self.until("one's own cast", LONG, |desk| desk.casts() > before);
        }
    }
}

/// Why a stream is told to go.
pub(crate) fn bye(stream: &mut UnixStream) -> Option<Bye> {
    stream.set_read_timeout(Some(LONG)).expect("a timeout");
    let (mut reader, mut bytes) = (Reader::default(), [0; 4096]);
    loop {
        let Ok(count @ 1..) = stream.read(&mut bytes) else { return None };
        let came = &mut &bytes[..count];
        while let Ok(Some(tell)) = reader.take(came) {
            if let Tell::Bye(why) = tell {
                return Some(why);
            }
        }
    }
}

/// Founds a group and waits until it is in it.
pub(crate) fn group(desk: &mut Desk, word: &str) -> GroupId {
    let group = GroupId::of_word(word);
    assert!(desk.ask(Down::Found { group, members: Vec::new() }));
    desk.until("a view", LONG, |desk| desk.told.iter().any(|up| matches!(up, Up::View(_))));
    group
}
