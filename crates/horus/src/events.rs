//! Events: everything the tower tells, core and light-weight, in the order that means something.

use std::future::poll_fn;
use std::sync::Arc;

use lwg::Up;

use crate::door::Door;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::wait::Wait;

/// The whole stream, from the moment it was asked for. While it is held, groups that others make
/// are not offered by [`crate::Horus::invited`], and no message is declined for want of a handle:
/// whoever holds the stream answers.
pub struct Events {
    door: Arc<Door>,
    inbox: Arc<Inbox<Up>>,
}

impl Events {
    pub(crate) fn new(door: &Arc<Door>) -> Self {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        door.run(move |engine| {
            if let Some(before) = engine.router.events.replace(told) {
                before.end();
            }
        });
        Self::of(door, inbox)
    }

    /// What this inbox, which the router has already, is told.
    pub(crate) fn of(door: &Arc<Door>, inbox: Arc<Inbox<Up>>) -> Self {
        Self { door: Arc::clone(door), inbox }
    }

    /// The next thing told.
    ///
    /// # Errors
    /// [`Error::Closed`] if the tower is, or somebody else has asked for the stream since.
    pub fn next(&self) -> Wait<'_, impl Future<Output = Result<Up, Error>> + Unpin> {
        let inbox = &self.inbox;
        let next =
            poll_fn(move |context| inbox.poll(context).map(|told| told.ok_or(Error::Closed)));
        Wait::new(&self.door, next)
    }

    /// The next thing told, if it is here already.
    #[must_use]
    pub fn take(&self) -> Option<Up> {
        self.inbox.take()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let inbox = Arc::clone(&self.inbox);
        self.door.run(move |engine| {
            if engine.router.events.as_ref().is_some_and(|now| Arc::ptr_eq(now, &inbox)) {
                engine.router.events = None;
            }
        });
    }
}
