//! Moves: what this process has started to move, and what has to find its way afterwards.
//!
//! A member that is in both core groups has the new one reserved (ADOPT), then asks the old one
//! (SWITCH), and gives the reservation back if that comes to nothing. It may die at any point: what
//! was not switched has not moved, and what was switched needs it no more (protocol 6.6).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::{Core, GroupId};

use crate::group::{Ask, Destination};
use crate::groups::Groups;
use crate::header::{Op, SILENT, What};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::interface::{Operation, Outcome, Up, Why};
use crate::limits::MOVES_MAX;
use crate::outgoing::Urgent;
use crate::policy::{GATHERED, Policy};

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Moves {
    own: BTreeMap<LwgId, Move>,
}

struct Move {
    from: CoreNumber,
    to: GroupId,
    members: Members,
    stage: Stage,
    rule: u8,
    /// Whether the user wants to know.
    asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The new core group's first view is awaited.
    Founding,
    Adopting,
    Switching,
}

impl Moves {
    /// Whether a group is to leave that core group, or to come to it.
    pub(crate) fn concerns(&self, core: GroupId, number: CoreNumber) -> bool {
        self.own.values().any(|this| this.from == number || this.to == core)
    }

    /// Whether this process moves that group already.
    pub(crate) fn is_moving(&self, lwg: LwgId) -> bool {
        self.own.contains_key(&lwg)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.own.len() >= MOVES_MAX
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.own.len()
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Begins to move a group to a core group that there is, or that is being founded.
    pub(crate) fn start_move(&mut self, lwg: LwgId, to: GroupId, rule: u8, asked: bool) {
        if let Err(outcome) = self.begin_move(lwg, to, rule, asked)
            && asked
        {
            let operation = Operation::Move;
            self.here.told.push_back(Up::Done { lwg, operation, outcome });
        }
    }

    fn begin_move(
        &mut self,
        lwg: LwgId,
        to: GroupId,
        rule: u8,
        asked: bool,
    ) -> Result<(), Outcome> {
        let (from, _) = self.here.find(lwg).ok_or(Outcome::NoGroup)?;
        if self.moves.own.contains_key(&lwg) || self.moves.is_full() {
            return Err(Outcome::Again);
        }
        let Some(core) = self.cores[from as usize].as_mut() else { return Err(Outcome::NoGroup) };
        let slot = core.directory.find(&mut self.here, lwg).ok_or(Outcome::NoGroup)?;
        let members = core.agreed(&self.here, slot).0;
        if core.id() == to {
            return Err(Outcome::NothingToDo);
        }
        if !members.contains(&self.here.me) {
            return Err(Outcome::NoGroup);
        }
        if rule != GATHERED && !core.can_move(&self.here, slot) {
            return Err(Outcome::NoPlace);
        }
        let stage = if self.numbers.contains_key(&to) { Stage::Adopting } else { Stage::Founding };
        if stage == Stage::Founding && !self.placing.is_founding(to) {
            return Err(Outcome::missing(members));
        }
        let this = Move { from, to, members, stage, rule, asked };
        self.moves.own.insert(lwg, this);
        self.here.counters.moves += 1;
        if stage == Stage::Adopting {
            self.adopt(lwg);
        }
        Ok(())
    }

    /// The new core group is there: it is to be reserved.
    fn adopt(&mut self, lwg: LwgId) {
        let Some(this) = self.moves.own.get_mut(&lwg) else { return };
        this.stage = Stage::Adopting;
        let (to, members) = (this.to, this.members.clone());
        let strangers = match self.numbers.get(&to) {
            Some(&number) => self.strangers(number, &members),
            None => members,
        };
        if strangers.is_empty() {
            self.operate_on(to, lwg, What::Adopt);
        } else {
            self.end_move(lwg, Outcome::missing(strangers));
        }
    }

    fn operate_on(&mut self, core: GroupId, lwg: LwgId, what: What) {
        let number = self.next_op();
        let Some(&core) = self.numbers.get(&core) else { return };
        if let Some(core) = self.cores[core as usize].as_mut() {
            core.queue.push_back(Ask::Op(Op { number, lwg, what }));
        }
        self.note(core);
    }

    /// A founding has come to an end: a view, or nothing.
    pub(crate) fn moves_founded(&mut self, core: GroupId, there: bool) {
        let waits = |this: &Move| this.to == core && this.stage == Stage::Founding;
        let waiting = self.moves.own.iter().filter(|(_, this)| waits(this));
        for lwg in waiting.map(|(lwg, _)| *lwg).collect::<Vec<_>>() {
            if there {
                self.adopt(lwg);
            } else {
                self.end_move(lwg, Outcome::Again);
            }
        }
    }

    /// The new core group is reserved, or will not be.
    pub(crate) fn adopted(&mut self, lwg: LwgId, outcome: &Outcome) {
        let Some(this) = self.moves.own.get_mut(&lwg) else { return };
        if *outcome != Outcome::Done {
            return self.end_move(lwg, Outcome::Again);
        }
        this.stage = Stage::Switching;
        let (from, to, rule, members) = (this.from, this.to, this.rule, this.members.clone());
        let home = self.here.find(lwg).filter(|(core, _)| *core == from);
        let known = self.numbers.get(&to).copied();
        let strangers = known.map(|core| self.strangers(core, &members));
        match (home, strangers) {
            (Some((_, slot)), Some(strangers)) if strangers.is_empty() => {
                let generation = self.here.table.generation(slot).next();
                let to = Destination { core: to, generation, rule };
                let number = self.next_op();
                let op = Op { number, lwg, what: What::Switch(to, members) };
                if let Some(core) = self.cores[from as usize].as_mut() {
                    core.queue.push_back(Ask::Op(op));
                }
                self.note(from);
            }
            _ => self.end_move(lwg, Outcome::Again),
        }
    }

    /// The old core group has decided.
    pub(crate) fn switched(&mut self, lwg: LwgId, outcome: Outcome) {
        self.end_move(lwg, outcome);
    }

    fn end_move(&mut self, lwg: LwgId, outcome: Outcome) {
        let Some(this) = self.moves.own.remove(&lwg) else { return };
        if outcome != Outcome::Done && this.stage == Stage::Switching {
            self.operate_on(this.to, lwg, What::Release);
        }
        if this.asked {
            let operation = Operation::Move;
            self.here.told.push_back(Up::Done { lwg, operation, outcome });
        }
    }

    /// This process is out of a core group: what was to leave it or to come to it does not.
    pub(crate) fn moves_out(&mut self, number: CoreNumber, core: GroupId) {
        let ends = |this: &Move| this.from == number || this.to == core;
        let ended = self.moves.own.iter().filter(|(_, this)| ends(this));
        for lwg in ended.map(|(lwg, _)| *lwg).collect::<Vec<_>>() {
            self.end_move(lwg, Outcome::Again);
        }
    }

    /// A group of this process has left its core group: it says READY at the next.
    pub(crate) fn departed(&mut self, lwg: LwgId) {
        let number = self.next_op();
        let Some(arriving) = self.here.arriving.get_mut(&lwg) else { return };
        if !self.numbers.contains_key(&arriving.to.core) {
            arriving.stay(self.here.me);
        }
        let (to, what) = (arriving.to.core, arriving.ready());
        let core = self.numbers.get(&to).copied();
        match core.and_then(|core| self.cores[core as usize].as_mut()) {
            Some(core) => {
                core.urgent.push_back(Urgent::Op(Op { number, lwg, what }));
                let core = core.number();
                self.note(core);
            }
            // It is out of the one and not in the other.
            None => self.here.lose_arriving(lwg, Why::CoreLeft),
        }
    }

    /// An own operation came too late where its group was: it goes where that is now.
    pub(crate) fn follow(&mut self, op: Op) {
        if let What::Switch(..) = op.what {
            return self.switched(op.lwg, Outcome::Again);
        }
        if let What::Enter(_) = op.what {
            // Asked again by nobody: it asks itself where the group is now.
            self.here.entering.remove(&op.lwg);
            if let Some((core, _)) = self.here.find(op.lwg) {
                self.asked_in(op.lwg, core);
            }
            return;
        }
        let home = self.here.find(op.lwg);
        if let Some((core, slot)) = home
            && let Some(core) = self.cores[core as usize].as_mut()
            && let Some(motion) = core.directory.motions.get_mut(&slot)
            && motion.changes.back().is_some_and(|change| change.to.is_some())
        {
            // It goes along, before what waits for it.
            return motion.held.insert(op);
        }
        if let Some(arriving) = self.here.arriving.get_mut(&op.lwg) {
            return arriving.follow(op);
        }
        if home.is_none() {
            return self.ended(&op, Outcome::Again);
        }
        if let Err(ask) = self.ask(Ask::Op(op)) {
            self.here.refuse(ask);
            self.settle_asides();
        }
    }

    /// A group that has moved was destroyed in another part: dead in one, dead in all.
    pub(crate) fn doom(&mut self, lwg: LwgId) {
        if self.is_lowest_of(lwg)
            && let Some((core, _)) = self.here.find(lwg)
        {
            self.operate_silently(core, lwg, What::Destroy);
        }
    }

    pub(crate) fn operate_silently(&mut self, core: CoreNumber, lwg: LwgId, what: What) {
        let number = self.next_op() | SILENT;
        if let Some(core) = self.cores[core as usize].as_mut() {
            core.queue.push_back(Ask::Op(Op { number, lwg, what }));
        }
        self.note(core);
    }

    /// A core group has a new view: what is said in every view is said.
    pub(crate) fn say_again(&mut self, group: GroupId) {
        for lwg in self.here.arriving_at(group) {
            self.departed(lwg);
        }
        self.gather_sooner();
    }

    /// Whether this process is the lowest member of a group.
    pub(crate) fn is_lowest_of(&self, lwg: LwgId) -> bool {
        let home = self.here.find(lwg);
        let members = home.map(|(_, slot)| self.here.table.members(slot));
        members.is_some_and(|members| members.iter().min() == Some(&self.here.me))
    }
}
