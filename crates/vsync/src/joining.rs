//! Joining: a process that is in no view of the group asks to be let in, until it is.

use alloc::vec::Vec;

use muts::{Duration, Instant, ProcId};

use crate::control::{Control, Whereabouts};
use crate::endpoint::GroupId;
use crate::install::Install;
use crate::limits::PAUSE_MAX;
use crate::turn::Turn;

/// The first pause between two JOINs.
const PAUSE_MIN: Duration = Duration::from_millis(40);

/// A process that wants into a group.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) group: GroupId,
    /// Whom it asks; every process met if none.
    pub(crate) contact: Option<ProcId>,
    /// Whether its user asked for it, and hears if it fails.
    pub(crate) wished: bool,
    /// A cast was handed back.
    pub(crate) owes_room: bool,
    /// Grows from one joining of this process to the next.
    nonce: u64,
    next: Instant,
    pause: Duration,
    /// When it gives up.
    until: Instant,
}

impl Joining {
    pub(crate) fn new(
        turn: &Turn<'_>,
        group: GroupId,
        contact: Option<ProcId>,
        wished: bool,
    ) -> Self {
        Self {
            group,
            contact,
            wished,
            owes_room: false,
            nonce: turn.now.as_nanos(),
            next: turn.now,
            pause: PAUSE_MIN,
            until: turn.now + turn.config.joining,
        }
    }

    /// Asks again when it is time; answers whether it goes on at all.
    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>, highest: u64) -> bool {
        if self.until <= turn.now {
            return false;
        }
        if self.next <= turn.now {
            let (group, who, nonce) = (self.group, turn.me(), self.nonce);
            let asked: Vec<ProcId> = match self.contact {
                Some(contact) if !turn.peers.is_lost(contact) => alloc::vec![contact],
                _ => turn.peers.living().collect(),
            };
            let ticket = turn.terms(group).shows();
            let join = Control::Join { group, who, nonce, highest, ticket };
            for proc in asked {
                turn.control(proc, &join);
            }
            self.next = turn.now + self.pause;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        true
    }

    /// Somebody invites it: that one is asked now, and soon again.
    pub(crate) fn turn_to(&mut self, turn: &Turn<'_>, host: ProcId) {
        if self.contact.replace(host) != Some(host) {
            self.next = turn.now;
            self.pause = PAUSE_MIN;
        }
    }

    /// It is in no view, and who waits for it as for one who is would wait long. So it is since it
    /// began to ask, and until it is let in.
    pub(crate) fn tell_whereabouts(&self, turn: &mut Turn<'_>, to: ProcId) {
        let (number, beyond) = (self.nonce, Vec::new());
        let whereabouts = Whereabouts { number, view: None, beyond, charge: None };
        turn.control(to, &Control::Where { group: self.group, whereabouts });
    }

    /// Somebody is in the group without it. That one forgets it now, so it has to remember.
    pub(crate) fn hear_of(&self, turn: &mut Turn<'_>, proc: ProcId) {
        turn.heard.note(self.group, proc);
        self.tell_whereabouts(turn, proc);
    }

    /// Whether this INSTALL answers this joining, not an earlier one.
    pub(crate) fn is_let_in_by(&self, install: &Install, me: ProcId) -> bool {
        let mut joiners = install.joiners.iter();
        joiners.any(|joiner| joiner.proc == me && joiner.nonce == self.nonce)
    }

    /// Whether a refusal answers this joining.
    pub(crate) const fn is_meant(&self, nonce: u64) -> bool {
        self.nonce == nonce
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.next.min(self.until)
    }
}
