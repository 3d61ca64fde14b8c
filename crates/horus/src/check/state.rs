//! `state`: those who enter a view together have one state, and a joiner that of its donor.

use std::collections::BTreeMap;

use super::cohorts::origin;
use super::facts::{Facts, StateFact};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    // By view, those who told their state there.
    let mut places: BTreeMap<u32, Vec<&StateFact>> = BTreeMap::new();
    for state in facts.states.iter().filter(|state| facts.owes(state.group)) {
        if let Some(install) = state.install {
            places.entry(facts.install(install).view).or_default().push(state);
        }
    }
    for states in places.values() {
        together(facts, report, states);
        for joiner in states.iter().filter(|state| state.joiner) {
            joined(facts, report, states, joiner);
        }
    }
}

fn together(facts: &Facts<'_>, report: &mut Report, states: &[&StateFact]) {
    let mut first: BTreeMap<Option<u32>, &StateFact> = BTreeMap::new();
    for state in states.iter().filter(|state| !state.joiner) {
        let from = state.install.and_then(|install| origin(facts, install));
        let other = *first.entry(from).or_insert(state);
        report.compared(Property::State, 1);
        if other.digest != state.digest {
            broken(facts, report, state, other, "which entered it together");
        }
    }
}

fn joined(facts: &Facts<'_>, report: &mut Report, states: &[&StateFact], joiner: &StateFact) {
    let donors = states.iter().filter(|state| match joiner.from {
        Some(from) => state.proc == from,
        None => !state.joiner,
    });
    let donors: Vec<&&StateFact> = donors.collect();
    let Some(&&donor) = donors.first() else { return };
    report.compared(Property::State, 1);
    // Without a donor named, anybody's state may be the one: a merge has several.
    if donors.iter().all(|donor| donor.digest != joiner.digest) {
        broken(facts, report, joiner, donor, "from which it came");
    }
}

fn broken(
    facts: &Facts<'_>,
    report: &mut Report,
    state: &StateFact,
    other: &StateFact,
    relation: &str,
) {
    let proc = facts.proc(state.proc);
    report.broken(Property::State, proc, state.event, || {
        let view = facts.place_name(state.install, state.group);
        format!("{proc} has another state in {view} than {}, {relation}", facts.proc(other.proc))
    });
}
