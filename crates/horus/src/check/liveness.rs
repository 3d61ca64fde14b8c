//! Who is correct and connected when the faults are over, and where each of them ends.

use std::collections::BTreeMap;

use super::facts::Facts;

/// The correct and connected members of one group.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) group: u32,
    /// Each with the views in which it may be settled, the last one first.
    pub(super) members: Vec<Settled>,
}

impl Company {
    /// The first member's latest view that is a settled view of all.
    pub(super) fn common(&self, fits: impl Fn(u32) -> bool) -> Option<u32> {
        let (_, first) = self.members.first()?;
        let everywhere =
            |view: &u32| self.members.iter().all(|(_, views)| views.contains(view)) && fits(*view);
        first.iter().copied().find(everywhere)
    }

    /// The members alone, sorted.
    pub(super) fn procs(&self) -> Vec<u32> {
        self.members.iter().map(|&(proc, _)| proc).collect()
    }
}

/// A member and the views in which it may be settled.
type Settled = (u32, Vec<u32>);

/// A group, and the processes that were said to be connected; nothing: all.
type Key<'f> = (u32, Option<&'f Vec<u32>>);

/// Every group's members that settled, by component.
///
/// Views are compared at the end of the histories. Where somebody left between its mark and its
/// end, the others may or may not have seen it go: then any view since the marks will do, as
/// long as it is one for all.
pub(super) fn companies(facts: &Facts<'_>) -> Vec<Company> {
    // The members, and whether one of them left between its mark and its end.
    let mut companies: BTreeMap<Key<'_>, (Vec<Settled>, bool)> = BTreeMap::new();
    for (proc, known) in (0u32..).zip(&facts.procs).filter(|&(proc, _)| facts.settled(proc)) {
        let Some(mark) = known.mark else { continue };
        for (group, stays) in known.stays.iter().filter(|(group, _)| facts.owes(*group)) {
            let since = |install: &u32| {
                let install = facts.install(*install);
                let next = install.next.map(|next| facts.install(next).event);
                next.or(install.left).is_none_or(|end| end > mark)
            };
            let views: Vec<u32> = stays.iter().copied().filter(since).rev().collect();
            let Some(&last) = views.first() else { continue };
            let key = (*group, known.component.as_ref());
            let views = views.iter().map(|&install| facts.install(install).view).collect();
            let company = companies.entry(key).or_default();
            company.0.push((proc, views));
            company.1 |= !facts.is_open(last);
        }
    }
    let settle = |(key, (mut members, parted)): (Key<'_>, (Vec<Settled>, bool))| {
        if !parted {
            members.iter_mut().for_each(|(_, views)| views.truncate(1));
        }
        Company { group: key.0, members }
    };
    companies.into_iter().map(settle).collect()
}
