//! Frames: what a datagram of a peer holds, and to which channel each part goes.

use bytes::Bytes;

use super::{Transport, read_envelope};
use crate::blocks::Blocks;
use crate::early::Early;
use crate::header::{DATAGRAM_HEADER_BYTES, Frame, UNICAST};
use crate::incoming::{Fate, Run, Told};
use crate::interface::{Channel, Up};
use crate::layer::Packet;
use crate::limits::{GONE_WAITING_MAX, KEPT_APART_BYTES, UNASKED_BYTES};
use crate::link::Link;
use crate::message::Message;
use crate::parts::Parts;
use crate::process::ProcId;
use crate::time::Instant;

/// What the frames of a datagram ask of whoever acknowledges it.
#[derive(Debug, Default)]
struct Asked {
    /// Something in it has to come.
    answer: bool,
    at_once: bool,
    /// Something in it could not be taken: it has to come again.
    refused: bool,
    /// Our end, in which it came.
    session: u32,
}

impl Transport {
    pub(super) fn hear_datagram(&mut self, now: Instant, packet: Packet) {
        let Some((session, number)) = read_envelope(&packet.bytes[1..]) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let Some(peer) = self.ends.get(&session).copied() else {
            self.counters.dropped_session += 1;
            return;
        };
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !link.is_new(number) {
            self.counters.dropped_duplicate += 1;
            return;
        }
        let length = packet.bytes.len();
        let opened = open(link, &mut self.sheets, session, number, &packet.bytes);
        let Some(bytes) = opened else {
            self.counters.dropped_unsealed += 1;
            return;
        };
        link.sessions.confirm(now, session);
        if packet.from != link.address && number >= link.seen.top() {
            link.moving.seen(now, packet.from);
        }
        self.hear_frames(now, peer, (session, number), &bytes, length);
    }

    /// What a datagram of this length held that was neither known nor forged.
    pub(super) fn hear_frames(
        &mut self,
        now: Instant,
        peer: ProcId,
        (session, number): (u32, u64),
        bytes: &Bytes,
        length: usize,
    ) {
        let doubted = self.links.get(&peer).filter(|link| link.silence.is_in_doubt());
        let answers = doubted.is_some_and(|link| link.hears(bytes));
        self.heard(now, peer, answers);
        let mut asked = Asked { session, ..Asked::default() };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match Frame::read(&mut rest) {
                Ok(frame) => self.hear_frame(now, peer, frame, bytes, &mut asked),
                Err(_) => {
                    self.counters.dropped_malformed += 1;
                    break;
                }
            }
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        if asked.refused {
            link.refused.get_or_insert_default().note(number);
        } else {
            let top = link.seen.top();
            link.seen.note(number);
            if number >= top {
                link.tempo.advanced(now);
            }
            if asked.answer {
                // A gap is told at once: what fills it may be waited for.
                link.tempo.came(now, length, asked.at_once || number != top);
            }
        }
        self.rouse(peer);
    }

