//! Anybody: an address that was found, and nobody knows who listens there.
//!
//! Takes: such an address, again and again while something speaks for it. Promises: whoever listens
//! there is called, ever more seldom, until a link to it stands; who is reached at several
//! addresses keeps the link that it has. Keeps: addresses, a bounded number, and who was there.

use super::Transport;
use crate::address::Address;
use crate::limits::{ANYBODY_MAX, ANYBODY_PAUSE_MAX, ANYBODY_PAUSE_MIN};
use crate::process::ProcId;
use crate::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Sought {
    next: Instant,
    pause: Duration,
    found: Option<ProcId>,
}

impl Transport {
    /// Calls whoever listens there, unless it is reached.
    pub(super) fn seek(&mut self, now: Instant, address: Address) {
        if self.sought.len() >= ANYBODY_MAX && !self.sought.contains_key(&address) {
            self.sought.clear();
        }
        let fresh = Sought { next: now, pause: ANYBODY_PAUSE_MIN, found: None };
        let sought = self.sought.entry(address).or_insert(fresh);
        let mut met = self.links.values().filter(|link| link.met);
        if let Some(link) = met.find(|link| link.address == address) {
            sought.found = Some(link.peer);
            return;
        }
        let reached = |peer| self.links.get(&peer).is_some_and(|link| link.met);
        if sought.next > now || sought.found.is_some_and(reached) {
            return;
        }
        sought.next = now + sought.pause;
        sought.pause = (sought.pause * 2).min(ANYBODY_PAUSE_MAX);
        self.call(now, address);
    }
}
