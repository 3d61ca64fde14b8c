//! Router: what the tower tells, to whom it belongs. Only the holder of the crank is in here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use lwg::{Down, Endpoint, LwgId, Operation, Outcome, SendId, Up};
use muts::Instant;
use vsync::GroupId;

use crate::book::Book;
use crate::burden::Pile;
use crate::inbox::Inbox;
use crate::mailbox::{Mailbox, Slow};
use crate::sent::Told;
use crate::shared::{Hook, Room};

/// The inboxes of all handles.
pub(crate) struct Router {
    /// The stream that sees everything, while somebody holds it.
    pub(crate) events: Option<Arc<Mailbox>>,
    /// Groups with a handle, or with one that waits to be taken, and those that this process is in
    /// although its handle was dropped: not offered again.
    groups: BTreeMap<LwgId, Listener>,
    /// Groups that others made, with their inboxes.
    pub(crate) invited: Arc<Inbox<(LwgId, Arc<Mailbox>)>>,
    /// Core groups of the application's own.
    pub(crate) cores: BTreeMap<GroupId, Arc<Mailbox>>,
    /// Which groups are choked because nobody takes what is told of them.
    pub(crate) slow: Slow,
    pile: Arc<Pile>,
    me: Endpoint,
    sends: BTreeMap<SendId, Sending>,
}

/// An own send of which something is still to be told.
struct Sending {
    lwg: LwgId,
    inbox: Arc<Inbox<Told>>,
    replies: bool,
    unstable: bool,
}

/// Who listens to a group.
struct Listener {
    /// None once its handle was dropped.
    mailbox: Option<Arc<Mailbox>>,
    inside: Inside,
}

/// Whether this process is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// It made it for others.
    No,
    /// It asked for it, with itself as a member.
    ToBe,
    Yes,
}

impl Router {
    /// Offers there what nobody asked for.
    pub(crate) fn new(
        me: Endpoint,
        pile: Arc<Pile>,
        invited: Arc<Inbox<(LwgId, Arc<Mailbox>)>>,
    ) -> Self {
        Self {
            events: None,
            groups: BTreeMap::new(),
            invited,
            cores: BTreeMap::new(),
            slow: Slow::default(),
            pile,
            me,
            sends: BTreeMap::new(),
        }
    }

    /// Before the ask goes down.
    pub(crate) fn hook(&mut self, hook: Hook) {
        match hook {
            // The engine takes these apart.
            Hook::Nothing | Hook::Cast(..) | Hook::Within(..) | Hook::Outcome(_) => {}
            // Out of it meanwhile: nothing will ever be told of this send.
            Hook::Send(lwg, _, _, inbox) if !self.is_in(lwg) => inbox.end(),
            Hook::Outside(lwg, send, inbox) => {
                self.sends.insert(send, Sending { lwg, inbox, replies: true, unstable: false });
            }
            Hook::Send(lwg, send, replies, inbox) => {
                self.sends.insert(send, Sending { lwg, inbox, replies, unstable: true });
            }
        }
    }

    /// Whether this process is in that group, or is about to be.
    fn is_in(&self, lwg: LwgId) -> bool {
        self.groups.get(&lwg).is_some_and(|listener| listener.inside != Inside::No)
    }

    /// Tells everybody whom it concerns; the answer is asks that come of it.
    pub(crate) fn hear(&mut self, now: Instant, up: Up, book: &Book) -> Vec<Down> {
        book.hear(&up);
        let (mut asks, when) = (Vec::new(), (now, self.me));
        let unheard = !self.tell_group(now, &up, &mut asks);
        self.tell_asker(&up);
        match &self.events {
            Some(events) => asks.extend(self.slow.tell(when, events, up)),
            // Nobody will ever answer: said at once, so that the asker need not wait for it.
            None if unheard => asks.extend(decline(&up)),
            None => {}
        }
        asks
    }

    /// A group is asked for, with this process in it or not, and what will be told of it goes
    /// there.
    pub(crate) fn make_group(&mut self, lwg: LwgId, mailbox: Arc<Mailbox>, inside: bool) {
        let inside = if inside { Inside::ToBe } else { Inside::No };
        self.groups.insert(lwg, Listener { mailbox: Some(mailbox), inside });
    }

    /// What members of a group that this process is not in tell it goes there; if it is in, it has
    /// a handle that hears all.
    pub(crate) fn listen_outside(&mut self, lwg: LwgId, mailbox: Arc<Mailbox>) {
        match self.groups.entry(lwg) {
            Entry::Occupied(_) => mailbox.end(),
            Entry::Vacant(place) => {
                place.insert(Listener { mailbox: Some(mailbox), inside: Inside::No });
            }
        }
    }

