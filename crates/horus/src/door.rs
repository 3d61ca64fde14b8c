//! Door: what every handle shares. The way in to the tower, and its end.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lwg::{Down, Endpoint, LwgId, Outcome, SendId};
use muts::os::Finder;
use parking_lot::Mutex;
use tools::Asks;

use crate::backlog::room_of;
use crate::engine::Engine;
use crate::error::Error;
use crate::hatch::Hatch;
use crate::inbox::Inbox;
use crate::limits::TAKEN_WITHIN;
use crate::mailbox::Mailbox;
use crate::posts::Step;
use crate::runtime::{CLOSED, Runtime};
use crate::sent::Sent;
use crate::shared::{Hook, Room, Shared, Word};
use crate::wait::Pending;

/// See the head of this file. Closes the tower when the last handle goes, or before that.
pub(crate) struct Door {
    pub(crate) me: Endpoint,
    pub(crate) runtime: Arc<Runtime<Engine>>,
    pub(crate) shared: Arc<Shared>,
    sends: AtomicU64,
    groups: AtomicU64,
    cores: AtomicU32,
    tools: AtomicU32,
    opened: Instant,
    own: Mutex<Option<JoinHandle<()>>>,
    /// Who looks for others, if anybody does.
    pub(crate) finder: OnceLock<Finder>,
    /// Where operators ask, if they may.
    pub(crate) hatch: OnceLock<Hatch>,
}

