//! `successor`: if some go from V to V', then so does every member of V that enters V', unless
//! a view without it lies between; and nobody skips a view in which its companions were.

use super::cohorts::{Cohort, cohorts, origin};
use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    let all = cohorts(facts);
    for entering in all.chunk_by(|one, other| one.to == other.to) {
        for cohort in entering {
            report.compared(Property::Successor, cohort.installs.len());
            for others in entering.iter().filter(|others| others.from != cohort.from) {
                for &install in &cohort.installs {
                    elsewhere(facts, report, cohort, others, install);
                }
            }
        }
    }
}

/// Whether the process of `install` should have come with `others`.
fn elsewhere(
    facts: &Facts<'_>,
    report: &mut Report,
    cohort: &Cohort,
    others: &Cohort,
    install: u32,
) {
    let Some(theirs) = others.from else { return };
    let install = facts.install(install);
    let proc = facts.proc(install.proc);
    let to = facts.view_name(cohort.to);
    let theirs_name = facts.view(theirs).id;
    let peer = facts.proc(facts.install(others.installs[0]).proc);
    if facts.holds(theirs, install.proc) {
        report.broken(Property::Successor, proc, install.event, || {
            let from = facts.place_name(install.previous, install.group);
            format!("{proc} enters {to} from {from}, but {peer} from {theirs_name}, with {proc}")
        });
    } else if let Some(from) = cohort.from
        && others.installs.iter().any(|&other| passed(facts, other, from))
    {
        report.broken(Property::Successor, proc, install.event, || {
            let from = facts.view(from).id;
            format!("{proc} goes straight from {from} to {to}; {peer} went by {theirs_name}")
        });
    }
}

/// Whether the process of `install` was in `view` before, without having left since.
fn passed(facts: &Facts<'_>, install: u32, view: u32) -> bool {
    let mut at = Some(install);
    while let Some(install) = at {
        if origin(facts, install) == Some(view) {
            return true;
        }
        // View numbers grow, so nothing before an older view can be the one looked for.
        let number = facts.install(install).number;
        if number <= facts.view(view).number {
            return false;
        }
        at = facts.install(install).previous;
    }
    false
}
