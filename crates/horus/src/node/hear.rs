//! Hear: what the tower tells becomes events, in the order in which it is told.

use horus::history::{self, Deliver, Event};
use horus::{Endpoint, LwgId, SendId};
use lwg::{Down, Operation, Outcome, Up};
use serde_json::json;
use tools::{Replica, Tool as _};

use super::document::{Document, Put};
use super::envelope::{Envelope, hash};
use super::flood::Target;
use super::groups::{Core, Light, Own};
use super::names::{show_core, show_core_view, show_light_view, show_lwg, verb};
use super::record::shown;
use super::run::Node;

/// Why a flood ends with its group.
const OUT: &str = "this process is no longer in the group";

/// Why a multicast is refused.
const NOT_PRIMARY: &str =
    "its view is not primary, so it takes no multicasts: send again in one that is";

/// An order as histories spell it.
pub(crate) const fn spell(order: lwg::Order) -> history::Order {
    match order {
        lwg::Order::Unordered => history::Order::Mbcast,
        lwg::Order::Fifo => history::Order::Fbcast,
        lwg::Order::Causal => history::Order::Cbcast,
        lwg::Order::Total => history::Order::Abcast,
        lwg::Order::Global => history::Order::Gbcast,
    }
}

/// A multicast of a light-weight group.
struct Heard {
    lwg: LwgId,
    view: lwg::ViewId,
    from: Endpoint,
    send: SendId,
    how: (lwg::Order, bool),
    replies: bool,
}

impl Node {
    /// Takes one thing that the tower tells.
    pub(crate) fn hear(&mut self, up: Up) {
        match &up {
            Up::View(view) => self.hear_view((**view).clone()),
            Up::Message { lwg, view, from, send, order, safe, replies, message } => {
                let (lwg, view, from, send) = (*lwg, *view, *from, *send);
                let heard =
                    Heard { lwg, view, from, send, how: (*order, *safe), replies: *replies };
                self.hear_message(&heard, message);
            }
            Up::Reply { send, from, message } => {
                self.hear_reply(*send, *from, message.clone());
            }
            Up::Answered { send, lost, declined } => {
                self.awaited.over(*send, lost.clone(), declined.clone());
                self.take_replies(*send);
            }
            Up::Stable { send } => self.hear_stable(*send),
            Up::Unstable { send } => self.hear_unstable(*send),
            Up::Done { lwg, operation, outcome } => self.hear_done(*lwg, *operation, outcome),
            Up::Told { .. } | Up::Room { .. } | Up::RoomTo { .. } | Up::Out { .. } => {}
            Up::Core(core) => self.hear_core(core.clone()),
        }
        self.tell_replica(&up);
        if let Up::Out { lwg, why } = up {
            self.hear_out(lwg, why);
        }
    }

    /// The replica of the group hears it after the history, and before what follows.
    fn tell_replica(&mut self, up: &Up) {
        let lwg = match up {
            Up::View(view) => view.lwg,
            Up::Message { lwg, .. }
            | Up::Told { lwg, .. }
            | Up::Done { lwg, .. }
            | Up::Out { lwg, .. } => *lwg,
            _ => return,
        };
        let now = self.now();
        let Some(light) = self.groups.lights.get_mut(&lwg) else { return };
        light.replica.hear(now, up, &mut self.tool_asks);
        if let Up::View(view) = up
            && let Some(digest) = light.replica.view_digest()
        {
            let event = Event::State {
                group: show_lwg(lwg).into(),
                digest: digest.to_string().into(),
                view: Some(show_light_view(view.id).into()),
            };
            self.record.event(&event, []);
        }
        self.hear_replica(lwg);
    }

    fn hear_view(&mut self, view: lwg::View) {
        let event = history::View {
            group: show_lwg(view.lwg).into(),
            view: show_light_view(view.id).into(),
            members: self.all(&view.members),
            transitional: Some(self.all(&view.transitional)),
            core: Some(show_core(view.core).into()),
            core_view: Some(show_core_view(view.core_view, self.horus.book()).into()),
            semantics: view.traits.relaxed.then_some(history::Semantics::Relaxed),
            ..history::View::default()
        };
        self.record.event(&Event::View(Box::new(event)), []);
        let me = self.horus.me();
        match self.groups.lights.entry(view.lwg) {
            std::collections::btree_map::Entry::Occupied(mut light) => light.get_mut().view = view,
            std::collections::btree_map::Entry::Vacant(place) => {
                let replica = Replica::new(view.lwg, me, Document::default());
                place.insert(Light { view, replica });
            }
        }
    }

