//! What a client asks, and how it is written down once the floor has taken it.

use bytes::Bytes;
use lwg::{Down, LwgId, SendId};
use muts::ProcId;
use vsync::{How, Order};

use super::{Client, is_tools};
use crate::diary::Group;
use crate::script::payload::id_of;

/// What is being asked, to be written down if the floor takes it.
#[derive(Debug)]
pub(super) enum Asking {
    Send(LwgId, SendId, How, bool, Bytes),
    Reply(String, String),
    Through(LwgId, SendId, Order, Bytes),
    Discard(SendId),
    Change(LwgId),
    Tell(ProcId),
    Other,
}

impl Client {
    pub(super) fn note(&self, ask: &Down) -> Asking {
        if is_tools(ask) {
            return Asking::Other;
        }
        match ask {
            Down::Send { lwg, send, how, replies, message } => {
                Asking::Send(*lwg, *send, how.clone(), *replies, message.body().clone())
            }
            Down::Reply { reply, .. } => {
                let text = reply.as_ref().map(|reply| String::from_utf8_lossy(reply.body()));
                let parts = text.as_deref().and_then(|text| text.split_once('|'));
                parts.map_or(Asking::Other, |(reply, msg)| {
                    Asking::Reply(msg.to_owned(), reply.to_owned())
                })
            }
            Down::Discard { send } => Asking::Discard(*send),
            Down::Create { lwg, .. }
            | Down::CreateIn { lwg, .. }
            | Down::CreateWith { lwg, .. }
            | Down::CreateOn { lwg, .. }
            | Down::Move { lwg, .. }
            | Down::Add { lwg, .. }
            | Down::Remove { lwg, .. }
            | Down::Destroy { lwg } => Asking::Change(*lwg),
            Down::Tell { to, .. } => Asking::Tell(to.proc),
            Down::SendThrough { lwg, send, how, message, .. } => {
                Asking::Through(*lwg, *send, how.order, message.body().clone())
            }
            Down::Core(_) | Down::FoundCore { .. } | Down::SendTo { .. } | Down::Choke { .. } => {
                Asking::Other
            }
        }
    }

    pub(super) fn took(&mut self) {
        match std::mem::replace(&mut self.asking, Asking::Other) {
            Asking::Send(lwg, send, how, replies, body) => {
                let id = self.diary.text(id_of(&body).expect("made here"));
                self.sends.insert(send, (lwg, id.clone()));
                if replies {
                    self.awaited.insert(send);
                }
                self.diary.send(Group::Light(lwg), &id, (how.order, how.safe), None, &body);
            }
            Asking::Through(lwg, send, order, body) => {
                let id = self.diary.text(id_of(&body).expect("made here"));
                self.sends.insert(send, (lwg, id.clone()));
                self.awaited.insert(send);
                self.diary.send_from_outside(Group::Light(lwg), &id, order, &body);
            }
            Asking::Reply(msg, reply) => self.diary.reply(&msg, &reply),
            Asking::Discard(send) => {
                if self.awaited.remove(&send) {
                    self.discarded.insert(send);
                    let msg = self.sends[&send].1.clone();
                    self.diary.discard_replies(&msg);
                }
            }
            Asking::Change(lwg) => *self.changing.entry(lwg).or_default() += 1,
            Asking::Tell(to) => self.pairs.sent(to),
            Asking::Other => {}
        }
    }
}
