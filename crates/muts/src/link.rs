//! Link: all that goes to and comes from one process, shared by all channels.
//!
//! A link belongs to one incarnation of its peer and to one of this process: datagrams carry the
//! session number that their receiver chose and are sealed in that session; others drop (T4).

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::ops::Bound;

use crate::address::Address;
use crate::beats::Beats;
use crate::config::Config;
use crate::early::Earlies;
use crate::flight::Flight;
use crate::header::Frame;
use crate::incoming::Incoming;
use crate::interface::Channel;
use crate::limits::{EARLY_PAUSE, TELLS_WAITING_MAX};
use crate::numbers::Seen;
use crate::outgoing::Outgoing;
use crate::pace::Pace;
use crate::parts::Parts;
use crate::path::Path;
use crate::process::ProcId;
use crate::reach::Reach;
use crate::session::Sessions;
use crate::silence::Silence;
use crate::tempo::Tempo;
use crate::time::Instant;
use crate::transport::Move;

/// What is to be written into the next datagram besides streams.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    pub(crate) beat: bool,
    /// This process ends.
    pub(crate) farewell: bool,
    /// A sign of life is wanted.
    pub(crate) probe: bool,
    /// Control messages, as frames, and whether each belongs to a change.
    pub(crate) tells: VecDeque<(Vec<u8>, bool)>,
    /// Channels that are closed here, and those whose limit is to be told.
    pub(crate) gone: BTreeSet<Channel>,
    pub(crate) credits: BTreeSet<Channel>,
    /// Channels of which only skips wait for it, and when the first of them has to go.
    pub(crate) skips: BTreeSet<Channel>,
    pub(crate) skips_due: Option<Instant>,
    /// Channels of which something came too early for it, and when that goes again.
    too_early: BTreeSet<Channel>,
    too_early_due: Option<Instant>,
}

impl Errands {
    /// Whether anything has to go now that needs no answer.
    pub(crate) fn press_on(&self) -> bool {
        self.beat || self.farewell || self.probe || !self.tells.is_empty()
    }

    /// Whether anything has to go now.
    pub(crate) fn press(&self, now: Instant) -> bool {
        self.press_on()
            || !self.gone.is_empty()
            || !self.credits.is_empty()
            || self.skips_due.is_some_and(|due| due <= now)
    }

    /// What a channel has next for the peer is not for it.
    pub(crate) fn skip(&mut self, channel: Channel, due: Instant) {
        self.skips.insert(channel);
        self.skips_due = Some(self.skips_due.map_or(due, |before| before.min(due)));
    }
}

/// One peer.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: ProcId,
    /// Where it has proved to be.
    pub(crate) address: Address,
    pub(crate) moving: Move,
    pub(crate) sessions: Sessions,
    /// The version of frames that both ends speak.
    pub(crate) version: u8,
    /// The floor above has been told of it.
    pub(crate) met: bool,
    /// When a new session was asked for last.
    pub(crate) renewed: Instant,
    pub(crate) silence: Silence,
    /// The number of the first datagram since it fell silent, or was doubted.
    pub(crate) unheard: u64,
    pub(crate) seen: Seen,
    /// Datagrams that were not taken whole: they have come, and will be sent again.
    pub(crate) refused: Option<Box<Seen>>,
    pub(crate) tempo: Tempo,
    pub(crate) flight: Flight,
    pub(crate) pace: Pace,
    /// When the pace lets the next datagram go, if it does not yet.
    pub(crate) paced_until: Option<Instant>,
    pub(crate) path: Path,
    pub(crate) reach: Reach,
    /// The key of the hall that it has to know; 0: none.
    pub(crate) hall_key: u32,
    pub(crate) errands: Errands,
    pub(crate) beats: Beats,
    /// Channels with something to send to it.
    ready: BTreeSet<Channel>,
    /// Which of them was served last.
    pub(crate) served: Channel,
    /// The stream to it alone, and from it.
    pub(crate) sends: Outgoing,
    pub(crate) receives: Incoming,
    pub(crate) early: Earlies,
    /// Control messages of which parts are missing.
    pub(crate) parts: Parts,
    pub(crate) tells_cut: u64,
    /// The timer that stands for it, if one does.
    pub(crate) timer: Option<Instant>,
    /// It waits for its turn to transmit.
    pub(crate) queued: bool,
    /// Datagrams that it may still send in this turn.
    pub(crate) turn: u32,
}

impl Link {
    pub(crate) fn new(
        now: Instant,
        peer: ProcId,
        (address, version): (Address, u8),
        config: &Config,
        hall: Option<u32>,
    ) -> Self {
        let (longest, tuning) = (config.datagram_bytes_max, &config.tuning);
        let mut errands = Errands::default();
        errands.credits.insert(crate::header::UNICAST);
        Self {
            peer,
            address,
            moving: Move::default(),
            sessions: Sessions::default(),
            version,
            met: false,
            renewed: now,
            silence: Silence::new(now, config.silence),
            unheard: 0,
            seen: Seen::default(),
            refused: None,
            tempo: Tempo::new(tuning.ack_delay),
            flight: Flight::default(),
            pace: Pace::new(tuning),
            paced_until: None,
            path: Path::new(longest),
            reach: Reach::new(if hall.is_some() { longest } else { 0 }),
            hall_key: hall.unwrap_or(0),
            errands,
            beats: Beats::new(now, config.beat),
            ready: BTreeSet::new(),
            served: Channel(0),
            sends: Outgoing::new(1, tuning),
            receives: Incoming::new(false, tuning),
            early: Earlies::default(),
            parts: Parts::default(),
            tells_cut: 0,
            timer: None,
            queued: false,
            turn: 0,
        }
    }

