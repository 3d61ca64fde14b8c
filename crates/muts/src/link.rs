//! Link: all that goes to and comes from one process, shared by all channels.
//!
//! A link belongs to one incarnation of its peer and to one of this process: datagrams carry the
//! session number that their receiver chose, and others are dropped (T4).

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::address::Address;
use crate::header::UNICAST;
use crate::incoming::Incoming;
use crate::interface::Channel;
use crate::limits::{
    EARLY_BYTES_MAX, SENDS_WAITING_BYTES_MAX, TELL_PARTS_BYTES_MAX, TELL_PARTS_MAX,
    TELLS_WAITING_MAX,
};
use crate::message::Message;
use crate::outgoing::Outgoing;
use crate::process::ProcId;
use crate::silence::Silence;
use crate::tempo::Tempo;
use crate::time::{Duration, Instant};

/// A data frame that came before its channel was opened here.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) channel: Channel,
    pub(crate) sequence: u64,
    pub(crate) flags: u8,
    pub(crate) bytes: Bytes,
}

/// A control message of which parts are missing.
#[derive(Debug)]
struct Parts {
    count: u64,
    have: BTreeMap<u64, Bytes>,
}

/// What is to be written into the next datagram besides data.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    pub(crate) beat: bool,
    pub(crate) probe: bool,
    pub(crate) answer: bool,
    /// Control messages, as frames, and whether each belongs to a change.
    pub(crate) tells: VecDeque<(Vec<u8>, bool)>,
    /// Channels whose acknowledgement is owed.
    pub(crate) acks: BTreeSet<Channel>,
    pub(crate) ack_due: Option<Instant>,
}

/// One peer.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: ProcId,
    pub(crate) address: Address,
    /// Our end: what the peer's datagrams carry.
    pub(crate) mine: u32,
    /// Its end: what ours carry, once it is known.
    pub(crate) theirs: Option<u32>,
    /// It is known to know our end.
    pub(crate) met: bool,
    pub(crate) silence: Silence,
    pub(crate) tempo: Tempo,
    pub(crate) errands: Errands,
    pub(crate) beat_bytes: Bytes,
    pub(crate) beats_sent: u64,
    pub(crate) beat_heard: u64,
    pub(crate) next_beat: Instant,
    /// Channels with something to send to it, served in turn.
    pub(crate) ready: VecDeque<Channel>,
    /// Channels of which something is not acknowledged by it.
    pub(crate) behind: BTreeSet<Channel>,
    /// Bytes under way to it.
    pub(crate) flying: usize,
    pub(crate) resend_due: Option<Instant>,
    /// The stream to it alone, and from it.
    pub(crate) sends: Outgoing,
    pub(crate) receives: Incoming,
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    early: VecDeque<Early>,
    early_bytes: usize,
    parts: BTreeMap<u64, Parts>,
    pub(crate) tells_cut: u64,
    /// The timer that stands for it, if one does.
    pub(crate) timer: Option<Instant>,
}

impl Link {
    pub(crate) fn new(
        now: Instant,
        peer: ProcId,
        address: Address,
        mine: u32,
        silence: Duration,
    ) -> Self {
        Self {
            peer,
            address,
            mine,
            theirs: None,
            met: false,
            silence: Silence::new(now, silence),
            tempo: Tempo::new(),
            errands: Errands::default(),
            beat_bytes: Bytes::new(),
            beats_sent: 0,
            beat_heard: 0,
            next_beat: now,
            ready: VecDeque::new(),
            behind: BTreeSet::new(),
            flying: 0,
            resend_due: None,
            sends: Outgoing::new(core::iter::once(peer)),
            receives: Incoming::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            early: VecDeque::new(),
            early_bytes: 0,
            parts: BTreeMap::new(),
            tells_cut: 0,
            timer: None,
        }
    }

    /// Whether data may go to it now.
    pub(crate) fn takes_data(&self) -> bool {
        self.met && !self.silence.is_silent() && self.flying < self.tempo.flight_max()
    }

    /// A channel has something for it.
    pub(crate) fn make_ready(&mut self, channel: Channel) {
        if !self.ready.contains(&channel) {
            self.ready.push_back(channel);
        }
        self.behind.insert(channel);
    }

