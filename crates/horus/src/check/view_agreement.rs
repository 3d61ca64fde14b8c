//! `view-agreement`: one view id, one list of members in one order, nobody twice.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for view in facts.views.iter().filter(|view| facts.owes(view.group)) {
        let mut sorted = view.members.clone();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        for install in view.installs.iter().map(|&install| facts.install(install)) {
            report.compared(Property::ViewAgreement, 1);
            let proc = facts.proc(install.proc);
            if install.members != view.members {
                report.broken(Property::ViewAgreement, proc, install.event, || {
                    let here = facts.names(&install.members);
                    let there = facts.names(&view.members);
                    let other = facts.proc(facts.install(view.installs[0]).proc);
                    let name = facts.view_name(install.view);
                    format!("{name} has {here} at {proc} but {there} at {other}")
                });
            } else if let Some(twice) = twice {
                report.broken(Property::ViewAgreement, proc, install.event, || {
                    format!("{} holds {} twice", facts.view_name(install.view), facts.proc(twice))
                });
            }
        }
    }
}
