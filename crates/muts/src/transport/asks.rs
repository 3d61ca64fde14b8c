//! Asks: what the floor above wants of channels and peers.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Pen, Transport};
use crate::channel::Open;
use crate::header::{
    DATAGRAM_HEADER_BYTES, Frame, PART_HEADER_BYTES_MAX, SMALL_FRAME_BYTES_MAX,
    TELL_HEADER_BYTES_MAX, UNICAST, write_tell_header,
};
use crate::interface::{Audience, Channel, Down, Up};
use crate::layer::Full;
use crate::limits::{BEAT_BYTES_MAX, DATAGRAM_BYTES_SAFE, MESSAGE_BYTES_MAX, PEERS_MAX};
use crate::message::Message;
use crate::process::ProcId;
use crate::time::Instant;

impl Transport {
    pub(super) fn open(
        &mut self,
        now: Instant,
        channel: Channel,
        peers: Vec<ProcId>,
        credit: bool,
    ) {
        assert!(peers.len() <= PEERS_MAX, "a channel of {} peers", peers.len());
        assert!(channel != UNICAST, "channel 0 is that of sends to one peer");
        let others: BTreeSet<ProcId> = peers.iter().copied().collect();
        let once = others.len() == peers.len() && !others.contains(&self.config.me);
        assert!(once, "the peers of a channel are others, each once");
        // Opened anew it is another: nothing of the one before is on its way any more.
        self.close(channel);
        self.closed.names.remove(&channel);
        let opened = Open::new(peers.clone(), credit, &self.config.tuning);
        self.channels.insert(channel, Box::new(opened));
        for (place, peer) in peers.into_iter().enumerate() {
            let Some(link) = self.links.get_mut(&peer) else { continue };
            if let Some(open) = self.channels.get_mut(&channel) {
                open.out.receiver(place).hears = link.reach.hears();
            }
            link.errands.credits.insert(channel);
            if let Some(early) = link.early.take(channel) {
                self.hear_early(now, peer, channel, early);
            }
            self.rouse(peer);
        }
    }

    pub(super) fn close(&mut self, channel: Channel) {
        if self.pen_of == Some(Pen::Channel(channel)) {
            self.adopt_pen();
        }
        let Some(open) = self.channels.remove(&channel) else { return };
        for peer in open.peers {
            if let Some(link) = self.links.get_mut(&peer) {
                link.unready(channel);
                link.errands.credits.remove(&channel);
                link.errands.skips.remove(&channel);
                link.early.take(channel);
            }
        }
        self.closed.insert(channel);
    }

    /// Nothing more goes to a peer on a channel; answers whether anything could so far.
    pub(super) fn omit(&mut self, channel: Channel, peer: ProcId) -> bool {
        if self.pen_of == Some(Pen::Channel(channel)) {
            self.adopt_pen();
        }
        let Some(open) = self.channels.get_mut(&channel) else { return false };
        let Some(place) = open.place(peer).filter(|place| !open.out.is_gone(*place)) else {
            return false;
        };
        open.out.gone(place);
        if let Some(link) = self.links.get_mut(&peer) {
            link.unready(channel);
        }
        self.note_settled(channel);
        self.rouse_hall();
        true
    }

    /// What gathers in the pen goes where it belongs.
    pub(super) fn adopt_pen(&mut self) {
        let out = match self.pen_of.take() {
            None => return,
            Some(Pen::Channel(channel)) => {
                self.channels.get_mut(&channel).map(|open| &mut open.out)
            }
            Some(Pen::Process(peer)) => self.links.get_mut(&peer).map(|link| &mut link.sends),
        };
        match out {
            Some(out) => out.adopt(&mut self.pen),
            None => drop(self.pen.split()),
        }
    }

    fn take_pen(&mut self, pen: Pen) {
        if self.pen_of != Some(pen) {
            self.adopt_pen();
            self.pen_of = Some(pen);
        }
    }

    pub(super) fn cast(
        &mut self,
        now: Instant,
        channel: Channel,
        to: Audience,
        message: Message,
    ) -> Result<(), Full<Down>> {
        let open = self.channels.get_mut(&channel);
        let Some(open) = open.filter(|open| !open.out.has_room(&message)) else {
            return self.press(now, channel, to, message);
        };
        open.out.owes_room = true;
        self.counters.window_full += 1;
        // What has to come before there is room does not wait for company.
        let passing = (0..open.peers.len()).filter(|place| open.out.passes(*place));
        for peer in passing.map(|place| open.peers[place]).collect::<Vec<_>>() {
            if let Some(link) = self.links.get_mut(&peer) {
                link.make_ready(channel);
                self.rouse(peer);
            }
        }
        Err(Full(Down::Cast { channel, to, message }))
    }

