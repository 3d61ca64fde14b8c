//! The histories of one run with every name turned into an index: what all judges read.

mod build;
mod sending;

use crate::history::{Deliver, Event, Id, Log, Order, Send, View};

pub(super) use build::build;

/// Everything that happened, by index. Nothing in here judges.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    /// The histories; `procs[i]` tells of `logs[i]` for the first of them.
    pub(super) logs: &'a [Log],
    pub(super) procs: Vec<Proc<'a>>,
    pub(super) groups: Vec<Group<'a>>,
    pub(super) views: Vec<ViewFact<'a>>,
    /// In the order of process, then event; as all lists that follow.
    pub(super) installs: Vec<Install>,
    pub(super) sends: Vec<SendFact>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) messages: Vec<Message<'a>>,
    pub(super) stables: Vec<Stable>,
    pub(super) states: Vec<StateFact>,
    /// Sends of a message that was sent before.
    pub(super) resends: Vec<(u32, u32, u32)>,
    /// What `sent` told: process, event, message, view. No view: the message was never sent.
    pub(super) told: Vec<(u32, u32, u32, Option<u32>)>,
    /// By process, what it did that has causes or effects elsewhere.
    pub(super) steps: Vec<Vec<(u32, Step)>>,
    pub(super) replies: Vec<Reply>,
    pub(super) got_replies: Vec<Reply>,
    /// Process, event, message.
    pub(super) discards: Vec<(u32, u32, u32)>,
    /// Joins asked for: process, event, group; and whether anything came of it.
    pub(super) joins: Vec<(u32, u32, u32, bool)>,
}

/// A process, with or without a history of its own.
#[derive(Debug)]
pub(super) struct Proc<'a> {
    pub(super) id: &'a Id,
    pub(super) name: &'a str,
    pub(super) incarnation: u64,
    /// The last `quiesce`.
    pub(super) mark: Option<u32>,
    /// Who was said there to be connected, sorted; nothing: all.
    pub(super) component: Option<Vec<u32>>,
    /// Whether the history ends with `end`.
    pub(super) ended: bool,
    /// Groups and the installs in them, in order.
    pub(super) stays: Vec<(u32, Vec<u32>)>,
}

#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) id: &'a Id,
    /// Somebody's view of it names a core group.
    pub(super) light: bool,
    /// Somebody's view of it says that it owes less.
    pub(super) relaxed: bool,
    pub(super) sends: Vec<u32>,
    pub(super) views: Vec<u32>,
}

/// A view id that is named somewhere.
#[derive(Debug)]
pub(super) struct ViewFact<'a> {
    pub(super) id: &'a Id,
    pub(super) group: u32,
    pub(super) number: Option<u64>,
    /// In rank order, as the first install has it; empty if nobody installed it.
    pub(super) members: Vec<u32>,
    pub(super) installs: Vec<u32>,
}

/// One process takes one view.
#[derive(Debug)]
pub(super) struct Install {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) group: u32,
    pub(super) view: u32,
    pub(super) number: Option<u64>,
    pub(super) members: Vec<u32>,
    pub(super) transitional: Option<Vec<u32>>,
    /// The view it comes from; none after nothing or `left`.
    pub(super) previous: Option<u32>,
    pub(super) next: Option<u32>,
    /// The event at which the process left out of this view.
    pub(super) left: Option<u32>,
    pub(super) core: Option<u32>,
    pub(super) core_view: Option<u32>,
    /// Where the process was in the core group when it took this view.
    pub(super) core_install: Option<u32>,
    pub(super) deliveries: Vec<u32>,
    pub(super) sends: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct SendFact {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) group: u32,
    pub(super) message: u32,
    pub(super) order: Order,
    /// The view that its `view` field names.
    pub(super) tag: Option<u32>,
    /// Where the process was at the time.
    pub(super) install: Option<u32>,
    pub(super) failed: bool,
    pub(super) to_self: bool,
    pub(super) external: bool,
}

#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) group: u32,
    pub(super) message: u32,
    pub(super) tag: Option<u32>,
    pub(super) install: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) id: &'a Id,
    pub(super) send: Option<u32>,
    pub(super) deliveries: Vec<u32>,
    /// The view it was sent in, as the API told.
    pub(super) told: Option<u32>,
    /// The view it was sent in: told, or else where its sender delivered it, or else the first
    /// who did, or else the only one possible.
    pub(super) sending: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Stable {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) group: u32,
    pub(super) message: u32,
    pub(super) install: Option<u32>,
}

#[derive(Debug)]
pub(super) struct StateFact {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) group: u32,
    pub(super) tag: Option<u32>,
    pub(super) install: Option<u32>,
    pub(super) joiner: bool,
    pub(super) from: Option<u32>,
    /// Equal digests have equal numbers.
    pub(super) digest: u32,
}

/// Somebody answered, or took an answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) proc: u32,
    pub(super) event: u32,
    pub(super) message: u32,
    pub(super) reply: u32,
    /// Who answered; at the answerer, itself.
    pub(super) from: u32,
}

/// An event that is tied to events elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Send(u32),
    Deliver(u32),
}

