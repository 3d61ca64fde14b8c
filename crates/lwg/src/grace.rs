//! Grace: core groups without light-weight groups are kept warm for a while, then closed.
//!
//! Their lowest member casts CLOSE as a GBCAST, so that everybody has the same creates before it.
//! Delivered while the directory is empty, everybody leaves; otherwise it is void. A create ordered
//! after it is placed again, so there is no race (protocol 6.5, collection). It is void in another
//! view than it was meant for too: that one may have lost who does not know where a group went.

use muts::Instant;
use vsync::Core;

use crate::core_group::CoreGroup;
use crate::groups::Groups;
use crate::header::Label;
use crate::here::{Aside, CoreNumber, Here};
use crate::limits::IDLE_MAX;
use crate::outgoing::Urgent;
use crate::policy::Policy;

impl CoreGroup {
    pub(crate) fn on_close(&mut self, here: &mut Here, label: Label) {
        self.closing = false;
        if self.label != Some(label) {
            return;
        }
        // All members look at the same directory, however far each has swept.
        self.directory.sweep_all(here);
        if self.directory.alive == 0 && self.is_quiet() && !self.closed {
            self.closed = true;
            here.counters.collected += 1;
            here.asides.push_back(Aside::Closed { core: self.id() });
        }
    }

    /// No group is about to come to light here: the same at all members.
    fn is_quiet(&self) -> bool {
        self.exchange.is_none() && self.arrivals.is_empty() && self.reserved.is_empty()
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

    /// Closes what has been idle for too long, or is too much.
    pub(crate) fn collect(&mut self) {
        while let Some(&(until, number)) = self.idle.first() {
            if until > self.here.now && self.idle.len() <= IDLE_MAX {
                return;
            }
            self.idle.remove(&(until, number));
            let Some(core) = self.cores[number as usize].as_mut() else { continue };
            core.idle_since = None;
            if let Some(label) = core.label.filter(|_| core.is_lowest(self.here.me)) {
                core.closing = true;
                core.urgent.push_back(Urgent::Close(label));
            }
            // Who is not the lowest looks again later: it may be then.
            self.note(number);
        }
    }
}
