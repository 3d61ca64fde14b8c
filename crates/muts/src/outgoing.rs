//! Outgoing, the sender's window of one stream: keep until every peer has it, resend what is asked
//! for or late, to that peer alone.
//!
//! Takes: messages, acknowledgements, time. Promises: a frame is kept until every peer has
//! acknowledged it (T2); no more than the window waits (T3). Keeps: the frames, and for each peer
//! which of them it has and when each was sent to it last.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::fragment::{Piece, cut};
use crate::header::LAST;
use crate::limits::{WINDOW_BYTES, WINDOW_FRAMES};
use crate::message::Message;
use crate::process::ProcId;
use crate::time::{Duration, Instant};

/// Later frames that must have come before a missing one is taken for lost.
const REORDERED_MAX: u64 = 3;

/// What one peer has of one frame that was sent to it.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    /// Sent more than once: says nothing of the round trip.
    again: bool,
    has: bool,
    /// Taken for lost, and waiting to be sent again.
    lost: bool,
}

/// One peer of a stream.
#[derive(Debug, Default)]
struct Receiver {
    /// Everything below has come there.
    below: u64,
    /// The frames from `below` on that were ever sent there.
    sent: VecDeque<Sent>,
    /// How many of them are taken for lost.
    lost: usize,
    /// Bytes sent and neither acknowledged nor taken for lost.
    flying: usize,
}

/// What an acknowledgement changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acked {
    /// Bytes that are no longer under way.
    pub(crate) bytes: usize,
    /// A fresh round trip.
    pub(crate) round_trip: Option<Duration>,
    /// Frames were found lost.
    pub(crate) lost: bool,
}

/// What is sent next to a peer.
#[derive(Debug)]
pub(crate) struct Next<'a> {
    pub(crate) sequence: u64,
    pub(crate) piece: &'a Piece,
    /// Nothing more waits for that peer behind it.
    pub(crate) dry: bool,
    pub(crate) again: bool,
}

/// A stream at its sender.
#[derive(Debug)]
pub(crate) struct Outgoing {
    frames: VecDeque<Piece>,
    /// The sequence number of the first frame kept.
    base: u64,
    bytes: usize,
    /// Sequence numbers of the last frames of messages not yet settled.
    ends: VecDeque<u64>,
    /// Messages settled so far.
    settled: u64,
    receivers: BTreeMap<ProcId, Receiver>,
    /// A message was handed back.
    pub(crate) owes_room: bool,
}

impl Outgoing {
    pub(crate) fn new(peers: impl Iterator<Item = ProcId>) -> Self {
        Self {
            frames: VecDeque::new(),
            base: 0,
            bytes: 0,
            ends: VecDeque::new(),
            settled: 0,
            receivers: peers.map(|peer| (peer, Receiver::default())).collect(),
            owes_room: false,
        }
    }

