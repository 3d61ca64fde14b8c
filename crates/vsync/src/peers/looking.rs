//! Looking: what time alone changes of what is known of peers.
//!
//! Promises: whoever asks is answered by the clock, looked or not; to look says of whom the answer
//! has changed, since groups wait for that. With hundreds of processes on a host each looks at
//! hundreds, many times a second: so it is looked only where something was heard, or time has come.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::mem;

use muts::{Duration, Instant, ProcId};

use super::{Peer, Peers};

/// What has lasted for longer than a limit is looked at so long after it.
const MOMENT: Duration = Duration::from_micros(1);

impl Peers {
    /// Looks at what time alone may have changed: who is suspected, who is heard, and who does not
    /// hear whom. Answers those with whom that is different now, and how many are suspected that
    /// were not.
    pub(crate) fn look(&mut self, now: Instant) -> (BTreeSet<ProcId>, u64) {
        if !mem::take(&mut self.unlooked) && self.next_look.is_none_or(|next| now < next) {
            return (BTreeSet::new(), 0);
        }
        let (mut changed, mut suspicions) = (self.look_for_rifts(now), 0);
        let looked: Vec<(ProcId, (bool, bool))> = self.differently_looked_at(now).collect();
        for (proc, looked) in looked {
            let Some(peer) = self.all.get_mut(&proc) else { continue };
            suspicions += u64::from(looked.0 && !peer.looked.0);
            peer.looked = looked;
            // Whom this process hears is what its heartbeats carry.
            self.stale = true;
            changed.insert(proc);
        }
        self.next_look = self.next_by_time(now);
        (changed, suspicions)
    }

    /// Who is suspected now, or heard, and was not when that was looked at last, or the other way.
    fn differently_looked_at(
        &self,
        now: Instant,
    ) -> impl Iterator<Item = (ProcId, (bool, bool))> + '_ {
        self.all.iter().filter_map(move |(proc, peer)| {
            let lives = peer.lives();
            let looked = (lives && self.has_failed(now, peer), lives && peer.is_heard(now));
            (looked != peer.looked).then_some((*proc, looked))
        })
    }

    /// Looks who has not heard whom for too long; answers those of whom that is different now.
    fn look_for_rifts(&mut self, now: Instant) -> BTreeSet<ProcId> {
        let mut rifts = BTreeSet::new();
        let heard = |peer: &Peer| !peer.holes.is_empty() && peer.is_reachable();
        for (proc, peer) in self.all.iter().filter(|(_, peer)| heard(peer)) {
            let torn = peer.holes.keys().filter(|whom| self.is_reachable(**whom));
            let torn = torn.filter(|whom| self.lasting_hole(now, peer, **whom));
            rifts.extend(torn.map(|whom| (*proc, *whom)));
        }
        let before = mem::replace(&mut self.rifts, rifts);
        let changed = before.symmetric_difference(&self.rifts);
        changed.flat_map(|(a, b)| [*a, *b]).collect()
    }

    /// When it may next be different without anything heard: a link has been good for long enough,
    /// or a hole has lasted, or somebody was waited for, for too long.
    fn next_by_time(&self, now: Instant) -> Option<Instant> {
        let lasts = self.suspicion + MOMENT;
        let of = |peer: &Peer| {
            let relied_on = peer.is_reachable().then_some(peer.since + peer.probation);
            let waited_for = (!peer.met).then_some(peer.since + lasts);
            let holes = peer.holes.values().map(|since| *since + lasts);
            let times = holes.chain(relied_on).chain(waited_for);
            times.filter(|time| *time > now).min()
        };
        self.all.values().filter_map(of).min()
    }
}
