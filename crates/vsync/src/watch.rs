//! Watch: suspicion that only time brings about, looked for now and then.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use muts::{Duration, Instant, Multicast, ProcId};

use crate::kernel::Kernel;

/// How often; and how often heartbeats are renewed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl<M: Multicast> Kernel<M> {
    /// Looks, and has the groups settled that are concerned by what has changed.
    pub(crate) fn look(&mut self, now: Instant) {
        self.look = now + LOOK_EVERY;
        for proc in self.desk.peers.look(now) {
            self.touch_concerned(proc);
        }
        let peers = &self.desk.peers;
        let suspected: BTreeSet<ProcId> =
            peers.living().filter(|proc| peers.suspects(now, *proc)).collect();
        let changed: Vec<ProcId> =
            suspected.symmetric_difference(&self.suspected).copied().collect();
        for proc in changed {
            self.desk.counters.suspicions += u64::from(suspected.contains(&proc));
            self.touch_concerned(proc);
        }
        self.suspected = suspected;
    }
}
