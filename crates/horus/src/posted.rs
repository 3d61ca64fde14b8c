//! Posted: one multicast of one's own in a core group. Whether it went out, and is everywhere.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use vsync::GroupId;

use crate::door::Door;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::posts::Step;
use crate::shared::Room;
use crate::wait::{Pending, Wait};

/// A multicast that waits for room, or is on its way. Dropping it changes nothing.
pub struct Posted {
    door: Arc<Door>,
    group: GroupId,
    ticket: u64,
    inbox: Arc<Inbox<Step>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    taken: bool,
    dropped: bool,
    stable: bool,
    ended: bool,
}

impl Posted {
    pub(crate) fn new(
        door: &Arc<Door>,
        group: GroupId,
        ticket: u64,
        inbox: Arc<Inbox<Step>>,
    ) -> Self {
        Self { door: Arc::clone(door), group, ticket, inbox, known: Mutex::default() }
    }

    /// Until it has gone out: a flush, a full window or another group may make it wait.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was dropped, [`Error::Out`] if this process left the group before.
    pub fn sent(&self) -> Wait<'_, impl Future<Output = Result<(), Error>> + Unpin> {
        let look = move |known: &Known| match known {
            Known { dropped: true, .. } => Some(Err(Error::NotSent)),
            Known { taken: true, .. } => Some(Ok(())),
            Known { ended: true, .. } => Some(Err(self.door.why_ended())),
            _ => None,
        };
        Wait::new(&self.door, poll_fn(move |context| self.poll_until(context, look)))
    }

    /// Until every member of the view that it went out in has delivered it.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was dropped, [`Error::Out`] if its view ended without some member,
    /// of which nothing is known then, this process left the group, or it is not for everybody:
    /// then it is told only when it has gone out.
    pub fn stable(&self) -> Wait<'_, impl Future<Output = Result<(), Error>> + Unpin> {
        let look = move |known: &Known| match known {
            Known { dropped: true, .. } => Some(Err(Error::NotSent)),
            Known { stable: true, .. } => Some(Ok(())),
            Known { ended: true, .. } => Some(Err(self.door.why_ended())),
            _ => None,
        };
        Wait::new(&self.door, poll_fn(move |context| self.poll_until(context, look)))
    }

    /// Takes it back if it has not gone out; whether it was taken back.
    pub fn cancel(&self) -> Pending<bool> {
        self.door.cancel(Room::Core(self.group), self.ticket)
    }

    /// Waits for at most so long until it has gone out; then takes it back.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was taken back, and what [`Posted::sent`] and [`Posted::cancel`]
    /// answer.
    pub fn sent_within(&self, patience: Duration) -> Result<(), Error> {
        if let Some(answer) = self.sent().wait_for(patience) {
            return answer;
        }
        if self.cancel().wait()? { Err(Error::NotSent) } else { self.sent().wait() }
    }

    fn poll_until<T>(
        &self,
        context: &mut Context<'_>,
        look: impl Fn(&Known) -> Option<T>,
    ) -> Poll<T> {
        let mut known = self.known.lock();
        loop {
            if let Some(answer) = look(&known) {
                return Poll::Ready(answer);
            }
            match self.inbox.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Step::Taken)) => known.taken = true,
                Poll::Ready(Some(Step::Dropped)) => known.dropped = true,
                Poll::Ready(Some(Step::Stable)) => known.stable = true,
                Poll::Ready(None) => known.ended = true,
            }
        }
    }
}
