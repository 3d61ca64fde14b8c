//! Backlog: asks that the tower handed back, by the group whose room they wait for.
//!
//! Asks that need the same room go in the order in which they were asked, but for one: who is added
//! to a group or removed from it goes past messages that wait, as they may wait for just that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, Endpoint, LwgId, Outcome, Up};
use muts::{Full, Instant, Layer};

use crate::inbox::Inbox;
use crate::limits::KEPT_MAX;
use crate::outcomes::{Outcomes, operation_of};
use crate::posts::{Posts, Step, kind_of};
use crate::shared::{Room, Shared};

/// Keeps the order of asks within one group, and of what is for one process alone; groups do not
/// wait for each other, nor for a process that takes nothing.
#[derive(Default)]
pub(crate) struct Backlog {
    me: Endpoint,
    waiting: BTreeMap<Room, VecDeque<Asked>>,
    /// Where it is said for whose room too many wait.
    shared: Arc<Shared>,
}

/// An ask, and where it is told what becomes of it.
pub(crate) struct Asked {
    pub(crate) ask: Box<Down>,
    /// Names it for whoever wants it back, if anybody may.
    pub(crate) ticket: Option<u64>,
    /// Of a multicast.
    pub(crate) post: Option<Arc<Inbox<Step>>>,
    /// Of an operation on a group.
    pub(crate) outcome: Option<Arc<Inbox<Outcome>>>,
}

/// What the tower has taken and will tell more of.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) posts: Posts,
    pub(crate) outcomes: Outcomes,
}

impl Asked {
    /// An ask of which nobody waits to hear.
    pub(crate) fn plain(ask: Down) -> Self {
        Self { ask: Box::new(ask), ticket: None, post: None, outcome: None }
    }

    /// Asks; what the tower takes is noted.
    pub(crate) fn go(
        self,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        taken: &mut Taken,
    ) -> Result<(), Self> {
        let Self { ask, ticket, post, outcome } = self;
        let (kind, operation) = (kind_of(&ask), operation_of(&ask));
        match tower.down(now, *ask) {
            Ok(()) => {
                match kind {
                    Some(kind) => taken.posts.taken(kind, post),
                    None => post.iter().for_each(|inbox| inbox.push(Step::Taken)),
                }
                if let Some(operation) = operation {
                    taken.outcomes.taken(operation, outcome);
                }
                Ok(())
            }
            Err(Full(ask)) => Err(Self { ask: Box::new(ask), ticket, post, outcome }),
        }
    }

    /// The group that this process asked it of is none of its own any more.
    fn end(&self) {
        self.post.iter().for_each(|inbox| inbox.end());
        self.outcome.iter().for_each(|inbox| inbox.push(Outcome::NoGroup));
    }

    /// Whether it may go past messages of this process: it changes who else is in the group.
    fn passes(&self, me: Endpoint) -> bool {
        match &*self.ask {
            Down::Add { .. } => true,
            Down::Remove { members, .. } => !members.contains(&me),
            _ => false,
        }
    }
}

impl Backlog {
    pub(crate) fn new(me: Endpoint, shared: &Arc<Shared>) -> Self {
        Self { me, waiting: BTreeMap::new(), shared: Arc::clone(shared) }
    }

    /// How many asks wait.
    pub(crate) fn len(&self) -> u64 {
        self.waiting.values().map(|queue| queue.len() as u64).sum()
    }

    /// Asks, or keeps the ask.
    pub(crate) fn ask(
        &mut self,
        asked: Asked,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        taken: &mut Taken,
    ) {
        let room = room_of(&asked.ask);
        let goes = self.waiting.get(&room).is_none_or(|queue| {
            asked.passes(self.me) && queue.iter().all(|other| operation_of(&other.ask).is_none())
        });
        let asked = if goes { asked.go(tower, now, taken).err() } else { Some(asked) };
        let Some(mut asked) = asked else { return };
        let queue = self.waiting.entry(room).or_default();
        // Nobody who answers waits: whoever takes nothing is told that there is no answer.
        if let Down::Reply { reply, .. } = &mut *asked.ask
            && queue.len() >= KEPT_MAX
        {
            *reply = None;
        }
        queue.push_back(asked);
        if queue.len() == KEPT_MAX {
            self.shared.set_full(room, true);
        }
    }

