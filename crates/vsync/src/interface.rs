//! Down and Up of the kernel: its whole system-call table.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Address, Layer, Message, NodeId, ProcId};

use crate::endpoint::{Endpoint, GroupId};
use crate::grounds::Charge;
use crate::how::How;
use crate::order::Order;
use crate::terms::{Denial, Terms};
use crate::view::{View, ViewId};

/// What the kernel may be asked.
#[derive(Debug, Clone)]
pub enum Down {
    /// Introduces a node by where it listens.
    Meet {
        /// The node.
        node: NodeId,
        /// Where it listens.
        address: Address,
    },
    /// This process ends: whoever was met is told, so that it need not be missed. In order, after
    /// leaving every group; what is asked after that is of no use to anybody.
    Farewell,
    /// Starts a core group. The others are invited; the first view lists all who came, the founder
    /// first, and is told once all are in or the patience of `limits` has passed. Who did not come
    /// is told by [`Up::Fault`] with [`Fault::Missing`].
    Found {
        /// Its name.
        group: GroupId,
        /// The members; the founder is one, whether listed or not.
        members: Vec<ProcId>,
    },
    /// Joins a core group, asking this process, or every process met so far, until it is in.
    Join {
        /// The group.
        group: GroupId,
        /// Whom to ask.
        contact: Option<ProcId>,
    },
    /// Invites processes into a group that the asker is in: they join without having asked. Of
    /// more than a view can hold at a time none is invited ([`Fault::TooMany`]).
    Invite {
        /// The group.
        group: GroupId,
        /// Whom to invite.
        members: Vec<ProcId>,
    },
    /// Leaves a core group: `Up::Out` follows, with everything owed delivered before it. A GBCAST
    /// asked for after it is told by [`Fault::NotIn`] and dropped.
    Leave {
        /// The group.
        group: GroupId,
    },
    /// Multicasts to the group's present view, sender included. Handed back as `Full` while a
    /// flush runs, the window is full, a member does not take what it is told ([`Down::Choke`]), or
    /// the group is still being joined; `Up::Room` follows. What is too long is dropped, and told
    /// by [`Fault::TooLong`].
    Cast {
        /// The group.
        group: GroupId,
        /// Its order, and what else is asked of it.
        how: How,
        /// The message.
        message: Message,
    },
    /// The answer to [`Up::Closing`]: nothing more is cast before the next view or `Up::Room`.
    Closed {
        /// The group.
        group: GroupId,
    },
    /// What is to hold in a group, said before it is founded or joined; said again, the newest
    /// counts.
    Terms {
        /// The group.
        group: GroupId,
        /// What.
        terms: Terms,
    },
    /// Answers [`Up::Asks`].
    Answer {
        /// The group.
        group: GroupId,
        /// Who asked to come in.
        who: ProcId,
        /// The reason why not, if it may not.
        denied: Option<u16>,
    },
    /// What stands for the state of this process in the group now: where sides of the group become
    /// one, each tells what its coordinator said last ([`Up::Merged`]).
    Digest {
        /// The group.
        group: GroupId,
        /// Any number: equal states, equal numbers.
        digest: u64,
    },
    /// More of a group's messages lie untaken above the kernel than there is room for, or no
    /// longer. Members are told: what they would multicast there is handed back to them until all
    /// take again. What is on its way comes still: a window of each member. Other groups go on.
    Choke {
        /// The group.
        group: GroupId,
        /// Whether; said again, it does nothing.
        choked: bool,
    },
    /// Sends to one process: reliable, FIFO per pair; no order against multicasts. What is sent to
    /// a process that is over is lost in silence: its loss is told by views.
    Send {
        /// To whom.
        to: Endpoint,
        /// The message.
        message: Message,
    },
}

