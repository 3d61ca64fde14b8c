//! Mailbox: what is told to one handle, and the groups that are choked because too much lies there.
//!
//! *Takes* what the tower tells, and the wish of whoever holds the handle for the next. *Promises*
//! that of others' messages not much more lies here than the bounds of `limits` say: their senders
//! are told to wait, and told again when enough was taken. A process's own messages choke nothing:
//! who holds the handle sends nothing more by it while too much of them lies here. *Keeps* the
//! weight of what lies here, others' and own. Only the holder of the crank chokes and eases; who
//! takes only sees to it that it looks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use lwg::{Down, Endpoint, Up};
use muts::{Duration, Instant};

use crate::burden::{Burden, Pile};
use crate::door::Door;
use crate::gauge::Gauge;
use crate::inbox::Inbox;
use crate::limits::OWN_UNTAKEN_BYTES_MAX;
use crate::shared::Room;

/// See the head of this file.
pub(crate) struct Mailbox {
    inbox: Inbox<(Up, Weight)>,
    /// Of others' messages, and whether groups are choked for it.
    burden: Burden,
    /// Of own messages, and who waits until there are fewer.
    own: Gauge,
    /// How many messages were ever taken.
    taken: AtomicU64,
    /// This process was taken out of the group because nothing was taken.
    left: AtomicBool,
    /// The group was made for others, and this process is not in it.
    outside: AtomicBool,
}

/// What a thing told weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Nothing,
    Own(usize),
    Others(usize),
}

impl Mailbox {
    pub(crate) fn new(pile: &Arc<Pile>) -> Arc<Self> {
        Arc::new(Self {
            inbox: Inbox::default(),
            burden: Burden::new(pile),
            own: Gauge::new(OWN_UNTAKEN_BYTES_MAX),
            taken: AtomicU64::new(0),
            left: AtomicBool::new(false),
            outside: AtomicBool::new(false),
        })
    }

    /// The next; `Ready(None)` once it has ended and is empty.
    pub(crate) fn poll(
        self: &Arc<Self>,
        door: &Door,
        context: &mut Context<'_>,
    ) -> Poll<Option<Up>> {
        self.inbox.poll(context).map(|next| next.map(|next| self.taken(door, next)))
    }

    /// The next, if it is here already.
    pub(crate) fn take(self: &Arc<Self>, door: &Door) -> Option<Up> {
        self.inbox.take().map(|next| self.taken(door, next))
    }

    /// All that lies here: nobody will take it one by one any more.
    pub(crate) fn empty(&self) -> impl Iterator<Item = Up> {
        let next = || self.inbox.take();
        std::iter::from_fn(next).inspect(|next| self.lighten(next.1)).map(|next| next.0)
    }

    fn taken(self: &Arc<Self>, door: &Door, (up, weight): (Up, Weight)) -> Up {
        if weight != Weight::Nothing {
            self.lighten(weight);
            if self.burden.is_to_be_seen_to() {
                let mailbox = Arc::clone(self);
                door.run(move |engine| engine.ease(&mailbox));
            }
        }
        up
    }

    /// Nothing more will come; what lies here can still be taken.
    pub(crate) fn end(&self) {
        self.inbox.end();
        self.own.end();
    }

    /// Ready while not too much of its own lies here: then its holder may send more there.
    pub(crate) fn poll_own_room(&self, context: &mut Context<'_>) -> Poll<()> {
        self.own.poll_room(context)
    }

    pub(crate) fn has_own_room(&self) -> bool {
        self.own.has_room()
    }

    /// Whether this process was taken out of the group because nothing was taken.
    pub(crate) fn was_left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// Whether a message was ever taken.
    pub(crate) fn has_been_taken(&self) -> bool {
        self.taken.load(Ordering::SeqCst) > 0
    }

    /// Whether this process is not in the group, and was not so far.
    pub(crate) fn is_outside(&self) -> bool {
        self.outside.load(Ordering::SeqCst)
    }

    /// It is in it, or not yet.
    pub(crate) fn set_outside(&self, outside: bool) {
        self.outside.store(outside, Ordering::SeqCst);
    }

