//! Sent: one multicast of one's own. Its replies one by one, and when everybody has it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use lwg::{Down, Endpoint, Members, SendId, Up};
use parking_lot::Mutex;

use crate::door::Door;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::shared::Hook;
use crate::wait::Wait;

/// A multicast that is on its way. Dropping it discards the replies to come (lwg_discard_replies);
/// the multicast itself cannot be taken back.
pub struct Sent {
    door: Arc<Door>,
    send: SendId,
    inbox: Arc<Inbox<Up>>,
    known: Mutex<Known>,
}

struct Known {
    replies: VecDeque<(Endpoint, Bytes)>,
    /// Nobody is left who could reply; who never will is in `lost`.
    answered: bool,
    lost: Members,
    declined: Members,
    /// Whether every member has delivered it, once that is known, or known never to be.
    stable: Option<bool>,
    ended: bool,
}

impl Sent {
    pub(crate) fn new(
        door: &Arc<Door>,
        send: SendId,
        inbox: Arc<Inbox<Up>>,
        replies: bool,
    ) -> Self {
        let (lost, declined, answered) = (Members::new(), Members::new(), !replies);
        let replies = VecDeque::new();
        let known = Known { replies, answered, lost, declined, stable: None, ended: false };
        Self { door: Arc::clone(door), send, inbox, known: Mutex::new(known) }
    }

    /// lwg_get_next_reply: none once every member has replied, declined or is lost. Needs no time
    /// limit of its own: it always ends.
    ///
    /// # Errors
    /// [`Error::Out`] if this process left the group before.
    pub fn next_reply(&self) -> Wait<'_, impl Future<Output = ReplyResult> + Unpin> {
        Wait::new(&self.door, poll_fn(|context| self.poll_reply(context)))
    }

    /// Until every member of the view that it was sent in has delivered it. Needs no time limit of
    /// its own: it ends with that, with the loss of a member, or with the group.
    ///
    /// # Errors
    /// [`Error::Unstable`] if a member was lost before it was known to have delivered it;
    /// [`Error::Out`] if this process left the group before, or sent it from outside: that is told
    /// to members only.
    pub fn stable(&self) -> Wait<'_, impl Future<Output = Result<(), Error>> + Unpin> {
        Wait::new(
            &self.door,
            poll_fn(|context| {
                self.poll_until(context, |known| match known {
                    Known { stable: Some(true), .. } => Some(Ok(())),
                    Known { stable: Some(false), .. } => Some(Err(Error::Unstable)),
                    Known { ended: true, .. } => Some(Err(Error::Out)),
                    _ => None,
                })
            }),
        )
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
            None if known.answered => Some(Ok(None)),
            None if known.ended => Some(Err(Error::Out)),
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
                Poll::Ready(Some(Up::Reply { from, message, .. })) => {
                    known.replies.push_back((from, message.into_body()));
                }
                Poll::Ready(Some(Up::Answered { lost, declined, .. })) => {
                    known.answered = true;
                    (known.lost, known.declined) = (lost.into(), declined.into());
                }
                Poll::Ready(Some(Up::Stable { .. })) => known.stable = Some(true),
                Poll::Ready(Some(Up::Unstable { .. })) => known.stable = Some(false),
                Poll::Ready(Some(_)) => {}
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
        if known.ended || (known.answered && known.stable.is_some()) {
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
