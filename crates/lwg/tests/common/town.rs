//! A town: several towers over one pretended kernel, turned at random from a seed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lwg::{
    Config, Down, Endpoint, GroupId, Groups, LwgId, Members, Message, Order, Policy, SendId,
    Smallest, Up, View,
};
use muts::{Counted, Duration, Instant, Layer};

use super::net::{Net, Pretend};
use super::seat;

pub(crate) type Tower<P = Smallest> = Groups<Pretend, P>;

pub(crate) struct Town<P: Policy = Smallest> {
    pub(crate) net: Rc<RefCell<Net>>,
    pub(crate) towers: BTreeMap<Endpoint, Tower<P>>,
    /// All that each was ever told.
    pub(crate) told: BTreeMap<Endpoint, Vec<Up>>,
    pub(crate) now: Instant,
    pub(crate) sends: u64,
    /// Whether who is asked replies at once; else it declines.
    pub(crate) answers: bool,
    /// Groups that are brought up to date in one turn.
    at_once: usize,
}

impl Town {
    pub(crate) fn new(seed: u64, members: &[Endpoint]) -> Self {
        Self::with_policy(seed, members, Smallest::default())
    }
}

impl<P: Policy + Clone> Town<P> {
    pub(crate) fn with_policy(seed: u64, members: &[Endpoint], policy: P) -> Self {
        let net = Rc::new(RefCell::new(Net::new(seed)));
        let mut town = Self {
            net,
            towers: BTreeMap::new(),
            told: BTreeMap::new(),
            now: Instant::ZERO,
            sends: 0,
            answers: true,
            at_once: [1, 3, Config::new(Endpoint::default()).at_once][seed as usize % 3],
        };
        for member in members {
            town.start(*member, policy.clone());
        }
        town
    }

    pub(crate) fn start(&mut self, who: Endpoint, policy: P) {
        let below = Pretend::new(who, &self.net);
        let config = Config { at_once: self.at_once, ..Config::new(who) };
        self.towers.insert(who, Groups::with_policy(below, config, policy));
        self.told.entry(who).or_default();
    }
}

impl<P: Policy> Town<P> {
    /// Stops a process; its history stays.
    pub(crate) fn crash(&mut self, who: Endpoint) {
        self.towers.remove(&who);
        let mut net = self.net.borrow_mut();
        net.ups.remove(&who);
        net.side.remove(&who);
    }

    pub(crate) fn ask(&mut self, who: Endpoint, ask: Down) -> bool {
        let now = self.now;
        let taken = self.towers.get_mut(&who).expect("alive").down(now, ask).is_ok();
        self.hear(who);
        taken
    }

    /// Makes a group of these on that core group.
    pub(crate) fn create_on(
        &mut self,
        who: Endpoint,
        core: GroupId,
        lwg: LwgId,
        members: Members,
    ) -> bool {
        self.ask(who, Down::CreateOn { core, lwg, members: Box::new(members) })
    }

    pub(crate) fn send(
        &mut self,
        who: Endpoint,
        lwg: LwgId,
        order: Order,
        replies: bool,
    ) -> SendId {
        self.sends += 1;
        let send = SendId(self.sends);
        let message = Message::new(self.sends.to_le_bytes().to_vec());
        self.ask(who, Down::Send { lwg, send, how: order.into(), replies, message });
        send
    }

    /// Takes in what a tower tells; answers whoever wants replies.
    pub(crate) fn hear(&mut self, who: Endpoint) {
        let Some(tower) = self.towers.get_mut(&who) else { return };
        let mut answers = Vec::new();
        while let Some(up) = tower.up() {
            if let Up::Message { from, send, replies: true, .. } = &up {
                answers.push((*from, *send));
            }
            self.told.get_mut(&who).expect("a tower").push(up);
        }
        for (to, send) in answers {
            let reply = self.answers.then(|| Message::new(send.0.to_le_bytes().to_vec()));
            self.ask(who, Down::Reply { to, send, reply });
        }
    }