    fn hear_message(&mut self, heard: &Heard, message: &lwg::Message) {
        let body = message.body();
        let (id, quiet, letter) = match (Envelope::open(message), Put::id_in(body)) {
            (Ok(envelope), _) => (envelope.id, envelope.quiet, true),
            (Err(_), Some(id)) => (id, false, false),
            // A replica's own, or another program's.
            (Err(_), None) => return,
        };
        let deliver = Deliver {
            view: Some(show_light_view(heard.view).into()),
            h: Some(format!("{:016x}", hash(body)).into()),
            order: Some(spell(heard.how.0)),
            safe: heard.how.1.then_some(true),
            ..Deliver::new(show_lwg(heard.lwg), id.as_str(), self.horus.show(heard.from))
        };
        self.record_deliver(deliver, quiet, body);
        if heard.from == self.horus.me()
            && let Some(own) = self.groups.own.get_mut(&heard.send)
        {
            own.delivered = true;
        }
        // A replica answers its commands itself.
        if letter
            && heard.replies
            && let Some((to, send)) = self.owed.add(id, heard.from, heard.send)
        {
            self.asks.push(Down::Reply { to, send, reply: None });
        }
    }

    fn record_deliver(&mut self, deliver: Deliver, quiet: bool, body: &[u8]) {
        let event = Event::Deliver(deliver);
        if quiet {
            self.record.quietly(&event);
        } else {
            self.record.event(&event, [("body", shown(body))]);
        }
    }

    fn hear_stable(&mut self, send: SendId) {
        if let Some(own) = self.groups.own.remove(&send) {
            self.stable(&show_lwg(own.lwg), &own.own);
        }
    }

    fn hear_unstable(&mut self, send: SendId) {
        let own = self.groups.own.remove(&send);
        if own.is_some_and(|own| own.own.flood)
            && let Some(flood) = &mut self.flood
        {
            flood.settled();
        }
    }

    /// Every member has delivered it.
    fn stable(&mut self, group: &str, own: &Own) {
        if own.stable {
            let event = Event::Stable { group: group.into(), msg: own.msg.as_str().into() };
            self.record.event(&event, []);
        }
        if own.flood
            && let Some(flood) = &mut self.flood
        {
            flood.settled();
        }
    }

    fn hear_done(&mut self, lwg: LwgId, operation: Operation, outcome: &Outcome) {
        let (verb, group) = (verb(operation), show_lwg(lwg));
        let written = self.groups.ended(lwg, operation);
        let (done, created) = (*outcome == Outcome::Done, operation == Operation::Create);
        let gone = operation == Operation::Destroy && done || *outcome == Outcome::NoGroup;
        if gone || created && !done {
            self.groups.is_over(lwg);
        }
        let why = match outcome {
            Outcome::Done | Outcome::NothingToDo => {
                let done = if created { "created" } else { "done" };
                let fields = json!({ "do": verb, "lwg": written, "group": group });
                return self.record.tell(done, fields);
            }
            Outcome::NoGroup => "no such group here, or it is destroyed".to_owned(),
            Outcome::NoPlace => "no core group of that set holds the members".to_owned(),
            Outcome::Again => "it moved or lost its core group meanwhile; ask again".to_owned(),
            Outcome::Missing(who) => {
                let who: Vec<_> = who.iter().map(|who| self.horus.show(*who)).collect();
                format!("could not be had: {}", who.join(", "))
            }
        };
        let again = *outcome == Outcome::Again;
        let what = format!("{verb} {written}: {why}");
        let fields = json!({ "what": what, "do": verb, "lwg": written, "group": group,
                             "again": again });
        self.record.tell("error", fields);
    }

    fn hear_out(&mut self, lwg: LwgId, why: lwg::Why) {
        for own in self.groups.take_own(lwg) {
            self.give_up(&own.own, own.delivered);
        }
        self.end_flood(Target::Light(lwg), OUT);
        self.groups.out(lwg);
        self.alarms.set(lwg, None);
        let reason = match why {
            lwg::Why::Removed => "removed",
            lwg::Why::Destroyed => "destroyed",
            lwg::Why::CoreLeft => "core_left",
        };
        let event = Event::Left { group: show_lwg(lwg).into(), reason: Some(reason.into()) };
        self.record.event(&event, []);
    }

    /// Nothing more will be told of an own message.
    fn give_up(&mut self, own: &Own, delivered: bool) {
        if !delivered {
            self.record.event(&Event::SendFail { msg: own.msg.as_str().into() }, []);
        }
    }

