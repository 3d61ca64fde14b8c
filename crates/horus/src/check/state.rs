//! `state`: those who enter a view together have one state, told before anything of it; a joiner
//! has that of its donor.

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
        states.iter().filter(|state| !state.joiner).for_each(|state| early(facts, report, state));
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

/// The state of a view is told before anything of it is delivered; a joiner's when it has come.
fn early(facts: &Facts<'_>, report: &mut Report, state: &StateFact) {
    let Some(install) = state.install else { return };
    let first = facts.install(install).deliveries.first().map(|&first| facts.delivery(first));
    report.compared(Property::State, 1);
    if let Some(first) = first.filter(|first| first.event < state.event) {
        let proc = facts.proc(state.proc);
        report.broken(Property::State, proc, state.event, || {
            let view = facts.place_name(state.install, state.group);
            let message = facts.message(first.message).id;
            format!("{proc} tells its state in {view} only after it delivered {message} there")
        });
    }
}

fn joined(facts: &Facts<'_>, report: &mut Report, states: &[&StateFact], joiner: &StateFact) {
    let Some(from) = joiner.from else { return joined_anybody(facts, report, states, joiner) };
    report.compared(Property::State, 1);
    let install = joiner.install.map(|install| facts.install(install));
    if install.is_some_and(|install| !install.members.contains(&from)) {
        let proc = facts.proc(joiner.proc);
        return report.broken(Property::State, proc, joiner.event, || {
            let view = facts.place_name(joiner.install, joiner.group);
            format!("{proc} has its state of {view} from {}, which is not in it", facts.proc(from))
        });
    }
    // Where the donor tells nothing, those do who owe the same state as it: who entered with it,
    // and the first who got it.
    let view = install.map(|install| install.view);
    let donor = view.and_then(|view| facts.install_at(from, view));
    let before = donor.and_then(|install| origin(facts, install));
    let comes_along = |state: &&&StateFact| {
        let came_from = state.install.and_then(|install| origin(facts, install));
        before.is_some() && !state.joiner && came_from == before
    };
    let own = states.iter().find(|state| state.proc == from);
    if let Some(own) = own {
        differ(facts, report, joiner, own, "from which it came");
    } else if let Some(other) = states.iter().find(comes_along) {
        differ(facts, report, joiner, other, "which entered it together with the donor");
    } else if let Some(other) = states.iter().find(|state| state.from == Some(from)) {
        differ(facts, report, joiner, other, "which has it from the same donor");
    }
}

/// Without a donor named, anybody's state may be the one: a merge has several.
fn joined_anybody(
    facts: &Facts<'_>,
    report: &mut Report,
    states: &[&StateFact],
    joiner: &StateFact,
) {
    let mut donors = states.iter().filter(|state| !state.joiner);
    let Some(donor) = donors.clone().next() else { return };
    report.compared(Property::State, 1);
    if donors.all(|donor| donor.digest != joiner.digest) {
        broken(facts, report, joiner, donor, "from which it came");
    }
}

fn differ(
    facts: &Facts<'_>,
    report: &mut Report,
    state: &StateFact,
    other: &StateFact,
    relation: &str,
) {
    if state.digest != other.digest {
        broken(facts, report, state, other, relation);
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
