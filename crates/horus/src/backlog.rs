//! Backlog: asks that the tower handed back, by the group whose room they wait for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, LwgId, Up};
use muts::{Full, Instant, Layer};
use vsync::GroupId;

use crate::inbox::Inbox;
use crate::posts::{Posts, Step, kind_of};

/// Whose room an ask needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// A light-weight group's.
    Light(LwgId),
    /// A core group's.
    Core(GroupId),
    /// Nobody's in particular: tried again each turn.
    Any,
}

/// Keeps the order of asks within one group; groups do not wait for each other.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: BTreeMap<Room, VecDeque<Asked>>,
}

/// An ask, and where it is told what becomes of it, if it is a multicast in a core group.
pub(crate) struct Asked {
    pub(crate) ask: Box<Down>,
    /// Names it for whoever wants it back.
    pub(crate) ticket: u64,
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
                    Some((group, order)) => posts.taken(group, order, post),
                    None => post.iter().for_each(|inbox| inbox.push(Step::Taken)),
                }
                Ok(())
            }
            Err(Full(ask)) => Err(Self { ask: Box::new(ask), ticket, post }),
        }
    }
}

impl Backlog {
    /// Asks, or keeps the ask; how many asks are out of the way now.
    pub(crate) fn ask(
        &mut self,
        asked: Asked,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) -> usize {
        let room = room_of(&asked.ask);
        if let Some(queue) = self.waiting.get_mut(&room) {
            queue.push_back(asked);
            return 0;
        }
        match asked.go(tower, now, posts) {
            Ok(()) => 1,
            Err(asked) => {
                self.waiting.insert(room, VecDeque::from([asked]));
                0
            }
        }
    }

    /// Takes back a multicast in a core group that still waits; whether it did.
    pub(crate) fn cancel(&mut self, group: GroupId, ticket: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(&Room::Core(group)) else { return false };
        let Some(at) = queue.iter().position(|asked| asked.ticket == ticket) else { return false };
        let asked = queue.remove(at).expect("found just now");
        if let Some(inbox) = &asked.post {
            inbox.push(Step::Dropped);
            inbox.end();
        }
        if queue.is_empty() {
            self.waiting.remove(&Room::Core(group));
        }
        true
    }

    /// Asks again what this makes room for; how many asks are out of the way now.
    pub(crate) fn hear(
        &mut self,
        up: &Up,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) -> usize {
        match up {
            Up::Room { lwg } => self.retry(Room::Light(*lwg), tower, now, posts),
            Up::Core(vsync::Up::Room { group }) => {
                self.retry(Room::Core(*group), tower, now, posts)
            }
            Up::Out { lwg, .. } => self.forget(Room::Light(*lwg)),
            Up::Core(vsync::Up::Out { group, .. }) => self.forget(Room::Core(*group)),
            _ => 0,
        }
    }

    /// Asks again what waits for nobody in particular.
    pub(crate) fn turn(
        &mut self,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) -> usize {
        self.retry(Room::Any, tower, now, posts)
    }

    fn retry(
        &mut self,
        room: Room,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
        posts: &mut Posts,
    ) -> usize {
        let Some(mut queue) = self.waiting.remove(&room) else { return 0 };
        let mut done = 0;
        while let Some(asked) = queue.pop_front() {
            if let Err(asked) = asked.go(tower, now, posts) {
                queue.push_front(asked);
                self.waiting.insert(room, queue);
                break;
            }
            done += 1;
        }
        done
    }

    fn forget(&mut self, room: Room) -> usize {
        self.waiting.remove(&room).map_or(0, |queue| {
            queue.iter().flat_map(|asked| &asked.post).for_each(|inbox| inbox.end());
            queue.len()
        })
    }
}

fn room_of(ask: &Down) -> Room {
    match ask {
        Down::Create { lwg, .. }
        | Down::Add { lwg, .. }
        | Down::Remove { lwg, .. }
        | Down::Destroy { lwg }
        | Down::Send { lwg, .. }
        | Down::Tell { lwg, .. } => Room::Light(*lwg),
        Down::Core(
            vsync::Down::Cast { group, .. }
            | vsync::Down::Found { group, .. }
            | vsync::Down::Join { group, .. }
            | vsync::Down::Invite { group, .. }
            | vsync::Down::Leave { group },
        ) => Room::Core(*group),
        _ => Room::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::{Packet, Transmit};

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
        Asked { ask: Box::new(ask), ticket: 0, post: None }
    }

    #[test]
    fn what_waits_can_be_taken_back_and_what_went_out_cannot() {
        let group = GroupId(1);
        let cast = |ticket| {
            let (how, message) = (vsync::Order::Fifo.into(), lwg::Message::default());
            let ask = Down::Core(vsync::Down::Cast { group, how, message });
            Asked { ask: Box::new(ask), ticket, post: Some(Arc::default()) }
        };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        let posts = &mut Posts::default();
        let (first, second) = (cast(1), cast(2));
        let inbox = second.post.clone().expect("given");
        backlog.ask(first, &mut tower, now, posts);
        backlog.ask(second, &mut tower, now, posts);
        assert!(backlog.cancel(group, 2) && !backlog.cancel(group, 2));
        assert_eq!(inbox.take(), Some(Step::Dropped));
        tower.open = true;
        assert_eq!(backlog.hear(&Up::Core(vsync::Up::Room { group }), &mut tower, now, posts), 1);
        assert!(!backlog.cancel(group, 1));
    }

    #[test]
    fn a_full_group_keeps_its_order_and_holds_up_no_other() {
        let group = |count| LwgId { creator: 1, count };
        let ask = |count| plain(Down::Destroy { lwg: group(count) });
        let posts = &mut Posts::default();
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        assert_eq!(backlog.ask(ask(1), &mut tower, now, posts), 0);
        tower.open = true;
        assert_eq!(backlog.ask(ask(1), &mut tower, now, posts), 0);
        assert_eq!(backlog.ask(ask(2), &mut tower, now, posts), 1);
        assert_eq!(backlog.hear(&Up::Room { lwg: group(1) }, &mut tower, now, posts), 2);
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
        assert_eq!(backlog.hear(&out, &mut tower, now, posts), 1);
        assert!(tower.taken.is_empty());
    }
}
