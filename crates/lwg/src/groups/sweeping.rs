//! Sweeping: what was put off at a change of a core group is done a few groups at a time.
//!
//! *Takes* which core groups have something to do. *Promises* that it is done, in every core group
//! by turns, and for a group that the user asks something of before that is taken. Uniting goes
//! first: others wait for the MARK that follows. What tells views waits while many are not taken.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use muts::Instant;
use vsync::Core;

use super::Groups;
use crate::here::CoreNumber;
use crate::id::LwgId;
use crate::limits::{SWEEP_AFTER, TOLD_MAX};
use crate::policy::Policy;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Sweeping {
    /// Core groups with groups that are not united yet.
    uniting: BTreeSet<CoreNumber>,
    /// Those with entries that are not up to date.
    behind: BTreeSet<CoreNumber>,
    /// When they are brought up to date next: messages of a new view go before.
    from: Instant,
    /// Whose turn it is, or the next one's.
    turn: CoreNumber,
}

fn next(of: &BTreeSet<CoreNumber>, turn: CoreNumber) -> Option<CoreNumber> {
    of.range(turn..).next().or_else(|| of.first()).copied()
}

impl Sweeping {
    /// A core group has a new view.
    pub(super) fn on_view(&mut self, now: Instant, number: CoreNumber) {
        if self.behind.is_empty() {
            self.from = now + SWEEP_AFTER;
        }
        self.behind.insert(number);
    }

    /// Directories meet, or MARKs have come for all of a core group's groups.
    pub(crate) fn note(&mut self, now: Instant, number: CoreNumber, unites: bool) {
        if unites {
            self.uniting.insert(number);
        } else {
            self.from = now;
            self.behind.insert(number);
        }
    }

    pub(super) fn forget(&mut self, number: CoreNumber) {
        self.uniting.remove(&number);
        self.behind.remove(&number);
    }

    /// When there is something to do, if so much is told and not taken.
    pub(super) fn deadline(&self, now: Instant, told: usize) -> Option<Instant> {
        if !self.uniting.is_empty() {
            return Some(now);
        }
        let due = !self.behind.is_empty() && told < TOLD_MAX;
        due.then_some(now.max(self.from))
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// A turn of it.
    pub(super) fn sweep(&mut self) {
        let Sweeping { uniting, behind, from, turn } = &self.sweeping;
        let held = self.here.told.len() >= TOLD_MAX || self.here.now < *from;
        let behind = next(behind, *turn).filter(|_| !held);
        let Some(number) = next(uniting, *turn).or(behind) else { return };
        self.sweeping.turn = number + 1;
        let (core, most) = (self.cores[number as usize].as_mut(), self.here.at_once);
        if !core.is_some_and(|core| core.sweep(&mut self.here, most)) {
            self.sweeping.behind.remove(&number);
        }
        if self.cores[number as usize].as_ref().is_none_or(|core| core.uniting.is_none()) {
            self.sweeping.uniting.remove(&number);
        }
        self.settle_asides();
        self.note(number);
    }

    /// Something is asked of a group: it is as if all of its core group were up to date.
    pub(crate) fn catch_up(&mut self, lwg: LwgId) {
        let mut cores: Vec<CoreNumber> = self.sweeping.uniting.iter().copied().collect();
        if !self.sweeping.behind.is_empty() {
            cores.extend(self.here.find(lwg).map(|(number, _)| number));
        }
        for number in cores {
            let core = self.cores[number as usize].as_mut();
            if let Some(core) = core.filter(|core| !core.is_one() || core.ripening.is_some()) {
                // What is sent where a group is known goes on until its turn comes.
                if !core.is_strict(&self.here, lwg) {
                    core.unite_first(&mut self.here, lwg);
                }
                core.ripen_first(&mut self.here, lwg);
                self.settle_asides();
                self.note(number);
            }
        }
    }
}
