//! What goes into a core group's stream, and when it gets its stamp: as the kernel takes it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Audience, Full, Message};
use vsync::limits::CAST_BYTES_MAX;
use vsync::{Core, How, Order};

use crate::core_group::CoreGroup;
use crate::data::Data;
use crate::directory::Place;
use crate::group::{Ask, Post, common};
use crate::header::{Again, Header, Label, Op};
use crate::here::{Aside, Here};
use crate::id::{LwgId, Members, SendId};
use crate::interface::{Outcome, Up};
use crate::lately::audience;
use crate::limits::{BATCH_BYTES_MAX, BATCH_MAX, RUN_MAX};
use crate::table::Slot;
use crate::traits::{BEGUN, NARROW, OPENED, RELAXED};

/// What goes out before everything else, in this view or never.
#[derive(Debug, Clone)]
pub(crate) enum Urgent {
    Label(Option<Label>),
    Mark {
        lwg: LwgId,
        change: u64,
    },
    /// Of all groups that are united; whether some of the core group have passed over what was sent
    /// in one of them.
    MarkForAll {
        narrow: bool,
    },
    /// An own GBCAST is told now.
    Say {
        lwg: LwgId,
        change: u64,
        safe: bool,
    },
    /// The rest of the directory from this place on.
    Directory {
        label: Label,
        rest: Rest,
    },
    Close(Label),
    /// Nothing: who has it is in the view.
    Here,
    /// Said again in each view.
    Op(Op),
}

/// Where the next page of a directory begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// So many tombstones are said.
    Tombstones(usize),
    /// So many groups are said that have gone elsewhere.
    Moved(usize),
    Entries(Place),
}

/// Room for an operation that names a few members.
const OP_BYTES: usize = 128;

/// What is settled of a message as it goes out.
struct Stamp {
    how: How,
    data: Data,
    /// Whom it is for, if not for all of the view.
    aimed: Option<Members>,
    /// What is so of the view from now on.
    marks: u8,
    /// It is an MBCAST that not every member is known to have the view of.
    ties: bool,
}

impl CoreGroup {
    /// Takes an own ask, or hands it back.
    pub(crate) fn ask(&mut self, here: &mut Here, ask: Ask) -> Result<(), Ask> {
        if self.queue.is_full() {
            self.refused.insert(ask.lwg());
            return Err(ask);
        }
        // Where nothing moves nothing has to wait, and nothing to be looked up.
        let moves = !self.directory.motions.is_empty();
        let slot = if moves { self.directory.find(here, ask.lwg()) } else { None };
        if let Some(motion) = slot.and_then(|slot| self.directory.motions.get_mut(&slot)) {
            // What is asked of a group that is agreed to go comes too late here: it goes along.
            let goes = motion.changes.back().is_some_and(|change| change.to.is_some());
            let waits = goes || matches!(ask, Ask::Send(_));
            // An operation waits only behind what its asker asked before.
            let behind = self.queue.iter().any(|queued| queued.lwg() == ask.lwg());
            if !behind && (waits || !motion.held.is_empty()) {
                if motion.held.is_full() {
                    self.refused.insert(ask.lwg());
                    return Err(ask);
                }
                motion.held.push_back(ask);
                return Ok(());
            }
        }
        self.queue.push_back(ask);
        Ok(())
    }

    pub(crate) fn wants_out(&self) -> bool {
        !self.full && (!self.urgent.is_empty() || !self.queue.is_empty())
    }

    /// Gives the kernel what comes next, if it takes it: one thing, or a run of messages, between
    /// which the kernel tells nothing, and which it delivers here together.
    pub(crate) fn cast_next<C: Core>(&mut self, here: &mut Here, below: &mut C) {
        if self.urgent.is_empty() {
            for _ in 0..RUN_MAX {
                let sends = matches!(self.queue.front(), Some(Ask::Send(_)));
                self.cast_ask(here, below);
                let more = matches!(self.queue.front(), Some(Ask::Send(_)));
                if !sends || !more || self.full || !self.urgent.is_empty() {
                    break;
                }
            }
        } else {
            self.cast_urgent(here, below);
        }
        if self.queue.has_room() {
            let refused = core::mem::take(&mut self.refused);
            here.told.extend(refused.into_iter().map(|lwg| Up::Room { lwg }));
        }
    }

