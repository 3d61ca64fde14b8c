//! Those who enter a view together: from the same view before, or from none.

use super::facts::Facts;

/// Some processes that enter one view from one other.
#[derive(Debug)]
pub(super) struct Cohort {
    /// The view before; none for those who were in no view.
    pub(super) from: Option<u32>,
    /// The view entered.
    pub(super) to: u32,
    /// Their installs of it, in the order of processes.
    pub(super) installs: Vec<u32>,
}

/// All cohorts of all groups that owe virtual synchrony, view by view.
pub(super) fn cohorts(facts: &Facts<'_>) -> Vec<Cohort> {
    let mut all: Vec<Cohort> = Vec::new();
    for (to, view) in facts.views.iter().enumerate() {
        if !facts.owes(view.group) {
            continue;
        }
        let first = all.len();
        for &install in &view.installs {
            let from = origin(facts, install);
            match all[first..].iter_mut().find(|cohort| cohort.from == from) {
                Some(cohort) => cohort.installs.push(install),
                None => all.push(Cohort { from, to: to as u32, installs: vec![install] }),
            }
        }
    }
    all
}

/// The view from which `install` comes.
pub(super) fn origin(facts: &Facts<'_>, install: u32) -> Option<u32> {
    facts.install(install).previous.map(|previous| facts.install(previous).view)
}
