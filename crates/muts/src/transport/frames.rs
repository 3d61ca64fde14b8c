//! Frames: what a datagram of a peer holds, and to which channel each part goes.

use bytes::Bytes;

use super::Transport;
use crate::header::{DATAGRAM_HEADER_BYTES, Frame, UNICAST};
use crate::incoming::Taken;
use crate::interface::{Channel, Up};
use crate::link::Early;
use crate::message::Message;
use crate::process::ProcId;
use crate::time::Instant;

impl Transport {
    pub(super) fn hear_frames(&mut self, now: Instant, peer: ProcId, bytes: &Bytes) {
        let mut rest = &bytes[DATAGRAM_HEADER_BYTES..];
        while !rest.is_empty() {
            match Frame::read(&mut rest) {
                Ok(frame) => self.hear_frame(now, peer, frame, bytes),
                Err(_) => {
                    self.counters.dropped_malformed += 1;
                    break;
                }
            }
        }
    }

    pub(super) fn hear_frame(
        &mut self,
        now: Instant,
        peer: ProcId,
        frame: Frame<'_>,
        datagram: &Bytes,
    ) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match frame {
            Frame::Beat { number, bytes, ends } => {
                if number > link.beat_heard {
                    link.beat_heard = number;
                    let bytes = datagram.slice_ref(bytes);
                    self.told.push_back(Up::Beat { from: peer, bytes });
                }
                for (channel, end) in ends {
                    self.hear_end(now, peer, channel, end);
                }
            }
            Frame::Tell(bytes) => self.hear_tell(peer, &datagram.slice_ref(bytes)),
            Frame::Part { id, index, count, bytes } => {
                let whole = link.take_part(id, index, count, datagram.slice_ref(bytes));
                if let Some(whole) = whole {
                    self.hear_tell(peer, &whole);
                }
            }
            Frame::Data { channel, sequence, flags, bytes } => {
                self.counters.frames_received += 1;
                let bytes = datagram.slice_ref(bytes);
                self.hear_data(now, peer, Early { channel, sequence, flags, bytes });
            }
            Frame::Ack { channel, below, ranges } => {
                self.hear_ack(now, peer, channel, below, &ranges);
            }
            Frame::Probe => link.errands.answer = true,
            Frame::Answer => {}
        }
    }

    pub(super) fn hear_tell(&mut self, from: ProcId, bytes: &Bytes) {
        match Message::read(bytes) {
            Ok(message) => self.told.push_back(Up::Tell { from, message }),
            Err(_) => self.counters.dropped_malformed += 1,
        }
    }

    pub(super) fn hear_end(&mut self, now: Instant, peer: ProcId, channel: Channel, end: u64) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let incoming = match channel {
            UNICAST => Some(&mut link.receives),
            _ => self.channels.get_mut(&channel).and_then(|open| open.ins.get_mut(&peer)),
        };
        if let Some(incoming) = incoming {
            incoming.hear_end(now, end);
            if let Some(due) = incoming.ack_due() {
                link.owe_ack(channel, due);
            }
        }
    }

    pub(super) fn hear_data(&mut self, now: Instant, peer: ProcId, frame: Early) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let channel = frame.channel;
        let incoming = match channel {
            UNICAST => &mut link.receives,
            _ => match self.channels.get_mut(&channel) {
                Some(open) => match open.ins.get_mut(&peer) {
                    Some(incoming) => incoming,
                    None => return,
                },
                None if self.closed.contains(&channel) => return,
                None => {
                    self.counters.dropped_early += link.keep_early(frame);
                    return;
                }
            },
        };
        let mut seq = incoming.messages();
        match incoming.take(now, frame.sequence, frame.flags, frame.bytes) {
            Ok(Taken::New(messages)) => {
                for message in messages {
                    self.told.push_back(match channel {
                        UNICAST => Up::Send { from: peer, message },
                        _ => Up::Cast { channel, from: peer, seq, message },
                    });
                    seq += 1;
                }
            }
            Ok(Taken::Duplicate) => self.counters.dropped_duplicate += 1,
            Ok(Taken::Beyond) => self.counters.dropped_window += 1,
            Err(_) => self.counters.dropped_malformed += 1,
        }
        if let Some(due) = incoming.ack_due() {
            link.owe_ack(channel, due);
        }
    }

    pub(super) fn hear_ack(
        &mut self,
        now: Instant,
        peer: ProcId,
        channel: Channel,
        below: u64,
        ranges: &[(u64, u64)],
    ) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let out = match channel {
            UNICAST => &mut link.sends,
            _ => match self.channels.get_mut(&channel) {
                Some(open) => &mut open.out,
                None => return,
            },
        };
        let mut acked = out.acked(now, peer, below, ranges);
        if below == 0 && ranges.is_empty() {
            acked.bytes += out.begins_to_listen(peer, now);
        }
        let (waits, behind) = (out.waits_for(peer), out.behind().contains(&peer));
        link.flying -= acked.bytes.min(link.flying);
        if let Some(sample) = acked.round_trip {
            link.tempo.round_trip(sample);
        }
        if acked.lost {
            link.tempo.lost(now);
        } else if acked.bytes > 0 {
            link.tempo.acknowledged(acked.bytes);
        }
        if link.flying == 0 {
            link.resend_due = None;
        } else if acked.bytes > 0 {
            // Only progress puts it off: a peer that keeps saying the same lacks something.
            link.resend_due = Some(now + link.tempo.patience());
        }
        if !behind {
            link.behind.remove(&channel);
        }
        if waits {
            link.make_ready(channel);
        }
        if channel == UNICAST {
            let frame_bytes = self.frame_bytes();
            let link = self.links.get_mut(&peer).expect("looked up above");
            if link.refill(frame_bytes) {
                self.told.push_back(Up::Room { channel });
            }
            return;
        }
        self.note_settled(channel);
    }

    pub(super) fn note_settled(&mut self, channel: Channel) {
        let Some(open) = self.channels.get_mut(&channel) else { return };
        let below = open.out.settled();
        if below > open.settled {
            open.settled = below;
            self.told.push_back(Up::Settled { channel, below });
        }
        if open.out.owes_room && open.out.has_half() {
            open.out.owes_room = false;
            self.told.push_back(Up::Room { channel });
        }
    }
}
