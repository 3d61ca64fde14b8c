//! The application of core group storms: founds, joins, leaves, casts in every order.

mod circles;
mod coming;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use horus::history::Id;
use muts::{Address, Duration, Instant, Message, ProcId};
use vsync::{Down, Endpoint, Fault, GroupId, How, Order, Up, View};

use self::circles::{circle_of, group_of};
use crate::choice::Choice;
use crate::diary::{Diary, Group, ViewName};
use crate::script::choking::Choking;
use crate::script::payload::{body, id_of, pairs::Pairs};
use crate::script::{App, Birth, Phase, Plan, Roster, later};

/// Who is in which group, over the whole world: a group whose last member dies is gone, and no
/// storm asks that it come back. The world knows this; no process does.
pub type Keepers = Rc<RefCell<BTreeMap<GroupId, BTreeSet<ProcId>>>>;

/// Where a process stands with a group.
#[derive(Debug)]
enum Standing {
    /// Out, until it joins again.
    Out(Option<Instant>),
    /// Waits to be in.
    Joining,
    /// In, and perhaps about to leave.
    In { view: View, full: bool, leaving: bool, unstable: VecDeque<Unstable> },
}

/// Who sent it, its position, its name, and whether it stands in its sender's queue.
type Unstable = (Endpoint, u64, (Group, Id), bool);

/// What is being asked, to be written down if the kernel takes it.
#[derive(Debug)]
enum Asking {
    Cast(GroupId, How, Bytes),
    Join(GroupId),
    Send(ProcId),
    Other,
}

/// The application.
#[derive(Debug)]
pub struct Member {
    /// The process.
    pub me: ProcId,
    /// Its history.
    pub diary: Diary,
    /// What it found wrong by itself.
    pub wrong: Vec<String>,
    choice: Choice,
    plan: Plan,
    keepers: Keepers,
    roster: Roster,
    host: usize,
    groups: BTreeMap<GroupId, Standing>,
    asks: VecDeque<Down>,
    asking: Asking,
    choking: Choking<GroupId>,
    met: BTreeSet<ProcId>,
    pairs: Pairs,
    /// What it has multicast and was not told.
    untold: BTreeSet<(GroupId, String)>,
    phase: Phase,
    with: Vec<String>,
    next: Instant,
}

impl Member {
    /// The application of a process that starts.
    #[must_use]
    pub fn new(birth: Birth, plan: Plan, keepers: Keepers) -> Self {
        let choking = Choking::new(plan.load.choke_chance);
        let mut member = Self {
            me: birth.me,
            diary: Diary::new(&birth.name, birth.spelling.clone()),
            wrong: Vec::new(),
            choice: birth.choice,
            plan,
            keepers,
            roster: birth.roster.clone(),
            host: birth.host,
            groups: BTreeMap::new(),
            asks: VecDeque::new(),
            asking: Asking::Other,
            choking,
            met: BTreeSet::new(),
            pairs: Pairs::default(),
            untold: BTreeSet::new(),
            phase: Phase::Storm,
            with: Vec::new(),
            next: birth.now,
        };
        member.meet_all(&birth.roster, birth.host);
        for (number, group) in member.plan.groups.clone().into_iter().enumerate() {
            if let Some(terms) = member.plan.terms(&birth.roster, group, birth.host) {
                member.asks.push_back(Down::Terms { group, terms });
            }
            let founder = birth.me.incarnation == 1 && number == birth.host;
            let standing = if founder {
                let (plan, roster) = (&member.plan, &birth.roster);
                let members = (0..roster.hosts())
                    .filter(|host| !plan.is_barred(roster, *host))
                    .map(|host| ProcId { node: birth.roster.node(host), incarnation: 1 });
                member.asks.push_back(Down::Found { group, members: members.collect() });
                member.keep(group);
                Standing::Joining
            } else if birth.me.incarnation == 1 {
                // Invited; should that not come, it joins by itself.
                Standing::Out(Some(birth.now + Duration::from_secs(8)))
            } else {
                Standing::Out(Some(later(birth.now, &mut member.choice, 0, 300)))
            };
            member.groups.insert(group, standing);
        }
        member
    }

    fn meet_all(&mut self, roster: &Roster, me: usize) {
        for host in (0..roster.hosts()).filter(|host| *host != me) {
            let address = Address::Pipe(u32::try_from(host).expect("hosts are few"));
            self.asks.push_back(Down::Meet { node: roster.node(host), address });
        }
    }

