//! `lwg-nonmember`: whatever is delivered of a light-weight group is delivered at a member.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for delivery in facts.deliveries.iter().filter(|delivery| facts.group(delivery.group).light) {
        report.compared(Property::LwgNonmember, 1);
        let inside = delivery
            .install
            .is_some_and(|install| facts.install(install).members.contains(&delivery.proc));
        if !inside {
            let proc = facts.proc(delivery.proc);
            report.broken(Property::LwgNonmember, proc, delivery.event, || {
                let place = facts.place_name(delivery.install, delivery.group);
                let message = facts.message(delivery.message).id;
                format!("{proc} delivers {message} in {place}, no member of it")
            });
        }
    }
}
