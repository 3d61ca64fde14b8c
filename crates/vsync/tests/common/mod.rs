//! A perfect transport in memory, and kernels that stand on it: for tests without a network.

pub(crate) mod house;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use muts::{
    Audience, Channel, Counted, Down, Full, Instant, Layer, Message, NodeId, Packet, ProcId,
    Random, Transmit, Up,
};
use vsync::{Config, GroupId, Kernel, View};

/// How long silence lasts before it is told.
const SILENCE: Duration = Duration::from_millis(1000);
const BEAT: Duration = Duration::from_millis(100);

pub(crate) fn proc(name: char) -> ProcId {
    ProcId { node: NodeId(name as u64), incarnation: 1 }
}

/// Everything between the kernels.
#[derive(Default, Debug)]
pub(crate) struct Air {
    pub(crate) now: Instant,
    random: Option<Random>,
    /// Of what is not reliable, parts in a million that are lost.
    pub(crate) loss: u64,
    /// Of what is reliable between two only one comes in so long.
    pub(crate) slow: BTreeMap<(ProcId, ProcId), Duration>,
    /// There is no room for what is sent to these alone.
    pub(crate) no_room: BTreeSet<ProcId>,
    /// What is on its way, by time of arrival and a number.
    flying: BTreeMap<(Instant, u64), (ProcId, Up)>,
    count: u64,
    arrived: BTreeMap<ProcId, VecDeque<Up>>,
    channels: BTreeMap<(ProcId, Channel), (Vec<ProcId>, u64)>,
    /// Casts for channels that are not open at their receiver yet.
    early: BTreeMap<(ProcId, Channel), Vec<Up>>,
    beats: BTreeMap<(ProcId, ProcId), bytes::Bytes>,
    /// When the last reliable thing between two arrives: reliable things overtake nothing.
    last: BTreeMap<(ProcId, ProcId), Instant>,
    cut: BTreeSet<(ProcId, ProcId)>,
    /// What is reliable waits for a cut to heal.
    held: Vec<(ProcId, ProcId, Up)>,
    /// Control messages of the first come to the second only when all that are late come.
    late: BTreeSet<(ProcId, ProcId)>,
    under_way: Vec<(ProcId, ProcId, Up)>,
    /// Casts of the first are lost to the second.
    lost_casts: BTreeSet<(ProcId, ProcId)>,
    dead: BTreeSet<ProcId>,
    still: BTreeSet<ProcId>,
    heard: BTreeMap<(ProcId, ProcId), Instant>,
    silent: BTreeSet<(ProcId, ProcId)>,
    next_beat: Instant,
    /// Multicasts so far.
    casts: BTreeMap<(ProcId, ProcId), u64>,
    /// Control messages so far.
    tells: BTreeMap<(ProcId, ProcId), u64>,
}

impl Air {
    fn fly(&mut self, from: ProcId, to: ProcId, up: Up, reliable: bool) {
        if self.dead.contains(&from) || self.dead.contains(&to) {
            return;
        }
        if self.cut.contains(&(from, to)) {
            if reliable {
                self.held.push((from, to, up));
            }
            return;
        }
        let random = self.random.get_or_insert(Random::new(7));
        if !reliable && random.chance(self.loss) {
            return;
        }
        let mut at = self.now + Duration::from_micros(50 + random.below(2_000));
        if reliable {
            let gap = self.slow.get(&(from, to)).copied().unwrap_or_default();
            let last = self.last.entry((from, to)).or_default();
            at = at.max(*last + gap);
            *last = at;
        }
        self.count += 1;
        self.flying.insert((at, self.count), (to, up));
    }

