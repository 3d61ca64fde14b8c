//! Meeting: greetings, from the first hello to a session of a link.
//!
//! Nothing is remembered of a caller, and nobody is lost for its sake, before it has proved with
//! its thanks who and where it is; and it is sent no more than it has sent.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::Transport;
use super::cookies::COOKIE_BYTES;
use super::greetings::{Answering, Calling};
use crate::address::Address;
use crate::greeting::{HELLO_PAYLOAD_BYTES, Hello, Standing};
use crate::guard::Greeting;
use crate::header::{ANSWER, GREETING_HEADER_BYTES, HELLO, THANKS};
use crate::interface::Up;
use crate::limits::GREETING_BYTES_MAX;
use crate::process::ProcId;
use crate::session::Session;
use crate::time::Instant;
use crate::wire::{Sink, Wire};

impl Transport {
    fn own_hello(&mut self, session: u32) -> Vec<u8> {
        self.said += 1;
        let from = self.config.me;
        let mut bytes = Vec::with_capacity(HELLO_PAYLOAD_BYTES);
        Hello { from, session, count: self.said, versions: self.config.versions }.write(&mut bytes);
        bytes
    }

    fn unused_session(&mut self) -> u32 {
        loop {
            let session = self.random.draw() as u32;
            if !self.ends.contains_key(&session) && !self.greetings.has(session) {
                return session;
            }
        }
    }

    pub(super) fn out(&mut self, to: Address, kind: u8, session: u32, parts: &[&[u8]]) -> Bytes {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let into = self.sheets.room(GREETING_HEADER_BYTES + length);
        into.push(kind);
        session.write(into);
        parts.iter().for_each(|part| into.extend_from_slice(part));
        let bytes = self.sheets.split();
        self.outbox.push_back((to, bytes.clone()));
        bytes
    }

    /// Calls whoever listens there.
    pub(super) fn call(&mut self, now: Instant, address: Address) {
        self.call_with(now, address, false);
    }

    /// The same, perhaps because a call before was told to show a mark.
    pub(super) fn call_with(&mut self, now: Instant, address: Address, again: bool) {
        let mine = self.unused_session();
        let mut greeting = self.guard.call();
        let mut hello = self.own_hello(mine);
        // The answer is to be no longer.
        hello.resize(HELLO_PAYLOAD_BYTES, 0);
        let message = greeting.write(&hello);
        let (mark, voucher) = self.cookie_for(address, mine, &message);
        self.counters.hellos_sent += 1;
        self.out(address, HELLO, mine, &[&mark, &voucher, &message]);
        let (count, told) = (self.said, false);
        let calling = Calling { address, count, message, again, told, greeting, since: now };
        self.greetings.call(mine, calling);
    }

    /// A stranger, or a friend, calls.
    pub(super) fn hear_hello(&mut self, now: Instant, from: Address, mut bytes: &[u8]) {
        let (Ok(theirs), Some((cookie, message))) =
            (u32::read(&mut bytes), bytes.split_first_chunk::<COOKIE_BYTES>())
        else {
            self.counters.dropped_malformed += 1;
            return;
        };
        if message.len() > GREETING_BYTES_MAX {
            self.counters.dropped_malformed += 1;
            return;
        }
        if !self.admits(now, from, theirs, (cookie, message)) {
            return;
        }
        let mut greeting = self.guard.answer();
        let hello = greeting.read(message).and_then(|payload| hello_of(&payload));
        let Some(hello) = hello.filter(|hello| hello.session == theirs) else {
            self.counters.dropped_stranger += 1;
            return;
        };
        if !self.heeds(&hello) {
            self.answer_late(from, greeting, &hello, message.len());
            return;
        }
        if self.greetings.answers(from, &hello) {
            self.counters.dropped_replay += 1;
            return;
        }
        let known = self.knows(hello.from, from);
        if !known && self.greetings.is_full() {
            self.counters.dropped_no_room += 1;
            return;
        }
        self.doubt(now, hello.from);
        let mine = self.unused_session();
        let own = self.own_hello(mine);
        let answer = greeting.write(&own);
        if answer.len() > COOKIE_BYTES + message.len() {
            self.counters.dropped_malformed += 1;
            return;
        }
        self.out(from, ANSWER, theirs, &[&answer]);
        let (address, count) = (from, self.said);
        let answering = Answering { hello, count, address, known, greeting, since: now };
        self.greetings.answer(mine, answering);
    }