    /// Forgets a group's handle; a view to come does not offer it again as long as this process is
    /// in. The answer is asks that come of it: what lies there is declined.
    pub(crate) fn drop_group(&mut self, lwg: LwgId, mailbox: &Arc<Mailbox>) -> Vec<Down> {
        // The handle of a membership that came later may have taken its place.
        if let Some(listener) = self.groups.get_mut(&lwg)
            && listener.mailbox.as_ref().is_some_and(|now| Arc::ptr_eq(now, mailbox))
        {
            listener.mailbox = None;
            if listener.inside == Inside::No {
                self.groups.remove(&lwg);
            }
        }
        let mut asks = self.slow.give_up(mailbox);
        asks.extend(mailbox.empty().filter_map(|up| decline(&up)));
        asks
    }

    /// Nobody holds the event stream any more, or somebody else does. The answer is asks that come
    /// of it.
    pub(crate) fn replace_events(&mut self, new: Option<Arc<Mailbox>>) -> Vec<Down> {
        let Some(before) = std::mem::replace(&mut self.events, new) else { return Vec::new() };
        before.end();
        self.slow.give_up(&before)
    }

    /// No more replies are wanted; the send may still become stable, but nobody looks.
    pub(crate) fn drop_send(&mut self, send: SendId) {
        self.sends.remove(&send);
    }

    /// A send will not go out.
    pub(crate) fn take_back(&mut self, send: SendId) {
        if let Some(sending) = self.sends.remove(&send) {
            sending.inbox.push(Told::TakenBack);
            sending.inbox.end();
        }
    }

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        self.events.iter().for_each(|mailbox| mailbox.end());
        let mailboxes = self.groups.values().flat_map(|listener| &listener.mailbox);
        mailboxes.for_each(|mailbox| mailbox.end());
        self.invited.end();
        self.cores.values().for_each(|mailbox| mailbox.end());
        self.sends.values().for_each(|sending| sending.inbox.end());
        let invited = Arc::clone(&self.invited);
        *self = Self::new(self.me, Arc::clone(&self.pile), invited);
    }

    /// False if it belongs to a group for which there is no handle.
    fn tell_group(&mut self, now: Instant, up: &Up, asks: &mut Vec<Down>) -> bool {
        match up {
            Up::View(view) => {
                let lwg = view.lwg;
                match self.groups.get_mut(&lwg) {
                    Some(listener) => {
                        listener.inside = Inside::Yes;
                        listener.mailbox.iter().for_each(|mailbox| mailbox.set_outside(false));
                    }
                    None if self.events.is_none() => {
                        let mailbox = Mailbox::new(&self.pile);
                        let told = Some(Arc::clone(&mailbox));
                        let listener = Listener { mailbox: told, inside: Inside::Yes };
                        self.groups.insert(lwg, listener);
                        self.invited.push((lwg, mailbox));
                    }
                    None => {}
                }
                self.push_group(now, lwg, up, asks)
            }
            Up::Message { lwg, .. } | Up::Told { lwg, .. } => self.push_group(now, *lwg, up, asks),
            Up::Out { lwg, .. } => {
                self.slow.out(Room::Light(*lwg));
                let listener = self.groups.remove(lwg);
                let Some(mailbox) = listener.and_then(|it| it.mailbox) else { return false };
                self.slow.tell((now, self.me), &mailbox, up.clone());
                mailbox.end();
                true
            }
            Up::Done { lwg, operation: Operation::Create, outcome } => {
                self.made(*lwg, outcome);
                true
            }
            Up::Core(core) => {
                let Some(group) = group_of(core) else { return true };
                if let vsync::Up::Out { .. } = core {
                    self.slow.out(Room::Core(group));
                }
                let Some(mailbox) = self.cores.get(&group) else { return false };
                asks.extend(self.slow.tell((now, self.me), mailbox, up.clone()));
                if let vsync::Up::Out { .. } = core {
                    mailbox.end();
                    self.cores.remove(&group);
                }
                true
            }
            _ => true,
        }
    }

    /// A group that was asked for was made, or could not be.
    fn made(&mut self, lwg: LwgId, outcome: &Outcome) {
        let Some(listener) = self.groups.get_mut(&lwg) else { return };
        match (listener.inside, outcome) {
            (Inside::ToBe, Outcome::Done) => listener.inside = Inside::Yes,
            (Inside::ToBe, _) => drop(self.groups.remove(&lwg)),
            _ => {}
        }
    }

    fn push_group(&mut self, now: Instant, lwg: LwgId, up: &Up, asks: &mut Vec<Down>) -> bool {
        let mailbox = self.groups.get(&lwg).and_then(|listener| listener.mailbox.as_ref());
        let Some(mailbox) = mailbox else { return false };
        asks.extend(self.slow.tell((now, self.me), mailbox, up.clone()));
        true
    }

    fn tell_sender(&mut self, send: SendId, told: Told) {
        let Some(sending) = self.sends.get_mut(&send) else { return };
        match told {
            Told::Answered { .. } => sending.replies = false,
            Told::Stable(_) => sending.unstable = false,
            Told::Reply(..) | Told::TakenBack => {}
        }
        sending.inbox.push(told);
        if !sending.unstable && !sending.replies {
            sending.inbox.end();
            self.sends.remove(&send);
        }
    }

    fn tell_asker(&mut self, up: &Up) {
        match up {
            Up::Reply { send, from, message } => {
                self.tell_sender(*send, Told::Reply(*from, message.clone().into_body()));
            }
            Up::Answered { send, lost, declined } => {
                let (lost, declined) = (lost.clone().into(), declined.clone().into());
                self.tell_sender(*send, Told::Answered { lost, declined });
            }
            Up::Stable { send } => self.tell_sender(*send, Told::Stable(true)),
            Up::Unstable { send } => self.tell_sender(*send, Told::Stable(false)),
            Up::Out { lwg, .. } => self.sends.retain(|_, sending| {
                let stays = sending.lwg != *lwg;
                if !stays {
                    sending.inbox.end();
                }
                stays
            }),
            _ => {}
        }
    }
}

