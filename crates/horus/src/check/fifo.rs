//! `fifo`: a sender's messages (all but MBCASTs) come in its order, and inside a view without a
//! gap.

use hashbrown::HashMap;

use super::facts::{Delivery, Facts};
use super::{Property, Report};
use crate::history::Order;

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    let lines = Lines::new(facts);
    // What a receiver has of each line so far: it grows, and is only looked up.
    let mut reached: HashMap<(u32, u32), u32> = HashMap::new();
    let mut receiver = None;
    for delivery in &facts.deliveries {
        if receiver.replace(delivery.proc) != Some(delivery.proc) {
            reached.clear();
        }
        let Some(send) = facts.message(delivery.message).send else { continue };
        let fact = facts.send(send);
        // What comes from outside takes the way of some member: it has no place among its
        // sender's own.
        if fact.order == Order::Mbcast || fact.external || fact.group != delivery.group {
            continue;
        }
        report.compared(Property::Fifo, 1);
        let place = lines.place[send as usize];
        let last = reached.get(&(fact.group, fact.proc)).copied();
        if let Some(last) = last.filter(|&last| last > place) {
            broken(
                facts,
                report,
                delivery,
                lines.message(facts, fact.group, last),
                "after the later",
            );
            continue;
        }
        if facts.owes(fact.group) && last != Some(place) {
            gaps(facts, report, &lines, delivery, place, last);
        }
        reached.insert((fact.group, fact.proc), place);
    }
}

/// The messages of every sender in every group, in its order.
struct Lines {
    /// By group, those that are no MBCASTs, sender by sender.
    by_group: Vec<Vec<u32>>,
    /// By send, where it is in its group's list.
    place: Vec<u32>,
}

impl Lines {
    fn new(facts: &Facts<'_>) -> Self {
        let mut place = vec![0; facts.sends.len()];
        let mut by_group = Vec::with_capacity(facts.groups.len());
        for group in &facts.groups {
            let ordered = |&send: &u32| facts.send(send).order != Order::Mbcast;
            let line: Vec<u32> = group.sends.iter().copied().filter(ordered).collect();
            for (at, &send) in (0u32..).zip(&line) {
                place[send as usize] = at;
            }
            by_group.push(line);
        }
        Lines { by_group, place }
    }

    fn message(&self, facts: &Facts<'_>, group: u32, place: u32) -> u32 {
        facts.send(self.by_group[group as usize][place as usize]).message
    }
}

/// Looks back from `place` for what should have come before it in the same view.
fn gaps(
    facts: &Facts<'_>,
    report: &mut Report,
    lines: &Lines,
    delivery: &Delivery,
    place: u32,
    last: Option<u32>,
) {
    let Some(install) = delivery.install else { return };
    let view = facts.install(install).view;
    let line = &lines.by_group[delivery.group as usize];
    let sender = facts.send(line[place as usize]).proc;
    let first = last.map_or(0, |last| last + 1);
    for at in (first..place).rev() {
        let missed = facts.send(line[at as usize]);
        if missed.proc != sender {
            return;
        }
        match facts.message(missed.message).sending {
            Some(sent_in) if sent_in != view => return,
            Some(_)
                if !missed.failed
                    && !missed.external
                    && !facts.spares(missed.message, delivery.proc) =>
            {
                broken(facts, report, delivery, missed.message, "without the earlier");
            }
            _ => {}
        }
    }
}

fn broken(facts: &Facts<'_>, report: &mut Report, delivery: &Delivery, other: u32, how: &str) {
    let proc = facts.proc(delivery.proc);
    report.broken(Property::Fifo, proc, delivery.event, || {
        let (message, other) = (facts.message(delivery.message).id, facts.message(other).id);
        let from = &facts.deliver_event(delivery).from;
        format!("{proc} delivers {message} of {from} {how} {other}")
    });
}
