//! Watch: suspicion, or its end, that only time brings about: looked for now and then.

use muts::{Duration, Instant, Multicast};

use crate::kernel::Kernel;

/// How often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl<M: Multicast> Kernel<M> {
    /// Looks, and has the groups settled that are concerned by what has changed.
    pub(crate) fn look(&mut self, now: Instant) {
        self.look = now + LOOK_EVERY;
        let (changed, suspicions) = self.desk.peers.look(now);
        self.desk.counters.suspicions += suspicions;
        self.desk.peers.forget(now);
        self.shorten();
        for proc in changed {
            self.stir(now, proc);
        }
    }
}
