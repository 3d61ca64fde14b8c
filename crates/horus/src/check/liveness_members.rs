//! `liveness-members`: the view in which the connected members end holds all of them and nobody
//! else. In a relaxed group each has views of its own: the last of each is looked at.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::liveness::companies;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    relaxed(facts, report);
    for company in companies(facts) {
        // Different views are for another judge.
        let Some(view) = company.common(|_| true) else { continue };
        report.compared(Property::LivenessMembers, company.members.len());
        let present = company.procs();
        let fits = |view: u32| {
            let members = &facts.view(view).members;
            members.len() == present.len() && members.iter().all(|member| present.contains(member))
        };
        if company.common(fits).is_some() {
            continue;
        }
        let proc = present[0];
        let event = facts.procs[proc as usize].mark.unwrap_or_default();
        let proc = facts.proc(proc);
        report.broken(Property::LivenessMembers, proc, event, || {
            let members = facts.names(&facts.view(view).members);
            let (view, present) = (facts.view_name(view), facts.names(&present));
            format!("{view} ends with {members}, but {present} are connected members")
        });
    }
}

fn relaxed(facts: &Facts<'_>, report: &mut Report) {
    // By group and component: each member and its last view, and whether somebody went at the end.
    let mut companies: BTreeMap<_, (Vec<(u32, u32)>, bool)> = BTreeMap::new();
    for (proc, known) in (0u32..).zip(&facts.procs).filter(|&(proc, _)| facts.settled(proc)) {
        for (group, stays) in known.stays.iter().filter(|(group, _)| !facts.owes(*group)) {
            let Some(&last) = stays.last() else { continue };
            let company = companies.entry((*group, known.component.as_ref())).or_default();
            match facts.install(last).left {
                None => company.0.push((proc, last)),
                Some(left) => company.1 |= known.mark.is_some_and(|mark| left > mark),
            }
        }
    }
    for (members, went) in companies.into_values().filter(|(members, _)| !members.is_empty()) {
        if went {
            continue;
        }
        report.compared(Property::LivenessMembers, members.len());
        let present: Vec<u32> = members.iter().map(|(proc, _)| *proc).collect();
        for (proc, last) in members {
            let install = facts.install(last);
            let holds = |member: &u32| install.members.contains(member);
            if install.members.len() == present.len() && present.iter().all(holds) {
                continue;
            }
            let proc = facts.proc(proc);
            report.broken(Property::LivenessMembers, proc, install.event, || {
                let (known, present) = (facts.names(&install.members), facts.names(&present));
                let view = facts.view_name(install.view);
                format!("{proc} ends in {view} with {known}, but {present} are connected members")
            });
        }
    }
}
