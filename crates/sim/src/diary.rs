//! Diary: what one process saw and did, in the words of histories.

use horus::history::{Deliver, Event, Id, Log, Order as Spelled, Semantics, Send, View};
use muts::ProcId;
use vsync::{Endpoint, GroupId, Order};

use crate::spelling::Spelling;

/// A group of either kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Group {
    Core(GroupId),
    /// Some hosts inside a core group, by their number.
    Circle(GroupId, usize),
    Light(lwg::LwgId),
}

/// A view of either kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ViewName {
    Core(vsync::ViewId),
    Light(lwg::ViewId),
}

/// Writes one process incarnation's history, in memory.
#[derive(Debug)]
pub struct Diary {
    log: Log,
    spelling: Spelling,
    mints: u64,
    delivered: u64,
    views: u64,
}

impl Diary {
    /// An empty history of this process.
    #[must_use]
    pub(crate) fn new(name: &str, spelling: Spelling) -> Self {
        let mut log = Log::new(name);
        log.push(Event::Start { proc: name.into() });
        Self { log, spelling, mints: 0, delivered: 0, views: 0 }
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

    /// A message or reply id as histories write it.
    pub(crate) fn text(&self, text: &str) -> Id {
        self.spelling.text(text)
    }

    fn group(&self, group: Group) -> Id {
        match group {
            Group::Core(group) => self.spelling.core_group(group),
            Group::Circle(group, circle) => self.spelling.circle(group, circle),
            Group::Light(lwg) => self.spelling.light_group(lwg),
        }
    }

    fn view(&self, view: ViewName) -> Id {
        match view {
            ViewName::Core(view) => self.spelling.core_view(view),
            ViewName::Light(view) => self.spelling.light_view(view),
        }
    }

    /// A message or reply id that nobody else mints, and its number.
    pub fn mint(&mut self) -> (String, u64) {
        self.mints += 1;
        (format!("{}:{}", self.log.proc, self.mints), self.mints)
    }

    /// A process as histories write it.
    #[must_use]
    pub fn process(&self, process: ProcId) -> Id {
        self.spelling.process(process)
    }

    fn members(&self, members: &[Endpoint]) -> Vec<Id> {
        members.iter().map(|member| self.process(member.proc)).collect()
    }

    fn write(&mut self, event: Event) {
        self.log.push(event);
    }

    /// A view of a core group, or of a circle in it.
    pub(crate) fn view_of(&mut self, group: Group, view: &vsync::View) {
        self.views += 1;
        let event = View {
            group: self.group(group),
            view: self.spelling.core_view(view.id),
            members: self.members(&view.members),
            transitional: Some(self.members(&view.transitional)),
            primary: view.primary,
            ..View::default()
        };
        self.write(Event::View(Box::new(event)));
    }

    /// A view of a light-weight group.
    pub(crate) fn light_view(&mut self, view: &lwg::View) {
        self.views += 1;
        let event = View {
            group: self.spelling.light_group(view.lwg),
            view: self.spelling.light_view(view.id),
            members: self.members(&view.members),
            transitional: Some(self.members(&view.transitional)),
            core: Some(self.spelling.core_group(view.core)),
            core_view: Some(self.spelling.core_view(view.core_view)),
            semantics: view.traits.relaxed.then_some(Semantics::Relaxed),
            ..View::default()
        };
        self.write(Event::View(Box::new(event)));
    }

    /// The process is out of a group.
    pub(crate) fn left(&mut self, group: Group, reason: &str) {
        let (group, reason) = (self.group(group), Some(self.spelling.text(reason)));
        self.write(Event::Left { group, reason });
    }

    /// The process asks to join.
    pub(crate) fn join_req(&mut self, group: Group) {
        let group = self.group(group);
        self.write(Event::JoinReq { group });
    }

    /// The process sends; `body` is what others will be told.
    pub(crate) fn send(
        &mut self,
        group: Group,
        msg: &Id,
        (order, safe): (Order, bool),
        view: Option<ViewName>,
        body: &[u8],
    ) {
        let mut send = Send::new(self.group(group), msg, spelled(order));
        send.view = view.map(|view| self.view(view));
        send.h = Some(self.spelling.hash(body));
        send.safe = safe.then_some(true);
        self.write(Event::Send(send));
    }

    /// The process sends to a group that it is not in.
    pub(crate) fn send_from_outside(&mut self, group: Group, msg: &Id, order: Order, body: &[u8]) {
        let mut send = Send::new(self.group(group), msg, spelled(order));
        send.h = Some(self.spelling.hash(body));
        send.external = Some(true);
        self.write(Event::Send(send));
    }

    /// The process is told a message.
    pub(crate) fn deliver(
        &mut self,
        group: Group,
        msg: &Id,
        from: ProcId,
        view: ViewName,
        (order, safe): (Order, bool),
        body: &[u8],
    ) {
        self.delivered += 1;
        let mut deliver = Deliver::new(self.group(group), msg, self.process(from));
        deliver.view = Some(self.view(view));
        deliver.h = Some(self.spelling.hash(body));
        deliver.order = Some(spelled(order));
        deliver.safe = safe.then_some(true);
        self.write(Event::Deliver(deliver));
    }

    /// The process is told that every member has a message.
    pub(crate) fn stable(&mut self, group: Group, msg: &Id) {
        let group = self.group(group);
        self.write(Event::Stable { group, msg: msg.clone() });
    }

    /// The state of a light-weight group where this view of it begins.
    pub(crate) fn state(&mut self, lwg: lwg::LwgId, digest: tools::Digest, view: lwg::ViewId) {
        let (group, view) = (self.spelling.light_group(lwg), self.spelling.light_view(view));
        let digest = self.spelling.text(&digest.to_string());
        self.write(Event::State { group, digest, view: Some(view) });
    }

    /// The same at a newcomer, once it has come.
    pub(crate) fn join_state(
        &mut self,
        lwg: lwg::LwgId,
        digest: tools::Digest,
        view: lwg::ViewId,
        from: ProcId,
    ) {
        let (group, view) = (self.spelling.light_group(lwg), self.spelling.light_view(view));
        let (digest, from) = (self.spelling.text(&digest.to_string()), self.process(from));
        self.write(Event::JoinState { group, digest, view: Some(view), from: Some(from) });
    }

    /// The process answers.
    pub(crate) fn reply(&mut self, msg: &str, reply: &str) {
        let (msg, reply) = (self.spelling.text(msg), self.spelling.text(reply));
        self.write(Event::Reply { msg, reply });
    }

    /// The process is told an answer.
    pub(crate) fn got_reply(&mut self, msg: &Id, reply: &str, from: ProcId) {
        let (msg, reply) = (msg.clone(), self.spelling.text(reply));
        let from = self.process(from);
        self.write(Event::GotReply { msg, reply, from });
    }

    /// The process wants no more answers.
    pub(crate) fn discard_replies(&mut self, msg: &Id) {
        self.write(Event::DiscardReplies { msg: msg.clone() });
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

const fn spelled(order: Order) -> Spelled {
    match order {
        Order::Unordered => Spelled::Mbcast,
        Order::Fifo => Spelled::Fbcast,
        Order::Causal => Spelled::Cbcast,
        Order::Total => Spelled::Abcast,
        Order::Global => Spelled::Gbcast,
    }
}
