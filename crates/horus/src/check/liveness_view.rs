//! `liveness-view`: in the end the connected members of a group are in one view, and nobody
//! still waits to join.

use super::facts::Facts;
use super::liveness::{Company, companies};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for company in companies(facts) {
        report.compared(Property::LivenessView, company.members.len());
        if company.common(|_| true).is_none() {
            apart(facts, report, &company);
        }
    }
    for &(proc, event, group, ended) in &facts.joins {
        if facts.settled(proc) && facts.owes(group) {
            report.compared(Property::LivenessView, 1);
            if !ended {
                let proc = facts.proc(proc);
                report.broken(Property::LivenessView, proc, event, || {
                    format!(
                        "{proc} asked to join {}, and nothing came of it",
                        facts.group(group).id
                    )
                });
            }
        }
    }
}

fn apart(facts: &Facts<'_>, report: &mut Report, company: &Company) {
    let (first, there) = &company.members[0];
    let apart = |(_, views): &&(u32, Vec<u32>)| !views.iter().any(|view| there.contains(view));
    let Some((proc, here)) = company.members.iter().find(apart).or(company.members.last()) else {
        return;
    };
    let event = facts.procs[*proc as usize].mark.unwrap_or_default();
    let proc = facts.proc(*proc);
    report.broken(Property::LivenessView, proc, event, || {
        let (here, there) = (facts.view_name(here[0]), facts.view(there[0]).id);
        format!("{proc} ends in {here}, but {} in {there}", facts.proc(*first))
    });
}
