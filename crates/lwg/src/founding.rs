//! Founding: where creates and adds wait until a core group can hold their members.
//!
//! A create is placed by its creator if that is in the group and a core group fits, or the group is
//! to have one alone; otherwise the lowest member is asked, and serves all who want a core group of
//! the same set, so that two do not found one each (protocol 6.5).

use alloc::vec::Vec;

use muts::{Instant, Message, ProcId};
use vsync::{Core, Endpoint, GroupId};

use crate::group::Ask;
use crate::groups::Groups;
use crate::header::{Op, SILENT, What};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::interface::{Operation, Outcome, Up};
use crate::letter::Letter;
use crate::limits::{ASKED, PLACED_AGAIN_MAX};
use crate::placing::{Create, Stage, Timer};
use crate::policy::{EXACT, NEW, PINNED, Place, Policy, SUPERSET};
use crate::queue::Queue;
use crate::sets::SetId;
use crate::traits::Traits;

impl<C: Core, P: Policy> Groups<C, P> {
    /// A create of this process, or of one that asks it to place the group.
    pub(crate) fn create(
        &mut self,
        named: (LwgId, SetId),
        members: (Members, Traits),
        asker: Option<Endpoint>,
    ) {
        self.create_at(named, members, asker, None);
    }

    fn create_at(
        &mut self,
        (lwg, set): (LwgId, SetId),
        (members, traits): (Members, Traits),
        asker: Option<Endpoint>,
        on: Option<GroupId>,
    ) {
        let known = self.here.find(lwg).is_some() || self.placing.creates.contains_key(&lwg);
        if known || members.is_empty() || self.placing.is_full() {
            let outcome =
                if self.placing.is_full() { Outcome::Again } else { Outcome::NothingToDo };
            return self.tell_outcome(lwg, asker, outcome);
        }
        let deadline = self.here.now + ASKED;
        let create = Create {
            set,
            members,
            traits,
            asker,
            stage: Stage::Sent(GroupId::default()),
            deadline,
            rule: NEW,
            held: Queue::default(),
            refused: false,
            again: 0,
        };
        self.placing.creates.insert(lwg, create);
        match on {
            Some(core) => self.send_create(lwg, core, PINNED),
            None => self.place(lwg),
        }
    }

    /// The same on a core group that the user names.
    pub(crate) fn create_on(
        &mut self,
        lwg: LwgId,
        core: GroupId,
        (members, traits): (Members, Traits),
    ) {
        let number = self.numbers.get(&core).copied();
        let strangers = number.map(|number| self.strangers(number, &members));
        let strangers = strangers.unwrap_or_else(|| members.clone());
        if strangers.is_empty() {
            self.create_at((lwg, SetId::of(core)), (members, traits), None, Some(core));
        } else {
            self.tell_outcome(lwg, None, Outcome::missing(strangers));
        }
    }

    /// Finds a place for a group that is being created.
    pub(crate) fn place(&mut self, lwg: LwgId) {
        let Some(create) = self.placing.creates.get(&lwg) else { return };
        let mut sorted = create.members.clone();
        sorted.sort_unstable();
        let inside = sorted.contains(&self.here.me);
        match self.sets.place(create.set, &sorted) {
            Place::Exact(group) => self.send_create(lwg, group, EXACT),
            Place::Superset(group, extras) => {
                let rule = u8::try_from(extras).unwrap_or(u8::MAX).saturating_add(SUPERSET);
                self.send_create(lwg, group, rule);
            }
            Place::Alone if inside => self.found(lwg, sorted, false),
            Place::New if sorted.first() == Some(&self.here.me) => self.found(lwg, sorted, true),
            Place::New | Place::Alone if create.asker.is_none() => self.ask_lowest(lwg, sorted[0]),
            Place::New | Place::Alone => {
                self.end_create(lwg, Outcome::missing(sorted));
            }
            Place::Nowhere => self.end_create(lwg, Outcome::NoPlace),
        }
    }

    fn ask_lowest(&mut self, lwg: LwgId, lowest: Endpoint) {
        let Some(create) = self.placing.creates.get_mut(&lwg) else { return };
        create.stage = Stage::Asked(lowest);
        create.deadline = self.here.now + ASKED;
        self.placing.timers.insert((create.deadline, Timer::Create(lwg)));
        let (set, members, traits) = (create.set, create.members.clone(), create.traits);
        let letter = Letter::Place { lwg, set, members, traits };
        self.send_letter(lowest, &letter, Message::default());
    }

    fn found(&mut self, lwg: LwgId, sorted: Members, shared: bool) {
        let Some(create) = self.placing.creates.get(&lwg) else { return };
        let group = self.found_group(create.set, sorted, shared);
        let deadline = self.here.now + ASKED;
        if let Some(create) = self.placing.creates.get_mut(&lwg) {
            create.stage = Stage::Founding(group);
            create.deadline = deadline;
            create.rule = NEW;
            self.placing.timers.insert((deadline, Timer::Create(lwg)));
        }
    }

