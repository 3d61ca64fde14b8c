//! What belongs to this process rather than to one of its core groups.

use alloc::collections::{BTreeMap, VecDeque};

use muts::Instant;
use vsync::{Endpoint, GroupId};

use crate::counters::Counters;
use crate::header::Op;
use crate::id::LwgId;
use crate::interface::{Outcome, Up};
use crate::moving::Arriving;
use crate::replies::Replies;
use crate::table::{Slot, Table};

/// Which of this process's core groups: a small number, reused.
pub(crate) type CoreNumber = u32;

/// What core groups share at one process.
pub(crate) struct Here {
    pub(crate) me: Endpoint,
    pub(crate) now: Instant,
    /// What is told to the floor above, in the one order that means something.
    pub(crate) told: VecDeque<Up>,
    /// Every group known here, whichever core group it is on.
    pub(crate) table: Table,
    pub(crate) replies: Replies,
    pub(crate) counters: Counters,
    /// Groups of this process that have left one core group and are not on the next yet.
    pub(crate) arriving: BTreeMap<LwgId, Arriving>,
    /// What a core group has found out and others here must know.
    pub(crate) asides: VecDeque<Aside>,
}

/// What a core group has found out.
pub(crate) enum Aside {
    /// A group has come to be known here.
    Known { lwg: LwgId, core: CoreNumber },
    /// An own operation has ended.
    Ended { op: Op, outcome: Outcome },
    /// An own create came after CLOSE: it wants another core group.
    Homeless { op: Op },
    /// An own operation came after its group has gone elsewhere.
    Moved { op: Op },
    /// A group of this process has left its core group.
    Departed { lwg: LwgId },
    /// A group of this process has come to another core group.
    Arrived { lwg: LwgId },
    /// A group was moved to this core group by one part and is elsewhere in another.
    Elsewhere { lwg: LwgId, to: GroupId },
    /// A group that has moved was destroyed in another part.
    Doomed { lwg: LwgId },
    /// All leave this core group: it is of no more use.
    Closed { core: GroupId },
}

impl Here {
    pub(crate) fn new(me: Endpoint) -> Self {
        Self {
            me,
            now: Instant::ZERO,
            told: VecDeque::new(),
            table: Table::default(),
            replies: Replies::default(),
            counters: Counters::default(),
            arriving: BTreeMap::new(),
            asides: VecDeque::new(),
        }
    }

    /// The core group and place of a group, if it is known here.
    pub(crate) fn find(&self, lwg: LwgId) -> Option<(CoreNumber, Slot)> {
        self.table.home(lwg)
    }
}
