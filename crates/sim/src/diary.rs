//! Diary: what one process saw and did, in the words of histories.

use horus::history::{Deliver, Event, Id, Log, Order as Spelled, Send, View};
use muts::ProcId;
use vsync::{Endpoint, GroupId, Order};

use crate::script::Roster;

/// Writes one process incarnation's history, in memory.
#[derive(Debug)]
pub struct Diary {
    log: Log,
    roster: Roster,
    mints: u64,
    delivered: u64,
    views: u64,
}

impl Diary {
    /// An empty history of this process.
    #[must_use]
    pub fn new(name: &str, roster: Roster) -> Self {
        let mut log = Log::new(name);
        log.push(Event::Start { proc: name.into() });
        Self { log, roster, mints: 0, delivered: 0, views: 0 }
    }

    /// The history.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// Deliveries and views written.
    #[must_use]
    pub const fn counted(&self) -> (u64, u64) {
        (self.delivered, self.views)
    }

    /// A message or reply id that nobody else mints, and its number.
    pub fn mint(&mut self) -> (String, u64) {
        self.mints += 1;
        (format!("{}:{}", self.log.proc, self.mints), self.mints)
    }

    /// A process as histories write it.
    #[must_use]
    pub fn process(&self, process: ProcId) -> String {
        self.roster.name(process)
    }

    fn members(&self, members: &[Endpoint]) -> Vec<Id> {
        members.iter().map(|member| self.roster.name(member.proc).into()).collect()
    }

    /// The name of a core view.
    #[must_use]
    pub fn core_view_id(&self, id: vsync::ViewId) -> String {
        format!("{}:{}", id.epoch, self.roster.name(id.coordinator))
    }

    fn write(&mut self, event: Event) {
        self.log.push(event);
    }

    /// A view of a core group.
    pub fn core_view(&mut self, view: &vsync::View) {
        self.views += 1;
        let event = View {
            group: core_group(view.group).into(),
            view: self.core_view_id(view.id).into(),
            members: self.members(&view.members),
            transitional: Some(self.members(&view.transitional)),
            ..View::default()
        };
        self.write(Event::View(Box::new(event)));
    }

    /// A view of a light-weight group.
    pub(crate) fn light_view(&mut self, view: &lwg::View) {
        self.views += 1;
        let event = View {
            group: light_group(view.lwg).into(),
            view: light_view_id(view.id).into(),
            members: self.members(&view.members),
            transitional: Some(self.members(&view.transitional)),
            core: Some(core_group(view.core).into()),
            core_view: Some(self.core_view_id(view.core_view).into()),
            ..View::default()
        };
        self.write(Event::View(Box::new(event)));
    }

    /// The process is out of a group.
    pub fn left(&mut self, group: String, reason: &str) {
        self.write(Event::Left { group: group.into(), reason: Some(reason.into()) });
    }

    /// The process asks to join.
    pub fn join_req(&mut self, group: String) {
        self.write(Event::JoinReq { group: group.into() });
    }

    /// The process sends; `body` is what others will be told.
    pub fn send(
        &mut self,
        group: String,
        msg: String,
        order: Order,
        view: Option<String>,
        body: &[u8],
    ) {
        let mut send = Send::new(group, msg, spelled(order));
        send.view = view.map(Id::from);
        send.h = Some(hash(body).into());
        self.write(Event::Send(send));
    }

    /// The process is told a message.
    pub fn deliver(
        &mut self,
        group: String,
        msg: String,
        from: ProcId,
        view: String,
        order: Order,
        body: &[u8],
    ) {
        self.delivered += 1;
        let mut deliver = Deliver::new(group, msg, self.roster.name(from));
        deliver.view = Some(view.into());
        deliver.h = Some(hash(body).into());
        deliver.order = Some(spelled(order));
        self.write(Event::Deliver(deliver));
    }

    /// The process is told that every member has a message.
    pub fn stable(&mut self, group: String, msg: String) {
        self.write(Event::Stable { group: group.into(), msg: msg.into() });
    }

    /// The process answers.
    pub fn reply(&mut self, msg: String, reply: String) {
        self.write(Event::Reply { msg: msg.into(), reply: reply.into() });
    }

    /// The process is told an answer.
    pub fn got_reply(&mut self, msg: String, reply: String, from: ProcId) {
        let from = self.roster.name(from).into();
        self.write(Event::GotReply { msg: msg.into(), reply: reply.into(), from });
    }

    /// The process wants no more answers.
    pub fn discard_replies(&mut self, msg: String) {
        self.write(Event::DiscardReplies { msg: msg.into() });
    }

    /// Faults are over and the promised time has passed.
    pub fn quiesce(&mut self, component: &[String]) {
        let component = component.iter().map(|name| Id::from(name.as_str())).collect();
        self.write(Event::Quiesce { component: Some(component) });
    }

    /// The process was killed.
    pub fn crash(&mut self) {
        self.write(Event::Crash);
    }

    /// The process ended well.
    pub fn end(&mut self) {
        self.write(Event::End);
    }
}

/// A core group as histories write it.
#[must_use]
pub(crate) fn core_group(group: GroupId) -> String {
    format!("{group:?}")
}

/// A light-weight group as histories write it.
#[must_use]
pub(crate) fn light_group(group: lwg::LwgId) -> String {
    format!("{group:?}")
}

/// A light-weight view as histories write it.
#[must_use]
pub(crate) fn light_view_id(id: lwg::ViewId) -> String {
    format!("{id:?}")
}

const fn spelled(order: Order) -> Spelled {
    match order {
        Order::Fifo => Spelled::Fbcast,
        Order::Causal => Spelled::Cbcast,
        Order::Total => Spelled::Abcast,
    }
}

fn hash(body: &[u8]) -> String {
    let mut digest = crate::trace::Digest::default();
    digest.add_bytes(body);
    format!("{:016x}", digest.value())
}
