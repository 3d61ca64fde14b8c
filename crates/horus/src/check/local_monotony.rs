//! `local-monotony`: one process's view numbers in one group grow, whatever it left in between.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for proc in &facts.procs {
        for (group, stays) in proc.stays.iter().filter(|(group, _)| facts.owes(*group)) {
            let mut highest = None;
            for install in stays.iter().map(|&install| facts.install(install)) {
                report.compared(Property::LocalMonotony, 1);
                let view = facts.view(install.view).id;
                let group = facts.group(*group).id;
                let Some(number) = install.number else {
                    report.broken(Property::LocalMonotony, proc.id, install.event, || {
                        format!("view {view} of {group} has no number")
                    });
                    continue;
                };
                if let Some(before) = highest.filter(|&before| before >= number) {
                    report.broken(Property::LocalMonotony, proc.id, install.event, || {
                        format!("{} installs view {view} of {group} after number {before}", proc.id)
                    });
                }
                highest = highest.max(Some(number));
            }
        }
    }
}
