//! Hosted: a tool in a group, fed by whoever waits for what it tells.
//!
//! *Takes* the handle of a group in which nothing was heard yet. *Promises* that the tool hears all
//! that is told there, in order, that what it asks for is asked, and that it is woken in time, as
//! long as somebody waits for its answers, whoever of several that is. *Keeps* what it was not told
//! yet in the group's mailbox: who does not hear its answers is waited for, as who does not
//! receive.
//!
//! There is one timer for all who wait, and whatever happens wakes all of them: if one of them
//! gives up after it was woken, another looks. So what changes the tool while nobody looks, which
//! is to ask it, wakes them too if that makes it due sooner or it has something to tell.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use lwg::{Down, Endpoint, LwgId, Operation, Outcome, SendId, Up, View};
use muts::Wire as _;
use names::{Binding, Command, Directory, Name, Resolver};
use parking_lot::Mutex;
use tools::{Asks, Replica, State, Tool};

use crate::error::{Error, fits};
use crate::group::Group;
use crate::horus::Horus;
use crate::listeners::Listeners;
use crate::mailbox::Mailbox;
use crate::shared::Hook;
use crate::wait::{Pending, Wait};

/// A tool in a group: [`Group::replica`], [`Group::directory`], or any other by [`Group::host`].
/// Dropping it stops listening, as dropping the group's handle does.
pub struct Hosted<T: Tool> {
    group: Group,
    guest: Mutex<Guest<T>>,
    listeners: Arc<Listeners>,
    /// Wakes all of them: what happens in the group, and the time.
    waker: Waker,
    /// Its number among those that are woken at a time.
    number: u64,
}

struct Guest<T: Tool> {
    tool: T,
    asks: Asks,
    /// What it told when it was asked.
    told: Option<T::Answer>,
    /// For when and until when whoever waits is woken for the tool's sake, if that was said.
    timer: Option<(muts::Instant, Instant)>,
    /// The tool has asked to leave.
    leaving: Option<Pending<()>>,
}

impl Group {
    /// Keeps a state equal at all members, who all do this: what is proposed is applied everywhere
    /// in one order, and who comes later receives the state.
    ///
    /// # Panics
    /// If something was heard here already: the tool would lack it.
    #[must_use]
    pub fn replica<S: State>(self, state: S) -> Hosted<Replica<S>> {
        self.host(|lwg, me| Replica::new(lwg, me, state))
    }

    /// Makes the group a directory of names, at every member.
    ///
    /// # Panics
    /// As [`Group::replica`].
    #[must_use]
    pub fn directory(self) -> Hosted<Directory> {
        self.host(Directory::new)
    }

    /// Gives the group to a tool, made for this group and this process.
    ///
    /// # Panics
    /// As [`Group::replica`].
    #[must_use]
    pub fn host<T: Tool>(self, make: impl FnOnce(LwgId, Endpoint) -> T) -> Hosted<T> {
        assert!(
            !self.has_heard(),
            "a tool hears all of its group: give it the handle before anything is heard there"
        );
        let (asks, tool) = (self.door().tool_asks(), make(self.id(), self.door().me));
        let guest = Mutex::new(Guest { tool, asks, told: None, timer: None, leaving: None });
        let (number, listeners) = (self.door().mint_send().0, Arc::<Listeners>::default());
        let waker = Waker::from(Arc::clone(&listeners));
        Hosted { group: self, guest, listeners, waker, number }
    }
}

impl Horus {
    /// Asks the directory in that group, which this process is not in, by way of these members of
    /// it: [`Hosted::ask`] asks, [`Hosted::hear`] tells what was found, or [`Error::Out`] if a
    /// handle of that group is here already.
    #[must_use]
    pub fn resolver(&self, lwg: LwgId, members: &[Endpoint]) -> Hosted<Resolver> {
        let door = self.door();
        let mailbox = Mailbox::new(&door.shared.pile);
        let told = Arc::clone(&mailbox);
        door.run(move |engine| engine.router.listen_outside(lwg, told));
        // Of several resolvers each has numbers of its own.
        let first = door.mint_send().0 << 32;
        Group::new(door, lwg, mailbox).host(|lwg, _| Resolver::new(lwg, members.to_vec(), first))
    }
}

impl<T: Tool> Hosted<T> {
    /// The group.
    #[must_use]
    pub const fn id(&self) -> LwgId {
        self.group.id()
    }

