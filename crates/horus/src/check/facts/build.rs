//! From histories to facts: one walk through every history, then what follows from the whole.

use hashbrown::HashMap;

use super::{
    Delivery, Facts, Group, Install, Message, Proc, Reply, SendFact, Stable, StateFact, Step,
    ViewFact, sending,
};
use crate::history::{Deliver, Event, Id, Log, Semantics, Send, View};

/// Names already met. Looked up, never iterated: the order of everything is that of the logs.
#[derive(Default)]
struct Names<'a> {
    procs: HashMap<&'a str, u32>,
    groups: HashMap<&'a str, u32>,
    views: HashMap<(u32, &'a str), u32>,
    messages: HashMap<&'a str, u32>,
    replies: HashMap<&'a str, u32>,
    digests: HashMap<&'a str, u32>,
}

struct Builder<'a> {
    facts: Facts<'a>,
    names: Names<'a>,
    /// The process whose history is walked.
    proc: u32,
    event: u32,
    /// Its current install by group.
    current: HashMap<u32, u32>,
    /// All its installs by group.
    stays: HashMap<u32, Vec<u32>>,
    /// Its joins under way by group.
    joining: HashMap<u32, u32>,
}

/// Turns histories into facts.
pub(in crate::check) fn build(logs: &[Log]) -> Facts<'_> {
    let mut builder = Builder {
        facts: Facts { logs, ..Facts::default() },
        names: Names::default(),
        proc: 0,
        event: 0,
        current: HashMap::new(),
        stays: HashMap::new(),
        joining: HashMap::new(),
    };
    for log in logs {
        builder.add_proc(&log.proc);
    }
    for (proc, log) in logs.iter().enumerate() {
        builder.walk(index(proc), log);
    }
    sending::find(&mut builder.facts);
    builder.facts
}

/// As an index: a run has fewer than 2^32 of anything, since each takes a line.
fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a run has fewer than 2^32 events")
}

fn intern<'a>(names: &mut HashMap<&'a str, u32>, id: &'a Id) -> u32 {
    let next = index(names.len());
    *names.entry(id.as_str()).or_insert(next)
}

/// `name#incarnation` taken apart; without an incarnation it is the 0th.
fn split(id: &str) -> (&str, u64) {
    match id.rsplit_once('#').map(|(name, incarnation)| (name, incarnation.parse())) {
        Some((name, Ok(incarnation))) => (name, incarnation),
        _ => (id, 0),
    }
}

/// The number with which a view id begins.
fn leading_number(id: &str) -> Option<u64> {
    let end = id.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(id.len());
    id[..end].parse().ok()
}

impl<'a> Builder<'a> {
    /// A process with a history; its index is that of the history.
    fn add_proc(&mut self, id: &'a Id) -> u32 {
        let (name, incarnation) = split(id);
        self.facts.procs.push(Proc {
            id,
            name,
            incarnation,
            mark: None,
            component: None,
            ended: false,
            stays: Vec::new(),
        });
        let proc = index(self.facts.procs.len() - 1);
        self.names.procs.entry(id).or_insert(proc);
        proc
    }

    fn proc(&mut self, id: &'a Id) -> u32 {
        match self.names.procs.get(id.as_str()) {
            Some(&proc) => proc,
            None => self.add_proc(id),
        }
    }

    fn procs(&mut self, ids: &'a [Id]) -> Vec<u32> {
        ids.iter().map(|id| self.proc(id)).collect()
    }

    fn group(&mut self, id: &'a Id) -> u32 {
        let group = intern(&mut self.names.groups, id);
        if group as usize == self.facts.groups.len() {
            let (sends, views) = (Vec::new(), Vec::new());
            self.facts.groups.push(Group { id, light: false, relaxed: false, sends, views });
        }
        group
    }

    fn view(&mut self, group: u32, id: &'a Id) -> u32 {
        let next = index(self.facts.views.len());
        let view = *self.names.views.entry((group, id.as_str())).or_insert(next);
        if view == next {
            let number = leading_number(id);
            let (members, installs) = (Vec::new(), Vec::new());
            self.facts.views.push(ViewFact { id, group, number, members, installs });
            self.facts.groups[group as usize].views.push(view);
        }
        view
    }

