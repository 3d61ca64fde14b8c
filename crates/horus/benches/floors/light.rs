//! Light: the lanes of `lwg`, light-weight groups of all members on one core group.

use lwg::{
    Down, Endpoint, Groups, LwgId, Members, OneToOne, Order, Policy, SendId, SetId, Smallest,
    Traits, Up,
};
use muts::{Address, Instant, Layer, Message, ProcId, Transport};
use vsync::Kernel;

use super::core_groups::order;
use super::evenly::Evenly;
use super::works::{Kind, Until, Works};
use crate::common::clock;
use crate::common::words::Words;
use crate::member::floor::{Floor, Heard, LANES, Lane};
use crate::member::{proc, transport};

/// The first of those that are made by the thousand.
const MANY: u64 = 1_000;

/// A group of all processes but the last, and a relaxed one of the same.
const SOME: u64 = 500;
const RELAXED: u64 = 501;

/// Creates between two looks at the network.
const BURST: u64 = 256;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Light {
    me: Endpoint,
    /// In the names of all groups: the first process mints them.
    creator: u64,
    all: Vec<ProcId>,
    order: Order,
    /// The first lane has just come to be.
    is_open: bool,
    /// The group that floods go to, if not that of the lane.
    to: Option<u64>,
    sends: u64,
    /// Whether only those but the last are in the groups made.
    creates: std::ops::Range<u64>,
    members: Members,
    done: u64,
    done_at: u64,
    views: u64,
    views_at: u64,
    works: Works,
}

type Chosen = Box<dyn Policy + Send>;

/// Lives as a member of a crew; with `policy=one-to-one` every group has a core group of its own,
/// with `policy=evenly` they are spread over so many `core_groups`.
pub(crate) fn run(role: &Words) {
    let rank: usize = role.get("rank");
    let me = proc(rank);
    let kernel = Kernel::new(transport(role, me), vsync::Config::new(me, rank as u64 + 70));
    let config = lwg::Config::new(Endpoint::of(me));
    let policy: Chosen = match role.all("policy").next() {
        Some("one-to-one") => Box::new(OneToOne),
        Some("evenly") => Box::new(Evenly::over(role.get("core_groups"))),
        _ => Box::new(Smallest { extras_max: None, grace: None }),
    };
    let floor = Light {
        me: Endpoint::of(me),
        creator: LwgId::minted(Endpoint::of(proc(0)), 0).creator,
        all: Vec::new(),
        order: Order::Fifo,
        is_open: false,
        to: None,
        sends: 0,
        creates: 0..0,
        members: Members::new(),
        done: 0,
        done_at: 0,
        views: 0,
        views_at: 0,
        works: Works::none(),
    };
    crate::member::run(role, floor, Groups::with_policy(kernel, config, policy));
}

/// Makes the group of each lane, of all of these.
pub(super) fn make_lanes(
    tower: &mut impl Layer<Down = Down>,
    now: Instant,
    creator: u64,
    all: &[ProcId],
) {
    for lane in LANES {
        let lwg = LwgId { creator, count: lane.at() as u64 + 1 };
        let members = all.iter().copied().map(Endpoint::of).collect();
        let _ = tower.down(now, Down::Create { lwg, members });
    }
}

impl Light {
    fn make_some(&self, tower: &mut <Self as Floor>::Tower, now: Instant) {
        for (count, relaxed) in [(SOME, false), (RELAXED, true)] {
            let (lwg, set) = (self.group(count), SetId::DEFAULT);
            let members = self.members(self.all.len() - 1);
            let traits = Traits { open: false, relaxed };
            let _ = tower.down(now, Down::CreateWith { set, lwg, members, traits });
        }
    }

    const fn group(&self, count: u64) -> LwgId {
        LwgId { creator: self.creator, count }
    }

    fn lane_of(&self, lwg: LwgId) -> Option<Lane> {
        let lane = LANES.into_iter().find(|lane| self.group(lane.at() as u64 + 1) == lwg);
        lane.or_else(|| {
            let some = [SOME, RELAXED].into_iter().find(|some| self.group(*some) == lwg);
            some.map(|_| Lane::First)
        })
    }

    fn members(&self, count: usize) -> Members {
        self.all[..count].iter().copied().map(Endpoint::of).collect()
    }

    fn note_done(&mut self, lwg: LwgId) {
        if lwg.count >= MANY {
            (self.done, self.done_at) = (self.done + 1, clock::now_ns());
        }
        if self.works.until() == Until::Outcome && self.works_on(lwg).is_some() {
            self.works.done();
        }
    }

    /// What is being done to that group.
    fn works_on(&self, lwg: LwgId) -> Option<Kind> {
        let (kind, at) = self.works.current()?;
        (self.group(MANY + at) == lwg).then_some(kind)
    }

