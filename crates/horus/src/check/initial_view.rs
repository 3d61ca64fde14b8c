//! `initial-view`: nothing is delivered, sent or indicated while the process is in no view.
//!
//! A send from outside the group (`external`) and one that the API refused are no offence. In a
//! relaxed group only deliveries are looked at: a deliverer must be a member even there.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    let deliveries = facts.deliveries.iter().map(|fact| {
        (fact.proc, fact.event, fact.group, fact.install, "delivers", Some(fact.message))
    });
    let sends =
        facts.sends.iter().filter(|send| !send.external && !send.failed).map(|fact| {
            (fact.proc, fact.event, fact.group, fact.install, "sends", Some(fact.message))
        });
    let stables = facts.stables.iter().map(|fact| {
        (fact.proc, fact.event, fact.group, fact.install, "hears stable", Some(fact.message))
    });
    let states = facts
        .states
        .iter()
        .map(|fact| (fact.proc, fact.event, fact.group, fact.install, "tells its state", None));
    let owed = sends.chain(stables).chain(states).filter(|fact| facts.owes(fact.2));
    for (proc, event, group, install, verb, message) in deliveries.chain(owed) {
        report.compared(Property::InitialView, 1);
        if install.is_none() {
            let proc = facts.proc(proc);
            report.broken(Property::InitialView, proc, event, || {
                let message = message.map_or("", |message| facts.message(message).id);
                format!("{proc} {verb} {message} while in no view of {}", facts.group(group).id)
            });
        }
    }
}