    /// The view that the tool has heard last; none before the first.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        self.group.view()
    }

    /// See [`Group::add`].
    pub fn add(&self, members: &[Endpoint]) -> Pending<()> {
        self.group.add(members)
    }

    /// See [`Group::remove`].
    pub fn remove(&self, members: &[Endpoint]) -> Pending<()> {
        self.group.remove(members)
    }

    /// The next thing that the tool tells. It hears, gives to others and goes on only while this is
    /// waited for, so some thread or task is always to do so.
    ///
    /// # Errors
    /// [`Error::Out`] once this process is no longer in the group; [`Error::Untaken`] if that is so
    /// because nothing was heard here while others waited; [`Error::Closed`].
    pub fn hear(&self) -> Wait<'_, impl Future<Output = Result<T::Answer, Error>> + Unpin> {
        let listener = self.listeners.listener();
        let look = poll_fn(move |context| {
            listener.listen(context);
            self.poll_answer(&mut Context::from_waker(&self.waker))
        });
        Wait::new(self.group.door(), look)
    }

    /// Looks at the tool.
    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.guest.lock().tool)
    }

    /// Has the tool ask for something; its answer comes by [`Hosted::hear`].
    pub fn ask<R>(&self, ask: impl FnOnce(&mut T, muts::Instant, &mut Asks) -> R) -> R {
        let mut guest = self.guest.lock();
        let before = guest.tool.deadline();
        let done = self.turn(&mut guest, ask);
        // Whoever waits knows of neither.
        let sooner = guest.tool.deadline().is_some_and(|due| before.is_none_or(|it| due < it));
        guest.told = guest.told.take().or_else(|| guest.tool.answer());
        let wakes = sooner || guest.told.is_some();
        drop(guest);
        if wakes {
            self.listeners.wake_all();
        }
        done
    }

    fn poll_answer(&self, context: &mut Context<'_>) -> Poll<Result<T::Answer, Error>> {
        let mut guest = self.guest.lock();
        let mut woken = false;
        loop {
            if let Some(answer) = guest.told.take().or_else(|| guest.tool.answer()) {
                return Poll::Ready(Ok(answer));
            }
            if let Some(up) = self.poll_leaving(&mut guest, context) {
                self.turn(&mut guest, |tool, now, asks| tool.hear(now, &up, asks));
                continue;
            }
            match self.group.poll_up(context) {
                Poll::Ready(Ok(up)) => {
                    self.turn(&mut guest, |tool, now, asks| tool.hear(now, &up, asks));
                    continue;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
            let Some(due) = guest.tool.deadline() else { return Poll::Pending };
            if woken || due > self.group.door().now() {
                self.wake_at(&mut guest, due);
                return Poll::Pending;
            }
            woken = true;
            self.turn(&mut guest, |tool, now, asks| tool.wake(now, asks));
        }
    }

    /// Lets the tool do something, and asks what comes of it.
    fn turn<R>(
        &self,
        guest: &mut Guest<T>,
        act: impl FnOnce(&mut T, muts::Instant, &mut Asks) -> R,
    ) -> R {
        let door = self.group.door();
        let done = act(&mut guest.tool, door.now(), &mut guest.asks);
        while let Some(ask) = guest.asks.take() {
            match ask {
                // How this ends the mailbox does not tell.
                Down::Remove { lwg, .. } if lwg == self.id() => {
                    guest.leaving = Some(door.operate(ask, || ()));
                }
                ask => door.ask(ask, Hook::Nothing),
            }
        }
        done
    }

    /// That the group has moved meanwhile, and who wants to leave is to ask again.
    fn poll_leaving(&self, guest: &mut Guest<T>, context: &mut Context<'_>) -> Option<Up> {
        let ended = Pin::new(guest.leaving.as_mut()?).poll(context);
        let Poll::Ready(ended) = ended else { return None };
        guest.leaving = None;
        let (lwg, operation, outcome) = (self.id(), Operation::Remove, Outcome::Again);
        matches!(ended, Err(Error::Again)).then_some(Up::Done { lwg, operation, outcome })
    }

    /// Sees that whoever waits looks again then; a timer that is early does as well.
    fn wake_at(&self, guest: &mut Guest<T>, due: muts::Instant) {
        let door = self.group.door();
        // In this order, so that it is not too early by the time between the two.
        let left = due.since(door.now());
        let now = Instant::now();
        let is_set = guest.timer.is_some_and(|(set, rings)| set <= due && rings > now);
        if !is_set {
            let (rings, number, waker) = (now + left, self.number, self.waker.clone());
            guest.timer = Some((due, rings));
            door.run(move |engine| engine.timers.set(number, rings, waker));
        }
    }

    /// Waits for room to send, and gives the send a name.
    fn mint(&self) -> Result<SendId, Error> {
        self.group.wait_for_room()?;
        Ok(self.group.door().mint_send())
    }
}

impl<T: Tool> Drop for Hosted<T> {
    fn drop(&mut self) {
        if self.guest.get_mut().timer.is_some() {
            let number = self.number;
            self.group.door().run(move |engine| engine.timers.clear(number));
        }
    }
}

impl<S: State> Hosted<Replica<S>> {
    /// Proposes a command. Every member that has the state, this one too, is told
    /// [`tools::Answer::Applied`] with this name and what it came to.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn propose(&self, command: &S::Command) -> Result<SendId, Error> {
        let mut bytes = Vec::new();
        command.write(&mut bytes);
        fits(&bytes)?;
        let send = self.mint()?;
        self.ask(|replica, _, asks| replica.propose(command, send, false, asks));
        Ok(send)
    }

    /// Looks at the state; none while this member lacks it.
    pub fn state<R>(&self, look: impl FnOnce(&S) -> R) -> Option<R> {
        self.look(|replica| replica.state().map(look))
    }

    /// After [`tools::Answer::Lost`]: the group goes on from what this member has.
    pub fn revive(&self) {
        self.ask(|replica, _, asks| replica.revive(asks));
    }
}

impl Hosted<Directory> {
    /// Changes the table. Every member is told [`tools::Answer::Applied`] with this name and what
    /// it came to.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn change(&self, command: &Command) -> Result<SendId, Error> {
        let send = self.mint()?;
        self.ask(|directory, _, asks| directory.change(command, send, asks));
        Ok(send)
    }

    /// What a name stands for, as far as this member knows.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<Binding> {
        self.look(|directory| directory.get(name).cloned())
    }

    /// After [`tools::Answer::Lost`]: the directory goes on from what this member has.
    pub fn revive(&self) {
        self.ask(|directory, _, asks| directory.revive(asks));
    }
}
