//! Replies: which are still awaited, and when no more can come.
//!
//! Whoever is in the view that an own send is delivered in owes an answer. Each reply, each
//! decline and each loss from the core group takes one off, so it ends without a timer of its own.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Message, ProcId};
use vsync::Endpoint;

use crate::here::CoreNumber;
use crate::id::{LwgId, Members, SendId};
use crate::interface::Up;
use crate::letter::Letter;
use crate::limits::{AWAITED_MAX, MEMBERS_MAX};
use crate::told::Told;

#[derive(Default)]
pub(crate) struct Replies {
    awaited: BTreeMap<SendId, Awaited>,
    /// Those that were cast: a core group looks at its own.
    by_core: BTreeSet<(CoreNumber, SendId)>,
    /// What is to be said to members that pass something on.
    pub(crate) letters: Vec<(Endpoint, Letter)>,
}

#[derive(Default)]
struct Awaited {
    lwg: LwgId,
    /// Where it was cast, once it was.
    core: Option<CoreNumber>,
    /// The member that passes it on.
    through: Option<Through>,
    /// Who still owes an answer; none before one's own delivery, which alone knows the view.
    owing: Option<Members>,
    early: Vec<(Endpoint, Option<Message>)>,
    // Mostly none: there may be as many of these as sends are awaited.
    lost: Vec<Endpoint>,
    declined: Vec<Endpoint>,
    /// Who of those owed an answer and had not been met when the member was asked last.
    unmet: Vec<Endpoint>,
}

