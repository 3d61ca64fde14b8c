//! Bundle: what waits for one peer travels together, control before acknowledgements before data.

mod shared;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytes::Bytes;

pub(crate) use self::shared::Sharers;
use crate::blocks::Blocks;
use crate::channel::Open;
use crate::counters::Counters;
use crate::flight::Item;
use crate::header::{
    DATA, DATA_HEADER_BYTES_MAX, DATAGRAM_HEADER_BYTES, Frame, SMALL_FRAME_BYTES_MAX, UNICAST,
    write_data_header, write_seen,
};
use crate::interface::Channel;
use crate::layer::Parts;
use crate::limits::{COPIED_BYTES_MAX, PARTS_MAX};
use crate::link::Link;
use crate::outgoing::{Next, Outgoing};
use crate::time::Instant;
use crate::wire::{Sink, Wire};

/// Rooms smaller than this are not worth another frame of a stream.
const ROOM_MIN: usize = DATA_HEADER_BYTES_MAX + 42;

/// The most that an acknowledgement takes.
const ACK_BYTES_MAX: usize = 160;

/// What datagrams are filled from.
pub(crate) struct Bundle<'a> {
    pub(crate) now: Instant,
    pub(crate) channels: &'a mut BTreeMap<Channel, Box<Open>>,
    pub(crate) counters: &'a mut Counters,
    /// Where headers and short runs are written.
    pub(crate) blocks: &'a mut Blocks,
    /// What sealing adds to a datagram.
    pub(crate) overhead: usize,
    /// What peers have to know to hear the hall.
    pub(crate) hall: Option<(u32, [u8; 32])>,
    /// What the datagram under way carries.
    pub(crate) items: &'a mut Vec<Item>,
}

/// A datagram under way.
struct Sheet {
    parts: Parts,
    /// Bytes in the parts.
    bytes: usize,
    room: usize,
    /// It asks for an acknowledgement at once.
    at_once: bool,
}