    fn end_flood(&mut self, target: Target, why: &str) {
        if let Some(flood) = self.flood.take_if(|flood| flood.target == target) {
            let what = format!("the flood has ended with {flood}: {why}");
            self.record.tell("error", json!({ "do": "flood", "what": what }));
        }
    }

    fn hear_core(&mut self, core: vsync::Up) {
        match core {
            vsync::Up::Met { peer } => {
                self.record.tell("met", json!({ "process": self.horus.book().show(peer) }));
            }
            vsync::Up::Lost { peer } => {
                self.record.tell("lost", json!({ "process": self.horus.book().show(peer) }));
            }
            vsync::Up::Refused { peer, versions: (lowest, highest) } => {
                let peer = self.horus.book().show(peer);
                self.record.error(format!(
                    "{peer} speaks versions {lowest} to {highest} of the transport, of which this \
                     process speaks none: update the older of the two"
                ));
            }
            vsync::Up::View(view) => self.hear_core_view(*view),
            vsync::Up::Cast { group, from, seq, order, safe, message } => {
                self.hear_cast((group, from, seq), (order, safe), &message);
            }
            vsync::Up::Stable { group, from, below } if from == self.horus.me() => {
                let Some(core) = self.groups.cores.get_mut(&group) else { return };
                let rest = core.unstable.split_off(&below);
                for own in std::mem::replace(&mut core.unstable, rest).into_values() {
                    self.stable(&show_core(group), &own);
                }
            }
            vsync::Up::Asks { group, who, ticket } => self.hear_asks(group, who, &ticket),
            vsync::Up::Merged { group, sides } => self.hear_merged(group, &sides),
            vsync::Up::Out { group, why } => self.hear_core_out(group, why),
            vsync::Up::Fault { group, fault } => self.hear_fault(group, &fault),
            vsync::Up::Stable { .. }
            | vsync::Up::Send { .. }
            | vsync::Up::Room { .. }
            | vsync::Up::Closing { .. } => {}
        }
    }

    fn hear_core_view(&mut self, view: vsync::View) {
        let (id, group) = (view.group, show_core(view.group));
        let event = history::View {
            group: group.as_str().into(),
            view: show_core_view(view.id, self.horus.book()).into(),
            members: self.all(&view.members),
            transitional: Some(self.all(&view.transitional)),
            primary: view.primary,
            ..history::View::default()
        };
        let called = self.groups.cores.get(&id).and_then(Core::called);
        self.record.event(&Event::View(Box::new(event)), called);
        if self.leaving.is_some() {
            self.asks.push(Down::Core(vsync::Down::Leave { group: view.group }));
        }
        let core = self.groups.cores.entry(view.group).or_default();
        core.view = Some(view);
        // Who came along has delivered all of the old view; of the others nobody knows.
        for own in std::mem::take(&mut core.unstable).into_values() {
            self.stable(&group, &Own { stable: false, ..own });
        }
        for own in self.groups.take_delivered(id) {
            self.stable(&group, &Own { stable: false, ..own.own });
        }
    }

    fn hear_cast(
        &mut self,
        (group, from, seq): (vsync::GroupId, Endpoint, u64),
        (order, safe): (lwg::Order, bool),
        message: &lwg::Message,
    ) {
        let Ok(envelope) = Envelope::open(message) else { return };
        let Some(core) = self.groups.cores.get_mut(&group) else { return };
        let view = core.view.as_ref().map(|view| view.id);
        if from == self.horus.me()
            && let Some(at) = core.undelivered.iter().position(|own| own.msg == envelope.id)
            && let Some(own) = core.undelivered.remove(at)
        {
            core.unstable.insert(seq, own);
        }
        let deliver = Deliver {
            view: view.map(|view| show_core_view(view, self.horus.book()).into()),
            h: Some(format!("{:016x}", hash(message.body())).into()),
            order: Some(spell(order)),
            safe: safe.then_some(true),
            ..Deliver::new(show_core(group), envelope.id.as_str(), self.horus.show(from))
        };
        self.casts.add(&envelope.id);
        self.record_deliver(deliver, envelope.quiet, message.body());
    }

