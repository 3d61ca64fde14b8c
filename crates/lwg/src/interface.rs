//! Down and Up of the light-weight groups: Table 1 of the paper.
//!
//! Seven of its nine calls are asks; receive and get_next_reply are things told.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Layer, Message};
use vsync::{Endpoint, GroupId, How, Order};

use crate::id::{LwgId, Members, SendId};
use crate::sets::SetId;
use crate::traits::Traits;
use crate::view::{View, ViewId};

/// What may be asked. Everything pipelines: the asker mints the names.
#[derive(Debug, Clone)]
pub enum Down {
    /// lwg_create: makes a group of these members on a core group of the default set. `Done` tells
    /// the outcome; every member is told its view.
    Create {
        /// Its name.
        lwg: LwgId,
        /// Its members; the creator need not be one.
        members: Members,
    },
    /// The same on a core group of that set, placed as its policy says.
    CreateIn {
        /// The set.
        set: SetId,
        /// Its name.
        lwg: LwgId,
        /// Its members.
        members: Members,
    },
    /// The same, of a group that is not plain.
    CreateWith {
        /// The set.
        set: SetId,
        /// Its name.
        lwg: LwgId,
        /// Its members.
        members: Members,
        /// What it is.
        traits: Traits,
    },
    /// The same on this core group, whatever any policy says: it must hold the members.
    CreateOn {
        /// The core group; this process is in it.
        core: GroupId,
        /// Its name.
        lwg: LwgId,
        /// Its members.
        members: Box<Members>,
    },
    /// Moves a group that this process is in to another core group that holds all its members.
    /// `Done` tells when that is agreed upon; the group's next view is there. No send is refused
    /// meanwhile.
    Move {
        /// The group.
        lwg: LwgId,
        /// The core group.
        to: GroupId,
    },
    /// Starts a core group of a set by hand: its name comes from [`SetId::core`]. `Core` tells its
    /// view, or who could not be had.
    FoundCore {
        /// The core group.
        core: GroupId,
        /// Its members; the founder is one, whether listed or not.
        members: Members,
    },
    /// lwg_add: members that are in already are passed over. Who is not in the core group is
    /// invited into it first.
    Add {
        /// The group.
        lwg: LwgId,
        /// Whom.
        members: Members,
    },
    /// lwg_remove: leaving is removing oneself.
    Remove {
        /// The group.
        lwg: LwgId,
        /// Whom.
        members: Members,
    },
    /// lwg_destroy.
    Destroy {
        /// The group.
        lwg: LwgId,
    },
    /// lwg_send: multicasts to the group's present view, sender included. Sends made while a view
    /// changes wait here and go out in the next view; handed back only if too much waits, or if a
    /// member does not take what it is told ([`Down::Choke`]). What is longer than
    /// `limits::MESSAGE_BYTES_MAX` goes nowhere.
    Send {
        /// The group.
        lwg: LwgId,
        /// Its name; unique among this process's sends.
        send: SendId,
        /// Its order, and how sure its delivery is to be. Whom it is for is this floor's to say
        /// (`How::to`). A GBCAST waits for other core groups also if it is `independent`; in a
        /// relaxed group it has a place among ABCASTs and no more.
        how: How,
        /// Whether replies are wanted: then `Reply`s follow, and `Answered` once every member that
        /// was told, this one too, has said or declined its own or is lost.
        replies: bool,
        /// The message.
        message: Message,
    },
    /// lwg_send to some members: those of them that are in the view that it goes out in. Who sends
    /// is told it only if listed; the others are told nothing of it. When its sender is lost, it
    /// may come without what that sent before to others, or to all.
    SendTo {
        /// The group.
        lwg: LwgId,
        /// Whom it is for.
        to: Box<Members>,
        /// Its name; unique among this process's sends.
        send: SendId,
        /// As in [`Down::Send`].
        how: How,
        /// Whether replies are wanted: of those that it is for.
        replies: bool,
        /// The message.
        message: Message,
    },
    /// lwg_send from outside an open group (`Traits::open`), by way of a member: told as from this
    /// process, in that member's order, not in the order of what this process sends itself before
    /// or after. `Answered` ends it, also where no replies are wanted; it names the member as lost
    /// if that could not pass it on. Handed back if much waits for the member already.
    SendThrough {
        /// The group.
        lwg: LwgId,
        /// The member.
        member: Endpoint,
        /// Its name; unique among this process's sends.
        send: SendId,
        /// As in [`Down::Send`]: its order and whether it is safe; the rest is the member's.
        how: How,
        /// Whether replies are wanted.
        replies: bool,
        /// The message.
        message: Message,
    },
    /// lwg_reply: answers a message that was told; none declines to answer. Once per message.
    /// Handed back if much waits for that process already; [`Up::RoomTo`] follows.
    Reply {
        /// Who asked.
        to: Endpoint,
        /// The asker's name of the message.
        send: SendId,
        /// The answer; none declines.
        reply: Option<Message>,
    },
    /// lwg_discard_replies: no more are wanted.
    Discard {
        /// The send.
        send: SendId,
    },
    /// More of a group's messages lie untaken above this floor than there is room for, or no
    /// longer. Members are told: what they would multicast to this group, or tell this process in
    /// it, is handed back to them until all take again. What is on its way comes still: of each
    /// member a window, and what waits below it. Other groups go on.
    Choke {
        /// The group.
        lwg: LwgId,
        /// Whether; said again, it does nothing.
        choked: bool,
    },
    /// Sends to one member alone: reliable, FIFO per pair, no order against multicasts. Handed back
    /// if much waits for that process already, or if it does not take what it is told of the group.
    Tell {
        /// The group that it is about.
        lwg: LwgId,
        /// To whom.
        to: Endpoint,
        /// The message.
        message: Message,
    },
    /// A core group of the user's own, or an introduction: passed to the kernel. The core groups of
    /// the default set can only be left: the process is out of every light-weight group on them.
    Core(vsync::Down),
}