    /// Whether a group would be gone without this process.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.keepers
            .borrow()
            .values()
            .any(|keepers| keepers.len() == 1 && keepers.contains(&self.me))
    }

    /// Leaves a group, if it can do without this process.
    pub fn take_leave(&mut self, group: GroupId) {
        self.leave(group);
    }

    /// Multicasts one short message.
    pub fn say(&mut self, group: GroupId, how: How) {
        let (id, _) = self.diary.mint();
        let message = Message::new(body(&id, 0));
        self.asks.push_back(Down::Cast { group, how, message });
    }

    /// The view of each group that it is in.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.groups.values().filter_map(|standing| match standing {
            Standing::In { view, .. } => Some(view),
            _ => None,
        })
    }

    /// Whether it waits to be in some group.
    #[must_use]
    pub fn is_joining(&self) -> bool {
        self.groups.values().any(|standing| matches!(standing, Standing::Joining))
    }

    fn act(&mut self, now: Instant) {
        if self.choice.chance(100_000) && !self.met.is_empty() {
            let met: Vec<_> = self.met.iter().copied().collect();
            let to = *self.choice.pick(&met);
            let message = Message::default();
            self.asks.push_back(Down::Send { to: Endpoint::of(to), message });
        }
        let usable = |(group, standing): (&GroupId, &Standing)| match standing {
            Standing::In { full: false, leaving: false, view, .. } if self.may_cast(view) => {
                Some(*group)
            }
            _ => None,
        };
        let usable: Vec<_> = self.groups.iter().filter_map(usable).collect();
        if usable.is_empty() {
            return;
        }
        if let Some(group) = self.choking.begin(now, &mut self.choice, &usable) {
            self.asks.push_back(Down::Choke { group, choked: true });
        }
        let group = *self.choice.pick(&usable);
        if self.choice.chance(self.plan.leave_chance) {
            self.leave(group);
            return;
        }
        for _ in 0..self.choice.between(1, self.plan.load.burst_max) {
            let how = self.how();
            let (mut id, _) = self.diary.mint();
            if let Some(circle) = self.circle()
                && how.order != Order::Global
            {
                id = format!("{id}~{circle}");
            }
            let length = self.plan.load.body_bytes(&mut self.choice);
            let message = Message::new(body(&id, length));
            self.asks.push_back(Down::Cast { group, how, message });
        }
    }

    /// Whether a view takes multicasts.
    fn may_cast(&self, view: &View) -> bool {
        view.primary != Some(false) || !self.plan.refuses(view.group)
    }

    /// How the next message is to go.
    fn how(&mut self) -> How {
        let mut order = *self.choice.pick(&self.plan.load.orders);
        // Each is a flush: now and then, or the group does nothing else.
        if order == Order::Global && !self.choice.chance(50_000) {
            order = Order::Total;
        }
        let after_all = self.choice.chance(100_000);
        let safe = self.choice.chance(self.plan.load.safe_chance);
        How { after_all, safe, ..order.into() }
    }

    fn told_view(&mut self, view: View) {
        self.diary.view_of(Group::Core(view.group), &view);
        self.tell_circles(&view);
        if self.plan.is_barred(&self.roster, self.host) {
            self.wrong.push(format!("admission: {:?} is in {:?}", self.me, view.id));
        }
        let group = view.group;
        let leaving = matches!(self.groups.get(&group), Some(Standing::In { leaving: true, .. }));
        if !leaving {
            self.keep(group);
        }
        let unstable = VecDeque::new();
        self.groups.insert(group, Standing::In { view, full: false, leaving, unstable });
    }

    fn told_cast(
        &mut self,
        group: GroupId,
        (from, seq): (Endpoint, u64),
        (order, safe): (Order, bool),
        body: &Bytes,
    ) {
        let Some(id) = id_of(body) else {
            self.wrong.push(format!("integrity: a body nobody sent, of {from:?}"));
            return;
        };
        let name = group_of(group, id);
        if from.proc == self.me {
            self.untold.remove(&(group, id.to_owned()));
        }
        let id = self.diary.text(id);
        let Some(Standing::In { view, unstable, .. }) = self.groups.get_mut(&group) else {
            self.wrong.push(format!("initial-view: {id} told while in no view"));
            return;
        };
        let queued = !matches!(order, Order::Unordered | Order::Global);
        let last = unstable.iter().rev().find(|last| last.0 == from && last.3);
        if queued && last.is_some_and(|last| last.1 >= seq) {
            self.wrong.push(format!("seq: {id} has position {seq}, not above the last"));
        }
        unstable.push_back((from, seq, (name, id.clone()), queued));
        let view = ViewName::Core(view.id);
        self.diary.deliver(name, &id, from.proc, view, (order, safe), body);
    }

    fn told_stable(&mut self, group: GroupId, from: Endpoint, below: u64) {
        let Some(Standing::In { unstable, .. }) = self.groups.get_mut(&group) else { return };
        let is_stable = |kept: &Unstable| kept.0 == from && kept.1 < below;
        let stable: Vec<_> = unstable.iter().filter(|kept| is_stable(kept)).cloned().collect();
        unstable.retain(|kept| !is_stable(kept));
        for (_, _, (name, id), _) in stable {
            self.diary.stable(name, &id);
        }
    }

    /// All has settled: what was handed back can be asked again.
    fn look_for_room(&mut self) {
        for (group, standing) in &self.groups {
            if let Standing::In { full: true, leaving: false, .. } = standing {
                self.wrong.push(format!("liveness: it was never told of room in {group:?}"));
            }
        }
    }

    fn took(&mut self) {
        match std::mem::replace(&mut self.asking, Asking::Other) {
            Asking::Cast(group, how, body) => {
                let id = id_of(&body).expect("made here");
                let name = group_of(group, id);
                self.untold.insert((group, id.to_owned()));
                let id = self.diary.text(id);
                let view = match self.groups.get(&group) {
                    // Another flush may overtake it.
                    _ if how.order == Order::Global => None,
                    Some(Standing::In { view, .. }) => Some(ViewName::Core(view.id)),
                    _ => None,
                };
                let how = (how.order, how.safe);
                self.diary.send(name, &id, how, view, &body);
            }
            Asking::Join(group) => self.diary.join_req(Group::Core(group)),
            Asking::Send(to) => self.pairs.sent(to),
            Asking::Other => {}
        }
    }
}