    fn cast_urgent<C: Core>(&mut self, here: &mut Here, below: &mut C) {
        let Some(urgent) = self.urgent.pop_front() else { return };
        let (header, order, body, rest) = match &urgent {
            Urgent::Label(label) => (Header::Label(*label), Order::Fifo, Vec::new(), None),
            Urgent::Mark { lwg, change } => {
                (Header::Mark { lwg: *lwg, change: *change }, Order::Causal, Vec::new(), None)
            }
            Urgent::MarkForAll { .. } => (Header::MarkForAll, Order::Causal, Vec::new(), None),
            Urgent::Say { lwg, change, .. } => {
                (Header::Say { lwg: *lwg, change: *change }, Order::Causal, Vec::new(), None)
            }
            Urgent::Directory { label, rest } => {
                let (body, rest) = self.directory_page(here, *rest);
                let rest = rest.map(|rest| Urgent::Directory { label: *label, rest });
                let header = Header::Directory { label: *label, last: rest.is_none() };
                (header, Order::Total, body, rest)
            }
            Urgent::Here => (Header::Bare, Order::Fifo, Vec::new(), None),
            Urgent::Close(label) => (Header::Close(*label), Order::Global, Vec::new(), None),
            Urgent::Op(op) => (Header::Op(Box::new(op.clone())), Order::Total, Vec::new(), None),
        };
        let mut message = Message::new(body);
        message.push(&header);
        let how = match urgent {
            // Where it counts everybody has it, and so all members have what was sent before it:
            // who passes that over could go on with the MARK and without the message.
            Urgent::Mark { lwg, .. } if self.is_narrow(here, lwg) => How::from(order).safe(),
            Urgent::MarkForAll { narrow: true } => How::from(order).safe(),
            Urgent::Say { safe: true, .. } => How::from(order).safe(),
            _ => order.into(),
        };
        if self.give(here, below, how, message).is_ok() {
            self.urgent.extend(rest);
        } else {
            self.urgent.push_front(urgent);
        }
    }

    fn cast_ask<C: Core>(&mut self, here: &mut Here, below: &mut C) {
        let Some(ask) = self.queue.pop_front() else { return };
        match ask {
            Ask::Op(op) => self.cast_ops(here, below, op),
            Ask::Send(post) => self.cast_data(here, below, post),
        }
    }

    /// An operation, and those that wait behind it.
    fn cast_ops<C: Core>(&mut self, here: &mut Here, below: &mut C, first: Op) {
        let mut ops = Vec::from([first]);
        let mut bytes = Vec::with_capacity(OP_BYTES);
        ops[0].write_after(None, &mut bytes);
        // Nobody else can have done anything to a group that this process makes now: its place
        // among the operations of others does not matter, only that it comes before what follows.
        // Nor does that of who says that it comes to a relaxed group, or goes.
        let creates = self.is_unplaced(here, &ops[0]);
        while ops.len() < BATCH_MAX
            && bytes.len() < BATCH_BYTES_MAX
            && let Some(Ask::Op(next)) = self.queue.front()
            && self.is_unplaced(here, next) == creates
            && let Some(Ask::Op(op)) = self.queue.pop_front()
        {
            op.write_after(ops.last(), &mut bytes);
            ops.push(op);
        }
        let mut message = Message::new(bytes);
        message.push(&Header::Ops);
        let order = if creates { Order::Causal } else { Order::Total };
        if self.give(here, below, order.into(), message).is_ok() {
            here.counters.batches += 1;
            for op in &ops {
                if !creates {
                    // Its group does not go before it is back: what waits for it goes along.
                    self.unplaced.cast(op.lwg);
                }
                self.foresee(here, op);
            }
        } else {
            ops.into_iter().rev().for_each(|op| self.queue.push_front(Ask::Op(op)));
        }
    }

    /// Whether its place among the operations of others does not matter.
    fn is_unplaced(&self, here: &Here, op: &Op) -> bool {
        here.is_own_create(op) || self.is_relaxed(here, op.lwg)
    }

