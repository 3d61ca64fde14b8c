//! Asks: what the floor above wants of channels and peers.

use alloc::vec::Vec;

use bytes::Bytes;

use super::Transport;
use crate::channel::Open;
use crate::header::{DATAGRAM_HEADER_BYTES, Frame};
use crate::interface::{Channel, Down};
use crate::layer::Full;
use crate::limits::{BEAT_BYTES_MAX, CLOSED_MAX, MESSAGE_BYTES_MAX};
use crate::message::Message;
use crate::process::ProcId;
use crate::time::Instant;

impl Transport {
    pub(super) fn open(&mut self, now: Instant, channel: Channel, peers: &[ProcId]) {
        let mut open = Open::new(peers);
        let mut early = Vec::new();
        for peer in peers {
            let Some(link) = self.links.get_mut(peer) else { continue };
            let incoming = open.ins.get_mut(peer).expect("just opened");
            incoming.announce(now);
            link.owe_ack(channel, now);
            early.extend(link.take_early(channel).into_iter().map(|frame| (*peer, frame)));
        }
        self.closed.retain(|closed| *closed != channel);
        self.channels.insert(channel, open);
        for peer in peers {
            self.rouse(*peer);
        }
        for (peer, frame) in early {
            self.hear_data(now, peer, frame);
        }
    }

    pub(super) fn close(&mut self, channel: Channel) {
        let Some(open) = self.channels.remove(&channel) else { return };
        for peer in open.peers() {
            if let Some(link) = self.links.get_mut(&peer) {
                link.behind.remove(&channel);
                link.errands.acks.remove(&channel);
                link.flying -= open.out.flying(peer).min(link.flying);
                link.take_early(channel);
            }
            self.rouse(peer);
        }
        self.closed.push_back(channel);
        if self.closed.len() > CLOSED_MAX {
            self.closed.pop_front();
        }
    }

    pub(super) fn cast(&mut self, channel: Channel, message: Message) -> Result<(), Full<Down>> {
        let frame_bytes = self.frame_bytes();
        let Some(open) = self.channels.get_mut(&channel) else { return Ok(()) };
        if message.len() > MESSAGE_BYTES_MAX {
            self.counters.dropped_too_long += 1;
            return Ok(());
        }
        if !open.out.has_room(message.len(), frame_bytes) {
            open.out.owes_room = true;
            return Err(Full(Down::Cast { channel, message }));
        }
        open.out.put(&message, frame_bytes);
        for peer in open.peers() {
            if let Some(link) = self.links.get_mut(&peer) {
                link.make_ready(channel);
            }
            self.rouse(peer);
        }
        self.note_settled(channel);
        Ok(())
    }

    pub(super) fn send(&mut self, to: ProcId, message: Message) -> Result<(), Full<Down>> {
        let frame_bytes = self.frame_bytes();
        let Some(link) = self.links.get_mut(&to) else { return Ok(()) };
        if message.len() > MESSAGE_BYTES_MAX {
            self.counters.dropped_too_long += 1;
            return Ok(());
        }
        let sent = link.send(message, frame_bytes);
        self.rouse(to);
        sent.map_err(|message| Full(Down::Send { to, message }))
    }

    pub(super) fn tell(&mut self, to: ProcId, change: bool, message: &Message) {
        let room = self.config.datagram_bytes_max - DATAGRAM_HEADER_BYTES;
        let Some(link) = self.links.get_mut(&to).filter(|link| link.met) else { return };
        let mut whole = Vec::new();
        message.write(&mut whole);
        let mut frame = Vec::with_capacity(whole.len() + 4);
        Frame::Tell(&whole).write(&mut frame);
        let frames = if frame.len() <= room {
            alloc::vec![frame]
        } else {
            link.tells_cut += 1;
            // Kind, three numbers and a length.
            let piece = room - 34;
            let count = whole.len().div_ceil(piece) as u64;
            let parts = whole.chunks(piece).zip(0..).map(|(bytes, index)| {
                let mut frame = Vec::with_capacity(bytes.len() + 34);
                Frame::Part { id: link.tells_cut, index, count, bytes }.write(&mut frame);
                frame
            });
            parts.collect()
        };
        if !link.tell(frames, change) {
            self.counters.dropped_tells += 1;
        }
        self.rouse(to);
    }

    pub(super) fn beat(&mut self, to: ProcId, bytes: Bytes) {
        if bytes.len() > BEAT_BYTES_MAX.min(self.frame_bytes() / 2) {
            self.counters.dropped_too_long += 1;
        } else if let Some(link) = self.links.get_mut(&to) {
            link.beat_bytes = bytes;
        }
    }
}