/// What the kernel may tell.
#[derive(Debug, Clone)]
pub enum Up {
    /// A process has been met; see `muts::Up::Met`.
    Met {
        /// Which.
        peer: ProcId,
    },
    /// A process is over: it has said farewell, or another incarnation of its node was met. Views
    /// without it follow.
    Lost {
        /// Which.
        peer: ProcId,
    },
    /// A process called that speaks no version of the transport that is spoken here; see
    /// `muts::Up::Refused`.
    Refused {
        /// Who.
        peer: ProcId,
        /// The lowest and the highest version that it speaks.
        versions: (u8, u8),
    },
    /// Sides of the group become one: the next view is made of these.
    Merged {
        /// The group.
        group: GroupId,
        /// Each side; the coordinator's first.
        sides: Vec<Side>,
    },
    /// Somebody asks to come in, and the terms of this coordinator leave it to its user.
    Asks {
        /// The group.
        group: GroupId,
        /// Who.
        who: ProcId,
        /// What it shows.
        ticket: Vec<u8>,
    },
    /// The group has a new view. All messages told before it belong to the view before.
    View(Box<View>),
    /// A multicast, in the view told last (S2).
    Cast {
        /// The group.
        group: GroupId,
        /// Who sent it; one's own are told too.
        from: Endpoint,
        /// Its position in its sender's stream of this view; grows, with gaps, but for
        /// [`Order::Unordered`] and [`Order::Global`], which have their places in it, not in time.
        seq: u64,
        /// Its order.
        order: Order,
        /// Whether every member of the view is known to have it, as its sender asked for.
        safe: bool,
        /// The message.
        message: Message,
    },
    /// A message to this process alone.
    Send {
        /// Who sent it.
        from: Endpoint,
        /// The message.
        message: Message,
    },
    /// Every member of the present view has delivered this sender's messages below that position,
    /// or holds them and delivers them before anything of the next view. Not told any more of a
    /// view that ends without some of its members, nor of a GBCAST with which a view ends.
    Stable {
        /// The group.
        group: GroupId,
        /// Whose messages.
        from: Endpoint,
        /// The first position not known stable.
        below: u64,
    },
    /// A group that handed back a `Cast` can take one again.
    Room {
        /// The group.
        group: GroupId,
    },
    /// The view is about to change; told only if the kernel asks first (`Config::asks_first`). It
    /// does not go on until [`Down::Closed`] is said; a view or `Up::Room` follows.
    Closing {
        /// The group.
        group: GroupId,
    },
    /// This process is no longer in the group; nothing more of it follows.
    Out {
        /// The group.
        group: GroupId,
        /// Why.
        why: Why,
    },
    /// An ask that could not be carried out.
    Fault {
        /// The group.
        group: GroupId,
        /// What was wrong.
        fault: Fault,
    },
}

/// One side of a group that becomes one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The view that it comes from.
    pub view: ViewId,
    /// Its members, by rank.
    pub members: Vec<Endpoint>,
    /// What its coordinator has said of its state last.
    pub digest: Option<u64>,
}

/// Why a process is no longer in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It asked to leave.
    Left,
    /// The join found nobody to let it in.
    NotFound,
    /// It was not let in.
    Denied(Denial),
}

/// What was wrong with an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not in that group.
    NotIn,
    /// Already in that group, or joining it.
    AlreadyIn,
    /// These did not come when a group was founded or grown: not reachable, or refused.
    Missing(Vec<ProcId>),
    /// Over the limit on members of a view.
    TooMany,
    /// Longer than `limits::CAST_BYTES_MAX` with all headers: the multicast was dropped.
    TooLong,
    /// The others went on without this process, for what spoke against it there. Its own view
    /// without them was told, or is, and the sides become one again where they can. Told once for
    /// each view, when any of those is heard that decided it.
    Excluded {
        /// The view that they left it in.
        view: ViewId,
        /// Who says so.
        by: ProcId,
        /// Why.
        charge: Charge,
    },
    /// Another side of the group does not let this one in: the two stay apart. Told once by each
    /// coordinator that refuses.
    Denied(Denial),
    /// The view is not primary and the group's terms refuse multicasts in such: the multicast was
    /// dropped. Send again in a view that is.
    NotPrimary,
}

/// The name of this face: the group kernel, or a door to one.
pub trait Core: Layer<Down = Down, Up = Up> {}

impl<T: Layer<Down = Down, Up = Up>> Core for T {}
