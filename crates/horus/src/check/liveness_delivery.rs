//! `liveness-delivery`: what was sent before the mark in the last view is delivered by every
//! connected member.

use super::facts::Facts;
use super::liveness::companies;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for company in companies(facts) {
        let Some(view) = company.common(|_| true) else { continue };
        let present = company.procs();
        for send in facts.group(company.group).sends.iter().map(|&send| facts.send(send)) {
            let mark = facts.procs[send.proc as usize].mark;
            if facts.message(send.message).sending != Some(view)
                || send.failed
                || send.external
                || !present.contains(&send.proc)
                || mark.is_none_or(|mark| send.event > mark)
            {
                continue;
            }
            for &member in &present {
                report.compared(Property::LivenessDelivery, 1);
                if facts.spares(send.message, member)
                    || facts.delivery_at(member, send.message).is_some()
                {
                    continue;
                }
                let event = facts.procs[member as usize].mark.unwrap_or_default();
                let member = facts.proc(member);
                report.broken(Property::LivenessDelivery, member, event, || {
                    let (message, view) = (facts.message(send.message).id, facts.view_name(view));
                    format!("{member} settles in {view} without {message}, sent there")
                });
            }
        }
    }
}
