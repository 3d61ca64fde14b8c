//! Past: what a multicast waits for is known to whoever gets anything behind it.
//!
//! Takes: multicasts of which some are for a few members only. Promises: what a member says that it
//! has processed is closed, so it has processed all that those wait for too, and its stamps are
//! above theirs: waits form no ring, and what points at something lost finds it. Keeps: who has
//! passed over news (causes or a stamp not told before) in one's own stream, and how far one's own
//! vectors point.
//!
//! Who passes over a multicast points at nothing behind the last one that it was sent, so it needs
//! to know nothing yet. Before it is sent another, all of the channel get a PAST: what the stream
//! has waited for so far. A stream to the same few, or without news, needs none.

use muts::{Audience, Message};

use crate::epoch::Epoch;
use crate::header::FrameHeader;
use crate::order::Order;
use crate::order::causal::Vector;
use crate::stream::Frame;
use crate::turn::Turn;

impl Epoch {
    /// Who gets a frame, by rank. What is safe everybody answers for, and who gives places hears of
    /// every ABCAST.
    pub(crate) fn ranks(&self, frame: &Frame) -> Audience {
        let Some(cast) = frame.cast().filter(|cast| !cast.safe) else { return Audience::ALL };
        let Some(mut to) = cast.audience() else { return Audience::ALL };
        to.insert(self.rank);
        if cast.order == Order::Total {
            to.insert(self.total.sequencer);
        }
        to
    }

    /// These, as the channel counts its peers.
    pub(crate) fn places(&self, to: Audience) -> Audience {
        if to == Audience::ALL {
            return to;
        }
        let mut places = Audience::NONE;
        let peers = (0..self.members.len()).filter(|rank| *rank != self.rank);
        for (place, rank) in peers.enumerate() {
            if to.has(rank) {
                places.insert(place);
            }
        }
        places
    }

    /// Before anything goes to somebody who has passed over news, all are told them.
    ///
    /// # Errors
    /// If the channel has no room.
    pub(crate) fn tell_past(&mut self, turn: &mut Turn<'_>, to: Audience) -> Result<(), ()> {
        let is_behind = |rank| self.behind.has(rank) && to.has(rank);
        if self.behind == Audience::NONE || !(0..self.members.len()).any(is_behind) {
            return Ok(());
        }
        let (after, stamp) = (self.streams[self.rank].last().clone(), self.said);
        let changes = after.changes(&Vector::zero(self.members.len()));
        let header = FrameHeader::Past { changes, stamp };
        self.behind = Audience::NONE;
        let put = self.put(turn, &header, Frame::Past { after, stamp }, Message::default());
        turn.counters.pasts += u64::from(put.is_ok());
        put.map(drop).map_err(|_| self.behind = Audience::ALL)
    }

    /// An own multicast with news went to these.
    pub(crate) fn note_news(&mut self, to: Audience) {
        if to == Audience::ALL {
            return;
        }
        for rank in (0..self.members.len()).filter(|rank| !to.has(*rank)) {
            self.behind.insert(rank);
        }
    }

    /// The head of a stream has been processed, of which nobody was told in its turn: own vectors
    /// may point at it, unless it was passed over, and at all that it waited for.
    pub(crate) fn note_processed(&mut self, rank: usize) {
        let head = self.streams[rank].head();
        let after = match self.streams[rank].frame(head - 1) {
            None | Some(Frame::Skip) => return,
            Some(Frame::Past { after, .. }) => Some(after),
            // What passes the queue has not been waited for.
            Some(Frame::Cast(_) | Frame::Order(_)) => None,
        };
        self.processed.raise(rank, head);
        for (stream, below) in after.into_iter().flat_map(Vector::iter) {
            self.processed.raise(stream, below);
        }
        self.moved |= rank != self.rank;
    }
}
