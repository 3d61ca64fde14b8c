//! `integrity`: what is delivered was sent, once, by that sender, to that group, with that
//! content and order, not by its sender if it was not for it, and could have been sent by then.

use super::facts::{Delivery, Facts};
use super::replay::Replay;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, replay: &Replay, report: &mut Report) {
    for delivery in &facts.deliveries {
        report.compared(Property::Integrity, 1);
        if let Some(what) = wrong(facts, delivery) {
            let proc = facts.proc(delivery.proc);
            report.broken(Property::Integrity, proc, delivery.event, || {
                format!("{proc} delivers {}, {what}", facts.message(delivery.message).id)
            });
        }
    }
    for delivery in replay.early.iter().map(|&delivery| facts.delivery(delivery)) {
        let proc = facts.proc(delivery.proc);
        report.broken(Property::Integrity, proc, delivery.event, || {
            let message = facts.message(delivery.message).id;
            format!("{proc} delivers {message} before it can have been sent")
        });
    }
    for &(proc, event, message) in &facts.resends {
        let proc = facts.proc(proc);
        report.broken(Property::Integrity, proc, event, || {
            format!("{proc} sends {}, an id that is used already", facts.message(message).id)
        });
    }
}

/// What is wrong with a delivery, compared with the send.
fn wrong(facts: &Facts<'_>, delivery: &Delivery) -> Option<String> {
    let Some(fact) = facts.send_of(delivery.message) else {
        return Some("which nobody sent".into());
    };
    let (told, sent) = (facts.deliver_event(delivery), facts.send_event(fact));
    let sender = facts.proc(fact.proc);
    if told.from != *sender {
        return Some(format!("from {} but {sender} sent it", told.from));
    }
    if facts.spares(delivery.message, delivery.proc) {
        return Some("which it sent to the others alone".into());
    }
    if delivery.group != fact.group {
        return Some(format!("in {} but it was sent to {}", told.group, sent.group));
    }
    match (&told.h, &sent.h) {
        (Some(here), Some(there)) if here != there => {
            return Some(format!("with content {here} but {there} was sent"));
        }
        _ => {}
    }
    let order = told.order.filter(|&order| order != sent.order)?;
    Some(format!("as {order:?} but it was sent as {:?}", sent.order))
}
