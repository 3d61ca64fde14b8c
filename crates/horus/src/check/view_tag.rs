//! `view-tag`: an event that names a view names the one in which its process is, and a send one
//! that its process installs at some time.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    let deliveries = facts
        .deliveries
        .iter()
        .map(|fact| (fact.proc, fact.event, fact.group, fact.install, fact.tag));
    let states =
        facts.states.iter().map(|fact| (fact.proc, fact.event, fact.group, fact.install, fact.tag));
    for (proc, event, group, install, tag) in deliveries.chain(states) {
        if facts.owes(group) {
            here(facts, report, proc, event, group, install, tag);
        }
    }
    // Who does not tell of its core groups does not name their views either.
    for install in facts.installs.iter().filter(|install| facts.owes(install.group)) {
        let Some(core) = install.core else { continue };
        let (at, tag) = (install.core_install, install.core_view);
        here(facts, report, install.proc, install.event, core, at, tag);
    }
    for send in facts.sends.iter().filter(|send| facts.owes(send.group) && !send.external) {
        if let Some(view) = send.tag {
            ever(facts, report, send.proc, send.event, view);
        }
    }
    for &(proc, event, message, view) in &facts.told {
        let own = facts.send_of(message).filter(|send| send.proc == proc);
        match (view, own) {
            (Some(view), Some(send)) if facts.owes(send.group) => {
                ever(facts, report, proc, event, view);
            }
            (Some(_), Some(_)) => {}
            _ => {
                let (proc, message) = (facts.proc(proc), facts.message(message).id);
                report.broken(Property::ViewTag, proc, event, || {
                    format!("{proc} is told the view of {message}, which it never sent")
                });
            }
        }
    }
}

/// The view named must be the current one.
fn here(
    facts: &Facts<'_>,
    report: &mut Report,
    proc: u32,
    event: u32,
    group: u32,
    install: Option<u32>,
    tag: Option<u32>,
) {
    let Some(tag) = tag else { return };
    report.compared(Property::ViewTag, 1);
    if install.is_none_or(|install| facts.install(install).view != tag) {
        let proc = facts.proc(proc);
        report.broken(Property::ViewTag, proc, event, || {
            let (named, place) = (facts.view_name(tag), facts.place_name(install, group));
            format!("{proc} names {named} while in {place}")
        });
    }
}

/// The view named must be one that the process installs.
fn ever(facts: &Facts<'_>, report: &mut Report, proc: u32, event: u32, view: u32) {
    report.compared(Property::ViewTag, 1);
    if facts.install_at(proc, view).is_none() {
        let proc = facts.proc(proc);
        report.broken(Property::ViewTag, proc, event, || {
            format!("{proc} sends in {}, which it never installs", facts.view_name(view))
        });
    }
}
