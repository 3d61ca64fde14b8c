//! Cookies: when too many call, a caller has to show that it is where it says before anything is
//! done or kept for it.
//!
//! A cookie is proof of an address: `mark`, which only this end can make, and `voucher`, by which
//! the caller knows that a friend tells it (with keys). A call shows a cookie at most once again,
//! and whoever answers is still heard: so a stranger who sees calls, and tells cookies of its own,
//! costs no more than one call more for each, and keeps nobody from meeting.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Transport;
use crate::address::Address;
use crate::header::COOKIE;
use crate::limits::{COOKIES_MAX, GREETINGS_EACH, HELLOS_A_WINDOW, HELLOS_WINDOW};
use crate::time::Instant;
use crate::wire::{Sink, Wire};

/// Bytes of a cookie.
pub(super) const COOKIE_BYTES: usize = 16;

/// So many of them are its mark.
const MARK_BYTES: usize = 8;

/// Shown by a caller that was told to.
pub(super) type Cookie = [u8; COOKIE_BYTES];

/// Marks are of another secret after so long.
const MARKS_FOR_NANOS: u64 = 120_000_000_000;

/// How many call, and what is asked of them when too many do.
#[derive(Debug, Default)]
pub(super) struct Callers {
    since: Instant,
    count: u32,
    /// More than may have called in the window before this one.
    many: bool,
    /// Who has shown a cookie in this window, and how often.
    shown: BTreeMap<Address, usize>,
}

impl Callers {
    /// One more; answers whether it has to show a cookie.
    fn called(&mut self, now: Instant) -> bool {
        if now.since(self.since) > HELLOS_WINDOW {
            self.many = self.count > HELLOS_A_WINDOW && now.since(self.since) < HELLOS_WINDOW * 2;
            (self.since, self.count) = (now, 0);
            self.shown.clear();
        }
        self.count = self.count.saturating_add(1);
        self.many || self.count > HELLOS_A_WINDOW
    }

    /// One has shown a cookie; answers whether it is heard. Who can call from one address gets no
    /// more of this end's time than others.
    fn showed(&mut self, from: Address) -> bool {
        if self.shown.len() >= HELLOS_A_WINDOW as usize && !self.shown.contains_key(&from) {
            return false;
        }
        let count = self.shown.entry(from).or_insert(0);
        *count += 1;
        *count <= GREETINGS_EACH
    }
}

impl Transport {
    /// Whether a caller is heard; if it has to show a cookie first, it is told so.
    pub(super) fn admits(
        &mut self,
        now: Instant,
        from: Address,
        theirs: u32,
        (cookie, message): (&Cookie, &[u8]),
    ) -> bool {
        if !self.callers.called(now) {
            return true;
        }
        let mark = self.mark(now, from);
        if cookie[..MARK_BYTES] == mark {
            let heard = self.callers.showed(from);
            self.counters.dropped_no_room += u64::from(!heard);
            return heard;
        }
        let voucher = self.guard.vouch(&vouched(theirs, &mark, message));
        self.counters.cookies_sent += 1;
        self.out(from, COOKIE, theirs, &[&mark, &voucher]);
        false
    }

    /// The mark of a caller: changes with time, so that one that was seen is soon of no use.
    fn mark(&self, now: Instant, address: Address) -> [u8; MARK_BYTES] {
        let mut of = Vec::with_capacity(32);
        address.write(&mut of);
        self.guard.proof(now.as_nanos() / MARKS_FOR_NANOS, &of)
    }

    /// What is shown to whoever listens there.
    pub(super) fn cookie_for(&self, address: Address) -> Cookie {
        self.cookies.get(&address).copied().unwrap_or_default()
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
        let (mark, voucher) = cookie.split_at(MARK_BYTES);
        let of = vouched(mine, mark, &calling.message);
        if calling.told || !self.guard.vouched(&of, voucher) {
            self.counters.dropped_cookie += 1;
            return;
        }
        calling.told = true;
        let (address, again) = (calling.address, calling.again);
        if self.cookies.len() >= COOKIES_MAX && !self.cookies.contains_key(&address) {
            self.cookies.pop_first();
        }
        self.cookies.insert(address, *cookie);
        if !again {
            self.call_with(now, address, true);
        }
    }
}

/// What a voucher is for: this mark, told to this caller about this call.
fn vouched(session: u32, mark: &[u8], message: &[u8]) -> Vec<u8> {
    let mut of = Vec::with_capacity(4 + MARK_BYTES + message.len());
    session.write(&mut of);
    Sink::extend_from_slice(&mut of, mark);
    Sink::extend_from_slice(&mut of, message);
    of
}
