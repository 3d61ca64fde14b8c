//! One light-weight group: its entry in the directory, and what only groups in motion have.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};

use muts::{Malformed, Sink, Wire, read_varint, write_varint};
use vsync::{Endpoint, GroupId, How, Message};

use crate::global::Saying;
use crate::header::Op;
use crate::id::{LwgId, Members, SendId};
use crate::lost::Lost;
use crate::membership::Index;
use crate::queue::Queue;
use crate::table::Slot;
use crate::traits::Marks;
use crate::view::ViewId;

/// What every member of a core group knows of each group on it; small: there may be a million.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) lwg: LwgId,
    /// The installed view.
    pub(crate) id: ViewId,
    /// Its members, and with them its core group.
    pub(crate) membership: Index,
    /// The next entry of this membership, or the next place that is not taken.
    pub(crate) next: Slot,
    /// The one before it.
    pub(crate) previous: Slot,
    /// How far it has followed its membership's log.
    pub(crate) place: u8,
    /// Which rule placed it, if it was placed here.
    pub(crate) rule: u8,
    pub(crate) marks: Marks,
}

/// How often a group has moved to another core group. At one move a second the last is reached in
/// 136 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Generation(pub(crate) u32);

impl Generation {
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Wire for Generation {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, u64::from(self.0));
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        u32::try_from(read_varint(from)?).map(Self).map_err(|_| Malformed)
    }
}

/// Where a group goes, or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) core: GroupId,
    /// Its generation there.
    pub(crate) generation: Generation,
    /// The rule that moves it.
    pub(crate) rule: u8,
}

/// A change of members that is agreed upon and not yet installed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Its number: the counter of the view that it makes.
    pub(crate) number: u64,
    /// A hash of what made it.
    pub(crate) cause: u64,
    /// Whether it unites parts: then its view id depends on the cause alone, and one MARK of each
    /// member is for all such changes.
    pub(crate) unites: bool,
    /// The new members.
    pub(crate) members: Members,
    /// Whose MARK has not come.
    pub(crate) missing: Members,
    /// It does not change members: the group goes to another core group.
    pub(crate) to: Option<Destination>,
    /// It changes nothing: a GBCAST is told where it would.
    pub(crate) saying: Option<Box<Saying>>,
    /// Who comes from another core group, and which closed view each comes from.
    pub(crate) arrivals: BTreeMap<Endpoint, ViewId>,
    /// The group is agreed to have left: these come to none that is here.
    pub(crate) anew: Option<Box<Anew>>,
}

/// What is so of a group that comes to where it is not.
#[derive(Debug, Clone)]
pub(crate) struct Anew {
    pub(crate) id: ViewId,
    pub(crate) generation: Generation,
    pub(crate) rule: u8,
    pub(crate) marks: Marks,
    pub(crate) lost: Lost,
}

impl Change {
    /// Of members, by an operation.
    pub(crate) const fn new(number: u64, cause: u64, members: Members, missing: Members) -> Self {
        let arrivals = BTreeMap::new();
        let (unites, to, saying, anew) = (false, None, None, None);
        Self { number, cause, unites, members, missing, to, saying, arrivals, anew }
    }
}

/// Of a group in motion.
#[derive(Debug, Default)]
pub(crate) struct Motion {
    /// In the agreed order.
    pub(crate) changes: VecDeque<Change>,
    /// Own asks that wait for the last of them.
    pub(crate) held: Queue,
    /// Own operations on their way: what is sent after them goes out in the view they make.
    pub(crate) asked: u32,
}

impl Motion {
    /// Nothing is under way any more.
    pub(crate) fn is_over(&self) -> bool {
        self.changes.is_empty() && self.asked == 0
    }
}

/// A multicast on its way into a core group's stream.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) lwg: LwgId,
    pub(crate) send: SendId,
    pub(crate) how: How,
    pub(crate) replies: bool,
    /// Whom of the view that it goes out in it is for; none: all.
    pub(crate) to: Option<Box<Members>>,
    /// Whose it is, if somebody's outside the group: the name is that one's too.
    pub(crate) outside: Option<Endpoint>,
    pub(crate) message: Message,
}

/// An own ask on its way into a core group's stream.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Op(Op),
    Send(Post),
}

impl Ask {
    pub(crate) fn lwg(&self) -> LwgId {
        match self {
            Self::Op(op) => op.lwg,
            Self::Send(post) => post.lwg,
        }
    }
}

/// Those of `these` that are also among the others.
pub(crate) fn common(these: &[Endpoint], others: &[Endpoint]) -> Members {
    these.iter().copied().filter(|member| others.contains(member)).collect()
}
