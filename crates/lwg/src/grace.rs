//! Grace: core groups without light-weight groups are kept warm for a while, then closed.
//!
//! Their lowest member casts CLOSE as a GBCAST, so that everybody has the same creates before it.
//! Delivered while the directory is empty, everybody leaves; otherwise it is void. A create ordered
//! after it is placed again, so there is no race (protocol 6.5, collection). It is void in another
//! view than it was meant for too: that one may have lost who does not know where a group went.

use alloc::vec::Vec;

use muts::{Duration, Instant};
use vsync::Core;

use crate::core_group::CoreGroup;
use crate::groups::Groups;
use crate::header::Label;
use crate::here::{Aside, CoreNumber, Here};
use crate::limits::IDLE_MAX;
use crate::outgoing::Urgent;
use crate::policy::{FOREVER, Policy};

/// Until a core group is looked at again that another member has to close.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looked at together because there are too many: a turn is not to take long.
const CLOSED_AT_ONCE: usize = 64;

impl CoreGroup {
    pub(crate) fn on_close(&mut self, here: &mut Here, label: Label) {
        self.closing = false;
        if self.label != Some(label) {
            return;
        }
        // All members look at the same directory, however far each has come with it.
        self.unite_some(here, usize::MAX);
        self.directory.sweep_all(here);
        if self.directory.alive == 0 && self.is_quiet() && !self.closed {
            self.closed = true;
            here.counters.collected += 1;
            here.asides.push_back(Aside::Closed { core: self.id() });
        }
    }

    /// No group is about to come to light here: the same at all members.
    fn is_quiet(&self) -> bool {
        self.is_one() && self.arrivals.is_empty() && self.reserved.is_empty()
    }

    fn is_idle(&self) -> bool {
        self.directory.alive == 0
            && self.is_quiet()
            && self.queue.is_empty()
            && self.directory.motions.is_empty()
            && !self.closed
            && !self.closing
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Something of a core group has changed: is it idle, has it something to send?
    pub(crate) fn note(&mut self, number: CoreNumber) {
        let now = self.here.now;
        let Some(core) = self.cores.get_mut(number as usize).and_then(Option::as_mut) else {
            return;
        };
        let wants_out = core.wants_out();
        if wants_out != core.noted {
            core.noted = wants_out;
            if wants_out {
                self.ready.insert(number);
            } else {
                self.ready.remove(&number);
            }
        }
        if core.uniting.is_some() || core.ripening.is_some() {
            self.sweeping.note(now, number, core.uniting.is_some());
        }
        let idle = core.is_idle();
        let kept = core.moved.kept_until();
        match core.idle_since {
            None if idle => {
                let grace = now + self.sets.policy(core.id()).grace();
                let until = grace.max(kept);
                core.idle_since = Some(until);
                self.idle.insert((until, number));
            }
            // The group that leaves a part behind has gone only now.
            Some(until) if idle && until < kept => {
                core.idle_since = Some(kept);
                self.idle.remove(&(until, number));
                self.idle.insert((kept, number));
            }
            Some(until) if !idle => {
                core.idle_since = None;
                self.idle.remove(&(until, number));
            }
            _ => {}
        }
    }

    /// When the longest idle one has had its grace.
    pub(crate) fn grace_deadline(&self) -> Option<Instant> {
        let (until, _) = self.idle.first()?;
        Some(*until)
    }

    /// Closes what has been idle for too long, or is too much. What somebody else has to close is
    /// looked at again later: it may be this member's then.
    pub(crate) fn collect(&mut self) {
        let now = self.here.now;
        let too_many = self.idle.len().saturating_sub(IDLE_MAX).min(CLOSED_AT_ONCE);
        let over = self.idle.iter().enumerate();
        let over = over.take_while(|(at, (until, _))| *until <= now || *at < too_many);
        let over: Vec<(Instant, CoreNumber)> = over.map(|(_, one)| *one).collect();
        for (until, number) in over {
            let Some(core) = self.cores[number as usize].as_mut() else {
                self.idle.remove(&(until, number));
                continue;
            };
            let own = core.label.filter(|_| core.is_lowest(self.here.me));
            // Who founds by hand closes by hand, also where there are too many.
            if let Some(label) = own.filter(|_| until < now + FOREVER / 2) {
                core.idle_since = None;
                core.closing = true;
                core.urgent.push_back(Urgent::Close(label));
                self.idle.remove(&(until, number));
                self.note(number);
            } else if until <= now {
                let later = now + LOOK_AGAIN;
                core.idle_since = Some(later);
                self.idle.remove(&(until, number));
                self.idle.insert((later, number));
            }
        }
    }
}
