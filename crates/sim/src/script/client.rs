//! The application of light-weight group storms: all of Table 1 of the paper, in every order.

mod asking;
mod carrying;
mod ends;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use horus::history::Id;
use lwg::{Down, LwgId, Members, SendId, SetId, Traits, Up, View};
use muts::{Address, Instant, Message, ProcId};
use tools::Asks;
use vsync::{Endpoint, GroupId, How, Order};

use self::asking::Asking;
use self::carrying::{Carrying, is_bare, is_tools};
use crate::choice::Choice;
use crate::diary::{Diary, Group, ViewName};
use crate::script::choking::Choking;
use crate::script::payload::{body, id_of, pairs::Pairs};
use crate::script::{App, Birth, Phase, Roster, Wishes, later};

/// An answer that is owed.
#[derive(Debug)]
struct Owed {
    to: Endpoint,
    send: SendId,
    msg: Id,
    at: Instant,
}

/// The application.
#[derive(Debug)]
pub struct Client {
    /// The process.
    pub me: ProcId,
    /// Its history.
    pub diary: Diary,
    /// What it found wrong by itself.
    pub wrong: Vec<String>,
    choice: Choice,
    wishes: Wishes,
    views: BTreeMap<LwgId, View>,
    full: BTreeSet<LwgId>,
    /// Members of groups who take nothing of what they are told.
    full_to: BTreeSet<(LwgId, Endpoint)>,
    choking: Choking<LwgId>,
    asks: VecDeque<Down>,
    /// What nobody has passed on yet: asked again one at a time.
    unpassed: VecDeque<Down>,
    asking: Asking,
    /// Handed back something other than a send: nothing is asked until the next act.
    stuck: bool,
    met: BTreeSet<ProcId>,
    /// Core groups that it is in.
    cores: BTreeSet<GroupId>,
    created: u64,
    changing: BTreeMap<LwgId, u64>,
    sends: BTreeMap<SendId, (LwgId, Id)>,
    awaited: BTreeSet<SendId>,
    /// Groups that it was in and is out of, and another member of each.
    outside: BTreeMap<LwgId, Endpoint>,
    /// The states of its groups, if it carries any.
    carrying: Carrying,
    discarded: BTreeSet<SendId>,
    owed: VecDeque<Owed>,
    pairs: Pairs,
    phase: Phase,
    next: Instant,
}

impl Client {
    /// The application of a process that starts.
    #[must_use]
    pub fn new(birth: Birth, wishes: Wishes) -> Self {
        let choking = Choking::new(wishes.load.choke_chance);
        let carrying = Carrying::new(Endpoint::of(birth.me), wishes.carried.clone());
        let mut client = Self {
            choking,
            carrying,
            me: birth.me,
            diary: Diary::new(&birth.name, birth.spelling.clone()),
            wrong: Vec::new(),
            choice: birth.choice,
            wishes,
            views: BTreeMap::new(),
            full: BTreeSet::new(),
            full_to: BTreeSet::new(),
            asks: VecDeque::new(),
            unpassed: VecDeque::new(),
            asking: Asking::Other,
            stuck: false,
            met: BTreeSet::new(),
            cores: BTreeSet::new(),
            created: 0,
            changing: BTreeMap::new(),
            sends: BTreeMap::new(),
            awaited: BTreeSet::new(),
            outside: BTreeMap::new(),
            discarded: BTreeSet::new(),
            owed: VecDeque::new(),
            pairs: Pairs::default(),
            phase: Phase::Storm,
            next: birth.now,
        };
        client.meet_all(&birth.roster, birth.host);
        client
    }

    fn meet_all(&mut self, roster: &Roster, me: usize) {
        for host in (0..roster.hosts()).filter(|host| *host != me) {
            let address = Address::Pipe(u32::try_from(host).expect("hosts are few"));
            let meet = vsync::Down::Meet { node: roster.node(host), address };
            self.asks.push_back(Down::Core(meet));
        }
    }

    /// The light-weight views that it is in.
    #[must_use]
    pub const fn views(&self) -> &BTreeMap<LwgId, View> {
        &self.views
    }

    /// Changes of groups that have been asked for and have not ended.
    #[must_use]
    pub fn changes_under_way(&self) -> u64 {
        self.changing.values().sum()
    }