/// How a multicast from outside a group stands with the member that passes it on.
struct Through {
    member: Endpoint,
    replies: bool,
    /// The member was asked whether it still does, and nothing has come of it since.
    asked: bool,
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
        let discarded = self.remove(send);
        if let Some(through) = discarded.and_then(|awaited| awaited.through) {
            self.letters.push((through.member, Letter::Forget { send }));
        }
    }

    fn remove(&mut self, send: SendId) -> Option<Awaited> {
        let awaited = self.awaited.remove(&send)?;
        if let Some(core) = awaited.core {
            self.by_core.remove(&(core, send));
        }
        Some(awaited)
    }

    fn on(&self, core: CoreNumber) -> Vec<SendId> {
        let on = self.by_core.range((core, SendId(0))..=(core, SendId(u64::MAX)));
        on.map(|(_, send)| *send).collect()
    }

    /// A send that a member is to pass on.
    pub(crate) fn open_through(
        &mut self,
        send: SendId,
        lwg: LwgId,
        member: Endpoint,
        replies: bool,
    ) {
        let through = Some(Through { member, replies, asked: false });
        self.awaited.insert(send, Awaited { lwg, through, ..Awaited::default() });
    }

    /// One that this member passes on, of which a word has come.
    fn heard_of(&mut self, member: Endpoint, send: SendId) -> Option<&mut Awaited> {
        let awaited = self.awaited.get_mut(&send)?;
        let through = awaited.through.as_mut().filter(|through| through.member == member)?;
        through.asked = false;
        Some(awaited)
    }

    /// The member has passed it on, in a view of these; or could not.
    pub(crate) fn passed(
        &mut self,
        member: Endpoint,
        send: SendId,
        view: &Members,
        told: &mut Told,
    ) {
        let Some(awaited) = self.heard_of(member, send) else { return };
        let replies = awaited.through.as_ref().is_some_and(|through| through.replies);
        if view.is_empty() {
            self.give_up(send, told);
        } else if replies {
            self.delivered(send, view, told);
        } else {
            self.close(send, told);
        }
    }

    /// These of them will not answer.
    pub(crate) fn gone(&mut self, member: Endpoint, send: SendId, gone: &Members, told: &mut Told) {
        let Some(awaited) = self.heard_of(member, send) else { return };
        let Some(owing) = awaited.owing.as_mut() else { return };
        awaited.lost.extend(owing.iter().filter(|owes| gone.contains(owes)).copied());
        owing.retain(|owes| !gone.contains(owes));
        self.end_if_all(send, told);
    }

    /// The member still sees to it.
    pub(crate) fn still(&mut self, member: Endpoint, send: SendId) {
        self.heard_of(member, send);
    }

    /// It is time to ask the member whether it still sees to it: tells whom, or gives it up, having
    /// asked before. Whose answer could not come, this time and the time before, gives none: it and
    /// this process have not met.
    pub(crate) fn ask_after(
        &mut self,
        send: SendId,
        has_met: impl Fn(Endpoint) -> bool,
        told: &mut Told,
    ) -> Option<Endpoint> {
        let awaited = self.awaited.get_mut(&send)?;
        let through = awaited.through.as_mut()?;
        if core::mem::replace(&mut through.asked, true) {
            self.give_up(send, told);
            return None;
        }
        let member = through.member;
        let owing = awaited.owing.iter().flatten().copied();
        let unmet: Vec<Endpoint> = owing.filter(|owes| !has_met(*owes)).collect();
        let before = core::mem::replace(&mut awaited.unmet, unmet.clone());
        let gone: Vec<Endpoint> = unmet.into_iter().filter(|owes| before.contains(owes)).collect();
        if let Some(owing) = &mut awaited.owing {
            owing.retain(|owes| !gone.contains(owes));
            awaited.lost.extend(gone);
            self.end_if_all(send, told);
        }
        self.awaited.contains_key(&send).then_some(member)
    }

    /// A process is over: what it was to pass on is given up.
    pub(crate) fn lose_through(&mut self, peer: ProcId, told: &mut Told) {
        let its = |awaited: &Awaited| {
            awaited.through.as_ref().is_some_and(|through| through.member.proc == peer)
        };
        let lost = self.awaited.iter().filter(|(_, awaited)| its(awaited));
        for send in lost.map(|(send, _)| *send).collect::<Vec<_>>() {
            self.give_up(send, told);
        }
    }

    /// Nobody sees to it any more. The member is named, whether it owes an answer or the passing
    /// on.
    fn give_up(&mut self, send: SendId, told: &mut Told) {
        let Some(awaited) = self.awaited.get_mut(&send) else { return };
        if let Some(through) = &awaited.through
            && awaited.owing.as_ref().is_none_or(|owing| !owing.contains(&through.member))
        {
            awaited.lost.push(through.member);
        }
        self.close(send, told);
    }

    /// The send has been taken by this core group.
    pub(crate) fn cast(&mut self, send: SendId, core: CoreNumber) {
        if let Some(awaited) = self.awaited.get_mut(&send) {
            if let Some(before) = awaited.core.replace(core) {
                self.by_core.remove(&(before, send));
            }
            self.by_core.insert((core, send));
        }
    }

    /// One's own message came back, in a view of these members.
    pub(crate) fn delivered(&mut self, send: SendId, view: &Members, told: &mut Told) {
        let Some(awaited) = self.awaited.get_mut(&send) else { return };
        awaited.owing = Some(view.clone());
        for (from, reply) in core::mem::take(&mut awaited.early) {
            self.answer(from, send, reply, told);
        }
        self.end_if_all(send, told);
    }

    /// An answer came, or that there will be none.
    pub(crate) fn answer(
        &mut self,
        from: Endpoint,
        send: SendId,
        reply: Option<Message>,
        told: &mut Told,
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
        match reply {
            Some(message) => told.push_back(Up::Reply { send, from, message }),
            None => awaited.declined.push(from),
        }
        self.end_if_all(send, told);
    }

    /// Only these of a core group came along: the others will not answer.
    pub(crate) fn keep(
        &mut self,
        core: CoreNumber,
        along: impl Fn(&Endpoint) -> bool,
        told: &mut Told,
    ) {
        let mut touched = Vec::new();
        for send in self.on(core) {
            let Some(awaited) = self.awaited.get_mut(&send) else { continue };
            let Some(owing) = awaited.owing.as_mut() else { continue };
            if !owing.iter().all(&along) {
                awaited.lost.extend(owing.iter().filter(|owes| !along(owes)).copied());
                owing.retain(|owes| along(owes));
                touched.push(send);
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
        told: &mut Told,
    ) {
        if self.awaited.is_empty() {
            return;
        }
        for (send, awaited) in &mut self.awaited {
            if awaited.lwg == lwg
                && let Some(before) = awaited.core.as_mut()
            {
                self.by_core.remove(&(*before, *send));
                *before = core;
                self.by_core.insert((core, *send));
            }
        }
        self.keep(core, along, told);
    }

    /// The send will never be delivered, or nobody's answer can come any more.
    pub(crate) fn close(&mut self, send: SendId, told: &mut Told) {
        if let Some(awaited) = self.remove(send) {
            if let Some(through) = awaited.through {
                self.letters.push((through.member, Letter::Forget { send }));
            }
            let (mut lost, declined) = (awaited.lost, awaited.declined);
            lost.extend(awaited.owing.into_iter().flatten());
            told.push_back(Up::Answered { send, lost, declined });
        }
    }

    /// This process is out of a core group.
    pub(crate) fn leave(&mut self, core: CoreNumber, told: &mut Told) {
        for send in self.on(core) {
            self.close(send, told);
        }
    }

    fn end_if_all(&mut self, send: SendId, told: &mut Told) {
        let done = |awaited: &Awaited| awaited.owing.as_ref().is_some_and(|owing| owing.is_empty());
        if self.awaited.get(&send).is_some_and(done) {
            self.close(send, told);
        }
    }
}
