//! `lwg-subset`: a light-weight view lies inside the core view it names, and is not used once
//! the core view of its process has moved on without some of its members.
//!
//! A core view that is named and that nobody took holds nobody. Where none is named, a core group
//! of which a history tells nothing is not judged from that history. What is sent while a group
//! goes from one core group to another waits for its view there: such sends are not uses of the old
//! one. Nor is one that went out in a later view, about to be told: where there are thousands of
//! groups their views follow that of the core group within milliseconds. Nor is one that nobody was
//! told, if its process then went out of the group or died: it may have waited for a view that did
//! not come.

use super::facts::{Facts, Install};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    for install in &facts.installs {
        let Some(core) = install.core else { continue };
        inside(facts, report, install);
        if let Some(end) = outgrown(facts, install, core) {
            used(facts, report, install, core, end);
        }
    }
}

/// The members are in the core view that it names, or in which its process is.
fn inside(facts: &Facts<'_>, report: &mut Report, install: &Install) {
    let here = install.core_install.map(|core| facts.install(core).view);
    let Some(core) = install.core_view.or(here) else { return };
    report.compared(Property::LwgSubset, 1);
    let outside = install.members.iter().find(|&&member| !facts.holds(core, member));
    if let Some(&outside) = outside {
        let proc = facts.proc(install.proc);
        report.broken(Property::LwgSubset, proc, install.event, || {
            let (view, core) = (facts.view_name(install.view), facts.view_name(core));
            format!("{view} holds {}, which {core} lacks", facts.proc(outside))
        });
    }
}

/// The event from which the core view of the process lacks a member of this view.
fn outgrown(facts: &Facts<'_>, install: &Install, core: u32) -> Option<u32> {
    let stays = facts.stays(install.proc, core);
    let after = stays.partition_point(|&core| facts.install(core).event < install.event);
    let gone = |core: &Install| core.left.filter(|&left| left > install.event);
    let mut end = after.checked_sub(1).and_then(|at| gone(facts.install(stays[at])));
    for core in stays[after..].iter().map(|&core| facts.install(core)) {
        if end.is_some_and(|end| end < core.event) {
            break;
        }
        if install.members.iter().any(|member| !core.members.contains(member)) {
            return Some(core.event);
        }
        end = gone(core);
    }
    end
}

/// Whether the group's next view at this process stands on another core group.
fn moves_on(facts: &Facts<'_>, install: &Install) -> bool {
    let stays = facts.stays(install.proc, install.group).iter().map(|&stay| facts.install(stay));
    let next = stays.filter(|stay| stay.event > install.event).min_by_key(|stay| stay.event);
    next.is_some_and(|next| next.core.is_some() && next.core != install.core)
}

fn used(facts: &Facts<'_>, report: &mut Report, install: &Install, core: u32, end: u32) {
    let deliveries = install.deliveries.iter().map(|&delivery| {
        let delivery = facts.delivery(delivery);
        (delivery.event, delivery.message, "delivers")
    });
    let moves = moves_on(facts, install);
    let waited = |send: u32| {
        let message = facts.message(facts.send(send).message);
        let died = !facts.procs[install.proc as usize].ended;
        let over = install.left.is_some() || died;
        over && message.deliveries.is_empty() && message.told.is_none()
    };
    let went_out_later = |send: u32| {
        let sending = facts.message(facts.send(send).message).sending;
        sending.is_some_and(|view| view != install.view)
    };
    let counts =
        |send: u32| !moves && !facts.send(send).failed && !waited(send) && !went_out_later(send);
    let sends = install.sends.iter().filter(|&&send| counts(send)).map(|&send| {
        let send = facts.send(send);
        (send.event, send.message, "sends")
    });
    for (event, message, verb) in deliveries.chain(sends) {
        report.compared(Property::LwgSubset, 1);
        if event > end {
            let proc = facts.proc(install.proc);
            report.broken(Property::LwgSubset, proc, event, || {
                let (view, core) = (facts.view_name(install.view), facts.group(core).id);
                let message = facts.message(message).id;
                format!("{proc} {verb} {message} in {view}, but {core} has moved on without it all")
            });
        }
    }
}
