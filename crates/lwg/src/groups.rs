//! Groups: the floor. Routes asks and news between the user, the core groups and the kernel.

mod asking;
mod hearing;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::{Counted, Full, Guard, Guarded, Instant, Layer, Message, Packet, Transmit};
use vsync::{Core, Endpoint, GroupId};

use crate::core_group::CoreGroup;
use crate::core_set::CoreSet;
use crate::founding::Placing;
use crate::header::Letter;
use crate::here::{CoreNumber, Here};
use crate::id::LwgId;
use crate::interface::{Down, Up};
use crate::limits::SWEEP_MAX;
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

    /// The same, for what is to be taken from it beside what it tells.
    pub const fn below_mut(&mut self) -> &mut C {
        &mut self.below
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
