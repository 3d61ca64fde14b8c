//! Posts: what becomes of one's own multicasts in core groups, for whoever waits for it.
//!
//! The kernel tells own messages in the order in which it took them, MBCASTs and GBCASTs each in an
//! order of their own; so the next that is told is the oldest of its kind, and its position says
//! when it is stable. What it drops it took last. So that nobody is told of a multicast that went
//! out what did not, it is told only once all is heard that came of asking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, Endpoint, Order, Up};
use vsync::{Audience, Fault, GroupId, How, ViewId};

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

/// One multicast, and how many were taken before it; of those that nobody waits for, or that are
/// not for everybody, only the place is kept.
type Post = (u64, Option<Arc<Inbox<Step>>>);

/// Those of one core group, by kind, and those delivered by position.
#[derive(Default)]
struct Lanes {
    queued: VecDeque<Post>,
    unordered: VecDeque<Post>,
    global: VecDeque<Post>,
    placed: BTreeMap<u64, Arc<Inbox<Step>>>,
    /// How many were taken, and how many of them before the present view.
    taken: u64,
    before: u64,
    /// This process's place in the view that was told last, if one was.
    rank: Option<usize>,
}

impl Lanes {
    fn of(&mut self, order: Order) -> &mut VecDeque<Post> {
        match order {
            Order::Unordered => &mut self.unordered,
            Order::Global => &mut self.global,
            _ => &mut self.queued,
        }
    }

    /// What was taken last, if that was in the present view.
    fn newest(&mut self) -> Option<Post> {
        let lanes = [&mut self.queued, &mut self.unordered, &mut self.global];
        let number = |lane: &VecDeque<Post>| lane.back().map(|post| post.0);
        let lane = lanes.into_iter().max_by_key(|lane| number(lane))?;
        number(lane).filter(|number| *number >= self.before)?;
        lane.pop_back()
    }

    /// Nothing more comes of any.
    fn end(&self) {
        let lanes = [&self.queued, &self.unordered, &self.global];
        let posts = lanes.into_iter().flatten().filter_map(|post| post.1.as_ref());
        posts.chain(self.placed.values()).for_each(|inbox| inbox.end());
    }
}

/// A multicast that was just taken.
struct Fresh {
    group: GroupId,
    inbox: Arc<Inbox<Step>>,
    /// More will be told of it.
    more: bool,
}

/// Of all core groups.
#[derive(Default)]
pub(crate) struct Posts {
    groups: BTreeMap<GroupId, Lanes>,
    /// Those of which it is not told yet that they were taken.
    fresh: Vec<Fresh>,
}

impl Posts {
    /// The tower takes this ask.
    pub(crate) fn taken(&mut self, kind: Kind, inbox: Option<Arc<Inbox<Step>>>) {
        let Kind { group, order, to } = kind;
        let lanes = self.groups.entry(group).or_default();
        let for_all = to.is_none() || order == Order::Global;
        if let Some(inbox) = &inbox {
            self.fresh.push(Fresh { group, inbox: Arc::clone(inbox), more: for_all });
        }
        let is_for = |rank| to.as_ref().is_some_and(|to| to.1.has(rank));
        if for_all || lanes.rank.is_some_and(is_for) {
            let post = (lanes.taken, inbox.filter(|_| for_all));
            lanes.taken += 1;
            lanes.of(order).push_back(post);
        }
    }

    /// All was heard that came of asking: what was not dropped has been taken.
    pub(crate) fn settle(&mut self) {
        for Fresh { inbox, more, .. } in self.fresh.drain(..) {
            inbox.push(Step::Taken);
            if !more {
                inbox.end();
            }
        }
    }

