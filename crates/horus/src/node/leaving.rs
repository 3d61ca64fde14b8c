//! Leaving: a node that ends leaves its core groups first, and with them the light-weight ones.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::json;

use super::limits::{LEAVING_AT_ONCE, LEAVING_PATIENCE};
use super::run::Node;

/// An end under way.
#[derive(Debug)]
pub(crate) struct Leaving {
    under_way: BTreeSet<vsync::GroupId>,
    /// When nothing has come of it for too long.
    until: Instant,
}

impl Leaving {
    /// When it has lasted too long.
    pub(crate) const fn until(&self) -> Instant {
        self.until
    }
}

impl Node {
    /// Begins to leave every core group; no more lines are taken.
    pub(crate) fn leave_all(&mut self) {
        if self.leaving.is_some() {
            return;
        }
        if let Some(flood) = self.flood.take() {
            let what = format!("the flood has ended with {flood}: this process ends");
            self.record.tell("error", json!({ "do": "flood", "what": what }));
        }
        if self.settling.take().is_some() {
            self.not_settled("this process ends");
        }
        for (command, _) in std::mem::take(&mut self.parked).into_waiting() {
            self.refuse(&command, "not done: this process ends".into());
        }
        self.leaving = Some(Leaving { under_way: BTreeSet::new(), until: Instant::now() });
        self.leave_more();
    }

    /// One has been left, or the end has just begun: there is room for more.
    pub(crate) fn leave_more(&mut self) {
        let Some(leaving) = &mut self.leaving else { return };
        leaving.until = Instant::now() + LEAVING_PATIENCE;
        leaving.under_way.retain(|group| self.groups.cores.contains_key(group));
        for group in self.groups.cores.keys() {
            if leaving.under_way.len() >= LEAVING_AT_ONCE {
                return;
            }
            if leaving.under_way.insert(*group) {
                self.asks.push(lwg::Down::Core(vsync::Down::Leave { group: *group }));
            }
        }
    }

    /// Whether the node can end: it is out of every group, or nothing has come of it for too long.
    pub(crate) fn has_left(&mut self, now: Instant) -> bool {
        let Some(leaving) = &self.leaving else { return false };
        let left = self.groups.cores.len();
        if left > 0 && now >= leaving.until {
            self.record.error(format!("ends without having left {left} core groups"));
        }
        left == 0 || now >= leaving.until
    }
}
