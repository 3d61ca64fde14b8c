//! Sent: one multicast of one's own. Its replies one by one, when everybody has it, and back again
//! as long as it waits.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use lwg::{Down, Endpoint, Members, SendId};
use parking_lot::Mutex;

use crate::door::Door;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::shared::{Hook, Room};
use crate::wait::{Pending, Wait};

/// A multicast that waits for room, or is on its way. Dropping it discards the replies to come
/// (lwg_discard_replies); the multicast itself goes on, unless [`Sent::cancel`] takes it back.
pub struct Sent {
    door: Arc<Door>,
    send: SendId,
    /// Whose room it waits for, if it has to.
    room: Room,
    inbox: Arc<Inbox<Told>>,
    known: Mutex<Known>,
}

/// What is told of one's own multicast.
pub(crate) enum Told {
    /// A reply, and whose.
    Reply(Endpoint, Bytes),
    /// No more of them.
    Answered {
        /// Who will never reply.
        lost: Members,
        /// Who has said so.
        declined: Members,
    },
    /// Whether every member has delivered it, or that will never be known.
    Stable(bool),
    /// It did not go out, and will not.
    TakenBack,
}

struct Known {
    replies: VecDeque<(Endpoint, Bytes)>,
    /// Nobody is left who could reply; who never will is in `lost`.
    answered: bool,
    lost: Members,
    declined: Members,
    /// Whether every member has delivered it, once that is known, or known never to be.
    stable: Option<bool>,
    taken_back: bool,
    ended: bool,
}

impl Sent {
    pub(crate) fn new(
        door: &Arc<Door>,
        (send, room): (SendId, Room),
        inbox: Arc<Inbox<Told>>,
        replies: bool,
    ) -> Self {
        let (lost, declined, answered) = (Members::new(), Members::new(), !replies);
        let replies = VecDeque::new();
        let (stable, taken_back, ended) = (None, false, false);
        let known = Known { replies, answered, lost, declined, stable, taken_back, ended };
        Self { door: Arc::clone(door), send, room, inbox, known: Mutex::new(known) }
    }

    /// lwg_get_next_reply: none once every member that was asked has replied, declined or is lost.
    /// It ends once each of them has received the question: who does not receive is waited for,
    /// until it is taken out ([`crate::Timing::untaken`]). That goes for this process too, which
    /// [`Group::ask`] asks as a member: it is to receive its own question, in another thread if
    /// this one waits here.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was taken back; [`Error::Out`] if this process left the group
    /// before; [`Error::Closed`].
    ///
    /// [`Group::ask`]: crate::Group::ask
    pub fn next_reply(&self) -> Wait<'_, impl Future<Output = ReplyResult> + Unpin> {
        Wait::new(&self.door, poll_fn(|context| self.poll_reply(context)))
    }

    /// Until every member of the view that it was sent in has delivered it, whether or not its
    /// program has received it. Once it has gone out ([`Sent::cancel`]) that needs no time limit of
    /// its own: it ends with that, with the loss of a member, or with the group.
    ///
    /// # Errors
    /// [`Error::Unstable`] if a member was lost before it was known to have delivered it;
    /// [`Error::NotSent`] if it was taken back; [`Error::Out`] if this process left the group
    /// before, or sent it from outside: that is told to members only; [`Error::Closed`].
    pub fn stable(&self) -> Wait<'_, impl Future<Output = Result<(), Error>> + Unpin> {
        Wait::new(
            &self.door,
            poll_fn(|context| {
                self.poll_until(context, |known| match known {
                    Known { stable: Some(true), .. } => Some(Ok(())),
                    Known { stable: Some(false), .. } => Some(Err(Error::Unstable)),
                    Known { taken_back: true, .. } => Some(Err(Error::NotSent)),
                    Known { ended: true, .. } => Some(Err(self.door.why_ended())),
                    _ => None,
                })
            }),
        )
    }

    /// Takes it back if it has not gone out, because a member does not take what it is told or the
    /// group has no room otherwise; whether it was taken back.
    pub fn cancel(&self) -> Pending<bool> {
        let (room, ticket) = (self.room, self.send.0);
        self.door.cancel(room, ticket)
    }

    /// Who will never reply; complete once there is no next reply.
    #[must_use]
    pub fn lost(&self) -> Members {
        self.known.lock().lost.clone()
    }

    /// Who has said that it will not reply; complete once there is no next reply.
    #[must_use]
    pub fn declined(&self) -> Members {
        self.known.lock().declined.clone()
    }

    fn poll_reply(&self, context: &mut Context<'_>) -> Poll<ReplyResult> {
        self.poll_until(context, |known| match known.replies.pop_front() {
            Some(reply) => Some(Ok(Some(reply))),
            None if known.taken_back => Some(Err(Error::NotSent)),
            None if known.answered => Some(Ok(None)),
            None if known.ended => Some(Err(self.door.why_ended())),
            None => None,
        })
    }

    /// Learns what has been told until this has an answer.
    fn poll_until<T>(
        &self,
        context: &mut Context<'_>,
        mut look: impl FnMut(&mut Known) -> Option<T>,
    ) -> Poll<T> {
        let mut known = self.known.lock();
        loop {
            if let Some(answer) = look(&mut known) {
                return Poll::Ready(answer);
            }
            match self.inbox.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Told::Reply(from, body))) => {
                    known.replies.push_back((from, body));
                }
                Poll::Ready(Some(Told::Answered { lost, declined })) => {
                    known.answered = true;
                    (known.lost, known.declined) = (lost, declined);
                }
                Poll::Ready(Some(Told::Stable(stable))) => known.stable = Some(stable),
                Poll::Ready(Some(Told::TakenBack)) => known.taken_back = true,
                Poll::Ready(None) => known.ended = true,
            }
        }
    }
}

/// The next reply and who gave it; none if there are no more.
pub type ReplyResult = Result<Option<(Endpoint, Bytes)>, Error>;

impl Drop for Sent {
    fn drop(&mut self) {
        let known = self.known.lock();
        if known.ended || known.taken_back || (known.answered && known.stable.is_some()) {
            return;
        }
        let send = self.send;
        if !known.answered {
            self.door.ask(Down::Discard { send }, Hook::Nothing);
        }
        self.door.run(move |engine| engine.router.drop_send(send));
    }
}

impl<'a> IntoIterator for &'a Sent {
    type Item = (Endpoint, Bytes);
    type IntoIter = Replies<'a>;
    fn into_iter(self) -> Replies<'a> {
        Replies { sent: self }
    }
}

/// The replies to come, each waited for.
pub struct Replies<'a> {
    sent: &'a Sent,
}

impl Iterator for Replies<'_> {
    type Item = (Endpoint, Bytes);
    fn next(&mut self) -> Option<Self::Item> {
        self.sent.next_reply().wait().ok().flatten()
    }
}
