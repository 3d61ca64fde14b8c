//! Router: what the tower tells, to whom it belongs. Only the holder of the crank is in here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lwg::{Down, LwgId, Outcome, SendId, Up};
use vsync::GroupId;

use crate::book::Book;
use crate::inbox::Inbox;
use crate::shared::Hook;

/// The inboxes of all handles.
pub(crate) struct Router {
    /// The stream that sees everything, while somebody holds it.
    pub(crate) events: Option<Arc<Inbox<Up>>>,
    /// Groups with a handle, or with one that waits to be taken.
    pub(crate) groups: BTreeMap<LwgId, Arc<Inbox<Up>>>,
    /// Groups that others made, with their inboxes.
    pub(crate) invited: Arc<Inbox<(LwgId, Arc<Inbox<Up>>)>>,
    /// Groups whose handle was dropped while this process was in: not offered again.
    pub(crate) passed_over: BTreeSet<LwgId>,
    /// Core groups of the application's own.
    pub(crate) cores: BTreeMap<GroupId, Arc<Inbox<Up>>>,
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
    pub(crate) fn new(invited: Arc<Inbox<(LwgId, Arc<Inbox<Up>>)>>) -> Self {
        Self {
            events: None,
            groups: BTreeMap::new(),
            invited,
            passed_over: BTreeSet::new(),
            cores: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            sends: BTreeMap::new(),
        }
    }

    /// Before the ask goes down.
    pub(crate) fn hook(&mut self, hook: Hook) {
        match hook {
            Hook::Nothing | Hook::Cast(..) => {}
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

    /// Tells everybody whom it concerns; the answer is an ask that comes of it.
    pub(crate) fn hear(&mut self, up: Up, book: &Book) -> Option<Down> {
        remember(&up, book);
        let unheard = !self.tell_group(&up);
        self.tell_asker(&up);
        match &self.events {
            Some(events) => events.push(up),
            // Nobody will ever answer: said at once, so that the asker need not wait for it.
            None if unheard => return decline(&up),
            None => {}
        }
        None
    }

    /// Forgets a group's handle; a view to come does not offer it again.
    pub(crate) fn drop_group(&mut self, lwg: LwgId) {
        if self.groups.remove(&lwg).is_some() {
            self.passed_over.insert(lwg);
        }
    }

    /// No more replies are wanted; the send may still become stable, but nobody looks.
    pub(crate) fn drop_send(&mut self, send: SendId) {
        self.sends.remove(&send);
    }

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        self.events.iter().for_each(|inbox| inbox.end());
        self.groups.values().for_each(|inbox| inbox.end());
        self.invited.end();
        self.cores.values().for_each(|inbox| inbox.end());
        self.outcomes.values().flatten().for_each(|inbox| inbox.end());
        self.sends.values().for_each(|sending| sending.inbox.end());
        let invited = Arc::clone(&self.invited);
        *self = Self::new(invited);
    }

    /// False if it belongs to a group for which there is no handle.
    fn tell_group(&mut self, up: &Up) -> bool {
        match up {
            Up::View(view) => {
                let lwg = view.lwg;
                if !self.groups.contains_key(&lwg)
                    && self.events.is_none()
                    && !self.passed_over.contains(&lwg)
                {
                    let inbox = Arc::new(Inbox::default());
                    self.groups.insert(lwg, Arc::clone(&inbox));
                    self.invited.push((lwg, inbox));
                }
                self.push_group(lwg, up)
            }
            Up::Message { lwg, .. } | Up::Told { lwg, .. } => self.push_group(*lwg, up),
            Up::Out { lwg, .. } => {
                self.passed_over.remove(lwg);
                let Some(inbox) = self.groups.remove(lwg) else { return false };
                inbox.push(up.clone());
                inbox.end();
                true
            }
            Up::Core(core) => {
                let Some(group) = group_of(core) else { return true };
                let Some(inbox) = self.cores.get(&group) else { return false };
                inbox.push(up.clone());
                if let vsync::Up::Out { .. } = core {
                    inbox.end();
                    self.cores.remove(&group);
                }
                true
            }
            _ => true,
        }
    }

    fn push_group(&self, lwg: LwgId, up: &Up) -> bool {
        self.groups.get(&lwg).is_some_and(|inbox| {
            inbox.push(up.clone());
            true
        })
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
            Up::Answered { send, .. } | Up::Stable { send } => {
                let Some(sending) = self.sends.get_mut(send) else { return };
                sending.inbox.push(up.clone());
                match up {
                    Up::Stable { .. } => sending.unstable = false,
                    _ => sending.replies = false,
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