impl Door {
    /// Opens the door and starts the thread that turns while nobody waits.
    pub(crate) fn open(me: Endpoint, runtime: Arc<Runtime<Engine>>, shared: Arc<Shared>) -> Self {
        let server = Arc::clone(&runtime);
        let own = std::thread::Builder::new().name("horus".into());
        let own = Mutex::new(own.spawn(move || server.serve()).ok());
        let (sends, groups, cores) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU32::new(0));
        let (finder, hatch) = (OnceLock::new(), OnceLock::new());
        let (tools, opened) = (AtomicU32::new(0), Instant::now());
        Self { me, runtime, shared, sends, groups, cores, tools, opened, own, finder, hatch }
    }

    /// Closes the tower, whoever still holds a handle, and waits for its thread.
    pub(crate) fn close(&self) {
        // Before anything ends: whose wait ends by it is told so.
        self.shared.end(CLOSED);
        self.runtime.end();
        let own = self.own.lock().take();
        if let Some(own) = own
            && own.thread().id() != std::thread::current().id()
        {
            // It cannot have died of anything that was not said already.
            let _ = own.join();
        }
    }

    /// Queues an ask and sees that it is taken in.
    pub(crate) fn ask(&self, ask: Down, hook: Hook) {
        self.say(Word::Ask(Box::new(ask), hook));
    }

    /// Queues many asks, then sees that they are taken in.
    pub(crate) fn ask_all(&self, asks: impl IntoIterator<Item = Down>) {
        for ask in asks {
            self.shared.push(Word::Ask(Box::new(ask), Hook::Nothing));
        }
        self.see_to_it();
    }

    /// Lets the holder of the crank do something.
    pub(crate) fn run(&self, what: impl FnOnce(&mut Engine) + Send + 'static) {
        self.say(Word::Do(Box::new(what)));
    }

    fn say(&self, word: Word) {
        self.shared.push(word);
        self.see_to_it();
    }

    /// Why nothing more is told to a handle: the tower is over, or this process is out there.
    pub(crate) fn why_ended(&self) -> Error {
        if self.shared.is_over() { Error::Closed } else { Error::Out }
    }

    /// Why what was to be sent in time was not.
    fn why_late(&self) -> Error {
        if self.shared.is_over() { Error::Closed } else { Error::NotSent }
    }

    fn see_to_it(&self) {
        if !self.runtime.nudge() {
            self.shared.refuse();
        }
    }

    /// Waits until asks that need this room have it; then one may be said.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) fn wait_for_room(&self, room: Room) -> Result<(), Error> {
        self.wait_for_room_until(room, None).map_err(|_| Error::Closed)
    }

    /// The same, if that is so by then.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it is not; [`Error::Closed`].
    pub(crate) fn wait_for_room_until(
        &self,
        room: Room,
        until: Option<Instant>,
    ) -> Result<(), Error> {
        if self.shared.is_over() {
            return Err(Error::Closed);
        }
        if self.shared.has_room(room) {
            return Ok(());
        }
        let has_room = std::future::poll_fn(|context| self.shared.poll_room(room, context));
        self.runtime.wait(has_room, until).ok_or_else(|| self.why_late())
    }

    /// Waits until what a group says to one process alone has room, for so long as it may take to
    /// know that it takes nothing: it may never.
    ///
    /// # Errors
    /// [`Error::NotSent`], [`Error::Closed`].
    pub(crate) fn wait_for_one(&self, lwg: LwgId, one: Endpoint) -> Result<(), Error> {
        let until = Instant::now().checked_add(TAKEN_WITHIN);
        self.wait_for_room_until(Room::One(lwg, one), until)
    }

    /// Waits until not too much of its own lies there.
    ///
    /// # Errors
    /// [`Error::NotSent`] if that is not so by then, or this process is out; [`Error::Closed`].
    pub(crate) fn wait_for_own_room_until(
        &self,
        mailbox: &Mailbox,
        until: Option<Instant>,
    ) -> Result<(), Error> {
        if mailbox.has_own_room() {
            return Ok(());
        }
        let has_room = std::future::poll_fn(|context| mailbox.poll_own_room(context));
        self.runtime.wait(has_room, until).ok_or_else(|| self.why_late())
    }

    /// Asks for an operation on a group and makes its outcome something to wait for.
    pub(crate) fn operate<T: 'static>(
        self: &Arc<Self>,
        ask: Down,
        mut done: impl FnMut() -> T + Send + 'static,
    ) -> Pending<T> {
        let inbox = Arc::new(Inbox::default());
        self.ask(ask, Hook::Outcome(Arc::clone(&inbox)));
        let door = Arc::clone(self);
        Pending::first(self, inbox, move |outcome| {
            door.judge(outcome)?;
            Ok(done())
        })
    }

    fn judge(&self, outcome: Outcome) -> Result<(), Error> {
        match outcome {
            Outcome::Done | Outcome::NothingToDo => Ok(()),
            Outcome::NoGroup => Err(Error::NoGroup),
            Outcome::NoPlace => Err(Error::NoPlace),
            Outcome::Again => Err(Error::Again),
            Outcome::Missing(who) => {
                let show = |member: &Endpoint| self.shared.book.show(member.proc);
                Err(Error::Missing(who.iter().map(show).collect()))
            }
        }
    }

    /// A name for a send; never given twice.
    pub(crate) fn mint_send(&self) -> SendId {
        SendId(self.sends.fetch_add(1, Ordering::Relaxed))
    }

    /// A count for a core group founded by hand; never given twice.
    pub(crate) fn mint_core(&self) -> u32 {
        self.cores.fetch_add(1, Ordering::Relaxed)
    }

    /// Where a tool's asks wait; what it sends has names that no other tool's have.
    pub(crate) fn tool_asks(&self) -> Asks {
        let before = self.tools.fetch_add(1, Ordering::Relaxed);
        Asks::numbered_from((u64::from(before) + 1) << 32)
    }

    /// The time, as tools are given it.
    pub(crate) fn now(&self) -> muts::Instant {
        muts::Instant::ZERO + self.opened.elapsed()
    }

    /// A name for a group; never given twice.
    pub(crate) fn mint_group(&self) -> LwgId {
        LwgId::minted(self.me, self.groups.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends to a group under a new name; what is told of it is told to what this answers.
    pub(crate) fn send_as(
        self: &Arc<Self>,
        lwg: LwgId,
        replies: bool,
        ask: impl FnOnce(SendId) -> Down,
    ) -> Sent {
        let (send, inbox) = (self.mint_send(), Arc::new(Inbox::default()));
        let (ask, hook) = (ask(send), Hook::Send(lwg, send, replies, Arc::clone(&inbox)));
        let room = room_of(&ask);
        self.ask(ask, hook);
        Sent::new(self, (send, room), inbox, replies)
    }

    /// Takes back a multicast that still waits for this room; whether it did.
    pub(crate) fn cancel(self: &Arc<Self>, room: Room, ticket: u64) -> Pending<bool> {
        let answer = Arc::new(Inbox::default());
        let told = Arc::clone(&answer);
        self.run(move |engine| told.push(engine.cancel(room, ticket)));
        Pending::first(self, answer, Ok)
    }

    /// The same without replies; it is taken back if the tower has not taken it by then.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was taken back, [`Error::Out`] if this process is out of the group,
    /// [`Error::Closed`].
    pub(crate) fn send_within(
        self: &Arc<Self>,
        lwg: LwgId,
        patience: Duration,
        ask: impl FnOnce(SendId) -> Down,
    ) -> Result<Sent, Error> {
        let (room, until) = (Room::Light(lwg), Instant::now().checked_add(patience));
        self.wait_for_room_until(room, until)?;
        let (send, inbox) = (self.mint_send(), Arc::new(Inbox::default()));
        let post = Arc::new(Inbox::default());
        self.ask(ask(send), Hook::Within(lwg, send, Arc::clone(&inbox), Arc::clone(&post)));
        let sent = Sent::new(self, (send, room), inbox, false);
        let step = || std::future::poll_fn(|context| post.poll(context));
        let mut went = self.runtime.wait(step(), until);
        if went.is_none() {
            if self.cancel(room, send.0).wait()? {
                return Err(Error::NotSent);
            }
            went = self.runtime.wait(step(), None);
        }
        match went {
            Some(Some(Step::Taken)) => Ok(sent),
            Some(Some(_)) => Err(Error::NotSent),
            Some(None) => Err(self.why_ended()),
            None => Err(Error::Closed),
        }
    }

    /// The same from outside the group: it ends with its answers, also if none are wanted.
    pub(crate) fn send_from_outside(
        self: &Arc<Self>,
        lwg: LwgId,
        ask: impl FnOnce(SendId) -> Down,
    ) -> Sent {
        let (send, inbox) = (self.mint_send(), Arc::new(Inbox::default()));
        let (ask, hook) = (ask(send), Hook::Outside(lwg, send, Arc::clone(&inbox)));
        let room = room_of(&ask);
        self.ask(ask, hook);
        Sent::new(self, (send, room), inbox, true)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Nobody asks any more: its thread is not to be the one that closes the tower.
        drop(self.hatch.take());
        self.close();
    }
}
