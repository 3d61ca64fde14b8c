//! `self-inclusion`: a process is a member of every view that it installs.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for install in facts.installs.iter().filter(|install| facts.owes(install.group)) {
        report.compared(Property::SelfInclusion, 1);
        if !install.members.contains(&install.proc) {
            let proc = facts.proc(install.proc);
            report.broken(Property::SelfInclusion, proc, install.event, || {
                let view = facts.view_name(install.view);
                format!("{proc} installs {view} {}, which lacks it", facts.names(&install.members))
            });
        }
    }
}
