//! The type of each tower, and the box in which the roof keeps whichever it is.

#[cfg(feature = "embedded")]
use std::net::SocketAddr;
use std::path::Path;

use lwg::{
    Adaptive, ByHand, Down, Endpoint, Groups, LwgId, OneToOne, Policy, SetId, Smallest, Up, Where,
};
#[cfg(feature = "embedded")]
use muts::keyed::Keyed;
#[cfg(feature = "embedded")]
use muts::os::Driver;
use muts::os::{Pipe, pretended};
#[cfg(feature = "embedded")]
use muts::{Address, Chaos, Transport};
use muts::{Counted, Full, Guard, Guarded, Instant, Layer, Packet, ProcId, Transmit, Trouble};
#[cfg(feature = "embedded")]
use vsync::Kernel;
use vsync::gate::{Bye, Client, State, VERSIONS};

use crate::config::{Config, Placing};
use crate::error::Error;
use crate::limits::ATTACH_PATIENCE;
use crate::motor::Motor;
use crate::sight::Sight;

/// Why a process is over whose node's name another one has.
const SUPERSEDED: &str = "a later process of this node's name has taken its place";

/// The rest of that.
#[cfg(feature = "embedded")]
const WHAT_TO_DO: &str = "who has met that one does not hear this one any more; end one of the \
                          two, or give it a name of its own";

/// Whether this is why a tower is over: another process has its node's name.
pub(crate) fn is_superseded(why: &str) -> bool {
    why.starts_with(SUPERSEDED) || why.ends_with(&Bye::Superseded.to_string())
}

/// A tower as the roof needs it: light-weight groups that can be counted.
pub(crate) trait Tower: Layer<Down = Down, Up = Up> + Send {
    /// Every counter and gauge of every floor, by name.
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64));

    /// What is counted elsewhere is to be as fresh as can be when it is counted next.
    fn look(&mut self) {}

    /// Where a group stands, and why; none if it is not here.
    fn explain(&self, lwg: LwgId) -> Option<Where>;

    /// What operators may look at.
    fn sight(&self) -> &dyn Sight;

    /// See `Groups::set_policy`.
    fn set_policy(&mut self, set: SetId, policy: Box<dyn Policy + Send>);

    /// See [`Guarded`].
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>);

    /// See [`muts::Chaos::spoil`].
    fn spoil(&mut self, trouble: Trouble) -> bool;

    /// The name of a node that was met, if the tower knows it before its user does.
    fn name(&mut self) -> Option<String> {
        None
    }

    /// Whether what it stands on is reached; none as long as nobody knows.
    fn stands(&self) -> Option<Result<(), String>> {
        Some(Ok(()))
    }
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

    /// See [`Tower::look`].
    pub(crate) fn look(&mut self) {
        self.0.look();
    }

    /// See [`Tower::name`].
    pub(crate) fn name(&mut self) -> Option<String> {
        self.0.name()
    }

    /// See [`Tower::stands`].
    pub(crate) fn stands(&self) -> Option<Result<(), String>> {
        self.0.stands()
    }

    /// Why nothing can come of it any more.
    pub(crate) fn over(&self) -> Option<String> {
        self.0.stands().and_then(Result::err)
    }

    /// See [`Tower::explain`].
    pub(crate) fn explain(&self, lwg: LwgId) -> Option<Where> {
        self.0.explain(lwg)
    }

    /// See [`Tower::sight`].
    pub(crate) fn sight(&self) -> &dyn Sight {
        self.0.sight()
    }

    /// See [`Tower::set_policy`].
    pub(crate) fn set_policy(&mut self, set: SetId, policy: Box<dyn Policy + Send>) {
        self.0.set_policy(set, policy);
    }

    /// See [`Tower::spoil`].
    pub(crate) fn spoil(&mut self, trouble: Trouble) -> bool {
        self.0.spoil(trouble)
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
#[cfg(feature = "embedded")]
pub(crate) fn listen(address: SocketAddr, hall: Option<SocketAddr>) -> Result<Motor, Error> {
    let opened = Driver::exposed(address).and_then(|mut driver| {
        hall.map_or(Ok(()), |hall| driver.join(hall))?;
        Ok(driver)
    });
    opened.map(Motor::Net).map_err(|cause| Error::Listen { address, cause: cause.to_string() })
}

/// What places light-weight groups, as the configuration chose it.
type Chosen = Box<dyn Policy + Send>;

fn policy(placing: Placing) -> Chosen {
    let smallest = |slack: Option<u32>| {
        let extras_max = slack.and_then(|slack| usize::try_from(slack).ok());
        Smallest { extras_max, grace: None }
    };
    match placing {
        Placing::Smallest { slack } => Box::new(smallest(slack)),
        Placing::Adaptive { slack } => {
            Box::new(Adaptive { base: smallest(slack), ..Adaptive::default() })
        }
        Placing::OneToOne => Box::new(OneToOne),
        Placing::ByHand => Box::new(ByHand),
    }
}

/// Light-weight groups on a kernel that is a daemon's.
type Remote = Groups<Client, Chosen>;

impl Tower for Remote {
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        Counted::count(self, tell);
    }

    fn explain(&self, lwg: LwgId) -> Option<Where> {
        Groups::explain(self, lwg)
    }

    fn sight(&self) -> &dyn Sight {
        self
    }

    fn set_policy(&mut self, set: SetId, policy: Box<dyn Policy + Send>) {
        Groups::set_policy(self, set, policy);
    }

    fn look(&mut self) {
        self.below_mut().look();
    }

    // Keys are the daemon's, and links too.
    fn change_guard(&mut self, _: Instant, _: Box<dyn Guard>) {}

    fn spoil(&mut self, _: Trouble) -> bool {
        false
    }

    fn name(&mut self) -> Option<String> {
        self.below_mut().name()
    }

    fn stands(&self) -> Option<Result<(), String>> {
        match self.below().state() {
            State::Calling => None,
            State::Attached(_) => Some(Ok(())),
            State::Over(Some(why)) => Some(Err(format!("put out by the daemon: {why}"))),
            State::Over(None) => Some(Err("the daemon is gone: attach again once it runs".into())),
        }
    }
}

