//! `total-weak`: those who go on together delivered the same ABCASTs and GBCASTs in the same
//! sequence; of those who end well in one view, one sequence is the beginning of the other.

use super::cohorts::cohorts;
use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for cohort in cohorts(facts).iter().filter(|cohort| cohort.installs.len() > 1) {
        let installs: Vec<u32> =
            cohort.installs.iter().filter_map(|&to| facts.install(to).previous).collect();
        compare(facts, report, &installs, true);
    }
    for view in facts.views.iter().filter(|view| facts.owes(view.group)) {
        let ended = |install: &u32| {
            facts.is_open(*install) && facts.procs[facts.install(*install).proc as usize].ended
        };
        let installs: Vec<u32> = view.installs.iter().copied().filter(ended).collect();
        compare(facts, report, &installs, false);
    }
}

/// Compares what was delivered in these installs of one view with the longest.
fn compare(facts: &Facts<'_>, report: &mut Report, installs: &[u32], whole: bool) {
    let sequences: Vec<Vec<u32>> =
        installs.iter().map(|&install| sequence(facts, install, installs)).collect();
    let Some(longest) = (0..installs.len()).rev().max_by_key(|&at| sequences[at].len()) else {
        return;
    };
    let reference = &sequences[longest];
    report.compared(Property::TotalWeak, installs.len().saturating_sub(1));
    for (&install, sequence) in installs.iter().zip(&sequences) {
        let same = sequence.iter().zip(reference).take_while(|(one, other)| one == other).count();
        if same == sequence.len() && (!whole || same == reference.len()) {
            continue;
        }
        let install = facts.install(install);
        let proc = facts.proc(install.proc);
        let at = sequence.get(same).copied();
        let delivery = at.and_then(|message| facts.delivery_at(install.proc, message));
        let event = delivery.map_or(install.event, |delivery| delivery.event);
        report.broken(Property::TotalWeak, proc, event, || {
            let here = at.map_or("nothing", |message| facts.message(message).id);
            let there = reference.get(same).map_or("nothing", |&other| facts.message(other).id);
            let other = facts.proc(facts.install(installs[longest]).proc);
            let (place, view) = (same + 1, facts.view_name(install.view));
            format!("in {view}, ordered message {place} is {here} at {proc}, {there} at {other}")
        });
    }
}

/// The ordered messages delivered in `install`, but for those that not all have to deliver.
fn sequence(facts: &Facts<'_>, install: u32, installs: &[u32]) -> Vec<u32> {
    let spared = |message: u32| {
        facts.send_of(message).is_some_and(|send| {
            !send.to_self && installs.iter().any(|&other| facts.install(other).proc == send.proc)
        })
    };
    let deliveries = facts.install(install).deliveries.iter();
    let messages = deliveries.map(|&delivery| facts.delivery(delivery).message);
    messages.filter(|&message| facts.is_total(message) && !spared(message)).collect()
}
