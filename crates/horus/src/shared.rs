//! What application threads and the crank share: the queue of asks, and how many wait in it.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crossbeam::queue::SegQueue;
use lwg::{Down, Endpoint, LwgId, Outcome, SendId};
use muts::os::Bell;
use vsync::GroupId;

use crate::book::Book;
use crate::burden::Pile;
use crate::engine::Engine;
use crate::inbox::Inbox;
use crate::limits::ASKS_WAITING_MAX;
use crate::mailbox::Mailbox;
use crate::posts::Step;
use crate::rooms::Rooms;
use crate::sent::Told;

/// Something for the crank to do.
pub(crate) enum Word {
    /// To ask of the tower, and where what comes of it goes.
    Ask(Box<Down>, Hook),
    /// To do between turns.
    Do(Box<dyn FnOnce(&mut Engine) + Send>),
}

/// Where what comes of an ask goes.
pub(crate) enum Hook {
    /// Only to the event stream.
    Nothing,
    /// The outcome of an operation on a group.
    Outcome(Arc<Inbox<Outcome>>),
    /// The replies to a send and its becoming stable; whether replies are wanted.
    Send(LwgId, SendId, bool, Arc<Inbox<Told>>),
    /// The replies to a send from outside a group.
    Outside(LwgId, SendId, Arc<Inbox<Told>>),
    /// The same without replies, and whether the tower took it.
    Within(LwgId, SendId, Arc<Inbox<Told>>, Arc<Inbox<Step>>),
    /// What becomes of a multicast in a core group; its ticket.
    Cast(u64, Arc<Inbox<Step>>),
}

impl Hook {
    /// The name of the send that this is about, if it may be taken back by it.
    pub(crate) const fn send(&self) -> Option<SendId> {
        match self {
            Self::Send(_, send, _, _) | Self::Outside(_, send, _) | Self::Within(_, send, _, _) => {
                Some(*send)
            }
            Self::Nothing | Self::Outcome(_) | Self::Cast(..) => None,
        }
    }
}

/// Whose room an ask needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    /// A light-weight group's.
    Light(LwgId),
    /// A core group's.
    Core(GroupId),
    /// One process's, for what a group says to it alone.
    One(LwgId, Endpoint),
    /// One process's, for what it is answered.
    Replies(Endpoint),
    /// What one process is sent outside of groups: tried again each turn.
    Peer(Endpoint),
    /// Nobody's in particular: tried again each turn.
    Any,
}

/// See the head of this file.
pub(crate) struct Shared {
    words: SegQueue<Word>,
    rooms: Rooms<Room>,
    pub(crate) book: Book,
    /// Why the tower is over, once it is.
    ended: OnceLock<String>,
    /// Rung when it is.
    bell: OnceLock<Bell>,
    /// Groups that others put this process in, with their inboxes.
    pub(crate) invited: Arc<Inbox<(LwgId, Arc<Mailbox>)>>,
    /// What was told to all handles and lies there.
    pub(crate) pile: Arc<Pile>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            words: SegQueue::new(),
            rooms: Rooms::new(ASKS_WAITING_MAX),
            book: Book::default(),
            ended: OnceLock::new(),
            bell: OnceLock::new(),
            invited: Arc::default(),
            pile: Arc::default(),
        }
    }
}

impl Shared {
    /// Queues a word; the caller nudges the runtime.
    pub(crate) fn push(&self, word: Word) {
        self.rooms.came();
        self.words.push(word);
    }

    /// The oldest word.
    pub(crate) fn pop(&self) -> Option<Word> {
        let word = self.words.pop()?;
        self.rooms.went();
        Some(word)
    }

    /// Says whether who needs this room is to wait before it asks.
    pub(crate) fn set_full(&self, room: Room, full: bool) {
        self.rooms.set_full(room, full);
    }

    /// The tower is over: nothing comes of what still lies here.
    pub(crate) fn refuse(&self) {
        while let Some(word) = self.pop() {
            match word {
                Word::Ask(_, Hook::Outcome(inbox)) => inbox.end(),
                Word::Ask(_, Hook::Send(_, _, _, inbox) | Hook::Outside(_, _, inbox)) => {
                    inbox.end()
                }
                Word::Ask(_, Hook::Within(_, _, inbox, post)) => {
                    inbox.end();
                    post.end();
                }
                Word::Ask(_, Hook::Cast(_, inbox)) => inbox.end(),
                Word::Ask(_, Hook::Nothing) | Word::Do(_) => {}
            }
        }
    }

    /// Ready when fewer asks wait than the limits: in the queue, and for that room.
    pub(crate) fn poll_room(&self, room: Room, context: &mut Context<'_>) -> Poll<()> {
        self.rooms.poll(&room, context)
    }

    /// The tower is over; the first reason counts.
    pub(crate) fn end(&self, why: &str) {
        self.ended.get_or_init(|| why.to_owned());
        self.bell.get().into_iter().for_each(Bell::ring);
        // Nobody else will be met.
        self.book.wake();
    }

    /// Rings once it is over, or at once if it is; the first bell counts.
    pub(crate) fn ring_at_end(&self, bell: Bell) {
        let bell = self.bell.get_or_init(|| bell);
        if self.is_over() {
            bell.ring();
        }
    }

    /// Why it is, if it is.
    pub(crate) fn ended(&self) -> Option<String> {
        self.ended.get().cloned()
    }

    /// Whether it is.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.get().is_some()
    }

    /// How many asks wait in the queue.
    pub(crate) fn waiting(&self) -> u64 {
        self.rooms.waiting() as u64
    }

    pub(crate) fn has_room(&self, room: Room) -> bool {
        self.rooms.has_room(&room)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn who_looks_for_room_again_and_again_in_vain_is_woken_once() {
        let shared = Shared::default();
        shared.set_full(Room::Any, true);
        for _ in 0..3 {
            let mut context = Context::from_waker(Waker::noop());
            assert!(shared.poll_room(Room::Any, &mut context).is_pending());
        }
        assert_eq!(shared.rooms.waiters(), 1);
    }
}
