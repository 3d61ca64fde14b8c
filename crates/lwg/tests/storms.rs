//! Storms over a pretended kernel: whatever happens when, histories hold and all comes to rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::judge::{Aimed, judge_also, judge_relaxed, judge_replies, judge_rest, without};
use crate::common::town::Town;
use crate::common::{proc, seat};
use lwg::{Down, Endpoint, LwgId, Members, Message, Order, SendId, SetId, Smallest, Traits};
use muts::{Counted, Duration, ProcId, Random};

struct Storm {
    town: Town,
    random: Random,
    groups: Vec<LwgId>,
    minted: u64,
    asked: BTreeMap<Endpoint, BTreeSet<SendId>>,
    nodes: u64,
    incarnations: u64,
    open: BTreeSet<LwgId>,
    relaxed: BTreeSet<LwgId>,
    aimed: Aimed,
    through: BTreeSet<SendId>,
}

impl Storm {
    fn new(seed: u64, nodes: u64) -> Self {
        let members: Vec<Endpoint> = (1..=nodes).map(seat).collect();
        Self {
            town: Town::new(seed, &members),
            random: Random::new(seed ^ 0xabcd),
            groups: Vec::new(),
            minted: 0,
            asked: BTreeMap::new(),
            nodes,
            incarnations: 1,
            open: BTreeSet::new(),
            relaxed: BTreeSet::new(),
            aimed: Aimed::new(),
            through: BTreeSet::new(),
        }
    }

    fn alive(&self) -> Vec<Endpoint> {
        self.town.towers.keys().copied().collect()
    }

    fn one(&mut self) -> Endpoint {
        let alive = self.alive();
        alive[self.random.below(alive.len() as u64) as usize]
    }

    fn some(&mut self) -> Members {
        let alive = self.alive();
        let mut some: Members = alive.into_iter().filter(|_| self.random.below(2) == 0).collect();
        if some.is_empty() {
            some.push(self.one());
        }
        let turn = self.random.below(some.len() as u64) as usize;
        some.rotate_left(turn);
        some
    }

    fn group(&mut self) -> Option<LwgId> {
        let recent = self.groups.len().min(8) as u64;
        let back = self.random.below(recent) as usize + 1;
        self.groups.len().checked_sub(back).map(|at| self.groups[at])
    }

    fn order(&mut self) -> Order {
        let often = [Order::Fifo, Order::Causal, Order::Total];
        let seldom = [Order::Unordered, Order::Global];
        match self.random.below(8) {
            0 => seldom[self.random.below(2) as usize],
            number => often[number as usize % 3],
        }
    }

    fn act(&mut self, faults: bool) {
        let who = self.one();
        match self.random.below(if faults { 110 } else { 95 }) {
            0..20 => self.town.steps(1 + self.minted % 7),
            20..24 => self.send_otherwise(who),
            24..70 => {
                if let Some(lwg) = self.group() {
                    let order = self.order();
                    let replies = self.random.below(8) == 0;
                    let send = self.town.send(who, lwg, order, replies);
                    if replies {
                        self.asked.entry(who).or_default().insert(send);
                    }
                }
            }
            70..75 => {
                self.minted += 1;
                let lwg = LwgId::minted(who, self.minted);
                let members = self.some();
                self.groups.push(lwg);
                let open = self.random.below(2) == 0;
                let traits = Traits { open, relaxed: self.random.below(6) == 0 };
                if traits.relaxed {
                    self.relaxed.insert(lwg);
                }
                if traits.open {
                    self.open.insert(lwg);
                }
                let set = SetId::DEFAULT;
                self.town.ask(who, Down::CreateWith { set, lwg, members, traits });
            }
            75..85 => {
                if let Some(lwg) = self.group() {
                    let members = self.some();
                    let add = self.random.below(2) == 0;
                    let ask = if add {
                        Down::Add { lwg, members }
                    } else {
                        Down::Remove { lwg, members }
                    };
                    self.town.ask(who, ask);
                }
            }
            85 if self.random.below(2) == 0 => {
                if let Some(lwg) = self.group() {
                    self.town.ask(who, Down::Destroy { lwg });
                }
            }
            85 | 93 => self.relocate(who),
            86..93 => {
                self.town.net.borrow_mut().grant();
                for who in self.alive() {
                    self.town.hear(who);
                }
            }
            94 if self.random.below(2) == 0 => self.town.net.borrow_mut().tell_stable(),
            94 => self.town.pass(Duration::from_millis(700)),
            _ => self.fault(who),
        }
    }

    /// Sends to some, or by way of another, in the group or not.
    fn send_otherwise(&mut self, who: Endpoint) {
        let Some(lwg) = self.group() else { return };
        let (to, member, through) = (self.some(), self.one(), self.random.below(2) == 0);
        let order = self.order();
        self.town.sends += 1;
        let send = SendId(self.town.sends);
        let message = Message::new(vec![7; self.random.below(200) as usize]);
        let replies = self.random.below(2) == 0;
        let ask = if through {
            self.through.insert(send);
            Down::SendThrough { lwg, member, send, how: order.into(), replies, message }
        } else {
            self.aimed.insert(send, to.clone());
            Down::SendTo { lwg, to: Box::new(to), send, how: order.into(), replies, message }
        };
        self.town.ask(who, ask);
        if replies || through {
            self.asked.entry(who).or_default().insert(send);
        }
    }