    /// The first sequence number not used yet.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.frames.len() as u64
    }

    /// Whether this message fits the window; a large one fits an empty window only.
    pub(crate) fn has_room(&self, bytes: usize, frame_bytes: usize) -> bool {
        let frames = self.frames.len() as u64 + (bytes / frame_bytes) as u64;
        self.frames.is_empty() || (self.bytes + bytes <= WINDOW_BYTES && frames < WINDOW_FRAMES)
    }

    /// Whether half of the window is free again.
    pub(crate) fn has_half(&self) -> bool {
        self.bytes <= WINDOW_BYTES / 2 && self.frames.len() as u64 <= WINDOW_FRAMES / 2
    }

    /// Takes a message that fits.
    pub(crate) fn put(&mut self, message: &Message, frame_bytes: usize) {
        for piece in cut(message, frame_bytes) {
            self.bytes += piece.len();
            if piece.flags & LAST != 0 {
                self.ends.push_back(self.end());
            }
            self.frames.push_back(piece);
        }
        self.free();
    }

    /// Whether anything waits to be sent to this peer.
    pub(crate) fn waits_for(&self, peer: ProcId) -> bool {
        let end = self.end();
        self.receivers.get(&peer).is_some_and(|receiver| {
            receiver.lost > 0 || receiver.next() < end.min(receiver.below + WINDOW_FRAMES)
        })
    }

    /// Takes what is sent next to this peer, if it is at most `room` bytes: lost frames first.
    pub(crate) fn next(&mut self, now: Instant, peer: ProcId, room: usize) -> Option<Next<'_>> {
        let end = self.end();
        let receiver = self.receivers.get_mut(&peer)?;
        let (sequence, again) = if receiver.lost > 0 {
            let at = receiver.sent.iter().position(|sent| sent.lost).expect("counted");
            (receiver.below + at as u64, true)
        } else if receiver.next() < end.min(receiver.below + WINDOW_FRAMES) {
            (receiver.next(), false)
        } else {
            return None;
        };
        let piece = &self.frames[usize::try_from(sequence - self.base).expect("a window")];
        if piece.len() > room {
            return None;
        }
        let sent = Sent { at: now, again, has: false, lost: false };
        if again {
            receiver.sent[(sequence - receiver.below) as usize] = sent;
            receiver.lost -= 1;
        } else {
            receiver.sent.push_back(sent);
        }
        receiver.flying += piece.len();
        let dry = receiver.lost == 0 && receiver.next() == end;
        Some(Next { sequence, piece, dry, again })
    }

    /// Takes an acknowledgement: all below `below`, and the ranges above it.
    pub(crate) fn acked(
        &mut self,
        now: Instant,
        peer: ProcId,
        below: u64,
        ranges: &[(u64, u64)],
    ) -> Acked {
        let Some(receiver) = self.receivers.get_mut(&peer) else { return Acked::default() };
        if below > receiver.next() || ranges.iter().any(|(_, end)| *end > receiver.next()) {
            return Acked::default();
        }
        let base = self.base;
        let length =
            |sequence: u64| self.frames[usize::try_from(sequence - base).expect("kept")].len();
        let mut acked = Acked::default();
        let mut highest = None;
        let listed = ranges.iter().flat_map(|(first, end)| *first..*end);
        for sequence in (receiver.below..below).chain(listed) {
            let Some(at) = sequence.checked_sub(receiver.below) else { continue };
            let sent = &mut receiver.sent[at as usize];
            highest = highest.max(Some(sequence));
            if sent.has {
                continue;
            }
            if sent.lost {
                receiver.lost -= 1;
            } else {
                acked.bytes += length(sequence);
            }
            if !sent.again {
                acked.round_trip = Some(now.since(sent.at));
            }
            (sent.has, sent.lost) = (true, false);
        }
        while receiver.below < below {
            receiver.sent.pop_front();
            receiver.below += 1;
        }
        if let Some(highest) = highest {
            // Whatever was sent before something that came, and is missing still, is lost.
            let last = highest.saturating_sub(receiver.below) as usize;
            let newest = receiver.sent.get(last).map(|sent| sent.at);
            for at in 0..last.saturating_sub(REORDERED_MAX as usize - 1).min(receiver.sent.len()) {
                let sent = &mut receiver.sent[at];
                if !sent.has && !sent.lost && newest.is_some_and(|newest| sent.at <= newest) {
                    sent.lost = true;
                    receiver.lost += 1;
                    acked.bytes += length(receiver.below + at as u64);
                    acked.lost = true;
                }
            }
        }
        receiver.flying -= acked.bytes.min(receiver.flying);
        self.free();
        acked
    }

    /// Takes for lost what was sent to this peer before `since` and has not come. Answers how many
    /// bytes that were.
    pub(crate) fn overdue(&mut self, peer: ProcId, since: Instant) -> usize {
        let Some(receiver) = self.receivers.get_mut(&peer) else { return 0 };
        let mut bytes = 0;
        for (at, sent) in receiver.sent.iter_mut().enumerate() {
            if !sent.has && !sent.lost && sent.at <= since {
                sent.lost = true;
                receiver.lost += 1;
                bytes += self.frames[(receiver.below - self.base) as usize + at].len();
            }
        }
        receiver.flying -= bytes.min(receiver.flying);
        bytes
    }

    /// The peer has just begun to listen: all that was sent to it before was sent in vain.
    pub(crate) fn begins_to_listen(&mut self, peer: ProcId, now: Instant) -> usize {
        match self.receivers.get(&peer) {
            Some(receiver) if receiver.below == 0 => self.overdue(peer, now),
            _ => 0,
        }
    }

    /// Bytes under way to this peer.
    pub(crate) fn flying(&self, peer: ProcId) -> usize {
        self.receivers.get(&peer).map_or(0, |receiver| receiver.flying)
    }

    /// Drops what every peer has.
    fn free(&mut self) {
        let end = self.end();
        let below = self.receivers.values().map(|receiver| receiver.below).min().unwrap_or(end);
        while self.base < below {
            let piece = self.frames.pop_front().expect("T2: kept until acknowledged");
            self.bytes -= piece.len();
            self.base += 1;
        }
        while self.ends.front().is_some_and(|end| *end < below) {
            self.ends.pop_front();
            self.settled += 1;
        }
    }

    /// How many messages, from the first, every peer has.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    /// Peers that lack anything.
    pub(crate) fn behind(&self) -> Vec<ProcId> {
        let end = self.end();
        let behind = self.receivers.iter().filter(|(_, receiver)| receiver.below < end);
        behind.map(|(peer, _)| *peer).collect()
    }
}

