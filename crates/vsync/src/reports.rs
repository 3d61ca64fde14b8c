//! Reports: what members say of themselves, and what is known of all by it.

use alloc::vec::Vec;

use muts::Audience;

use crate::control::Control;
use crate::endpoint::Endpoint;
use crate::epoch::Epoch;
use crate::interface::Up;
use crate::stability::TELL_ALL;
use crate::stream::Stream;
use crate::turn::Turn;

impl Epoch {
    /// Takes what a member reports of itself, and tells what became stable by it.
    pub(crate) fn hear_stability(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        received: &[u64],
        processed: &[u64],
        wanted: u8,
    ) {
        self.stability.hear(rank, received, processed);
        self.note_stability(turn);
        self.stability.weigh(turn.now, wanted);
        if wanted == TELL_ALL {
            return;
        }
        if wanted > 1 {
            self.stability.await_here(received, &self.processed());
        }
        if wanted > 1 || wanted > 0 && self.stability.due.is_none() {
            let of_all = wanted == 1 && self.stability.is_hub();
            let report = if of_all { self.report_of_all() } else { self.report(0) };
            turn.control(self.members[rank], &report);
        } else if wanted > 0 {
            self.stability.ask(rank);
        }
    }

    /// Takes what all have, as the hub tells it.
    pub(crate) fn hear_of_all(
        &mut self,
        turn: &mut Turn<'_>,
        rank: usize,
        received: &[u64],
        processed: &[u64],
    ) {
        if rank == self.total.sequencer {
            self.stability.hear_of_all(received, processed);
            self.note_stability(turn);
        }
    }

    /// Reports what is here to whom it concerns, if a report is due.
    pub(crate) fn report_if_due(&mut self, turn: &mut Turn<'_>) {
        if self.stability.due.is_none_or(|due| due > turn.now) {
            return;
        }
        self.note_stability(turn);
        let unstable = self.is_unstable() || self.stability.misses_any();
        let urgent = core::mem::take(&mut self.stability.urgent);
        let to = self.stability.addressees(&self.received(), urgent);
        let asks = u8::from(unstable) + u8::from(unstable && urgent);
        let report = self.report(if to.by_hub { TELL_ALL } else { asks });
        self.tell_those(turn, &to.own, &report);
        if to.all != Audience::NONE {
            let report = self.report_of_all();
            self.tell_those(turn, &to.all, &report);
        }
        self.stability.reported(turn.now, unstable);
        if !unstable {
            self.rest();
        }
    }

    fn tell_those(&self, turn: &mut Turn<'_>, to: &Audience, report: &Control) {
        for rank in (0..self.members.len()).filter(|rank| *rank != self.rank && to.has(*rank)) {
            turn.control(self.members[rank], report);
        }
    }

    /// Whether something here is not known to be processed by every member.
    pub(crate) fn is_unstable(&self) -> bool {
        (0..self.streams.len())
            .any(|rank| self.stability.stable_below(rank) < self.streams[rank].received())
    }

    fn report(&self, wanted: u8) -> Control {
        Control::Stability {
            group: self.group,
            epoch: self.view,
            received: self.sure_received(),
            processed: self.processed(),
            wanted,
        }
    }

    fn report_of_all(&self) -> Control {
        let (received, processed) = self.stability.of_all();
        Control::StabilityOfAll { group: self.group, epoch: self.view, received, processed }
    }

    /// How much of each stream has been received here, as far as no cut can be without it.
    fn sure_received(&self) -> Vec<u64> {
        self.frozen.clone().unwrap_or_else(|| self.received())
    }

    /// How much of each stream has been told here, or had not to be.
    pub(crate) fn processed(&self) -> Vec<u64> {
        self.streams.iter().map(Stream::processed).collect()
    }

    fn note_stability(&mut self, turn: &mut Turn<'_>) {
        let (received, processed) = (self.sure_received(), self.processed());
        self.stability.hear(self.rank, &received, &processed);
        for rank in 0..self.streams.len() {
            let stability = &self.stability;
            let (settled, stable) = (stability.settled_below(rank), stability.stable_below(rank));
            self.streams[rank].free(settled, stable, self.rank);
        }
        for (rank, below) in self.stability.news() {
            let from = Endpoint::of(self.members[rank]);
            let below = self.base.get(rank) + below;
            turn.tell(Up::Stable { group: self.group, from, below });
        }
    }
}