    /// Whether what is sent goes to the kernel at once: nothing is before it, and no group here
    /// is in motion.
    pub(crate) fn is_clear(&self) -> bool {
        !self.full
            && self.queue.is_empty()
            && self.urgent.is_empty()
            && self.uniting.is_none()
            && self.directory.motions.is_empty()
    }

    /// Sends once more in a view that this process has sent in, if nothing has changed since and it
    /// goes the usual way; answers whether it has gone.
    pub(crate) fn cast_again<C: Core>(
        &mut self,
        here: &mut Here,
        below: &mut C,
        (lwg, send, replies): (LwgId, SendId, bool),
        (how, message): (&How, &mut Message),
    ) -> bool {
        let waits = matches!(how.order, Order::Fifo | Order::Causal | Order::Total);
        let known = self.lately.again(lwg, here.table.state()).filter(|_| waits);
        let named = known.and_then(|known| self.brief.own.again(lwg, known.id(), send, replies));
        let (Some(known), Some(again)) = (known, named) else { return false };
        let (order, to) = (how.order, known.whom.clone());
        let spared = to.as_ref().map_or(0, |to| self.left_out(to.1, message));
        message.push(&again);
        let (how, going) = (How { to, ..how.clone() }, core::mem::take(message));
        if let Err(back) = self.give(here, below, how, going) {
            *message = back;
            let popped = message.pop::<Again>();
            debug_assert!(popped.is_ok(), "what is handed back is unchanged");
            return false;
        }
        self.spared += spared;
        here.counters.spared += spared;
        self.brief.own.take_again(again);
        if order == Order::Total {
            self.unplaced.cast(lwg);
        }
        if replies {
            here.replies.cast(send, self.number());
        }
        true
    }

    pub(crate) fn cast_data<C: Core>(&mut self, here: &mut Here, below: &mut C, mut post: Post) {
        if !self.is_strict(here, post.lwg) {
            self.unite_first(here, post.lwg);
        }
        let slot = self.directory.find(here, post.lwg);
        let relaxed = slot.is_some_and(|slot| here.table.entry(slot).marks.has(RELAXED));
        let inside = slot.filter(|slot| relaxed || here.table.members(*slot).contains(&here.me));
        let moving = slot.and_then(|slot| self.directory.motions.get_mut(&slot));
        if let Some(motion) = moving {
            motion.held.push_back(Ask::Send(post));
            return;
        }
        let Some(slot) = inside else {
            return here.refuse(Ask::Send(post));
        };
        if post.how.order == Order::Global && !relaxed {
            return self.cast_global(here, below, post);
        }
        let Stamp { how, data, aimed, marks, ties } = self.stamp(here, (slot, relaxed), &post);
        // Only what all of the group hear, in its order, may be pointed at by what follows.
        let header = match (&aimed, post.outside) {
            (None, None) if !relaxed && post.how.order != Order::Unordered => {
                self.brief.own.header(data)
            }
            _ => Header::Data(data),
        };
        let spared = how.to.as_ref().map_or(0, |to| self.left_out(to.1, &post.message));
        let order = how.order;
        post.message.push(&header);
        let message = core::mem::take(&mut post.message);
        match self.give(here, below, how, message) {
            Ok(()) => {
                let Post { lwg, send, replies, outside, .. } = post;
                if !here.table.entry(slot).marks.has_all(marks) {
                    here.table.entry_mut(slot).marks.set(marks);
                }
                if matches!(header, Header::First { .. } | Header::Again(_)) {
                    self.lately.sent(lwg, data.view, here.table.state());
                }
                self.spared += spared;
                here.counters.spared += spared;
                self.brief.own.take(&header);
                if order == Order::Total {
                    self.unplaced.cast(lwg);
                }
                if ties {
                    self.opening.begin(lwg);
                }
                if replies && outside.is_none() {
                    here.replies.cast(send, self.number());
                }
                self.aimed.extend(aimed.map(|aimed| (send, aimed)));
            }
            Err(mut message) => {
                let popped = message.pop::<Header>();
                debug_assert!(popped.is_ok(), "what is handed back is unchanged");
                self.queue.push_front(Ask::Send(Post { message, ..post }));
            }
        }
    }

