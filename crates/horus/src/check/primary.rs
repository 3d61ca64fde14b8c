//! `primary`: one primary view a number, each reached by somebody from the one before (told of it,
//! or dead before it was), and agreement on which views are primary.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for group in facts.groups.iter().filter(|group| !group.relaxed) {
        let mut primary: Vec<u32> = Vec::new();
        for &view in &group.views {
            if agreed(facts, report, view) {
                primary.push(view);
            }
        }
        primary.sort_by_key(|&view| facts.view(view).number);
        for pair in primary.windows(2) {
            report.compared(Property::Primary, 1);
            follows(facts, report, pair[0], pair[1]);
        }
    }
}

/// Whether the view is primary; reports who says otherwise than the first who says.
fn agreed(facts: &Facts<'_>, report: &mut Report, view: u32) -> bool {
    let mut known: Option<bool> = None;
    for &install in &facts.view(view).installs {
        let install = facts.install(install);
        let Some(flag) = facts.view_event(install).primary else { continue };
        report.compared(Property::Primary, 1);
        if *known.get_or_insert(flag) != flag {
            let proc = facts.proc(install.proc);
            report.broken(Property::Primary, proc, install.event, || {
                let view = facts.view_name(view);
                format!("{view} is primary: {flag} at {proc}, {} elsewhere", !flag)
            });
        }
    }
    known == Some(true)
}

fn follows(facts: &Facts<'_>, report: &mut Report, before: u32, after: u32) {
    let installs = &facts.view(after).installs;
    let first = facts.install(installs[0]);
    let proc = facts.proc(first.proc);
    let (one, other) = (facts.view_name(before), facts.view(after).id);
    if facts.view(before).number == facts.view(after).number {
        report.broken(Property::Primary, proc, first.event, || {
            format!("{one} and {other} are both primary and have one number")
        });
        return;
    }
    let reached = |&after: &u32| facts.install_at(facts.install(after).proc, before).is_some();
    let died = |&from: &u32| died_there(facts, from, after);
    if !installs.iter().any(reached) && !facts.view(before).installs.iter().any(died) {
        report.broken(Property::Primary, proc, first.event, || {
            format!("nobody reached primary view {other} from the one before, {one}")
        });
    }
}

/// Whether who took `from` died as a member of the view `after` before it told of it. It may well
/// have reached that: a view is called primary once all its members have confirmed it, and they
/// are told so one by one.
fn died_there(facts: &Facts<'_>, from: u32, after: u32) -> bool {
    let from = facts.install(from);
    let Some(&last) = facts.stays(from.proc, from.group).last() else { return false };
    let died = facts.is_open(last) && !facts.procs[from.proc as usize].ended;
    died && facts.install(last).number < facts.view(after).number && facts.holds(after, from.proc)
}
