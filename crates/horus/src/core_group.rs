//! CoreGroup: a core group of the application's own, meant by a word.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use lwg::{Down, Endpoint, Message, Order, Up};
use vsync::{GroupId, How, View};

use crate::door::Door;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::shared::Hook;
use crate::wait::Wait;

/// A core group that this process has founded or joins. Dropping it ends listening, not membership.
pub struct CoreGroup {
    door: Arc<Door>,
    group: GroupId,
    inbox: Arc<Inbox<Up>>,
}

/// One thing told in a core group, in the order that means something.
#[derive(Debug)]
pub enum CoreHeard {
    /// The group has a new view here.
    View(View),
    /// A multicast in that view.
    Message {
        /// Who sent it; one's own are told too.
        from: Endpoint,
        /// Its order.
        order: Order,
        /// Whether every member is known to have it.
        safe: bool,
        /// What was sent.
        body: Bytes,
    },
    /// Something asked could not be carried out.
    Fault(vsync::Fault),
}

impl CoreGroup {
    pub(crate) fn new(door: &Arc<Door>, group: GroupId) -> Self {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        door.run(move |engine| {
            engine.router.cores.insert(group, told);
        });
        Self { door: Arc::clone(door), group, inbox }
    }

    /// Its name, the same wherever the word is said.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.group
    }

    pub(crate) fn ask(&self, ask: vsync::Down) {
        self.door.ask(Down::Core(ask), Hook::Nothing);
    }

    /// Multicasts to the present view, this process included: an [`Order`], or that and more.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn cast(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<(), Error> {
        self.door.wait_for_room()?;
        let (group, message) = (self.group, Message::new(body));
        self.ask(vsync::Down::Cast { group, how: how.into(), message });
        Ok(())
    }

    /// Leaves: [`CoreGroup::hear`] tells what is still owed, then [`Error::Out`].
    pub fn leave(&self) {
        self.ask(vsync::Down::Leave { group: self.group });
    }

    /// The next thing told.
    ///
    /// # Errors
    /// [`Error::Out`] once this process is no longer in the group.
    pub fn hear(&self) -> Wait<'_, impl Future<Output = Result<CoreHeard, Error>> + Unpin> {
        Wait::new(
            &self.door,
            poll_fn(|context| {
                loop {
                    match self.inbox.poll(context) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(None) => return Poll::Ready(Err(Error::Out)),
                        Poll::Ready(Some(up)) => {
                            if let Some(heard) = heard(up) {
                                return Poll::Ready(Ok(heard));
                            }
                        }
                    }
                }
            }),
        )
    }
}

impl Drop for CoreGroup {
    fn drop(&mut self) {
        let (group, inbox) = (self.group, Arc::clone(&self.inbox));
        self.door.run(move |engine| {
            // A later handle of the same word may have taken its place.
            if engine.router.cores.get(&group).is_some_and(|now| Arc::ptr_eq(now, &inbox)) {
                engine.router.cores.remove(&group);
            }
        });
    }
}

fn heard(up: Up) -> Option<CoreHeard> {
    match up {
        Up::Core(vsync::Up::View(view)) => Some(CoreHeard::View(view)),
        Up::Core(vsync::Up::Cast { from, order, safe, message, .. }) => {
            Some(CoreHeard::Message { from, order, safe, body: message.into_body() })
        }
        Up::Core(vsync::Up::Fault { fault, .. }) => Some(CoreHeard::Fault(fault)),
        _ => None,
    }
}
