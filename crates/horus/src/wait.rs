//! What can be waited for: a `Future` for whoever has an executor, and `wait()` for who has none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::door::Door;
use crate::engine::Engine;
use crate::error::Error;
use crate::inbox::Inbox;

/// Something to come, borrowed from its handle. Dropping it loses nothing.
#[must_use = "nothing is waited for until it is polled or `wait` is called"]
pub struct Wait<'a, F> {
    door: &'a Arc<Door>,
    future: F,
}

impl<'a, F: Future + Unpin> Wait<'a, F> {
    pub(crate) const fn new(door: &'a Arc<Door>, future: F) -> Self {
        Self { door, future }
    }
}

impl<T, F: Future<Output = Result<T, Error>> + Unpin> Wait<'_, F> {
    /// For at most so long; none if it did not come in time. Asking again goes on waiting, unless
    /// the answer is [`Error::Closed`]: then it can come no more.
    pub fn wait_for(self, patience: Duration) -> Option<F::Output> {
        let until = Instant::now().checked_add(patience);
        let answer = self.door.runtime.wait(self.future, until);
        answer.or_else(|| self.door.shared.is_over().then_some(Err(Error::Closed)))
    }

    /// Turns the tower until it has come.
    ///
    /// # Errors
    /// What the future answers, and [`Error::Closed`] if it can come no more.
    pub fn wait(self) -> Result<T, Error> {
        self.door.runtime.wait(self.future, None).unwrap_or(Err(Error::Closed))
    }
}

impl<F: Future + Unpin> Future for Wait<'_, F> {
    type Output = F::Output;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.future).poll(context)
    }
}

type Look<T> = dyn FnMut(&mut Context<'_>) -> Poll<Result<T, Error>> + Send;

/// The outcome of one ask, to be kept and waited for whenever it is wanted. Dropping it does not
/// take back the ask.
#[must_use = "the ask is on its way, but whether it succeeded is told only here"]
pub struct Pending<T> {
    door: Arc<Door>,
    /// Looks whether it is there; asked no more once it was.
    look: Box<Look<T>>,
}

impl<T> Pending<T> {
    /// What the first thing in this inbox means, or that it ended empty.
    pub(crate) fn first<I: Send + 'static>(
        door: &Arc<Door>,
        inbox: Arc<Inbox<I>>,
        mut meaning: impl FnMut(I) -> Result<T, Error> + Send + 'static,
    ) -> Self {
        Self::new(door, move |context| {
            inbox.poll(context).map(|told| told.map_or(Err(Error::Closed), &mut meaning))
        })
    }

    /// What a look at the tower finds between two turns; [`Error::NoGroup`] if that is nothing.
    pub(crate) fn seen(
        door: &Arc<Door>,
        look: impl FnOnce(&mut Engine) -> Option<T> + Send + 'static,
    ) -> Self
    where
        T: Send + 'static,
    {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        door.run(move |engine| told.push(look(engine)));
        Self::first(door, inbox, |seen: Option<T>| seen.ok_or(Error::NoGroup))
    }

    /// Nothing was asked.
    pub(crate) fn failed(door: &Arc<Door>, error: Error) -> Self {
        let mut error = Some(error);
        Self::new(door, move |_| {
            // It is asked once; a closed tower is what is left to say after that.
            Poll::Ready(Err(error.take().unwrap_or(Error::Closed)))
        })
    }

    pub(crate) fn new(
        door: &Arc<Door>,
        look: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Error>> + Send + 'static,
    ) -> Self {
        Self { door: Arc::clone(door), look: Box::new(look) }
    }

    /// Turns the tower until the outcome is known.
    ///
    /// # Errors
    /// Why it failed, or [`Error::Closed`] if it will never be known.
    pub fn wait(self) -> Result<T, Error> {
        let door = Arc::clone(&self.door);
        door.runtime.wait(self, None).unwrap_or(Err(Error::Closed))
    }

    /// For at most so long; the thing itself back if it did not come in time.
    ///
    /// # Errors
    /// Itself, to be waited for again.
    pub fn wait_for(mut self, patience: Duration) -> Result<Result<T, Error>, Self> {
        let door = Arc::clone(&self.door);
        match door.runtime.wait(&mut self, Instant::now().checked_add(patience)) {
            Some(outcome) => Ok(outcome),
            None if door.shared.is_over() => Ok(Err(Error::Closed)),
            None => Err(self),
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        (self.look)(context)
    }
}
