//! Epoch: everything that lives exactly as long as one epoch of a view.
//!
//! One epoch is one channel. A new view makes a new epoch; nothing of the old one is cleaned or
//! carried over. Delivery: one queue per sender, whose head is delivered when its own condition
//! holds, so all of one sender's messages come in the order of sending.

use alloc::vec::Vec;

use muts::{Audience, Channel, Message, ProcId};

use crate::control::Control;
use crate::endpoint::{Endpoint, GroupId};
use crate::header::FrameHeader;
use crate::interface::Up;
use crate::order::Order;
use crate::order::causal::Vector;
use crate::order::total::{Run, Total};
use crate::stability::Stability;
use crate::stream::{Frame, Stream};
use crate::turn::Turn;
use crate::view::ViewId;

/// One epoch of one group at one member.
#[derive(Debug)]
pub(crate) struct Epoch {
    pub(crate) group: GroupId,
    pub(crate) view: ViewId,
    /// By rank.
    pub(crate) members: Vec<ProcId>,
    /// One's own rank.
    pub(crate) rank: usize,
    pub(crate) channel: Channel,
    pub(crate) streams: Vec<Stream>,
    pub(crate) total: Total,
    pub(crate) stability: Stability,
    /// By rank: up to where the sequencer has looked for ABCASTs without a place.
    looked_below: Vec<u64>,
}

/// The channel of an epoch: a hash of both names, the same at all members.
pub(crate) fn channel_of(group: GroupId, view: ViewId) -> Channel {
    let words = [
        group.0 as u64,
        (group.0 >> 64) as u64,
        view.epoch,
        view.coordinator.node.0,
        view.coordinator.incarnation,
    ];
    // A few rounds of a 64-bit finaliser: two epochs share a channel once in 2^64.
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        hash = (hash ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^= hash >> 29;
        hash = hash.wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 32;
    }
    Channel(hash)
}

impl Epoch {
    pub(crate) fn new(group: GroupId, view: ViewId, members: Vec<ProcId>, rank: usize) -> Self {
        let channel = channel_of(group, view);
        let count = members.len();
        let sequencer = (channel_of(group, ViewId::default()).0 % count as u64) as usize;
        Self {
            group,
            view,
            rank,
            channel,
            streams: (0..count).map(|_| Stream::new(count)).collect(),
            total: Total::new(sequencer, count),
            stability: Stability::new(count),
            looked_below: alloc::vec![0; count],
            members,
        }
    }

    pub(crate) fn rank_of(&self, proc: ProcId) -> Option<usize> {
        self.members.iter().position(|member| *member == proc)
    }

    /// How much of each stream has been received here.
    pub(crate) fn received(&self) -> Vec<u64> {
        self.streams.iter().map(Stream::received).collect()
    }

    fn heads(&self) -> Vec<u64> {
        self.streams.iter().map(Stream::head).collect()
    }

    /// What this member has processed of the others' streams.
    fn vector(&self) -> Vector {
        let own = self.rank;
        let positions = self.streams.iter().enumerate();
        self.streams[own]
            .last()
            .moved_to(positions.map(|(rank, stream)| if rank == own { 0 } else { stream.head() }))
    }

    /// Multicasts a user's message. What can be delivered by it is delivered by the next pump.
    ///
    /// # Errors
    /// The message, unchanged, if the channel has no room.
    pub(crate) fn cast(
        &mut self,
        turn: &mut Turn<'_>,
        order: Order,
        after_all: bool,
        message: Message,
    ) -> Result<(), Message> {
        let after = (after_all || order != Order::Fifo).then(|| self.vector());
        let changes = after.as_ref().map(|vector| vector.changes(self.streams[self.rank].last()));
        let header = FrameHeader::Cast { order, changes };
        self.put(turn, &header, Frame::Cast { order, after, message: message.clone() }, message)?;
        turn.counters.casts += 1;
        Ok(())
    }

    /// Puts a frame into the own stream, if the channel takes it.
    fn put(
        &mut self,
        turn: &mut Turn<'_>,
        header: &FrameHeader,
        frame: Frame,
        mut message: Message,
    ) -> Result<(), Message> {
        message.push(header);
        let cast = muts::Down::Cast { channel: self.channel, to: Audience::ALL, message };
        if let Err(muts::Full(muts::Down::Cast { mut message, .. })) = turn.net.down(turn.now, cast)
        {
            message.pop::<FrameHeader>().expect("the header just pushed");
            return Err(message);
        }
        self.streams[self.rank].append(frame);
        self.stability.stir(turn.now, turn.config.stability);
        Ok(())
    }