    fn lighten(&self, weight: Weight) {
        match weight {
            Weight::Nothing => return,
            Weight::Own(weight) => self.own.take(weight),
            Weight::Others(weight) => self.burden.lighten(weight),
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
    }
}

/// What it weighs, and in which group: messages do.
fn weight_of(up: &Up, me: Endpoint) -> (Room, Weight) {
    let (group, from, message) = match up {
        Up::Message { lwg, from, message, .. } | Up::Told { lwg, from, message } => {
            (Room::Light(*lwg), *from, message)
        }
        Up::Core(vsync::Up::Cast { group, from, message, .. }) => {
            (Room::Core(*group), *from, message)
        }
        _ => return (Room::Any, Weight::Nothing),
    };
    let weight = message.len() + size_of::<Up>();
    (group, if from == me { Weight::Own(weight) } else { Weight::Others(weight) })
}

fn word(group: Room, choked: bool) -> Option<Down> {
    match group {
        Room::Light(lwg) => Some(Down::Choke { lwg, choked }),
        Room::Core(group) => Some(Down::Core(vsync::Down::Choke { group, choked })),
        Room::One(..) | Room::Replies(_) | Room::Peer(_) | Room::Any => None,
    }
}

/// Who chokes what; in the hands of the holder of the crank.
#[derive(Default)]
pub(crate) struct Slow {
    boxes: Vec<Choking>,
}

/// A mailbox for which groups are choked.
struct Choking {
    mailbox: Arc<Mailbox>,
    groups: BTreeSet<Room>,
    /// Nothing was taken of it since.
    since: Instant,
    taken: u64,
}

impl Slow {
    /// Tells something to a mailbox; what is to be asked because it is too much.
    pub(crate) fn tell(
        &mut self,
        (now, me): (Instant, Endpoint),
        mailbox: &Arc<Mailbox>,
        up: Up,
    ) -> Option<Down> {
        let (group, weight) = weight_of(&up, me);
        let heavy = match weight {
            Weight::Nothing => false,
            Weight::Own(weight) => {
                mailbox.own.add(weight);
                false
            }
            Weight::Others(weight) => mailbox.burden.add(weight),
        };
        // Before it can be taken: who takes the last of it is to see that groups are choked.
        let ask = heavy.then(|| self.choke(now, mailbox, group)).flatten();
        mailbox.inbox.push((up, weight));
        ask
    }

    fn choke(&mut self, now: Instant, mailbox: &Arc<Mailbox>, group: Room) -> Option<Down> {
        let known = self.boxes.iter().any(|choking| choking.groups.contains(&group));
        let is_it = |choking: &&mut Choking| Arc::ptr_eq(&choking.mailbox, mailbox);
        match self.boxes.iter_mut().find(is_it) {
            Some(choking) => {
                choking.groups.insert(group);
            }
            None => {
                let (mailbox, groups) = (Arc::clone(mailbox), BTreeSet::from([group]));
                let taken = mailbox.taken.load(Ordering::SeqCst);
                mailbox.burden.set_chokes(true);
                self.boxes.push(Choking { mailbox, groups, since: now, taken });
            }
        }
        if known { None } else { word(group, true) }
    }

    /// Something was taken of it; what is to be asked because it was enough.
    pub(crate) fn ease(&mut self, mailbox: &Arc<Mailbox>) -> Vec<Down> {
        if mailbox.burden.look() { self.give_up(mailbox) } else { Vec::new() }
    }

    /// It chokes nothing any more; what is to be asked.
    pub(crate) fn give_up(&mut self, mailbox: &Arc<Mailbox>) -> Vec<Down> {
        let is_it = |choking: &Choking| Arc::ptr_eq(&choking.mailbox, mailbox);
        let Some(at) = self.boxes.iter().position(is_it) else { return Vec::new() };
        let Choking { mailbox, mut groups, .. } = self.boxes.swap_remove(at);
        mailbox.burden.set_chokes(false);
        for other in &self.boxes {
            groups.retain(|group| !other.groups.contains(group));
        }
        groups.into_iter().filter_map(|group| word(group, false)).collect()
    }

    /// This process is out of a group.
    pub(crate) fn out(&mut self, group: Room) {
        self.boxes.retain_mut(|choking| {
            choking.groups.remove(&group);
            let stays = !choking.groups.is_empty();
            choking.mailbox.burden.set_chokes(stays);
            stays
        });
    }

    /// When somebody has taken nothing for so long that this process is to go.
    pub(crate) fn due(&self, patience: Duration) -> Option<Instant> {
        self.boxes.iter().map(|choking| choking.since + patience).min()
    }

    /// The groups of which nothing was taken for so long.
    pub(crate) fn overdue(&mut self, now: Instant, patience: Duration) -> Vec<Room> {
        let mut overdue = Vec::new();
        for choking in &mut self.boxes {
            if now < choking.since + patience {
                continue;
            }
            choking.since = now;
            let taken = choking.mailbox.taken.load(Ordering::SeqCst);
            if std::mem::replace(&mut choking.taken, taken) == taken {
                overdue.extend(&choking.groups);
            }
        }
        overdue
    }