    /// Founds a core group of a set, or waits for the same one with others.
    pub(crate) fn found_group(&mut self, set: SetId, sorted: Members, shared: bool) -> GroupId {
        let key = (set, sorted);
        if let Some(known) = self.placing.by_members.get(&key).filter(|_| shared) {
            return *known;
        }
        let group = self.mint(set, key.1.len());
        let members = key.1.iter().map(|member| member.proc).collect();
        self.ask_below(vsync::Down::Found { group, members });
        self.here.counters.founded += 1;
        if shared {
            self.placing.by_members.insert(key.clone(), group);
        }
        self.placing.foundings.insert(group, key.1);
        group
    }

    fn send_create(&mut self, lwg: LwgId, group: GroupId, rule: u8) {
        let number = self.next_op();
        let Some(create) = self.placing.creates.get_mut(&lwg) else { return };
        create.stage = Stage::Sent(group);
        create.rule = rule;
        let op = Op { number, lwg, what: What::Create(create.members.clone(), create.traits) };
        let core = self.numbers.get(&group).copied();
        let Some(core) = core.and_then(|core| self.cores[core as usize].as_mut()) else {
            return self.end_create(lwg, Outcome::Again);
        };
        // A create is never handed back later: the limit on creates bounds these.
        core.queue.push_back(Ask::Op(op));
        let core = core.number();
        self.note(core);
    }

    /// A view of a managed core group: who waited for it goes on.
    pub(crate) fn placing_view(&mut self, core: CoreNumber, group: GroupId) {
        self.moves_founded(group, true);
        if let Some(members) = self.placing.foundings.remove(&group) {
            self.placing.by_members.remove(&(SetId::of(group), members));
            let waits = |create: &Create| create.stage == Stage::Founding(group);
            let creates = self.placing.creates.iter().filter(|(_, create)| waits(create));
            for lwg in creates.map(|(lwg, _)| *lwg).collect::<Vec<_>>() {
                let strangers = self.strangers(core, &self.placing.creates[&lwg].members);
                if strangers.is_empty() {
                    self.send_create(lwg, group, NEW);
                } else {
                    self.end_create(lwg, Outcome::missing(strangers));
                }
            }
        }
        for lwg in self.placing.adds_on(core) {
            let What::Add(members) = &self.placing.adds[&lwg].op.what else { continue };
            if self.strangers(core, members).is_empty()
                && let Some(add) = self.placing.take_add(lwg)
            {
                if let Some(core) = self.cores[core as usize].as_mut() {
                    core.queue.push_back(Ask::Op(add.op));
                }
                self.go_on(add.behind);
            }
        }
    }

    pub(crate) fn strangers(&self, core: CoreNumber, members: &[Endpoint]) -> Members {
        let core = self.cores[core as usize].as_ref();
        core.map_or_else(|| members.into(), |core| core.strangers(members))
    }

    /// An own operation has ended.
    pub(crate) fn ended(&mut self, op: &Op, outcome: Outcome) {
        if let What::Enter(_) = op.what {
            self.here.entering.remove(&op.lwg);
        }
        if op.number & SILENT != 0 {
            return;
        }
        match op.what {
            What::Create(..) if self.placing.creates.contains_key(&op.lwg) => {
                if !self.place_again(op.lwg, &outcome) {
                    self.end_create(op.lwg, outcome);
                }
            }
            What::Adopt => self.adopted(op.lwg, &outcome),
            What::Switch(..) => self.switched(op.lwg, outcome),
            What::Release | What::Ready(_) | What::Enter(_) | What::Absent => {}
            _ => self.here.tell_done(op, outcome),
        }
    }

    /// Its core group has lost some of the members: another may hold them, or be made.
    fn place_again(&mut self, lwg: LwgId, outcome: &Outcome) -> bool {
        let Some(create) = self.placing.creates.get_mut(&lwg) else { return false };
        let again = matches!(outcome, Outcome::Missing(_))
            && create.rule != PINNED
            && create.again < PLACED_AGAIN_MAX;
        if again {
            create.again += 1;
            self.place(lwg);
        }
        again
    }

    fn end_create(&mut self, lwg: LwgId, outcome: Outcome) {
        let Some(create) = self.placing.creates.remove(&lwg) else { return };
        if outcome == Outcome::Done
            && let Some((_, slot)) = self.here.find(lwg)
            && create.asker.is_none()
        {
            self.here.table.entry_mut(slot).rule = create.rule;
        }
        self.tell_outcome(lwg, create.asker, outcome);
        self.release(lwg, create.held, create.refused);
    }

