//! `sending-view`: a message is delivered in the view in which it was sent (if that was told),
//! which holds its sender and is no older than the send.

use super::facts::{Delivery, Facts, SendFact};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for delivery in facts.deliveries.iter().filter(|delivery| facts.owes(delivery.group)) {
        let Some(install) = delivery.install else { continue };
        let Some(send) = facts.send_of(delivery.message) else { continue };
        if send.external || send.group != delivery.group {
            continue;
        }
        report.compared(Property::SendingView, 1);
        let view = facts.install(install).view;
        if let Some(what) = wrong(facts, delivery, send, view) {
            let proc = facts.proc(delivery.proc);
            report.broken(Property::SendingView, proc, delivery.event, || {
                let (message, view) = (facts.message(delivery.message).id, facts.view_name(view));
                format!("{proc} delivers {message} in {view}, {what}")
            });
        }
    }
}

fn wrong(facts: &Facts<'_>, delivery: &Delivery, send: &SendFact, view: u32) -> Option<String> {
    let told = [send.tag, facts.message(delivery.message).told];
    if let Some(other) = told.into_iter().flatten().find(|&told| told != view) {
        return Some(format!("but it was sent in {}", facts.view(other).id));
    }
    let sender = facts.proc(send.proc);
    if !facts.holds(view, send.proc) {
        return Some(format!("which lacks its sender {sender}"));
    }
    let then = facts.install(send.install?);
    (facts.view(view).number < then.number)
        .then(|| format!("but {sender} sent it when already in {}", facts.view(then.view).id))
}
