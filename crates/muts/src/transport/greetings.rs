//! Greetings under way, each kind with room of its own: what others begin keeps nobody from calling,
//! and strangers keep no known peer from being answered.
//!
//! Takes: calls of this end, answers to calls of others. Promises: at most [`GREETINGS_EACH`] of
//! one kind with one address, the oldest making room; strangers' together at most
//! [`GREETINGS_MAX`]; none longer than [`GREETING_KEPT`].

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
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

/// Something that may be forgotten after a while.
trait Begun {
    fn begun(&self) -> (Address, Instant);
}

impl Begun for Calling {
    fn begun(&self) -> (Address, Instant) {
        (self.address, self.since)
    }
}

impl Begun for Answering {
    fn begun(&self) -> (Address, Instant) {
        (self.address, self.since)
    }
}

/// Those under way, by this end of what may become a session.
#[derive(Debug, Default)]
pub(super) struct Greetings {
    calling: BTreeMap<u32, Calling>,
    answering: BTreeMap<u32, Answering>,
    /// When the oldest is forgotten.
    sweep_at: Option<Instant>,
}

impl Greetings {
    /// Whether this end belongs to one.
    pub(super) fn has(&self, end: u32) -> bool {
        self.calling.contains_key(&end) || self.answering.contains_key(&end)
    }

    /// One that this end begins.
    pub(super) fn call(&mut self, end: u32, calling: Calling) {
        self.sweep_at.get_or_insert(calling.since + GREETING_KEPT);
        make_room(&mut self.calling, calling.address);
        self.calling.insert(end, calling);
    }

    /// Whether this hello is being answered already.
    pub(super) fn answers(&self, hello: &Hello) -> bool {
        self.answering.values().any(|answering| answering.hello == *hello)
    }

    /// Whether one more of a caller of whom nothing is known would be too many.
    pub(super) fn is_full(&self) -> bool {
        let strangers = self.answering.values().filter(|answering| !answering.known);
        strangers.count() >= GREETINGS_MAX
    }

    /// One that another end has begun.
    pub(super) fn answer(&mut self, end: u32, answering: Answering) {
        self.sweep_at.get_or_insert(answering.since + GREETING_KEPT);
        make_room(&mut self.answering, answering.address);
        self.answering.insert(end, answering);
    }

    pub(super) fn calling(&mut self, end: u32) -> Option<&mut Calling> {
        self.calling.get_mut(&end)
    }

    pub(super) fn answering(&mut self, end: u32) -> Option<&mut Answering> {
        self.answering.get_mut(&end)
    }

    pub(super) fn called(&mut self, end: u32) -> Option<Calling> {
        self.calling.remove(&end)
    }

    pub(super) fn answered(&mut self, end: u32) -> Option<Answering> {
        self.answering.remove(&end)
    }

    /// When some may have come to nothing.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.sweep_at
    }

    /// Those that came to nothing are forgotten.
    pub(super) fn sweep(&mut self, now: Instant) {
        if self.sweep_at.is_none_or(|at| at > now) {
            return;
        }
        self.calling.retain(|_, calling| now.since(calling.since) < GREETING_KEPT);
        self.answering.retain(|_, answering| now.since(answering.since) < GREETING_KEPT);
        let calling = self.calling.values().map(|calling| calling.since);
        let oldest = calling.chain(self.answering.values().map(|answering| answering.since)).min();
        self.sweep_at = oldest.map(|since| since + GREETING_KEPT);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.calling.len() + self.answering.len()
    }
}

/// The oldest with this address goes, if there are as many as there may be.
fn make_room<T: Begun>(begun: &mut BTreeMap<u32, T>, with: Address) {
    let same = begun.iter().filter(|(_, one)| one.begun().0 == with);
    let (count, oldest) = same.fold((0, None::<(Instant, u32)>), |(count, oldest), (end, one)| {
        let this = (one.begun().1, *end);
        (count + 1, Some(oldest.map_or(this, |before| before.min(this))))
    });
    if let Some((_, end)) = oldest.filter(|_| count >= GREETINGS_EACH) {
        begun.remove(&end);
    }
}