    fn ask(&mut self, me: ProcId, ask: Down) {
        match ask {
            Down::Meet { .. } => {}
            Down::Open { channel, peers, .. } => {
                self.channels.insert((me, channel), (peers, 0));
                let early = self.early.remove(&(me, channel)).unwrap_or_default();
                self.arrived.entry(me).or_default().extend(early);
            }
            Down::Close { channel } => {
                self.channels.remove(&(me, channel));
            }
            Down::Cast { channel, to: audience, message }
            | Down::Press { channel, to: audience, message } => {
                let (peers, seq) = self.channels.get_mut(&(me, channel)).expect("an open channel");
                let (peers, seq_now) = (peers.clone(), *seq);
                *seq += 1;
                for (place, to) in peers.into_iter().enumerate() {
                    *self.casts.entry((me, to)).or_default() += 1;
                    if self.lost_casts.contains(&(me, to)) {
                        continue;
                    }
                    let message = message.clone();
                    let up = if audience.has(place) {
                        Up::Cast { channel, from: me, seq: seq_now, message }
                    } else {
                        Up::Skip { channel, from: me, below: seq_now + 1 }
                    };
                    self.fly(me, to, up, true);
                }
            }
            Down::Send { to, message } => self.fly(me, to, Up::Send { from: me, message }, true),
            Down::Taken { .. } | Down::Miss { .. } | Down::Omit { .. } => {}
            Down::Farewell => {
                let all: Vec<ProcId> = self.arrived.keys().copied().collect();
                for to in all.into_iter().filter(|to| *to != me) {
                    self.fly(me, to, Up::Lost { peer: me }, true);
                }
                self.dead.insert(me);
            }
            Down::Tell { to, message, .. } => {
                *self.tells.entry((me, to)).or_default() += 1;
                let up = Up::Tell { from: me, message };
                if self.late.contains(&(me, to)) {
                    self.under_way.push((me, to, up));
                } else {
                    self.fly(me, to, up, false);
                }
            }
            Down::Beat { to, bytes, .. } => {
                self.beats.insert((me, to), bytes);
            }
        }
    }

    /// Air between these, who have all met.
    pub(crate) fn with(names: &str, seed: u64) -> Rc<RefCell<Self>> {
        let mut air = Self { random: Some(Random::new(seed)), ..Self::default() };
        let all: Vec<ProcId> = names.chars().map(proc).collect();
        for me in &all {
            let inbox = air.arrived.entry(*me).or_default();
            inbox.extend(all.iter().filter(|p| *p != me).map(|p| Up::Met { peer: *p }));
            for other in &all {
                air.heard.insert((*me, *other), Instant::ZERO);
            }
        }
        Rc::new(RefCell::new(air))
    }

    /// Those take letters again who did not, and everybody is told so.
    pub(crate) fn make_room(&mut self) {
        self.no_room.clear();
        let room = Up::Room { channel: Channel(0) };
        self.arrived.values_mut().for_each(|arrived| arrived.push_back(room.clone()));
    }

    /// Somebody sends this, whoever it is.
    pub(crate) fn put(&mut self, from: ProcId, to: ProcId, message: Message) {
        self.fly(from, to, Up::Send { from, message }, true);
    }

    /// The same of a control message.
    pub(crate) fn say(&mut self, from: ProcId, to: ProcId, message: Message) {
        self.fly(from, to, Up::Tell { from, message }, true);
    }

    /// The transport tells that one this.
    pub(crate) fn tell(&mut self, to: ProcId, up: Up) {
        self.arrived.get_mut(&to).expect("known").push_back(up);
    }

    /// How many multicasts have gone from one to the other.
    pub(crate) fn casts(&self, from: ProcId, to: ProcId) -> u64 {
        self.casts.get(&(from, to)).copied().unwrap_or(0)
    }

    /// Lets a moment pass.
    pub(crate) fn step(air: &RefCell<Self>) -> Instant {
        let mut air = air.borrow_mut();
        air.now += Duration::from_micros(200);
        if air.next_beat <= air.now {
            air.beat();
        }
        air.arrive();
        air.now
    }

    /// Whether something has arrived at that end.
    pub(crate) fn waits(air: &RefCell<Self>, breath: &Breath) -> bool {
        !air.borrow().arrived[&breath.me].is_empty()
    }