    /// Asks for a group of these members, whatever else it does; tells its name.
    pub fn create(&mut self, members: Members) -> LwgId {
        self.created += 1;
        let lwg = LwgId::minted(Endpoint::of(self.me), self.created);
        let relaxed = self.wishes.relaxed && self.created.is_multiple_of(4);
        let traits = Traits { open: self.created.is_multiple_of(3), relaxed };
        let set = SetId::DEFAULT;
        self.asks.push_back(Down::CreateWith { set, lwg, members, traits });
        lwg
    }

    /// Sends a message to a group, whatever else it does.
    pub fn send(&mut self, lwg: LwgId, order: Order, replies: bool) {
        let (id, number) = self.diary.mint();
        let length = self.wishes.load.body_bytes(&mut self.choice);
        let body = body(&id, length);
        if self.choice.chance(self.carrying.command_chance())
            && let Some(ask) = self.carrying.propose(lwg, &body, SendId(number), replies)
        {
            return self.asks.push_back(ask);
        }
        let message = Message::new(body);
        // A GBCAST is of another kind of cost.
        let rare = order == Order::Global && !self.choice.chance(100_000);
        let order = if rare { Order::Total } else { order };
        let safe = self.choice.chance(self.wishes.load.safe_chance);
        let (send, how) = (SendId(number), How { safe, ..order.into() });
        self.asks.push_back(Down::Send { lwg, send, how, replies, message });
    }

    /// Sends to a group that it is not in, by way of a member.
    fn send_through(&mut self) {
        let known: Vec<_> = self.outside.iter().map(|(lwg, member)| (*lwg, *member)).collect();
        if known.is_empty() {
            return;
        }
        let (lwg, member) = *self.choice.pick(&known);
        let (id, number) = self.diary.mint();
        let length = self.wishes.load.body_bytes(&mut self.choice);
        let (send, message) = (SendId(number), Message::new(body(&id, length)));
        let how = self.choice.pick(&[Order::Total, Order::Total, Order::Global]);
        let (how, replies) = ((*how).into(), self.choice.chance(500_000));
        self.asks.push_back(Down::SendThrough { lwg, member, send, how, replies, message });
    }

    fn others(&mut self, least: usize) -> Members {
        let mut all: Vec<_> = self.met.iter().map(|process| Endpoint::of(*process)).collect();
        all.push(Endpoint::of(self.me));
        self.choice.some(&all, least).into_iter().collect()
    }

    fn act(&mut self, now: Instant) {
        // Without a group there is nothing to do, and nothing to find.
        let lonely = self.wishes.groups_max > 0 && self.views.is_empty();
        let chance = if lonely { 200_000 } else { self.wishes.change_chance };
        if self.choice.chance(chance) {
            self.change();
        }
        if self.choice.chance(self.wishes.change_chance) {
            self.send_through();
        }
        let usable: Vec<_> =
            self.views.keys().copied().filter(|lwg| !self.full.contains(lwg)).collect();
        if usable.is_empty() {
            return;
        }
        for _ in 0..self.choice.between(1, self.wishes.load.burst_max) {
            let lwg = *self.choice.pick(&usable);
            let order = *self.choice.pick(&self.wishes.load.orders.clone());
            let replies = self.choice.chance(self.wishes.replies_chance);
            self.send(lwg, order, replies);
        }
        if self.choice.chance(50_000) {
            let lwg = *self.choice.pick(&usable);
            self.tell(lwg);
        }
        if let Some(lwg) = self.choking.begin(now, &mut self.choice, &usable) {
            self.asks.push_back(Down::Choke { lwg, choked: true });
        }
        if self.choice.chance(20_000)
            && let Some(send) = self.awaited.first().copied()
        {
            self.asks.push_back(Down::Discard { send });
        }
    }

    fn tell(&mut self, lwg: LwgId) {
        let members = &self.views[&lwg].members;
        let others: Vec<_> =
            members.iter().copied().filter(|member| member.proc != self.me).collect();
        if others.is_empty() {
            return;
        }
        let to = *self.choice.pick(&others);
        self.asks.push_back(Down::Tell { lwg, to, message: Message::default() });
    }

