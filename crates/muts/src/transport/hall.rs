//! The hall: what several peers lack is said once, to all of them who hear it (paper, section 4:
//! multicast hardware, where there is any).
//!
//! Takes: what is new on a channel. Promises: to each who is listed a datagram in the hall is one
//! of its link, so nothing else has to know: it counts once, is acknowledged, and what is lost goes
//! again to that peer alone. All go at the pace of the slowest that acknowledges in time; who does
//! not falls behind and is served alone until it is level; who does not hear is served alone.

use alloc::vec::Vec;

use bytes::Bytes;
use smallvec::smallvec;

use super::Transport;
use crate::address::Address;
use crate::bundle::{Bundle, Sharers};
use crate::flight::Item;
use crate::hall::Hall;
use crate::header::{Frame, HALL, HALL_HEADER_BYTES, HALL_RECEIVER_BYTES, UNICAST};
use crate::interface::Channel;
use crate::layer::Parts;
use crate::limits::{HALL_BYTES_MIN, KEPT_APART_BYTES};
use crate::process::ProcId;
use crate::time::Instant;
use crate::wire::{Malformed, Wire};

/// Channels of one link that are looked at in one turn for one that need not wait.
const LOOKS: usize = 8;

/// How what is new goes to a peer.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one datagram, and allocates nothing")]
pub(super) enum Way {
    /// There is nothing, or all of it waits.
    None,
    /// To it alone.
    Alone,
    /// In the hall, of this channel first, to these.
    Hall(Channel, Sharers),
}

/// What stands at the head of a datagram in the hall, as far as it is for us.
struct Head {
    peer: ProcId,
    generation: u32,
    number: u64,
    /// Our end of its session, and the number in its link.
    session: u32,
    in_link: u64,
    length: usize,
}

impl Transport {
    /// How what is new goes to this peer now.
    pub(super) fn way(&mut self, now: Instant, peer: ProcId) -> Way {
        let Some(link) = self.links.get_mut(&peer) else { return Way::None };
        if !link.takes_data(now) {
            return Way::None;
        }
        if self.hall.is_none() || !link.hears_hall() {
            return Way::Alone;
        }
        for _ in 0..LOOKS {
            let link = &self.links[&peer];
            let Some(channel) = link.next_ready() else { return Way::None };
            match self.way_of(channel, peer) {
                // Those beside it have more under way than they may; their turn comes with news.
                Way::None => {
                    self.hall_waits = true;
                    if let Some(link) = self.links.get_mut(&peer) {
                        link.served = channel;
                    }
                }
                way => return way,
            }
        }
        Way::None
    }

    fn way_of(&self, channel: Channel, peer: ProcId) -> Way {
        let Some(open) = self.channels.get(&channel).filter(|_| channel != UNICAST) else {
            return Way::Alone;
        };
        let Some(place) = open.place(peer) else { return Way::Alone };
        let waits = |other: usize| {
            let link = self.links.get(&open.peers[other]);
            link.is_some_and(|link| link.hears_hall() && link.pace.in_vain() == 0)
        };
        if !open.out.lacks_older(place) && open.out.behind(place).any(waits) {
            return Way::None;
        }
        if !open.out.shares(place) {
            return Way::Alone;
        }
        let mut sharers = Sharers::new();
        let _ = sharers.push(peer);
        for other in open.out.level(place) {
            let Some(link) = self.links.get(&open.peers[other]) else { continue };
            if !link.hears_hall() {
                continue;
            }
            let common = open.out.common(&[place, other], HALL_BYTES_MIN);
            if !common.is_some_and(|news| open.out.is_worth_hall(news)) {
                continue;
            }
            if !link.has_window() {
                // It is waited for as long as its acknowledgements come: who goes ahead alone
                // costs each datagram twice.
                if link.pace.in_vain() == 0 {
                    return Way::None;
                }
            } else if sharers.push(link.peer).is_err() {
                break;
            }
        }
        // Half of the datagram is for what is said at the least.
        let lengths = sharers.iter().map(|peer| self.links[peer].reach.length());
        let half = lengths.min().unwrap_or(0) / 2;
        sharers.truncate(half.saturating_sub(HALL_HEADER_BYTES) / HALL_RECEIVER_BYTES);
        if sharers.len() > 1 { Way::Hall(channel, sharers) } else { Way::Alone }
    }

    /// Says it.
    pub(super) fn say(
        &mut self,
        now: Instant,
        channel: Channel,
        sharers: &Sharers,
    ) -> Option<(Address, Parts)> {
        let (address, head) = self.head(sharers)?;
        let overhead = self.guard.overhead();
        let lengths = sharers.iter().map(|peer| self.links[peer].reach.length());
        let room = lengths.min()? - overhead;
        let mut bundle = Bundle {
            now,
            channels: &mut self.channels,
            counters: &mut self.counters,
            blocks: &mut self.sheets,
            overhead,
            hall: None,
            items: &mut self.items,
        };
        let parts = bundle.share(&mut self.links, channel, sharers, &head, room);
        let length = head.len();
        self.hall.as_mut()?.head = head;
        let parts = parts?;
        let bytes: usize = parts.iter().map(Bytes::len).sum();
        for peer in sharers {
            let Some(link) = self.links.get_mut(peer) else { continue };
            link.flight.send(now, bytes, &self.items);
            link.pace.sent(bytes);
        }
        for peer in &sharers[1..] {
            self.rouse(*peer);
        }
        self.counters.hall_sent += 1;
        self.counters.hall_spared += sharers.len() as u64 - 1;
        Some((address, self.seal_in_hall(parts, length)))
    }

