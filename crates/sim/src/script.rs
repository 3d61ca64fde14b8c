//! Script: what applications do, when. An application is driven by the world as a floor is.

use muts::{Duration, Instant, NodeId, ProcId};

use crate::choice::Choice;
use crate::spelling::Spelling;

mod choking;
mod client;
mod load;
mod member;
mod payload;
mod plan;
mod record;
mod stream;
mod wishes;

pub use client::Client;
pub use load::Load;
pub use member::{Keepers, Member};
pub use plan::Plan;
pub use stream::{Seen, Stream, channel_of};
pub use wishes::{Carried, Wishes};

/// What the world is at, told to every application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Faults and load.
    Storm,
    /// Faults are over; an application stops what it did and waits until all has settled.
    Quiet,
    /// The promised time to settle has passed.
    Settled,
    /// The run is over.
    End,
}

/// An application on one tower: what it is told, what it asks, when it wants to be woken.
///
/// The world drains the tower, then asks for one thing to ask; and again until there is nothing.
pub trait App {
    /// What it may ask of the tower.
    type Down;
    /// What the tower tells it.
    type Up;

    /// Takes what the tower told.
    fn told(&mut self, now: Instant, up: Self::Up);
    /// What it wants to ask next.
    fn ask(&mut self, now: Instant) -> Option<Self::Down>;
    /// The tower took the ask, or handed it back.
    fn asked(&mut self, now: Instant, refused: Option<Self::Down>);
    /// Does what was to be done by now; called early it does nothing.
    fn wake(&mut self, _now: Instant) {}
    /// When it wants to be woken next.
    fn deadline(&self) -> Option<Instant> {
        None
    }
    /// The world is at another phase, as far as these processes are concerned, this one among them:
    /// from [`Phase::Quiet`] on they can all reach each other.
    fn phase(&mut self, _now: Instant, _phase: Phase, _with: &[String]) {}
    /// Whether its process may be killed now: so, unless it says otherwise.
    fn may_die(&self) -> bool {
        true
    }
    /// Its process was killed: nothing more is told to it.
    fn crashed(&mut self, _now: Instant) {}
}

/// Who the hosts of a world are: host 0 is node `p0`, and so on.
#[derive(Debug, Clone)]
pub struct Roster(Vec<NodeId>);

impl Roster {
    /// The roster of this many hosts.
    #[must_use]
    pub fn new(hosts: usize) -> Self {
        Self((0..hosts).map(|host| NodeId::of_name(&format!("p{host}"))).collect())
    }

    /// How many hosts there are.
    #[must_use]
    pub const fn hosts(&self) -> usize {
        self.0.len()
    }

    /// The node of a host.
    #[must_use]
    pub fn node(&self, host: usize) -> NodeId {
        self.0[host]
    }

    /// The host of a node.
    #[must_use]
    pub fn host(&self, node: NodeId) -> Option<usize> {
        self.0.iter().position(|known| *known == node)
    }

    /// A process as histories write it: `p0#1`. Who is on no host gets its number.
    #[must_use]
    pub fn name(&self, process: ProcId) -> String {
        match self.host(process.node) {
            Some(host) => format!("p{host}#{}", process.incarnation),
            None => format!("{process:?}"),
        }
    }
}

/// What a tower and its application are made from, at each start of a process.
#[derive(Debug, Clone)]
pub struct Birth {
    /// On which host.
    pub host: usize,
    /// The process.
    pub me: ProcId,
    /// Its name in histories and traces.
    pub name: String,
    /// Everybody.
    pub roster: Roster,
    /// The words that all histories of the run share.
    pub(crate) spelling: Spelling,
    /// Seed for the tower.
    pub seed: u64,
    /// Choices for the application.
    pub choice: Choice,
    /// When.
    pub now: Instant,
}

/// A moment some choice of time from `now`, both bounds in milliseconds.
pub(crate) fn later(now: Instant, choice: &mut Choice, low_ms: u64, high_ms: u64) -> Instant {
    now + Duration::from_micros(choice.between(low_ms * 1_000, high_ms * 1_000))
}
