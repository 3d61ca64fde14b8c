//! Watch: suspicion, or its end, that only time brings about: looked for now and then.

use alloc::collections::BTreeSet;

use muts::{Duration, Instant, Multicast, ProcId};

use crate::kernel::Kernel;

/// How often; and how often heartbeats are renewed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl<M: Multicast> Kernel<M> {
    /// Looks, and has the groups settled that are concerned by what has changed.
    pub(crate) fn look(&mut self, now: Instant) {
        self.look = now + LOOK_EVERY;
        let torn = self.desk.peers.look(now);
        let peers = &self.desk.peers;
        let suspected = peers.living().filter(|proc| peers.suspects(now, *proc)).collect();
        let heard = peers.living().filter(|proc| peers.hears(now, *proc)).collect();
        let changed: BTreeSet<ProcId> = &(&suspected ^ &self.suspected) | &(&heard ^ &self.heard);
        self.desk.counters.suspicions += suspected.difference(&self.suspected).count() as u64;
        for proc in &changed | &torn {
            self.stir(now, proc);
        }
        (self.suspected, self.heard) = (suspected, heard);
    }
}
