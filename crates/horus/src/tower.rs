//! The type of each tower, and the box in which the roof keeps whichever it is.

use std::net::SocketAddr;

use lwg::{Down, LwgId, Up};
use muts::{Full, Instant, Layer, Packet, ProcId, Transmit};

use crate::chaos::Cuts;
use crate::config::Config;
use crate::error::Error;
use crate::standin::Driver;

/// A tower as the roof needs it: light-weight groups that can be counted.
pub(crate) trait Tower: Layer<Down = Down, Up = Up> + Send {
    /// Every counter and gauge of every floor, by name.
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64));

    /// The rule that placed a group where it stands; none if it is not here.
    fn why(&self, lwg: LwgId) -> Option<String>;
}

/// Any tower: one indirect call a verb, and no handle needs to know its type.
pub(crate) struct Boxed(Box<dyn Tower>);

impl Boxed {
    /// Puts a tower into the box.
    pub(crate) fn new(tower: impl Tower + 'static) -> Self {
        Self(Box::new(tower))
    }

    /// See [`Tower::count`].
    pub(crate) fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        self.0.count(tell);
    }

    /// See [`Tower::why`].
    pub(crate) fn why(&self, lwg: LwgId) -> Option<String> {
        self.0.why(lwg)
    }
}

impl Layer for Boxed {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        self.0.down(now, ask)
    }
    fn up(&mut self) -> Option<Up> {
        self.0.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        self.0.receive(now, packet);
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.0.transmit(now)
    }
    fn wake(&mut self, now: Instant) {
        self.0.wake(now);
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }
}

/// The socket and its clock.
pub(crate) fn listen(address: SocketAddr) -> Result<Driver, Error> {
    Driver::open(address).map_err(|cause| Error::Listen { address, cause: cause.to_string() })
}

/// The tower that a process embeds.
pub(crate) fn embedded(_config: &Config, me: ProcId, _cuts: &Cuts) -> Boxed {
    Boxed::new(crate::toy::Toy::new(me))
}
