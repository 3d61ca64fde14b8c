//! Unstable: own messages that were told here and are not known to be told everywhere.
//!
//! *Takes* own deliveries, what the kernel knows to be stable, and the ends of core views.
//! *Promises* that a send is told stable once every member of its view has been told it, and
//! unstable once that cannot be known any more. *Keeps* messages of one view that follow each other
//! in one place: a sender has thousands.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;

use vsync::Endpoint;

use crate::core_group::CoreGroup;
use crate::here::Here;
use crate::id::{LwgId, Members, SendId};
use crate::outgoing::Urgent;
use crate::traits::RELAXED;

/// Messages of one view of a group, in positions and under names that follow each other.
pub(crate) struct Run {
    seq: u64,
    lwg: LwgId,
    send: SendId,
    members: Arc<Members>,
    count: u64,
}

impl Run {
    /// Whether that message of that view comes next.
    fn is_before(&self, seq: u64, lwg: LwgId, send: SendId, members: &Arc<Members>) -> bool {
        self.seq + self.count == seq
            && self.send.0.wrapping_add(self.count) == send.0
            && self.lwg == lwg
            && Arc::ptr_eq(&self.members, members)
    }

    /// The first so many are taken off.
    fn pass(&mut self, count: u64) {
        self.seq += count;
        self.send.0 = self.send.0.wrapping_add(count);
        self.count -= count;
    }
}

impl CoreGroup {
    /// An own message was told here: by position, which one in no order may be told before.
    pub(crate) fn await_stable(
        &mut self,
        seq: u64,
        (lwg, send): (LwgId, SendId),
        members: Arc<Members>,
    ) {
        if let Some(last) = self.unstable.back_mut()
            && last.is_before(seq, lwg, send, &members)
        {
            last.count += 1;
            return;
        }
        let later = self.unstable.iter().rev().take_while(|other| other.seq > seq).count();
        let run = Run { seq, lwg, send, members, count: 1 };
        self.unstable.insert(self.unstable.len() - later, run);
    }

    /// Everybody has delivered this process's casts below that position.
    pub(crate) fn on_stable(&mut self, here: &mut Here, below: u64) {
        self.tell_carried(here);
        if !self.opening.is_empty() {
            self.open(here, below);
        }
        let mut last = Inside::default();
        while let Some(run) = self.unstable.front_mut().filter(|run| run.seq < below) {
            let count = run.count.min(below - run.seq);
            last.tell(here, run, count);
            run.pass(count);
            if run.count > 0 {
                break;
            }
            self.unstable.pop_front();
        }
    }

    /// A view has ended. Whoever is said to come along held what was told here, and has been told
    /// it if it comes: some other change of the same view may have taken it elsewhere. It is known
    /// to have come once it takes part in a next change, or has a cast of the new view.
    pub(crate) fn carry_unstable(&mut self, here: &mut Here, along: &BTreeSet<Endpoint>) {
        self.lose_carried(here, along);
        self.tell_carried(here);
        self.carried = core::mem::take(&mut self.unstable);
        self.lose_carried(here, along);
        if !self.carried.is_empty() {
            self.urgent.push_back(Urgent::Here);
        }
    }

    /// Of what is not for these alone nothing more will be heard.
    fn lose_carried(&mut self, here: &mut Here, along: &BTreeSet<Endpoint>) {
        self.carried.retain(|run| {
            let comes = run.members.iter().all(|it| along.contains(it));
            if !comes {
                here.told.push_unstable(run.send, run.count);
            }
            comes
        });
    }

    /// This process is out of the core group.
    pub(crate) fn lose_unstable(&mut self, here: &mut Here) {
        self.lose_carried(here, &BTreeSet::new());
        self.carried = core::mem::take(&mut self.unstable);
        self.lose_carried(here, &BTreeSet::new());
    }

    pub(crate) fn tell_carried(&mut self, here: &mut Here) {
        let mut last = Inside::default();
        for run in self.carried.drain(..) {
            last.tell(here, &run, run.count);
        }
    }
}

/// Whether this process is in the groups whose messages became stable last: a sender has a few at a
/// time.
#[derive(Default)]
struct Inside([Option<(LwgId, bool)>; 2]);

impl Inside {
    /// Who has gone out of the group cannot know.
    fn tell(&mut self, here: &mut Here, run: &Run, count: u64) {
        let known = self.0.iter().flatten().find(|(lwg, _)| *lwg == run.lwg);
        let inside = known.map_or_else(|| is_inside(here, run.lwg), |(_, inside)| *inside);
        if known.is_none() {
            self.0 = [Some((run.lwg, inside)), self.0[0]];
        }
        if inside {
            here.told.push_stable(run.send, count);
        } else {
            here.told.push_unstable(run.send, count);
        }
    }
}

/// Whether this process is in a group, which may be elsewhere by now.
fn is_inside(here: &Here, lwg: LwgId) -> bool {
    let home = here.find(lwg);
    let inside = home.is_some_and(|(_, slot)| {
        let relaxed = here.table.entry(slot).marks.has(RELAXED);
        relaxed || here.table.members(slot).contains(&here.me)
    });
    inside || here.arriving.contains_key(&lwg)
}

/// Told here and not yet everywhere, by position.
pub(crate) type Unstable = VecDeque<Run>;
