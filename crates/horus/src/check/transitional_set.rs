//! `transitional-set`: it lies inside V and V', holds its owner, and is exactly those who came
//! from the same V as far as their histories tell.
//!
//! A process that comes from no view has no V: then the set lies inside V' and holds nobody who
//! came from somewhere. Founders may list themselves alone or all founders.

use super::cohorts::origin;
use super::facts::{Facts, Install};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for install in facts.installs.iter().filter(|install| facts.owes(install.group)) {
        let Some(set) = &install.transitional else { continue };
        report.compared(Property::TransitionalSet, 1);
        if let Some(what) = wrong(facts, install, set) {
            let proc = facts.proc(install.proc);
            report.broken(Property::TransitionalSet, proc, install.event, || {
                let (view, set) = (facts.view_name(install.view), facts.names(set));
                format!("{proc} enters {view} with {set}, {what}")
            });
        }
    }
}

fn wrong(facts: &Facts<'_>, install: &Install, set: &[u32]) -> Option<String> {
    if !set.contains(&install.proc) {
        return Some("which lacks it".into());
    }
    if let Some(&member) = set.iter().find(|member| !install.members.contains(member)) {
        return Some(format!("but {} is not in the view", facts.proc(member)));
    }
    let from = install.previous.map(|previous| facts.install(previous));
    if let Some(from) = from
        && let Some(&member) = set.iter().find(|member| !from.members.contains(member))
    {
        let (member, from) = (facts.proc(member), facts.view(from.view).id);
        return Some(format!("but {member} was not in {from}"));
    }
    let from = from.map(|from| from.view);
    for &other in &facts.view(install.view).installs {
        let (member, theirs) = (facts.install(other).proc, origin(facts, other));
        let name = facts.proc(member);
        if set.contains(&member) && theirs != from {
            return Some(format!("but {name} came from {}", place(facts, theirs)));
        }
        if !set.contains(&member) && theirs == from && from.is_some() {
            return Some(format!("but {name} came from {} too", place(facts, theirs)));
        }
    }
    None
}

fn place(facts: &Facts<'_>, view: Option<u32>) -> String {
    view.map_or("no view".into(), |view| format!("view {}", facts.view(view).id))
}
