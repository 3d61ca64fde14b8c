//! Spread: a decided INSTALL is repeated to everybody it concerns until they have said that it has
//! arrived, by its coordinator, even after that has left the group itself.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use muts::{Duration, Instant, ProcId};

use crate::control::Control;
use crate::install::Install;

/// Repeating ends after this: who has not answered by then is suspected, or went another way and
/// is told by whoever meets it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// The longest pause between two repetitions.
const PAUSE_MAX: Duration = Duration::from_millis(500);

#[derive(Debug)]
struct Spread {
    install: Install,
    waiting: BTreeSet<ProcId>,
    next: Instant,
    pause: Duration,
    until: Instant,
}

/// All INSTALLs of this process that somebody may not have yet.
#[derive(Debug, Default)]
pub(crate) struct Spreads(Vec<Spread>);

impl Spreads {
    /// Starts to spread a decision to all but its decider.
    pub(crate) fn add(&mut self, now: Instant, pause: Duration, me: ProcId, install: Install) {
        let waiting = install.audience().into_iter().filter(|proc| *proc != me).collect();
        self.0.push(Spread { install, waiting, next: now, pause, until: now + GIVE_UP_AFTER });
    }

    /// This process has it, or something later.
    pub(crate) fn arrived(&mut self, proc: ProcId, installed: &Control) {
        if let Control::Installed { group, view } = installed {
            for spread in &mut self.0 {
                if spread.install.group == *group && spread.install.view == *view {
                    spread.waiting.remove(&proc);
                }
            }
        }
    }

    /// Nothing more can arrive there.
    pub(crate) fn lost(&mut self, proc: ProcId) {
        for spread in &mut self.0 {
            spread.waiting.remove(&proc);
        }
    }

    /// What is to be sent now, and to whom.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(ProcId, Control)> {
        self.0.retain(|spread| !spread.waiting.is_empty() && spread.until > now);
        let mut out = Vec::new();
        for spread in self.0.iter_mut().filter(|spread| spread.next <= now) {
            let control = Control::Install(spread.install.clone());
            out.extend(spread.waiting.iter().map(|proc| (*proc, control.clone())));
            spread.next = now + spread.pause;
            spread.pause = (spread.pause * 2).min(PAUSE_MAX);
        }
        out
    }

    /// When something is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|spread| spread.next).min()
    }
}