/// The tower of a process that reaches a daemon, and the pipe to it, attached.
pub(crate) fn remote(config: &Config, socket: &Path, me: ProcId) -> Result<(Motor, Boxed), Error> {
    let broken = |why: String| Error::Daemon { socket: socket.to_path_buf(), why };
    let mut pipe = Pipe::open(socket).map_err(|error| broken(error.to_string()))?;
    let versions = pretended("gate").unwrap_or(VERSIONS);
    let client = Client::speaking(versions, me, config.name.clone());
    let groups = lwg::Config::new(Endpoint::of(me));
    let mut tower = Boxed::new(Groups::with_policy(client, groups, policy(config.placing)));
    let until = pipe.now() + ATTACH_PATIENCE;
    loop {
        match tower.stands() {
            Some(Ok(())) => return Ok((Motor::Pipe(pipe), tower)),
            Some(Err(why)) => return Err(broken(why)),
            None if pipe.now() > until => return Err(broken("it does not answer".into())),
            None => {
                let turned = pipe.turn(&mut tower, Some(ATTACH_PATIENCE));
                turned.map_err(|error| broken(error.to_string()))?;
            }
        }
    }
}

/// The whole tower in one process: light-weight groups on the kernel on the transport.
#[cfg(feature = "embedded")]
type Embedded = Groups<Kernel<Chaos<Transport>>, Chosen>;

#[cfg(feature = "embedded")]
impl Tower for Embedded {
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        Counted::count(self, tell);
    }

    fn explain(&self, lwg: LwgId) -> Option<Where> {
        Groups::explain(self, lwg)
    }

    fn sight(&self) -> &dyn Sight {
        self
    }

    fn set_policy(&mut self, set: SetId, policy: Box<dyn Policy + Send>) {
        Groups::set_policy(self, set, policy);
    }

    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        Guarded::change_guard(self, now, guard);
    }

    fn spoil(&mut self, trouble: Trouble) -> bool {
        self.below_mut().below_mut().spoil(trouble)
    }

    fn stands(&self) -> Option<Result<(), String>> {
        let later = self.below().below().below().superseded();
        let why = |later| format!("{SUPERSEDED}, its incarnation {later}: {WHAT_TO_DO}");
        Some(later.map_or(Ok(()), |later| Err(why(later))))
    }
}

/// The tower that a process embeds.
#[cfg(feature = "embedded")]
pub(crate) fn embedded(config: &Config, me: ProcId) -> Boxed {
    // The same process never gets the same seed twice, and no two processes get one.
    let seed = me.node.0 ^ me.incarnation.rotate_left(32);
    let mut transport = muts::Config::new(me, seed);
    transport.silence = config.timing.silence;
    transport.beat = config.timing.beat;
    transport.hall = config.hall.map(Address::Net);
    transport.versions = pretended("frames").unwrap_or(transport.versions);
    let mut kernel = vsync::Config::new(me, seed).with_suspicion(config.timing.silence);
    kernel.causality = config.causality;
    let transport = match &config.keys {
        Some(keys) => Transport::guarded(transport, Box::new(Keyed::new(keys))),
        None => Transport::new(transport),
    };
    let transport = match config.chaos {
        true => Chaos::allowed(transport, seed),
        false => Chaos::forbidden(transport),
    };
    let kernel = Kernel::new(transport, kernel);
    let groups = lwg::Config::new(Endpoint::of(me));
    Boxed::new(Groups::with_policy(kernel, groups, policy(config.placing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_says_it_a_tower_is_known_to_be_superseded() {
        let by_daemon = |why: Bye| format!("put out by the daemon: {why}");
        assert!(is_superseded(&by_daemon(Bye::Superseded)));
        assert!(is_superseded(&format!("{SUPERSEDED}, its incarnation 7")));
        assert!(!is_superseded(&by_daemon(Bye::Slow)));
    }
}
