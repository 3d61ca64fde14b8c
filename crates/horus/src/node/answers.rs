//! Answers: replies given and taken, and what the replicas have to say.

use horus::history::Event;
use horus::{Endpoint, LwgId, SendId};
use lwg::Down;
use serde_json::json;
use tools::{Answer, Digest, Tool as _};

use super::carry::Stop;
use super::envelope::Envelope;
use super::names::{show_light_view, show_lwg};
use super::record::shown;
use super::replies::{Reply, Taken};
use super::run::Node;

impl Node {
    /// Answers a delivered message.
    pub(crate) fn reply(
        &mut self,
        msg: &str,
        reply: Option<String>,
        body: String,
    ) -> Result<(), Stop> {
        if let Some(id) = &reply {
            self.reply_ids.look(id)?;
        }
        let Some((to, send)) = self.owed.take(msg) else {
            return Err(Stop::Wrong(if self.casts.has(msg) {
                format!("`{msg}` was a `cast` in a core group: replies are to what `send` sends")
            } else {
                format!(
                    "no message `{msg}` waits for a reply of this process: none was delivered \
                     here, or it has been answered"
                )
            }));
        };
        let id = match reply {
            Some(id) => {
                self.reply_ids.use_up(&id);
                id
            }
            None => self.reply_ids.make(),
        };
        self.answer((to, send), msg, &id, body);
        Ok(())
    }

    fn answer(&mut self, (to, send): (Endpoint, SendId), msg: &str, id: &str, body: String) {
        self.record.event(&Event::Reply { msg: msg.into(), reply: id.into() }, []);
        let reply = Some(Envelope::seal(id, false, body.into_bytes()));
        self.asks.push(Down::Reply { to, send, reply });
    }

    /// Takes replies that came and that will come.
    pub(crate) fn want_replies(&mut self, msg: &str, count: Option<usize>) -> Result<(), Stop> {
        let Some(send) = self.awaited.want(msg, count) else {
            return Err(Stop::Wrong(format!("no own message `{msg}` has replies to take")));
        };
        self.take_replies(send);
        Ok(())
    }

    /// Wants no more replies.
    pub(crate) fn discard(&mut self, msg: String) -> Result<(), Stop> {
        let Some(send) = self.awaited.discard(&msg) else {
            return Err(Stop::Wrong(format!("no own message `{msg}` has replies to take")));
        };
        self.record.event(&Event::DiscardReplies { msg: msg.into() }, []);
        self.asks.push(Down::Discard { send });
        Ok(())
    }

    /// A reply came.
    pub(crate) fn hear_reply(&mut self, send: SendId, from: Endpoint, message: lwg::Message) {
        let Ok(envelope) = Envelope::open(&message) else {
            let from = self.horus.show(from);
            return self.record.error(format!("a reply from {from} was not made by a node"));
        };
        self.awaited.came(send, Reply { id: envelope.id, from, body: message.into_body() });
        self.take_replies(send);
    }

    /// Tells what is here and wanted.
    pub(crate) fn take_replies(&mut self, send: SendId) {
        while let Some((msg, taken)) = self.awaited.take(send) {
            match taken {
                Taken::Reply(Reply { id, from, body }) => {
                    let from = self.horus.show(from).into();
                    let event = Event::GotReply { msg: msg.into(), reply: id.into(), from };
                    self.record.event(&event, [("body", shown(&body))]);
                }
                Taken::Answered(lost, declined) => {
                    let shown = |who: &[Endpoint]| -> Vec<String> {
                        who.iter().map(|who| self.horus.show(*who)).collect()
                    };
                    let (lost, declined) = (shown(&lost), shown(&declined));
                    let end = json!({ "msg": msg, "lost": lost, "declined": declined });
                    self.record.tell("answered", end);
                }
            }
        }
    }

    /// What a replica has to say, and whether it wants to be woken.
    pub(crate) fn hear_replica(&mut self, lwg: LwgId) {
        loop {
            let Some(light) = self.groups.lights.get_mut(&lwg) else { return };
            self.alarms.set(lwg, light.replica.deadline());
            let view = light.view.id;
            match light.replica.answer() {
                None => return,
                Some(Answer::Applied { from, send, replies: true, answer: (msg, sha256) }) => {
                    let id = self.reply_ids.make();
                    self.answer((from, send), &msg, &id, sha256);
                }
                Some(Answer::Ready { view: of, digest, donor, at_view }) => {
                    if at_view && of == view {
                        self.record_join_state(lwg, view, digest, donor);
                    }
                    self.tell_received(lwg, donor);
                }
                Some(Answer::Lost { .. }) => {
                    // Who has just come had none to lose.
                    if light.view.previous.is_some() {
                        self.record.tell("state_lost", json!({ "group": show_lwg(lwg) }));
                    }
                    light.replica.revive(&mut self.tool_asks);
                }
                Some(Answer::GaveUp { .. }) => {
                    let what = format!("the document of {} could not be had", show_lwg(lwg));
                    self.record.error(what);
                }
                Some(_) => {}
            }
        }
    }

    fn record_join_state(
        &mut self,
        lwg: LwgId,
        view: lwg::ViewId,
        digest: Digest,
        donor: Endpoint,
    ) {
        let event = Event::JoinState {
            group: show_lwg(lwg).into(),
            digest: digest.to_string().into(),
            view: Some(show_light_view(view).into()),
            from: Some(self.horus.show(donor).into()),
        };
        self.record.event(&event, []);
    }

    /// What document came by state transfer; nothing if none was ever put.
    fn tell_received(&mut self, lwg: LwgId, donor: Endpoint) {
        let Some(light) = self.groups.lights.get(&lwg) else { return };
        let Some(document) = light.replica.state().filter(|held| !held.name.is_empty()) else {
            return;
        };
        let fields = json!({
            "group": show_lwg(lwg),
            "name": document.name,
            "sha256": document.sha256(),
            "bytes": document.content.len(),
            "from": self.horus.show(donor),
        });
        self.record.tell("received", fields);
    }
}
