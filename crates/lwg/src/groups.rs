//! Groups: the floor. Routes asks and news between the user, the core groups and the kernel.

mod asking;
mod hearing;
mod sweeping;

pub(crate) use asking::fits;
use sweeping::Sweeping;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::{Counted, Full, Guard, Guarded, Instant, Layer, Message, Packet, Transmit};
use vsync::{Core, Endpoint, GroupId};

use crate::adapting::Adapting;
use crate::core_group::CoreGroup;
use crate::core_set::CoreSet;
use crate::gathering::Gathering;
use crate::here::{CoreNumber, Here};
use crate::id::LwgId;
use crate::interface::{Down, Up};
use crate::letter::Letter;
use crate::letters::Letters;
use crate::limits::{AT_ONCE, BURST_MAX, ROOMS_MAX};
use crate::moves::Moves;
use crate::placing::Placing;
use crate::policy::{Policy, Smallest};
use crate::seeking::Seeking;
use crate::sets::{SetId, Sets};

/// Settings of [`Groups`].
#[derive(Debug, Clone)]
pub struct Config {
    /// The seat whose groups these are.
    pub me: Endpoint,
    /// Groups that are brought up to date with a core group together, when its members change or
    /// its parts meet, 1 or more: the rest waits until it is touched, or a later turn comes to it.
    pub at_once: usize,
}

impl Config {
    /// The defaults for this seat.
    #[must_use]
    pub const fn new(me: Endpoint) -> Self {
        Self { me, at_once: AT_ONCE }
    }
}

/// Light-weight groups over a kernel.
pub struct Groups<C, P = Smallest> {
    below: C,
    pub(crate) here: Here,
    pub(crate) cores: Vec<Option<CoreGroup>>,
    pub(crate) numbers: BTreeMap<GroupId, CoreNumber>,
    /// Numbers that no core group has now.
    pub(crate) free: Vec<CoreNumber>,
    /// The core group heard of last.
    heard_of: CoreNumber,
    pub(crate) sets: Sets<P>,
    pub(crate) placing: Placing,
    pub(crate) moves: Moves,
    pub(crate) gathering: Gathering,
    pub(crate) adapting: Adapting,
    pub(crate) seeking: Seeking,
    /// Core groups with something for the kernel, which may take it.
    pub(crate) ready: BTreeSet<CoreNumber>,
    /// Core groups without groups, and since when.
    pub(crate) idle: BTreeSet<(Instant, CoreNumber)>,
    pub(crate) sweeping: Sweeping,
    /// Groups of which something was handed back because too much was under way here.
    pub(crate) owed: BTreeSet<LwgId>,
    /// Letters that it handed back: who takes none keeps nothing else waiting.
    pub(crate) letters: Letters,
    ops: u64,
    minted: u32,
    /// Asks taken since the kernel was listened to.
    burst: usize,
    /// All that the kernel has told was heard, but for what it delivers of casts since.
    heard: bool,
}

