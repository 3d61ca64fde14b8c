//! Kernel: group id → group; the six verbs. Routes only, no protocol in here.

mod causes;
mod choking;
mod hearing;
mod shortening;
mod timers;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::{
    Channel, Counted, Full, Guard, Guarded, Instant, Layer, Message, Multicast, Packet, ProcId,
    Random, Transmit,
};

use crate::across::Across;
use crate::choked::Choked;
use crate::config::{Causality, Config};
use crate::counters::Counters;
use crate::endpoint::{Endpoint, GroupId};
use crate::grounds::Exclusion;
use crate::group::Group;
use crate::header::SendHeader;
use crate::heard::Heard;
use crate::how::How;
use crate::interface::{Down, Fault, Up};
use crate::joining::Joining;
use crate::limits::{CAST_BYTES_MAX, MEMBERS_MAX, TICKET_BYTES_MAX};
use crate::order::Order;
use crate::peers::Peers;
use crate::spread::Spreads;
use crate::terms::Terms;
use crate::turn::Turn;

use timers::Timers;

/// The group kernel over a multicast transport.
#[derive(Debug)]
pub struct Kernel<M> {
    pub(crate) desk: Desk<M>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    channels: BTreeMap<Channel, GroupId>,
    timers: Timers,
    /// Groups in which somebody may be in an earlier epoch, and which of them was looked at last.
    late: BTreeSet<GroupId>,
    shortened: GroupId,
    /// Groups to be settled before this turn ends.
    touched: BTreeSet<GroupId>,
    /// Groups that multicasts came to in this turn, or went from.
    fed: BTreeSet<GroupId>,
    pub(crate) across: Across,
    /// Groups that are still for another's sake.
    hushed: BTreeSet<GroupId>,
    choked: Choked<GroupId>,
    /// What is to be said of that and was handed back: whether this process chokes a group, where
    /// that other one believes the opposite.
    choking: BTreeMap<ProcId, BTreeMap<GroupId, bool>>,
    /// The highest epoch number of any group that was left.
    highest: u64,
    pub(crate) look: Instant,
    /// When it was turned last.
    now: Instant,
}

/// What groups are lent.
#[derive(Debug)]
pub(crate) struct Desk<M> {
    below: M,
    config: Config,
    terms: BTreeMap<GroupId, Terms>,
    exclusions: VecDeque<Exclusion>,
    pub(crate) peers: Peers,
    random: Random,
    pub(crate) counters: Counters,
    spreads: Spreads,
    heard: Heard,
    told: VecDeque<Up>,
}

impl<M: Multicast> Desk<M> {
    /// Whether somebody who lives may not have delivered yet what this process has.
    fn holds(&self, now: Instant, group: GroupId) -> bool {
        self.spreads.holds(group, |proc| !self.peers.suspects(now, proc))
    }

    fn turn(&mut self, now: Instant) -> Turn<'_> {
        Turn {
            now,
            config: &self.config,
            terms: &self.terms,
            exclusions: &mut self.exclusions,
            peers: &mut self.peers,
            random: &mut self.random,
            counters: &mut self.counters,
            spreads: &mut self.spreads,
            heard: &mut self.heard,
            told: &mut self.told,
            net: &mut self.below,
        }
    }
}

impl<M: Multicast> Kernel<M> {
    /// A kernel in no group.
    pub fn new(below: M, config: Config) -> Self {
        Self {
            desk: Desk {
                below,
                terms: BTreeMap::new(),
                exclusions: VecDeque::new(),
                peers: Peers::new(&config),
                random: Random::new(config.seed),
                counters: Counters::default(),
                spreads: Spreads::default(),
                heard: Heard::default(),
                told: VecDeque::new(),
                config,
            },
            groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            timers: Timers::default(),
            late: BTreeSet::new(),
            shortened: GroupId(0),
            touched: BTreeSet::new(),
            fed: BTreeSet::new(),
            across: Across::default(),
            hushed: BTreeSet::new(),
            choked: Choked::default(),
            choking: BTreeMap::new(),
            highest: 0,
            look: Instant::ZERO,
            now: Instant::ZERO,
        }
    }

    /// The transport below, to look at.
    pub fn below(&self) -> &M {
        &self.desk.below
    }

    /// The same, to be served.
    pub const fn below_mut(&mut self) -> &mut M {
        &mut self.desk.below
    }

    /// The channel of the group's present epoch.
    #[must_use]
    pub fn channel(&self, group: GroupId) -> Option<Channel> {
        self.groups.get(&group)?.channel()
    }

    pub(crate) fn exclusions(&self) -> impl Iterator<Item = &Exclusion> {
        self.desk.exclusions.iter()
    }