impl App for Member {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, now: Instant, up: Up) {
        match up {
            Up::Met { peer } => {
                self.met.insert(peer);
            }
            Up::Lost { peer } => {
                self.met.remove(&peer);
            }
            Up::View(view) => self.told_view(*view),
            Up::Cast { group, from, seq, order, safe, message } => {
                self.told_cast(group, (from, seq), (order, safe), message.body());
            }
            Up::Send { from, message } => {
                if let Err(wrong) = self.pairs.got(from.proc, message.body()) {
                    self.wrong.push(wrong);
                }
            }
            Up::Stable { group, from, below } => self.told_stable(group, from, below),
            Up::Room { group } => {
                if let Some(Standing::In { full, .. }) = self.groups.get_mut(&group) {
                    *full = false;
                }
            }
            Up::Out { group, why } => self.told_out(now, group, why),
            Up::Refused { peer, versions } => {
                self.wrong.push(format!("{peer:?} of versions {versions:?} refused in one world"));
            }
            Up::Closing { group } => {
                self.wrong.push(format!("asked before {group:?} is closed, without a pipe"));
            }
            Up::Fault { fault: Fault::NotPrimary, group } => {
                self.wrong.push(format!("primary: {group:?} refused what it was not to be asked"));
            }
            Up::Asks { group, who, .. } => {
                let last = self.roster.node(self.roster.hosts() - 1);
                let denied = (who.node == last).then_some(7);
                self.asks.push_back(Down::Answer { group, who, denied });
            }
            Up::Fault { fault: Fault::Denied(denial), group } => {
                self.wrong.push(format!("admission: a side of {group:?} refuses this: {denial:?}"));
            }
            Up::Fault { .. } | Up::Merged { .. } => {}
        }
    }

    fn ask(&mut self, _now: Instant) -> Option<Down> {
        let mut ask = loop {
            let ask = self.asks.pop_front()?;
            let usable = |group| {
                matches!(
                    self.groups.get(group),
                    Some(Standing::In { full: false, leaving: false, view, .. })
                        if self.may_cast(view)
                )
            };
            match &ask {
                Down::Cast { group, .. } if !usable(group) => {}
                _ => break ask,
            }
        };
        self.asking = match &mut ask {
            Down::Cast { group, how, message } => {
                let circle = id_of(message.body()).and_then(circle_of);
                if let Some(circle) = circle
                    && let Some(Standing::In { view, .. }) = self.groups.get(group)
                {
                    *how = how.clone().to(view.id, self.audience(circle, view));
                }
                Asking::Cast(*group, how.clone(), message.body().clone())
            }
            Down::Join { group, .. } => Asking::Join(*group),
            Down::Send { to, message } => {
                *message = Message::new(self.pairs.next(to.proc));
                Asking::Send(to.proc)
            }
            _ => Asking::Other,
        };
        Some(ask)
    }

    fn asked(&mut self, _now: Instant, refused: Option<Down>) {
        match refused {
            None => self.took(),
            Some(Down::Cast { group, .. }) => {
                if let Some(Standing::In { full, .. }) = self.groups.get_mut(&group) {
                    *full = true;
                }
            }
            Some(ask @ (Down::Leave { .. } | Down::Join { .. })) => {
                self.wrong.push(format!("full: handed back {ask:?}"));
            }
            Some(_) => {}
        }
    }

    fn wake(&mut self, now: Instant) {
        if self.next > now {
            return;
        }
        let over = self.choking.over(now).into_iter();
        self.asks.extend(over.map(|group| Down::Choke { group, choked: false }));
        self.join_due(now);
        if self.phase == Phase::Storm {
            self.act(now);
        }
        let (low, high) = (self.plan.load.gap_min_ms, self.plan.load.gap_max_ms);
        self.next = later(now, &mut self.choice, low, high);
    }

    fn deadline(&self) -> Option<Instant> {
        (self.phase < Phase::End).then_some(self.next)
    }

    fn phase(&mut self, _now: Instant, phase: Phase, with: &[String]) {
        self.phase = phase;
        self.with = with.to_vec();
        match phase {
            Phase::Settled => {
                self.look_for_room();
                self.diary.quiesce(with);
            }
            Phase::End => self.diary.end(),
            Phase::Storm | Phase::Quiet => {}
        }
    }

    fn may_die(&self) -> bool {
        !self.is_last()
    }

    fn crashed(&mut self, _now: Instant) {
        for keepers in self.keepers.borrow_mut().values_mut() {
            keepers.remove(&self.me);
        }
        self.diary.crash();
    }
}
