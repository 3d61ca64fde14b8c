//! Groups: the floor. Routes asks and news between the user, the core groups and the kernel.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::{Counted, Full, Guard, Guarded, Instant, Layer, Message, Packet, Transmit};
use vsync::{Core, Endpoint, GroupId};

use crate::core_group::CoreGroup;
use crate::core_set::CoreSet;
use crate::founding::{Placing, asked};
use crate::group::Ask;
use crate::header::{Header, Letter, Op, What};
use crate::here::{Aside, CoreNumber, Here};
use crate::id::{LwgId, Members, SendId};
use crate::interface::{Down, Outcome, Up};
use crate::limits::SWEEP_MAX;
use crate::membership::distinct;
use crate::policy::{Policy, Smallest, why};

/// Settings of [`Groups`].
#[derive(Debug, Clone)]
pub struct Config {
    /// The seat whose groups these are.
    pub me: Endpoint,
}

impl Config {
    /// The defaults for this seat.
    #[must_use]
    pub const fn new(me: Endpoint) -> Self {
        Self { me }
    }
}

/// Where a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where {
    /// Its core group.
    pub core: GroupId,
    /// The members of that.
    pub members: Vec<Endpoint>,
    /// Which rule put it there.
    pub why: &'static str,
}

/// Light-weight groups over a kernel.
pub struct Groups<C, P = Smallest> {
    below: C,
    pub(crate) policy: P,
    pub(crate) here: Here,
    pub(crate) cores: Vec<Option<CoreGroup>>,
    pub(crate) numbers: BTreeMap<GroupId, CoreNumber>,
    pub(crate) set: CoreSet,
    pub(crate) placing: Placing,
    /// Core groups with something for the kernel, which may take it.
    pub(crate) ready: BTreeSet<CoreNumber>,
    /// Core groups without groups, and since when.
    pub(crate) idle: BTreeSet<(Instant, CoreNumber)>,
    /// Core groups with entries that are not up to date.
    swept: BTreeSet<CoreNumber>,
    /// What the kernel handed back, other than casts.
    later: VecDeque<vsync::Down>,
    ops: u64,
    minted: u32,
}

