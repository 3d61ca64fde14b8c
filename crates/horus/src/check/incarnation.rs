//! `incarnation`: no view holds two incarnations of a process, and after a newer one no older.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for proc in &facts.procs {
        for (group, stays) in proc.stays.iter().filter(|(group, _)| facts.owes(*group)) {
            let mut newest: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
            for (at, &install) in stays.iter().enumerate() {
                let install = facts.install(install);
                for &member in &install.members {
                    report.compared(Property::Incarnation, 1);
                    let member = &facts.procs[member as usize];
                    let known = newest.entry(member.name).or_insert((member.incarnation, at));
                    let (incarnation, seen) = *known;
                    if member.incarnation >= incarnation {
                        *known = (member.incarnation, at);
                    }
                    let together = seen == at && member.incarnation != incarnation;
                    if together || member.incarnation < incarnation {
                        report.broken(Property::Incarnation, proc.id, install.event, || {
                            let view = facts.view(install.view).id;
                            let (group, name) = (facts.group(*group).id, member.name);
                            let when = if together { "together with" } else { "after" };
                            let id = member.id;
                            format!("view {view} of {group} has {id} {when} {name}#{incarnation}")
                        });
                    }
                }
            }
        }
    }
}