    fn found(&mut self, now: Instant, group: GroupId, mut members: Vec<ProcId>) {
        members.sort_unstable();
        members.dedup();
        members.retain(|proc| *proc != self.desk.config.me);
        if members.len() >= MEMBERS_MAX {
            self.desk.told.push_back(Up::Fault { group, fault: Fault::TooMany });
            return;
        }
        let peers = &self.desk.peers;
        match self.groups.get_mut(&group) {
            Some(Group::Serving(_)) => {
                self.desk.told.push_back(Up::Fault { group, fault: Fault::AlreadyIn });
            }
            // Somebody else is founding it and has invited this process: it is on its way.
            Some(Group::Joining(joining))
                if joining.contact.is_some_and(|host| !peers.suspects(now, host)) =>
            {
                joining.wished = true;
            }
            _ => {
                let highest = self.highest;
                let mut turn = self.desk.turn(now);
                let founded = Group::found(&mut turn, group, members, highest);
                let before = self.groups.insert(group, founded);
                if before.is_some_and(|before| before.owes_room()) {
                    self.desk.told.push_back(Up::Room { group });
                }
                self.touched.insert(group);
            }
        }
    }

    fn join(&mut self, now: Instant, group: GroupId, contact: Option<ProcId>) {
        match self.groups.get_mut(&group) {
            Some(Group::Joining(joining)) => {
                joining.contact = contact;
                joining.wished = true;
            }
            Some(Group::Serving(_)) => {
                self.desk.told.push_back(Up::Fault { group, fault: Fault::AlreadyIn });
            }
            Some(Group::Over { .. }) | None => {
                let joining = Joining::new(&self.desk.turn(now), group, contact, true);
                self.groups.insert(group, Group::Joining(Box::new(joining)));
            }
        }
        self.touched.insert(group);
    }

    fn leave(&mut self, now: Instant, group: GroupId) {
        match self.groups.get_mut(&group) {
            Some(found) => found.leave(&mut self.desk.turn(now)),
            None => self.desk.told.push_back(Up::Fault { group, fault: Fault::NotIn }),
        }
        self.touched.insert(group);
    }

    fn closed(&mut self, now: Instant, group: GroupId) {
        if let Some(found) = self.groups.get_mut(&group) {
            let before = found.channel();
            found.closed(&mut self.desk.turn(now));
            let after = found.channel();
            self.note_channel(group, before, after);
            self.touched.insert(group);
        }
    }

    fn invite(&mut self, now: Instant, group: GroupId, members: Vec<ProcId>) {
        let fault = match self.groups.get_mut(&group) {
            Some(found) => found.invite(&mut self.desk.turn(now), members),
            None => Some(Fault::NotIn),
        };
        if let Some(fault) = fault {
            self.desk.told.push_back(Up::Fault { group, fault });
        }
        self.touched.insert(group);
    }

    fn send(&mut self, now: Instant, to: Endpoint, mut message: Message) -> Result<(), Full<Down>> {
        let me = self.desk.config.me;
        if to.proc == me {
            self.desk.told.push_back(Up::Send { from: Endpoint::of(me), message });
            return Ok(());
        }
        message.push(&SendHeader::User);
        let ask = muts::Down::Send { to: to.proc, message };
        match self.desk.below.down(now, ask) {
            Err(Full(muts::Down::Send { mut message, .. })) => {
                message.pop::<SendHeader>().expect("the header just pushed");
                Err(Full(Down::Send { to, message }))
            }
            _ => Ok(()),
        }
    }

    fn cast(
        &mut self,
        now: Instant,
        group: GroupId,
        how: How,
        message: Message,
    ) -> Result<(), Full<Down>> {
        if self.waits_for_others(group, &how) {
            self.listen(now);
            return Err(Full(Down::Cast { group, how, message }));
        }
        let found = self.groups.get_mut(&group);
        let found = found.filter(|it| it.is_wished() && !it.is_too_late_for(&how));
        if found.is_none() {
            self.desk.told.push_back(Up::Fault { group, fault: Fault::NotIn });
            return Ok(());
        }
        // A client's is taken: it was promised room for it.
        if !self.desk.config.asks_first && self.is_choked(group) {
            self.choked.refuse(group);
            return Err(Full(Down::Cast { group, how, message }));
        }
        let Some(found) = self.groups.get_mut(&group) else { return Ok(()) };
        let mut turn = self.desk.turn(now);
        if let Err(message) = found.cast(&mut turn, &how, message) {
            return Err(Full(Down::Cast { group, how, message }));
        }
        if how.order == Order::Global {
            self.touched.insert(group);
        }
        if self.desk.config.causality == Causality::System {
            self.note_active(group, true);
            self.unhush(now);
        }
        // Many in a row are delivered here together: see `up` and `transmit`.
        self.fed.insert(group);
        Ok(())
    }

    /// The link to somebody has changed.
    pub(crate) fn stir(&mut self, now: Instant, proc: ProcId) {
        for (id, group) in &mut self.groups {
            if group.stir(&self.desk.turn(now), proc) {
                self.touched.insert(*id);
            }
        }
    }

