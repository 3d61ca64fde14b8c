//! One order in which everything can have happened: each history's own order, and every send
//! before its deliveries.

use super::facts::{Facts, Step};

/// The outcome of running all histories side by side.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// All sends and deliveries, causes first.
    pub(super) order: Vec<Step>,
    /// Deliveries of messages that cannot have been sent yet.
    pub(super) early: Vec<u32>,
}

/// Runs every history until a delivery waits for its send, over and over. Where histories wait
/// for each other in a ring, one delivery of the ring is set down as too early and let through.
pub(super) fn replay(facts: &Facts<'_>) -> Replay {
    let mut outcome = Replay::default();
    let mut at = vec![0usize; facts.steps.len()];
    let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); facts.sends.len()];
    let mut sent = vec![false; facts.sends.len()];
    let mut runnable: Vec<u32> = (0..facts.steps.len() as u32).rev().collect();
    loop {
        while let Some(proc) = runnable.pop() {
            let steps = &facts.steps[proc as usize];
            while let Some(&(_, step)) = steps.get(at[proc as usize]) {
                match step {
                    Step::Send(send) => {
                        sent[send as usize] = true;
                        runnable.append(&mut waiting[send as usize]);
                    }
                    Step::Deliver(delivery) => {
                        if let Some(send) = blocking(facts, &sent, delivery) {
                            waiting[send as usize].push(proc);
                            break;
                        }
                    }
                }
                outcome.order.push(step);
                at[proc as usize] += 1;
            }
        }
        let Some(delivery) = ring(facts, &at, &sent) else { return outcome };
        let proc = facts.delivery(delivery).proc;
        if let Some(send) = blocking(facts, &sent, delivery) {
            waiting[send as usize].retain(|&other| other != proc);
        }
        outcome.early.push(delivery);
        outcome.order.push(Step::Deliver(delivery));
        at[proc as usize] += 1;
        runnable.push(proc);
    }
}

/// The send that must come before this delivery and has not.
fn blocking(facts: &Facts<'_>, sent: &[bool], delivery: u32) -> Option<u32> {
    let send = facts.message(facts.delivery(delivery).message).send?;
    (!sent[send as usize]).then_some(send)
}

/// A delivery in a ring of histories that wait for each other; none if all have been run.
fn ring(facts: &Facts<'_>, at: &[usize], sent: &[bool]) -> Option<u32> {
    let head = |proc: usize| match facts.steps[proc].get(at[proc]) {
        Some(&(_, Step::Deliver(delivery))) => Some(delivery),
        _ => None,
    };
    let mut proc = (0..at.len()).find(|&proc| head(proc).is_some())?;
    let mut seen = vec![false; at.len()];
    loop {
        let delivery = head(proc)?;
        if seen[proc] {
            return Some(delivery);
        }
        seen[proc] = true;
        let send = blocking(facts, sent, delivery)?;
        proc = facts.send(send).proc as usize;
    }
}