    fn note_view(&mut self, lwg: LwgId, members: usize) {
        (self.views, self.views_at) = (self.views + 1, clock::now_ns());
        let wanted = match self.works_on(lwg) {
            Some(Kind::Create | Kind::Remove) => self.all.len() - 1,
            Some(Kind::Add) => self.all.len(),
            Some(Kind::Leave) | None => return,
        };
        if self.works.until() == Until::View && members == wanted {
            self.works.done();
        }
    }
}

impl Floor for Light {
    type Tower = Groups<Kernel<Transport>, Chosen>;

    fn meet(peer: ProcId, address: Address) -> Down {
        Down::Core(vsync::Down::Meet { node: peer.node, address })
    }

    fn open(&mut self, tower: &mut Self::Tower, now: Instant, peers: &[ProcId]) {
        self.all = peers.iter().copied().chain([self.me.proc]).collect();
        self.all.sort_unstable();
        if self.me.proc == proc(0) {
            make_lanes(tower, now, self.creator, &self.all);
        }
    }

    fn cast(
        &mut self,
        tower: &mut Self::Tower,
        now: Instant,
        lane: Lane,
        message: Message,
    ) -> bool {
        self.sends += 1;
        let to = self.to.unwrap_or(lane.at() as u64 + 1);
        let (lwg, send, order) = (self.group(to), SendId(self.sends), self.order);
        tower
            .down(now, Down::Send { lwg, send, how: order.into(), replies: false, message })
            .is_ok()
    }

    fn hear(&mut self, up: Up) -> Heard {
        match up {
            Up::Core(vsync::Up::Met { .. }) => Heard::Met,
            Up::Message { lwg, from, message, .. } if from != self.me => {
                self.lane_of(lwg).map_or(Heard::Nothing, |lane| Heard::Cast(lane, message))
            }
            Up::View(view) => match self.lane_of(view.lwg) {
                // Lanes are of all.
                Some(_) if view.lwg.count >= SOME => Heard::Nothing,
                Some(lane) => {
                    self.is_open |= lane == Lane::First && view.members.len() == self.all.len();
                    Heard::View(lane, view.members.len())
                }
                None => {
                    self.note_view(view.lwg, view.members.len());
                    Heard::Nothing
                }
            },
            Up::Out { lwg, .. } => {
                if self.works.until() == Until::View && self.works_on(lwg) == Some(Kind::Leave) {
                    self.works.done();
                }
                Heard::Nothing
            }
            Up::Done { lwg, .. } => {
                self.note_done(lwg);
                Heard::Nothing
            }
            _ => Heard::Nothing,
        }
    }

    fn take(&mut self, _: &mut Self::Tower, _: Instant, words: &Words) -> Words {
        let answer = Words::new(&words.verb);
        match words.verb.as_str() {
            "flood" | "ping" => {
                self.order = order(words);
                self.to = words.all("to").next().map(|to| match to {
                    "relaxed" => RELAXED,
                    _ => SOME,
                });
            }
            "make" => {
                self.members = self.members(words.get("members"));
                self.creates = MANY + words.get::<u64>("from")..MANY + words.get::<u64>("to");
                self.done = 0;
                return answer.with("at", clock::now_ns());
            }
            "made" => {
                let done = answer.with("done", self.done).with("at", self.done_at);
                return done.with("views", self.views).with("views_at", self.views_at);
            }
            "work" => {
                self.works.begin(words);
                return answer.with("at", clock::now_ns());
            }
            "worked" => return self.works.tell(answer),
            other => panic!("nobody knows `{other}`"),
        }
        answer
    }

    fn step(&mut self, tower: &mut Self::Tower, now: Instant) {
        if core::mem::take(&mut self.is_open) && self.me.proc == proc(0) {
            // On the core group of all: there is none before the lanes are there.
            self.make_some(tower, now);
        }
        for count in self.creates.by_ref().take(BURST as usize) {
            let members = self.members.clone();
            let lwg = LwgId { creator: self.creator, count };
            let _ = tower.down(now, Down::Create { lwg, members });
        }
        let Some((kind, at)) = self.works.next() else { return };
        let (lwg, last) = (self.group(MANY + at), self.all.len() - 1);
        let of_last = || [Endpoint::of(self.all[last])].into_iter().collect();
        let ask = match kind {
            Kind::Create => Down::Create { lwg, members: self.members(last) },
            Kind::Add => Down::Add { lwg, members: of_last() },
            Kind::Remove | Kind::Leave => Down::Remove { lwg, members: of_last() },
        };
        let _ = tower.down(now, ask);
    }

    fn views(peers: usize) -> Option<usize> {
        Some(peers + 1)
    }
}
