//! Router: what the tower tells, to whom it belongs. Only the holder of the crank is in here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lwg::{Down, Endpoint, LwgId, Outcome, SendId, Up};
use muts::Instant;
use vsync::GroupId;

use crate::book::Book;
use crate::inbox::Inbox;
use crate::mailbox::{Mailbox, Pile, Slow};
use crate::shared::{Hook, Room};

/// The inboxes of all handles.
pub(crate) struct Router {
    /// The stream that sees everything, while somebody holds it.
    pub(crate) events: Option<Arc<Mailbox>>,
    /// Groups with a handle, or with one that waits to be taken.
    pub(crate) groups: BTreeMap<LwgId, Arc<Mailbox>>,
    /// Groups that others made, with their inboxes.
    pub(crate) invited: Arc<Inbox<(LwgId, Arc<Mailbox>)>>,
    /// Groups whose handle was dropped while this process was in: not offered again.
    pub(crate) passed_over: BTreeSet<LwgId>,
    /// Core groups of the application's own.
    pub(crate) cores: BTreeMap<GroupId, Arc<Mailbox>>,
    /// Which groups are choked because nobody takes what is told of them.
    pub(crate) slow: Slow,
    pile: Arc<Pile>,
    me: Endpoint,
    outcomes: BTreeMap<LwgId, VecDeque<Arc<Inbox<Outcome>>>>,
    sends: BTreeMap<SendId, Sending>,
}

/// An own send of which something is still to be told.
struct Sending {
    lwg: LwgId,
    inbox: Arc<Inbox<Up>>,
    replies: bool,
    unstable: bool,
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
            passed_over: BTreeSet::new(),
            cores: BTreeMap::new(),
            slow: Slow::default(),
            pile,
            me,
            outcomes: BTreeMap::new(),
            sends: BTreeMap::new(),
        }
    }

    /// Before the ask goes down.
    pub(crate) fn hook(&mut self, hook: Hook) {
        match hook {
            // The engine takes these apart.
            Hook::Nothing | Hook::Cast(..) | Hook::Within(..) => {}
            Hook::Outcome(lwg, inbox) => self.outcomes.entry(lwg).or_default().push_back(inbox),
            // Out of it meanwhile: nothing will ever be told of this send.
            Hook::Send(lwg, _, _, inbox) if !self.groups.contains_key(&lwg) => inbox.end(),
            Hook::Outside(lwg, send, inbox) => {
                self.sends.insert(send, Sending { lwg, inbox, replies: true, unstable: false });
            }
            Hook::Send(lwg, send, replies, inbox) => {
                self.sends.insert(send, Sending { lwg, inbox, replies, unstable: true });
            }
        }
    }

    /// Tells everybody whom it concerns; the answer is asks that come of it.
    pub(crate) fn hear(&mut self, now: Instant, up: Up, book: &Book) -> Vec<Down> {
        remember(&up, book);
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

    /// Forgets a group's handle; a view to come does not offer it again. The answer is asks that
    /// come of it.
    pub(crate) fn drop_group(&mut self, lwg: LwgId) -> Vec<Down> {
        let Some(mailbox) = self.groups.remove(&lwg) else { return Vec::new() };
        self.passed_over.insert(lwg);
        self.slow.give_up(&mailbox)
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

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        self.events.iter().for_each(|mailbox| mailbox.end());
        self.groups.values().for_each(|mailbox| mailbox.end());
        self.invited.end();
        self.cores.values().for_each(|mailbox| mailbox.end());
        self.outcomes.values().flatten().for_each(|inbox| inbox.end());
        self.sends.values().for_each(|sending| sending.inbox.end());
        let invited = Arc::clone(&self.invited);
        *self = Self::new(self.me, Arc::clone(&self.pile), invited);
    }

    /// False if it belongs to a group for which there is no handle.
    fn tell_group(&mut self, now: Instant, up: &Up, asks: &mut Vec<Down>) -> bool {
        match up {
            Up::View(view) => {
                let lwg = view.lwg;
                if !self.groups.contains_key(&lwg)
                    && self.events.is_none()
                    && !self.passed_over.contains(&lwg)
                {
                    let mailbox = Mailbox::new(&self.pile);
                    self.groups.insert(lwg, Arc::clone(&mailbox));
                    self.invited.push((lwg, mailbox));
                }
                self.push_group(now, lwg, up, asks)
            }
            Up::Message { lwg, .. } | Up::Told { lwg, .. } => self.push_group(now, *lwg, up, asks),
            Up::Out { lwg, .. } => {
                self.passed_over.remove(lwg);
                self.slow.out(Room::Light(*lwg));
                let Some(mailbox) = self.groups.remove(lwg) else { return false };
                self.slow.tell((now, self.me), &mailbox, up.clone());
                mailbox.end();
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

    fn push_group(&mut self, now: Instant, lwg: LwgId, up: &Up, asks: &mut Vec<Down>) -> bool {
        let Some(mailbox) = self.groups.get(&lwg) else { return false };
        asks.extend(self.slow.tell((now, self.me), mailbox, up.clone()));
        true
    }

    fn tell_asker(&mut self, up: &Up) {
        match up {
            Up::Done { lwg, outcome } => {
                let Some(asked) = self.outcomes.get_mut(lwg) else { return };
                if let Some(inbox) = asked.pop_front() {
                    inbox.push(outcome.clone());
                }
                if asked.is_empty() {
                    self.outcomes.remove(lwg);
                }
            }
            Up::Reply { send, .. } => {
                if let Some(sending) = self.sends.get(send) {
                    sending.inbox.push(up.clone());
                }
            }
            Up::Answered { send, .. } | Up::Stable { send } | Up::Unstable { send } => {
                let Some(sending) = self.sends.get_mut(send) else { return };
                sending.inbox.push(up.clone());
                match up {
                    Up::Answered { .. } => sending.replies = false,
                    _ => sending.unstable = false,
                }
                if !sending.unstable && !sending.replies {
                    sending.inbox.end();
                    self.sends.remove(send);
                }
            }
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

fn remember(up: &Up, book: &Book) {
    match up {
        Up::Core(vsync::Up::Met { peer }) => book.met(*peer),
        Up::Core(vsync::Up::View(view)) => {
            view.members.iter().for_each(|member| book.met(member.proc));
        }
        Up::View(view) => view.members.iter().for_each(|member| book.met(member.proc)),
        _ => {}
    }
}
