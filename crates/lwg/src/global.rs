//! Global: a GBCAST of a group comes after the same messages wherever it is told (protocol 6.2).
//!
//! *Takes* the operation that carries it, at its place in the total order, and MARKs, as for a
//! change of members. *Promises* that everybody who is told it has been told exactly what each
//! member sent before its MARK, that what a member sends after its MARK comes later, and that
//! nobody but the members of this group waits. *Keeps* it among the changes of its group until it
//! is told.
//!
//! MARKs alone are not enough: where the core view ends with some of them missing, one part could
//! tell it and another, which lacks a message that the first has, could tell it too. So its sender,
//! once it has all MARKs, says in its own stream that it is told now. Whoever has that has all
//! MARKs and all that was sent before them. In a part without it nobody is told; if its sender is
//! there, it has not said it to anybody, and sends the GBCAST again in the next view.

use alloc::boxed::Box;
use alloc::sync::Arc;

use muts::Message;
use vsync::{Core, Endpoint, How, Order};

use crate::core_group::CoreGroup;
use crate::data::Data;
use crate::digest::Digest;
use crate::group::{Ask, Change, Post, common};
use crate::header::{Header, Op, SILENT, Say, What};
use crate::here::Here;
use crate::id::LwgId;
use crate::outgoing::Urgent;
use crate::table::Slot;
use crate::traits::{OF_VIEW, RELAXED};

/// On the number of a MARK: its change is a GBCAST, and makes no view.
const GLOBAL: u64 = 1 << 63;

/// A GBCAST that waits for MARKs, and for its sender's word.
#[derive(Debug, Clone)]
pub(crate) struct Saying {
    from: Endpoint,
    say: Say,
    message: Message,
    /// This process, its sender, has said that it is told now.
    said: bool,
    /// That has come: at this position, and whether everybody is known to have it.
    now: Option<(u64, bool)>,
}

impl Say {
    /// As its sender asked for it.
    pub(crate) fn ask(self, lwg: LwgId, message: Message) -> Ask {
        let Self { send, replies, safe, outside, to } = self;
        let how = How { safe, ..How::from(Order::Global) };
        Ask::Send(Post { lwg, send, how, replies, to: to.map(Box::new), outside, message })
    }
}

impl Saying {
    /// As this process asked for it, if it did.
    pub(crate) fn own(self, here: &Here, lwg: LwgId) -> Option<Ask> {
        (self.from == here.me).then(|| self.say.ask(lwg, self.message))
    }
}

impl Change {
    /// What its MARKs name it by.
    pub(crate) const fn mark(&self) -> u64 {
        if self.saying.is_some() { self.cause | GLOBAL } else { self.number }
    }

    /// Whether it lacks nothing but MARKs.
    pub(crate) fn is_said(&self) -> bool {
        self.saying.as_ref().is_none_or(|saying| saying.now.is_some())
    }
}

impl CoreGroup {
    /// Asks for a GBCAST: it goes to everybody, since who is about to come in gives a MARK too.
    pub(crate) fn cast_global<C: Core>(&mut self, here: &mut Here, below: &mut C, post: Post) {
        let Post { lwg, send, how, replies, to, outside, mut message } = post;
        let say = Say { send, replies, safe: how.safe, outside, to: to.as_deref().cloned() };
        let op = Op { number: SILENT, lwg, what: What::Say(say) };
        let header = Header::Op(Box::new(op));
        message.push(&header);
        match self.give(here, below, Order::Total.into(), message) {
            Ok(()) => {
                if replies && outside.is_none() {
                    here.replies.cast(send, self.number());
                }
                self.unplaced.cast(lwg);
                if let Header::Op(op) = header {
                    self.foresee(here, &op);
                }
            }
            Err(mut message) => {
                let popped = message.pop::<Header>();
                debug_assert!(popped.is_ok(), "what is handed back is unchanged");
                let post = Post { lwg, send, how, replies, to, outside, message };
                self.queue.push_front(Ask::Send(post));
            }
        }
    }

