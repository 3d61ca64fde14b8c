//! Hall: what this process seals with what it says to many at once.
//!
//! Each process has a key of its own for that, of chance, and tells it to each peer in the sealed
//! session with that peer; the numbers under it are used once. It lives as long as a session does,
//! and is made anew when the guard changes: whoever is no friend any more is not told the next.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::address::Address;
use crate::guard::{Guard, Seal};
use crate::session::{RENEW_AFTER, RENEW_NUMBERS};
use crate::time::Instant;

/// This process's voice in the hall.
#[derive(Debug)]
pub(crate) struct Hall {
    pub(crate) address: Address,
    /// Which key it is; 0: nothing is sealed.
    pub(crate) generation: u32,
    /// Of the newest key.
    last: u32,
    key: Option<[u8; 32]>,
    pub(crate) seal: Option<Box<dyn Seal>>,
    /// Under this key.
    pub(crate) number: u64,
    made: Instant,
    /// Room for heads, used again and again.
    pub(crate) head: Vec<u8>,
}

impl Hall {
    pub(crate) fn new(address: Address, guard: &dyn Guard) -> Self {
        let (made, head) = (Instant::ZERO, Vec::new());
        let mut hall =
            Self { address, generation: 0, last: 0, key: None, seal: None, number: 0, made, head };
        hall.renew(made, guard);
        hall
    }

    /// Another key, if any is wanted.
    pub(crate) fn renew(&mut self, now: Instant, guard: &dyn Guard) {
        self.key = guard.hall_key();
        self.seal = self.key.as_ref().and_then(|key| guard.hall_seal(key));
        self.last += u32::from(self.seal.is_some());
        self.generation = if self.seal.is_some() { self.last } else { 0 };
        (self.number, self.made) = (0, now);
    }

    /// Whether this key has been used for long enough.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        self.seal.is_some() && (now.since(self.made) > RENEW_AFTER || self.number > RENEW_NUMBERS)
    }

    /// The number of the next datagram, which is used by that.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// What peers have to be told.
    pub(crate) fn key(&self) -> Option<(u32, [u8; 32])> {
        Some((self.generation, self.key.filter(|_| self.seal.is_some())?))
    }
}