    /// Takes back a multicast that still waits for this room; whether it did.
    pub(crate) fn cancel(&mut self, room: Room, ticket: u64) -> bool {
        let Some(mut queue) = self.waiting.remove(&room) else { return false };
        let at = queue.iter().position(|asked| asked.ticket == Some(ticket));
        let asked = at.and_then(|at| queue.remove(at));
        self.keep(room, queue);
        let Some(inbox) = asked.map(|asked| asked.post) else { return false };
        if let Some(inbox) = inbox {
            inbox.push(Step::Dropped);
            inbox.end();
        }
        true
    }

    /// Asks again what this makes room for.
    pub(crate) fn hear(
        &mut self,
        up: &Up,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        taken: &mut Taken,
    ) {
        match up {
            Up::Room { lwg } => {
                self.retry(Room::Light(*lwg), tower, now, taken);
                for one in self.ones(*lwg) {
                    self.retry(one, tower, now, taken);
                }
            }
            Up::RoomTo { to } => self.retry(Room::Replies(*to), tower, now, taken),
            Up::Core(vsync::Up::Room { group }) => {
                self.retry(Room::Core(*group), tower, now, taken);
            }
            Up::Out { lwg, .. } => {
                self.forget(Room::Light(*lwg));
                self.ones(*lwg).into_iter().for_each(|one| self.forget(one));
            }
            Up::Core(vsync::Up::Out { group, .. }) => self.forget(Room::Core(*group)),
            _ => {}
        }
    }

    /// Whose rooms are waited for with what a group says to one process.
    fn ones(&self, lwg: LwgId) -> Vec<Room> {
        let all = self.waiting.range(Room::One(lwg, Endpoint::default())..).map(|(room, _)| *room);
        all.take_while(|room| matches!(room, Room::One(of, _) if *of == lwg)).collect()
    }

    /// Asks again what nobody tells the room of.
    pub(crate) fn turn(
        &mut self,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        taken: &mut Taken,
    ) {
        let unnamed = |room: &&Room| matches!(room, Room::Peer(_) | Room::Any);
        for room in self.waiting.keys().filter(unnamed).copied().collect::<Vec<_>>() {
            self.retry(room, tower, now, taken);
        }
    }

    fn retry(
        &mut self,
        room: Room,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        taken: &mut Taken,
    ) {
        let Some(mut queue) = self.waiting.remove(&room) else { return };
        while let Some(asked) = queue.pop_front() {
            if let Err(asked) = asked.go(tower, now, taken) {
                queue.push_front(asked);
                break;
            }
        }
        self.keep(room, queue);
    }

    /// What still waits for this room.
    fn keep(&mut self, room: Room, queue: VecDeque<Asked>) {
        if queue.len() < KEPT_MAX {
            self.shared.set_full(room, false);
        }
        if !queue.is_empty() {
            self.waiting.insert(room, queue);
        }
    }

    fn forget(&mut self, room: Room) {
        let Some(queue) = self.waiting.remove(&room) else { return };
        queue.iter().for_each(Asked::end);
        self.keep(room, VecDeque::new());
    }
}