impl<'a> Facts<'a> {
    pub(super) fn proc(&self, proc: u32) -> &'a Id {
        self.procs[proc as usize].id
    }

    pub(super) fn group(&self, group: u32) -> &Group<'a> {
        &self.groups[group as usize]
    }

    pub(super) fn view(&self, view: u32) -> &ViewFact<'a> {
        &self.views[view as usize]
    }

    pub(super) fn install(&self, install: u32) -> &Install {
        &self.installs[install as usize]
    }

    pub(super) fn delivery(&self, delivery: u32) -> &Delivery {
        &self.deliveries[delivery as usize]
    }

    pub(super) fn message(&self, message: u32) -> &Message<'a> {
        &self.messages[message as usize]
    }

    pub(super) fn send(&self, send: u32) -> &SendFact {
        &self.sends[send as usize]
    }

    /// The send of `message`, if anybody recorded it.
    pub(super) fn send_of(&self, message: u32) -> Option<&SendFact> {
        self.message(message).send.map(|send| self.send(send))
    }

    /// Whether the group owes everything.
    pub(super) fn owes(&self, group: u32) -> bool {
        !self.group(group).relaxed
    }

    /// Whether there is a history of this process.
    pub(super) fn told_by(&self, proc: u32) -> bool {
        (proc as usize) < self.logs.len()
    }

    /// Whether `member` is in the view, as it is first told.
    pub(super) fn holds(&self, view: u32, member: u32) -> bool {
        self.view(view).members.contains(&member)
    }

    /// The installs of `proc` in `group`, in order.
    pub(super) fn stays(&self, proc: u32, group: u32) -> &[u32] {
        let stays = &self.procs[proc as usize].stays;
        match stays.binary_search_by_key(&group, |(of, _)| *of) {
            Ok(at) => &stays[at].1,
            Err(_) => &[],
        }
    }

    /// The install of `view` at `proc`, if it ever took it.
    pub(super) fn install_at(&self, proc: u32, view: u32) -> Option<u32> {
        let mut installs = self.view(view).installs.iter().copied();
        installs.find(|&install| self.install(install).proc == proc)
    }

    /// The delivery of `message` at `proc`, if it ever delivered it.
    pub(super) fn delivery_at(&self, proc: u32, message: u32) -> Option<&Delivery> {
        let deliveries = &self.message(message).deliveries;
        // Deliveries are in the order of processes.
        let at = deliveries.partition_point(|&delivery| self.delivery(delivery).proc < proc);
        let delivery = self.delivery(*deliveries.get(at)?);
        (delivery.proc == proc).then_some(delivery)
    }

    /// Whether the process is still in this view when its history stops.
    pub(super) fn is_open(&self, install: u32) -> bool {
        let install = self.install(install);
        install.next.is_none() && install.left.is_none()
    }

    /// Whether the process settled: it was marked, and its history ends well.
    pub(super) fn settled(&self, proc: u32) -> bool {
        let proc = &self.procs[proc as usize];
        proc.ended && proc.mark.is_some()
    }

    /// Whether `send` is not for its own sender, and that is `proc`.
    pub(super) fn spares(&self, message: u32, proc: u32) -> bool {
        self.send_of(message).is_some_and(|send| send.proc == proc && !send.to_self)
    }

    /// Whether `message` is one whose place is the same everywhere.
    pub(super) fn is_total(&self, message: u32) -> bool {
        let order = self.send_of(message).map(|send| send.order);
        matches!(order, Some(Order::Abcast | Order::Gbcast))
    }

    /// The members of `install` by name, in brackets.
    pub(super) fn names(&self, members: &[u32]) -> String {
        let names: Vec<&str> = members.iter().map(|&member| self.proc(member).as_str()).collect();
        format!("[{}]", names.join(" "))
    }

    /// "view V of G".
    pub(super) fn view_name(&self, view: u32) -> String {
        let view = self.view(view);
        format!("view {} of {}", view.id, self.group(view.group).id)
    }

    /// "view V of G", or "no view of G".
    pub(super) fn place_name(&self, install: Option<u32>, group: u32) -> String {
        match install {
            Some(install) => self.view_name(self.install(install).view),
            None => format!("no view of {}", self.group(group).id),
        }
    }

    /// The line of a delivery.
    pub(super) fn deliver_event(&self, delivery: &Delivery) -> &'a Deliver {
        match &self.logs[delivery.proc as usize].events[delivery.event as usize] {
            Event::Deliver(deliver) => deliver,
            other => unreachable!("a delivery was made of {other:?}"),
        }
    }

    /// The line of a send.
    pub(super) fn send_event(&self, send: &SendFact) -> &'a Send {
        match &self.logs[send.proc as usize].events[send.event as usize] {
            Event::Send(send) => send,
            other => unreachable!("a send was made of {other:?}"),
        }
    }

    /// The line of a view.
    pub(super) fn view_event(&self, install: &Install) -> &'a View {
        match &self.logs[install.proc as usize].events[install.event as usize] {
            Event::View(view) => view,
            other => unreachable!("an install was made of {other:?}"),
        }
    }
}