    /// What could not be left in time ends here all the same: the others will find that it is gone.
    pub(crate) fn end_memberships(&mut self) {
        for (lwg, asked) in self.groups.take_operations() {
            let (verb, written) = (verb(asked.operation), asked.written);
            let what = format!("{verb} {written}: this process ends before it has ended");
            let group = show_lwg(lwg);
            let fields = json!({ "what": what, "do": verb, "lwg": written, "group": group });
            self.record.tell("error", fields);
        }
        for (lwg, light) in std::mem::take(&mut self.groups.lights) {
            for own in self.groups.take_own(lwg) {
                self.give_up(&own.own, own.delivered);
            }
            drop(light);
            let event = Event::Left { group: show_lwg(lwg).into(), reason: Some("ended".into()) };
            self.record.event(&event, []);
        }
        for (group, core) in std::mem::take(&mut self.groups.cores) {
            core.undelivered.iter().for_each(|own| self.give_up(own, false));
            let group = show_core(group).into();
            self.record.event(&Event::Left { group, reason: Some("ended".into()) }, []);
        }
    }

    fn hear_core_out(&mut self, group: vsync::GroupId, why: vsync::Why) {
        let Some(core) = self.groups.cores.remove(&group) else { return };
        core.undelivered.iter().for_each(|own| self.give_up(own, false));
        self.end_flood(Target::Core(group), OUT);
        let reason = match why {
            vsync::Why::Left => "left",
            vsync::Why::NotFound => "not_found",
            vsync::Why::Denied(_) => "denied",
        };
        let event = Event::Left { group: show_core(group).into(), reason: Some(reason.into()) };
        let why = match why {
            vsync::Why::Left => None,
            vsync::Why::NotFound => Some(self.not_let_in(core.contact)),
            vsync::Why::Denied(denial) => Some(denial.say()),
        };
        let why = why.map(|why| ("why", why.into()));
        self.record.event(&event, core.called().into_iter().chain(why));
        self.leave_more();
    }

    /// What is known of why nobody has let this process in.
    fn not_let_in(&self, contact: Option<Endpoint>) -> String {
        let Some(contact) = contact else {
            let met = self.horus.counters().wait().unwrap_or_default();
            return match met.get("muts.links") {
                Some(0) => "nobody else was met".into(),
                Some(met) => {
                    format!("of the {met} that were met nobody is in it: `found` starts it")
                }
                None => "of those that were met nobody is in it: `found` starts it".into(),
            };
        };
        let shown = self.horus.show(contact);
        match self.horus.hears(contact).wait() {
            Ok(Some(true)) => format!("{shown} is heard, and is not in it: ask one that is"),
            Ok(Some(false)) => format!("{shown} is not heard: ask another, or nobody by name"),
            _ => format!("{shown} is not in it, or is not reached: ask another"),
        }
    }

    /// A multicast was refused: the oldest of those that are on their way, since what was cast in
    /// the view before came with that.
    fn hear_refused(&mut self, group: vsync::GroupId) {
        let core = self.groups.cores.get_mut(&group);
        let Some(own) = core.and_then(|core| core.undelivered.pop_front()) else { return };
        self.give_up(&own, false);
        let name = show_core(group);
        let what = format!("{name}: {NOT_PRIMARY}");
        let fields = json!({ "do": "cast", "what": what, "group": name, "msg": own.msg });
        self.record.tell("error", fields);
        if own.flood {
            self.end_flood(Target::Core(group), NOT_PRIMARY);
        }
    }

    fn hear_fault(&mut self, group: vsync::GroupId, fault: &vsync::Fault) {
        let name = show_core(group);
        let why = match fault {
            vsync::Fault::NotIn => "this process is not in it".to_owned(),
            vsync::Fault::AlreadyIn => "this process is in it already, or joins it".to_owned(),
            vsync::Fault::NotPrimary => return self.hear_refused(group),
            vsync::Fault::TooLong => "a message that is too long: send it in parts".to_owned(),
            vsync::Fault::TooMany => "more members than a view can hold".to_owned(),
            vsync::Fault::Denied(denial) => {
                format!("another side of it does not let this one in: {}", denial.say())
            }
            vsync::Fault::Excluded { by, charge, .. } => {
                let (book, by) = (self.horus.book(), self.horus.book().show(*by));
                let charge = charge.say(&|proc| book.show(proc));
                format!("the others went on without this process, says {by}: {charge}")
            }
            vsync::Fault::Missing(who) => {
                let who: Vec<_> = who.iter().map(|who| self.horus.book().show(*who)).collect();
                format!("did not come: {}", who.join(", "))
            }
        };
        self.record.tell("error", json!({ "what": format!("{name}: {why}"), "group": name }));
    }

    fn all(&self, members: &[Endpoint]) -> Vec<history::Id> {
        members.iter().map(|member| self.horus.show(*member).into()).collect()
    }
}
