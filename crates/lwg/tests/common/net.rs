//! The pretended kernel: one for all members, with views made by hand or at random.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use lwg::{Endpoint, GroupId, Message, Order, ProcId};
use muts::{Counted, Full, Instant, Layer, Packet, Random, Transmit};
use vsync::{Down, Fault, Up, View, ViewId, Why};

use super::epoch::Epoch;

/// What members have asked for and the script has not granted yet.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Found(Endpoint, GroupId, Vec<ProcId>),
    Invite(Endpoint, GroupId, Vec<ProcId>),
    Leave(Endpoint, GroupId),
    /// A GBCAST.
    Global(Endpoint, GroupId, Message),
}

pub(crate) struct Net {
    pub(crate) random: Random,
    pub(crate) ups: BTreeMap<Endpoint, VecDeque<Up>>,
    pub(crate) epochs: Vec<Epoch>,
    /// Where each member of each group is.
    pub(crate) at: BTreeMap<(GroupId, Endpoint), usize>,
    pub(crate) wishes: Vec<Wish>,
    sends: BTreeMap<(Endpoint, Endpoint), VecDeque<Message>>,
    handed_back: BTreeSet<(GroupId, Endpoint)>,
    /// To whom nothing more can be sent for now.
    pub(crate) full: BTreeSet<Endpoint>,
    /// Which side of a partition each process is on.
    pub(crate) side: BTreeMap<Endpoint, u64>,
    highest: u64,
    pub(crate) casts: u64,
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            ups: BTreeMap::new(),
            epochs: Vec::new(),
            at: BTreeMap::new(),
            wishes: Vec::new(),
            sends: BTreeMap::new(),
            handed_back: BTreeSet::new(),
            full: BTreeSet::new(),
            side: BTreeMap::new(),
            highest: 0,
            casts: 0,
        }
    }

    pub(crate) fn alive(&self, who: Endpoint) -> bool {
        self.side.contains_key(&who)
    }

    pub(crate) fn tell(&mut self, who: Endpoint, up: Up) {
        if let Some(ups) = self.ups.get_mut(&who) {
            ups.push_back(up);
        }
    }

    /// All deliveries that may happen next.
    pub(crate) fn deliveries(&self) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for (number, epoch) in self.epochs.iter().enumerate().filter(|(_, epoch)| !epoch.over) {
            let n = epoch.view.members.len();
            for receiver in 0..n {
                let who = epoch.view.members[receiver];
                if self.at.get(&(epoch.view.group, who)) != Some(&number) {
                    continue;
                }
                for sender in 0..n {
                    if epoch.ready(receiver, sender) {
                        all.push((number, receiver, sender));
                    }
                }
            }
        }
        all
    }

    /// Delivers one; tells at whom.
    pub(crate) fn deliver(
        &mut self,
        (number, receiver, sender): (usize, usize, usize),
    ) -> Endpoint {
        let epoch = &mut self.epochs[number];
        let who = epoch.view.members[receiver];
        if let Some(up) = epoch.deliver(receiver, sender) {
            self.tell(who, up);
        }
        who
    }

    /// Pairs with a message on the way.
    pub(crate) fn letters(&self) -> Vec<(Endpoint, Endpoint)> {
        let reaches =
            |from, to| self.side.contains_key(from) && self.side.get(from) == self.side.get(to);
        let sends = self.sends.iter().filter(|(_, queue)| !queue.is_empty());
        sends.filter(|((from, to), _)| reaches(from, to)).map(|(pair, _)| *pair).collect()
    }

    pub(crate) fn carry(&mut self, (from, to): (Endpoint, Endpoint)) {
        if let Some(message) = self.sends.get_mut(&(from, to)).and_then(VecDeque::pop_front) {
            self.tell(to, Up::Send { from, message });
        }
    }

    pub(crate) fn tell_stable(&mut self) {
        let mut told = Vec::new();
        for epoch in self.epochs.iter_mut().filter(|epoch| !epoch.over) {
            told.extend(epoch.stable());
        }
        for (who, up) in told {
            if self.alive(who) {
                self.tell(who, up);
            }
        }
    }

    pub(crate) fn groups(&self) -> BTreeSet<GroupId> {
        self.at.keys().map(|(group, _)| *group).collect()
    }

    /// The epochs of a group that have somebody alive in them.
    pub(crate) fn living(&self, group: GroupId) -> BTreeSet<usize> {
        let all = self.at.iter().filter(|((of, who), _)| *of == group && self.alive(*who));
        all.map(|(_, number)| *number).collect()
    }

    /// Who is in an epoch and alive.
    pub(crate) fn inside(&self, number: usize) -> Vec<Endpoint> {
        let epoch = &self.epochs[number];
        let is_in = |who: &Endpoint| {
            self.alive(*who) && self.at.get(&(epoch.view.group, *who)) == Some(&number)
        };
        epoch.view.members.iter().copied().filter(is_in).collect()
    }

    /// A new view for those in these epochs that are listed, and for newcomers.
    pub(crate) fn next_view(
        &mut self,
        group: GroupId,
        old: &[usize],
        listed: &BTreeSet<Endpoint>,
        newcomers: &[Endpoint],
    ) {
        let mut parts: Vec<(Option<usize>, Vec<Endpoint>)> = Vec::new();
        for number in old {
            let mut part = self.inside(*number);
            part.retain(|who| listed.contains(who));
            if !part.is_empty() {
                parts.push((Some(*number), part));
            }
        }
        parts.extend(newcomers.iter().map(|who| (None, vec![*who])));
        for (number, part) in &parts {
            if let Some(number) = number {
                let along: BTreeSet<Endpoint> = part.iter().copied().collect();
                let told = self.epochs[*number].close(&along, &mut self.random);
                for (who, up) in told {
                    self.tell(who, up);
                }
            }
        }
        self.highest += 1;
        let members: Vec<Endpoint> = parts.iter().flat_map(|(_, part)| part.clone()).collect();
        let id = ViewId { epoch: self.highest, coordinator: members[0].proc };
        let lists: Vec<Vec<Endpoint>> = parts.iter().map(|(_, part)| part.clone()).collect();
        let view = |transitional: &[Endpoint], previous| View {
            group,
            id,
            members: members.clone(),
            transitional: transitional.to_vec(),
            parts: lists.clone(),
            previous,
            primary: None,
        };
        self.epochs.push(Epoch::new(view(&[], None)));
        let new = self.epochs.len() - 1;
        for (number, part) in &parts {
            let previous = number.map(|number| self.epochs[number].view.id);
            for who in part {
                self.at.insert((group, *who), new);
                let told = view(part, previous);
                self.tell(*who, Up::View(told.into()));
                if self.handed_back.remove(&(group, *who)) {
                    self.tell(*who, Up::Room { group });
                }
            }
        }
        for number in old {
            self.epochs[*number].over = self.inside(*number).is_empty();
        }
    }

    /// Those of one epoch go apart or lose somebody: one new view for each list.
    pub(crate) fn split(&mut self, number: usize, lists: &[BTreeSet<Endpoint>]) {
        let group = self.epochs[number].view.group;
        for list in lists.iter().filter(|list| !list.is_empty()) {
            self.next_view(group, &[number], list, &[]);
        }
    }

    /// All sides of a group that can reach each other have one view again, the dead are out.
    pub(crate) fn regroup(&mut self, group: GroupId) {
        let living = self.living(group);
        let mut sides: BTreeMap<u64, BTreeSet<Endpoint>> = BTreeMap::new();
        for number in &living {
            for who in self.inside(*number) {
                sides.entry(self.side[&who]).or_default().insert(who);
            }
        }
        for list in sides.values() {
            let old: Vec<usize> = living
                .iter()
                .copied()
                .filter(|number| self.inside(*number).iter().any(|who| list.contains(who)))
                .collect();
            let same = old.len() == 1 && {
                let members = &self.epochs[old[0]].view.members;
                members.iter().copied().collect::<BTreeSet<_>>() == *list
            };
            if !same || self.epochs[old[0]].blocked {
                self.next_view(group, &old, list, &[]);
            }
        }
    }

    /// Grants the oldest wish.
    pub(crate) fn grant(&mut self) -> bool {
        if self.wishes.is_empty() {
            return false;
        }
        match self.wishes.remove(0) {
            Wish::Found(founder, group, members) => {
                if !self.alive(founder) {
                    return true;
                }
                let mut come = vec![founder];
                come.extend(self.reachable(founder, &members, |_| true));
                self.next_view(group, &[], &BTreeSet::new(), &come);
                self.tell_missing(founder, group, &members, &come);
            }
            Wish::Invite(host, group, members) => {
                let Some(&number) = self.at.get(&(group, host)).filter(|_| self.alive(host)) else {
                    return true;
                };
                let old: BTreeSet<Endpoint> = self.inside(number).into_iter().collect();
                let out = |who: &Endpoint| !self.at.contains_key(&(group, *who));
                let come = self.reachable(host, &members, out);
                if !come.is_empty() {
                    self.next_view(group, &[number], &old, &come);
                }
                let mut all = come;
                all.extend(old);
                self.tell_missing(host, group, &members, &all);
            }
            Wish::Leave(who, group) => {
                let Some(&number) = self.at.get(&(group, who)).filter(|_| self.alive(who)) else {
                    return true;
                };
                let all: BTreeSet<Endpoint> = self.inside(number).into_iter().collect();
                // The leaver takes part: what is owed to it is told before it is out.
                let told = self.epochs[number].close(&all, &mut Random::new(1));
                for (to, up) in told.into_iter().filter(|(to, _)| *to == who) {
                    self.tell(to, up);
                }
                self.tell(who, Up::Out { group, why: Why::Left });
                self.at.remove(&(group, who));
                let rest: BTreeSet<Endpoint> = all.into_iter().filter(|to| *to != who).collect();
                if rest.is_empty() {
                    self.epochs[number].over = true;
                } else {
                    self.split(number, &[rest]);
                }
            }
            Wish::Global(from, group, message) => self.global(from, group, &message),
        }
        true
    }

    /// One leaves and is told nothing more of this epoch: whose messages it lacks is gone.
    pub(crate) fn leave_at_once(&mut self, group: GroupId, who: Endpoint) {
        let Some(number) = self.at.remove(&(group, who)) else { return };
        self.tell(who, Up::Out { group, why: Why::Left });
        let rest = self.inside(number).into_iter().collect();
        self.split(number, &[rest]);
    }

    /// A GBCAST: the epoch ends for those who are together, and the next one has the same view.
    fn global(&mut self, from: Endpoint, group: GroupId, message: &Message) {
        let Some(&number) = self.at.get(&(group, from)).filter(|_| self.alive(from)) else {
            return;
        };
        let inside = self.inside(number);
        let side = self.side[&from];
        if inside.iter().any(|who| self.side[who] != side)
            || inside.len() < self.epochs[number].view.members.len()
        {
            // Its view is about to change, and it with it.
            return;
        }
        let along: BTreeSet<Endpoint> = inside.iter().copied().collect();
        let told = self.epochs[number].close(&along, &mut self.random);
        for (who, up) in told {
            self.tell(who, up);
        }
        self.epochs.push(Epoch::new(self.epochs[number].view.clone()));
        let new = self.epochs.len() - 1;
        for who in inside {
            self.at.insert((group, who), new);
            let (order, message) = (Order::Global, message.clone());
            self.tell(who, Up::Cast { group, from, seq: 0, order, safe: false, message });
            if self.handed_back.remove(&(group, who)) {
                self.tell(who, Up::Room { group });
            }
        }
        self.epochs[number].over = true;
    }

    fn reachable(
        &self,
        from: Endpoint,
        members: &[ProcId],
        also: impl Fn(&Endpoint) -> bool,
    ) -> Vec<Endpoint> {
        let members = members.iter().map(|member| Endpoint::of(*member));
        members
            .filter(|who| *who != from && self.side.get(who) == self.side.get(&from) && also(who))
            .collect()
    }

    fn tell_missing(&mut self, to: Endpoint, group: GroupId, all: &[ProcId], come: &[Endpoint]) {
        let missing: Vec<ProcId> =
            all.iter().copied().filter(|who| !come.contains(&Endpoint::of(*who))).collect();
        if !missing.is_empty() {
            self.tell(to, Up::Fault { group, fault: Fault::Missing(missing) });
        }
    }
}