impl Bundle<'_> {
    /// The next datagram for this peer, if there is anything to say.
    /// Its streams go in it only if they are to.
    pub(crate) fn fill(&mut self, link: &mut Link, data: bool) -> Option<Parts> {
        let theirs = link.sessions.current()?.theirs;
        // What asks for an answer would be kept for as long as there is none.
        let silent = link.silence.is_silent();
        let try_length = if link.met && !silent { link.path.try_now(self.now) } else { None };
        let errands = if silent { link.errands.press_on() } else { link.errands.press(self.now) };
        let press = errands || data || try_length.is_some();
        let ack = link.tempo.due().filter(|due| press || *due <= self.now);
        if !press && ack.is_none() {
            return None;
        }
        self.items.clear();
        let room = link.path.length() - self.overhead;
        let mut sheet = Sheet { parts: Parts::new(), bytes: 0, room, at_once: false };
        let try_length = try_length.map(|length| length - self.overhead);
        let into = self.blocks.room(try_length.unwrap_or(room));
        into.push(DATA);
        theirs.write(into);
        link.flight.next().write(into);
        if let Some(length) = try_length {
            self.fill_up(&mut sheet, length);
        } else {
            self.errands(link, &mut sheet);
            if ack.is_some() {
                self.acknowledge(link, &sheet);
            }
            if !silent {
                self.owed(link, &mut sheet);
            }
            if data {
                self.streams(link, &mut sheet);
            }
        }
        self.close(link, sheet)
    }

    fn left(&self, sheet: &Sheet) -> usize {
        sheet.room.saturating_sub(sheet.bytes + self.blocks.len())
    }

    /// Everything that is written is a part of its own.
    fn seal(&mut self, sheet: &mut Sheet) {
        if !self.blocks.is_empty() {
            let bytes = self.blocks.split();
            sheet.bytes += bytes.len();
            sheet.parts.push(bytes);
        }
    }

    /// Nothing but a length that the path may carry.
    fn fill_up(&mut self, sheet: &mut Sheet, length: usize) {
        sheet.room = length;
        self.items.push(Item::Length(length + self.overhead));
        let into = self.blocks.room(0);
        Frame::Now.write(into);
        into.resize(length, 0);
    }

    fn errands(&mut self, link: &mut Link, sheet: &mut Sheet) {
        if core::mem::take(&mut link.errands.beat) || link.met && link.beats.due() <= self.now {
            self.counters.beats_sent += 1;
            let fits = self.left(sheet) > link.beats.len() + SMALL_FRAME_BYTES_MAX;
            let (number, bytes) = link.beats.next(self.now);
            if fits {
                Frame::Beat { number, bytes }.write(self.blocks.room(0));
            } else {
                self.counters.dropped_too_long += 1;
            }
        }
        if core::mem::take(&mut link.errands.probe) {
            self.counters.probes_sent += 1;
            if !link.silence.is_silent() {
                self.items.push(Item::Probe);
            }
            Frame::Now.write(self.blocks.room(0));
            sheet.at_once = true;
        }
        if core::mem::take(&mut link.errands.farewell) {
            Frame::Farewell.write(self.blocks.room(0));
        }
        let mut of_change = false;
        while let Some((tell, change)) = link.errands.tells.front() {
            let empty = sheet.bytes + self.blocks.len() == DATAGRAM_HEADER_BYTES;
            if tell.len() > self.left(sheet) && !empty {
                break;
            }
            if tell.len() <= self.left(sheet) {
                self.blocks.room(0).extend_from_slice(tell);
                self.counters.tells_sent += 1;
                of_change |= change;
            } else {
                self.counters.dropped_tells += 1;
            }
            link.errands.tells.pop_front();
        }
        self.counters.datagrams_of_change += u64::from(of_change);
    }

    fn acknowledge(&mut self, link: &mut Link, sheet: &Sheet) {
        if self.left(sheet) < ACK_BYTES_MAX {
            return;
        }
        let at_once = link.tempo.due().is_some_and(|due| due <= self.now);
        let delay = link.tempo.acknowledge(self.now);
        let delay_us = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        write_seen(self.blocks.room(0), delay_us, &link.seen);
        self.counters.acks_sent += 1;
        self.counters.acks_at_once += u64::from(at_once);
    }

    /// What the peer has to know of channels besides what is sent on them.
    fn owed(&mut self, link: &mut Link, sheet: &mut Sheet) {
        self.tell_hall(link, sheet);
        while let Some(channel) = link.errands.gone.first().copied() {
            if self.left(sheet) < SMALL_FRAME_BYTES_MAX {
                return;
            }
            link.errands.gone.remove(&channel);
            self.items.push(Item::Gone { channel });
            Frame::Gone { channel }.write(self.blocks.room(0));
        }
        while let Some(channel) = link.errands.credits.first().copied() {
            if self.left(sheet) < SMALL_FRAME_BYTES_MAX {
                return;
            }
            link.errands.credits.remove(&channel);
            let incoming = match channel {
                UNICAST => Some(&mut link.receives),
                _ => self.channels.get_mut(&channel).and_then(|open| {
                    let place = open.place(link.peer)?;
                    Some(&mut open.ins[place])
                }),
            };
            let Some(incoming) = incoming else { continue };
            let limit = incoming.limit();
            incoming.limit_told = incoming.limit_told.max(limit);
            self.items.push(Item::Credit { channel });
            Frame::Credit { channel, limit }.write(self.blocks.room(0));
        }
    }

    fn streams(&mut self, link: &mut Link, sheet: &mut Sheet) {
        let (mut nearly_full, mut first, mut told) = (false, true, false);
        while self.left(sheet) >= ROOM_MIN
            && let Some(channel) = link.next_ready()
        {
            let (place, out) = match channel {
                UNICAST => (0, Some(&mut link.sends)),
                _ => match self.channels.get_mut(&channel) {
                    Some(open) => match open.place(link.peer) {
                        Some(place) => (place, Some(&mut open.out)),
                        None => (0, None),
                    },
                    None => (0, None),
                },
            };
            let Some(out) = out else {
                link.unready(channel);
                continue;
            };
            // The first was looked at already.
            if !core::mem::take(&mut first) && out.shares(place) {
                break;
            }
            link.served = channel;
            nearly_full |= out.is_nearly_full();
            let written = sheet.bytes + self.blocks.len();
            let room = sheet.room - written - DATA_HEADER_BYTES_MAX;
            if let Some(next) = out.next(place, room) {
                told |= matches!(next, Next::Data { .. });
                frame(self.blocks, self.counters, sheet, self.items, out, (channel, next));
            } else {
                self.counters.credit_waits += u64::from(out.lacks_credit(place));
            }
            if !out.waits_for(place) {
                link.unready(channel);
            }
        }
        // Who passes something over answers nothing.
        let waits = nearly_full || told && waits(link);
        if waits && !self.items.is_empty() && self.left(sheet) > 0 {
            Frame::Now.write(self.blocks.room(0));
            sheet.at_once = true;
            self.counters.asked_at_once += 1;
        }
    }

    /// The datagram as it goes out: numbered, and of full length if more comes behind it. None if
    /// there was nothing to put into it after all.
    fn close(&mut self, link: &mut Link, mut sheet: Sheet) -> Option<Parts> {
        if sheet.bytes + self.blocks.len() == DATAGRAM_HEADER_BYTES {
            self.blocks.split();
            return None;
        }
        let left = self.left(&sheet);
        if left > 0 && left < ROOM_MIN && !link.is_dry() {
            let length = self.blocks.len() + left;
            self.blocks.room(left).resize(length, 0);
        }
        self.seal(&mut sheet);
        link.flight.send(self.now, sheet.bytes, self.items);
        if sheet.at_once {
            link.flight.ask_at_once();
        }
        if !self.items.is_empty() {
            link.pace.sent(sheet.bytes);
        }
        Some(sheet.parts)
    }
}