/// Whose room an ask needs.
pub(crate) fn room_of(ask: &Down) -> Room {
    match ask {
        Down::Create { lwg, .. }
        | Down::CreateIn { lwg, .. }
        | Down::CreateWith { lwg, .. }
        | Down::CreateOn { lwg, .. }
        | Down::Move { lwg, .. }
        | Down::Add { lwg, .. }
        | Down::Remove { lwg, .. }
        | Down::Destroy { lwg }
        | Down::Send { lwg, .. }
        | Down::SendTo { lwg, .. } => Room::Light(*lwg),
        Down::Tell { lwg, to, .. } | Down::SendThrough { lwg, member: to, .. } => {
            Room::One(*lwg, *to)
        }
        Down::Reply { to, .. } => Room::Replies(*to),
        Down::Core(
            vsync::Down::Cast { group, .. }
            | vsync::Down::Found { group, .. }
            | vsync::Down::Join { group, .. }
            | vsync::Down::Invite { group, .. }
            | vsync::Down::Leave { group },
        ) => Room::Core(*group),
        Down::FoundCore { core, .. } => Room::Core(*core),
        Down::Core(vsync::Down::Send { to, .. }) => Room::Peer(*to),
        _ => Room::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::{Packet, Transmit};
    use vsync::GroupId;

    /// A tower that takes what it is asked, or nothing.
    #[derive(Default)]
    struct Gate {
        open: bool,
        taken: Vec<Down>,
    }

    impl Layer for Gate {
        type Down = Down;
        type Up = Up;
        fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
            if !self.open {
                return Err(Full(ask));
            }
            self.taken.push(ask);
            Ok(())
        }
        fn up(&mut self) -> Option<Up> {
            None
        }
        fn receive(&mut self, _: Instant, _: Packet) {}
        fn transmit(&mut self, _: Instant) -> Option<Transmit> {
            None
        }
        fn wake(&mut self, _: Instant) {}
        fn deadline(&self) -> Option<Instant> {
            None
        }
    }

    const ME: Endpoint = Endpoint::of(muts::ProcId { node: muts::NodeId(1), incarnation: 1 });

    #[test]
    fn what_waits_can_be_taken_back_and_what_went_out_cannot() {
        let group = GroupId(1);
        let cast = |ticket| {
            let (how, message) = (vsync::Order::Fifo.into(), lwg::Message::default());
            let ask = Down::Core(vsync::Down::Cast { group, how, message });
            Asked { ticket: Some(ticket), post: Some(Arc::default()), ..Asked::plain(ask) }
        };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let taken = &mut Taken::default();
        let (first, second) = (cast(1), cast(2));
        let inbox = second.post.clone().expect("given");
        backlog.ask(first, &mut tower, now, taken);
        backlog.ask(second, &mut tower, now, taken);
        let room = Room::Core(group);
        assert!(backlog.cancel(room, 2) && !backlog.cancel(room, 2));
        assert_eq!(inbox.take(), Some(Step::Dropped));
        tower.open = true;
        backlog.hear(&Up::Core(vsync::Up::Room { group }), &mut tower, now, taken);
        assert_eq!((backlog.len(), tower.taken.len()), (0, 1));
        assert!(!backlog.cancel(room, 1));
    }

    #[test]
    fn a_full_group_keeps_its_order_and_holds_up_no_other() {
        let group = |count| LwgId { creator: 1, count };
        let ask = |count| Asked::plain(Down::Destroy { lwg: group(count) });
        let taken = &mut Taken::default();
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        backlog.ask(ask(1), &mut tower, now, taken);
        tower.open = true;
        backlog.ask(ask(1), &mut tower, now, taken);
        backlog.ask(ask(2), &mut tower, now, taken);
        assert_eq!(backlog.len(), 2);
        backlog.hear(&Up::Room { lwg: group(1) }, &mut tower, now, taken);
        let order: Vec<_> = tower.taken.iter().map(room_of).collect();
        assert_eq!(order, [2, 1, 1].map(|count| Room::Light(group(count))));
    }

    #[test]
    fn what_waits_for_a_group_that_one_is_out_of_is_dropped() {
        let lwg = LwgId { creator: 1, count: 1 };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let taken = &mut Taken::default();
        backlog.ask(Asked::plain(Down::Destroy { lwg }), &mut tower, now, taken);
        let out = Up::Out { lwg, why: lwg::Why::Removed };
        tower.open = true;
        backlog.hear(&out, &mut tower, now, taken);
        assert!(tower.taken.is_empty() && backlog.len() == 0);
    }

    #[test]
    fn who_is_added_or_removed_goes_past_messages_and_past_no_other_operation() {
        let lwg = LwgId { creator: 1, count: 1 };
        let taken = &mut Taken::default();
        let (mut tower, now) = (Gate::default(), Instant::ZERO);
        let mut backlog = Backlog::new(ME, &Arc::default());
        let message = lwg::Message::default();
        let (send, how) = (lwg::SendId(1), lwg::Order::Fifo.into());
        let send = Asked::plain(Down::Send { lwg, send, how, replies: false, message });
        let remove = |who| Asked::plain(Down::Remove { lwg, members: [who].into_iter().collect() });
        let other = Endpoint { seat: 1, ..ME };
        backlog.ask(send, &mut tower, now, taken);
        tower.open = true;
        backlog.ask(remove(other), &mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (1, 1), "it may be waited for");
        // Who goes itself has said what it said.
        backlog.ask(remove(ME), &mut tower, now, taken);
        backlog.ask(remove(other), &mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (1, 3));
        let gone = Arc::<Inbox<Outcome>>::default();
        let destroy = Asked::plain(Down::Destroy { lwg });
        let destroy = Asked { outcome: Some(Arc::clone(&gone)), ..destroy };
        backlog.ask(destroy, &mut tower, now, taken);
        backlog.hear(&Up::Out { lwg, why: lwg::Why::Removed }, &mut tower, now, taken);
        assert_eq!(gone.take(), Some(Outcome::NoGroup), "what was never asked ends too");
    }

    #[test]
    fn what_nobody_tells_the_room_of_is_asked_again_and_holds_up_nothing_else() {
        let taken = &mut Taken::default();
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let send = |to| {
            let message = lwg::Message::default();
            Asked::plain(Down::Core(vsync::Down::Send { to, message }))
        };
        let other = Endpoint { seat: 1, ..ME };
        backlog.ask(send(ME), &mut tower, now, taken);
        tower.open = true;
        backlog.ask(Asked::plain(Down::Discard { send: lwg::SendId(1) }), &mut tower, now, taken);
        backlog.ask(send(other), &mut tower, now, taken);
        backlog.ask(send(ME), &mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (2, 2));
        backlog.turn(&mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (4, 0));
    }

    #[test]
    fn who_takes_no_letters_holds_up_nobody_else_and_who_answers_it_is_not_held_up() {
        let lwg = LwgId { creator: 1, count: 1 };
        let to = |node| Endpoint::of(vsync::ProcId { node: muts::NodeId(node), incarnation: 1 });
        let tell =
            |node| Asked::plain(Down::Tell { lwg, to: to(node), message: lwg::Message::default() });
        let reply = |node, send| {
            let reply = Some(lwg::Message::default());
            Asked::plain(Down::Reply { to: to(node), send: lwg::SendId(send), reply })
        };
        let shared = Arc::new(Shared::default());
        let taken = &mut Taken::default();
        let (mut backlog, mut tower, now) =
            (Backlog::new(ME, &shared), Gate::default(), Instant::ZERO);
        backlog.ask(tell(1), &mut tower, now, taken);
        let most = KEPT_MAX as u64;
        (0..=most).for_each(|send| backlog.ask(reply(1, send), &mut tower, now, taken));
        tower.open = true;
        backlog.ask(tell(2), &mut tower, now, taken);
        backlog.ask(reply(2, 0), &mut tower, now, taken);
        backlog.ask(Asked::plain(Down::Destroy { lwg }), &mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (3, most + 2));
        backlog.hear(&Up::Room { lwg }, &mut tower, now, taken);
        assert_eq!((tower.taken.len(), backlog.len()), (4, most + 1));
        backlog.hear(&Up::RoomTo { to: to(1) }, &mut tower, now, taken);
        let declined = |ask: &&Down| matches!(ask, Down::Reply { reply: None, .. });
        assert_eq!(tower.taken.iter().filter(declined).count(), 1, "what came when it was full");
        assert_eq!(backlog.len(), 0);
    }

    #[test]
    fn who_asks_of_a_group_that_has_many_asks_waiting_waits_itself_and_nobody_else() {
        let lwg = |count| LwgId { creator: 1, count };
        let shared = Arc::new(Shared::default());
        let taken = &mut Taken::default();
        let (mut backlog, mut tower, now) =
            (Backlog::new(ME, &shared), Gate::default(), Instant::ZERO);
        for _ in 0..KEPT_MAX {
            assert!(shared.has_room(Room::Light(lwg(1))));
            backlog.ask(Asked::plain(Down::Destroy { lwg: lwg(1) }), &mut tower, now, taken);
        }
        let has_room = || [1, 2].map(|count| shared.has_room(Room::Light(lwg(count))));
        assert_eq!(has_room(), [false, true]);
        tower.open = true;
        backlog.hear(&Up::Room { lwg: lwg(1) }, &mut tower, now, taken);
        assert_eq!(has_room(), [true, true]);
    }
}