impl Receiver {
    /// The first frame never sent there.
    fn next(&self) -> u64 {
        self.below + self.sent.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::NodeId;

    fn peer(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn filled(count: u8) -> Outgoing {
        let mut out = Outgoing::new([peer(1), peer(2)].into_iter());
        for byte in 0..count {
            out.put(&Message::new(alloc::vec![byte]), 100);
        }
        out
    }

    fn send_all(out: &mut Outgoing, to: ProcId, now: Instant) -> Vec<u64> {
        core::iter::from_fn(|| out.next(now, to, 100).map(|next| next.sequence)).collect()
    }

    #[test]
    fn a_frame_is_kept_until_every_peer_has_it() {
        let mut out = filled(3);
        assert_eq!(send_all(&mut out, peer(1), at(0)), [0, 1, 2]);
        send_all(&mut out, peer(2), at(0));
        out.acked(at(1), peer(1), 3, &[]);
        assert_eq!(out.settled(), 0);
        out.acked(at(1), peer(2), 2, &[]);
        assert_eq!(out.settled(), 2);
        assert_eq!(out.behind(), [peer(2)]);
    }

    #[test]
    fn what_three_later_frames_overtook_is_sent_again_to_that_peer_alone() {
        let mut out = filled(6);
        send_all(&mut out, peer(1), at(0));
        send_all(&mut out, peer(2), at(0));
        let acked = out.acked(at(1), peer(1), 1, &[(2, 5)]);
        assert!(acked.lost);
        assert_eq!(send_all(&mut out, peer(1), at(2)), [1]);
        assert_eq!(send_all(&mut out, peer(2), at(2)), []);
    }

    #[test]
    fn what_is_overdue_is_sent_again() {
        let mut out = filled(2);
        send_all(&mut out, peer(1), at(0));
        assert_eq!(out.flying(peer(1)), 4);
        assert_eq!(out.overdue(peer(1), at(0)), 4);
        assert_eq!(send_all(&mut out, peer(1), at(50)), [0, 1]);
        assert_eq!(out.overdue(peer(1), at(49)), 0);
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_sent_changes_nothing() {
        let mut out = filled(2);
        out.next(at(0), peer(1), 100);
        assert_eq!(out.acked(at(1), peer(1), 2, &[]), Acked::default());
        assert_eq!(out.acked(at(1), peer(1), 0, &[(1, 9)]), Acked::default());
        assert_eq!(out.flying(peer(1)), 2);
    }
}
