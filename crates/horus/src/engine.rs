//! Engine: what the crank turns. A driver, a tower, and who is told what comes out of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lwg::{Down, Endpoint, Up};
use muts::os::Bell;
use muts::{Guard, Guarded, Instant, Layer as _};

use crate::backlog::{Asked, Backlog};
use crate::inbox::Inbox;
use crate::limits::ASKS_PER_TURN;
use crate::mailbox::Mailbox;
use crate::motor::Motor;
use crate::posts::{Posts, Step};
use crate::router::Router;
use crate::runtime::{Crank, Ring};
use crate::shared::{Hook, Room, Shared, Word};
use crate::sightings::Sightings;
use crate::tower::Boxed;

/// See the head of this file.
pub(crate) struct Engine {
    motor: Motor,
    pub(crate) tower: Boxed,
    pub(crate) router: Router,
    pub(crate) sightings: Sightings,
    backlog: Backlog,
    posts: Posts,
    me: Endpoint,
    shared: Arc<Shared>,
    /// After how long a process that takes nothing leaves.
    untaken_for: Option<Duration>,
    /// Why it is to end after this turn.
    leaves: Option<&'static str>,
    over: bool,
}

impl Engine {
    /// Nothing is told before the first turn.
    pub(crate) fn new(
        motor: Motor,
        tower: Boxed,
        shared: Arc<Shared>,
        (me, untaken_for): (Endpoint, Option<Duration>),
    ) -> Self {
        let router = Router::new(me, Arc::clone(&shared.pile), Arc::clone(&shared.invited));
        let backlog = Backlog::new(&shared);
        let posts = Posts::default();
        let sightings = Sightings::default();
        Self {
            motor,
            tower,
            router,
            sightings,
            backlog,
            posts,
            me,
            shared,
            untaken_for,
            leaves: None,
            over: false,
        }
    }

    /// Counters of the tower and of the driver, by name.
    pub(crate) fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        self.tower.count(tell);
        self.motor.count(tell);
        tell("horus.asks_waiting", self.shared.waiting() + self.backlog.len());
        tell("horus.untaken_bytes", self.shared.pile.bytes());
    }

    /// See [`Guarded`].
    pub(crate) fn change_guard(&mut self, guard: Box<dyn Guard>) {
        let now = self.motor.now();
        self.tower.change_guard(now, guard);
    }

    /// The time, as the tower is given it.
    pub(crate) fn now(&self) -> Instant {
        self.motor.now()
    }

    /// This turn is the last one; the others are told.
    pub(crate) const fn leave(&mut self, why: &'static str) {
        self.leaves = Some(why);
    }

    /// Where it listens, if the system says.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.motor.address()
    }

    fn ask(&mut self, ask: Box<Down>, ticket: Option<u64>, post: Option<Arc<Inbox<Step>>>) {
        let now = self.motor.now();
        let asked = Asked { ask, ticket, post };
        self.backlog.ask(asked, &mut self.tower, now, &mut self.posts);
    }

    /// Takes back a multicast that still waits for room; whether it did.
    pub(crate) fn cancel(&mut self, room: Room, ticket: u64) -> bool {
        self.backlog.cancel(room, ticket)
    }

    /// Takes in what was asked; true if more waits.
    fn take_asks(&mut self) -> bool {
        let now = self.motor.now();
        self.backlog.turn(&mut self.tower, now, &mut self.posts);
        for _ in 0..ASKS_PER_TURN {
            match self.shared.pop() {
                Some(Word::Ask(ask, Hook::Cast(ticket, inbox))) => {
                    self.ask(ask, Some(ticket), Some(inbox));
                }
                Some(Word::Ask(ask, Hook::Within(lwg, send, inbox, post))) => {
                    self.router.hook(Hook::Send(lwg, send, false, inbox));
                    self.ask(ask, Some(send.0), Some(post));
                }
                Some(Word::Ask(ask, hook)) => {
                    self.router.hook(hook);
                    self.ask(ask, None, None);
                }
                Some(Word::Do(what)) => {
                    what(self);
                }
                None => return false,
            }
        }
        true
    }

    /// Tells what there is to tell; true if there was any.
    fn tell(&mut self) -> bool {
        let mut told = false;
        while let Some(name) = self.tower.name() {
            self.shared.book.add(&name);
        }
        while let Some(up) = self.tower.up() {
            told = true;
            self.hear(up);
        }
        self.posts.settle();
        told
    }

    fn hear(&mut self, up: Up) {
        let now = self.motor.now();
        self.sightings.hear(&up);
        self.posts.hear(&up, self.me);
        self.backlog.hear(&up, &mut self.tower, now, &mut self.posts);
        let asks = self.router.hear(now, up, &self.shared.book);
        self.ask_all(asks);
    }

    /// Asks what comes of things inside.
    pub(crate) fn ask_all(&mut self, asks: Vec<Down>) {
        for ask in asks {
            self.ask(Box::new(ask), None, None);
        }
    }

    /// Enough may have been taken of a mailbox.
    pub(crate) fn ease(&mut self, mailbox: &Arc<Mailbox>) {
        let asks = self.router.slow.ease(mailbox);
        self.ask_all(asks);
    }

    /// Leaves the groups of which nothing was taken for too long, and says when to look again.
    fn leave_untaken(&mut self) -> Option<Duration> {
        let patience = self.untaken_for?;
        let now = self.motor.now();
        for group in self.router.slow.overdue(now, patience) {
            let leave = match group {
                Room::Light(lwg) => Down::Remove { lwg, members: [self.me].into_iter().collect() },
                Room::Core(group) => Down::Core(vsync::Down::Leave { group }),
                Room::Any => continue,
            };
            // Past what waits for room there. If it is handed back it is tried once more later.
            if self.tower.down(now, leave).is_ok() {
                self.router.slow.leave(group);
            }
        }
        self.router.slow.due(patience).map(|due| due.since(now))
    }
}

impl Crank for Engine {
    type Bell = Bell;

    fn turn(&mut self, patience: Option<Duration>) -> Result<(), String> {
        let more = self.take_asks();
        if let Some(why) = self.leaves {
            self.close();
            return Err(why.into());
        }
        let told = self.tell();
        let look = self.leave_untaken();
        let patience = if more || told { Some(Duration::ZERO) } else { patience };
        let patience = [patience, look].into_iter().flatten().min();
        let turned = self.motor.turn(&mut self.tower, patience);
        self.tell();
        turned?;
        self.tower.over().map_or(Ok(()), Err)
    }

    fn close(&mut self) {
        if !self.over {
            self.ask(Box::new(Down::Core(vsync::Down::Farewell)), None, None);
            // If it does not go out, silence will tell the others.
            let _ = self.motor.turn(&mut self.tower, Some(Duration::ZERO));
        }
    }

    fn stop(&mut self, why: &str) {
        if !self.over {
            self.over = true;
            self.shared.end(why);
            self.router.end();
            self.posts.end();
            self.shared.refuse();
        }
    }
}

impl Ring for Bell {
    fn ring(&self) {
        self.ring();
    }
}