    /// The head of a datagram for these.
    fn head(&mut self, sharers: &[ProcId]) -> Option<(Address, Vec<u8>)> {
        let hall = self.hall.as_mut()?;
        let mut head = core::mem::take(&mut hall.head);
        head.clear();
        head.push(HALL);
        self.config.me.node.0.write(&mut head);
        hall.generation.write(&mut head);
        hall.next_number().write(&mut head);
        head.push(u8::try_from(sharers.len()).ok()?);
        for peer in sharers {
            let link = self.links.get_mut(peer)?;
            link.sessions.current()?.theirs.write(&mut head);
            link.flight.next().write(&mut head);
        }
        Some((hall.address, head))
    }

    fn seal_in_hall(&mut self, parts: Parts, head: usize) -> Parts {
        let Some(Hall { seal: Some(seal), number, .. }) = &mut self.hall else { return parts };
        let length: usize = parts.iter().map(Bytes::len).sum();
        let into = self.sheets.room(length + self.guard.overhead());
        parts.iter().for_each(|part| into.extend_from_slice(part));
        let (head, body) = into.split_at_mut(head);
        let tag = seal.seal(*number, head, body);
        into.extend_from_slice(&tag);
        smallvec![self.sheets.split()]
    }

    /// A try whether a peer hears the hall, and how long a datagram, if it is time for one.
    pub(super) fn try_hall(&mut self, now: Instant, peer: ProcId) -> Option<(Address, Parts)> {
        let link = self.links.get_mut(&peer)?;
        if !link.is_open() || !link.knows_hall() {
            return None;
        }
        let length = link.reach.try_now(now)?;
        let (address, mut bytes) = self.head(&[peer])?;
        let head = bytes.len();
        Frame::Now.write(&mut bytes);
        bytes.resize(length - self.guard.overhead(), 0);
        let parts = smallvec![self.sheets.copy(&bytes)];
        let link = self.links.get_mut(&peer)?;
        link.flight.send(now, length, &[Item::HallLength(length)]);
        self.counters.hall_tries += 1;
        Some((address, self.seal_in_hall(parts, head)))
    }

    /// Something was said in the hall, perhaps to us.
    pub(super) fn hear_hall(&mut self, now: Instant, datagram: &Bytes) {
        let head = match self.read_head(datagram) {
            Ok(Some(head)) => head,
            Ok(None) => {
                self.counters.dropped_hall += 1;
                return;
            }
            Err(_) => {
                self.counters.dropped_malformed += 1;
                return;
            }
        };
        let (peer, session, number) = (head.peer, head.session, head.in_link);
        let Some(link) = self.links.get_mut(&peer) else { return };
        if !link.is_new(number) {
            self.counters.dropped_duplicate += 1;
            return;
        }
        let (before, behind) = datagram.split_at(head.length);
        let Some(session_of) = link.sessions.of(session) else { return };
        let opened = match (&session_of.seal, head.generation) {
            (None, 0) if behind.len() <= KEPT_APART_BYTES => Some(self.sheets.copy(behind)),
            (None, 0) => Some(datagram.slice(head.length..)),
            // What is not sealed is no word of a peer whose session is.
            (None, _) | (Some(_), 0) => None,
            (Some(_), generation) => {
                let length = behind.len().saturating_sub(self.guard.overhead());
                session_of.hall_seal(generation).and_then(|seal| {
                    let into = self.sheets.room(length);
                    into.resize(length, 0);
                    let opened = seal.open(head.number, before, behind, into);
                    let bytes = self.sheets.split();
                    opened.then_some(bytes)
                })
            }
        };
        let Some(bytes) = opened else {
            self.counters.dropped_unsealed += 1;
            return;
        };
        self.hear_frames(now, peer, (session, number), &bytes, datagram.len());
    }

    /// None if it is not for us.
    fn read_head(&self, datagram: &Bytes) -> Result<Option<Head>, Malformed> {
        let mut rest = &datagram[1..];
        let (node, generation) = (u64::read(&mut rest)?, u32::read(&mut rest)?);
        let (number, count) = (u64::read(&mut rest)?, u8::read(&mut rest)?);
        let receivers = usize::from(count) * HALL_RECEIVER_BYTES;
        let (mut receivers, behind) = rest.split_at_checked(receivers).ok_or(Malformed)?;
        let length = datagram.len() - behind.len();
        for _ in 0..count {
            let (session, in_link) = (u32::read(&mut receivers)?, u64::read(&mut receivers)?);
            if let Some(peer) = self.ends.get(&session).copied()
                && peer.node.0 == node
            {
                return Ok(Some(Head { peer, generation, number, session, in_link, length }));
            }
        }
        Ok(None)
    }

    /// Whether a peer hears the hall may have changed: its streams are kept level with others', or
    /// not any more.
    pub(super) fn note_reach(&mut self, peer: ProcId) {
        let hears = self.links.get(&peer).is_some_and(|link| link.reach.hears());
        for open in self.channels.values_mut() {
            if let Some(place) = open.place(peer) {
                open.out.receiver(place).hears = hears;
            }
        }
        self.rouse_hall();
    }

    /// A peer need not be waited for any more: those who did go on.
    pub(super) fn rouse_hall(&mut self) {
        if !core::mem::take(&mut self.hall_waits) {
            return;
        }
        let hears = self.links.values().filter(|link| link.reach.hears());
        for peer in hears.map(|link| link.peer).collect::<Vec<_>>() {
            self.rouse(peer);
        }
    }

    /// Another key for the hall, which all peers have to be told.
    pub(super) fn renew_hall(&mut self, now: Instant) {
        let Some(hall) = &mut self.hall else { return };
        hall.renew(now, &*self.guard);
        for link in self.links.values_mut() {
            link.hall_key = hall.generation;
        }
    }
}
