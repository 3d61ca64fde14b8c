//! Events: everything the tower tells, core and light-weight, in the order that means something.

use std::future::poll_fn;
use std::sync::Arc;

use lwg::Up;

use crate::door::Door;
use crate::error::Error;
use crate::mailbox::Mailbox;
use crate::wait::Wait;

/// The whole stream, from the moment it was asked for. While it is held, groups that others make
/// are not offered by [`crate::Horus::invited`], and no message is declined for want of a handle:
/// whoever holds the stream answers.
pub struct Events {
    door: Arc<Door>,
    mailbox: Arc<Mailbox>,
}

impl Events {
    pub(crate) fn new(door: &Arc<Door>) -> Self {
        let mailbox = Mailbox::new(&door.shared.pile);
        let told = Arc::clone(&mailbox);
        door.run(move |engine| {
            let asks = engine.router.replace_events(Some(told));
            engine.ask_all(asks);
        });
        Self::of(door, mailbox)
    }

    /// What this mailbox, which the router has already, is told.
    pub(crate) fn of(door: &Arc<Door>, mailbox: Arc<Mailbox>) -> Self {
        Self { door: Arc::clone(door), mailbox }
    }

    /// The next thing told.
    ///
    /// # Errors
    /// [`Error::Closed`] if the tower is, or somebody else has asked for the stream since.
    pub fn next(&self) -> Wait<'_, impl Future<Output = Result<Up, Error>> + Unpin> {
        let (door, mailbox) = (&self.door, &self.mailbox);
        let next = poll_fn(move |context| {
            mailbox.poll(door, context).map(|told| told.ok_or(Error::Closed))
        });
        Wait::new(door, next)
    }

    /// The next thing told, if it is here already.
    #[must_use]
    pub fn take(&self) -> Option<Up> {
        self.mailbox.take(&self.door)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mailbox = Arc::clone(&self.mailbox);
        self.door.run(move |engine| {
            if engine.router.events.as_ref().is_some_and(|now| Arc::ptr_eq(now, &mailbox)) {
                let asks = engine.router.replace_events(None);
                engine.ask_all(asks);
            }
        });
    }
}
