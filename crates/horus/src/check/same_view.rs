//! `same-view`: all who deliver a message deliver it in the same view.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for message in &facts.messages {
        let mut places = message.deliveries.iter().filter_map(|&delivery| {
            let delivery = facts.delivery(delivery);
            let install = facts.install(delivery.install?);
            facts.owes(install.group).then_some((delivery, install.view))
        });
        let Some((first, view)) = places.next() else { continue };
        for (other, elsewhere) in places {
            report.compared(Property::SameView, 1);
            // Groups that differ are a matter of integrity.
            if elsewhere != view && other.group == first.group {
                let proc = facts.proc(other.proc);
                report.broken(Property::SameView, proc, other.event, || {
                    let (here, there) = (facts.view_name(elsewhere), facts.view_name(view));
                    let peer = facts.proc(first.proc);
                    format!("{proc} delivers {} in {here}, {peer} in {there}", message.id)
                });
            }
        }
    }
}