    fn beat(&mut self) {
        let all: Vec<ProcId> = self.arrived.keys().copied().collect();
        for from in &all {
            for to in all.iter().filter(|to| *to != from) {
                let mute = self.dead.contains(from) || self.still.contains(from);
                if !self.cut.contains(&(*from, *to)) && !mute {
                    self.heard.insert((*to, *from), self.now);
                    if self.silent.remove(&(*to, *from)) {
                        self.arrived
                            .get_mut(to)
                            .expect("known")
                            .push_back(Up::Back { peer: *from });
                    }
                }
                if let Some(bytes) = self.beats.get(&(*from, *to)).cloned()
                    && !mute
                {
                    self.fly(*from, *to, Up::Beat { from: *from, bytes }, false);
                }
                let since = self.heard[&(*to, *from)];
                if self.now.since(since) > SILENCE && self.silent.insert((*to, *from)) {
                    let silent = Up::Silent { peer: *from, since };
                    self.arrived.get_mut(to).expect("known").push_back(silent);
                }
            }
        }
        self.next_beat = self.now + BEAT;
    }

    fn arrive(&mut self) {
        while let Some(entry) = self.flying.first_entry()
            && entry.key().0 <= self.now
        {
            let (to, up) = entry.remove();
            match &up {
                Up::Cast { channel, .. } | Up::Skip { channel, .. }
                    if !self.channels.contains_key(&(to, *channel)) =>
                {
                    self.early.entry((to, *channel)).or_default().push(up);
                }
                _ => self.arrived.get_mut(&to).expect("known").push_back(up),
            }
        }
    }
}

/// One process's end of the air.
#[derive(Debug)]
pub(crate) struct Breath {
    me: ProcId,
    air: Rc<RefCell<Air>>,
}

impl Breath {
    /// One's end of some air.
    pub(crate) fn of(me: ProcId, air: &Rc<RefCell<Air>>) -> Self {
        Self { me, air: Rc::clone(air) }
    }

    /// How many control messages have gone to that one.
    pub(crate) fn told_to(&self, to: ProcId) -> u64 {
        self.air.borrow().tells.get(&(self.me, to)).copied().unwrap_or(0)
    }
}