    /// Takes a multicast of a member. Those that are here already are passed over: a flush may
    /// have brought them another way.
    pub(crate) fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        position: u64,
        message: Message,
    ) {
        let stream = &mut self.streams[rank];
        if position != stream.received() || rank == self.rank {
            return;
        }
        if stream.take(message).is_err() {
            turn.counters.malformed += 1;
            return;
        }
        self.stability.stir(turn.now, turn.config.stability);
    }

    /// Takes the places that stand at this position of the sequencer's stream.
    ///
    /// The order is built when the stream is processed there, not on receipt: so whatever a member
    /// sends after an ABCAST was delivered to it also follows the place of that ABCAST, and a cut
    /// that holds the one holds the other.
    pub(crate) fn note_places(&mut self, position: u64) {
        let sequencer = self.total.sequencer;
        match self.streams[sequencer].frame(position) {
            Some(Frame::Order(runs)) => {
                for run in runs {
                    self.total.place(*run);
                }
            }
            Some(frame) if frame.is_total() => {
                self.total.place(Run { rank: sequencer as u8, upto: position });
            }
            _ => {}
        }
    }

    /// Delivers all that can be delivered. When closing, no new places are given.
    pub(crate) fn pump(&mut self, turn: &mut Turn<'_>, closing: bool) {
        loop {
            let mut moved = false;
            if !closing && self.rank == self.total.sequencer {
                self.give_places(turn);
            }
            for rank in 0..self.streams.len() {
                while self.step(turn, rank) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
            self.stability.stir(turn.now, turn.config.stability);
        }
    }

    /// Delivers the head of one stream if its condition holds.
    fn step(&mut self, turn: &mut Turn<'_>, rank: usize) -> bool {
        let head = self.streams[rank].head();
        let Some(frame) = self.streams[rank].frame(head) else { return false };
        if let Some(after) = frame.after()
            && !after.within(self.streams.iter().map(Stream::head))
        {
            return false;
        }
        let total = frame.is_total();
        if rank == self.total.sequencer {
            self.note_places(head);
        }
        if total {
            let streams = &self.streams;
            if !self.total.is_next(rank, head, |r| streams[r].head()) {
                return false;
            }
        }
        if let Some(Frame::Cast { order, message, .. }) = self.streams[rank].frame(head) {
            let up = Up::Cast {
                group: self.group,
                from: Endpoint::of(self.members[rank]),
                seq: head,
                order: *order,
                message: message.clone(),
            };
            turn.counters.delivered += 1;
            turn.tell(up);
        }
        self.streams[rank].pass();
        true
    }

    /// The sequencer gives places to the ABCASTs that it could deliver next, and says so in its
    /// own stream before it delivers them. Without room in the channel it tries again later.
    fn give_places(&mut self, turn: &mut Turn<'_>) {
        let heads = self.heads();
        let mut runs = Vec::new();
        for rank in 0..self.streams.len() {
            if rank == self.rank {
                continue;
            }
            let mut last = None;
            let mut position = self.looked_below[rank].max(heads[rank]);
            while let Some(frame) = self.streams[rank].frame(position) {
                if frame.after().is_some_and(|after| !after.within(heads.iter().copied())) {
                    break;
                }
                if frame.is_total() {
                    last = Some(position);
                }
                position += 1;
            }
            self.looked_below[rank] = position;
            runs.extend(last.map(|upto| Run { rank: rank as u8, upto }));
        }
        if runs.is_empty() {
            return;
        }
        let header = FrameHeader::Order(runs.clone());
        if self.put(turn, &header, Frame::Order(runs), Message::default()).is_err() {
            self.looked_below.copy_from_slice(&heads);
            return;
        }
        turn.counters.orders_sent += 1;
    }

    /// Takes what a member reports of itself, and tells what became stable by it.
    pub(crate) fn hear_stability(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        received: &[u64],
        processed: &[u64],
        wanted: bool,
    ) {
        self.stability.hear(rank, received, processed);
        self.note_stability(turn);
        if wanted && self.stability.due.is_none() {
            let report = self.report(false);
            turn.control(self.members[rank], &report);
        }
    }

    /// Reports to all members what is here, if a report is due.
    pub(crate) fn report_if_due(&mut self, turn: &mut Turn<'_>) {
        if self.stability.due.is_none_or(|due| due > turn.now) {
            return;
        }
        self.note_stability(turn);
        let unstable = self.is_unstable();
        let report = self.report(unstable);
        for rank in 0..self.members.len() {
            if rank != self.rank {
                turn.control(self.members[rank], &report);
            }
        }
        self.stability.reported(turn.now, unstable);
    }

    /// Whether something here is not known to be processed by every member.
    pub(crate) fn is_unstable(&self) -> bool {
        (0..self.streams.len())
            .any(|rank| self.stability.stable_below(rank) < self.streams[rank].received())
    }

    fn report(&self, wanted: bool) -> Control {
        Control::Stability {
            group: self.group,
            epoch: self.view,
            received: self.received(),
            processed: self.heads(),
            wanted,
        }
    }

    fn note_stability(&mut self, turn: &mut Turn<'_>) {
        let (received, processed) = (self.received(), self.heads());
        self.stability.hear(self.rank, &received, &processed);
        for rank in 0..self.streams.len() {
            self.streams[rank].free(self.stability.settled_below(rank));
        }
        for (rank, below) in self.stability.news() {
            let from = Endpoint::of(self.members[rank]);
            turn.tell(Up::Stable { group: self.group, from, below });
        }
    }
}