    fn tag(&mut self, group: u32, id: &'a Option<Id>) -> Option<u32> {
        id.as_ref().map(|id| self.view(group, id))
    }

    fn message(&mut self, id: &'a Id) -> u32 {
        let message = intern(&mut self.names.messages, id);
        if message as usize == self.facts.messages.len() {
            let deliveries = Vec::new();
            let empty = Message { id, send: None, deliveries, told: None, sending: None };
            self.facts.messages.push(empty);
        }
        message
    }

    fn here(&self, group: u32) -> Option<u32> {
        self.current.get(&group).copied()
    }

    fn walk(&mut self, proc: u32, log: &'a Log) {
        self.proc = proc;
        self.current.clear();
        self.joining.clear();
        self.facts.steps.push(Vec::new());
        for (event, what) in log.events.iter().enumerate() {
            self.event = index(event);
            self.take(what);
        }
        let mut stays: Vec<(u32, Vec<u32>)> = self.stays.drain().collect();
        stays.sort_unstable();
        let known = &mut self.facts.procs[proc as usize];
        known.stays = stays;
        known.ended = log.events.last() == Some(&Event::End);
    }

    fn take(&mut self, event: &'a Event) {
        match event {
            Event::View(view) => self.install(view),
            Event::Left { group, .. } => self.leave(group),
            Event::JoinReq { group } => {
                let group = self.group(group);
                self.joining.insert(group, index(self.facts.joins.len()));
                self.facts.joins.push((self.proc, self.event, group, false));
            }
            Event::Send(send) => self.send(send),
            Event::Sent { msg, view } => {
                let message = self.message(msg);
                self.sent(message, view);
            }
            Event::SendFail { msg } => {
                let message = self.message(msg);
                if let Some(send) = self.facts.messages[message as usize].send {
                    self.facts.sends[send as usize].failed = true;
                }
            }
            Event::Deliver(deliver) => self.deliver(deliver),
            Event::Stable { group, msg } => {
                let (group, message) = (self.group(group), self.message(msg));
                let install = self.here(group);
                let (proc, event) = (self.proc, self.event);
                self.facts.stables.push(Stable { proc, event, group, message, install });
            }
            Event::State { group, digest, view } => self.state(group, digest, view, None, false),
            Event::JoinState { group, digest, view, from } => {
                self.state(group, digest, view, from.as_ref(), true);
            }
            Event::Reply { msg, reply } => {
                let answer = self.reply(msg, reply, self.proc);
                self.facts.replies.push(answer);
            }
            Event::GotReply { msg, reply, from } => {
                let from = self.proc(from);
                let answer = self.reply(msg, reply, from);
                self.facts.got_replies.push(answer);
            }
            Event::DiscardReplies { msg } => {
                let message = self.message(msg);
                self.facts.discards.push((self.proc, self.event, message));
            }
            Event::Quiesce { component } => {
                let mut component = component.as_ref().map(|ids| self.procs(ids));
                component.iter_mut().for_each(|procs| procs.sort_unstable());
                let known = &mut self.facts.procs[self.proc as usize];
                known.mark = Some(self.event);
                known.component = component;
            }
            Event::Start { .. } | Event::Crash | Event::End | Event::Unknown => {}
        }
    }

