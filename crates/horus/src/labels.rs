//! Labels: what light-weight groups are called at this process.
//!
//! *Takes* labels, and what becomes of groups. *Promises* that the newest group of a label is found
//! by it. *Keeps* no label of a group that is over; of those that this process is out of, and of
//! all together, no more than the bounds of `limits`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lwg::LwgId;

use crate::limits::{LABELS_MAX, LABELS_OUT_MAX};
use crate::recent::Recent;

/// See the head of this file.
pub(crate) struct Labels {
    groups: BTreeMap<Arc<str>, LwgId>,
    of: BTreeSet<(LwgId, Arc<str>)>,
    /// Groups with labels that this process is out of.
    out: Recent<LwgId>,
    most: usize,
}

impl Default for Labels {
    fn default() -> Self {
        Self::bounded(LABELS_MAX, LABELS_OUT_MAX)
    }
}

impl Labels {
    fn bounded(most: usize, out: usize) -> Self {
        Self { groups: BTreeMap::new(), of: BTreeSet::new(), out: Recent::new(out), most }
    }

    /// The group is called so, and no other is.
    pub(crate) fn set(&mut self, label: &str, lwg: LwgId) {
        if let Some(before) = self.get(label) {
            self.unset(label, before);
        }
        let label: Arc<str> = label.into();
        self.groups.insert(Arc::clone(&label), lwg);
        self.of.insert((lwg, label));
        if self.groups.len() > self.most
            && let Some((_, label)) = self.of.pop_first()
        {
            self.groups.remove(&label);
        }
    }

    /// The group is not called so, if it was.
    pub(crate) fn unset(&mut self, label: &str, lwg: LwgId) {
        if self.get(label) == Some(lwg) {
            self.groups.remove(label);
            self.of.remove(&(lwg, label.into()));
        }
    }

    pub(crate) fn get(&self, label: &str) -> Option<LwgId> {
        self.groups.get(label).copied()
    }

    /// This process is in it.
    pub(crate) fn inside(&mut self, lwg: LwgId) {
        self.out.forget(&lwg);
    }

    /// This process is out of it, and it may go on.
    pub(crate) fn outside(&mut self, lwg: LwgId) {
        if self.label_of(lwg).is_some()
            && let Some(oldest) = self.out.note(lwg)
        {
            self.over(oldest);
        }
    }

    /// It is over.
    pub(crate) fn over(&mut self, lwg: LwgId) {
        self.out.forget(&lwg);
        while let Some(label) = self.label_of(lwg) {
            self.unset(&label, lwg);
        }
    }

    /// A label of it.
    pub(crate) fn label_of(&self, lwg: LwgId) -> Option<Arc<str>> {
        let first = self.of.range((lwg, Arc::from(""))..).next();
        first.filter(|(of, _)| *of == lwg).map(|(_, label)| Arc::clone(label))
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.groups.len(), self.of.len());
        self.groups.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn lwg(count: u64) -> LwgId {
        LwgId { creator: 1, count }
    }

    #[test]
    fn of_groups_that_this_process_is_out_of_the_last_keep_their_labels() {
        let mut labels = Labels::bounded(100, 2);
        for count in 1..=5 {
            labels.set(&format!("l{count}"), lwg(count));
            labels.set(&format!("other {count}"), lwg(count));
        }
        for count in [1, 2, 3] {
            labels.outside(lwg(count));
        }
        assert_eq!((labels.get("l1"), labels.get("other 1")), (None, None));
        labels.inside(lwg(2));
        for count in [4, 5] {
            labels.outside(lwg(count));
        }
        assert_eq!(labels.get("l2"), Some(lwg(2)), "it is in there again");
        assert_eq!((labels.get("l3"), labels.len()), (None, 6));
        labels.over(lwg(2));
        assert_eq!((labels.get("l2"), labels.len()), (None, 4));
    }

    #[test]
    fn of_ever_new_labels_those_of_the_lowest_groups_go() {
        let mut labels = Labels::bounded(3, 2);
        for count in 1..=10 {
            labels.set(&format!("l{count}"), lwg(count));
            assert!(labels.len() <= 3);
        }
        assert_eq!((labels.get("l7"), labels.get("l8")), (None, Some(lwg(8))));
    }

    #[test]
    fn a_label_that_is_given_anew_is_gone_with_the_group_that_has_it() {
        let mut labels = Labels::default();
        labels.set("l", lwg(1));
        labels.set("l", lwg(2));
        labels.over(lwg(1));
        assert_eq!(labels.get("l"), Some(lwg(2)));
        labels.over(lwg(2));
        assert_eq!(labels.len(), 0);
    }
}