/// One member's side of it.
pub(crate) struct Pretend {
    me: Endpoint,
    net: Rc<RefCell<Net>>,
}

impl Pretend {
    pub(crate) fn new(me: Endpoint, net: &Rc<RefCell<Net>>) -> Self {
        net.borrow_mut().ups.insert(me, VecDeque::new());
        net.borrow_mut().side.insert(me, 0);
        Self { me, net: Rc::clone(net) }
    }
}

impl Counted for Pretend {
    fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
}

impl Layer for Pretend {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        let mut net = self.net.borrow_mut();
        match ask {
            Down::Cast { group, how, message } => {
                let Some(&number) = net.at.get(&(group, self.me)) else {
                    net.tell(self.me, Up::Fault { group, fault: Fault::NotIn });
                    return Ok(());
                };
                let view = net.epochs[number].view.id;
                let other = how.to.as_ref().is_some_and(|to| to.0 != view);
                if net.epochs[number].blocked || other {
                    net.handed_back.insert((group, self.me));
                    return Err(Full(Down::Cast { group, how, message }));
                }
                net.casts += 1;
                if how.order == Order::Global {
                    net.wishes.push(Wish::Global(self.me, group, message));
                    return Ok(());
                }
                net.epochs[number].cast(self.me, &how, message);
            }
            Down::Send { to, .. } if net.full.contains(&to) => return Err(Full(ask)),
            Down::Send { to, message } => {
                net.sends.entry((self.me, to)).or_default().push_back(message);
            }
            Down::Found { group, members } => net.wishes.push(Wish::Found(self.me, group, members)),
            Down::Invite { group, members } => {
                net.wishes.push(Wish::Invite(self.me, group, members));
            }
            Down::Leave { group } => net.wishes.push(Wish::Leave(self.me, group)),
            _ => {}
        }
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.net.borrow_mut().ups.get_mut(&self.me)?.pop_front()
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
