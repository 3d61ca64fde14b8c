//! Engine: what the crank turns. A driver, a tower, and who is told what comes out of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lwg::{Down, Endpoint, SendId, Up};
use muts::os::Bell;
use muts::{Guard, Guarded, Instant, Layer as _};

use crate::backlog::{Asked, Backlog, Taken};
use crate::limits::ASKS_PER_TURN;
use crate::mailbox::Mailbox;
use crate::motor::Motor;
use crate::naming;
use crate::router::Router;
use crate::runtime::{Crank, Patience, Ring};
use crate::shared::{Hook, Room, Shared, Word};
use crate::sightings::Sightings;
use crate::timers::Timers;
use crate::tower::Boxed;

/// Why a tower is over that an operator told to leave.
pub(crate) const TOLD_TO_LEAVE: &str = "an operator told it to leave";

/// See the head of this file.
pub(crate) struct Engine {
    motor: Motor,
    pub(crate) tower: Boxed,
    pub(crate) router: Router,
    pub(crate) sightings: Sightings,
    pub(crate) timers: Timers,
    backlog: Backlog,
    taken: Taken,
    me: Endpoint,
    /// What those who are met are told; nothing behind a daemon, which tells it itself.
    name: Option<String>,
    shared: Arc<Shared>,
    /// After how long a process that takes nothing leaves.
    untaken_for: Option<Duration>,
    /// It is to end after this turn.
    leaves: bool,
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
        let backlog = Backlog::new(me, &shared);
        let taken = Taken::default();
        let name = shared.book.name(me.proc.node).filter(|_| motor.address().is_some());
        let sightings = Sightings::default();
        Self {
            motor,
            tower,
            router,
            sightings,
            timers: Timers::default(),
            backlog,
            taken,
            me,
            name,
            shared,
            untaken_for,
            leaves: false,
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
    pub(crate) const fn leave(&mut self) {
        self.leaves = true;
    }

    /// Where it listens, if the system says.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.motor.address()
    }

    fn ask(&mut self, asked: Asked) {
        let now = self.motor.now();
        self.backlog.ask(asked, &mut self.tower, now, &mut self.taken);
    }

    /// Takes back a multicast that still waits for room; whether it did.
    pub(crate) fn cancel(&mut self, room: Room, ticket: u64) -> bool {
        let back = self.backlog.cancel(room, ticket);
        if back {
            self.router.take_back(SendId(ticket));
        }
        back
    }

    /// Takes in what was asked; true if more waits.
    fn take_asks(&mut self) -> bool {
        let now = self.motor.now();
        self.backlog.turn(&mut self.tower, now, &mut self.taken);
        for _ in 0..ASKS_PER_TURN {
            match self.shared.pop() {
                Some(Word::Ask(ask, Hook::Cast(ticket, inbox))) => {
                    let (ticket, post) = (Some(ticket), Some(inbox));
                    self.ask(Asked { ask, ticket, post, outcome: None });
                }
                Some(Word::Ask(ask, Hook::Within(lwg, send, inbox, post))) => {
                    self.router.hook(Hook::Send(lwg, send, false, inbox));
                    let (ticket, post) = (Some(send.0), Some(post));
                    self.ask(Asked { ask, ticket, post, outcome: None });
                }
                Some(Word::Ask(ask, Hook::Outcome(inbox))) => {
                    let outcome = Some(inbox);
                    self.ask(Asked { ask, ticket: None, post: None, outcome });
                }
                Some(Word::Ask(ask, hook)) => {
                    let ticket = hook.send().map(|send| send.0);
                    self.router.hook(hook);
                    self.ask(Asked { ask, ticket, post: None, outcome: None });
                }
                Some(Word::Do(what)) => {
                    what(self);
                }
                None => return false,
            }
        }
        true
    }

    /// Tells what there is to tell.
    fn tell(&mut self) {
        while let Some(name) = self.tower.name() {
            self.shared.book.add(&name);
        }
        while let Some(up) = self.tower.up() {
            self.hear(up);
        }
        self.taken.posts.settle();
    }

    fn hear(&mut self, mut up: Up) {
        if self.hear_name(&mut up) {
            return;
        }
        let now = self.motor.now();
        self.sightings.hear(&up);
        self.taken.posts.hear(&up, self.me);
        self.taken.outcomes.hear(&up);
        self.backlog.hear(&up, &mut self.tower, now, &mut self.taken);
        let asks = self.router.hear(now, up, &self.shared.book);
        self.ask_all(asks);
    }

    /// Says and hears what processes are called; whether that is all that this tells.
    fn hear_name(&mut self, up: &mut Up) -> bool {
        match up {
            Up::Core(vsync::Up::Met { peer }) => {
                if let Some(name) = &self.name {
                    let letter = naming::letter(*peer, name);
                    self.ask(Asked::plain(letter));
                }
                false
            }
            Up::Core(vsync::Up::Send { from, message }) => {
                let Some(name) = naming::read(from.proc, message) else { return false };
                if let Some(name) = name {
                    self.shared.book.add(&name);
                }
                true
            }
            _ => false,
        }
    }

    /// Asks what comes of things inside.
    pub(crate) fn ask_all(&mut self, asks: Vec<Down>) {
        for ask in asks {
            self.ask(Asked::plain(ask));
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
                Room::One(..) | Room::Replies(_) | Room::Peer(_) | Room::Any => {
                    continue;
                }
            };
            // Past what waits for room there. If it is handed back it is tried once more later.
            if Asked::plain(leave).go(&mut self.tower, now, &mut self.taken).is_ok() {
                self.router.slow.leave(group);
            }
        }
        self.router.slow.due(patience).map(|due| due.since(now))
    }
}

impl Crank for Engine {
    type Bell = Bell;

    fn turn(&mut self, patience: Patience<'_>) -> Result<(), String> {
        let more = self.take_asks();
        if self.leaves {
            self.close();
            return Err(TOLD_TO_LEAVE.into());
        }
        let look = self.leave_untaken();
        self.tell();
        let timer = self.timers.ring(std::time::Instant::now());
        let patience = if more { Some(Duration::ZERO) } else { patience.left() };
        let patience = [patience, look, timer].into_iter().flatten().min();
        let turned = self.motor.turn(&mut self.tower, patience);
        self.tell();
        turned?;
        let Some(why) = self.tower.over() else { return Ok(()) };
        // Some may hear it still.
        self.close();
        Err(why)
    }

    fn close(&mut self) {
        if !self.over {
            self.ask(Asked::plain(Down::Core(vsync::Down::Farewell)));
            // If it does not go out, silence will tell the others.
            let _ = self.motor.turn(&mut self.tower, Some(Duration::ZERO));
        }
    }

    fn stop(&mut self, why: &str) {
        if !self.over {
            self.over = true;
            self.shared.end(why);
            self.router.end();
            self.taken.posts.end();
            self.taken.outcomes.end();
            self.shared.refuse();
        }
    }
}

impl Ring for Bell {
    fn ring(&self) {
        self.ring();
    }
}
