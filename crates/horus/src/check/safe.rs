//! `safe`: what was told safe is delivered by every member that lived on.
//!
//! A member lived on if it went on to another view, settled, or ended well in a view from which
//! nobody went on without it: who was cut off may end with what it has not taken yet. One that left
//! owes nothing. What nobody sent is not safe anywhere.

use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    // By message, who told first, at which event, and for which view.
    let mut told: Vec<Option<(u32, u32, u32)>> = vec![None; facts.messages.len()];
    for delivery in facts.deliveries.iter().filter(|delivery| facts.owes(delivery.group)) {
        if let Some(install) = delivery.install
            && facts.deliver_event(delivery).safe == Some(true)
        {
            let view = facts.install(install).view;
            told[delivery.message as usize].get_or_insert((delivery.proc, delivery.event, view));
        }
    }
    for stable in facts.stables.iter().filter(|stable| facts.owes(stable.group)) {
        if facts.message(stable.message).send.is_none() {
            let proc = facts.proc(stable.proc);
            report.broken(Property::Safe, proc, stable.event, || {
                let id = facts.message(stable.message).id;
                format!("{proc} is told that {id} is safe, which nobody sent")
            });
            continue;
        }
        let own = facts.delivery_at(stable.proc, stable.message).and_then(|own| own.install);
        let view = own.map(|install| facts.install(install).view);
        let sending = facts.message(stable.message).sending;
        let here = stable.install.map(|install| facts.install(install).view);
        if let Some(view) = view.or(sending).or(here) {
            told[stable.message as usize].get_or_insert((stable.proc, stable.event, view));
        }
    }
    for (message, told) in (0u32..).zip(&told) {
        let Some((teller, event, view)) = *told else { continue };
        for &member in &facts.view(view).members {
            report.compared(Property::Safe, 1);
            if facts.spares(message, member)
                || facts.delivery_at(member, message).is_some()
                || !lived_on(facts, member, view)
            {
                continue;
            }
            let teller = facts.proc(teller);
            report.broken(Property::Safe, teller, event, || {
                let (id, member) = (facts.message(message).id, facts.proc(member));
                let view = facts.view_name(view);
                format!("{teller} is told that {id} is safe; {member} of {view} lived without it")
            });
        }
    }
}

/// Whether `member` went on beyond `view`, or settled in it.
fn lived_on(facts: &Facts<'_>, member: u32, view: u32) -> bool {
    if !facts.told_by(member) {
        return false;
    }
    if let Some(install) = facts.install_at(member, view) {
        return facts.install(install).next.is_some()
            || (facts.is_open(install)
                && facts.procs[member as usize].ended
                && (facts.settled(member) || !left_behind(facts, view)));
    }
    // It never took the view: it lived on if it went past it without leaving.
    let (group, number) = (facts.view(view).group, facts.view(view).number);
    facts.stays(member, group).iter().any(|&install| {
        let install = facts.install(install);
        let before = install.previous.map(|previous| facts.install(previous).number);
        before.is_some_and(|before| before < number) && install.number > number
    })
}

/// Whether somebody went on from `view`.
fn left_behind(facts: &Facts<'_>, view: u32) -> bool {
    facts.view(view).installs.iter().any(|&install| facts.install(install).next.is_some())
}