    fn install(&mut self, event: &'a View) {
        let group = self.group(&event.group);
        let view = self.view(group, &event.view);
        let members = self.procs(&event.members);
        let transitional = event.transitional.as_ref().map(|ids| self.procs(ids));
        let core = event.core.as_ref().map(|id| self.group(id));
        let core_view = core.and_then(|core| self.tag(core, &event.core_view));
        let known = &mut self.facts.groups[group as usize];
        known.light |= core.is_some();
        known.relaxed |= event.semantics == Some(Semantics::Relaxed);
        let install = index(self.facts.installs.len());
        let fact = &mut self.facts.views[view as usize];
        fact.number = event.number.or(fact.number);
        let number = fact.number;
        if fact.installs.is_empty() {
            fact.members.clone_from(&members);
        }
        fact.installs.push(install);
        let previous = self.current.insert(group, install);
        if let Some(previous) = previous {
            self.facts.installs[previous as usize].next = Some(install);
        }
        self.stays.entry(group).or_default().push(install);
        let core_install = core.and_then(|core| self.here(core));
        let (proc, event) = (self.proc, self.event);
        self.facts.installs.push(Install {
            proc,
            event,
            group,
            view,
            number,
            members,
            transitional,
            previous,
            next: None,
            left: None,
            core,
            core_view,
            core_install,
            deliveries: Vec::new(),
            sends: Vec::new(),
        });
        self.end_joins(group);
    }

    fn leave(&mut self, group: &'a Id) {
        let group = self.group(group);
        if let Some(install) = self.current.remove(&group) {
            self.facts.installs[install as usize].left = Some(self.event);
        }
        self.end_joins(group);
    }

    fn end_joins(&mut self, group: u32) {
        if let Some(join) = self.joining.remove(&group) {
            self.facts.joins[join as usize].3 = true;
        }
    }

    fn send(&mut self, event: &'a Send) {
        let (group, message) = (self.group(&event.group), self.message(&event.msg));
        if self.facts.messages[message as usize].send.is_some() {
            self.facts.resends.push((self.proc, self.event, message));
            return;
        }
        let tag = self.tag(group, &event.view);
        let install = self.here(group);
        let send = index(self.facts.sends.len());
        let known = &mut self.facts.messages[message as usize];
        known.send = Some(send);
        known.told = tag;
        if let Some(install) = install {
            self.facts.installs[install as usize].sends.push(send);
        }
        self.facts.groups[group as usize].sends.push(send);
        self.facts.steps[self.proc as usize].push((self.event, Step::Send(send)));
        self.facts.sends.push(SendFact {
            proc: self.proc,
            event: self.event,
            group,
            message,
            order: event.order,
            tag,
            install,
            failed: false,
            to_self: event.to_self != Some(false),
            external: event.external == Some(true),
        });
    }

    fn sent(&mut self, message: u32, view: &'a Id) {
        let group = self.facts.send_of(message).map(|send| send.group);
        let view = group.map(|group| self.view(group, view));
        if view.is_some() {
            self.facts.messages[message as usize].told = view;
        }
        self.facts.told.push((self.proc, self.event, message, view));
    }

    fn deliver(&mut self, event: &'a Deliver) {
        let (group, message) = (self.group(&event.group), self.message(&event.msg));
        self.proc(&event.from);
        let tag = self.tag(group, &event.view);
        let install = self.here(group);
        let delivery = index(self.facts.deliveries.len());
        self.facts.messages[message as usize].deliveries.push(delivery);
        if let Some(install) = install {
            self.facts.installs[install as usize].deliveries.push(delivery);
        }
        self.facts.steps[self.proc as usize].push((self.event, Step::Deliver(delivery)));
        let (proc, event) = (self.proc, self.event);
        self.facts.deliveries.push(Delivery { proc, event, group, message, tag, install });
    }

    fn state(
        &mut self,
        group: &'a Id,
        digest: &'a Id,
        view: &'a Option<Id>,
        from: Option<&'a Id>,
        joiner: bool,
    ) {
        let group = self.group(group);
        let digest = intern(&mut self.names.digests, digest);
        let tag = self.tag(group, view);
        let from = from.map(|from| self.proc(from));
        let install = self.here(group);
        let (proc, event) = (self.proc, self.event);
        let fact = StateFact { proc, event, group, tag, install, joiner, from, digest };
        self.facts.states.push(fact);
    }

    fn reply(&mut self, message: &'a Id, reply: &'a Id, from: u32) -> Reply {
        let message = self.message(message);
        let reply = intern(&mut self.names.replies, reply);
        Reply { proc: self.proc, event: self.event, message, reply, from }
    }
}