    /// How a message of a group goes, and what stands on it.
    fn stamp(&mut self, here: &Here, (slot, relaxed): (Slot, bool), post: &Post) -> Stamp {
        let entry = here.table.entry(slot);
        // All that made this view is in the past of the first message in it: whoever gets that, and
        // so what follows it in this stream, has the view. If it is lost with its sender, so is
        // what follows for the same members, but not what is for some of them: that says so itself.
        let begins = relaxed || post.to.is_none();
        let after_all = !begins || !entry.marks.has(BEGUN);
        // What goes past what is in order does so only where everybody has its view, and where no
        // MARK can go past it.
        let opened = entry.marks.has(OPENED);
        let order = match post.how.order {
            Order::Unordered if post.how.safe || !opened => Order::Causal,
            // Where there are no views none can come between.
            Order::Global => Order::Total,
            order => order,
        };
        let members = here.table.members(slot);
        let aimed = match post.to.as_deref() {
            Some(to) => Some(common(members, to)),
            // Who sends does not wait to know of everybody.
            None => (relaxed && post.outside.is_none()).then(|| members.clone()),
        };
        let to = match &aimed {
            Some(aimed) => audience(&self.view, here.me, aimed),
            // Of a relaxed group everybody knows other members: by those at one's own delivery it
            // is told what became of a message from outside.
            None if relaxed => None,
            None => self.lately.of(here, slot, &self.view).whom.clone(),
        };
        let marks = if to.is_some() { NARROW } else { 0 } | if begins { BEGUN } else { 0 };
        let after_all = post.how.after_all || after_all && order != Order::Unordered;
        let Post { lwg, send, replies, outside, .. } = *post;
        let data = Data {
            lwg,
            view: entry.id,
            send,
            replies,
            aside: aimed.as_ref().is_some_and(|aimed| !aimed.contains(&here.me)),
            outside,
            relaxed,
            meant: (post.how.order != order).then_some(post.how.order),
        };
        let ties = post.how.order == Order::Unordered && !opened;
        let how = How { order, to, after_all, ..post.how };
        Stamp { how, data, aimed, marks, ties }
    }

    /// Whether this process has sent in a group's view what some of the core group passed over.
    fn is_narrow(&self, here: &Here, lwg: LwgId) -> bool {
        let slot = here.table.find(lwg, self.number());
        slot.is_some_and(|slot| here.table.entry(slot).marks.has(NARROW))
    }

    /// The bytes of a message for these, added up over those of the core group not among them.
    fn left_out(&self, audience: Audience, message: &Message) -> u64 {
        let among: u32 = audience.0.iter().map(|word| word.count_ones()).sum();
        let others = (self.view.members.len() as u64).saturating_sub(among.into());
        others * message.body().len() as u64
    }

    pub(crate) fn give<C: Core>(
        &mut self,
        here: &Here,
        below: &mut C,
        how: How,
        message: Message,
    ) -> Result<(), Message> {
        debug_assert!(message.len() <= CAST_BYTES_MAX, "what was taken fits with any header");
        let cast = vsync::Down::Cast { group: self.id(), how, message };
        match below.down(here.now, cast) {
            Ok(()) => Ok(()),
            Err(Full(vsync::Down::Cast { message, .. })) => {
                self.full = true;
                Err(message)
            }
            Err(Full(_)) => unreachable!("what is handed back is what was asked"),
        }
    }
}

impl Here {
    /// An own ask that cannot be carried out any more.
    pub(crate) fn refuse(&mut self, ask: Ask) {
        match ask {
            Ask::Op(op) => self.asides.push_back(Aside::Ended { op, outcome: Outcome::Again }),
            Ask::Send(post) => self.refuse_send(&post),
        }
    }

    /// The send will not go out.
    pub(crate) fn refuse_send(&mut self, post: &Post) {
        self.counters.unsendable += 1;
        if let Some(asker) = post.outside {
            return self.passing.refuse(asker, post.send);
        }
        if post.replies {
            self.replies.close(post.send, &mut self.told);
        }
        self.told.push_back(Up::Unstable { send: post.send });
    }
}