/// The core group that this is about.
pub(crate) const fn group_of(up: &vsync::Up) -> Option<GroupId> {
    match up {
        vsync::Up::View(view) => Some(view.group),
        vsync::Up::Cast { group, .. }
        | vsync::Up::Stable { group, .. }
        | vsync::Up::Room { group }
        | vsync::Up::Closing { group }
        | vsync::Up::Merged { group, .. }
        | vsync::Up::Asks { group, .. }
        | vsync::Up::Out { group, .. }
        | vsync::Up::Fault { group, .. } => Some(*group),
        vsync::Up::Met { .. }
        | vsync::Up::Lost { .. }
        | vsync::Up::Refused { .. }
        | vsync::Up::Send { .. } => None,
    }
}

/// That nobody here will answer a message.
pub(crate) fn decline(up: &Up) -> Option<Down> {
    match up {
        Up::Message { from, send, replies: true, .. } => {
            Some(Down::Reply { to: *from, send: *send, reply: None })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lwg::{Message, Order, Traits, View, ViewId};
    use muts::{NodeId, ProcId};

    const GROUP: LwgId = LwgId { creator: 1, count: 1 };
    const ME: Endpoint = Endpoint::of(ProcId { node: NodeId(1), incarnation: 1 });
    const OTHER: Endpoint = Endpoint::of(ProcId { node: NodeId(2), incarnation: 1 });

    fn view() -> Up {
        let members: lwg::Members = [ME, OTHER].into_iter().collect();
        let (transitional, core) = (members.clone(), GroupId(1));
        let (id, core_view, traits) = (ViewId::default(), vsync::ViewId::default(), Traits::PLAIN);
        let (lwg, previous, first) = (GROUP, None, true);
        let view =
            View { lwg, id, members, transitional, core, core_view, traits, previous, first };
        Up::View(view.into())
    }

    fn done(outcome: Outcome) -> Up {
        Up::Done { lwg: GROUP, operation: Operation::Create, outcome }
    }

    fn question(send: u64) -> Up {
        let (view, send, order) = (ViewId::default(), SendId(send), Order::Fifo);
        let (lwg, from, message) = (GROUP, OTHER, Message::default());
        Up::Message { lwg, view, from, send, order, safe: false, replies: true, message }
    }

    fn router() -> Router {
        Router::new(ME, Arc::default(), Arc::default())
    }

    /// What is declined because of this.
    fn declined(asks: &[Down]) -> Vec<u64> {
        let sends = asks.iter().filter_map(|ask| match ask {
            Down::Reply { send, reply: None, .. } => Some(send.0),
            _ => None,
        });
        sends.collect()
    }

    #[test]
    fn what_is_told_while_a_handle_is_being_dropped_is_declined() {
        let (mut router, book) = (router(), Book::default());
        let hear = |router: &mut Router, up| router.hear(Instant::ZERO, up, &book);
        hear(&mut router, view());
        let (_, mailbox) = router.invited.take().expect("offered");
        // The handle goes here, and the crank hears of it after the first of these.
        assert!(declined(&hear(&mut router, question(1))).is_empty());
        assert_eq!(declined(&router.drop_group(GROUP, &mailbox)), [1]);
        assert_eq!(declined(&hear(&mut router, question(2))), [2]);
        hear(&mut router, view());
        assert!(router.invited.take().is_none(), "it was passed over");
    }

    #[test]
    fn of_groups_that_were_not_made_or_are_for_others_nothing_is_kept_without_a_handle() {
        let book = Book::default();
        let missing = || done(Outcome::Missing(Box::new([OTHER].into_iter().collect())));
        for (inside, outcome) in
            [(true, missing()), (false, missing()), (false, done(Outcome::Done))]
        {
            for early in [true, false] {
                let (mut router, mailbox) = (router(), Mailbox::new(&Arc::default()));
                router.make_group(GROUP, Arc::clone(&mailbox), inside);
                if early {
                    router.drop_group(GROUP, &mailbox);
                }
                router.hear(Instant::ZERO, outcome.clone(), &book);
                router.drop_group(GROUP, &mailbox);
                assert!(router.groups.is_empty(), "{inside} {outcome:?} {early}");
            }
        }
    }
}
