//! In which view each message was sent, where that can be known.

use super::Facts;
use crate::history::Order;

/// Fills in every message's sending view: told, or else where its sender delivered it, or else
/// the first who did, or else the only view that is left.
pub(super) fn find(facts: &mut Facts<'_>) {
    for message in 0..facts.messages.len() {
        facts.messages[message].sending = told_or_delivered(facts, message as u32);
    }
    for group in 0..facts.groups.len() {
        infer(facts, group);
    }
}

fn told_or_delivered(facts: &Facts<'_>, message: u32) -> Option<u32> {
    let known = facts.message(message);
    let place = |delivery: u32| {
        let delivery = facts.delivery(delivery);
        delivery.install.map(|install| facts.install(install).view).or(delivery.tag)
    };
    let own = |&delivery: &u32| {
        known.send.is_some_and(|send| facts.send(send).proc == facts.delivery(delivery).proc)
    };
    let first = known.deliveries.iter().copied().find_map(place);
    known.told.or_else(|| known.deliveries.iter().copied().find(own).and_then(place)).or(first)
}

/// A sender's views only grow: what it sent while in V went out in V if something later did, or
/// if it never left V. An MBCAST goes past a GBCAST that waits for its flush, and says nothing of
/// it.
fn infer(facts: &mut Facts<'_>, group: usize) {
    let mut later: Option<(u32, u32)> = None;
    let mut later_queued = later;
    for at in (0..facts.groups[group].sends.len()).rev() {
        let send = facts.send(facts.groups[group].sends[at]);
        let (proc, message) = (send.proc, send.message as usize);
        let (Some(install), false) = (send.install, send.failed || send.external) else { continue };
        let here = facts.install(install).view;
        let open = facts.is_open(install);
        let order = send.order;
        let behind = if order == Order::Gbcast { later_queued } else { later };
        let sending = &mut facts.messages[message].sending;
        if sending.is_none() && (open || behind == Some((proc, here))) {
            *sending = Some(here);
        }
        if let Some(view) = *sending {
            later = Some((proc, view));
            if order != Order::Mbcast {
                later_queued = later;
            }
        }
    }
}