    /// Who calls although a later process of its node was met is told so, since nobody else will:
    /// the answer names that one, and nothing comes of the greeting.
    fn answer_late(
        &mut self,
        from: Address,
        mut greeting: Box<dyn Greeting>,
        hello: &Hello,
        length: usize,
    ) {
        let Some(newest) = self.newest(hello.from) else { return };
        let mut late = Vec::with_capacity(HELLO_PAYLOAD_BYTES);
        Hello::late(self.config.me, newest).write(&mut late);
        let answer = greeting.write(&late);
        if answer.len() <= COOKIE_BYTES + length {
            self.out(from, ANSWER, hello.session, &[&answer]);
        }
    }

    /// The incarnation of the latest process of a node, if that is later than this one.
    fn newest(&self, than: ProcId) -> Option<u64> {
        let own = Some(self.config.me).filter(|me| me.node == than.node);
        let newest = own.or_else(|| self.nodes.current(than.node))?.incarnation;
        (newest > than.incarnation).then_some(newest)
    }

    /// Whether this process is known to be there: it was introduced so, or has a link from there.
    fn knows(&self, peer: ProcId, address: Address) -> bool {
        self.nodes.address(peer.node) == Some(address)
            || self.links.get(&peer).is_some_and(|link| link.address == address)
    }

    /// Whether a hello is worth an answer; counts why not.
    fn heeds(&mut self, hello: &Hello) -> bool {
        if hello.from.node == self.config.me.node {
            self.counters.dropped_own += 1;
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

    /// A friend has said this hello: an older incarnation of its node is over. Answers the version
    /// of frames to speak with it; none if there is no place for it, or no such version.
    fn welcome(&mut self, now: Instant, hello: &Hello) -> Option<u8> {
        if let Standing::Succeeds(old) = self.nodes.standing(hello) {
            self.lose(old);
        }
        if !self.has_place(hello.from) {
            self.counters.dropped_no_room += 1;
            return None;
        }
        let links = &self.links;
        self.nodes.note(now, hello, |proc| links.contains_key(&proc));
        let version = hello.common_version(self.config.versions);
        if version.is_none() {
            self.counters.refused_version += 1;
            let (peer, versions) = (hello.from, hello.versions);
            self.told.push_back(Up::Refused { peer, versions });
        }
        version
    }

    /// Somebody answers a call of ours.
    pub(super) fn hear_answer(&mut self, now: Instant, mut bytes: &[u8]) {
        let Ok(mine) = u32::read(&mut bytes) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(calling) = self.greetings.calling(mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        let Some(hello) = calling.greeting.read(bytes).and_then(|payload| hello_of(&payload))
        else {
            self.counters.dropped_stranger += 1;
            return;
        };
        let Some(mut calling) = self.greetings.called(mine) else { return };
        if let Some(later) = hello.tells_of() {
            let later = Some(later).filter(|later| *later > self.config.me.incarnation);
            self.superseded = self.superseded.max(later);
            return;
        }
        if !self.heeds(&hello) {
            return;
        }
        let version = self.welcome(now, &hello);
        let message = calling.greeting.write(&[]);
        // To where the call came through, wherever this answer says that it comes from.
        let thanks = self.out(calling.address, THANKS, hello.session, &[&message]);
        let Some(version) = version else { return };
        let ends = (mine, hello.session);
        let rank = (calling.count.saturating_add(hello.count), self.config.me);
        let session = Session::called(now, ends, calling.greeting.finish(), rank, thanks);
        self.join(now, hello.from, calling.address, session, version);
    }

    /// Somebody whom we have answered thanks.
    pub(super) fn hear_thanks(&mut self, now: Instant, mut bytes: &[u8]) {
        let Ok(mine) = u32::read(&mut bytes) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(answering) = self.greetings.answering(mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        if answering.greeting.read(bytes).is_none() {
            self.counters.dropped_stranger += 1;
            return;
        }
        let Some(answering) = self.greetings.answered(mine) else { return };
        let (hello, address) = (answering.hello, answering.address);
        // Another incarnation, or a farewell, may have come meanwhile; a later call may have too.
        let standing = self.nodes.standing(&Hello { count: u64::MAX, ..hello });
        if standing == Standing::Over {
            self.counters.dropped_incarnation += 1;
            return;
        }
        let Some(version) = self.welcome(now, &hello) else { return };
        let ends = (mine, hello.session);
        let rank = (answering.count.saturating_add(hello.count), hello.from);
        let session = Session::answered(now, ends, answering.greeting.finish(), rank);
        self.join(now, hello.from, address, session, version);
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
        self.ends.insert(session.mine, peer);
        let dropped = link.sessions.add(session, link.flight.next());
        if let Some(end) = dropped {
            self.ends.remove(&end);
        }
        self.heard(now, peer, true);
        self.rouse(peer);
    }
}

/// What stands behind it only makes it long.
fn hello_of(mut payload: &[u8]) -> Option<Hello> {
    Hello::read(&mut payload).ok()
}