    /// A group is moved by hand to any core group that its member is in.
    fn relocate(&mut self, who: Endpoint) {
        let Some(lwg) = self.group() else { return };
        let net = self.town.net.borrow();
        let cores: Vec<_> = net.at.keys().filter(|(_, in_it)| *in_it == who).collect();
        let Some((to, _)) = cores.get(self.random.below(cores.len().max(1) as u64) as usize) else {
            return;
        };
        let to = *to;
        drop(net);
        self.town.ask(who, Down::Move { lwg, to });
    }

    fn fault(&mut self, who: Endpoint) {
        let cores: Vec<_> = self.town.net.borrow().groups().into_iter().collect();
        match self.random.below(7) {
            0 => {
                if self.town.towers.len() > 2 {
                    self.town.crash(who);
                }
            }
            1 => {
                let running: BTreeSet<_> =
                    self.town.towers.keys().map(|who| who.proc.node).collect();
                let stopped = (1..=self.nodes).find(|node| !running.contains(&proc(*node).node));
                if let Some(node) = stopped {
                    self.incarnations += 1;
                    let again = ProcId { incarnation: self.incarnations, ..proc(node) };
                    self.town.start(Endpoint::of(again), Smallest::default());
                }
            }
            2 => {
                for who in self.alive() {
                    let side = self.random.below(2);
                    self.town.net.borrow_mut().side.insert(who, side);
                }
            }
            3 => {
                for who in self.alive() {
                    self.town.net.borrow_mut().side.insert(who, 0);
                }
            }
            4 => {
                if !cores.is_empty() {
                    let core = cores[self.random.below(cores.len() as u64) as usize];
                    let mut net = self.town.net.borrow_mut();
                    for number in net.living(core) {
                        net.epochs[number].blocked = true;
                    }
                }
            }
            _ => {
                for core in cores {
                    if self.random.below(2) == 0 {
                        self.town.net.borrow_mut().regroup(core);
                        for who in self.alive() {
                            self.town.hear(who);
                        }
                    }
                }
            }
        }
    }

    /// Everything heals; then histories are judged.
    fn rest(&mut self) {
        for who in self.alive() {
            self.town.net.borrow_mut().side.insert(who, 0);
        }
        for _ in 0..6 {
            let cores = self.town.net.borrow().groups();
            for core in cores {
                self.town.net.borrow_mut().regroup(core);
            }
            self.town.run();
        }
        for _ in 0..2 {
            self.town.pass(Duration::from_secs(9));
            self.town.run();
        }
        self.town.wake_all();
        let alive: BTreeSet<Endpoint> = self.alive().into_iter().collect();
        judge_relaxed(&self.town.told, &self.relaxed, &self.aimed, &self.through, &alive);
        let strict = without(&self.town.told, &self.relaxed);
        judge_also(&strict, &self.open, &self.aimed, &self.through);
        judge_rest(&strict, &alive);
        for who in alive {
            assert_eq!(self.town.count(who, "lwg.out_of_view"), 0);
            assert_eq!(self.town.count(who, "lwg.malformed"), 0);
            assert_eq!(self.town.count(who, "lwg.unsettled"), 0, "{who:?}");
            assert_eq!(self.town.count(who, "lwg.replies_awaited"), 0, "{who:?}");
            let asked = self.asked.remove(&who).unwrap_or_default();
            judge_replies(&self.town.told[&who], &asked);
        }
    }
}

fn storm(seed: u64, nodes: u64, acts: u64, faults: bool) -> Storm {
    let mut storm = Storm::new(seed, nodes);
    for _ in 0..acts {
        storm.act(faults);
    }
    storm.rest();
    storm
}

fn seeds(most: u64) -> std::ops::Range<u64> {
    let first = std::env::var("LWG_SEED").ok().and_then(|seed| seed.parse().ok());
    match first {
        Some(seed) => seed..seed + 1,
        None => {
            let more = std::env::var("LWG_SEEDS").ok().and_then(|most| most.parse().ok());
            0..more.unwrap_or(most)
        }
    }
}

#[test]
fn histories_hold_without_faults() {
    for seed in seeds(60) {
        println!("seed {seed}");
        storm(seed, 3 + seed % 3, 600, false);
    }
}

#[test]
fn histories_hold_through_crashes_partitions_and_merges() {
    let (seeds, mut seen) = (seeds(100), BTreeMap::<&str, u64>::new());
    let many = seeds.clone().count() >= 100;
    for seed in seeds {
        println!("seed {seed}");
        let storm = storm(seed, 3 + seed % 4, 900, true);
        for tower in storm.town.towers.values() {
            tower.count(&mut |name, number| *seen.entry(name).or_default() += number);
        }
    }
    println!("{seen:?}");
    // A single seed shows less.
    for name in
        ["lwg.arrived", "lwg.forced", "lwg.united", "lwg.dropped", "lwg.filtered", "lwg.exchanges"]
    {
        assert!(!many || seen[name] > 0, "{name} never happened");
    }
}
