//! Epoch: everything that lives exactly as long as one epoch of a view.
//!
//! One epoch is one channel. A new view makes a new epoch, and so does a GBCAST inside a view;
//! nothing of the old one is cleaned or carried over. Sending and receiving are here; `delivery`
//! and `sequencer` decide what is told when, `reports` what is known of the others.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Audience, Channel, Message, ProcId};

use crate::endpoint::GroupId;
use crate::header::{CastHeader, FrameHeader, again};
use crate::how::How;
use crate::limits::AHEAD_MAX;
use crate::order::Order;
use crate::order::causal::{Causes, Vector};
use crate::order::total::Total;
use crate::positions::Positions;
use crate::stability::Stability;
use crate::stream::{Cast, Frame, Stream};
use crate::turn::Turn;
use crate::view::ViewId;

/// One epoch of one group at one member.
#[derive(Debug)]
pub(crate) struct Epoch {
    pub(crate) group: GroupId,
    /// Names the epoch; the view is named by its first.
    pub(crate) view: ViewId,
    /// The view that it belongs to, as it was told.
    pub(crate) told: ViewId,
    /// By rank.
    pub(crate) members: Vec<ProcId>,
    /// One's own rank.
    pub(crate) rank: usize,
    pub(crate) channel: Channel,
    pub(crate) streams: Vec<Stream>,
    /// By rank: what is added to positions of this epoch, so that they grow in the whole view.
    pub(crate) base: Positions,
    pub(crate) total: Total,
    pub(crate) stability: Stability,
    /// What had been received when this member first said so to a flush. An INSTALL may cut off all
    /// that came later, so nobody is told of it.
    pub(crate) frozen: Option<Vec<u64>>,
    /// The highest stamp that was received or sent here.
    pub(crate) clock: u64,
    /// The highest that was sent.
    pub(crate) said: u64,
    /// By rank: who has passed over news in the own stream (`past.rs`).
    pub(crate) behind: Audience,
    /// By rank: how far own vectors point.
    pub(crate) processed: Positions,
    /// The next own vector may be another than the last.
    pub(crate) moved: bool,
    /// By rank: up to where the sequencer has looked for ABCASTs without a place.
    pub(crate) looked_below: Positions,
    /// Frames of excluded senders that lie beyond a void position, by rank and position.
    pub(crate) beyond: BTreeMap<(usize, u64), Frame>,
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
        let zero = Vector::zero(count);
        let sequencer = group.sequencer(count);
        Self {
            group,
            view,
            told: view,
            rank,
            channel,
            streams: (0..count).map(|_| Stream::new(&zero)).collect(),
            base: Positions::new(count),
            total: Total::new(sequencer, count),
            stability: Stability::new(count, rank, sequencer),
            frozen: None,
            clock: 0,
            said: 0,
            behind: Audience::NONE,
            processed: Positions::new(count),
            moved: false,
            looked_below: Positions::new(count),
            beyond: BTreeMap::new(),
            members,
        }
    }

    pub(crate) fn rank_of(&self, proc: ProcId) -> Option<usize> {
        self.members.iter().position(|member| *member == proc)
    }

    /// What positions of the next epoch of this view are counted from.
    pub(crate) fn ends_at(&self, cut: &[u64]) -> Positions {
        let mut ends = self.base.clone();
        for (rank, end) in cut.iter().enumerate() {
            ends.raise(rank, self.base.get(rank) + end);
        }
        ends
    }

    /// Gives back the room that nothing needs while nothing happens.
    pub(crate) fn rest(&mut self) {
        self.stability.rest();
        self.streams.iter_mut().for_each(Stream::rest);
        let streams = &self.streams;
        self.total.rest(|rank| streams[rank].head());
    }

    /// How much of each stream has been received here.
    pub(crate) fn received(&self) -> Vec<u64> {
        self.streams.iter().map(Stream::received).collect()
    }

    pub(crate) fn heads(&self) -> Vec<u64> {
        self.streams.iter().map(Stream::head).collect()
    }

    /// What this member has processed of the others' streams.
    fn vector(&self) -> Vector {
        let own = self.rank;
        let last = self.streams[own].last();
        if !self.moved {
            return last.clone();
        }
        let below = |rank| if rank == own { 0 } else { self.processed.get(rank) };
        last.moved_to((0..self.members.len()).map(below))
    }

    /// Whether a GBCAST of this member waits for its flush.
    pub(crate) fn has_own_global(&self) -> bool {
        self.streams[self.rank].has_global()
    }

    /// Multicasts a user's message. What can be delivered by it is delivered by the next pump.
    ///
    /// # Errors
    /// The message, unchanged, if the channel has no room or it has to wait for the next epoch.
    pub(crate) fn cast(
        &mut self,
        turn: &mut Turn<'_>,
        how: &How,
        message: Message,
    ) -> Result<(), Message> {
        // What a member sends after its GBCAST comes after it, so in the next epoch.
        if how.order != Order::Unordered && self.has_own_global() {
            return Err(message);
        }
        let (order, safe) = (how.order, how.safe);
        // A flush concerns everybody.
        let to = how.to.as_ref().map(|to| to.1).filter(|_| order != Order::Global);
        let after = how.waits().then(|| self.vector());
        let changes = after.as_ref().map(|vector| vector.changes(self.streams[self.rank].last()));
        let stamp = match order {
            Order::Total => self.clock + 1,
            _ if after.is_some() && self.clock > self.said => self.clock,
            _ => 0,
        };
        let news = stamp > 0 || changes.as_ref().is_some_and(|changes| !changes.is_empty());
        let waits = after.is_some();
        let aimed = to.map(Box::new);
        let header = FrameHeader::Cast(CastHeader { order, safe, to: aimed, changes, stamp });
        let to = to.map(|to| self.streams[self.rank].share(to));
        let cast = Cast { order, safe, to, after, stamp, message: message.clone() };
        let ranks = self.put(turn, &header, Frame::Cast(cast), message)?;
        // What was put has the vector that was just made.
        self.moved &= !waits;
        if news {
            self.said = self.said.max(stamp);
            self.note_news(ranks);
        }
        turn.counters.casts += 1;
        Ok(())
    }

    /// Puts a frame into the own stream, if the channel takes it; answers who gets it, by rank.
    pub(crate) fn put(
        &mut self,
        turn: &mut Turn<'_>,
        header: &FrameHeader,
        frame: Frame,
        mut message: Message,
    ) -> Result<Audience, Message> {
        let ranks = self.ranks(&frame);
        if self.tell_past(turn, ranks).is_err() {
            return Err(message);
        }
        let to = self.places(ranks);
        message.push(header);
        let cast = muts::Down::Cast { channel: self.channel, to, message };
        if let Err(muts::Full(muts::Down::Cast { mut message, .. })) = turn.net.down(turn.now, cast)
        {
            message.pop::<FrameHeader>().expect("the header just pushed");
            return Err(message);
        }
        self.append(self.rank, frame);
        self.stability.stir(turn.now, turn.config.stability);
        Ok(ranks)
    }

    /// Takes the next frame of a stream. A report is due then: whoever takes the last of several
    /// says so.
    fn append(&mut self, rank: usize, frame: Frame) {
        self.clock = self.clock.max(frame.stamp());
        if let Some(cast) = frame.cast() {
            // The sender of what is safe waits for nothing but that everybody says so.
            self.stability.keep(cast.message.len(), cast.safe);
        }
        self.streams[rank].append(frame);
    }

    /// Takes a multicast of a member, and those of the same that come right behind it; while the
    /// epoch is `open`, delivers each that waits for nothing. Answers what else came then.
    pub(crate) fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        (mut position, mut message): (u64, Message),
        open: bool,
    ) -> Option<muts::Up> {
        let rank = self.rank_of(from).filter(|rank| *rank != self.rank);
        let mut any = false;
        let mut causes = Causes::default();
        let other = loop {
            if let Some(rank) = rank
                && self.take(turn, rank, position, message)
            {
                any = true;
                if open {
                    self.tell_at_hand(turn, rank, &mut causes);
                }
            }
            match turn.net.up() {
                Some(muts::Up::Cast { channel, from: sender, seq, message: next })
                    if sender == from && channel == self.channel =>
                {
                    (position, message) = (seq, next);
                }
                other => break other,
            }
        };
        if any {
            self.stability.stir(turn.now, turn.config.stability);
        }
        other
    }

    /// Takes a multicast of another member; answers whether it is the next. Those that are here
    /// already are passed over: a flush may have brought them another way.
    fn take(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        position: u64,
        mut message: Message,
    ) -> bool {
        let stream = &mut self.streams[rank];
        if position != stream.received() {
            return false;
        }
        if let Some((order, stamp)) = message.pop_if(again) {
            self.clock = self.clock.max(stamp);
            self.stability.keep(message.len(), false);
            stream.append_again((order, stamp), message);
            return true;
        }
        match Frame::read(message, stream.last(), |to| stream.share(to)) {
            Ok(frame) => self.append(rank, frame),
            Err(_) => {
                turn.counters.malformed += 1;
                return false;
            }
        }
        true
    }

    /// A member's multicasts up to there were not meant for this one.
    pub(crate) fn skip(&mut self, turn: &mut Turn<'_>, rank: usize, below: u64) {
        let ahead = below.saturating_sub(self.streams[rank].received());
        if rank == self.rank || ahead > AHEAD_MAX {
            return;
        }
        if ahead > 0 {
            turn.counters.skips += ahead;
            self.streams[rank].skip(ahead);
            self.stability.stir(turn.now, turn.config.stability);
        }
    }

    /// Takes a frame of an excluded sender from a holder.
    pub(crate) fn fill(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        position: u64,
        message: Message,
    ) {
        let next = self.streams[rank].received();
        if position < next || rank == self.rank {
            return;
        }
        // Whoever hands a frame over writes its whole vector.
        match Frame::read(message, &Vector::zero(self.members.len()), Arc::new) {
            Err(_) => turn.counters.malformed += 1,
            Ok(frame) if position == next => {
                self.append(rank, frame);
                self.join_beyond(rank);
                self.stability.stir(turn.now, turn.config.stability);
            }
            Ok(frame) if position - next < crate::limits::PULL_FRAMES_MAX => {
                self.beyond.insert((rank, position), frame);
            }
            Ok(_) => {}
        }
    }

    /// Takes those beyond that are next now.
    fn join_beyond(&mut self, rank: usize) {
        while let Some(frame) = self.beyond.remove(&(rank, self.streams[rank].received())) {
            self.append(rank, frame);
        }
    }

    /// Completes a stream up to the cut, of which nobody has the void positions.
    ///
    /// # Panics
    /// If anything else of it is missing: that was looked at before the INSTALL was taken.
    pub(crate) fn complete(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        end: u64,
        void: impl Fn(u64) -> bool,
    ) {
        while self.streams[rank].received() < end {
            let position = self.streams[rank].received();
            let frame = self.beyond.remove(&(rank, position));
            assert!(frame.is_some() || void(position), "V1: an INSTALL without the messages");
            self.append(rank, frame.unwrap_or(Frame::Skip));
        }
        self.stability.stir(turn.now, turn.config.stability);
    }
}