    /// This process leaves a group because of it: whoever looks there later is told so.
    pub(crate) fn leave(&self, group: Room) {
        for choking in self.boxes.iter().filter(|choking| choking.groups.contains(&group)) {
            choking.mailbox.left.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{PILE_BYTES_MAX, UNTAKEN_BYTES_MAX};
    use lwg::{LwgId, Message, Order, SendId, ViewId};
    use muts::{NodeId, ProcId};

    const GROUP: LwgId = LwgId { creator: 1, count: 1 };
    const ME: Endpoint = Endpoint::of(ProcId { node: NodeId(1), incarnation: 1 });
    const OTHER: Endpoint = Endpoint::of(ProcId { node: NodeId(2), incarnation: 1 });
    const START: Instant = Instant::ZERO;

    fn tell(slow: &mut Slow, mailbox: &Arc<Mailbox>, from: Endpoint, bytes: usize) -> bool {
        let (view, send, order) = (ViewId::default(), SendId(1), Order::Fifo);
        let message = Message::new(vec![0; bytes]);
        let (safe, replies, lwg) = (false, false, GROUP);
        let up = Up::Message { lwg, view, from, send, order, safe, replies, message };
        let asked = slow.tell((START, ME), mailbox, up);
        asked.is_some_and(|ask| matches!(ask, Down::Choke { lwg: GROUP, choked: true }))
    }

    /// Takes one, as `Mailbox::take` does without the crank; whether its group is eased then.
    fn take(slow: &mut Slow, mailbox: &Arc<Mailbox>) -> bool {
        let (_, weight) = mailbox.inbox.take().expect("something lies there");
        mailbox.lighten(weight);
        let asks = slow.ease(mailbox);
        asks.iter().any(|ask| matches!(ask, Down::Choke { lwg: GROUP, choked: false }))
    }

    #[test]
    fn a_group_is_choked_once_and_eased_when_no_mailbox_is_heavy_with_it() {
        let (pile, mut slow) = (Arc::default(), Slow::default());
        let [group, events] = [(); 2].map(|()| Mailbox::new(&pile));
        assert!(!tell(&mut slow, &group, ME, OWN_UNTAKEN_BYTES_MAX + 1), "its own");
        assert!(!group.has_own_room() && events.has_own_room());
        assert!(tell(&mut slow, &group, OTHER, UNTAKEN_BYTES_MAX + 1));
        assert!(!tell(&mut slow, &events, OTHER, UNTAKEN_BYTES_MAX + 1), "it is known");
        assert!(!take(&mut slow, &group) && group.has_own_room());
        assert!(!take(&mut slow, &group), "the other one is heavy");
        assert!(take(&mut slow, &events));
        assert_eq!(pile.bytes(), 0);
    }

    #[test]
    fn many_mailboxes_that_are_light_each_are_too_much_together() {
        let (pile, mut slow) = (Arc::default(), Slow::default());
        let each = UNTAKEN_BYTES_MAX / 2;
        let boxes: Vec<_> = (0..PILE_BYTES_MAX / each).map(|_| Mailbox::new(&pile)).collect();
        let (last, rest) = boxes.split_last().expect("some");
        assert!(rest.iter().all(|mailbox| !tell(&mut slow, mailbox, OTHER, each)));
        assert!(tell(&mut slow, last, OTHER, each));
        assert!(take(&mut slow, last), "nothing lies there any more");
        drop(boxes);
        assert_eq!(pile.bytes(), 0, "what nobody takes is given up with its mailbox");
    }

    #[test]
    fn only_who_takes_nothing_at_all_is_overdue() {
        let (pile, mut slow, patience) = (Arc::default(), Slow::default(), Duration::from_secs(1));
        let mailbox = Mailbox::new(&pile);
        for _ in 0..3 {
            tell(&mut slow, &mailbox, OTHER, UNTAKEN_BYTES_MAX);
        }
        assert_eq!(slow.due(patience), Some(START + patience));
        assert!(!take(&mut slow, &mailbox));
        assert!(slow.overdue(START + patience, patience).is_empty(), "one was taken");
        assert!(slow.overdue(START + patience, patience).is_empty(), "not yet again");
        let overdue = slow.overdue(START + patience * 2, patience);
        assert_eq!(overdue, [Room::Light(GROUP)]);
        assert!(!mailbox.was_left());
        slow.leave(overdue[0]);
        assert!(mailbox.was_left());
        slow.out(overdue[0]);
        assert_eq!(slow.due(patience), None);
    }
}
