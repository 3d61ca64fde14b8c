//! Backlog: asks that the tower handed back, by the group whose room they wait for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, Up};
use muts::{Full, Instant, Layer};

use crate::inbox::Inbox;
use crate::limits::KEPT_MAX;
use crate::posts::{Posts, Step, kind_of};
use crate::shared::{Room, Shared};

/// Keeps the order of asks within one group; groups do not wait for each other.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: BTreeMap<Room, VecDeque<Asked>>,
    /// Where it is said for whose room too many wait.
    shared: Arc<Shared>,
}

/// An ask, and where it is told what becomes of it, if it is a multicast in a core group.
pub(crate) struct Asked {
    pub(crate) ask: Box<Down>,
    /// Names it for whoever wants it back, if anybody may.
    pub(crate) ticket: Option<u64>,
    pub(crate) post: Option<Arc<Inbox<Step>>>,
}

impl Asked {
    /// Asks; what the tower takes is noted.
    fn go(
        self,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) -> Result<(), Self> {
        let Self { ask, ticket, post } = self;
        let kind = kind_of(&ask);
        match tower.down(now, *ask) {
            Ok(()) => {
                match kind {
                    Some(kind) => posts.taken(kind, post),
                    None => post.iter().for_each(|inbox| inbox.push(Step::Taken)),
                }
                Ok(())
            }
            Err(Full(ask)) => Err(Self { ask: Box::new(ask), ticket, post }),
        }
    }
}

impl Backlog {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { waiting: BTreeMap::new(), shared: Arc::clone(shared) }
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
        posts: &mut Posts,
    ) {
        let room = room_of(&asked.ask);
        if let Some(queue) = self.waiting.get_mut(&room) {
            queue.push_back(asked);
            if queue.len() == KEPT_MAX {
                self.shared.set_full(room, true);
            }
        } else if let Err(asked) = asked.go(tower, now, posts) {
            self.waiting.insert(room, VecDeque::from([asked]));
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
        posts: &mut Posts,
    ) {
        match up {
            Up::Room { lwg } => self.retry(Room::Light(*lwg), tower, now, posts),
            Up::Core(vsync::Up::Room { group }) => {
                self.retry(Room::Core(*group), tower, now, posts);
            }
            Up::Out { lwg, .. } => self.forget(Room::Light(*lwg)),
            Up::Core(vsync::Up::Out { group, .. }) => self.forget(Room::Core(*group)),
            _ => {}
        }
    }

    /// Asks again what waits for nobody in particular.
    pub(crate) fn turn(
        &mut self,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) {
        self.retry(Room::Any, tower, now, posts);
    }

    fn retry(
        &mut self,
        room: Room,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) {
        let Some(mut queue) = self.waiting.remove(&room) else { return };
        while let Some(asked) = queue.pop_front() {
            if let Err(asked) = asked.go(tower, now, posts) {
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
        queue.iter().flat_map(|asked| &asked.post).for_each(|inbox| inbox.end());
        self.keep(room, VecDeque::new());
    }
}

fn room_of(ask: &Down) -> Room {
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
        | Down::SendTo { lwg, .. }
        | Down::Tell { lwg, .. } => Room::Light(*lwg),
        Down::Core(
            vsync::Down::Cast { group, .. }
            | vsync::Down::Found { group, .. }
            | vsync::Down::Join { group, .. }
            | vsync::Down::Invite { group, .. }
            | vsync::Down::Leave { group },
        ) => Room::Core(*group),
        Down::FoundCore { core, .. } => Room::Core(*core),
        _ => Room::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lwg::LwgId;
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

    fn plain(ask: Down) -> Asked {
        Asked { ask: Box::new(ask), ticket: None, post: None }
    }

    #[test]
    fn what_waits_can_be_taken_back_and_what_went_out_cannot() {
        let group = GroupId(1);
        let cast = |ticket| {
            let (how, message) = (vsync::Order::Fifo.into(), lwg::Message::default());
            let ask = Down::Core(vsync::Down::Cast { group, how, message });
            Asked { ask: Box::new(ask), ticket: Some(ticket), post: Some(Arc::default()) }
        };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let posts = &mut Posts::default();
        let (first, second) = (cast(1), cast(2));
        let inbox = second.post.clone().expect("given");
        backlog.ask(first, &mut tower, now, posts);
        backlog.ask(second, &mut tower, now, posts);
        let room = Room::Core(group);
        assert!(backlog.cancel(room, 2) && !backlog.cancel(room, 2));
        assert_eq!(inbox.take(), Some(Step::Dropped));
        tower.open = true;
        backlog.hear(&Up::Core(vsync::Up::Room { group }), &mut tower, now, posts);
        assert_eq!((backlog.len(), tower.taken.len()), (0, 1));
        assert!(!backlog.cancel(room, 1));
    }

    #[test]
    fn a_full_group_keeps_its_order_and_holds_up_no_other() {
        let group = |count| LwgId { creator: 1, count };
        let ask = |count| plain(Down::Destroy { lwg: group(count) });
        let posts = &mut Posts::default();
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        backlog.ask(ask(1), &mut tower, now, posts);
        tower.open = true;
        backlog.ask(ask(1), &mut tower, now, posts);
        backlog.ask(ask(2), &mut tower, now, posts);
        assert_eq!(backlog.len(), 2);
        backlog.hear(&Up::Room { lwg: group(1) }, &mut tower, now, posts);
        let order: Vec<_> = tower.taken.iter().map(room_of).collect();
        assert_eq!(order, [2, 1, 1].map(|count| Room::Light(group(count))));
    }

    #[test]
    fn what_waits_for_a_group_that_one_is_out_of_is_dropped() {
        let lwg = LwgId { creator: 1, count: 1 };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let posts = &mut Posts::default();
        backlog.ask(plain(Down::Destroy { lwg }), &mut tower, now, posts);
        let out = Up::Out { lwg, why: lwg::Why::Removed };
        tower.open = true;
        backlog.hear(&out, &mut tower, now, posts);
        assert!(tower.taken.is_empty() && backlog.len() == 0);
    }

    #[test]
    fn who_asks_of_a_group_that_has_many_asks_waiting_waits_itself_and_nobody_else() {
        let lwg = |count| LwgId { creator: 1, count };
        let shared = Arc::new(Shared::default());
        let posts = &mut Posts::default();
        let (mut backlog, mut tower, now) = (Backlog::new(&shared), Gate::default(), Instant::ZERO);
        for _ in 0..KEPT_MAX {
            assert!(shared.has_room(Room::Light(lwg(1))));
            backlog.ask(plain(Down::Destroy { lwg: lwg(1) }), &mut tower, now, posts);
        }
        let has_room = || [1, 2].map(|count| shared.has_room(Room::Light(lwg(count))));
        assert_eq!(has_room(), [false, true]);
        tower.open = true;
        backlog.hear(&Up::Room { lwg: lwg(1) }, &mut tower, now, posts);
        assert_eq!(has_room(), [true, true]);
    }
}