    fn change(&mut self) {
        let mine: Vec<_> = self.views.keys().copied().collect();
        if mine.len() < self.wishes.groups_max && (mine.is_empty() || self.choice.chance(400_000)) {
            for _ in 0..self.choice.between(1, self.wishes.at_a_time as u64) {
                let members = self.others(1);
                self.create(members);
            }
            return;
        }
        if mine.is_empty() {
            return;
        }
        let lwg = *self.choice.pick(&mine);
        let members = self.others(1);
        if self.choice.chance(self.wishes.move_chance) && !self.cores.is_empty() {
            let cores: Vec<_> = self.cores.iter().copied().collect();
            let to = *self.choice.pick(&cores);
            for lwg in self.choice.some(&mine, 1).into_iter().take(self.wishes.at_a_time) {
                self.asks.push_back(Down::Move { lwg, to });
            }
            return;
        }
        match self.choice.below(20) {
            0 => self.asks.push_back(Down::Destroy { lwg }),
            1..10 => self.asks.push_back(Down::Remove { lwg, members }),
            _ => self.asks.push_back(Down::Add { lwg, members }),
        }
    }

    fn told_message(
        &mut self,
        now: Instant,
        (lwg, view): (LwgId, lwg::ViewId),
        how: (Order, bool),
        (from, send, replies): (Endpoint, SendId, bool),
        body: &Bytes,
    ) {
        let Some(id) = id_of(body) else {
            self.wrong.push(format!("integrity: a body nobody sent, of {from:?}"));
            return;
        };
        let (id, view) = (self.diary.text(id), ViewName::Light(view));
        self.diary.deliver(Group::Light(lwg), &id, from.proc, view, how, body);
        if replies {
            let (low, high) = *self.choice.pick(&[(0, 0), (0, 50)]);
            let at = later(now, &mut self.choice, low, high);
            self.owed.push_back(Owed { to: from, send, msg: id, at });
        }
    }

    fn pay(&mut self, now: Instant) {
        while self.owed.front().is_some_and(|owed| owed.at <= now) {
            let owed = self.owed.pop_front().expect("just looked");
            let reply = (!self.choice.chance(200_000)).then(|| {
                let (id, _) = self.diary.mint();
                // What it answers is told along, so that the answer can be written down.
                Message::new(format!("{id}|{}", owed.msg).into_bytes())
            });
            self.asks.push_back(Down::Reply { to: owed.to, send: owed.send, reply });
        }
    }

    fn told_reply(&mut self, send: SendId, from: Endpoint, body: &Bytes) {
        let text = String::from_utf8_lossy(body);
        let (Some((reply, msg)), Some((_, own))) = (text.split_once('|'), self.sends.get(&send))
        else {
            self.wrong.push(format!("reply: to {send:?}, which was never sent"));
            return;
        };
        if *msg != **own {
            self.wrong.push(format!("reply: to {msg} was told as one to {own}"));
        }
        if !self.awaited.contains(&send) {
            self.wrong.push(format!("reply: {reply} to {own} after the last one"));
        }
        let own = own.clone();
        self.diary.got_reply(&own, reply, from.proc);
    }

    fn told_core(&mut self, up: vsync::Up) {
        match up {
            vsync::Up::Met { peer } => {
                self.met.insert(peer);
            }
            vsync::Up::Lost { peer } => {
                self.met.remove(&peer);
            }
            vsync::Up::View(view) => {
                self.cores.insert(view.group);
                self.diary.view_of(Group::Core(view.group), &view);
            }
            vsync::Up::Out { group, .. } => {
                self.cores.remove(&group);
                self.diary.left(Group::Core(group), "out");
            }
            _ => {}
        }
    }
}