    fn hear_frame(
        &mut self,
        now: Instant,
        peer: ProcId,
        frame: Frame<'_>,
        datagram: &Bytes,
        asked: &mut Asked,
    ) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        match frame {
            Frame::Pad => {}
            Frame::Ack { delay_us, runs } => self.hear_ack(now, peer, delay_us, runs),
            Frame::Data { channel, offset, bytes } => {
                let run = Run::Data(datagram.slice_ref(bytes));
                self.hear_run(now, peer, channel, (offset, run), asked);
            }
            // What is for one process alone is for nobody else.
            Frame::Skip { channel: UNICAST, .. } => self.counters.dropped_malformed += 1,
            Frame::Skip { channel, offset, length, below } => {
                let run = Run::Skip { length, below };
                self.hear_run(now, peer, channel, (offset, run), asked);
            }
            Frame::Credit { channel, limit } => {
                asked.answer = true;
                self.hear_credit(now, peer, channel, limit, asked);
            }
            Frame::Gone { channel } => {
                asked.answer = true;
                if self.omit(channel, peer) {
                    self.told.push_back(Up::Gone { channel, peer });
                }
            }
            Frame::Beat { number, bytes } => {
                if link.beats.came(number) {
                    // It is kept until the next one comes: not the datagram with it.
                    let bytes = Bytes::copy_from_slice(bytes);
                    self.told.push_back(Up::Beat { from: peer, bytes });
                }
            }
            Frame::Tell(bytes) => self.hear_tell(peer, datagram.slice_ref(bytes)),
            Frame::Part { index, count, .. } if !Parts::can_be(index, count) => {
                self.counters.dropped_malformed += 1;
            }
            Frame::Part { id, index, count, bytes } => {
                let whole = link.parts.take(id, index, count, bytes);
                self.counters.dropped_parts += core::mem::take(&mut link.parts.dropped);
                if let Some(whole) = whole {
                    self.hear_tell(peer, whole);
                }
            }
            Frame::Farewell => self.hear_farewell(now, peer),
            Frame::Now => (asked.answer, asked.at_once) = (true, true),
            Frame::Key { generation, key } => {
                asked.answer = true;
                let seal = self.guard.hall_seal(key);
                if let (Some(session), Some(seal)) = (link.sessions.of(asked.session), seal) {
                    session.take_hall_key(generation, seal);
                }
            }
        }
    }

    fn hear_tell(&mut self, from: ProcId, bytes: Bytes) {
        match Message::read(bytes) {
            Ok(message) => self.told.push_back(Up::Tell { from, message }),
            Err(_) => self.counters.dropped_malformed += 1,
        }
    }

    fn hear_run(
        &mut self,
        now: Instant,
        peer: ProcId,
        channel: Channel,
        (offset, run): (u64, Run),
        asked: &mut Asked,
    ) {
        asked.answer = true;
        self.counters.frames_received += 1;
        let end = offset.saturating_add(run.length());
        let Some(link) = self.links.get_mut(&peer) else { return };
        let incoming = match channel {
            UNICAST => &mut link.receives,
            _ => match self.channels.get_mut(&channel) {
                Some(open) => match open.place(peer) {
                    Some(place) => &mut open.ins[place],
                    None => {
                        self.counters.dropped_outsider += 1;
                        return;
                    }
                },
                None if self.closed.names.contains(&channel) => {
                    self.counters.dropped_closed += 1;
                    link.errands.gone.insert(channel);
                    return;
                }
                // It had leave for more than comes unasked: the channel was open here once, so long
                // ago that its name is forgotten.
                None if matches!(&run, Run::Data(_)) && end > UNASKED_BYTES => {
                    self.counters.dropped_closed += 1;
                    if link.errands.gone.len() < GONE_WAITING_MAX {
                        link.errands.gone.insert(channel);
                    } else {
                        asked.refused = true;
                    }
                    return;
                }
                None => {
                    let kept = link.early.run(now, channel, (offset, run));
                    self.counters.dropped_early += u64::from(!kept);
                    asked.refused |= !kept;
                    return;
                }
            },
        };
        let (told, sheets) = (&mut self.told, &mut self.sheets);
        let fate = incoming.take(sheets, (offset, run), |what| {
            told.push_back(match (what, channel) {
                (Told::Message(_, message), UNICAST) => Up::Send { from: peer, message },
                (Told::Message(seq, message), _) => Up::Cast { channel, from: peer, seq, message },
                (Told::Skip(below), _) => Up::Skip { channel, from: peer, below },
            });
        });
        match fate {
            Ok(Fate::New) => {}
            Ok(Fate::Known) => self.counters.dropped_duplicate += 1,
            Ok(Fate::Beyond) => {
                self.counters.dropped_beyond += 1;
                asked.refused = true;
            }
            Err(_) => self.counters.dropped_malformed += 1,
        }
        if incoming.owes_credit() {
            link.errands.credits.insert(channel);
        }
    }

    fn hear_credit(
        &mut self,
        now: Instant,
        peer: ProcId,
        channel: Channel,
        limit: u64,
        asked: &mut Asked,
    ) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        let more = match channel {
            UNICAST => link.sends.credit(0, limit),
            _ => match self.channels.get_mut(&channel) {
                Some(open) => match open.place(peer) {
                    Some(place) => open.out.credit(place, limit),
                    None => {
                        self.counters.dropped_outsider += 1;
                        false
                    }
                },
                None if self.closed.names.contains(&channel) => {
                    self.counters.dropped_closed += 1;
                    false
                }
                None => {
                    let kept = link.early.limit(now, channel, limit);
                    self.counters.dropped_early += u64::from(!kept);
                    asked.refused |= !kept;
                    false
                }
            },
        };
        if more {
            link.make_ready(channel);
        }
    }

    /// What came of a channel before it was opened here.
    pub(super) fn hear_early(
        &mut self,
        now: Instant,
        peer: ProcId,
        channel: Channel,
        early: Early,
    ) {
        let mut asked = Asked::default();
        for (offset, run) in early.runs {
            self.hear_run(now, peer, channel, (offset, run), &mut asked);
        }
        if early.limit > 0 {
            self.hear_credit(now, peer, channel, early.limit, &mut asked);
        }
        debug_assert!(!asked.refused, "no more came early than may come unasked");
    }
}

/// The frames of a datagram, opened if they are sealed. What is short does not keep the long buffer
/// that it came in.
fn open(
    link: &mut Link,
    sheets: &mut Blocks,
    session: u32,
    number: u64,
    datagram: &Bytes,
) -> Option<Bytes> {
    let Some(seal) = link.sessions.of(session)?.seal.as_mut() else {
        let frames = datagram.slice(DATAGRAM_HEADER_BYTES..);
        let short = frames.len() <= KEPT_APART_BYTES;
        return Some(if short { sheets.copy(&frames) } else { frames });
    };
    let (head, sealed) = datagram.split_at(DATAGRAM_HEADER_BYTES);
    let length = sealed.len().checked_sub(16)?;
    let into = sheets.room(length);
    into.resize(length, 0);
    let opened = seal.open(number, head, sealed, into);
    let bytes = sheets.split();
    opened.then_some(bytes)
}
