//! `virtual-synchrony`: those who go from V to V' together delivered the same messages in V.

use super::cohorts::{Cohort, cohorts};
use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for cohort in cohorts(facts).iter().filter(|cohort| cohort.installs.len() > 1) {
        let Some(from) = cohort.from else { continue };
        let sets: Vec<Vec<u32>> = cohort.installs.iter().map(|&to| delivered(facts, to)).collect();
        report.compared(Property::VirtualSynchrony, sets.len() - 1);
        if sets.iter().all(|set| *set == sets[0]) {
            continue;
        }
        let mut union: Vec<u32> = sets.concat();
        union.sort_unstable();
        union.dedup();
        for (&to, set) in cohort.installs.iter().zip(&sets) {
            lacking(facts, report, cohort, from, to, set, &union);
        }
    }
}

/// What was delivered in the view before `to`, sorted, each once.
fn delivered(facts: &Facts<'_>, to: u32) -> Vec<u32> {
    let Some(from) = facts.install(to).previous else { return Vec::new() };
    let deliveries = facts.install(from).deliveries.iter();
    let mut set: Vec<u32> = deliveries.map(|&delivery| facts.delivery(delivery).message).collect();
    set.sort_unstable();
    set.dedup();
    set
}

fn lacking(
    facts: &Facts<'_>,
    report: &mut Report,
    cohort: &Cohort,
    from: u32,
    to: u32,
    set: &[u32],
    union: &[u32],
) {
    let install = facts.install(to);
    let proc = facts.proc(install.proc);
    for &message in union {
        if set.binary_search(&message).is_ok() || facts.spares(message, install.proc) {
            continue;
        }
        report.broken(Property::VirtualSynchrony, proc, install.event, || {
            let (from, to) = (facts.view_name(from), facts.view(cohort.to).id);
            let message = facts.message(message).id;
            format!("{proc} goes from {from} to {to} without {message}, which others delivered")
        });
    }
}
