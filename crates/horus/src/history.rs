//! Histories: what one process saw and did at the API, an event a line, for judges outside.
//!
//! A history is one file per process incarnation, `NAME#INCARNATION.jsonl`, one JSON object a
//! line, in the order in which that process observed or did it:
//!
//! ```json
//! {"ev":"start","proc":"a#1"}
//! {"ev":"view","group":"G","view":"1:a#1","members":["a#1"],"transitional":["a#1"]}
//! {"ev":"send","group":"G","msg":"a#1:1","order":"abcast","h":"9f3c"}
//! {"ev":"deliver","group":"G","msg":"a#1:1","from":"a#1","view":"1:a#1","h":"9f3c"}
//! {"ev":"end"}
//! ```
//!
//! Three rules make one trustworthy. A [`Event::Send`] is written *before* the call that sends,
//! a line at a time and unbuffered ([`Writer`]), so that SIGKILL cannot lose the record of a
//! message that others deliver; a refused call is followed by [`Event::SendFail`]. Everything
//! else is written when the client takes it from the API, in that order. A process that ends
//! well writes [`Event::End`]; one that is killed just stops.
//!
//! A reader forgives exactly one thing: a last line without its newline is a torn write and is
//! ignored. Nothing follows `crash` or `end`. Unknown fields are ignored, unknown events are
//! counted ([`Log::unknown`]), and any
//! other bad line is an input error that names file and line.
//!
//! Keep a history in memory as a [`Log`] or on disk through a [`Writer`]; [`crate::check`]
//! judges both.

mod files;
mod id;

use serde::{Deserialize, Serialize};

pub use files::{Error, Writer, read_dir, read_file};
pub use id::Id;

/// How a message is ordered, as a history spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Reliable, unordered.
    Mbcast,
    /// In the order of its sender.
    Fbcast,
    /// In causal order.
    Cbcast,
    /// In one total order.
    Abcast,
    /// Ordered against every message of the group.
    Gbcast,
}

/// Marks a group that owes less than virtual synchrony (the paper's sensors, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Semantics {
    /// Joins are not ordered: integrity, no duplicates and sender order are owed, no more.
    Relaxed,
}

/// The process installs a view. See [`Event::View`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The group, core or light-weight.
    pub group: Id,
    /// The view's id; begins with its number unless `number` is given.
    pub view: Id,
    /// The members in rank order, each `name#incarnation`.
    pub members: Vec<Id>,
    /// Those who come along from the same previous view, the process itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transitional: Option<Vec<Id>>,
    /// Whether this is a primary view, where the group has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// The number of the view, if its id does not begin with it.
    #[serde(default, rename = "vseq", skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The core group under a light-weight group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<Id>,
    /// The view of the core group in which this one is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_view: Option<Id>,
    /// What the group owes, if less than everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantics: Option<Semantics>,
}

/// A message is about to be sent. See [`Event::Send`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// The group it is sent to.
    pub group: Id,
    /// The client's own id of the message, unique over all groups and processes.
    pub msg: Id,
    /// How it is ordered.
    pub order: Order,
    /// The view it is sent in, if that is known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<Id>,
    /// A hash of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h: Option<Id>,
    /// Whether it may be delivered only when every member has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<bool>,
    /// `false`: it is not delivered to its sender.
    #[serde(default, rename = "self", skip_serializing_if = "Option::is_none")]
    pub to_self: Option<bool>,
    /// `true`: its sender is no member of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<bool>,
}

impl Send {
    /// A send without any of the optional fields.
    pub fn new(group: impl Into<Id>, msg: impl Into<Id>, order: Order) -> Self {
        Send {
            group: group.into(),
            msg: msg.into(),
            order,
            view: None,
            h: None,
            safe: None,
            to_self: None,
            external: None,
        }
    }
}

/// A message is taken from the API. See [`Event::Deliver`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// The group it was sent to.
    pub group: Id,
    /// The sender's id of it.
    pub msg: Id,
    /// Its sender, `name#incarnation`.
    pub from: Id,
    /// The view it is delivered in, if told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<Id>,
    /// A hash of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h: Option<Id>,
    /// How it was ordered, if told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// `true`: the delivery itself promises that every member has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<bool>,
}

impl Deliver {
    /// A delivery without any of the optional fields.
    pub fn new(group: impl Into<Id>, msg: impl Into<Id>, from: impl Into<Id>) -> Self {
        Deliver { group: group.into(), msg: msg.into(), from: from.into(), ..Self::default() }
    }
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub enum Event {
    /// The first line: whose history this is.
    Start {
        /// The process, `name#incarnation`.
        proc: Id,
    },
    /// The process installs a view.
    View(Box<View>),
    /// The process is out: it left, was removed or excluded, or the group was destroyed.
    Left {
        /// The group.
        group: Id,
        /// Why, in a word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Id>,
    },
    /// The process asked to join.
    JoinReq {
        /// The group.
        group: Id,
    },
    /// Written before the call that sends.
    Send(Send),
    /// The API told later in which view a message went out.
    Sent {
        /// The message.
        msg: Id,
        /// The view.
        view: Id,
    },
    /// The API refused a send; the message may or may not arrive.
    SendFail {
        /// The message.
        msg: Id,
    },
    /// A message is taken from the API.
    Deliver(Deliver),
    /// The process was told that every member has the message.
    Stable {
        /// The group.
        group: Id,
        /// The message.
        msg: Id,
    },
    /// Digest of the replicated state at the beginning of the current view, before any of its
    /// messages. At most one a view.
    State {
        /// The group.
        group: Id,
        /// Digest of the state.
        digest: Id,
        /// The view, if not the current one of the log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        view: Option<Id>,
    },
    /// The same at a joiner: the state it got, and from whom.
    JoinState {
        /// The group.
        group: Id,
        /// Digest of the state.
        digest: Id,
        /// The view, if not the current one of the log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        view: Option<Id>,
        /// Who gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Id>,
    },
    /// The process answers a delivered message.
    Reply {
        /// The message answered.
        msg: Id,
        /// The answer's own id, unique.
        reply: Id,
    },
    /// The asker takes an answer.
    GotReply {
        /// The message answered.
        msg: Id,
        /// The answer.
        reply: Id,
        /// Who answered.
        from: Id,
    },
    /// The asker wants no more answers.
    DiscardReplies {
        /// The message whose answers are not wanted.
        msg: Id,
    },
    /// The harness says: faults are over and the promised time to settle has passed.
    Quiesce {
        /// The processes that can reach each other, if not all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        component: Option<Vec<Id>>,
    },
    /// The process was killed here: the last line.
    Crash,
    /// It ended well: the last line.
    End,
    /// An event this reader does not know.
    #[serde(other)]
    Unknown,
}

/// The history of one process incarnation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The process, `name#incarnation`.
    pub proc: Id,
    /// What it saw and did, in its order. Event `i` of a file is its line `i + 1`.
    pub events: Vec<Event>,
    /// How many events were of an unknown kind.
    pub unknown: usize,
    /// Whether a torn last line was ignored.
    pub torn: bool,
}

impl Log {
    /// An empty history of `proc`.
    pub fn new(proc: impl Into<Id>) -> Self {
        Log { proc: proc.into(), ..Self::default() }
    }

    /// Appends an event.
    pub fn push(&mut self, event: Event) {
        self.unknown += usize::from(event == Event::Unknown);
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests;
