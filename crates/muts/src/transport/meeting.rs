//! Meeting: greetings, from the first hello to a session of a link.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Slot, Transport};
use crate::address::Address;
use crate::greeting::{Hello, Standing, VERSIONS};
use crate::guard::Greeting;
use crate::header::{ANSWER, COOKIE, HELLO, THANKS};
use crate::interface::Up;
use crate::limits::{GREETING_KEPT, GREETINGS_MAX, HELLOS_A_WINDOW, HELLOS_WINDOW};
use crate::process::ProcId;
use crate::session::Session;
use crate::time::Instant;
use crate::wire::{Sink, Wire};

/// Who calls when too many do has to show what it was given: bytes of a cookie.
const COOKIE_BYTES: usize = 16;

/// A greeting that this end has begun.
#[derive(Debug)]
pub(super) struct Calling {
    address: Address,
    /// What this end has said.
    count: u64,
    greeting: Box<dyn Greeting>,
    since: Instant,
}

/// A greeting that the other end has begun.
#[derive(Debug)]
pub(super) struct Answering {
    hello: Hello,
    /// What this end has said to it.
    count: u64,
    version: Option<u8>,
    address: Address,
    greeting: Box<dyn Greeting>,
    since: Instant,
}

/// How many call, and what is asked of them when too many do.
#[derive(Debug, Default)]
pub(super) struct Callers {
    since: Instant,
    count: u32,
    /// More than may have called in the window before this one.
    many: bool,
}

impl Callers {
    /// One more; answers whether it has to show a cookie.
    fn called(&mut self, now: Instant) -> bool {
        if now.since(self.since) > HELLOS_WINDOW {
            self.many = self.count > HELLOS_A_WINDOW && now.since(self.since) < HELLOS_WINDOW * 2;
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        self.many || self.count > HELLOS_A_WINDOW
    }
}

impl Transport {
    fn own_hello(&mut self, session: u32) -> Vec<u8> {
        self.greetings += 1;
        let from = self.config.me;
        let mut bytes = Vec::with_capacity(32);
        Hello { from, session, count: self.greetings, versions: VERSIONS }.write(&mut bytes);
        bytes
    }

    fn unused_session(&mut self) -> u32 {
        loop {
            let session = self.random.draw() as u32;
            if !self.slots.contains_key(&session) {
                return session;
            }
        }
    }

    fn out(&mut self, to: Address, kind: u8, session: u32, parts: &[&[u8]]) -> Bytes {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let into = self.sheets.room(5 + length);
        into.push(kind);
        session.write(into);
        parts.iter().for_each(|part| into.extend_from_slice(part));
        let bytes = self.sheets.split();
        self.outbox.push_back((to, bytes.clone()));
        bytes
    }

    /// Whether one more greeting may be under way.
    fn may_greet(&self) -> bool {
        self.slots.len() - self.links.len().min(self.slots.len()) < GREETINGS_MAX
    }

    /// Calls whoever listens there.
    pub(super) fn call(&mut self, now: Instant, address: Address) {
        if !self.may_greet() {
            return;
        }
        let mine = self.unused_session();
        let mut greeting = self.guard.call();
        let hello = self.own_hello(mine);
        let message = greeting.write(&hello);
        let cookie = self.cookies.get(&address).copied().unwrap_or_default();
        self.counters.hellos_sent += 1;
        self.out(address, HELLO, mine, &[&cookie, &message]);
        let calling = Calling { address, count: self.greetings, greeting, since: now };
        self.slots.insert(mine, Slot::Calling(calling));
        self.sweep_at.get_or_insert(now + GREETING_KEPT);
    }

    /// The cookie of a caller: changes with time, so that one that was seen is soon of no use.
    fn cookie(&self, now: Instant, address: Address, session: u32) -> [u8; COOKIE_BYTES] {
        let mut of = Vec::with_capacity(32);
        address.write(&mut of);
        session.write(&mut of);
        self.guard.proof(now.as_nanos() / 120_000_000_000, &of)
    }

    /// A stranger, or a friend, calls.
    pub(super) fn hear_hello(&mut self, now: Instant, from: Address, mut bytes: &[u8]) {
        let (Ok(theirs), Some((cookie, message))) =
            (u32::read(&mut bytes), bytes.split_first_chunk::<COOKIE_BYTES>())
        else {
            self.counters.dropped_malformed += 1;
            return;
        };
        if self.callers.called(now) && *cookie != self.cookie(now, from, 0) {
            self.counters.cookies_sent += 1;
            let cookie = self.cookie(now, from, 0);
            self.out(from, COOKIE, theirs, &[&cookie]);
            return;
        }
        let mut greeting = self.guard.answer();
        let hello = greeting.read(message).and_then(|payload| hello_of(&payload));
        let Some(hello) = hello.filter(|hello| hello.session == theirs) else {
            self.counters.dropped_stranger += 1;
            return;
        };
        if !self.heeds(&hello) || !self.may_greet() {
            return;
        }
        self.nodes_note(now, &hello);
        let mine = self.unused_session();
        let own = self.own_hello(mine);
        let message = greeting.write(&own);
        self.out(from, ANSWER, theirs, &[&message]);
        let version = hello.common_version();
        let count = self.greetings;
        let answering = Answering { hello, count, version, address: from, greeting, since: now };
        self.slots.insert(mine, Slot::Answering(answering));
        self.sweep_at.get_or_insert(now + GREETING_KEPT);
    }