    /// Whether the datagram of this number has not come yet, as far as is known.
    pub(crate) fn is_new(&self, number: u64) -> bool {
        let refused = self.refused.as_ref();
        self.seen.is_new(number) && refused.is_none_or(|refused| refused.is_new(number))
    }

    /// Whether these frames acknowledge anything that went to it since it fell silent, or was
    /// doubted: it hears.
    pub(crate) fn hears(&self, mut frames: &[u8]) -> bool {
        let sent = self.unheard + 1..=self.flight.next();
        while let Ok(frame) = Frame::read(&mut frames) {
            if let Frame::Ack { runs, .. } = frame
                && runs.iter().next().is_some_and(|run| sent.contains(&run.1))
            {
                return true;
            }
        }
        false
    }

    /// Whether it can be sent anything at all.
    pub(crate) fn is_open(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// Whether streams may go to it now; if only its pace keeps them, until when is noted.
    pub(crate) fn takes_data(&mut self, now: Instant) -> bool {
        self.paced_until = None;
        if !self.met || self.silence.is_silent() || self.ready.is_empty() {
            return false;
        }
        if !self.has_window() {
            self.pace.held_back();
            return false;
        }
        self.paced_until = self.pace.wait_until(now);
        self.paced_until.is_none()
    }

    /// A channel has something for it.
    pub(crate) fn make_ready(&mut self, channel: Channel) {
        self.ready.insert(channel);
    }

    /// A channel has nothing more for it.
    pub(crate) fn unready(&mut self, channel: Channel) {
        self.ready.remove(&channel);
    }

    /// What was sent of a channel was too early, as it seems: it waits until it is asked for, or a
    /// while.
    pub(crate) fn wait(&mut self, now: Instant, channel: Channel) {
        self.ready.remove(&channel);
        self.errands.too_early.insert(channel);
        self.errands.too_early_due.get_or_insert(now + EARLY_PAUSE);
    }

    /// It has waited.
    pub(crate) fn release_early(&mut self, now: Instant) {
        if self.errands.too_early_due.is_some_and(|due| due <= now) {
            self.errands.too_early_due = None;
            self.ready.append(&mut self.errands.too_early);
        }
    }

    /// Skips go with anything else that goes, or when it is time.
    pub(crate) fn release_skips(&mut self, now: Instant) {
        if self.errands.skips_due.is_some()
            && (self.errands.press(now)
                || !self.is_dry()
                || self.tempo.due().is_some_and(|due| due <= now))
        {
            self.errands.skips_due = None;
            self.ready.append(&mut self.errands.skips);
        }
    }

    /// Whether no channel has anything for it.
    pub(crate) fn is_dry(&self) -> bool {
        self.ready.is_empty()
    }

    /// The channel whose turn it is.
    pub(crate) fn next_ready(&self) -> Option<Channel> {
        let after = (Bound::Excluded(self.served), Bound::Unbounded);
        self.ready.range(after).next().or(self.ready.first()).copied()
    }

    /// Whether it can be told anything in the hall: it knows what that is sealed with.
    pub(crate) fn knows_hall(&self) -> bool {
        let knows = self.hall_key == 0 || self.sessions.hall_there() == Some(self.hall_key);
        knows && self.met && !self.silence.is_silent()
    }

    /// Whether it hears what is said in the hall.
    pub(crate) fn hears_hall(&self) -> bool {
        self.reach.hears() && self.is_open() && self.knows_hall()
    }

    /// Whether more may be under way to it.
    pub(crate) fn has_window(&self) -> bool {
        self.flight.bytes() < self.pace.window()
    }

    /// Queues a control message, as one frame or in parts. Answers false if it was dropped.
    pub(crate) fn tell(
        &mut self,
        frames: impl ExactSizeIterator<Item = Vec<u8>>,
        change: bool,
    ) -> bool {
        if self.errands.tells.len() + frames.len() > TELLS_WAITING_MAX {
            return false;
        }
        self.errands.tells.extend(frames.into_iter().map(|frame| (frame, change)));
        true
    }

    /// When a few are sent again because an answer that was asked for at once stays out.
    pub(crate) fn nudge_at(&self) -> Option<Instant> {
        let asked = self.flight.asked_at_once().filter(|_| !self.silence.is_silent())?;
        self.pace.until_nudge().map(|wait| asked + wait)
    }

    /// When the peer has been waited for long enough.
    pub(crate) fn overdue_at(&self) -> Option<Instant> {
        let asked = self.flight.asked().filter(|_| !self.silence.is_silent());
        asked.map(|at| at + self.pace.patience())
    }

    /// When anything of it is due next.
    pub(crate) fn due(&self) -> Instant {
        let due = self.silence.due();
        // What cannot go out is not waited for: who did would not sleep.
        let open = self.is_open();
        let heard = open && !self.silence.is_silent();
        let beat = Some(self.beats.due()).filter(|_| self.met && heard);
        let acks = self.tempo.due().filter(|_| open);
        let skips = self.errands.skips_due.filter(|_| heard);
        let path = self.path.due().filter(|_| self.met && heard);
        let reach = self.reach.due().filter(|_| open && self.knows_hall());
        let thanks = self.sessions.due();
        let (overdue, lost) = (self.overdue_at(), self.flight.lost_at());
        let nudge = self.nudge_at();
        let others = [beat, acks, skips, path, reach, thanks, nudge, overdue, lost];
        let early = self.errands.too_early_due.filter(|_| heard);
        let late = [self.paced_until.filter(|_| heard), self.early.due(), early];
        others.into_iter().chain(late).flatten().fold(due, Instant::min)
    }
}
