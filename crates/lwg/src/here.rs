//! What belongs to this process rather than to one of its core groups.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use muts::Instant;
use vsync::{Choked, Endpoint, GroupId, Message, Order};

use crate::counters::Counters;
use crate::data::Data;
use crate::header::{Op, What};
use crate::id::LwgId;
use crate::interface::{Operation, Outcome, Up, Why};
use crate::letter::Letter;
use crate::limits::KNOWN_MAX;
use crate::moving::Arriving;
use crate::passing::Passing;
use crate::replies::Replies;
use crate::table::{Slot, Table};
use crate::told::Told;
use crate::view::View;

/// Which of this process's core groups: a small number, reused.
pub(crate) type CoreNumber = u32;

/// What core groups share at one process.
pub(crate) struct Here {
    pub(crate) me: Endpoint,
    /// Groups brought up to date in one call where that can wait.
    pub(crate) at_once: usize,
    /// The creator in the names that this process mints.
    mint: u64,
    pub(crate) now: Instant,
    /// What is told to the floor above, in the one order that means something.
    pub(crate) told: Told,
    /// Every group known here, whichever core group it is on.
    pub(crate) table: Table,
    pub(crate) replies: Replies,
    pub(crate) counters: Counters,
    /// Multicasts of others that this process has passed on.
    pub(crate) passing: Passing,
    /// Groups of which somebody does not take what it is told.
    pub(crate) choked: Choked<LwgId>,
    /// Groups of this process that have left one core group and are not on the next yet.
    pub(crate) arriving: BTreeMap<LwgId, Arriving>,
    /// Where others wait for this process to come with a group, and it may: of present views alone.
    pub(crate) hoped: BTreeSet<(LwgId, CoreNumber)>,
    /// The last number of groups that this process is out of, the last ones.
    pub(crate) known: BTreeMap<LwgId, u64>,
    known_age: VecDeque<LwgId>,
    /// Groups that this process has been asked into and has said it enters, each with where.
    pub(crate) entering: BTreeMap<LwgId, CoreNumber>,
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
    /// This process is wanted in a relaxed group, or out of it.
    Called { lwg: LwgId, comes: bool },
    /// A group of this process has left its core group.
    Departed { lwg: LwgId },
    /// A group of this process has come to another core group.
    Arrived { lwg: LwgId },
    /// A group is here and elsewhere, or in two places elsewhere: parts of it moved apart.
    Elsewhere { lwg: LwgId, to: GroupId },
    /// Others wait for this process to come with a group: perhaps it does not, or not any more.
    Hoped { lwg: LwgId },
    /// This process is asked into a group that has moved: it may be in it elsewhere.
    Asked { lwg: LwgId, core: CoreNumber },
    /// A group that has moved was destroyed in another part.
    Doomed { lwg: LwgId },
    /// Something is to be said to one process.
    Say { to: Endpoint, letter: Letter },
    /// All leave this core group: it is of no more use.
    Closed { core: GroupId },
}

impl Here {
    pub(crate) fn new(me: Endpoint, at_once: usize) -> Self {
        Self {
            me,
            at_once,
            mint: LwgId::minted(me, 0).creator,
            now: Instant::ZERO,
            told: Told::default(),
            table: Table::default(),
            replies: Replies::default(),
            counters: Counters::default(),
            passing: Passing::default(),
            choked: Choked::default(),
            arriving: BTreeMap::new(),
            entering: BTreeMap::new(),
            hoped: BTreeSet::new(),
            known: BTreeMap::new(),
            known_age: VecDeque::new(),
            asides: VecDeque::new(),
        }
    }

    /// Whether anything was found out that others here must know.
    pub(crate) fn has_news(&self) -> bool {
        !self.asides.is_empty()
            || !self.replies.letters.is_empty()
            || !self.passing.letters.is_empty()
    }

    /// What became of multicasts by way of others is said.
    pub(crate) fn gather_letters(&mut self) {
        let letters = self.replies.letters.drain(..).chain(self.passing.letters.drain(..));
        self.asides.extend(letters.map(|(to, letter)| Aside::Say { to, letter }));
    }

    /// A group has a new view here.
    pub(crate) fn tell_view(&mut self, view: View) {
        self.counters.views_told += 1;
        let lwg = view.lwg;
        // Who choked it may not be in it any more.
        let free = self.choked.is_refused(lwg) && !self.choked.is_by(lwg, &view.members);
        self.told.push_back(Up::View(Box::new(view)));
        if free {
            self.unchoke(lwg);
        }
    }

    /// An own operation has ended; nothing is told of one that no user asked for.
    pub(crate) fn tell_done(&mut self, op: &Op, outcome: Outcome) {
        let operation = match op.what {
            What::Create(..) => Operation::Create,
            What::Add(_) => Operation::Add,
            What::Remove(_) => Operation::Remove,
            What::Destroy => Operation::Destroy,
            _ => return,
        };
        self.told.push_back(Up::Done { lwg: op.lwg, operation, outcome });
    }

    /// A multicast of a group is told.
    pub(crate) fn tell_message(
        &mut self,
        (from, data): (Endpoint, &Data),
        (order, safe): (Order, bool),
        message: Message,
    ) {
        let Data { lwg, view, send, replies, outside, meant, .. } = *data;
        if !self.choked.is_empty() {
            self.tell_choked(lwg, from);
        }
        let (from, order) = (outside.unwrap_or(from), meant.unwrap_or(order));
        self.counters.messages_told += 1;
        self.told.push_back(Up::Message { lwg, view, from, send, order, safe, replies, message });
    }

    /// Whether an operation makes a group that only this process can have named.
    pub(crate) fn is_own_create(&self, op: &Op) -> bool {
        matches!(op.what, What::Create(..)) && op.lwg.creator == self.mint
    }

    /// This process is out of a group, having known views up to this number.
    pub(crate) fn tell_out(&mut self, lwg: LwgId, why: Why, number: u64) {
        self.told.push_back(Up::Out { lwg, why });
        self.look_at_hopes(lwg);
        self.forget_choked(lwg);
        // Who may come back to it elsewhere says what it has known: also of one that was destroyed,
        // perhaps only here.
        if self.known.insert(lwg, number).is_none() {
            self.known_age.push_back(lwg);
            if self.known_age.len() > KNOWN_MAX
                && let Some(oldest) = self.known_age.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }

    /// Where a group of this process is, or how often it has moved, has changed.
    pub(crate) fn look_at_hopes(&mut self, lwg: LwgId) {
        if self.hoped.range((lwg, 0)..=(lwg, CoreNumber::MAX)).next().is_some() {
            self.asides.push_back(Aside::Hoped { lwg });
        }
    }

    /// This process is out of a core group, and perhaps of what it was about to be told there.
    pub(crate) fn look_at_all_hopes(&mut self) {
        self.asides.extend(self.hoped.iter().map(|(lwg, _)| Aside::Hoped { lwg: *lwg }));
    }

    /// The core group and place of a group, if it is known here.
    pub(crate) fn find(&self, lwg: LwgId) -> Option<(CoreNumber, Slot)> {
        if let Some(home) = self.table.home(lwg) {
            return Some(home);
        }
        // Of several the one that this process is in.
        let mut homes = self.table.homes(lwg);
        let mut best = homes.next()?;
        let rank = |&(core, slot): &(CoreNumber, Slot)| {
            (!self.table.members(slot).contains(&self.me), core)
        };
        for other in homes {
            if rank(&other) < rank(&best) {
                best = other;
            }
        }
        Some(best)
    }
}