    pub(super) fn press(
        &mut self,
        now: Instant,
        channel: Channel,
        to: Audience,
        message: Message,
    ) -> Result<(), Full<Down>> {
        if message.len() > MESSAGE_BYTES_MAX {
            self.tell_too_long(channel, message.len());
            return Ok(());
        }
        self.take_pen(Pen::Channel(channel));
        let Some(open) = self.channels.get_mut(&channel) else {
            self.counters.dropped_unopened += 1;
            return Ok(());
        };
        // Links that have something of this channel before them are on their way to this too.
        let mut idle = Audience::NONE;
        let places = 0..open.peers.len();
        let ways = places
            .clone()
            .filter(|at| !open.out.waits_for(*at) || open.out.passes(*at) && to.has(*at));
        ways.for_each(|at| idle.insert(at));
        open.out.put(&mut self.pen, to, &message);
        if open.out.waiting() == 0 {
            self.note_settled(channel);
        }
        for place in places.filter(|place| idle.has(*place)) {
            let Some(open) = self.channels.get_mut(&channel) else { break };
            let (peer, passes) = (open.peers[place], open.out.may_pass(place, to.has(place)));
            let Some(link) = self.links.get_mut(&peer) else { continue };
            if passes {
                link.errands.skip(channel, now + open.out.patience(place));
                self.reschedule(peer);
            } else {
                link.make_ready(channel);
                self.rouse(peer);
            }
        }
        Ok(())
    }

    pub(super) fn taken(&mut self, channel: Channel, from: ProcId, bytes: u64) {
        let Some(open) = self.channels.get_mut(&channel) else { return };
        let Some(place) = open.place(from) else { return };
        let incoming = &mut open.ins[place];
        incoming.taken(bytes);
        if incoming.owes_credit()
            && let Some(link) = self.links.get_mut(&from)
        {
            link.errands.credits.insert(channel);
            self.rouse(from);
        }
    }

    fn tell_too_long(&mut self, channel: Channel, bytes: usize) {
        self.counters.dropped_too_long += 1;
        self.told.push_back(Up::TooLong { channel, bytes });
    }

    pub(super) fn send(&mut self, to: ProcId, message: Message) -> Result<(), Full<Down>> {
        if message.len() > MESSAGE_BYTES_MAX {
            self.tell_too_long(UNICAST, message.len());
            return Ok(());
        }
        self.take_pen(Pen::Process(to));
        let Some(link) = self.links.get_mut(&to) else {
            self.counters.dropped_unlinked += 1;
            return Ok(());
        };
        if !link.sends.has_room(&message) {
            link.sends.owes_room = true;
            self.counters.window_full += 1;
            return Err(Full(Down::Send { to, message }));
        }
        link.sends.put(&mut self.pen, Audience::ALL, &message);
        link.make_ready(UNICAST);
        self.rouse(to);
        Ok(())
    }

    pub(super) fn tell(&mut self, to: ProcId, change: bool, message: &Message) {
        // Every path carries this, also one that has become shorter by the time it goes out.
        let longest = self.config.datagram_bytes_max.min(DATAGRAM_BYTES_SAFE);
        let room = longest - DATAGRAM_HEADER_BYTES;
        let Some(link) = self.links.get_mut(&to).filter(|link| link.met) else { return };
        let told = if message.len() + TELL_HEADER_BYTES_MAX <= room {
            let mut frame = Vec::with_capacity(message.len() + TELL_HEADER_BYTES_MAX);
            write_tell_header(&mut frame, message.len());
            message.write(&mut frame);
            link.tell(core::iter::once(frame), change)
        } else {
            let mut whole = Vec::with_capacity(message.len());
            message.write(&mut whole);
            link.tells_cut += 1;
            let (id, piece) = (link.tells_cut, room - PART_HEADER_BYTES_MAX);
            let count = whole.len().div_ceil(piece) as u64;
            let mut parts = Vec::new();
            for (index, bytes) in (0..).zip(whole.chunks(piece)) {
                let mut frame = Vec::with_capacity(bytes.len() + PART_HEADER_BYTES_MAX);
                Frame::Part { id, index, count, bytes }.write(&mut frame);
                parts.push(frame);
            }
            link.tell(parts.into_iter(), change)
        };
        self.counters.dropped_tells += u64::from(!told);
        self.rouse(to);
    }

    pub(super) fn beat(&mut self, now: Instant, to: ProcId, bytes: Bytes, soon: bool) {
        let room = self.config.datagram_bytes_max.min(DATAGRAM_BYTES_SAFE);
        if bytes.len() > BEAT_BYTES_MAX.min(room - DATAGRAM_HEADER_BYTES - SMALL_FRAME_BYTES_MAX) {
            self.counters.dropped_too_long += 1;
        } else if let Some(link) = self.links.get_mut(&to) {
            link.beats.carry(bytes);
            if soon && link.met && !link.silence.is_silent() {
                link.beats.hurry(now);
                link.errands.beat |= link.beats.due() <= now;
                self.rouse(to);
            }
        }
    }
}
