//! `causal`: no effect before its cause inside a group, nor in the cause's view without it. Over
//! CBCAST and ABCAST.

use super::causes::{Causes, in_class};
use super::facts::{Delivery, Facts, Step};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    walk(facts, &Causes::new(facts, false), report, Property::Causal, true);
}

/// Looks at every delivery's causes, at every process each cause once: at its first effect.
///
/// With `views`, a cause of the effect's own view must not be missing at all, and what lies
/// behind an older view is not followed: the judges of views answer for it.
pub(super) fn walk(
    facts: &Facts<'_>,
    causes: &Causes,
    report: &mut Report,
    property: Property,
    views: bool,
) {
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
                    look(facts, report, property, effect, cause, view.filter(|_| views));
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