impl<C: Core> Groups<C> {
    /// Over this kernel, with the paper's placement.
    #[must_use]
    pub fn new(below: C, config: Config) -> Self {
        Self::with_policy(below, config, Smallest::default())
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Gives a core group set a policy of its own, in place of the one it had; a set that has none
    /// is placed as the default set is.
    pub fn set_policy(&mut self, set: SetId, policy: Box<dyn Policy + Send>) {
        self.sets.add(set, policy);
        let core = self.numbers.keys().find(|core| SetId::of(**core) == set);
        if let Some(&core) = core {
            self.review_later(core);
        }
    }

    /// The core groups of a set that this process is in.
    #[must_use]
    pub fn core_groups(&self, set: SetId) -> Option<&CoreSet> {
        self.sets.cores(set)
    }

    /// Over this kernel, placed as that policy says.
    #[must_use]
    pub fn with_policy(below: C, config: Config, policy: P) -> Self {
        Self {
            below,
            here: Here::new(config.me, config.at_once.max(1)),
            cores: Vec::new(),
            numbers: BTreeMap::new(),
            free: Vec::new(),
            heard_of: 0,
            sets: Sets::new(policy),
            placing: Placing::default(),
            moves: Moves::default(),
            gathering: Gathering::default(),
            adapting: Adapting::default(),
            seeking: Seeking::default(),
            ready: BTreeSet::new(),
            idle: BTreeSet::new(),
            sweeping: Sweeping::default(),
            owed: BTreeSet::new(),
            letters: Letters::default(),
            ops: 0,
            minted: 0,
            burst: 0,
            heard: false,
        }
    }

    /// The kernel below.
    #[must_use]
    pub const fn below(&self) -> &C {
        &self.below
    }

    /// The same, for what is to be taken from it beside what it tells.
    pub const fn below_mut(&mut self) -> &mut C {
        self.heard = false;
        &mut self.below
    }

    pub(crate) fn next_op(&mut self) -> u64 {
        self.ops += 1;
        self.ops
    }

    /// A name for a new core group of a set with so many members; seats of one process do not mint
    /// the same ones. It makes its founder the sequencer: who founds core groups creates and
    /// changes most of the groups on them, and what a sequencer casts needs no second hop.
    pub(crate) fn mint(&mut self, set: SetId, members: usize) -> GroupId {
        let (me, mut tries) = (self.here.me, 0);
        loop {
            self.minted = self.minted.wrapping_add(1) & COUNT;
            let count = self.minted.wrapping_add(me.seat << 20) & COUNT;
            let group = set.name(GroupId::minted(me.proc, count));
            tries += 1;
            if group.sequencer(members.max(1)) == 0 || tries == MINT_TRIES {
                return group;
            }
        }
    }

    /// Asks the kernel for what it never hands back.
    pub(crate) fn ask_below(&mut self, ask: vsync::Down) {
        self.heard = false;
        let taken = self.below.down(self.here.now, ask);
        debug_assert!(taken.is_ok(), "a kernel hands back multicasts and letters alone");
    }

    /// Sends to one process, or to oneself; as soon as the kernel takes letters to it.
    pub(crate) fn send_letter(&mut self, to: Endpoint, letter: &Letter, mut message: Message) {
        if to == self.here.me {
            message.push(letter);
            return self.on_letter(to, message);
        }
        self.heard = false;
        if self.letters.waits_for(to) {
            return self.letters.keep(to, letter, message);
        }
        if !self.has_met(to) && matches!(letter, Letter::Reply { .. } | Letter::Declined { .. }) {
            return self.letters.keep_until_met(to, letter, message);
        }
        message.push(letter);
        if let Err(mut message) = try_post(&mut self.below, self.here.now, to, message) {
            let popped = message.pop::<Letter>();
            debug_assert!(popped.is_ok(), "what is handed back is unchanged");
            self.letters.keep(to, letter, message);
        }
    }

    /// Sends the letters that wait, as far as the kernel takes them.
    fn post_waiting(&mut self) {
        let (below, now) = (&mut self.below, self.here.now);
        let latest = &self.here.table.memberships.latest;
        self.letters.post(&mut self.here.told, |to, message| {
            if latest.has_met(to) { try_post(below, now, to, message) } else { Err(message) }
        });
    }

    /// Whether this process has met that one: nothing that is sent to others arrives.
    pub(crate) fn has_met(&self, one: Endpoint) -> bool {
        self.here.table.memberships.latest.has_met(one)
    }

    /// Tells some whose asks were handed back that there is room, once less is under way.
    fn give_room(&mut self) {
        for _ in 0..ROOMS_MAX {
            let full = self.placing.is_full() || self.moves.is_full();
            if full || self.here.replies.is_full() {
                return;
            }
            let Some(lwg) = self.owed.pop_first() else { return };
            self.here.told.push_back(Up::Room { lwg });
        }
    }

    /// Which a core group is here: mostly the one heard of last.
    fn number_of(&mut self, group: GroupId) -> Option<CoreNumber> {
        let last = self.cores.get(self.heard_of as usize).and_then(Option::as_ref);
        if last.is_none_or(|core| core.id() != group) {
            self.heard_of = *self.numbers.get(&group)?;
        }
        Some(self.heard_of)
    }
}

fn try_post(
    below: &mut impl Core,
    now: Instant,
    to: Endpoint,
    message: Message,
) -> Result<(), Message> {
    match below.down(now, vsync::Down::Send { to, message }) {
        Err(Full(vsync::Down::Send { message, .. })) => Err(message),
        _ => Ok(()),
    }
}

/// Names looked at for one that suits, of which one in as many as there are members does.
const MINT_TRIES: u32 = 64;

/// Counts of core groups founded by a policy; those by hand have the top bit set.
const COUNT: u32 = (1 << 31) - 1;

/// Whether light-weight groups are placed on it: the names that users choose have the top bit set.
fn is_managed(group: GroupId) -> bool {
    group.0 >> 127 == 0
}

impl<C: Core, P: Policy> Layer for Groups<C, P> {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, mut ask: Down) -> Result<(), Full<Down>> {
        self.here.now = now;
        if let Down::Send { lwg, replies, message, .. } = &ask
            && let Some(number) = self.clear_way(*lwg, *replies, message)
        {
            self.send_now(number, &mut ask);
            return Ok(());
        }
        self.heard = false;
        self.listen();
        if self.burst >= BURST_MAX || matches!(ask, Down::Core(_)) {
            self.turn();
        }
        // What is asked in one turn is given to the kernel at its end: it travels together.
        self.burst += 1;
        self.take(ask).map_err(Full)
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
        self.here.now = now;
        self.turn();
        self.below.transmit(now)
    }

