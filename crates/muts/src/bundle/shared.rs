//! Shared: one datagram for several peers, in the hall; and what they have to know to hear it.

use alloc::collections::BTreeMap;

use super::{Bundle, ROOM_MIN, Sheet, frame, waits};
use crate::flight::Item;
use crate::header::{DATA_HEADER_BYTES_MAX, Frame, KEY_FRAME_BYTES};
use crate::interface::Channel;
use crate::layer::Parts;
use crate::limits::HALL_PEERS_MAX;
use crate::link::Link;
use crate::outgoing::Next;
use crate::process::ProcId;

/// Peers that share a datagram.
pub(crate) type Sharers = heapless::Vec<ProcId, HALL_PEERS_MAX, u8>;

impl Bundle<'_> {
    /// Tells the peer the key of the hall, in a session that will last.
    pub(super) fn tell_hall(&mut self, link: &mut Link, sheet: &Sheet) {
        let Some((generation, key)) = self.hall else {
            return;
        };
        let room = self.left(sheet) >= KEY_FRAME_BYTES;
        let current = link.sessions.current();
        let current = current.filter(|session| session.is_fresh() && session.seal.is_some());
        if let Some(session) = current.filter(|session| session.hall_told != generation && room) {
            session.hall_told = generation;
            self.counters.hall_keys_told += 1;
            self.items.push(Item::HallKey { session: session.mine, generation });
            Frame::Key { generation, key: &key }.write(self.blocks.room(0));
        }
    }

    /// What of this channel, and of those behind it, all of these lack: one datagram of at most
    /// `room` bytes behind its head. It counts as sent to each of them.
    pub(crate) fn share(
        &mut self,
        links: &mut BTreeMap<ProcId, Link>,
        first: Channel,
        sharers: &Sharers,
        head: &[u8],
        room: usize,
    ) -> Option<Parts> {
        self.items.clear();
        let mut sheet = Sheet { parts: Parts::new(), bytes: 0, room, at_once: false };
        self.blocks.room(room).extend_from_slice(head);
        let (mut next, mut nearly_full) = (Some(first), false);
        while self.left(&sheet) >= ROOM_MIN
            && let Some(channel) = next
            && self.add(links, channel, sharers, &mut sheet, channel == first)
        {
            nearly_full |= self.channels[&channel].out.is_nearly_full();
            next = links[&sharers[0]].next_ready();
        }
        if self.items.is_empty() {
            self.blocks.split();
            return None;
        }
        self.items.push(Item::Hall);
        let asks = nearly_full || sharers.iter().any(|peer| waits(&links[peer]));
        if asks && self.left(&sheet) > 0 {
            Frame::Now.write(self.blocks.room(0));
            self.counters.asked_at_once += 1;
        }
        let left = self.left(&sheet);
        if left > 0 && left < ROOM_MIN && !links[&sharers[0]].is_dry() {
            let length = self.blocks.len() + left;
            self.blocks.room(left).resize(length, 0);
        }
        self.seal(&mut sheet);
        Some(sheet.parts)
    }

    /// One frame more, of what all of these lack of that channel, if nobody else does.
    fn add(
        &mut self,
        links: &mut BTreeMap<ProcId, Link>,
        channel: Channel,
        sharers: &Sharers,
        sheet: &mut Sheet,
        first: bool,
    ) -> bool {
        let room = self.left(sheet) - DATA_HEADER_BYTES_MAX;
        let Some(open) = self.channels.get_mut(&channel) else { return false };
        let places = sharers.iter().map(|peer| open.place(*peer));
        let Some(places) = places.collect::<Option<heapless::Vec<_, HALL_PEERS_MAX, u8>>>() else {
            return false;
        };
        let Some((from, to)) = open.out.common(&places, room) else { return false };
        let others = first || open.out.level(places[0]).count() < sharers.len();
        let worth = to - from == room as u64 || open.out.is_worth_hall((from, to));
        if !others || !worth || !open.out.shares(places[0]) {
            return false;
        }
        let next = Next::Data { from, to, again: false };
        frame(self.blocks, self.counters, sheet, self.items, &open.out, (channel, next));
        for (peer, place) in sharers.iter().zip(&places) {
            open.out.said(*place, to);
            let Some(link) = links.get_mut(peer) else { continue };
            link.served = channel;
            if !open.out.waits_for(*place) {
                link.unready(channel);
            }
        }
        true
    }
}
