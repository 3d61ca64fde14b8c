//! What belongs to this process rather than to one of its core groups.

use alloc::collections::VecDeque;

use muts::Instant;
use vsync::{Endpoint, GroupId};

use crate::counters::Counters;
use crate::header::Op;
use crate::id::LwgId;
use crate::interface::{Outcome, Up};
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
            asides: VecDeque::new(),
        }
    }

    /// The core group and place of a group, if it is known here.
    pub(crate) fn find(&self, lwg: LwgId) -> Option<(CoreNumber, Slot)> {
        self.table.home(lwg)
    }
}
