//! `reply`: what an asker takes was answered by that process to that message, after it had
//! delivered it; once, at the asker, and not after it wanted no more.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Reply};
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    let mut answers: BTreeMap<u32, &Reply> = BTreeMap::new();
    for reply in &facts.replies {
        report.compared(Property::Reply, 1);
        let delivered = facts.delivery_at(reply.proc, reply.message);
        if delivered.is_none_or(|delivery| delivery.event > reply.event) {
            broken(facts, report, reply, "answers", "which it has not delivered");
        }
        if answers.insert(reply.reply, reply).is_some() {
            broken(facts, report, reply, "answers", "with the id of another answer");
        }
    }
    let mut discarded: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for &(proc, event, message) in &facts.discards {
        discarded.entry((proc, message)).or_insert(event);
    }
    let mut taken = BTreeSet::new();
    for got in &facts.got_replies {
        report.compared(Property::Reply, 1);
        match facts.send_of(got.message).filter(|send| send.proc == got.proc) {
            None => broken(facts, report, got, "takes an answer to", "which it did not send"),
            Some(send) if send.event > got.event => {
                broken(facts, report, got, "takes an answer to", "which it has not sent yet");
            }
            Some(_) => {}
        }
        match answers.get(&got.reply).filter(|answer| answer.message == got.message) {
            None => broken(facts, report, got, "takes an answer to", "which nobody gave"),
            Some(answer) if answer.proc != got.from => {
                broken(facts, report, got, "takes an answer to", "which another process gave");
            }
            Some(_) => {}
        }
        if !taken.insert((got.proc, got.reply)) {
            broken(facts, report, got, "takes an answer to", "which it has taken already");
        }
        if discarded.get(&(got.proc, got.message)).is_some_and(|&event| event < got.event) {
            broken(facts, report, got, "takes an answer to", "after it wanted no more");
        }
    }
}

fn broken(facts: &Facts<'_>, report: &mut Report, reply: &Reply, verb: &str, what: &str) {
    let proc = facts.proc(reply.proc);
    report.broken(Property::Reply, proc, reply.event, || {
        let (message, from) = (facts.message(reply.message).id, facts.proc(reply.from));
        format!("{proc} {verb} {message} (from {from}), {what}")
    });
}