impl App for Client {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, now: Instant, up: Up) {
        let carried = self.carrying.concerns(&up).then(|| up.clone());
        match up {
            Up::View(view) => {
                self.diary.light_view(&view);
                self.outside.remove(&view.lwg);
                self.views.insert(view.lwg, *view);
            }
            // What tools say to each other is in no history.
            Up::Message { send, .. } | Up::Stable { send } | Up::Unstable { send }
                if Asks::is_minted(send) => {}
            Up::Told { message, .. } if !is_bare(&message) => {}
            Up::Message { lwg, view, from, send, order, safe, replies, message } => {
                // A command is answered once it has moved the state.
                let replies = replies && is_bare(&message);
                let (place, how) = ((lwg, view), (order, safe));
                self.told_message(now, place, how, (from, send, replies), message.body());
            }
            Up::Reply { send, from, message } => self.told_reply(send, from, message.body()),
            Up::Answered { send, .. } => {
                if !self.awaited.remove(&send) && !self.discarded.remove(&send) {
                    self.wrong.push(format!("reply: {send:?} was not awaited and is answered"));
                }
            }
            Up::Told { from, message, .. } => {
                if let Err(wrong) = self.pairs.got(from.proc, message.body()) {
                    self.wrong.push(wrong);
                }
            }
            Up::Stable { send } => match self.sends.get(&send) {
                Some((lwg, msg)) => self.diary.stable(Group::Light(*lwg), msg),
                None => self.wrong.push(format!("stable: {send:?} was never sent")),
            },
            Up::Unstable { send } => {
                if !self.sends.contains_key(&send) {
                    self.wrong.push(format!("unstable: {send:?} was never sent"));
                }
            }
            Up::Done { lwg, .. } => match self.changing.get_mut(&lwg) {
                Some(count @ 1..) => *count -= 1,
                _ => self.wrong.push(format!("done: nothing was asked of {lwg:?}")),
            },
            Up::Room { lwg } => {
                self.full.remove(&lwg);
                self.full_to.retain(|(of, _)| *of != lwg);
            }
            // What was handed back is asked again at the next step in any case.
            Up::RoomTo { .. } => self.stuck = false,
            Up::Out { lwg, why } => {
                let last = self.views.remove(&lwg).map(|view| view.members).unwrap_or_default();
                if let Some(other) = last.iter().find(|member| member.proc != self.me) {
                    self.outside.insert(lwg, *other);
                }
                self.full.remove(&lwg);
                self.full_to.retain(|(of, _)| *of != lwg);
                self.choking.out(lwg);
                self.diary.left(Group::Light(lwg), &format!("{why:?}").to_lowercase());
            }
            Up::Core(up) => self.told_core(up),
        }
        if let Some(up) = carried {
            self.carry(now, &up);
        }
    }

    fn ask(&mut self, _now: Instant) -> Option<Down> {
        if self.stuck {
            return None;
        }
        let mut ask = loop {
            let ask =
                self.carrying.ask(&self.full, &self.full_to).or_else(|| self.asks.pop_front())?;
            // What became pointless while it waited here is not asked.
            match &ask {
                Down::Send { lwg, .. } if self.full.contains(lwg) => {}
                Down::Tell { lwg, to, .. } if self.full_to.contains(&(*lwg, *to)) => {}
                Down::Send { lwg, .. } | Down::Tell { lwg, .. }
                    if !self.views.contains_key(lwg) => {}
                Down::Discard { send } if !self.awaited.contains(send) => {}
                _ => break ask,
            }
        };
        if let Down::Tell { to, message, .. } = &mut ask
            && is_bare(message)
        {
            *message = Message::new(self.pairs.next(to.proc));
        }
        self.asking = self.note(&ask);
        Some(ask)
    }

    fn asked(&mut self, _now: Instant, refused: Option<Down>) {
        match refused {
            None => self.took(),
            // Somebody takes nothing of it, or too much waits.
            Some(ask @ Down::Send { lwg, .. }) => {
                self.full.insert(lwg);
                self.carrying.refused(ask);
            }
            // Others of the group may take what they are told.
            Some(ask @ Down::Tell { lwg, to, .. }) => {
                self.full_to.insert((lwg, to));
                self.carrying.refused(ask);
            }
            // Whoever is to pass it on may be silent for good: nothing waits for that.
            Some(ask @ Down::SendThrough { .. }) => self.unpassed.push_back(ask),
            Some(ask) => {
                self.stuck = true;
                self.asks.push_front(ask);
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        self.wake_states(now);
        self.pay(now);
        let over = self.choking.over(now).into_iter();
        self.asks.extend(over.map(|lwg| Down::Choke { lwg, choked: false }));
        if self.next > now {
            return;
        }
        self.stuck = false;
        self.asks.extend(self.unpassed.pop_front());
        if self.phase == Phase::Storm {
            self.act(now);
        }
        let (low, high) = (self.wishes.load.gap_min_ms, self.wishes.load.gap_max_ms);
        self.next = later(now, &mut self.choice, low, high);
    }

    fn deadline(&self) -> Option<Instant> {
        let own = (self.phase < Phase::End).then_some(self.next);
        own.into_iter().chain(self.carrying.deadline()).min()
    }

    fn phase(&mut self, _now: Instant, phase: Phase, with: &[String]) {
        self.phase = phase;
        match phase {
            Phase::Settled => {
                self.look_for_loose_ends();
                self.diary.quiesce(with);
            }
            Phase::End => self.diary.end(),
            Phase::Storm | Phase::Quiet => {}
        }
    }

    fn crashed(&mut self, _now: Instant) {
        self.carrying.crashed();
        self.diary.crash();
    }
}
