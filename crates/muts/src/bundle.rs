//! Bundle: what waits for one peer travels together, control before acknowledgements before data.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::channel::Open;
use crate::counters::Counters;
use crate::header::{
    ACK_NOW, DATA, Ends, FRAME_HEADER_BYTES_MAX, Frame, UNICAST, VERSION, write_data_header,
};
use crate::interface::Channel;
use crate::limits::BEAT_ENDS_MAX;
use crate::link::Link;
use crate::outgoing::Outgoing;
use crate::process::ProcId;
use crate::time::Instant;
use crate::wire::Wire;

/// What a datagram is filled from.
pub(crate) struct Bundle<'a> {
    pub(crate) now: Instant,
    pub(crate) room: usize,
    pub(crate) channels: &'a mut BTreeMap<Channel, Open>,
    pub(crate) counters: &'a mut Counters,
}

impl Bundle<'_> {
    /// The next datagram for this peer, if there is anything to say.
    pub(crate) fn fill(&mut self, link: &mut Link) -> Option<Vec<u8>> {
        let theirs = link.theirs?;
        let mut bytes = Vec::with_capacity(self.room);
        bytes.extend_from_slice(&[VERSION, DATA]);
        theirs.write(&mut bytes);
        let empty = bytes.len();
        self.errands(link, &mut bytes);
        let acks_due = link.errands.ack_due.is_some_and(|due| due <= self.now);
        let data = link.takes_data() && !link.ready.is_empty();
        if acks_due || data {
            self.acknowledge(link, &mut bytes);
        }
        self.data(link, &mut bytes);
        (bytes.len() > empty).then_some(bytes)
    }

    fn errands(&mut self, link: &mut Link, bytes: &mut Vec<u8>) {
        if core::mem::take(&mut link.errands.beat) {
            link.beats_sent += 1;
            self.counters.beats_sent += 1;
            let ends = self.ends(link);
            let number = link.beats_sent;
            Frame::Beat { number, bytes: &link.beat_bytes, ends }.write(bytes);
        }
        if core::mem::take(&mut link.errands.probe) {
            self.counters.probes_sent += 1;
            Frame::Probe.write(bytes);
        }
        if core::mem::take(&mut link.errands.answer) {
            Frame::Answer.write(bytes);
        }
        let mut of_change = false;
        while let Some((tell, change)) = link.errands.tells.front() {
            // A frame is never longer than an empty datagram, so the first always goes.
            if bytes.len() + tell.len() > self.room && bytes.len() > 6 {
                break;
            }
            bytes.extend_from_slice(tell);
            of_change |= change;
            link.errands.tells.pop_front();
            self.counters.tells_sent += 1;
        }
        self.counters.datagrams_of_change += u64::from(of_change);
    }

    /// Where the streams end of which the peer lacks something: so a lost tail is found.
    fn ends(&self, link: &Link) -> Ends {
        let ends = link.behind.iter().filter_map(|channel| {
            let end = match *channel {
                UNICAST => link.sends.end(),
                _ => self.channels.get(channel)?.out.end(),
            };
            Some((*channel, end))
        });
        ends.take(BEAT_ENDS_MAX).collect()
    }

    fn acknowledge(&mut self, link: &mut Link, bytes: &mut Vec<u8>) {
        while let Some(channel) = link.errands.acks.first().copied() {
            let incoming = match channel {
                UNICAST => Some(&mut link.receives),
                _ => self.channels.get_mut(&channel).and_then(|open| open.ins.get_mut(&link.peer)),
            };
            if let Some(incoming) = incoming {
                let at_once = incoming.ack_due().is_some_and(|due| due <= self.now);
                let (below, ranges) = incoming.acknowledge();
                let start = bytes.len();
                Frame::Ack { channel, below, ranges }.write(bytes);
                if bytes.len() > self.room {
                    bytes.truncate(start);
                    incoming.announce(self.now);
                    return;
                }
                self.counters.acks_sent += 1;
                self.counters.acks_at_once += u64::from(at_once);
            }
            link.errands.acks.pop_first();
        }
        link.errands.ack_due = None;
    }

    /// One frame of each channel in turn, while there is room here and under way.
    fn data(&mut self, link: &mut Link, bytes: &mut Vec<u8>) {
        while link.takes_data()
            && let Some(channel) = link.ready.pop_front()
        {
            let peer = link.peer;
            let out = match channel {
                UNICAST => Some(&mut link.sends),
                _ => self.channels.get_mut(&channel).map(|open| &mut open.out),
            };
            let Some(out) = out else { continue };
            let room = self.room.saturating_sub(bytes.len() + FRAME_HEADER_BYTES_MAX);
            let Some(length) = frame(self.now, self.counters, out, (peer, channel), room, bytes)
            else {
                if out.waits_for(peer) {
                    link.ready.push_front(channel);
                    break;
                }
                continue;
            };
            if out.waits_for(peer) {
                link.ready.push_back(channel);
            }
            link.flying += length;
            if link.resend_due.is_none() {
                link.resend_due = Some(self.now + link.tempo.patience());
            }
        }
    }
}

/// Writes the next frame for this peer, if it is at most `room` bytes. Answers its bytes.
fn frame(
    now: Instant,
    counters: &mut Counters,
    out: &mut Outgoing,
    to: (ProcId, Channel),
    room: usize,
    bytes: &mut Vec<u8>,
) -> Option<usize> {
    let (peer, channel) = to;
    let next = out.next(now, peer, room)?;
    // The last of what waits asks for an answer: nothing behind it would bring one.
    let flags = next.piece.flags | if next.dry { ACK_NOW } else { 0 };
    let length = next.piece.len();
    write_data_header(bytes, channel, next.sequence, flags, length);
    bytes.extend_from_slice(&next.piece.head);
    bytes.extend_from_slice(&next.piece.body);
    counters.frames_sent += 1;
    counters.frames_resent += u64::from(next.again);
    Some(length)
}
