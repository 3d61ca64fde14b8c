//! Spread: a decided INSTALL is repeated to everybody it concerns until they have said that it has
//! arrived, by its coordinator, even after that has left the group itself. Where causality goes
//! across groups, also by others who have delivered what some of those deliver only then.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::{Duration, Instant, ProcId};

use crate::control::Control;
use crate::endpoint::GroupId;
use crate::install::Install;
use crate::limits::{PAUSE_MAX, SPREAD_FOR};
use crate::view::ViewId;

#[derive(Debug)]
struct Spread {
    install: Arc<Install>,
    waiting: BTreeSet<ProcId>,
    /// Until it has arrived at these the group is active here: see `across.rs`.
    owed: Vec<ProcId>,
    next: Instant,
    pause: Duration,
    until: Instant,
}

/// One decision: no group has two views of one name.
type Name = (GroupId, ViewId);

/// All INSTALLs of this process that somebody may not have yet.
#[derive(Debug, Default)]
pub(crate) struct Spreads {
    by_name: BTreeMap<Name, Spread>,
    by_time: BTreeSet<(Instant, Name)>,
    /// Groups of which less is waited for than when they were looked at last.
    fewer: BTreeSet<GroupId>,
}

impl Spreads {
    /// Starts to spread a decision to all but its decider.
    pub(crate) fn add(&mut self, now: Instant, pause: Duration, me: ProcId, install: Arc<Install>) {
        let waiting: BTreeSet<ProcId> =
            install.audience().into_iter().filter(|proc| *proc != me).collect();
        if waiting.is_empty() {
            return;
        }
        self.begin(now, pause, install, waiting);
    }

    /// Keeps the group active until these have the decision: whoever decided it may be gone.
    pub(crate) fn hold(
        &mut self,
        now: Instant,
        pause: Duration,
        install: &Arc<Install>,
        owed: Vec<ProcId>,
    ) {
        if owed.is_empty() {
            return;
        }
        let name = (install.group, install.view);
        self.begin(now, pause, Arc::clone(install), owed.iter().copied().collect());
        if let Some(spread) = self.by_name.get_mut(&name) {
            spread.owed = owed;
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        pause: Duration,
        install: Arc<Install>,
        waiting: BTreeSet<ProcId>,
    ) {
        let name = (install.group, install.view);
        if self.by_name.contains_key(&name) {
            return;
        }
        self.by_time.insert((now, name));
        let (until, owed) = (now + SPREAD_FOR, Vec::new());
        self.by_name.insert(name, Spread { install, waiting, owed, next: now, pause, until });
    }

    /// This process has it, or something later.
    pub(crate) fn arrived(&mut self, proc: ProcId, installed: &Control) {
        if let Control::Installed { group, view } = installed {
            self.strike_out((*group, *view), proc);
        }
    }

    /// Nothing more can arrive there.
    pub(crate) fn lost(&mut self, proc: ProcId) {
        let waits = |spread: &Spread| spread.waiting.contains(&proc);
        let all = self.by_name.iter().filter(|(_, spread)| waits(spread));
        for name in all.map(|(name, _)| *name).collect::<Vec<_>>() {
            self.strike_out(name, proc);
        }
    }

    /// Whether the group is held by anybody who counts.
    pub(crate) fn holds(&self, group: GroupId, counts: impl Fn(ProcId) -> bool) -> bool {
        let all = self.by_name.range((group, ViewId::default())..);
        let mut of_group = all.take_while(|((other, _), _)| *other == group);
        let waits = |spread: &Spread, proc| spread.waiting.contains(&proc) && counts(proc);
        of_group.any(|(_, spread)| spread.owed.iter().any(|proc| waits(spread, *proc)))
    }

    /// Groups that may be held no longer.
    pub(crate) fn fewer(&mut self) -> BTreeSet<GroupId> {
        core::mem::take(&mut self.fewer)
    }

    fn strike_out(&mut self, name: Name, proc: ProcId) {
        let Some(spread) = self.by_name.get_mut(&name) else { return };
        spread.waiting.remove(&proc);
        if spread.owed.contains(&proc) {
            self.fewer.insert(name.0);
        }
        if spread.waiting.is_empty() {
            self.by_time.remove(&(spread.next, name));
            self.by_name.remove(&name);
        }
    }

    /// What is to be sent now, and to whom.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(ProcId, Control)> {
        let mut out = Vec::new();
        let due = self.by_time.iter().take_while(|(next, _)| *next <= now);
        for (next, name) in due.copied().collect::<Vec<_>>() {
            self.by_time.remove(&(next, name));
            let Some(spread) = self.by_name.get_mut(&name) else { continue };
            if spread.until <= now {
                if !spread.owed.is_empty() {
                    self.fewer.insert(name.0);
                }
                self.by_name.remove(&name);
                continue;
            }
            let control = Control::Install(Arc::clone(&spread.install));
            out.extend(spread.waiting.iter().map(|proc| (*proc, control.clone())));
            spread.next = now + spread.pause;
            spread.pause = (spread.pause * 2).min(PAUSE_MAX);
            self.by_time.insert((spread.next, name));
        }
        out
    }

    /// When something is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.by_time.first().map(|(next, _)| *next)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use muts::NodeId;

    use super::*;
    use crate::install::Joiner;

    #[test]
    fn no_more_is_kept_for_one_that_is_silent_than_what_was_decided_lately() {
        let [me, silent] = [1, 2].map(|node| ProcId { node: NodeId(node), incarnation: 1 });
        let (mut spreads, mut now, step) =
            (Spreads::default(), Instant::ZERO, Duration::from_millis(50));
        for epoch in 1..=1_000 {
            let view = ViewId { epoch, coordinator: me };
            let joiners = vec![Joiner { proc: silent, nonce: 0 }];
            let install = Install { group: GroupId(7), view, parts: vec![], joiners };
            spreads.add(now, step, me, Arc::new(install));
            spreads.due(now);
            now += step;
            let most = (SPREAD_FOR + PAUSE_MAX).as_millis() / step.as_millis() + 1;
            assert!(spreads.by_name.len() as u128 <= most, "{} are kept", spreads.by_name.len());
        }
        spreads.due(now + SPREAD_FOR + PAUSE_MAX);
        assert!(spreads.by_name.is_empty() && spreads.deadline().is_none());
    }
}