    /// Whether a hello is worth an answer; counts why not.
    fn heeds(&mut self, hello: &Hello) -> bool {
        if hello.from.node == self.config.me.node {
            return false;
        }
        match self.nodes.standing(hello) {
            Standing::Current | Standing::Succeeds(_) => true,
            Standing::Over => {
                self.counters.dropped_incarnation += 1;
                false
            }
            Standing::Stale => {
                self.counters.dropped_replay += 1;
                false
            }
        }
    }

    /// A hello of a friend is taken: an older incarnation of its node is over.
    fn nodes_note(&mut self, _: Instant, hello: &Hello) {
        if let Standing::Succeeds(old) = self.nodes.standing(hello) {
            self.lose(old);
        }
        self.nodes.note(hello);
        if hello.common_version().is_none() {
            self.counters.refused_version += 1;
            let (peer, versions) = (hello.from, hello.versions);
            self.told.push_back(Up::Refused { peer, versions });
        }
    }

    /// Somebody answers a call of ours.
    pub(super) fn hear_answer(&mut self, now: Instant, from: Address, mut bytes: &[u8]) {
        let Ok(mine) = u32::read(&mut bytes) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(Slot::Calling(calling)) = self.slots.get_mut(&mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        let Some(hello) = calling.greeting.read(bytes).and_then(|payload| hello_of(&payload))
        else {
            self.counters.dropped_stranger += 1;
            return;
        };
        let Some(Slot::Calling(mut calling)) = self.slots.remove(&mine) else { return };
        if !self.heeds(&hello) {
            return;
        }
        self.nodes_note(now, &hello);
        let message = calling.greeting.write(&[]);
        let thanks = self.out(from, THANKS, hello.session, &[&message]);
        let Some(version) = hello.common_version() else { return };
        let ends = (mine, hello.session);
        let rank = (calling.count.saturating_add(hello.count), self.config.me);
        let session = Session::called(now, ends, calling.greeting.finish(), rank, thanks);
        self.join(now, hello.from, from, session, version);
    }

    /// Somebody whom we have answered thanks.
    pub(super) fn hear_thanks(&mut self, now: Instant, mut bytes: &[u8]) {
        let Ok(mine) = u32::read(&mut bytes) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(Slot::Answering(answering)) = self.slots.get_mut(&mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        if answering.greeting.read(bytes).is_none() {
            self.counters.dropped_stranger += 1;
            return;
        }
        let Some(Slot::Answering(answering)) = self.slots.remove(&mine) else { return };
        let Some(version) = answering.version else { return };
        let (peer, address) = (answering.hello.from, answering.address);
        // Another incarnation, or a farewell, may have come meanwhile.
        let again = Hello { count: u64::MAX, ..answering.hello };
        if self.nodes.standing(&again) == Standing::Current {
            let ends = (mine, answering.hello.session);
            let rank = (answering.count.saturating_add(answering.hello.count), peer);
            let session = Session::answered(now, ends, answering.greeting.finish(), rank);
            self.join(now, peer, address, session, version);
        }
    }

    /// Too many call there: we have to show this.
    pub(super) fn hear_cookie(&mut self, now: Instant, mut bytes: &[u8]) {
        let (Ok(mine), Some(cookie)) = (u32::read(&mut bytes), bytes.first_chunk::<COOKIE_BYTES>())
        else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(Slot::Calling(calling)) = self.slots.get(&mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        let address = calling.address;
        self.slots.remove(&mine);
        if self.cookies.len() >= GREETINGS_MAX {
            self.cookies.clear();
        }
        self.cookies.insert(address, *cookie);
        self.call(now, address);
    }

    /// A session stands: the link has it.
    fn join(
        &mut self,
        now: Instant,
        peer: ProcId,
        address: Address,
        session: Session,
        version: u8,
    ) {
        if !self.links.contains_key(&peer) {
            self.make_link(now, peer, address, version);
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.address = address;
        self.slots.insert(session.mine, Slot::Link(peer));
        let dropped = link.sessions.add(session, link.flight.next());
        if let Some(end) = dropped {
            self.slots.remove(&end);
        }
        self.heard(now, peer);
        self.rouse(peer);
    }

    /// Greetings that came to nothing are forgotten.
    pub(super) fn sweep_greetings(&mut self, now: Instant) {
        if self.sweep_at.is_none_or(|at| at > now) {
            return;
        }
        let mut oldest: Option<Instant> = None;
        self.slots.retain(|_, slot| {
            let since = match slot {
                Slot::Link(_) => return true,
                Slot::Calling(calling) => calling.since,
                Slot::Answering(answering) => answering.since,
            };
            let kept = now.since(since) < GREETING_KEPT;
            if kept {
                oldest = Some(oldest.map_or(since, |before| before.min(since)));
            }
            kept
        });
        self.sweep_at = oldest.map(|since| since + GREETING_KEPT);
    }
}

fn hello_of(mut payload: &[u8]) -> Option<Hello> {
    let hello = Hello::read(&mut payload).ok()?;
    payload.is_empty().then_some(hello)
}
