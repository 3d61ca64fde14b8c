//! Replies: what others may still be answered, and what is still to be taken from them.

use std::collections::{BTreeMap, VecDeque};

use horus::{Endpoint, SendId};

use super::limits::REPLIES_KEPT_MAX;

/// Messages of others that want replies, by their ids.
#[derive(Default)]
pub(crate) struct Owed {
    owed: BTreeMap<String, (Endpoint, SendId)>,
    age: VecDeque<String>,
}

impl Owed {
    /// A message that may be answered; the oldest is given up if there are too many.
    pub(crate) fn add(
        &mut self,
        id: String,
        from: Endpoint,
        send: SendId,
    ) -> Option<(Endpoint, SendId)> {
        self.owed.insert(id.clone(), (from, send));
        self.age.push_back(id);
        if self.age.len() <= REPLIES_KEPT_MAX {
            return None;
        }
        self.age.pop_front().and_then(|oldest| self.owed.remove(&oldest))
    }

    /// To whom an answer goes; once a message.
    pub(crate) fn take(&mut self, id: &str) -> Option<(Endpoint, SendId)> {
        self.owed.remove(id)
    }
}

/// One reply that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Its id.
    pub(crate) id: String,
    /// Who gave it.
    pub(crate) from: Endpoint,
    /// What it says.
    pub(crate) body: bytes::Bytes,
}

/// What is told of an own message's replies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The next one.
    Reply(Reply),
    /// All that were asked for, or there are no more; the first will never reply, the second have
    /// declined, as far as that is known.
    Answered(Vec<Endpoint>, Vec<Endpoint>),
}

#[derive(Default)]
struct Own {
    msg: String,
    came: VecDeque<Reply>,
    /// Nobody is left who could reply.
    over: Option<(Vec<Endpoint>, Vec<Endpoint>)>,
    /// How many are wanted still, of each time that some were asked for.
    wanted: VecDeque<usize>,
}

/// Own messages whose replies may still be taken.
#[derive(Default)]
pub(crate) struct Awaited {
    own: BTreeMap<SendId, Own>,
    ids: BTreeMap<String, SendId>,
}

impl Awaited {
    /// An own message that may be answered; the oldest is given up if there are too many.
    pub(crate) fn add(&mut self, send: SendId, msg: &str) -> Option<SendId> {
        self.ids.insert(msg.to_owned(), send);
        self.own.insert(send, Own { msg: msg.to_owned(), ..Own::default() });
        if self.own.len() <= REPLIES_KEPT_MAX {
            return None;
        }
        let (oldest, own) = self.own.pop_first()?;
        self.ids.remove(&own.msg);
        Some(oldest)
    }

    /// So many more are wanted; none if there is no such message.
    pub(crate) fn want(&mut self, msg: &str, count: Option<usize>) -> Option<SendId> {
        let send = *self.ids.get(msg)?;
        let own = self.own.get_mut(&send)?;
        own.wanted.push_back(count.unwrap_or(usize::MAX));
        Some(send)
    }

    /// No more are wanted.
    pub(crate) fn discard(&mut self, msg: &str) -> Option<SendId> {
        let send = self.ids.remove(msg)?;
        self.own.remove(&send);
        Some(send)
    }

    /// A reply came; after a discard it is dropped.
    pub(crate) fn came(&mut self, send: SendId, reply: Reply) {
        if let Some(own) = self.own.get_mut(&send) {
            own.came.push_back(reply);
        }
    }

    /// No more will come.
    pub(crate) fn over(&mut self, send: SendId, lost: Vec<Endpoint>, declined: Vec<Endpoint>) {
        if let Some(own) = self.own.get_mut(&send) {
            own.over = Some((lost, declined));
        }
    }

    /// The next thing wanted that is here, with the id of the message.
    pub(crate) fn take(&mut self, send: SendId) -> Option<(String, Taken)> {
        let own = self.own.get_mut(&send)?;
        let wanted = own.wanted.front_mut()?;
        if *wanted > 0
            && let Some(reply) = own.came.pop_front()
        {
            // All that come are wanted: no number to run out.
            if *wanted != usize::MAX {
                *wanted -= 1;
            }
            return Some((own.msg.clone(), Taken::Reply(reply)));
        }
        let enough = *wanted == 0;
        if !enough && own.over.is_none() {
            return None;
        }
        own.wanted.pop_front();
        let (msg, (lost, declined)) = (own.msg.clone(), own.over.clone().unwrap_or_default());
        if !enough && own.wanted.is_empty() {
            self.own.remove(&send);
            self.ids.remove(&msg);
        }
        Some((msg, Taken::Answered(lost, declined)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(id: &str) -> Reply {
        let id = id.to_owned();
        Reply { id, from: Endpoint::default(), body: bytes::Bytes::new() }
    }

    #[test]
    fn replies_wait_until_they_are_wanted_and_answered_comes_last() {
        let (mut awaited, send) = (Awaited::default(), SendId(1));
        awaited.add(send, "m");
        awaited.came(send, reply("r1"));
        awaited.came(send, reply("r2"));
        let declined = vec![Endpoint::default()];
        awaited.over(send, Vec::new(), declined.clone());
        assert_eq!(awaited.take(send), None);
        assert_eq!(awaited.want("m", Some(1)), Some(send));
        assert_eq!(awaited.take(send), Some(("m".into(), Taken::Reply(reply("r1")))));
        let enough = Taken::Answered(Vec::new(), declined.clone());
        assert_eq!(awaited.take(send), Some(("m".into(), enough)));
        assert_eq!(awaited.take(send), None);
        awaited.want("m", None);
        assert_eq!(awaited.take(send), Some(("m".into(), Taken::Reply(reply("r2")))));
        let end = Taken::Answered(Vec::new(), declined);
        assert_eq!(awaited.take(send), Some(("m".into(), end)));
        assert_eq!(awaited.want("m", None), None);
    }

    #[test]
    fn each_time_that_some_are_asked_for_is_answered_by_itself() {
        let (mut awaited, send) = (Awaited::default(), SendId(1));
        awaited.add(send, "m");
        ["r1", "r2"].into_iter().for_each(|id| awaited.came(send, reply(id)));
        for count in [Some(1), Some(2), None] {
            awaited.want("m", count);
        }
        let told = |awaited: &mut Awaited| match awaited.take(send)?.1 {
            Taken::Reply(reply) => Some(reply.id),
            Taken::Answered(lost, _) => Some(format!("{} lost", lost.len())),
        };
        assert_eq!(told(&mut awaited).as_deref(), Some("r1"));
        assert_eq!(told(&mut awaited).as_deref(), Some("0 lost"), "nobody is known to be lost yet");
        assert_eq!(told(&mut awaited).as_deref(), Some("r2"));
        assert_eq!(told(&mut awaited), None);
        awaited.over(send, vec![Endpoint::default()], Vec::new());
        assert_eq!(told(&mut awaited).as_deref(), Some("1 lost"));
        assert_eq!(told(&mut awaited).as_deref(), Some("1 lost"));
        assert_eq!(told(&mut awaited), None);
    }

    #[test]
    fn after_a_discard_nothing_more_is_taken() {
        let (mut awaited, send) = (Awaited::default(), SendId(1));
        awaited.add(send, "m");
        awaited.want("m", None);
        awaited.discard("m");
        awaited.came(send, reply("r1"));
        assert_eq!(awaited.take(send), None);
    }
}
