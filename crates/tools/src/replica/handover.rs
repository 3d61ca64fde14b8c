//! Handover: chunks asked for and given between two replicas, and the state loaded from them.

use lwg::{Down, Endpoint};
use muts::{Instant, Message};

use super::{Answer, Replica, Stage};
use crate::cut::Cut;
use crate::digest::{Digest, Sum};
use crate::giving::Given;
use crate::header::Header;
use crate::state::State;
use crate::tool::Asks;
use crate::transfer::{Taken, Taking};

impl<S: State> Replica<S> {
    /// A message to this member alone; what is not ours passes by.
    pub(super) fn hear_told(
        &mut self,
        now: Instant,
        from: Endpoint,
        message: &Message,
        asks: &mut Asks,
    ) {
        let mut message = message.clone();
        let Ok(header) = message.pop::<Header>() else { return };
        let Some(here) = &self.view else { return };
        if !here.members.contains(&from) {
            self.counts.malformed += 1;
            return;
        }
        match header {
            Header::Want { cut, chunk } => {
                if let Some(given) = self.giving.want(from, cut, chunk, self.here()) {
                    self.give(from, given, asks);
                }
            }
            Header::Chunk { cut, chunk, sum } => {
                self.take(now, (from, cut), (chunk, sum), message.body(), asks);
            }
            // While it is undecided, the verdict tells whether it goes on.
            Header::Gone { cut }
                if matches!(self.stage, Stage::Taking(_)) && self.awaited(from, cut).is_some() =>
            {
                self.try_again(asks);
            }
            Header::Writing { cut } => {
                if let Some(taking) = self.awaited(from, cut) {
                    taking.is_written(now);
                }
            }
            _ => {}
        }
    }

    /// What is on its way from this donor, as of this cut; also while it is being decided whether
    /// it goes on.
    fn awaited(&mut self, donor: Endpoint, cut: Cut) -> Option<&mut Taking> {
        let taking = match &mut self.stage {
            Stage::Taking(taking) => Some(taking),
            Stage::Deciding { going, .. } => going.as_mut(),
            _ => None,
        };
        taking.filter(|taking| (taking.donor, taking.cut) == (donor, cut))
    }

    fn take(
        &mut self,
        now: Instant,
        (from, cut): (Endpoint, Cut),
        (chunk, sum): (u32, Sum),
        bytes: &[u8],
        asks: &mut Asks,
    ) {
        let Some(taking) = self.awaited(from, cut) else { return };
        let before = taking.here();
        let taken = taking.chunk(now, chunk, sum, bytes);
        self.counts.chunks_taken += u64::from(taking.here() > before);
        match &mut self.stage {
            // It begins anew, should the verdict be for it.
            Stage::Deciding { going, .. } if taken == Taken::Refused => {
                *going = None;
                self.counts.refused += 1;
            }
            Stage::Deciding { .. } => {}
            _ if taken == Taken::Refused => self.refuse(asks),
            _ => self.go_on(now, asks),
        }
    }

    /// Asks for more, or loads the state if all of it is here.
    pub(super) fn go_on(&mut self, now: Instant, asks: &mut Asks) {
        match core::mem::replace(&mut self.stage, Stage::Adrift) {
            Stage::Taking(taking) if taking.is_whole() => self.load(taking, asks),
            stage => {
                self.stage = stage;
                self.ask_chunks(now, asks);
            }
        }
    }

    fn load(&mut self, taking: Taking, asks: &mut Asks) {
        let (donor, cut, resumed) = (taking.donor, taking.cut, taking.resumed());
        let Some((bytes, digest)) = taking.into_whole() else { return self.refuse(asks) };
        let Ok(state) = S::load(&bytes) else { return self.refuse(asks) };
        self.counts.bytes_taken += bytes.len() as u64;
        self.counts.chunks_resumed += u64::from(resumed);
        self.state = state;
        self.become_ready(donor, cut, digest, asks);
    }

    /// What came is not the state that was promised: nothing of it is kept.
    fn refuse(&mut self, asks: &mut Asks) {
        self.counts.refused += 1;
        self.stage = Stage::Adrift;
        self.try_again(asks);
    }

    fn become_ready(&mut self, donor: Endpoint, cut: Cut, digest: Digest, asks: &mut Asks) {
        let view = self.here().view;
        self.ready = true;
        self.spare = false;
        self.settle();
        let at_view = cut == Cut::beginning(view);
        self.told.push_back(Answer::Ready { view, digest, donor, at_view });
        self.apply_held(asks);
        self.cast(&Header::Loaded { view, boundary: cut.boundary }, asks);
    }

    /// Asks the donor for as many chunks as may be on their way by now.
    pub(super) fn ask_chunks(&mut self, now: Instant, asks: &mut Asks) {
        let Some(view) = &self.view else { return };
        let takers = view.members.len().saturating_sub(self.settled.len());
        while let Stage::Taking(taking) = &mut self.stage {
            if self.pace.due() > now {
                return;
            }
            let Some(chunk) = taking.ask(now) else { return };
            self.pace.spend(now, takers);
            let (donor, cut) = (taking.donor, taking.cut);
            self.tell(donor, Message::default(), &Header::Want { cut, chunk }, asks);
        }
    }

    /// Answers those who asked for what is there by now.
    pub(super) fn give_due(&mut self, asks: &mut Asks) {
        for (to, given) in self.giving.due(self.here()) {
            self.give(to, given, asks);
        }
    }

    fn give(&mut self, to: Endpoint, given: Given, asks: &mut Asks) {
        let (body, header) = match given {
            Given::Chunk { cut, chunk, sum, bytes } => {
                self.counts.chunks_given += 1;
                (Message::new(bytes), Header::Chunk { cut, chunk, sum })
            }
            Given::Writing { cut } => (Message::default(), Header::Writing { cut }),
            Given::Gone { cut } => (Message::default(), Header::Gone { cut }),
        };
        self.tell(to, body, &header, asks);
    }

    fn tell(&self, to: Endpoint, mut message: Message, header: &Header, asks: &mut Asks) {
        message.push(header);
        asks.push(Down::Tell { lwg: self.lwg, to, message });
    }

    /// What has not come of a donor for long is to be asked for again.
    pub(super) fn stalled(&mut self, now: Instant, asks: &mut Asks) {
        let Stage::Taking(taking) = &mut self.stage else { return };
        let due = taking.deadline().is_some_and(|due| due <= now);
        if due && !taking.again(now) {
            self.try_again(asks);
        }
    }
}
