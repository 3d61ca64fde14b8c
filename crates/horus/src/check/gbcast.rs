//! `gbcast`: the same messages of its view precede a GBCAST wherever it is delivered.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Facts, Install};
use super::{Property, Report};
use crate::history::Order;

/// What preceded a GBCAST at one process: how many deliveries of the install, and a fingerprint
/// of them that does not depend on their order.
#[derive(Clone, Copy)]
struct Prefix {
    install: u32,
    length: usize,
    fingerprint: u64,
}

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for view in facts.views.iter().filter(|view| facts.owes(view.group)) {
        // By GBCAST, what preceded it at the first who delivered it; looked up only.
        let mut known: HashMap<u32, Prefix> = HashMap::new();
        for &at in &view.installs {
            let install = facts.install(at);
            let mut fingerprint = 0u64;
            for (length, &delivery) in install.deliveries.iter().enumerate() {
                let message = facts.delivery(delivery).message;
                let order = facts.send_of(message).map(|send| send.order);
                if order == Some(Order::Gbcast) {
                    report.compared(Property::Gbcast, 1);
                    let prefix = Prefix { install: at, length, fingerprint };
                    let first = *known.entry(message).or_insert(prefix);
                    if first.fingerprint != fingerprint {
                        broken(facts, report, message, first, prefix);
                    }
                }
                if counts(facts, message) {
                    fingerprint = fingerprint.wrapping_add(scatter(message));
                }
            }
        }
    }
}

/// Whether everybody in the view delivers the message.
fn counts(facts: &Facts<'_>, message: u32) -> bool {
    facts.send_of(message).is_none_or(|send| send.to_self)
}

/// Spreads an index over 64 bits (the finaliser of splitmix64), so that sums differ.
fn scatter(message: u32) -> u64 {
    let mut bits = (u64::from(message) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn broken(facts: &Facts<'_>, report: &mut Report, gbcast: u32, first: Prefix, second: Prefix) {
    let before = |prefix: Prefix| -> BTreeSet<u32> {
        let deliveries = facts.install(prefix.install).deliveries[..prefix.length].iter();
        let messages = deliveries.map(|&delivery| facts.delivery(delivery).message);
        messages.filter(|&message| counts(facts, message)).collect()
    };
    let install: &Install = facts.install(second.install);
    let delivery = facts.delivery(install.deliveries[second.length]);
    let (here, there) = (before(second), before(first));
    // Sets may be equal where one message came twice: that is for another judge.
    let Some(&differs) = here.symmetric_difference(&there).next() else { return };
    let proc = facts.proc(install.proc);
    report.broken(Property::Gbcast, proc, delivery.event, || {
        let other = facts.proc(facts.install(first.install).proc);
        let (gbcast, differs_id) = (facts.message(gbcast).id, facts.message(differs).id);
        let (has, lacks) = if here.contains(&differs) { (proc, other) } else { (other, proc) };
        format!("{differs_id} precedes GBCAST {gbcast} at {has} but not at {lacks}")
    });
}
