//! `liveness-members`: the view in which the connected members end holds all of them and nobody
//! else.

use super::facts::Facts;
use super::liveness::companies;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
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