    /// Takes what the tower tells.
    pub(crate) fn hear(&mut self, up: &Up, me: Endpoint) {
        let Up::Core(up) = up else { return };
        match up {
            vsync::Up::Cast { group, from, seq, order, .. } if *from == me => {
                let Some(lanes) = self.groups.get_mut(group) else { return };
                if let Some((_, Some(inbox))) = lanes.of(*order).pop_front() {
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
            vsync::Up::View(view) => {
                let lanes = self.groups.entry(view.group).or_default();
                // Who founds a group alone may multicast before it has heard its first view.
                if lanes.rank.is_some() {
                    lanes.before = lanes.taken;
                }
                lanes.rank = view.members.iter().position(|member| *member == me);
                // What was not told stable by now will not be.
                std::mem::take(&mut lanes.placed).values().for_each(|inbox| inbox.end());
            }
            vsync::Up::Out { group, .. } => {
                if let Some(lanes) = self.groups.remove(group) {
                    lanes.end();
                }
            }
            vsync::Up::Fault { group, fault: Fault::NotPrimary } => {
                let newest = self.groups.get_mut(group).and_then(Lanes::newest);
                if let Some((_, Some(inbox))) = newest {
                    inbox.push(Step::Dropped);
                    inbox.end();
                }
            }
            vsync::Up::Fault { group, fault: Fault::NotIn } => self.not_in(*group),
            _ => {}
        }
    }

    /// What was asked for there was dropped.
    fn not_in(&mut self, group: GroupId) {
        match self.groups.get_mut(&group) {
            // Who has asked to leave sends no GBCAST any more.
            Some(lanes) if lanes.rank.is_some() => {
                if let Some((_, Some(inbox))) = lanes.global.pop_back() {
                    inbox.end();
                }
            }
            _ => {
                let fresh = self.fresh.iter().filter(|fresh| fresh.group == group);
                fresh.for_each(|fresh| fresh.inbox.end());
                self.groups.remove(&group).iter().for_each(Lanes::end);
            }
        }
    }

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        self.settle();
        std::mem::take(&mut self.groups).values().for_each(Lanes::end);
    }
}

/// Which group a multicast is for, its order, and for whom it is if not for all.
pub(crate) struct Kind {
    group: GroupId,
    order: Order,
    to: Option<Arc<(ViewId, Audience)>>,
}

/// The kind of a multicast in a core group.
pub(crate) fn kind_of(ask: &Down) -> Option<Kind> {
    match ask {
        Down::Core(vsync::Down::Cast { group, how: How { order, to, .. }, .. }) => {
            Some(Kind { group: *group, order: *order, to: to.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use muts::{NodeId, ProcId};

    const GROUP: GroupId = GroupId(1);
    const ME: Endpoint = Endpoint::of(ProcId { node: NodeId(1), incarnation: 1 });
    const OTHER: Endpoint = Endpoint::of(ProcId { node: NodeId(2), incarnation: 1 });

    fn cast(seq: u64, order: Order) -> Up {
        let (group, from, message) = (GROUP, ME, lwg::Message::default());
        Up::Core(vsync::Up::Cast { group, from, seq, order, safe: false, message })
    }

    fn fault(fault: Fault) -> Up {
        Up::Core(vsync::Up::Fault { group: GROUP, fault })
    }

    /// Of this process, second, and another.
    fn view() -> Up {
        let (id, members) = (ViewId::default(), vec![OTHER, ME]);
        let (transitional, parts, group) = (Vec::new(), Vec::new(), GROUP);
        let (previous, primary) = (None, None);
        let view = vsync::View { group, id, members, transitional, parts, previous, primary };
        Up::Core(vsync::Up::View(view.into()))
    }

    fn post(posts: &mut Posts, how: impl Into<How>) -> Arc<Inbox<Step>> {
        let (inbox, message) = (Arc::new(Inbox::default()), lwg::Message::default());
        let ask = Down::Core(vsync::Down::Cast { group: GROUP, how: how.into(), message });
        posts.taken(kind_of(&ask).expect("a multicast"), Some(Arc::clone(&inbox)));
        inbox
    }

    /// What it was told, and whether that was all.
    fn steps(inbox: &Inbox<Step>) -> (Vec<Step>, bool) {
        let told = std::iter::from_fn(|| inbox.take()).collect();
        (told, inbox.poll(&mut Context::from_waker(Waker::noop())).is_ready())
    }

    #[test]
    fn each_kind_is_told_in_its_own_order_and_stable_by_its_position() {
        let mut posts = Posts::default();
        let total = post(&mut posts, Order::Total);
        let dropped = post(&mut posts, Order::Fifo);
        let loose = post(&mut posts, Order::Unordered);
        let fifo = post(&mut posts, Order::Fifo);
        posts.settle();
        let (unordered, queued) = (Order::Unordered, Order::Fifo);
        for up in [cast(2, unordered), cast(0, Order::Total), cast(1, queued), cast(3, queued)] {
            posts.hear(&up, ME);
        }
        posts.hear(&Up::Core(vsync::Up::Stable { group: GROUP, from: ME, below: 3 }), ME);
        for stable in [total, dropped, loose] {
            assert_eq!(steps(&stable), (vec![Step::Taken, Step::Stable], true));
        }
        assert_eq!(steps(&fifo), (vec![Step::Taken], false));
    }

    #[test]
    fn what_is_dropped_for_want_of_a_primary_view_is_what_was_taken_last_whatever_its_kind() {
        let mut posts = Posts::default();
        posts.hear(&view(), ME);
        let overtaken = post(&mut posts, Order::Global);
        posts.hear(&view(), ME);
        let dropped = [Order::Fifo, Order::Global, Order::Unordered];
        let dropped = dropped.map(|order| post(&mut posts, order));
        for _ in 0..4 {
            posts.hear(&fault(Fault::NotPrimary), ME);
        }
        posts.settle();
        for inbox in dropped {
            assert_eq!(steps(&inbox), (vec![Step::Dropped], true));
        }
        assert_eq!(steps(&overtaken), (vec![Step::Taken], false), "it is of the view before");
        let next = post(&mut posts, Order::Global);
        posts.settle();
        for up in [cast(0, Order::Global), cast(1, Order::Global)] {
            posts.hear(&up, ME);
        }
        posts.hear(&Up::Core(vsync::Up::Stable { group: GROUP, from: ME, below: 1 }), ME);
        assert_eq!(steps(&overtaken), (vec![Step::Stable], true));
        assert_eq!(steps(&next), (vec![Step::Taken], false));
    }

    #[test]
    fn a_multicast_of_who_is_not_in_the_group_ends_untaken_and_leaves_nothing_behind() {
        let mut posts = Posts::default();
        posts.hear(&view(), ME);
        posts.hear(&Up::Core(vsync::Up::Out { group: GROUP, why: vsync::Why::Left }), ME);
        let late = post(&mut posts, Order::Fifo);
        posts.hear(&fault(Fault::NotIn), ME);
        posts.settle();
        assert_eq!(steps(&late), (vec![], true));
        posts.hear(&view(), ME);
        let fifo = post(&mut posts, Order::Fifo);
        posts.settle();
        posts.hear(&cast(0, Order::Fifo), ME);
        posts.hear(&Up::Core(vsync::Up::Stable { group: GROUP, from: ME, below: 1 }), ME);
        assert_eq!(steps(&fifo), (vec![Step::Taken, Step::Stable], true));
    }

    #[test]
    fn a_gbcast_of_who_has_asked_to_leave_ends_and_nothing_else_does() {
        let mut posts = Posts::default();
        posts.hear(&view(), ME);
        let [fifo, late] = [Order::Fifo, Order::Global].map(|order| post(&mut posts, order));
        posts.hear(&fault(Fault::NotIn), ME);
        posts.settle();
        assert_eq!(steps(&late), (vec![], true));
        assert_eq!(steps(&fifo), (vec![Step::Taken], false));
    }

    #[test]
    fn of_what_is_for_some_it_is_told_only_that_it_went_out() {
        let mut posts = Posts::default();
        posts.hear(&view(), ME);
        let to = |rank| {
            let mut audience = Audience::NONE;
            audience.insert(rank);
            How::from(Order::Fifo).to(ViewId::default(), audience)
        };
        let (other, own) = (post(&mut posts, to(0)), post(&mut posts, to(1)));
        let fifo = post(&mut posts, Order::Fifo);
        posts.settle();
        for inbox in [other, own] {
            assert_eq!(steps(&inbox), (vec![Step::Taken], true));
        }
        // The one for this process itself, which is told first.
        for up in [cast(1, Order::Fifo), cast(2, Order::Fifo)] {
            posts.hear(&up, ME);
        }
        posts.hear(&Up::Core(vsync::Up::Stable { group: GROUP, from: ME, below: 2 }), ME);
        assert_eq!(steps(&fifo), (vec![Step::Taken], false));
    }
}