/// What may be told, in one order that means something.
#[derive(Debug, Clone)]
pub enum Up {
    /// A light-weight group has a new view here.
    View(Box<View>),
    /// lwg_receive: a multicast, in the view told last of that group.
    Message {
        /// The group.
        lwg: LwgId,
        /// The view it was sent and is told in.
        view: ViewId,
        /// Who sent it; one's own are told too. A process outside the view if the group is open.
        from: Endpoint,
        /// Its sender's name for it: with `from`, what a `Reply` needs.
        send: SendId,
        /// Its order.
        order: Order,
        /// Whether every member of the view is known to have it: only if it was sent so.
        safe: bool,
        /// Whether its sender wants replies.
        replies: bool,
        /// The message.
        message: Message,
    },
    /// lwg_get_next_reply: one answer to an own send.
    Reply {
        /// The send.
        send: SendId,
        /// Who answers.
        from: Endpoint,
        /// The answer.
        message: Message,
    },
    /// No more answers: every member of the view of delivery has replied, declined or is lost.
    Answered {
        /// The send.
        send: SendId,
        /// Who will never reply: lost to a core view, or out of reach.
        lost: Vec<Endpoint>,
        /// Who has said that it will not.
        declined: Vec<Endpoint>,
    },
    /// A message to this process alone.
    Told {
        /// The group that it is about.
        lwg: LwgId,
        /// Who sent it.
        from: Endpoint,
        /// The message.
        message: Message,
    },
    /// Every member of the view that it was sent in has delivered this own send.
    Stable {
        /// The send.
        send: SendId,
    },
    /// Whether that is so of this own send will not be known: a core view has lost a member that
    /// had not said so, or this process is out of the group.
    Unstable {
        /// The send.
        send: SendId,
    },
    /// An own `Create`, `Add`, `Remove`, `Destroy` or `Move` is carried out or refused at its place
    /// among the operations on that group, or certain to be: told as soon as it is on its way, if
    /// nothing but what others ask at the same time can come before it. A view follows where it
    /// changes one, and what is sent after this is sent in that view. Of several who add or remove
    /// the same at the same time each may be told that it did. Who is added to a group that has
    /// moved or lost members may be in a part of it elsewhere: then this comes when all of them
    /// have entered, or with those who did not, as [`Outcome::Missing`].
    Done {
        /// The group.
        lwg: LwgId,
        /// Which of them: those of one kind on one group end in the order in which they were asked.
        operation: Operation,
        /// How it ended.
        outcome: Outcome,
    },
    /// A group of which something was handed back can take it again.
    Room {
        /// The group.
        lwg: LwgId,
    },
    /// A reply to that process was handed back, and can be taken again.
    RoomTo {
        /// The process.
        to: Endpoint,
    },
    /// This process is no longer in the group.
    Out {
        /// The group.
        lwg: LwgId,
        /// Why.
        why: Why,
    },
    /// About core groups, those of the sets included: views of all, the rest of the user's own.
    Core(vsync::Up),
}

/// What is done to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// It is made, wherever.
    Create,
    /// Members come in.
    Add,
    /// Members go out.
    Remove,
    /// It is no more.
    Destroy,
    /// It goes to another core group.
    Move,
}

/// How an operation on a group ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out, at its place in the total order.
    Done,
    /// No such group here, or it is destroyed.
    NoGroup,
    /// It was so already.
    NothingToDo,
    /// These could not be had: not met, over, in a part of the group elsewhere, or they did not
    /// come into the core group in time.
    Missing(Box<Members>),
    /// The set's policy has no place for it: its core groups are managed by hand, or too many.
    NoPlace,
    /// It may be asked again: the group moved, or its core group was lost, and nothing was changed.
    Again,
}

impl Outcome {
    /// These could not be had.
    pub(crate) fn missing(members: Members) -> Self {
        Self::Missing(Box::new(members))
    }
}

/// Why a process is no longer in a light-weight group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was removed, by itself or another member.
    Removed,
    /// The group was destroyed.
    Destroyed,
    /// The process left the core group.
    CoreLeft,
}

/// What comes by the million takes as much room as the longest there is. Up to here a compiler
/// moves it in place; calls that moved 144 bytes were a tenth of what a message cost a receiver.
const MOVED_IN_PLACE: usize = 128;
const _: () = assert!(size_of::<Up>() <= MOVED_IN_PLACE && size_of::<Down>() <= MOVED_IN_PLACE);

/// The name of this face: light-weight groups, wherever they are kept.
pub trait Light: Layer<Down = Down, Up = Up> {}

impl<T: Layer<Down = Down, Up = Up>> Light for T {}