    /// An acknowledgement is owed, at the latest then.
    pub(crate) fn owe_ack(&mut self, channel: Channel, due: Instant) {
        self.errands.acks.insert(channel);
        self.errands.ack_due = Some(self.errands.ack_due.map_or(due, |before| before.min(due)));
    }

    /// Queues a control message, as one frame or in parts. Answers false if it was dropped.
    pub(crate) fn tell(&mut self, frames: Vec<Vec<u8>>, change: bool) -> bool {
        if self.errands.tells.len() + frames.len() > TELLS_WAITING_MAX {
            return false;
        }
        self.errands.tells.extend(frames.into_iter().map(|frame| (frame, change)));
        true
    }

    /// Queues a message to it alone.
    ///
    /// # Errors
    /// The message, if too much waits already.
    pub(crate) fn send(&mut self, message: Message, frame_bytes: usize) -> Result<(), Message> {
        if self.waiting_bytes + message.len() > SENDS_WAITING_BYTES_MAX && self.waiting_bytes > 0 {
            self.sends.owes_room = true;
            return Err(message);
        }
        self.waiting_bytes += message.len();
        self.waiting.push_back(message);
        self.refill(frame_bytes);
        Ok(())
    }

    /// Moves what waits into the window. Answers whether room is to be told.
    pub(crate) fn refill(&mut self, frame_bytes: usize) -> bool {
        while let Some(message) = self.waiting.front() {
            if !self.sends.has_room(message.len(), frame_bytes) {
                break;
            }
            let message = self.waiting.pop_front().expect("just looked at");
            self.waiting_bytes -= message.len();
            self.sends.put(&message, frame_bytes);
            self.make_ready(UNICAST);
        }
        let half = self.waiting_bytes <= SENDS_WAITING_BYTES_MAX / 2;
        half && core::mem::take(&mut self.sends.owes_room)
    }

    /// Keeps a frame for a channel that may be opened soon. Answers how many had to go for it.
    pub(crate) fn keep_early(&mut self, early: Early) -> u64 {
        self.early_bytes += early.bytes.len();
        self.early.push_back(early);
        let mut dropped = 0;
        while self.early_bytes > EARLY_BYTES_MAX {
            let oldest = self.early.pop_front().expect("bytes of something");
            self.early_bytes -= oldest.bytes.len();
            dropped += 1;
        }
        dropped
    }

    /// What came early for this channel.
    pub(crate) fn take_early(&mut self, channel: Channel) -> Vec<Early> {
        let (found, kept): (Vec<Early>, Vec<Early>) =
            core::mem::take(&mut self.early).into_iter().partition(|e| e.channel == channel);
        self.early = kept.into();
        self.early_bytes -= found.iter().map(|early| early.bytes.len()).sum::<usize>();
        found
    }

    /// Takes a part of a control message; answers the whole once it is there.
    pub(crate) fn take_part(
        &mut self,
        id: u64,
        index: u64,
        count: u64,
        bytes: Bytes,
    ) -> Option<Bytes> {
        let most = (TELL_PARTS_BYTES_MAX / crate::limits::DATAGRAM_BYTES_MIN) as u64;
        if index >= count || count > most || count < 2 {
            return None;
        }
        if self.parts.len() >= TELL_PARTS_MAX && !self.parts.contains_key(&id) {
            self.parts.pop_first();
        }
        let parts = self.parts.entry(id).or_insert_with(|| Parts { count, have: BTreeMap::new() });
        if parts.count != count {
            return None;
        }
        parts.have.insert(index, bytes);
        if (parts.have.len() as u64) < count {
            return None;
        }
        let parts = self.parts.remove(&id)?;
        let mut whole = BytesMut::new();
        for bytes in parts.have.values() {
            whole.extend_from_slice(bytes);
        }
        Some(whole.freeze())
    }

    /// When anything of it is due next.
    pub(crate) fn due(&self) -> Instant {
        let mut due = self.silence.due();
        if self.met {
            due = due.min(self.next_beat);
        }
        let acks = self.errands.ack_due.filter(|_| self.theirs.is_some());
        let others = [acks, self.resend_due.filter(|_| !self.silence.is_silent())];
        others.into_iter().flatten().fold(due, Instant::min)
    }
}
