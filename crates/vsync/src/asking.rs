//! Asking first: before a member is kept from casting, the floor above says its last in the view.
//!
//! Takes: `Down::Closed`. Promises: of a floor above at the other end of a pipe every cast that it
//! made in a view goes out in that view. Keeps: what came before the answer and has to wait for it.
//! Whoever sent it repeats it, but need not have to.

use alloc::boxed::Box;

use muts::{Instant, ProcId};

use crate::control::Control;
use crate::interface::Up;
use crate::serving::Serving;
use crate::turn::Turn;

/// How far the floor above has been asked.
#[derive(Debug, Default)]
pub(crate) enum Asking {
    /// It casts as it likes.
    #[default]
    Open,
    /// It was asked, and this is to be heard then.
    Asked(Option<Box<(ProcId, Control)>>),
    /// It casts nothing before it is told so, at this time at the latest.
    Closed(Instant),
}

impl Serving {
    /// Whether this member may be kept from casting now; asks the floor above if need be.
    pub(crate) fn may_close(&mut self, turn: &mut Turn<'_>) -> bool {
        let told = turn.config.asks_first && self.founding.is_none();
        if !told || self.blocked.is_some() {
            return true;
        }
        match self.asking {
            Asking::Closed(_) => true,
            Asking::Asked(_) => false,
            Asking::Open if !self.owed.is_empty() && !self.is_late(turn) => false,
            Asking::Open => {
                // It casts nothing before it is told what it is owed: the view that ends now.
                self.release(turn, false);
                self.asking = Asking::Asked(None);
                turn.tell(Up::Closing { group: self.group() });
                false
            }
        }
    }

    /// Whether it need not be waited for that all confirm this epoch.
    fn is_late(&self, turn: &Turn<'_>) -> bool {
        self.has_suspects(turn) || turn.now.since(self.viewed) >= turn.config.control * 2
    }

    /// Keeps what would close the epoch until the floor above has answered.
    pub(crate) fn keep(&mut self, from: ProcId, control: Control) {
        if let Asking::Asked(kept) = &mut self.asking {
            *kept = Some(Box::new((from, control)));
        }
    }

    /// The floor above has answered.
    pub(crate) fn closed(&mut self, turn: &mut Turn<'_>) {
        let Asking::Asked(kept) = &mut self.asking else { return };
        let kept = kept.take();
        self.asking = Asking::Closed(turn.now + turn.config.control * 5);
        if let Some(kept) = kept {
            let (from, control) = *kept;
            self.hear(turn, from, control);
        }
    }

    /// Nothing came of what it was asked for.
    pub(crate) fn reopen_if_due(&mut self, turn: &mut Turn<'_>) {
        if self.blocked.is_none()
            && let Asking::Closed(until) = self.asking
            && until <= turn.now
        {
            self.asking = Asking::Open;
            self.owes_room = false;
            turn.tell(Up::Room { group: self.group() });
        }
    }

    /// When that is to be looked at.
    pub(crate) const fn reopen_due(&self) -> Option<Instant> {
        match self.asking {
            Asking::Closed(until) if self.blocked.is_none() => Some(until),
            _ => None,
        }
    }
}
