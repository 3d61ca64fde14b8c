//! Backlog: asks that the tower handed back, by the group whose room they wait for.

use std::collections::{BTreeMap, VecDeque};

use lwg::{Down, LwgId, Up};
use muts::{Full, Instant, Layer};
use vsync::GroupId;

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
    waiting: BTreeMap<Room, VecDeque<Down>>,
}

impl Backlog {
    /// Asks, or keeps the ask; how many asks are out of the way now.
    pub(crate) fn ask(
        &mut self,
        ask: Down,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
    ) -> usize {
        let room = room_of(&ask);
        if let Some(queue) = self.waiting.get_mut(&room) {
            queue.push_back(ask);
            return 0;
        }
        match tower.down(now, ask) {
            Ok(()) => 1,
            Err(Full(ask)) => {
                self.waiting.insert(room, VecDeque::from([ask]));
                0
            }
        }
    }

    /// Asks again what this makes room for; how many asks are out of the way now.
    pub(crate) fn hear(
        &mut self,
        up: &Up,
        tower: &mut impl Layer<Down = Down>,
        now: Instant,
    ) -> usize {
        match up {
            Up::Room { lwg } => self.retry(Room::Light(*lwg), tower, now),
            Up::Core(vsync::Up::Room { group }) => self.retry(Room::Core(*group), tower, now),
            Up::Out { lwg, .. } => self.forget(Room::Light(*lwg)),
            Up::Core(vsync::Up::Out { group, .. }) => self.forget(Room::Core(*group)),
            _ => 0,
        }
    }

    /// Asks again what waits for nobody in particular.
    pub(crate) fn turn(&mut self, tower: &mut impl Layer<Down = Down>, now: Instant) -> usize {
        self.retry(Room::Any, tower, now)
    }

    fn retry(&mut self, room: Room, tower: &mut impl Layer<Down = Down>, now: Instant) -> usize {
        let Some(mut queue) = self.waiting.remove(&room) else { return 0 };
        let mut done = 0;
        while let Some(ask) = queue.pop_front() {
            if let Err(Full(ask)) = tower.down(now, ask) {
                queue.push_front(ask);
                self.waiting.insert(room, queue);
                break;
            }
            done += 1;
        }
        done
    }

    fn forget(&mut self, room: Room) -> usize {
        self.waiting.remove(&room).map_or(0, |queue| queue.len())
    }
}

fn room_of(ask: &Down) -> Room {
    match ask {
        Down::Create { lwg, .. }
        | Down::CreateIn { lwg, .. }
        | Down::CreateOn { lwg, .. }
        | Down::Move { lwg, .. }
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
        Down::FoundCore { core, .. } => Room::Core(*core),
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

    #[test]
    fn a_full_group_keeps_its_order_and_holds_up_no_other() {
        let group = |count| LwgId { creator: 1, count };
        let ask = |count| Down::Destroy { lwg: group(count) };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        assert_eq!(backlog.ask(ask(1), &mut tower, now), 0);
        tower.open = true;
        assert_eq!(backlog.ask(ask(1), &mut tower, now), 0);
        assert_eq!(backlog.ask(ask(2), &mut tower, now), 1);
        assert_eq!(backlog.hear(&Up::Room { lwg: group(1) }, &mut tower, now), 2);
        let order: Vec<_> = tower.taken.iter().map(room_of).collect();
        assert_eq!(order, [2, 1, 1].map(|count| Room::Light(group(count))));
    }

    #[test]
    fn what_waits_for_a_group_that_one_is_out_of_is_dropped() {
        let lwg = LwgId { creator: 1, count: 1 };
        let (mut backlog, mut tower, now) = (Backlog::default(), Gate::default(), Instant::ZERO);
        backlog.ask(Down::Destroy { lwg }, &mut tower, now);
        let out = Up::Out { lwg, why: lwg::Why::Removed };
        tower.open = true;
        assert_eq!(backlog.hear(&out, &mut tower, now), 1);
        assert!(tower.taken.is_empty());
    }
}
