//! `lwg-agreement`: one light-weight view id, one list of members, one core group.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for view in facts.views.iter() {
        let group = facts.group(view.group);
        let Some((&first, others)) = view.installs.split_first() else { continue };
        if !group.light || group.relaxed {
            continue;
        }
        let first = facts.install(first);
        for install in others.iter().map(|&install| facts.install(install)) {
            report.compared(Property::LwgAgreement, 1);
            let what = if install.members != first.members {
                "members"
            } else if install.core != first.core {
                "core groups"
            } else {
                continue;
            };
            let (proc, other) = (facts.proc(install.proc), facts.proc(first.proc));
            report.broken(Property::LwgAgreement, proc, install.event, || {
                let view = facts.view_name(install.view);
                format!("{view} has different {what} at {proc} and at {other}")
            });
        }
    }
}
