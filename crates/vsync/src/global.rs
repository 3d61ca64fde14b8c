//! Global: GBCASTs, each at its sender's own flush.
//!
//! A GBCAST goes ahead in its sender's stream, is passed over by the queues, and is delivered at
//! the end of the epoch: after everything in the cut, before everything later. Promises: wherever
//! it is delivered the same has been delivered before it. Two flushes may both end an epoch that a
//! member takes part in, and it goes along with one of them; so only the INSTALL that the sender
//! itself decides delivers its GBCAST: there is one at most, and the sender takes it. Where another
//! flush overtakes it, everybody drops it, and its sender sends it anew in the next epoch.

use alloc::vec::Vec;

use crate::how::How;
use crate::install::Install;
use crate::interface::Up;
use crate::order::Order;
use crate::serving::Serving;
use crate::turn::Turn;

impl Serving {
    /// Begins the flush of an own GBCAST, if nothing else is under way.
    pub(crate) fn begin_global(&mut self, turn: &mut Turn<'_>) {
        let idle = self.flush.is_none()
            && self.blocked.is_none()
            && self.merge.is_none()
            && self.founding.is_none();
        let refused = self.flush.as_ref().and_then(|flush| flush.again);
        let again = refused.is_some_and(|again| again <= turn.now);
        let wants = (idle || again) && self.epoch.has_own_global() && !self.has_suspects(turn);
        if wants && self.may_close(turn) {
            self.begin(turn);
        }
    }

    /// The GBCASTs that this INSTALL delivers here; own ones that it does not are sent anew.
    pub(crate) fn take_globals(&mut self, turn: &mut Turn<'_>, install: &Install) -> Vec<Up> {
        let mut told = Vec::new();
        for (from, up) in self.epoch.take_globals() {
            if from == install.view.coordinator {
                turn.counters.globals += 1;
                told.push(up);
            } else if from == turn.me()
                && let Up::Cast { safe, message, .. } = up
            {
                turn.counters.globals_again += 1;
                let how = How { safe, ..Order::Global.into() };
                self.cast_again.push_back((how, message));
            }
        }
        told
    }

    /// Sends anew what another flush overtook.
    pub(crate) fn cast_globals_again(&mut self, turn: &mut Turn<'_>) {
        if self.epoch.has_own_global() {
            return;
        }
        if let Some((how, message)) = self.cast_again.pop_front()
            && let Err(message) = self.epoch.cast(turn, &how, message)
        {
            self.cast_again.push_front((how, message));
        }
    }
}
