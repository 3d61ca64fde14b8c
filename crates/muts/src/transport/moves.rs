//! Moves: a peer is followed to another address once it has answered from there.
//!
//! That a datagram came from somewhere says little: whoever sees one can send it on from anywhere,
//! before it comes by itself, and would have all that the peer is sent go there. So only the newest
//! counts, and the peer is asked where it seems to be; it is sent the rest when that has come
//! (RFC 9000, sections 8.2 and 9.3). What is asked is no longer than what came.

use smallvec::smallvec;

use super::{Transport, seal};
use crate::address::Address;
use crate::flight::Item;
use crate::header::{DATA, DATAGRAM_HEADER_BYTES, Frame};
use crate::layer::Parts;
use crate::process::ProcId;
use crate::time::{Duration, Instant};
use crate::wire::{Sink, Wire};

/// Between two questions whether a peer is where it seems to be.
const ASK_PAUSE: Duration = Duration::from_millis(20);

/// What such a question takes before it is sealed.
pub(super) const QUESTION_BYTES: usize = DATAGRAM_HEADER_BYTES + 1;

/// Where a peer seems to be.
#[derive(Debug, Default)]
pub(crate) struct Move {
    to: Option<Address>,
    asked: Instant,
}

impl Move {
    /// The newest datagram came from there.
    pub(super) fn seen(&mut self, now: Instant, from: Address) {
        if self.to.is_none() && now.since(self.asked) >= ASK_PAUSE {
            (self.to, self.asked) = (Some(from), now);
        }
    }
}

impl Transport {
    /// The question whether a peer is where it seems to be, if it is to be asked.
    pub(super) fn ask_there(&mut self, now: Instant, peer: ProcId) -> Option<(Address, Parts)> {
        let link = self.links.get_mut(&peer)?;
        let theirs = link.sessions.current()?.theirs;
        let there = link.moving.to.take()?;
        let into = self.sheets.room(QUESTION_BYTES);
        into.push(DATA);
        theirs.write(into);
        link.flight.next().write(into);
        Frame::Now.write(into);
        link.flight.send(now, QUESTION_BYTES, &[Item::There(there)]);
        self.counters.moves_asked += 1;
        let parts = smallvec![self.sheets.split()];
        Some((there, seal(link, &mut self.sheets, parts)))
    }

    /// It has answered from there.
    pub(super) fn follow(&mut self, peer: ProcId, there: Address) {
        if let Some(link) = self.links.get_mut(&peer).filter(|link| link.address != there) {
            link.address = there;
            self.counters.moves += 1;
        }
    }
}