    fn settle(
        &mut self,
        now: Instant,
        id: GroupId,
        settle: impl Fn(&mut Group, &mut Turn<'_>, u64) -> Option<Instant>,
    ) {
        let highest = self.highest;
        let Some(group) = self.groups.get_mut(&id) else { return };
        let before = group.channel();
        let mut due = settle(group, &mut self.desk.turn(now), highest);
        let after = group.channel();
        if self.desk.config.causality == Causality::System {
            let until = self.note_settled(now, id);
            due = [due, until].into_iter().flatten().min();
        }
        let Some(group) = self.groups.get(&id) else { return };
        if let Group::Over { highest } = group {
            self.highest = self.highest.max(*highest);
            self.groups.remove(&id);
        }
        self.note_channel(id, before, after);
        self.timers.set(id, due);
    }

    /// Delivers what was cast; what has to be said of it at once goes along with it.
    fn serve(&mut self, now: Instant) {
        self.listen(now);
        self.touch_due(now);
        if !self.touched.is_empty() {
            self.listen(now);
        }
    }

    /// Groups whose time has come are to be settled.
    fn touch_due(&mut self, now: Instant) {
        while let Some(group) = self.timers.take_due(now) {
            self.touched.insert(group);
        }
    }

    fn note_channel(&mut self, group: GroupId, before: Option<Channel>, after: Option<Channel>) {
        // A group that was founded or joined in this turn had no channel before it was settled.
        if let Some(channel) = after
            && self.channels.insert(channel, group) == Some(group)
        {
            return;
        }
        // It has begun another epoch, if any.
        self.late.insert(group);
        if let Some(channel) = before
            && after != Some(channel)
        {
            self.channels.remove(&channel);
        }
    }
}

impl<M: Multicast> Layer for Kernel<M> {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, ask: Down) -> Result<(), Full<Down>> {
        self.now = now;
        if let Down::Cast { message, .. } | Down::Send { message, .. } = &ask
            && message.len() > CAST_BYTES_MAX
        {
            // Nobody may have what others cannot be sent.
            self.desk.counters.too_long += 1;
            if let Down::Cast { group, .. } = ask {
                self.desk.told.push_back(Up::Fault { group, fault: Fault::TooLong });
            }
            return Ok(());
        }
        match ask {
            Down::Meet { node, address } => {
                self.desk.turn(now).ask(muts::Down::Meet { node, address });
            }
            Down::Farewell => {
                self.desk.turn(now).ask(muts::Down::Farewell);
            }
            Down::Found { group, members } => self.found(now, group, members),
            Down::Join { group, contact } => self.join(now, group, contact),
            Down::Invite { group, members } => self.invite(now, group, members),
            Down::Leave { group } => self.leave(now, group),
            Down::Closed { group } => self.closed(now, group),
            Down::Send { to, message } => return self.send(now, to, message),
            Down::Terms { group, mut terms } => {
                terms.ticket.truncate(TICKET_BYTES_MAX);
                // Those that hold anyway take no room.
                match terms == Terms::default() {
                    true => self.desk.terms.remove(&group),
                    false => self.desk.terms.insert(group, terms),
                };
            }
            Down::Answer { group, who, denied } => {
                if let Some(Group::Serving(serving)) = self.groups.get_mut(&group) {
                    serving.answer(who, denied);
                    self.touched.insert(group);
                }
            }
            Down::Choke { group, choked } => self.choke(now, group, choked),
            Down::Digest { group, digest } => {
                if let Some(Group::Serving(serving)) = self.groups.get_mut(&group) {
                    serving.digest = Some(digest);
                }
            }
            Down::Cast { group, how, message } => return self.cast(now, group, how, message),
        }
        self.listen(now);
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        if self.desk.told.is_empty() && !self.fed.is_empty() {
            self.serve(self.now);
        }
        if self.choked.is_empty() {
            return self.desk.told.pop_front();
        }
        let up = self.desk.told.pop_front()?;
        self.note_told(self.now, &up);
        Some(up)
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.now = now;
        self.desk.below.receive(now, packet);
        self.listen(now);
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.now = now;
        if !self.fed.is_empty() {
            self.serve(now);
        }
        self.desk.below.transmit(now)
    }

    fn wake(&mut self, now: Instant) {
        self.now = now;
        self.desk.below.wake(now);
        if self.look <= now {
            self.look(now);
        }
        self.send_choking(now);
        self.touch_due(now);
        for (to, control) in self.desk.spreads.due(now) {
            self.desk.turn(now).control(to, &control);
        }
        self.listen(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let own = [Some(self.look), self.timers.next(), self.desk.spreads.deadline()];
        own.into_iter().flatten().chain(self.desk.below.deadline()).min()
    }
}

impl<M: Guarded> Guarded for Kernel<M> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.desk.below.change_guard(now, guard);
    }
}

impl<M: Multicast + Counted> Counted for Kernel<M> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.desk.counters.each(each);
        each("vsync.groups", self.groups.len() as u64);
        self.count_known(each);
        let [own, others, held] = self.choked.counts();
        each("vsync.choked_here", own);
        each("vsync.choked_elsewhere", others);
        each("vsync.held_by_choke", held);
        let unsaid: usize = self.choking.values().map(BTreeMap::len).sum();
        each("vsync.choke_unsaid", unsaid as u64);
        self.count_unsettled(each);
        self.desk.below.count(each);
    }
}