    fn wake(&mut self, now: Instant) {
        self.here.now = now;
        self.below.wake(now);
        self.turn();
        self.sweep();
        self.placing_wake();
        self.collect();
        self.review();
        self.gather_again();
        self.seek();
        self.turn();
    }

    fn deadline(&self) -> Option<Instant> {
        let sweep = self.sweeping.deadline(self.here.now, self.here.told.len());
        let own = [sweep, self.placing.deadline(), self.grace_deadline(), self.adapting.deadline()];
        let own = own.into_iter().chain([self.gathering_deadline(), self.seeking.deadline()]);
        own.flatten().chain(self.below.deadline()).min()
    }
}

impl<C: Guarded, P> Guarded for Groups<C, P> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.heard = false;
        self.below.change_guard(now, guard);
    }
}

impl<C: Core + Counted, P: Policy> Counted for Groups<C, P> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let cores = || self.cores.iter().flatten();
        let unsettled: usize = cores().map(CoreGroup::unsettled).sum();
        each("lwg.groups", self.here.table.len() as u64);
        each("lwg.core_groups", self.numbers.len() as u64);
        each("lwg.memberships", self.here.table.memberships.len() as u64);
        let own = self.placing.unsettled() + self.moves.unsettled() + self.here.arriving.len();
        each("lwg.unsettled", (unsettled + own) as u64);
        let tombstones = cores().map(|core| core.directory.dead.len() as u64);
        each("lwg.gathering", self.gathering.len() as u64);
        each("lwg.tombstones", tombstones.sum());
        let extras: u64 = self.carried_by_all().map(|carried| carried.extras).sum();
        each("lwg.extras", extras);
        each("lwg.letters", self.letters.len() as u64);
        each("lwg.letters_dropped", self.letters.dropped);
        each("lwg.replies_awaited", self.here.replies.len() as u64);
        each("lwg.passing", self.here.passing.len() as u64);
        let [own, others, held] = self.here.choked.counts();
        each("lwg.choked_here", own);
        each("lwg.choked_elsewhere", others);
        each("lwg.held_by_choke", held);
        self.here.counters.count(each);
        self.below.count(each);
    }
}