    /// As often as it wants to be.
    pub(crate) fn wake(&mut self, who: Endpoint) {
        self.wake_once(who);
        while self.towers.get(&who).is_some_and(|it| it.deadline().is_some_and(|at| at <= self.now))
        {
            self.wake_once(who);
        }
    }

    fn wake_once(&mut self, who: Endpoint) {
        let now = self.now;
        if let Some(tower) = self.towers.get_mut(&who) {
            tower.wake(now);
        }
        self.hear(who);
    }

    pub(crate) fn wake_all(&mut self) {
        for who in self.towers.keys().copied().collect::<Vec<_>>() {
            self.wake(who);
        }
    }

    /// One thing happens, at random; false if nothing can.
    pub(crate) fn step(&mut self) -> bool {
        let (deliveries, letters) = {
            let net = self.net.borrow();
            (net.deliveries(), net.letters())
        };
        let all = deliveries.len() + letters.len();
        if all == 0 {
            return false;
        }
        let pick = self.net.borrow_mut().random.below(all as u64) as usize;
        let who = if pick < deliveries.len() {
            self.net.borrow_mut().deliver(deliveries[pick])
        } else {
            let pair = letters[pick - deliveries.len()];
            self.net.borrow_mut().carry(pair);
            pair.1
        };
        // A tower that is not woken does not sweep: nothing may depend on that.
        if self.net.borrow_mut().random.below(4) == 0 {
            self.wake_once(who);
        } else {
            self.hear(who);
        }
        true
    }

    pub(crate) fn steps(&mut self, most: u64) {
        for _ in 0..most {
            if !self.step() {
                return;
            }
        }
    }

    /// Until nothing happens any more, wishes granted.
    pub(crate) fn run(&mut self) {
        self.wake_all();
        loop {
            while self.step() {}
            let granted = self.net.borrow_mut().grant();
            self.net.borrow_mut().tell_stable();
            self.wake_all();
            if !granted && self.is_quiet() {
                // What may wait for what is more urgent comes last.
                self.pass(Duration::from_millis(2));
                if self.is_quiet() {
                    return;
                }
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let net = self.net.borrow();
        net.deliveries().is_empty() && net.letters().is_empty()
    }

    /// Everything happens but that one is told anything in that core group.
    pub(crate) fn run_without(&mut self, who: u64, core: GroupId) {
        self.run_unless(|view, receiver, _| view.group == core && receiver == seat(who));
    }

    /// Everything happens but what is kept back: by core view, receiver and sender.
    pub(crate) fn run_unless(&mut self, kept: impl Fn(&vsync::View, Endpoint, Endpoint) -> bool) {
        self.wake_all();
        loop {
            let next = self.net.borrow().deliveries().into_iter().find(|&(number, to, from)| {
                let view = &self.net.borrow().epochs[number].view;
                !kept(view, view.members[to], view.members[from])
            });
            let Some(next) = next else { return };
            let told = self.net.borrow_mut().deliver(next);
            self.wake(told);
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.wake_all();
    }

    /// Everything that one was told since the last call of this.
    pub(crate) fn news(&mut self, who: Endpoint) -> Vec<Up> {
        core::mem::take(self.told.get_mut(&who).expect("a tower"))
    }

    /// The last view of a group at one.
    pub(crate) fn view(&self, who: Endpoint, lwg: LwgId) -> Option<View> {
        let mut last = None;
        for up in &self.told[&who] {
            match up {
                Up::View(view) if view.lwg == lwg => last = Some((**view).clone()),
                Up::Out { lwg: out, .. } if *out == lwg => last = None,
                _ => {}
            }
        }
        last
    }

    pub(crate) fn members(&self, who: Endpoint, lwg: LwgId) -> Members {
        self.view(who, lwg).map(|view| view.members).unwrap_or_default()
    }

    pub(crate) fn count(&self, who: Endpoint, name: &str) -> u64 {
        let mut found = None;
        self.towers[&who].count(&mut |each, number| {
            if each == name {
                found = Some(number);
            }
        });
        found.expect("a counter")
    }
}
