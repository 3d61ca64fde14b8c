//! Replies: which are still awaited, and when no more can come.
//!
//! Whoever is in the view that an own send is delivered in owes an answer. Each reply, each
//! decline and each loss from the core group takes one off, so it ends without a timer of its own.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use muts::Message;
use vsync::Endpoint;

use crate::here::CoreNumber;
use crate::id::{LwgId, Members, SendId};
use crate::interface::Up;
use crate::limits::{AWAITED_MAX, MEMBERS_MAX};

#[derive(Default)]
pub(crate) struct Replies {
    awaited: BTreeMap<SendId, Awaited>,
}

#[derive(Default)]
struct Awaited {
    lwg: LwgId,
    /// Where it was cast, once it was.
    core: Option<CoreNumber>,
    /// Who still owes an answer; none before one's own delivery, which alone knows the view.
    owing: Option<Members>,
    early: Vec<(Endpoint, Option<Message>)>,
    lost: Members,
}

impl Replies {
    pub(crate) fn is_full(&self) -> bool {
        self.awaited.len() >= AWAITED_MAX
    }

    pub(crate) fn len(&self) -> usize {
        self.awaited.len()
    }

    pub(crate) fn open(&mut self, send: SendId, lwg: LwgId) {
        self.awaited.insert(send, Awaited { lwg, ..Awaited::default() });
    }

    pub(crate) fn discard(&mut self, send: SendId) {
        self.awaited.remove(&send);
    }

    /// The send has been taken by this core group.
    pub(crate) fn cast(&mut self, send: SendId, core: CoreNumber) {
        if let Some(awaited) = self.awaited.get_mut(&send) {
            awaited.core = Some(core);
        }
    }

    /// One's own message came back, in a view of these members.
    pub(crate) fn delivered(&mut self, send: SendId, view: &Members, told: &mut VecDeque<Up>) {
        let Some(awaited) = self.awaited.get_mut(&send) else { return };
        awaited.owing = Some(view.clone());
        for (from, reply) in core::mem::take(&mut awaited.early) {
            self.answer(from, send, reply, told);
        }
    }

    /// An answer came, or that there will be none.
    pub(crate) fn answer(
        &mut self,
        from: Endpoint,
        send: SendId,
        reply: Option<Message>,
        told: &mut VecDeque<Up>,
    ) {
        let Some(awaited) = self.awaited.get_mut(&send) else { return };
        let Some(owing) = &mut awaited.owing else {
            let known = awaited.early.iter().any(|(early, _)| *early == from);
            if !known && awaited.early.len() < MEMBERS_MAX {
                awaited.early.push((from, reply));
            }
            return;
        };
        let Some(at) = owing.iter().position(|owes| *owes == from) else { return };
        owing.remove(at);
        if let Some(message) = reply {
            told.push_back(Up::Reply { send, from, message });
        }
        self.end_if_all(send, told);
    }

    /// Only these of a core group came along: the others will not answer.
    pub(crate) fn keep(
        &mut self,
        core: CoreNumber,
        along: impl Fn(&Endpoint) -> bool,
        told: &mut VecDeque<Up>,
    ) {
        let mut touched = Vec::new();
        for (send, awaited) in &mut self.awaited {
            let Some(owing) = awaited.owing.as_mut().filter(|_| awaited.core == Some(core)) else {
                continue;
            };
            if !owing.iter().all(&along) {
                awaited.lost.extend(owing.iter().filter(|owes| !along(owes)).copied());
                owing.retain(|owes| along(owes));
                touched.push(*send);
            }
        }
        for send in touched {
            self.end_if_all(send, told);
        }
    }

    /// A group has come to another core group, with what is awaited of it: who is not there is
    /// lost to it.
    pub(crate) fn rehome(
        &mut self,
        lwg: LwgId,
        core: CoreNumber,
        along: impl Fn(&Endpoint) -> bool,
        told: &mut VecDeque<Up>,
    ) {
        if self.awaited.is_empty() {
            return;
        }
        for awaited in self.awaited.values_mut().filter(|awaited| awaited.lwg == lwg) {
            awaited.core = awaited.core.map(|_| core);
        }
        self.keep(core, along, told);
    }

    /// The send will never be delivered, or nobody's answer can come any more.
    pub(crate) fn close(&mut self, send: SendId, told: &mut VecDeque<Up>) {
        if let Some(awaited) = self.awaited.remove(&send) {
            let mut lost = awaited.lost;
            lost.extend(awaited.owing.into_iter().flatten());
            told.push_back(Up::Answered { send, lost });
        }
    }

    /// This process is out of a core group.
    pub(crate) fn leave(&mut self, core: CoreNumber, told: &mut VecDeque<Up>) {
        let sends: Vec<SendId> = self
            .awaited
            .iter()
            .filter(|(_, awaited)| awaited.core == Some(core))
            .map(|(send, _)| *send)
            .collect();
        for send in sends {
            self.close(send, told);
        }
    }

    fn end_if_all(&mut self, send: SendId, told: &mut VecDeque<Up>) {
        let done = |awaited: &Awaited| awaited.owing.as_ref().is_some_and(|owing| owing.is_empty());
        if self.awaited.get(&send).is_some_and(done) {
            self.close(send, told);
        }
    }
}
