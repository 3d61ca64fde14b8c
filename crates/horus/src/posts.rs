//! Posts: what becomes of one's own multicasts in core groups, for whoever waits for it.
//!
//! The kernel tells own messages in the order in which it took them, MBCASTs and GBCASTs each in an
//! order of their own; so the next that is told is the oldest of its kind, and its position says
//! when it is stable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, Endpoint, Order, Up};
use vsync::GroupId;

use crate::inbox::Inbox;

/// How far a multicast has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The tower took it: it cannot be taken back any more.
    Taken,
    /// It was taken back, or dropped because the view is not primary.
    Dropped,
    /// Every member has delivered it.
    Stable,
}

/// One multicast; of those that nobody waits for only the place is kept.
type Post = Option<Arc<Inbox<Step>>>;

/// Those of one core group, by kind, and those delivered by position.
#[derive(Default)]
struct Lanes {
    queued: VecDeque<Post>,
    unordered: VecDeque<Post>,
    global: VecDeque<Post>,
    placed: BTreeMap<u64, Arc<Inbox<Step>>>,
}

impl Lanes {
    fn of(&mut self, order: Order) -> &mut VecDeque<Post> {
        match order {
            Order::Unordered => &mut self.unordered,
            Order::Global => &mut self.global,
            _ => &mut self.queued,
        }
    }

    fn end(&self) {
        let lanes = [&self.queued, &self.unordered, &self.global];
        lanes.into_iter().flatten().flatten().chain(self.placed.values()).for_each(|i| i.end());
    }
}

/// Of all core groups.
#[derive(Default)]
pub(crate) struct Posts {
    groups: BTreeMap<GroupId, Lanes>,
}

impl Posts {
    /// The tower takes this ask.
    pub(crate) fn taken(&mut self, group: GroupId, order: Order, inbox: Post) {
        if let Some(inbox) = &inbox {
            inbox.push(Step::Taken);
        }
        self.groups.entry(group).or_default().of(order).push_back(inbox);
    }

    /// Takes what the tower tells.
    pub(crate) fn hear(&mut self, up: &Up, me: Endpoint) {
        let Up::Core(up) = up else { return };
        match up {
            vsync::Up::Cast { group, from, seq, order, .. } if *from == me => {
                let Some(lanes) = self.groups.get_mut(group) else { return };
                if let Some(Some(inbox)) = lanes.of(*order).pop_front() {
                    lanes.placed.insert(*seq, inbox);
                }
            }
            vsync::Up::Stable { group, from, below } if *from == me => {
                let Some(lanes) = self.groups.get_mut(group) else { return };
                let rest = lanes.placed.split_off(below);
                for inbox in std::mem::replace(&mut lanes.placed, rest).into_values() {
                    inbox.push(Step::Stable);
                    inbox.end();
                }
            }
            // What was not told stable by now will not be.
            vsync::Up::View(view) => {
                let Some(lanes) = self.groups.get_mut(&view.group) else { return };
                std::mem::take(&mut lanes.placed).values().for_each(|inbox| inbox.end());
            }
            vsync::Up::Out { group, .. } => {
                if let Some(lanes) = self.groups.remove(group) {
                    lanes.end();
                }
            }
            vsync::Up::Fault { group, fault: vsync::Fault::NotPrimary } => {
                let Some(lanes) = self.groups.get_mut(group) else { return };
                if let Some(Some(inbox)) = lanes.queued.pop_back() {
                    inbox.push(Step::Dropped);
                    inbox.end();
                }
            }
            _ => {}
        }
    }

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        std::mem::take(&mut self.groups).values().for_each(Lanes::end);
    }
}

/// The group and the kind of a multicast in a core group; of one that is not for everybody nothing
/// is told to whoever it is not for, so it has no place here.
pub(crate) const fn kind_of(ask: &Down) -> Option<(GroupId, Order)> {
    match ask {
        Down::Core(vsync::Down::Cast { group, how, .. }) if how.to.is_none() => {
            Some((*group, how.order))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(seq: u64, order: Order) -> Up {
        let (group, from, message) = (GroupId(1), Endpoint::default(), lwg::Message::default());
        Up::Core(vsync::Up::Cast { group, from, seq, order, safe: false, message })
    }

    fn steps(inbox: &Inbox<Step>) -> Vec<Step> {
        std::iter::from_fn(|| inbox.take()).collect()
    }

    #[test]
    fn each_kind_is_told_in_its_own_order_and_stable_by_its_position() {
        let (group, me, mut posts) = (GroupId(1), Endpoint::default(), Posts::default());
        let post = |posts: &mut Posts, order| {
            let inbox = Arc::new(Inbox::default());
            posts.taken(group, order, Some(Arc::clone(&inbox)));
            inbox
        };
        let total = post(&mut posts, Order::Total);
        posts.taken(group, Order::Fifo, None);
        let loose = post(&mut posts, Order::Unordered);
        let fifo = post(&mut posts, Order::Fifo);
        for up in [cast(2, Order::Unordered), cast(0, Order::Total), cast(1, Order::Fifo)] {
            posts.hear(&up, me);
        }
        posts.hear(&cast(3, Order::Fifo), me);
        posts.hear(&Up::Core(vsync::Up::Stable { group, from: me, below: 3 }), me);
        assert_eq!(steps(&total), [Step::Taken, Step::Stable]);
        assert_eq!(steps(&loose), [Step::Taken, Step::Stable]);
        assert_eq!(steps(&fifo), [Step::Taken]);
    }
}
