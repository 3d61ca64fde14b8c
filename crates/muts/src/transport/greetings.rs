//! Greetings under way, each kind with room of its own: what others begin keeps nobody from
//! calling, and strangers keep no known peer from being answered.
//!
//! Takes: calls of this end, answers to calls of others. Promises: at most [`GREETINGS_EACH`] of
//! one kind with one address, the oldest making room; strangers' together at most
//! [`GREETINGS_MAX`]; none longer than [`GREETING_KEPT`].

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::address::Address;
use crate::greeting::Hello;
use crate::guard::Greeting;
use crate::limits::{GREETING_KEPT, GREETINGS_EACH, GREETINGS_MAX};
use crate::time::Instant;

/// A greeting that this end has begun.
#[derive(Debug)]
pub(super) struct Calling {
    pub(super) address: Address,
    /// What this end has said.
    pub(super) count: u64,
    /// The first message, as it was sent.
    pub(super) message: Vec<u8>,
    /// It shows what a call before it was told to show.
    pub(super) again: bool,
    /// The other end has told it to show a cookie.
    pub(super) told: bool,
    pub(super) greeting: Box<dyn Greeting>,
    pub(super) since: Instant,
}

/// A greeting that the other end has begun.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) hello: Hello,
    /// What this end has said to it.
    pub(super) count: u64,
    pub(super) address: Address,
    /// It comes from where its node is known to be.
    pub(super) known: bool,
    pub(super) greeting: Box<dyn Greeting>,
    pub(super) since: Instant,
}

/// Those under way.
#[derive(Debug, Default)]
pub(super) struct Greetings {
    calling: Begun<Calling>,
    answering: Begun<Answering>,
    /// When the oldest is forgotten.
    sweep_at: Option<Instant>,
}

/// Those of one kind, by this end of what may become a session.
#[derive(Debug)]
struct Begun<T> {
    all: BTreeMap<u32, T>,
    /// With whom, and since when.
    with: BTreeSet<(Address, Instant, u32)>,
}

impl<T> Default for Begun<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), with: BTreeSet::new() }
    }
}

impl<T> Begun<T> {
    /// One more; the oldest with this address goes, if there are as many as there may be.
    fn insert(&mut self, (address, since): (Address, Instant), end: u32, one: T) {
        let mut same = self.with(address);
        let oldest = same.next();
        if same.count() + 1 >= GREETINGS_EACH
            && let Some(oldest) = oldest
        {
            self.all.remove(&oldest.2);
            self.with.remove(&oldest);
        }
        self.all.insert(end, one);
        self.with.insert((address, since, end));
    }

    /// Those with this address, the oldest first.
    fn with(&self, address: Address) -> impl Iterator<Item = (Address, Instant, u32)> {
        let from = (address, Instant::ZERO, 0);
        self.with.range(from..).copied().take_while(move |known| known.0 == address)
    }

    fn remove(&mut self, (address, since): (Address, Instant), end: u32) {
        self.all.remove(&end);
        self.with.remove(&(address, since, end));
    }

    /// Forgets the old; answers since when the oldest of the others is under way.
    fn sweep(&mut self, now: Instant) -> Option<Instant> {
        self.with.retain(|(_, since, end)| {
            let kept = now.since(*since) < GREETING_KEPT;
            if !kept {
                self.all.remove(end);
            }
            kept
        });
        self.with.iter().map(|(_, since, _)| *since).min()
    }
}

impl Greetings {
    /// Whether this end belongs to one.
    pub(super) fn has(&self, end: u32) -> bool {
        self.calling.all.contains_key(&end) || self.answering.all.contains_key(&end)
    }

    /// One that this end begins.
    pub(super) fn call(&mut self, end: u32, calling: Calling) {
        self.sweep_at.get_or_insert(calling.since + GREETING_KEPT);
        self.calling.insert((calling.address, calling.since), end, calling);
    }

    /// Whether this hello from there is being answered already.
    pub(super) fn answers(&self, from: Address, hello: &Hello) -> bool {
        let mut same = self.answering.with(from);
        same.any(|(_, _, end)| self.answering.all.get(&end).is_some_and(|one| one.hello == *hello))
    }

    /// Whether one more of a caller of whom nothing is known would be too many.
    pub(super) fn is_full(&self) -> bool {
        let strangers = self.answering.all.values().filter(|answering| !answering.known);
        self.answering.all.len() >= GREETINGS_MAX && strangers.count() >= GREETINGS_MAX
    }

    /// One that another end has begun.
    pub(super) fn answer(&mut self, end: u32, answering: Answering) {
        self.sweep_at.get_or_insert(answering.since + GREETING_KEPT);
        self.answering.insert((answering.address, answering.since), end, answering);
    }

    pub(super) fn calling(&mut self, end: u32) -> Option<&mut Calling> {
        self.calling.all.get_mut(&end)
    }

    pub(super) fn answering(&mut self, end: u32) -> Option<&mut Answering> {
        self.answering.all.get_mut(&end)
    }

    /// A call that was answered.
    pub(super) fn called(&mut self, end: u32) -> Option<Calling> {
        let calling = self.calling.all.remove(&end)?;
        self.calling.remove((calling.address, calling.since), end);
        Some(calling)
    }

    /// An answer that was thanked for.
    pub(super) fn answered(&mut self, end: u32) -> Option<Answering> {
        let answering = self.answering.all.remove(&end)?;
        self.answering.remove((answering.address, answering.since), end);
        Some(answering)
    }

    /// When some may have come to nothing.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.sweep_at
    }

    /// Those that came to nothing are forgotten.
    pub(super) fn sweep(&mut self, now: Instant) {
        if self.sweep_at.is_some_and(|at| at <= now) {
            let oldest = [self.calling.sweep(now), self.answering.sweep(now)];
            let oldest = oldest.into_iter().flatten().min();
            self.sweep_at = oldest.map(|since| since + GREETING_KEPT);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.calling.all.len() + self.answering.all.len()
    }
}
