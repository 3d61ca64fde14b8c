//! `no-duplicates`: one process delivers a message once.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for message in &facts.messages {
        report.compared(Property::NoDuplicates, message.deliveries.len());
        // The deliveries of one process lie side by side.
        for pair in message.deliveries.windows(2) {
            let (first, second) = (facts.delivery(pair[0]), facts.delivery(pair[1]));
            if first.proc == second.proc {
                let proc = facts.proc(second.proc);
                report.broken(Property::NoDuplicates, proc, second.event, || {
                    format!("{proc} delivers {} again, as at {}", message.id, first.event + 1)
                });
            }
        }
    }
}