impl Layer for Breath {
    type Down = Down;
    type Up = Up;
    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        if let Down::Send { to, .. } = &ask
            && self.air.borrow().no_room.contains(to)
        {
            return Err(Full(ask));
        }
        self.air.borrow_mut().ask(self.me, ask);
        Ok(())
    }
    fn up(&mut self) -> Option<Up> {
        self.air.borrow_mut().arrived.get_mut(&self.me)?.pop_front()
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Counted for Breath {
    fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
}

/// Some processes with a kernel each.
pub(crate) struct World {
    pub(crate) air: Rc<RefCell<Air>>,
    pub(crate) kernels: BTreeMap<ProcId, Kernel<Breath>>,
    pub(crate) paused: BTreeMap<ProcId, Kernel<Breath>>,
    pub(crate) told: BTreeMap<ProcId, Vec<vsync::Up>>,
}

impl World {
    pub(crate) fn new(names: &str, seed: u64) -> Self {
        Self::configured(names, seed, |_| {})
    }

    /// The same with other settings.
    pub(crate) fn configured(names: &str, seed: u64, change: impl Fn(&mut Config)) -> Self {
        let air = Air::with(names, seed);
        let mut world =
            Self { air, kernels: BTreeMap::new(), paused: BTreeMap::new(), told: BTreeMap::new() };
        for me in names.chars().map(proc).collect::<Vec<ProcId>>().iter() {
            let breath = Breath { me: *me, air: world.air.clone() };
            let mut config = Config::new(*me, seed ^ me.node.0);
            change(&mut config);
            world.kernels.insert(*me, Kernel::new(breath, config));
            world.told.insert(*me, Vec::new());
        }
        world.run(Duration::from_millis(500));
        world
    }

    /// All of these in one group that the first has founded, and its view.
    pub(crate) fn together(names: &str, seed: u64, group: GroupId) -> (Self, View) {
        let mut world = Self::new(names, seed);
        let members: Vec<ProcId> = names.chars().map(proc).collect();
        let first = members[0];
        world.ask(first, vsync::Down::Found { group, members }).expect("taken");
        world.run(Duration::from_secs(2));
        let last = world.told[&first].iter().rev().find_map(|up| match up {
            vsync::Up::View(view) => Some(view.clone()),
            _ => None,
        });
        let view = last.filter(|view| view.members.len() == names.len());
        (world, *view.expect("all of them"))
    }

    pub(crate) fn ask(&mut self, me: ProcId, ask: vsync::Down) -> Result<(), Full<vsync::Down>> {
        let now = self.air.borrow().now;
        let asked = self.kernels.get_mut(&me).expect("alive").down(now, ask);
        self.drain(me);
        asked
    }

    pub(crate) fn crash(&mut self, me: ProcId) {
        self.kernels.remove(&me);
        self.paused.remove(&me);
        self.air.borrow_mut().dead.insert(me);
    }

    /// Stops a process without its knowledge until it is run again.
    pub(crate) fn pause(&mut self, me: ProcId) {
        if let Some(kernel) = self.kernels.remove(&me) {
            self.paused.insert(me, kernel);
            self.air.borrow_mut().still.insert(me);
        }
    }

    pub(crate) fn resume(&mut self, me: ProcId) {
        if let Some(kernel) = self.paused.remove(&me) {
            self.kernels.insert(me, kernel);
            self.air.borrow_mut().still.remove(&me);
        }
    }

    pub(crate) fn lose_casts(&mut self, from: ProcId, to: ProcId) {
        self.air.borrow_mut().lost_casts.insert((from, to));
    }

    pub(crate) fn cut(&mut self, from: ProcId, to: ProcId) {
        self.air.borrow_mut().cut.insert((from, to));
    }

    pub(crate) fn heal(&mut self) {
        let mut air = self.air.borrow_mut();
        air.cut.clear();
        for (from, to, up) in std::mem::take(&mut air.held) {
            air.fly(from, to, up, true);
        }
    }

    /// From now on control messages of the one take their time to the other.
    pub(crate) fn delay(&mut self, from: ProcId, to: ProcId) {
        self.air.borrow_mut().late.insert((from, to));
    }

    /// All that took its time comes, one after the other.
    pub(crate) fn hasten(&mut self) {
        self.air.borrow_mut().late.clear();
        let late = std::mem::take(&mut self.air.borrow_mut().under_way);
        for (from, to, up) in late {
            self.air.borrow_mut().fly(from, to, up, false);
            self.run(Duration::from_millis(3));
        }
    }

    /// From now on heartbeats tell that the one sees their groups otherwise than the other.
    pub(crate) fn disagree(&mut self, from: ProcId, to: ProcId) {
        let mut air = self.air.borrow_mut();
        let beat = air.beats.get_mut(&(from, to)).expect("they have met");
        // The digest stands behind the row.
        let row = beat.len() - size_of::<u64>();
        *beat = [&beat[..row], &[0xff; size_of::<u64>()]].concat().into();
    }

    pub(crate) fn count(&self, me: ProcId, name: &str) -> u64 {
        let mut found = 0;
        self.kernels[&me].count(&mut |each, number| {
            if each == name {
                found = number;
            }
        });
        found
    }

    fn drain(&mut self, me: ProcId) {
        let kernel = self.kernels.get_mut(&me).expect("alive");
        while let Some(up) = kernel.up() {
            self.told.get_mut(&me).expect("known").push(up);
        }
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.air.borrow().now + time;
        loop {
            let now = Air::step(&self.air);
            let all: Vec<ProcId> = self.kernels.keys().copied().collect();
            for me in all {
                let waiting = !self.air.borrow().arrived[&me].is_empty();
                let kernel = self.kernels.get_mut(&me).expect("alive");
                if waiting || kernel.deadline().is_some_and(|due| due <= now) {
                    kernel.wake(now);
                    self.drain(me);
                }
            }
            if now >= end {
                return;
            }
        }
    }
}

/// The ranks of these in a view.
pub(crate) fn ranks(view: &View, names: &str) -> Audience {
    let mut ranks = Audience::NONE;
    for (rank, member) in view.members.iter().enumerate() {
        if names.chars().any(|name| proc(name) == member.proc) {
            ranks.insert(rank);
        }
    }
    ranks
}

pub(crate) fn message(text: &str) -> Message {
    Message::new(text.as_bytes().to_vec())
}
