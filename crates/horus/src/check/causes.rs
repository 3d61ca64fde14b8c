//! What each message directly follows from: what its sender sent before, and delivered since.

use hashbrown::HashMap;

use super::facts::{Facts, Step};
use crate::history::Order;

/// The causal relation over CBCASTs and ABCASTs, as a graph that is never written out.
#[derive(Debug)]
pub(super) struct Causes {
    /// By process and domain, what it delivered there, in order.
    heard: Vec<Vec<u32>>,
    /// By message.
    roots: Vec<Option<Root>>,
}

/// Where a message's direct causes are.
#[derive(Clone, Copy, Debug)]
struct Root {
    previous: Option<u32>,
    heard: u32,
    first: u32,
    end: u32,
}

/// What a process did last in a domain.
#[derive(Default)]
struct Thread {
    heard: u32,
    sent: Option<u32>,
    read: u32,
}

impl Causes {
    /// Inside every group by itself, or `across` all of them.
    pub(super) fn new(facts: &Facts<'_>, across: bool) -> Self {
        let mut causes = Causes { heard: Vec::new(), roots: vec![None; facts.messages.len()] };
        for steps in &facts.steps {
            // Looked up by domain, never iterated.
            let mut threads: HashMap<u32, Thread> = HashMap::new();
            for &(_, step) in steps {
                let Some((message, group)) = in_class(facts, step) else { continue };
                // What is sent from outside takes the way of some member: it has no place among
                // what its sender does itself.
                if matches!(step, Step::Send(send) if facts.send(send).external) {
                    continue;
                }
                let thread = threads.entry(if across { 0 } else { group }).or_insert_with(|| {
                    causes.heard.push(Vec::new());
                    Thread { heard: causes.heard.len() as u32 - 1, ..Thread::default() }
                });
                let heard = &mut causes.heard[thread.heard as usize];
                if matches!(step, Step::Deliver(_)) {
                    heard.push(message);
                    continue;
                }
                let end = heard.len() as u32;
                let previous = thread.sent.replace(message);
                let first = std::mem::replace(&mut thread.read, end);
                let root = Root { previous, heard: thread.heard, first, end };
                causes.roots[message as usize] = Some(root);
            }
        }
        causes
    }

    /// The direct causes of `message`.
    pub(super) fn of(&self, message: u32) -> impl Iterator<Item = u32> + '_ {
        let root = self.roots[message as usize];
        let heard = root.map_or(&[][..], |root| {
            &self.heard[root.heard as usize][root.first as usize..root.end as usize]
        });
        root.and_then(|root| root.previous).into_iter().chain(heard.iter().copied())
    }
}

/// The message and the group of a step that carries causality.
pub(super) fn in_class(facts: &Facts<'_>, step: Step) -> Option<(u32, u32)> {
    let (message, group) = match step {
        Step::Send(send) => (facts.send(send).message, facts.send(send).group),
        Step::Deliver(delivery) => {
            (facts.delivery(delivery).message, facts.delivery(delivery).group)
        }
    };
    let send = facts.send_of(message)?;
    let causal = matches!(send.order, Order::Cbcast | Order::Abcast);
    (causal && send.group == group && facts.owes(group)).then_some((message, group))
}
