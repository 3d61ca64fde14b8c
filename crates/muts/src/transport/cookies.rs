//! Cookies: by them who calls shows that it is a friend, and, when too many call, that it is where
//! it says, before anything is done or kept for it.
//!
//! A cookie is a `mark`, which only who is called can make, proof of the caller's address; and a
//! `voucher`, by which each end knows that a friend shows, or tells, that mark with this call (with
//! keys; else everybody is one). Calls of strangers cost one look at that, and count nowhere. A
//! call is said at most once again for the cookie that was told, and whoever answers is still
//! heard: so who sees calls, and tells cookies of its own, costs no more than one call more for
//! each, and keeps nobody from meeting.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::Transport;
use crate::address::Address;
use crate::header::{COOKIE, HELLO};
use crate::limits::{COOKIES_MAX, GREETINGS_EACH, HELLOS_A_HOST, HELLOS_A_WINDOW, HELLOS_WINDOW};
use crate::process::NodeId;
use crate::time::Instant;
use crate::wire::{Sink, Wire};

/// Bytes of a cookie.
pub(super) const COOKIE_BYTES: usize = 16;

/// So many of them are its mark.
const MARK_BYTES: usize = 8;

/// Proof of a caller's address; zeros if it was told none.
pub(super) type Mark = [u8; MARK_BYTES];

/// Marks are of another secret after so long.
const MARKS_FOR_NANOS: u64 = 120_000_000_000;

/// How many call, and what is asked of them when too many do.
#[derive(Debug, Default)]
pub(super) struct Callers {
    since: Instant,
    count: u32,
    /// More than may have called in the window before this one.
    many: bool,
    /// Hosts that have shown a mark in this window, and how often.
    hosts: BTreeMap<Address, usize>,
    /// Of who was introduced each address by itself, whoever else calls.
    known: BTreeMap<Address, usize>,
    introduced: BTreeSet<(Address, NodeId)>,
}

impl Callers {
    /// One more; answers whether it has to show a cookie.
    fn called(&mut self, now: Instant) -> bool {
        if now.since(self.since) > HELLOS_WINDOW {
            self.many = self.count > HELLOS_A_WINDOW && now.since(self.since) < HELLOS_WINDOW * 2;
            (self.since, self.count) = (now, 0);
            self.hosts.clear();
            self.known.clear();
        }
        self.count = self.count.saturating_add(1);
        self.many || self.count > HELLOS_A_WINDOW
    }

    /// A node was introduced, here and not there any more.
    pub(super) fn introduce(&mut self, node: NodeId, address: Address, before: Option<Address>) {
        if let Some(before) = before {
            self.introduced.remove(&(before, node));
        }
        self.introduced.insert((address, node));
    }

    /// One has shown a mark; answers whether it is heard. One host, whatever ports it calls from,
    /// gets no more of this end's time than others, and all together none of those introduced.
    fn showed(&mut self, from: Address) -> bool {
        let mut same = self.introduced.range((from, NodeId(0))..);
        let known = same.next().is_some_and(|first| first.0 == from);
        let (shown, from, most) = if known {
            (&mut self.known, from, GREETINGS_EACH)
        } else {
            (&mut self.hosts, from.host(), HELLOS_A_HOST)
        };
        if !known && shown.len() >= HELLOS_A_WINDOW as usize && !shown.contains_key(&from) {
            return false;
        }
        let count = shown.entry(from).or_insert(0);
        *count += 1;
        *count <= most
    }
}

impl Transport {
    /// Whether a caller is heard: not if it is a stranger. If it has to show a mark first, it is
    /// told so.
    pub(super) fn admits(
        &mut self,
        now: Instant,
        from: Address,
        theirs: u32,
        (cookie, message): (&[u8; COOKIE_BYTES], &[u8]),
    ) -> bool {
        let (shown, voucher) = cookie.split_at(MARK_BYTES);
        if !self.guard.vouched(&vouched(HELLO, theirs, shown, message), voucher) {
            self.counters.dropped_stranger += 1;
            return false;
        }
        if !self.callers.called(now) {
            return true;
        }
        let mark = self.mark(now, from);
        if same(shown, &mark) {
            let heard = self.callers.showed(from);
            self.counters.dropped_no_room += u64::from(!heard);
            return heard;
        }
        let voucher = self.guard.vouch(&vouched(COOKIE, theirs, &mark, message));
        self.counters.cookies_sent += 1;
        self.out(from, COOKIE, theirs, &[&mark, &voucher]);
        false
    }

    /// The mark of a caller: changes with time, so that one that was seen is soon of no use.
    fn mark(&self, now: Instant, address: Address) -> Mark {
        let mut of = Vec::with_capacity(32);
        address.write(&mut of);
        self.guard.proof(now.as_nanos() / MARKS_FOR_NANOS, &of)
    }

    /// What is shown with a call to whoever listens there.
    pub(super) fn cookie_for(
        &self,
        address: Address,
        mine: u32,
        message: &[u8],
    ) -> (Mark, [u8; 8]) {
        let mark = self.marks.get(&address).copied().unwrap_or_default();
        (mark, self.guard.vouch(&vouched(HELLO, mine, &mark, message)))
    }

    /// Too many call there: we have to show this.
    pub(super) fn hear_cookie(&mut self, now: Instant, mut bytes: &[u8]) {
        let (Ok(mine), Some(cookie)) = (u32::read(&mut bytes), bytes.first_chunk::<COOKIE_BYTES>())
        else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(calling) = self.greetings.calling(mine) else {
            self.counters.dropped_session += 1;
            return;
        };
        let (mark, voucher) = cookie.split_first_chunk::<MARK_BYTES>().expect("half of it");
        let of = vouched(COOKIE, mine, mark, &calling.message);
        if calling.told || !self.guard.vouched(&of, voucher) {
            self.counters.dropped_cookie += 1;
            return;
        }
        calling.told = true;
        let (address, again) = (calling.address, calling.again);
        if self.marks.len() >= COOKIES_MAX && !self.marks.contains_key(&address) {
            self.marks.pop_first();
        }
        self.marks.insert(address, *mark);
        if !again {
            self.call_with(now, address, true);
        }
    }
}

/// Whether these are the same, told without haste: how long it takes does not say where they part.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).fold(0, |parts, (one, other)| parts | (one ^ other)) == 0
}

/// What a voucher is for: this mark, shown by this caller with this call, or told to it about that.
fn vouched(kind: u8, session: u32, mark: &[u8], message: &[u8]) -> Vec<u8> {
    let mut of = Vec::with_capacity(1 + 4 + MARK_BYTES + message.len());
    of.push(kind);
    session.write(&mut of);
    Sink::extend_from_slice(&mut of, mark);
    Sink::extend_from_slice(&mut of, message);
    of
}