/// Who waits asks: one message alone, or as much under way as nearly fills the link.
fn waits(link: &Link) -> bool {
    let alone = link.flight.bytes() == 0 && link.is_dry();
    alone || link.flight.bytes() >= link.pace.window() / 4 * 3
}

/// Writes one frame of a stream: long runs stay where they lie, short ones are copied.
fn frame(
    blocks: &mut Blocks,
    counters: &mut Counters,
    sheet: &mut Sheet,
    items: &mut Vec<Item>,
    out: &Outgoing,
    (channel, next): (Channel, Next),
) {
    counters.frames_sent += 1;
    let (from, to, again) = match next {
        Next::Skip { from, to, below, again, .. } => {
            let length = to - from;
            Frame::Skip { channel, offset: from, length, below }.write(blocks.room(0));
            counters.skips_sent += 1;
            (from, to, again)
        }
        Next::Data { from, to, again } => {
            write_data_header(blocks.room(0), channel, from, (to - from) as usize);
            for piece in out.pieces(from, to) {
                attach(blocks, sheet, piece);
            }
            (from, to, again)
        }
    };
    counters.frames_resent += u64::from(again);
    items.push(Item::Stream { channel, from, to });
}

fn attach(blocks: &mut Blocks, sheet: &mut Sheet, piece: Bytes) {
    // A part for what is written, one for this, one for what comes behind.
    if piece.len() <= COPIED_BYTES_MAX || sheet.parts.len() + 3 > PARTS_MAX {
        blocks.room(0).extend_from_slice(&piece);
        return;
    }
    for part in [blocks.split(), piece].into_iter().filter(|part| !part.is_empty()) {
        sheet.bytes += part.len();
        sheet.parts.push(part);
    }
}
