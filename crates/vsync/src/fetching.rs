//! Fetching: getting what the cut holds and no live sender will bring, from those who have it.
//!
//! Takes: the gaps of a CUT, PULL and FILL. Promises: what is missing is asked for until it is
//! here, a whole window at a time: the next when all of that has come, the same again when nothing
//! has come for a while, ever more seldom; a frame is taken only if this member asked for it, and
//! from a member. Keeps: what was asked for in this epoch.

use alloc::vec::Vec;

use muts::{Duration, Instant, Message, ProcId};

use crate::control::{Control, Gap};
use crate::header::SendHeader;
use crate::limits::{PAUSE_MAX, PULL_FRAMES_MAX};
use crate::serving::Serving;
use crate::span::Span;
use crate::turn::Turn;

/// What this member was asked to hold.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) cut: Vec<u64>,
    /// What of it no live sender will bring.
    pub(crate) gaps: Vec<Gap>,
    /// It has been said that all is here: said again only where that is asked again.
    pub(crate) told: bool,
    /// By gap: up to where it has been asked for, and what was missing first when it was looked at
    /// last.
    asked: Vec<(u64, u64)>,
    /// When the holders are asked again, and how long that pause is.
    ask_again: Instant,
    pause: Duration,
}

impl Wanted {
    pub(crate) fn new(turn: &Turn<'_>, cut: Vec<u64>, gaps: Vec<Gap>) -> Self {
        let asked = gaps.iter().map(|_| (0, 0)).collect();
        let pause = turn.config.control * 4;
        Self { cut, gaps, told: false, asked, ask_again: turn.now + pause, pause }
    }

    /// When the holders are asked again, if there is anything to ask them.
    pub(crate) fn ask_again(&self) -> Option<Instant> {
        (!self.gaps.is_empty() && !self.told).then_some(self.ask_again)
    }
}

impl Serving {
    /// Asks the named holders for what is missing of excluded senders, until it is here.
    pub(crate) fn pull(&mut self, turn: &mut Turn<'_>) {
        let Some(mut wanted) = self.wanted.take_if(|it| !it.told && !it.gaps.is_empty()) else {
            return;
        };
        let due = wanted.ask_again <= turn.now;
        let (mut came, mut still) = (false, Vec::new());
        for (place, gap) in wanted.gaps.iter().enumerate() {
            let Some((holder, missing)) = self.missing(turn.me(), gap) else { continue };
            let (end, before) = &mut wanted.asked[place];
            if missing >= *end {
                came |= *end > 0;
                (*end, *before) = (self.ask_for(turn, holder, gap, missing), missing);
            } else if due {
                came |= missing > *before;
                *before = missing;
                still.push((place, holder, missing));
            }
        }
        if due && !came {
            for (place, holder, missing) in still {
                wanted.asked[place].0 = self.ask_for(turn, holder, &wanted.gaps[place], missing);
            }
        }
        if came {
            wanted.pause = turn.config.control * 4;
        } else if due {
            wanted.pause = (wanted.pause * 2).min(PAUSE_MAX);
        }
        if came || due {
            wanted.ask_again = turn.now + wanted.pause;
        }
        self.wanted = Some(wanted);
    }

    /// Who else holds what is missing of a gap, and where it begins.
    fn missing(&self, me: ProcId, gap: &Gap) -> Option<(ProcId, u64)> {
        let rank = usize::from(gap.of);
        let holder = *self.epoch.members.get(usize::from(gap.holder?))?;
        let from = self.epoch.streams.get(rank)?.received().max(gap.span.from);
        let beyond = &self.epoch.beyond;
        let missing = (from..gap.span.end).find(|at| !beyond.contains_key(&(rank, *at)))?;
        (holder != me).then_some((holder, missing))
    }

    /// Asks for a window of it; answers where that ends.
    fn ask_for(&mut self, turn: &mut Turn<'_>, holder: ProcId, gap: &Gap, position: u64) -> u64 {
        turn.counters.pulls += 1;
        let end = gap.span.end.min(position.saturating_add(PULL_FRAMES_MAX));
        let (group, epoch, of) = (self.epoch.group, self.epoch.view, gap.of);
        turn.control(holder, &Control::Pull { group, epoch, of, position, end });
        match self.pulled.iter_mut().find(|(rank, span)| *rank == of && span.end >= position) {
            Some((_, span)) => {
                *span = Span { from: span.from.min(position), end: span.end.max(end) };
            }
            None => self.pulled.push((of, Span { from: position, end })),
        }
        end
    }

    /// Hands over frames of somebody else: as many as there is room for, the others when they are
    /// asked for again.
    pub(crate) fn take_pull(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        of: u8,
        position: u64,
        end: u64,
    ) {
        let Some(stream) = self.epoch.streams.get(usize::from(of)) else { return };
        let members = self.epoch.members.len();
        let Some(asker) = self.epoch.rank_of(from) else { return };
        for position in position..end.min(position.saturating_add(PULL_FRAMES_MAX)) {
            let Some(frame) = stream.frame(position) else { return };
            let mut message: Message = frame.for_filling(members, asker);
            let (group, epoch) = (self.epoch.group, self.epoch.view);
            message.push(&SendHeader::Fill { group, epoch, rank: of, position });
            if !turn.ask(muts::Down::Send { to: from, message }) {
                return;
            }
            turn.counters.fills += 1;
        }
    }

    /// Takes a frame that a holder handed over.
    pub(crate) fn take_fill(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        rank: u8,
        position: u64,
        message: Message,
    ) {
        let asked = |(of, span): &(u8, Span)| *of == rank && span.has(position);
        if self.epoch.rank_of(from).is_none() || !self.pulled.iter().any(asked) {
            turn.counters.strays += 1;
            return;
        }
        self.epoch.fill(turn, usize::from(rank), position, message);
    }
}
