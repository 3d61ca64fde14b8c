//! Handover: chunks asked for and given between two replicas, and the state loaded from them.

use lwg::{Down, Endpoint};
use muts::{Instant, Message};

use super::{Answer, Replica, Stage};
use crate::digest::{Digest, Sum};
use crate::giving::Given;
use crate::header::Header;
use crate::state::State;
use crate::tool::Asks;
use crate::transfer::Taken;

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
        let here = here.id;
        match header {
            Header::Want { view, boundary, chunk } if view == here => {
                if let Some(given) = self.giving.want(from, boundary, chunk, self.boundary) {
                    self.give(from, given, asks);
                }
            }
            Header::Chunk { view, boundary, chunk, sum } if view == here => {
                self.take(now, Came { from, boundary, chunk, sum }, message.body(), asks);
            }
            Header::Gone { view, boundary } if view == here && self.awaits(from, boundary) => {
                self.try_again(asks);
            }
            _ => {}
        }
    }

    fn awaits(&self, donor: Endpoint, boundary: u32) -> bool {
        matches!(&self.stage, Stage::Taking(taking)
            if taking.donor == donor && taking.boundary == boundary)
    }

    fn take(&mut self, now: Instant, came: Came, bytes: &[u8], asks: &mut Asks) {
        if !self.awaits(came.from, came.boundary) {
            return;
        }
        let Stage::Taking(taking) = &mut self.stage else { return };
        match taking.chunk(now, came.chunk, came.sum, bytes) {
            Taken::More => self.ask_chunks(now, asks),
            Taken::Refused => self.refuse(asks),
            Taken::Whole { bytes, digest } => match S::load(&bytes) {
                Ok(state) => {
                    self.counts.bytes_taken += bytes.len() as u64;
                    self.counts.chunks_resumed += u64::from(taking.resumed());
                    self.state = state;
                    self.become_ready(&came, digest, asks);
                }
                Err(_) => self.refuse(asks),
            },
        }
    }

    /// What came is not the state that was promised: nothing of it is kept.
    fn refuse(&mut self, asks: &mut Asks) {
        self.counts.refused += 1;
        self.stage = Stage::Adrift;
        self.try_again(asks);
    }

    fn become_ready(&mut self, came: &Came, digest: Digest, asks: &mut Asks) {
        let view = self.view.as_ref().expect("a state is taken in a view").id;
        let (donor, boundary) = (came.from, came.boundary);
        self.ready = true;
        self.spare = false;
        self.settle();
        self.told.push_back(Answer::Ready { view, digest, donor, at_view: boundary == 0 });
        self.apply_held(asks);
        self.cast(&Header::Loaded { view, boundary }, asks);
    }

    /// Asks the donor for as many chunks as may be on their way by now.
    pub(super) fn ask_chunks(&mut self, now: Instant, asks: &mut Asks) {
        let Some(view) = &self.view else { return };
        let (view, takers) = (view.id, view.members.len().saturating_sub(self.settled.len()));
        while let Stage::Taking(taking) = &mut self.stage {
            if self.pace.due() > now {
                return;
            }
            let Some(chunk) = taking.ask(now) else { return };
            self.pace.spend(now, takers);
            let (donor, boundary) = (taking.donor, taking.boundary);
            self.tell(donor, Message::default(), &Header::Want { view, boundary, chunk }, asks);
        }
    }

    pub(super) fn give(&mut self, to: Endpoint, given: Given, asks: &mut Asks) {
        let view = self.view.as_ref().expect("a state is given in a view").id;
        match given {
            Given::Chunk { boundary, chunk, sum, bytes } => {
                self.counts.chunks_given += 1;
                let header = Header::Chunk { view, boundary, chunk, sum };
                self.tell(to, Message::new(bytes), &header, asks);
            }
            Given::Gone { boundary } => {
                self.tell(to, Message::default(), &Header::Gone { view, boundary }, asks);
            }
        }
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

/// Which chunk came.
struct Came {
    from: Endpoint,
    boundary: u32,
    chunk: u32,
    sum: Sum,
}
