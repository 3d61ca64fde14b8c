//! Replica: one State, kept equal at every member of one light-weight group by total order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use lwg::{Down, Endpoint, LwgId, Order, SendId, Up, View, ViewId, Why};
use muts::{Instant, Message, Wire};

use crate::digest::Digest;
use crate::state::State;
use crate::tool::{Asks, Tool};

/// What a replica tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<A> {
    /// A command has moved the state. If `replies`, the owner owes one `lwg::Down::Reply` to
    /// (`from`, `send`).
    Applied {
        /// Who proposed it.
        from: Endpoint,
        /// The proposer's name for it.
        send: SendId,
        /// Whether the proposer wants replies.
        replies: bool,
        /// What the state answered.
        answer: A,
    },
    /// The state is here, as of the beginning of this view (or later, after a second attempt in one
    /// view): what was proposed since follows as `Applied`. Not told to those who never lacked it.
    Ready {
        /// The view.
        view: ViewId,
        /// The digest of the state received.
        digest: Digest,
        /// From whom.
        donor: Endpoint,
    },
    /// This member lacks the state, from this view on until `Ready`: it is new, or others had more.
    Lacking {
        /// The view.
        view: ViewId,
    },
    /// Nobody in this view has the state: those who had it are gone. See [`Replica::revive`].
    Lost {
        /// The view.
        view: ViewId,
    },
    /// The state could not be had in this view, in as many attempts as `limits` allows. The next
    /// view tries again.
    GaveUp {
        /// The view.
        view: ViewId,
    },
    /// This process is no longer in the group. The state stays as it was.
    Out {
        /// Why.
        why: Why,
    },
}

/// A state kept equal at every member of one light-weight group.
#[derive(Debug)]
pub struct Replica<S: State> {
    lwg: LwgId,
    me: Endpoint,
    state: S,
    ready: bool,
    view: Option<View>,
    told: VecDeque<Answer<S::Answer>>,
}

impl<S: State> Replica<S> {
    /// A replica at this endpoint, before it is in the group. `state` is what all who are in the
    /// group's first view have agreed to begin with; who comes later receives the group's.
    #[must_use]
    pub fn new(lwg: LwgId, me: Endpoint, state: S) -> Self {
        Self { lwg, me, state, ready: false, view: None, told: VecDeque::new() }
    }

    /// The group.
    #[must_use]
    pub fn lwg(&self) -> LwgId {
        self.lwg
    }

    /// The view it is in; none before the first and after the last.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// The state; none while this member lacks it.
    #[must_use]
    pub fn state(&self) -> Option<&S> {
        self.ready.then_some(&self.state)
    }

    /// The digest of the state, saved for the purpose; none while this member lacks it. Asked right
    /// after a view was heard, it is that of everything before the view and nothing in it.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.state().map(|state| {
            let mut saved = Vec::new();
            state.save(&mut saved);
            Digest::of(&saved)
        })
    }

    /// Proposes a command: `Applied` follows at every member that has or receives the state. `send`
    /// is the proposer's name for it, minted by the application.
    pub fn propose(&self, command: &S::Command, send: SendId, replies: bool, asks: &mut Asks) {
        let mut body = Vec::new();
        command.write(&mut body);
        let message = Message::new(body);
        asks.push(Down::Send { lwg: self.lwg, send, order: Order::Total, replies, message });
    }

    /// After `Lost`: asks the group to go on from what this member has, its initial state if it
    /// never had another. The first to ask in the total order wins.
    pub fn revive(&mut self, asks: &mut Asks) {
        let _ = (asks, self.me);
    }
}

impl<S: State> Tool for Replica<S> {
    type Answer = Answer<S::Answer>;

    fn hear(&mut self, _now: Instant, heard: &Up, _asks: &mut Asks) {
        match heard {
            Up::View(view) if view.lwg == self.lwg => {
                self.ready |= view.previous.is_none() && view.id.counter == 1;
                self.view = Some(view.clone());
            }
            Up::Message { lwg, from, send, replies, message, .. } if *lwg == self.lwg => {
                let Ok(command) = S::Command::read(&mut &message.body()[..]) else { return };
                let answer = self.state.apply(command);
                let applied =
                    Answer::Applied { from: *from, send: *send, replies: *replies, answer };
                self.told.push_back(applied);
            }
            _ => {}
        }
    }

    fn answer(&mut self) -> Option<Self::Answer> {
        self.told.pop_front()
    }

    fn wake(&mut self, _now: Instant, _asks: &mut Asks) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }
}