impl<C: Core> Groups<C> {
    /// Over this kernel, with the paper's placement.
    #[must_use]
    pub fn new(below: C, config: Config) -> Self {
        Self::with_policy(below, config, Smallest::default())
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Over this kernel, placed as that policy says.
    #[must_use]
    pub fn with_policy(below: C, config: Config, policy: P) -> Self {
        Self {
            below,
            policy,
            here: Here::new(config.me),
            cores: Vec::new(),
            numbers: BTreeMap::new(),
            set: CoreSet::default(),
            placing: Placing::default(),
            ready: BTreeSet::new(),
            idle: BTreeSet::new(),
            swept: BTreeSet::new(),
            later: VecDeque::new(),
            ops: 0,
            minted: 0,
        }
    }

    /// The kernel below.
    #[must_use]
    pub const fn below(&self) -> &C {
        &self.below
    }

    /// Where a group is and why, if it is known here.
    #[must_use]
    pub fn explain(&self, lwg: LwgId) -> Option<Where> {
        let (core, slot) = self.here.find(lwg)?;
        let core = self.cores[core as usize].as_ref()?;
        Some(Where {
            core: core.id(),
            members: core.view.members.clone(),
            why: why(core.directory.entry(slot).rule),
        })
    }

    pub(crate) fn next_op(&mut self) -> u64 {
        self.ops += 1;
        self.ops
    }

    /// A name for a new core group; seats of one process do not mint the same ones.
    pub(crate) fn mint(&mut self) -> GroupId {
        self.minted = self.minted.wrapping_add(1);
        let count = self.minted.wrapping_add(self.here.me.seat << 20);
        GroupId::minted(self.here.me.proc, count)
    }

    /// Asks the kernel, now or as soon as it takes it.
    pub(crate) fn ask_below(&mut self, ask: vsync::Down) {
        if !self.later.is_empty() {
            return self.later.push_back(ask);
        }
        if let Err(Full(ask)) = self.below.down(self.here.now, ask) {
            self.later.push_back(ask);
        }
    }

    /// Sends to one process, or to oneself.
    pub(crate) fn send_letter(&mut self, to: Endpoint, letter: &Letter, mut message: Message) {
        message.push(letter);
        if to == self.here.me {
            self.on_letter(to, message);
        } else {
            self.ask_below(vsync::Down::Send { to, message });
        }
    }

    fn core(&mut self, group: GroupId) -> Option<&mut CoreGroup> {
        let number = *self.numbers.get(&group)?;
        self.cores[number as usize].as_mut()
    }

    /// Takes in all that the kernel tells and gives it all that it takes. What the kernel has told
    /// is processed before it is asked anything, so that stamps name views it is in.
    fn turn(&mut self) {
        loop {
            while let Some(up) = self.below.up() {
                self.hear(up);
            }
            if let Some(ask) = self.later.pop_front() {
                if let Err(Full(ask)) = self.below.down(self.here.now, ask) {
                    self.later.push_front(ask);
                } else {
                    continue;
                }
            }
            let Some(number) = self.ready.first().copied() else { return };
            if let Some(core) = self.cores[number as usize].as_mut() {
                core.cast_next(&mut self.here, &mut self.below);
            }
            self.settle_asides();
            self.note(number);
        }
    }

    fn hear(&mut self, up: vsync::Up) {
        match up {
            vsync::Up::View(view) if is_managed(view.group) => self.on_view(view),
            vsync::Up::Cast { group, from, seq, order, message } if is_managed(group) => {
                if let Some(&number) = self.numbers.get(&group)
                    && let Some(core) = self.cores[number as usize].as_mut()
                {
                    core.on_cast(&mut self.here, from, seq, order, message);
                    self.settle_asides();
                    self.note(number);
                }
            }
            vsync::Up::Stable { group, from, below } if is_managed(group) => {
                let me = self.here.me;
                if let Some(&number) = self.numbers.get(&group)
                    && let Some(core) = self.cores[number as usize].as_mut()
                    && from == me
                {
                    core.on_stable(&mut self.here, below);
                }
            }
            vsync::Up::Room { group } if is_managed(group) => {
                if let Some(core) = self.core(group) {
                    core.full = false;
                    let number = core.number();
                    self.note(number);
                }
            }
            vsync::Up::Out { group, why } if is_managed(group) => self.on_out(group, why),
            vsync::Up::Fault { group, fault } if is_managed(group) => self.on_fault(group, &fault),
            vsync::Up::Send { from, message } => self.on_letter(from, message),
            other => self.pass_up(other),
        }
    }

    /// About a core group of the user's own, or about processes.
    fn pass_up(&mut self, mut up: vsync::Up) {
        if let vsync::Up::Cast { message, .. } = &mut up
            && message.pop::<Header>() != Ok(Header::Bare)
        {
            self.here.counters.malformed += 1;
            return;
        }
        if let vsync::Up::Lost { peer } = up {
            self.placing_lost(peer);
        }
        self.here.told.push_back(Up::Core(up));
    }

    fn on_view(&mut self, view: vsync::View) {
        let group = view.group;
        self.set.set(group, &view.members);
        let number = if let Some(&number) = self.numbers.get(&group) {
            if let Some(core) = self.cores[number as usize].as_mut() {
                core.on_view(&mut self.here, view);
                if core.closed {
                    self.set.remove(group);
                }
            }
            number
        } else {
            let free = self.cores.iter().position(Option::is_none);
            let at = free.unwrap_or_else(|| {
                self.cores.push(None);
                self.cores.len() - 1
            });
            let number = at as CoreNumber;
            self.numbers.insert(group, number);
            self.cores[at] = Some(CoreGroup::new(number, view, &mut self.here));
            number
        };
        self.swept.insert(number);
        self.settle_asides();
        self.placing_view(number, group);
        // The kernel takes casts in every new view, whatever it handed back before.
        if let Some(core) = self.cores[number as usize].as_mut() {
            core.full = false;
        }
        self.note(number);
    }

    fn on_out(&mut self, group: GroupId, why: vsync::Why) {
        self.set.remove(group);
        if let Some(number) = self.numbers.remove(&group)
            && let Some(core) = self.cores[number as usize].take()
        {
            self.ready.remove(&number);
            self.swept.remove(&number);
            if let Some(since) = core.idle_since {
                self.idle.remove(&(since, number));
            }
            core.on_out(&mut self.here);
            self.placing_out(number);
            self.settle_asides();
        }
        self.founding_failed(group);
        self.here.told.push_back(Up::Core(vsync::Up::Out { group, why }));
    }

    fn settle_asides(&mut self) {
        while let Some(aside) = self.here.asides.pop_front() {
            match aside {
                Aside::Known { lwg, core } => {
                    self.known(lwg);
                    self.note(core);
                }
                Aside::Ended { op, outcome } => self.ended(&op, outcome),
                Aside::Homeless { op } => self.place(op.lwg),
                Aside::Closed { core } => {
                    self.set.remove(core);
                    self.ask_below(vsync::Down::Leave { group: core });
                }
            }
        }
    }

    fn on_letter(&mut self, from: Endpoint, mut message: Message) {
        match message.pop::<Letter>() {
            Ok(Letter::Bare) => {
                self.here.told.push_back(Up::Core(vsync::Up::Send { from, message }));
            }
            Ok(Letter::Told { lwg }) => {
                self.here.told.push_back(Up::Told { lwg, from, message });
            }
            Ok(Letter::Reply { send }) => {
                self.here.replies.answer(from, send, Some(message), &mut self.here.told);
            }
            Ok(Letter::Declined { send }) => {
                self.here.replies.answer(from, send, None, &mut self.here.told);
            }
            Ok(Letter::Place { lwg, members }) => match distinct(&members) {
                Some(members) => self.create(lwg, members, Some(from)),
                None => self.here.counters.malformed += 1,
            },
            Ok(Letter::Placed { lwg, outcome }) => self.on_placed(from, lwg, outcome),
            Err(_) => self.here.counters.malformed += 1,
        }
    }

    /// Carries out what the user asks, or hands it back.
    fn take(&mut self, ask: Down) -> Result<(), Down> {
        match ask {
            Down::Create { lwg, members } => {
                if self.placing.is_full() {
                    return Err(Down::Create { lwg, members });
                }
                match distinct(&members) {
                    Some(members) => self.create(lwg, members, None),
                    None => self.too_many(lwg, members),
                }
                Ok(())
            }
            Down::Add { lwg, members } => {
                if self.placing.is_full() {
                    return Err(Down::Add { lwg, members });
                }
                match distinct(&members) {
                    Some(members) => self.add(lwg, members).map_err(asked),
                    None => {
                        self.too_many(lwg, members);
                        Ok(())
                    }
                }
            }
            Down::Remove { lwg, members } => self.operate(lwg, What::Remove(members)),
            Down::Destroy { lwg } => self.operate(lwg, What::Destroy),
            Down::Send { lwg, send, order, replies, message } => {
                self.send(Ask::Send { lwg, send, order, replies, message }, send, replies)
            }
            Down::Reply { to, send, reply } => {
                let (letter, message) = match reply {
                    Some(message) => (Letter::Reply { send }, message),
                    None => (Letter::Declined { send }, Message::default()),
                };
                self.send_letter(to, &letter, message);
                Ok(())
            }
            Down::Discard { send } => {
                self.here.replies.discard(send);
                Ok(())
            }
            Down::Tell { lwg, to, message } => {
                self.send_letter(to, &Letter::Told { lwg }, message);
                Ok(())
            }
            Down::Core(ask) => self.pass_down(ask).map_err(Down::Core),
        }
    }

    fn operate(&mut self, lwg: LwgId, what: What) -> Result<(), Down> {
        let number = self.next_op();
        self.ask(Ask::Op(Op { number, lwg, what })).map_err(asked)
    }

    fn send(&mut self, ask: Ask, send: SendId, replies: bool) -> Result<(), Down> {
        if replies {
            if self.here.replies.is_full() {
                return Err(asked(ask));
            }
            self.here.replies.open(send);
        }
        self.ask(ask).map_err(|ask| {
            self.here.replies.discard(send);
            asked(ask)
        })
    }

    fn too_many(&mut self, lwg: LwgId, members: Members) {
        self.here.told.push_back(Up::Done { lwg, outcome: Outcome::Missing(members) });
    }

    /// Asks about the user's own core groups.
    fn pass_down(&mut self, mut ask: vsync::Down) -> Result<(), vsync::Down> {
        let group = match &mut ask {
            vsync::Down::Meet { .. } | vsync::Down::Farewell => None,
            vsync::Down::Send { message, .. } => {
                message.push(&Letter::Bare);
                None
            }
            vsync::Down::Cast { group, message, .. } => {
                message.push(&Header::Bare);
                Some(*group)
            }
            // Whoever goes takes leave of the light-weight groups on it too.
            vsync::Down::Leave { .. } => None,
            vsync::Down::Found { group, .. }
            | vsync::Down::Join { group, .. }
            | vsync::Down::Invite { group, .. } => Some(*group),
        };
        if let Some(group) = group.filter(|group| is_managed(*group)) {
            // Its members and its messages are this floor's.
            let fault = vsync::Up::Fault { group, fault: vsync::Fault::NotIn };
            self.here.told.push_back(Up::Core(fault));
            return Ok(());
        }
        self.below.down(self.here.now, ask).map_err(|Full(mut ask)| {
            match &mut ask {
                vsync::Down::Send { message, .. } => drop(message.pop::<Letter>()),
                vsync::Down::Cast { message, .. } => drop(message.pop::<Header>()),
                _ => {}
            }
            ask
        })
    }

    fn sweep(&mut self) {
        let Some(number) = self.swept.first().copied() else { return };
        let core = self.cores[number as usize].as_mut();
        if !core.is_some_and(|core| core.directory.sweep(&mut self.here, SWEEP_MAX)) {
            self.swept.remove(&number);
            self.note(number);
        }
    }
}

/// Whether light-weight groups are placed on it: the names that users choose have the top bit set.
fn is_managed(group: GroupId) -> bool {
    group.0 >> 127 == 0
}

impl<C: Core, P: Policy> Layer for Groups<C, P> {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        self.here.now = now;
        self.turn();
        let taken = self.take(ask).map_err(Full);
        self.turn();
        taken
    }

