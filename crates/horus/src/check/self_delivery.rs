//! `self-delivery`: nobody goes on to the next view, or settles, without its own message.
//!
//! Where the sending view is not known, the message may still wait to be sent, and only settling
//! without it is an offence. Who left owes nothing.

use super::facts::{Facts, SendFact};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for send in &facts.sends {
        if !facts.owes(send.group) || send.failed || send.external || !send.to_self {
            continue;
        }
        report.compared(Property::SelfDelivery, 1);
        if facts.delivery_at(send.proc, send.message).is_some() {
            continue;
        }
        if let Some((event, what)) = missed(facts, send) {
            let proc = facts.proc(send.proc);
            report.broken(Property::SelfDelivery, proc, event, || {
                format!("{proc} {what} without its own {}", facts.message(send.message).id)
            });
        }
    }
}

/// The event by which the sender should have delivered, and what it did there.
fn missed(facts: &Facts<'_>, send: &SendFact) -> Option<(u32, String)> {
    let at_send = send.install?;
    let sending = facts.message(send.message).sending;
    let sent_in = sending.and_then(|view| facts.install_at(send.proc, view));
    let place = facts.install(sent_in.unwrap_or(at_send));
    if let (Some(_), Some(next)) = (sent_in, place.next) {
        let next = facts.install(next);
        let (from, to) = (facts.view_name(place.view), facts.view(next.view).id);
        return Some((next.event, format!("goes from {from} to {to}")));
    }
    let mut last = sent_in.unwrap_or(at_send);
    while let Some(next) = facts.install(last).next {
        last = next;
    }
    let mark = facts.procs[send.proc as usize].mark.filter(|&mark| mark > send.event)?;
    (facts.is_open(last) && facts.settled(send.proc))
        .then(|| (mark, format!("settles in {}", facts.view_name(facts.install(last).view))))
}