    /// A GBCAST at its place among the changes of its group.
    pub(crate) fn on_global(&mut self, here: &mut Here, from: Endpoint, op: &Op, message: Message) {
        let What::Say(say) = &op.what else { return };
        let (lwg, own) = (op.lwg, from == here.me);
        if own {
            self.own_is_placed(lwg);
        }
        let (say, outside, send) = (say.clone(), say.outside.unwrap_or(from), say.send);
        let cause = Digest::of("global").with(&from).with(&outside).with(&send).end();
        let saying = Saying { from, say, message, said: false, now: None };
        let moves = self.has_moved(here, lwg);
        let slot = self.directory.find(here, lwg);
        let goes = slot.is_some_and(|slot| self.goes(slot));
        let strict = slot.filter(|slot| !here.table.entry(*slot).marks.has(RELAXED));
        let agreed = strict.map(|slot| (slot, self.agreed(here, slot)));
        match agreed {
            Some((slot, (old, last))) if old.contains(&from) && !moves => {
                let saying = Some(Box::new(saying));
                let change = Change { saying, ..Change::new(last, cause, old.clone(), old) };
                self.agree(here, slot, change);
            }
            // Its sender's MARK waited for this: the group has not gone without it.
            Some((slot, _)) if own && goes => self.send_again(here, slot, saying),
            _ if own => here.refuse(saying.say.ask(lwg, saying.message)),
            _ => {}
        }
        if own {
            self.operation_is_back(here, op);
        }
    }

    /// Its sender has all MARKs. That comes after them everywhere: the GBCAST is the next change.
    pub(crate) fn on_say(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        (lwg, mark): (LwgId, u64),
        safe: bool,
    ) {
        let Some(slot) = self.directory.find(here, lwg) else { return };
        let Some(motion) = self.directory.motions.get_mut(&slot) else { return };
        let is_it = |change: &&mut Change| change.mark() == mark;
        let change = motion.changes.iter_mut().find(is_it);
        let Some(saying) = change.and_then(|change| change.saying.as_mut()) else { return };
        if saying.from == from {
            saying.now = Some((seq, safe && saying.say.safe));
            self.install_ready(here, slot);
        }
    }

    /// All MARKs of the next change are in: says so once, if it is an own GBCAST.
    pub(crate) fn say_if_own(&mut self, here: &Here, slot: Slot) {
        let lwg = here.table.entry(slot).lwg;
        let Some(motion) = self.directory.motions.get_mut(&slot) else { return };
        let Some(change) = motion.changes.front_mut() else { return };
        let mark = change.mark();
        if let Some(saying) = &mut change.saying
            && saying.from == here.me
            && !saying.said
        {
            saying.said = true;
            self.urgent.push_back(Urgent::Say { lwg, change: mark, safe: saying.say.safe });
        }
    }

    /// It is told where it is for this process; what is sent from now on comes after it.
    pub(crate) fn tell_global(&mut self, here: &mut Here, slot: Slot, saying: Saying) {
        let Saying { from, say, message, now, .. } = saying;
        let Some((seq, safe)) = now else { return };
        let entry = here.table.entry_mut(slot);
        entry.marks.clear(OF_VIEW);
        let (lwg, view) = (entry.lwg, entry.id);
        self.opening.remove(&lwg);
        let mut members = here.table.members(slot).clone();
        if !members.contains(&here.me) {
            return;
        }
        if let Some(to) = &say.to {
            members = common(&members, to);
        }
        let Say { send, replies, outside, .. } = say;
        if members.contains(&here.me) {
            let data = Data { outside, ..Data::plain(lwg, view, send, replies) };
            here.tell_message((from, &data), (Order::Global, safe), message);
        }
        if from != here.me {
            return;
        }
        if let Some(asker) = outside {
            return here.passing.told((asker, send), (lwg, self.number()), &members, replies);
        }
        if replies {
            here.replies.delivered(send, &members, &mut here.told);
        }
        self.await_stable(seq, (lwg, send), Arc::new(members));
    }

    /// The epoch ends before it could be told: nobody in this part was. Of an own one nobody was
    /// anywhere: it goes out again before all that waits behind it.
    pub(crate) fn overtake(&mut self, here: &mut Here, slot: Slot, saying: Saying) {
        if saying.from == here.me {
            here.counters.overtaken += 1;
            self.send_again(here, slot, saying);
        }
    }

    /// An own one, before what was asked later: that waits for it.
    fn send_again(&mut self, here: &mut Here, slot: Slot, saying: Saying) {
        let ask = saying.say.ask(here.table.entry(slot).lwg, saying.message);
        match self.directory.motions.get_mut(&slot) {
            Some(motion) => motion.held.push_front(ask),
            None => here.refuse(ask),
        }
    }
}
