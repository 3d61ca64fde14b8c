//! How a member comes into its groups and goes out of them.

use std::collections::BTreeSet;

use muts::Instant;
use vsync::{Down, GroupId, Why};

use super::{Member, Standing};
use crate::diary::Group;
use crate::script::{Phase, later};

impl Member {
    pub(super) fn keep(&mut self, group: GroupId) {
        self.keepers.borrow_mut().entry(group).or_default().insert(self.me);
    }

    fn keep_no_more(&mut self, group: GroupId) {
        self.keepers.borrow_mut().entry(group).or_default().remove(&self.me);
    }

    pub(super) fn leave(&mut self, group: GroupId) {
        let others = self.keepers.borrow().get(&group).map_or(0, BTreeSet::len);
        if others < 2 {
            return;
        }
        self.keep_no_more(group);
        if let Some(Standing::In { leaving, .. }) = self.groups.get_mut(&group) {
            *leaving = true;
        }
        self.asks.push_back(Down::Leave { group });
    }

    pub(super) fn told_out(&mut self, now: Instant, group: GroupId, why: Why) {
        self.keep_no_more(group);
        for (_, id) in self.untold.extract_if(.., |(of, _)| *of == group) {
            self.wrong.push(format!("self-delivery: {:?} is out without {id}", self.me));
        }
        let reason = match why {
            Why::Left => "left",
            Why::NotFound => "not found",
            Why::Denied(_) => "denied",
        };
        self.choking.out(group);
        self.diary.left(Group::Core(group), reason);
        if matches!(why, Why::Denied(_)) && !self.plan.is_barred(&self.roster, self.host) {
            self.wrong.push(format!("admission: {:?} is refused: {why:?}", self.me));
        }
        for circle in 0..self.plan.circles.len() {
            if matches!(why, Why::Left) && self.plan.circles[circle].contains(&self.host) {
                self.diary.left(Group::Circle(group, circle), reason);
            }
        }
        let again = match why {
            // Faults are over and the group is out of reach for good: a join would never end.
            Why::NotFound if !self.is_within_reach(group) => None,
            Why::NotFound => Some(later(now, &mut self.choice, 100, 500)),
            Why::Denied(_) if self.phase > Phase::Storm => None,
            Why::Denied(_) => Some(later(now, &mut self.choice, 0, 2_000)),
            Why::Left if self.phase > Phase::Storm => None,
            Why::Left => Some(later(now, &mut self.choice, 0, 3_000)),
        };
        self.groups.insert(group, Standing::Out(again));
    }

    fn is_within_reach(&self, group: GroupId) -> bool {
        let keepers = self.keepers.borrow();
        let mut keepers = keepers.get(&group).into_iter().flatten();
        self.phase == Phase::Storm
            || keepers
                .any(|keeper| self.with.iter().any(|with| **with == *self.diary.process(*keeper)))
    }

    pub(super) fn join_due(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (group, standing) in &mut self.groups {
            if let Standing::Out(Some(at)) = standing
                && *at <= now
            {
                *standing = Standing::Joining;
                due.push(*group);
            }
        }
        for group in due {
            self.asks.push_back(Down::Join { group, contact: None });
        }
    }
}
