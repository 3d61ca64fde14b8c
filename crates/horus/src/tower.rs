//! The type of each tower, and the box in which the roof keeps whichever it is.

use std::net::SocketAddr;

use lwg::{Down, Endpoint, Groups, LwgId, OneToOne, Policy, Smallest, Up};
use muts::keyed::Keyed;
use muts::os::Driver;
use muts::{
    Address, Counted as _, Full, Guard, Guarded, Instant, Layer, Packet, ProcId, Transmit,
    Transport,
};
use vsync::Kernel;

use crate::chaos::{Chaos, Cuts};
use crate::config::{Config, Placing};
use crate::error::Error;

/// A tower as the roof needs it: light-weight groups that can be counted.
pub(crate) trait Tower: Layer<Down = Down, Up = Up> + Send {
    /// Every counter and gauge of every floor, by name.
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64));

    /// The rule that placed a group where it stands; none if it is not here.
    fn why(&self, lwg: LwgId) -> Option<String>;

    /// See [`Guarded`].
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>);
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

impl Guarded for Boxed {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.0.change_guard(now, guard);
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
pub(crate) fn listen(address: SocketAddr, hall: Option<SocketAddr>) -> Result<Driver, Error> {
    let opened = Driver::open(address).and_then(|mut driver| {
        hall.map_or(Ok(()), |hall| driver.join(hall))?;
        Ok(driver)
    });
    opened.map_err(|cause| Error::Listen { address, cause: cause.to_string() })
}

/// The whole tower in one process: light-weight groups on the kernel on the transport.
type Embedded<P> = Groups<Kernel<Transport>, P>;

impl<P: Policy + Send> Tower for Chaos<Embedded<P>> {
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        self.tower().count(tell);
    }

    fn why(&self, lwg: LwgId) -> Option<String> {
        self.tower().explain(lwg).map(|place| place.why.to_string())
    }

    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.tower_mut().change_guard(now, guard);
    }
}

/// The tower that a process embeds.
pub(crate) fn embedded(config: &Config, me: ProcId, cuts: &Cuts) -> Boxed {
    // The same process never gets the same seed twice, and no two processes get one.
    let seed = me.node.0 ^ me.incarnation.rotate_left(32);
    let mut transport = muts::Config::new(me, seed);
    transport.silence = config.timing.silence;
    transport.beat = config.timing.beat;
    transport.hall = config.hall.map(Address::Net);
    let kernel = vsync::Config::new(me, seed).with_suspicion(config.timing.silence);
    let transport = match &config.keys {
        Some(keys) => Transport::guarded(transport, Box::new(Keyed::new(keys))),
        None => Transport::new(transport),
    };
    let kernel = Kernel::new(transport, kernel);
    let groups = lwg::Config::new(Endpoint::of(me));
    let cuts = cuts.clone();
    match config.placing {
        Placing::Smallest { slack } => {
            let extras_max = slack.and_then(|slack| usize::try_from(slack).ok());
            let policy = Smallest { extras_max, grace: None };
            Boxed::new(Chaos::new(Groups::with_policy(kernel, groups, policy), cuts))
        }
        Placing::OneToOne => {
            Boxed::new(Chaos::new(Groups::with_policy(kernel, groups, OneToOne), cuts))
        }
    }
}