    fn up(&mut self) -> Option<Up> {
        if self.here.told.is_empty() {
            self.turn();
        }
        self.here.told.pop_front()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.here.now = now;
        self.below.receive(now, packet);
        self.turn();
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.below.transmit(now)
    }

    fn wake(&mut self, now: Instant) {
        self.here.now = now;
        self.below.wake(now);
        self.turn();
        self.sweep();
        self.placing_wake();
        self.collect();
        self.turn();
    }

    fn deadline(&self) -> Option<Instant> {
        let sweep = (!self.swept.is_empty()).then_some(self.here.now);
        let own = [sweep, self.placing.deadline(), self.grace_deadline()];
        own.into_iter().flatten().chain(self.below.deadline()).min()
    }
}

impl<C: Guarded, P> Guarded for Groups<C, P> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.below.change_guard(now, guard);
    }
}

impl<C: Core + Counted, P: Policy> Counted for Groups<C, P> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let cores = || self.cores.iter().flatten();
        let groups: usize = cores().map(|core| core.directory.len()).sum();
        let memberships: usize = cores().map(|core| core.directory.memberships.len()).sum();
        let unsettled: usize = cores().map(CoreGroup::unsettled).sum();
        each("lwg.groups", groups as u64);
        each("lwg.core_groups", self.numbers.len() as u64);
        each("lwg.memberships", memberships as u64);
        each("lwg.unsettled", (unsettled + self.placing.unsettled() + self.later.len()) as u64);
        each("lwg.replies_awaited", self.here.replies.len() as u64);
        self.here.counters.count(each);
        self.below.count(each);
    }
}
