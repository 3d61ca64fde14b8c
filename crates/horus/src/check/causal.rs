//! `causal`: no effect before its cause inside a group, nor in the cause's view without it. Over
//! CBCAST and ABCAST.

use super::causes::{Causes, in_class};
use super::facts::{Delivery, Facts, Install, Step};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    walk(facts, &Causes::new(facts, false), report, Property::Causal, Scope::Group);
}

/// Where causes and effects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// In one group: a cause of the effect's own view must not be missing at all, and what lies
    /// behind an older view is not followed: the judges of views answer for it.
    Group,
    /// In any.
    Across {
        /// Whether nothing is owed between those who went apart in the group of the cause.
        apart_excused: bool,
    },
}

/// Looks at every delivery's causes, at every process each cause once: at its first effect.
pub(super) fn walk(
    facts: &Facts<'_>,
    causes: &Causes,
    report: &mut Report,
    property: Property,
    scope: Scope,
) {
    let views = scope == Scope::Group;
    let excused = scope == Scope::Across { apart_excused: true };
    let mut seen = vec![u32::MAX; facts.messages.len()];
    let mut open = Vec::new();
    for (receiver, steps) in (0u32..).zip(&facts.steps) {
        for &(_, step) in steps {
            let (Step::Deliver(delivery), Some((message, _))) = (step, in_class(facts, step))
            else {
                continue;
            };
            let effect = facts.delivery(delivery);
            let view = effect.install.map(|install| facts.install(install).view);
            report.compared(property, 1);
            if std::mem::replace(&mut seen[message as usize], receiver) == receiver {
                continue;
            }
            open.push(message);
            while let Some(message) = open.pop() {
                for cause in causes.of(message) {
                    if std::mem::replace(&mut seen[cause as usize], receiver) == receiver {
                        continue;
                    }
                    if !(excused && went_apart(facts, effect, cause)) {
                        look(facts, report, property, effect, cause, view.filter(|_| views));
                    }
                    if !views || !is_older(facts, cause, view) {
                        open.push(cause);
                    }
                }
            }
        }
    }
}

/// Whether `cause` was sent in a view older than `view`.
fn is_older(facts: &Facts<'_>, cause: u32, view: Option<u32>) -> bool {
    match (facts.message(cause).sending, view) {
        (Some(sending), Some(view)) => facts.view(sending).number < facts.view(view).number,
        _ => false,
    }
}

/// Whether the receiver of `effect` and its sender left the view of `cause` for different ones.
fn went_apart(facts: &Facts<'_>, effect: &Delivery, cause: u32) -> bool {
    let Some(send) = facts.send_of(effect.message) else { return false };
    let here = facts.delivery_at(effect.proc, cause).and_then(|delivery| delivery.install);
    let Some(here) = here.map(|install| facts.install(install)) else { return false };
    let installs = facts.view(here.view).installs.iter().map(|install| facts.install(*install));
    // Who left is in no view that says with whom it went: some of those are.
    let gone = |install: &Install| install.proc == send.proc && install.left.is_some();
    let left = installs.clone().any(gone);
    let there = installs.filter(|install| left || install.proc == send.proc);
    there.filter_map(|install| install.next).any(|next| {
        let along = facts.install(next).transitional.as_ref();
        along.is_some_and(|along| !along.contains(&effect.proc))
    })
}

/// `cause` has not been delivered when `effect` is.
fn look(
    facts: &Facts<'_>,
    report: &mut Report,
    property: Property,
    effect: &Delivery,
    cause: u32,
    view: Option<u32>,
) {
    let fact = facts.message(cause);
    let excused = facts.spares(cause, effect.proc) || facts.send_of(cause).is_none_or(|s| s.failed);
    let how = if facts.delivery_at(effect.proc, cause).is_some() {
        "before its cause"
    } else if view.is_some() && fact.sending == view && !excused {
        "without its cause"
    } else {
        return;
    };
    let proc = facts.proc(effect.proc);
    report.broken(property, proc, effect.event, || {
        format!("{proc} delivers {} {how} {}", facts.message(effect.message).id, fact.id)
    });
}
