//! Circles: some hosts that multicast among themselves inside a core group.
//!
//! A circle is written down as a group of its own, with the core group's views less whoever is not
//! in it, so that every judge looks at what is told to some only.

use muts::ProcId;
use vsync::{Audience, GroupId, View};

use super::Member;
use crate::diary::Group;

impl Member {
    /// The circle that the next message is for, if it is not for everybody.
    pub(super) fn circle(&mut self) -> Option<usize> {
        let circles = &self.plan.circles;
        let mine: Vec<usize> =
            (0..circles.len()).filter(|circle| circles[*circle].contains(&self.host)).collect();
        let some = !mine.is_empty() && self.choice.chance(600_000);
        some.then(|| *self.choice.pick(&mine))
    }

    /// Whether a process is in a circle.
    fn is_in(&self, circle: usize, process: ProcId) -> bool {
        let host = self.roster.host(process.node);
        host.is_some_and(|host| self.plan.circles[circle].contains(&host))
    }

    /// Whom a message is for.
    pub(super) fn audience(&self, circle: usize, view: &View) -> Audience {
        let mut to = Audience::NONE;
        for (rank, member) in view.members.iter().enumerate() {
            if self.is_in(circle, member.proc) {
                to.insert(rank);
            }
        }
        to
    }

    /// What a view is to a circle: the same with the circle's members only.
    pub(super) fn tell_circles(&mut self, view: &View) {
        for circle in 0..self.plan.circles.len() {
            if self.plan.circles[circle].contains(&self.host) {
                let mut inside = view.clone();
                // That is said of the whole group: a circle may lack who saw to it.
                inside.primary = None;
                inside.members.retain(|member| self.is_in(circle, member.proc));
                inside.transitional.retain(|member| self.is_in(circle, member.proc));
                self.diary.view_of(Group::Circle(view.group, circle), &inside);
            }
        }
    }
}

/// The circle in a message's name, if it is for one.
pub(super) fn circle_of(id: &str) -> Option<usize> {
    id.split_once('~')?.1.parse().ok()
}

/// The group that a message counts in: a circle is a group of its own inside the core group.
pub(super) fn group_of(group: GroupId, id: &str) -> Group {
    circle_of(id).map_or(Group::Core(group), |circle| Group::Circle(group, circle))
}