    /// What was held for a create goes to the group, or is refused if there is none.
    fn release(&mut self, lwg: LwgId, held: Queue, refused: bool) {
        let known = if held.is_empty() { None } else { self.here.find(lwg) };
        for ask in held {
            match known.and_then(|(core, _)| self.cores[core as usize].as_mut()) {
                Some(core) => {
                    core.queue.push_back(ask);
                }
                None => self.refuse(ask),
            }
        }
        if let Some((core, _)) = known {
            self.note(core);
        }
        if refused {
            self.here.told.push_back(Up::Room { lwg });
        }
    }

    /// A group has come to be known here: if it was created elsewhere for this process, what is
    /// held for it can go.
    pub(crate) fn known(&mut self, lwg: LwgId) {
        let Some(create) = self.placing.creates.get_mut(&lwg) else { return };
        let (held, refused) = (core::mem::take(&mut create.held), create.refused);
        create.refused = false;
        match create.stage {
            Stage::Sent(_) | Stage::Founding(_) => create.held = held,
            Stage::Asked(_) => self.release(lwg, held, refused),
            Stage::Done => {
                self.placing.creates.remove(&lwg);
                self.release(lwg, held, refused);
            }
        }
    }

    /// The member that was asked to place a group says how it ended.
    pub(crate) fn on_placed(&mut self, from: Endpoint, lwg: LwgId, outcome: Outcome) {
        let Some(create) = self.placing.creates.get_mut(&lwg) else { return };
        if create.stage != Stage::Asked(from) {
            return;
        }
        let inside = create.members.contains(&self.here.me);
        if outcome == Outcome::Done && inside && self.here.find(lwg).is_none() {
            create.stage = Stage::Done;
            create.deadline = self.here.now + ASKED;
            self.placing.timers.insert((create.deadline, Timer::Create(lwg)));
            let operation = Operation::Create;
            self.here.told.push_back(Up::Done { lwg, operation, outcome });
        } else {
            self.end_create(lwg, outcome);
        }
    }

    /// A founding came to nothing.
    pub(crate) fn founding_failed(&mut self, group: GroupId) {
        self.moves_founded(group, false);
        let Some(members) = self.placing.foundings.remove(&group) else { return };
        self.placing.by_members.retain(|_, founding| *founding != group);
        let waits = |create: &Create| create.stage == Stage::Founding(group);
        let creates = self.placing.creates.iter().filter(|(_, create)| waits(create));
        for lwg in creates.map(|(lwg, _)| *lwg).collect::<Vec<_>>() {
            self.end_create(lwg, Outcome::missing(members.clone()));
        }
    }

    /// A process is over: it will place nothing.
    pub(crate) fn placing_lost(&mut self, peer: ProcId) {
        let asks = |create: &Create| match create.stage {
            Stage::Asked(lowest) if lowest.proc == peer => Some(lowest),
            _ => None,
        };
        let creates = self.placing.creates.iter();
        let lost: Vec<_> =
            creates.filter_map(|(lwg, create)| Some((*lwg, asks(create)?))).collect();
        for (lwg, lowest) in lost {
            self.end_create(lwg, Outcome::missing(Members::from_slice(&[lowest])));
        }
        self.here.replies.lose_through(peer, &mut self.here.told);
    }

    /// Ends what has waited too long.
    pub(crate) fn placing_wake(&mut self) {
        while let Some(&(at, timer)) = self.placing.timers.first() {
            if at > self.here.now {
                return;
            }
            self.placing.timers.pop_first();
            match timer {
                Timer::Create(lwg) => self.expire_create(lwg, at),
                Timer::Add(lwg, number) => self.expire_add(lwg, number),
                Timer::Through(send) => self.ask_after(send),
            }
        }
    }

    fn expire_create(&mut self, lwg: LwgId, at: Instant) {
        let Some(create) = self.placing.creates.get(&lwg) else { return };
        if create.deadline != at {
            return;
        }
        match create.stage {
            Stage::Asked(lowest) => {
                self.end_create(lwg, Outcome::missing(Members::from_slice(&[lowest])));
            }
            Stage::Founding(group) => self.founding_failed(group),
            Stage::Done => {
                if let Some(create) = self.placing.creates.remove(&lwg) {
                    self.release(lwg, create.held, create.refused);
                }
            }
            Stage::Sent(_) => {}
        }
    }

    pub(crate) fn tell_outcome(&mut self, lwg: LwgId, asker: Option<Endpoint>, outcome: Outcome) {
        match asker {
            None => {
                let operation = Operation::Create;
                self.here.told.push_back(Up::Done { lwg, operation, outcome });
            }
            Some(asker) => {
                let letter = Letter::Placed { lwg, outcome };
                self.send_letter(asker, &letter, Message::default());
            }
        }
    }

    /// An ask for a group that is not known and not being created here.
    pub(crate) fn refuse(&mut self, ask: Ask) {
        match ask {
            Ask::Op(op) => self.ended(&op, Outcome::NoGroup),
            Ask::Send(post) => self.here.refuse_send(&post),
        }
    }
}
