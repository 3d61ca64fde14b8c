//! Kernel: group id → group; the six verbs. Routes only, no protocol in here.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::{
    Channel, Counted, Full, Instant, Layer, Message, Multicast, Packet, ProcId, Random, Transmit,
    Wire,
};

use crate::config::Config;
use crate::control::{Control, Whereabouts};
use crate::counters::Counters;
use crate::endpoint::{Endpoint, GroupId};
use crate::group::Group;
use crate::header::SendHeader;
use crate::interface::{Down, Fault, Up};
use crate::joining::Joining;
use crate::limits::MEMBERS_MAX;
use crate::peers::{Beat, Peers};
use crate::spread::Spreads;
use crate::turn::Turn;

/// The group kernel over a multicast transport.
#[derive(Debug)]
pub struct Kernel<M> {
    pub(crate) desk: Desk<M>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    channels: BTreeMap<Channel, GroupId>,
    timers: Timers,
    /// Groups to be settled before this turn ends.
    touched: BTreeSet<GroupId>,
    /// Groups that multicasts came to in this turn, or went from.
    fed: BTreeSet<GroupId>,
    /// Suspected when that was looked at last.
    pub(crate) suspected: BTreeSet<ProcId>,
    /// The highest epoch number of any group that was left.
    highest: u64,
    pub(crate) look: Instant,
}

/// What groups are lent.
#[derive(Debug)]
pub(crate) struct Desk<M> {
    below: M,
    config: Config,
    pub(crate) peers: Peers,
    random: Random,
    pub(crate) counters: Counters,
    spreads: Spreads,
    told: VecDeque<Up>,
}

impl<M: Multicast> Desk<M> {
    fn turn(&mut self, now: Instant) -> Turn<'_> {
        Turn {
            now,
            config: &self.config,
            peers: &mut self.peers,
            random: &mut self.random,
            counters: &mut self.counters,
            spreads: &mut self.spreads,
            told: &mut self.told,
            net: &mut self.below,
        }
    }
}

/// When each group wants to be called, at most once each.
#[derive(Debug, Default)]
struct Timers {
    by_time: BTreeSet<(Instant, GroupId)>,
    by_group: BTreeMap<GroupId, Instant>,
}

impl Timers {
    fn set(&mut self, group: GroupId, due: Option<Instant>) {
        if self.by_group.get(&group).copied() == due {
            return;
        }
        if let Some(old) = self.by_group.remove(&group) {
            self.by_time.remove(&(old, group));
        }
        if let Some(due) = due {
            self.by_group.insert(group, due);
            self.by_time.insert((due, group));
        }
    }

    fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(due, _)| *due)
    }
}

impl<M: Multicast> Kernel<M> {
    /// A kernel in no group.
    pub fn new(below: M, config: Config) -> Self {
        Self {
            desk: Desk {
                below,
                peers: Peers::new(&config),
                random: Random::new(config.seed),
                counters: Counters::default(),
                spreads: Spreads::default(),
                told: VecDeque::new(),
                config,
            },
            groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            timers: Timers::default(),
            touched: BTreeSet::new(),
            fed: BTreeSet::new(),
            suspected: BTreeSet::new(),
            highest: 0,
            look: Instant::ZERO,
        }
    }

    /// The transport below, to look at.
    pub fn below(&self) -> &M {
        &self.desk.below
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
                self.groups.insert(group, founded);
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
                self.groups.insert(group, Group::Joining(joining));
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

    /// Takes all that the transport tells, then settles the groups that it touched.
    fn listen(&mut self, now: Instant) {
        while let Some(heard) = self.desk.below.up() {
            self.hear(now, heard);
        }
        while let Some(group) = self.touched.pop_first() {
            self.fed.remove(&group);
            self.settle(now, group, Group::settle);
        }
        while let Some(group) = self.fed.pop_first() {
            self.settle(now, group, Group::feed);
        }
        for (to, bytes) in self.desk.peers.new_beats(now) {
            self.desk.turn(now).ask(muts::Down::Beat { to, bytes });
        }
    }

    fn hear(&mut self, now: Instant, heard: muts::Up) {
        match heard {
            muts::Up::Met { peer } => {
                self.desk.peers.met(now, peer);
                self.desk.told.push_back(Up::Met { peer });
                self.groups.values_mut().for_each(|group| group.meet(peer));
                self.touch_concerned(peer);
            }
            muts::Up::Lost { peer } => {
                self.desk.peers.lost(now, peer);
                self.desk.spreads.lost(peer);
                self.desk.told.push_back(Up::Lost { peer });
                self.touch_concerned(peer);
            }
            muts::Up::Silent { peer, .. } => {
                self.desk.peers.silent(now, peer);
                self.touch_concerned(peer);
            }
            muts::Up::Back { peer } => {
                self.desk.peers.back(now, peer);
                self.touch_concerned(peer);
            }
            muts::Up::Cast { channel, from, seq, message } => {
                if let Some(group) = self.channels.get(&channel).copied()
                    && let Some(found) = self.groups.get_mut(&group)
                {
                    found.receive(&mut self.desk.turn(now), from, seq, message);
                    self.fed.insert(group);
                }
            }
            muts::Up::Room { channel } => {
                if let Some(group) = self.channels.get(&channel).copied()
                    && let Some(found) = self.groups.get_mut(&group)
                {
                    found.room(&mut self.desk.turn(now));
                    self.touched.insert(group);
                }
            }
            muts::Up::Tell { from, mut message } => match message.pop::<Control>() {
                Ok(control) => self.hear_control(now, from, control),
                Err(_) => self.desk.counters.malformed += 1,
            },
            muts::Up::Send { from, message } => self.hear_send(now, from, message),
            muts::Up::Beat { from, bytes } => match Beat::read(&mut &bytes[..]) {
                Ok(beat) => self.hear_beat(now, from, &beat),
                Err(_) => self.desk.counters.malformed += 1,
            },
            // Settled is of no use here: stability is told by members, of more than receipt.
            muts::Up::Settled { .. } => {}
        }
    }

    fn hear_send(&mut self, now: Instant, from: ProcId, mut message: Message) {
        match message.pop::<SendHeader>() {
            Ok(SendHeader::User) => {
                self.desk.told.push_back(Up::Send { from: Endpoint::of(from), message });
            }
            Ok(SendHeader::Fill { group, epoch, rank, position }) => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.fill(&mut self.desk.turn(now), epoch, rank, position, message);
                    self.touched.insert(group);
                }
            }
            Err(_) => self.desk.counters.malformed += 1,
        }
    }

    fn hear_control(&mut self, now: Instant, from: ProcId, control: Control) {
        self.desk.counters.control_received += 1;
        let group = control.group();
        if matches!(control, Control::Installed { .. }) {
            self.desk.spreads.arrived(from, &control);
            return;
        }
        self.touched.insert(group);
        let highest = self.highest;
        if let Some(found) = self.groups.get_mut(&group)
            && !matches!(found, Group::Over { .. })
        {
            let before = found.channel();
            found.hear(&mut self.desk.turn(now), from, control, highest);
            let after = found.channel();
            self.note_channel(group, before, after);
            return;
        }
        self.hear_as_stranger(now, from, control);
    }

    /// Something about a group that this process is not in.
    fn hear_as_stranger(&mut self, now: Instant, from: ProcId, control: Control) {
        let group = control.group();
        let mut turn = self.desk.turn(now);
        match control {
            Control::Invite { .. } => {
                let joining = Joining::new(&turn, group, Some(from), false);
                self.groups.insert(group, Group::Joining(joining));
            }
            Control::Install(install) => {
                let view = install.view;
                turn.control(from, &Control::Installed { group, view });
            }
            Control::Where { whereabouts: Whereabouts { view: None, .. }, .. } => {}
            Control::Join { .. } | Control::Stability { .. } => turn.counters.strays += 1,
            _ => {
                let whereabouts = Whereabouts { number: now.as_nanos(), view: None };
                turn.control(from, &Control::Where { group, whereabouts });
            }
        }
    }

    fn hear_beat(&mut self, now: Instant, from: ProcId, beat: &Beat) {
        let agreed = self.desk.peers.agrees(from);
        let compare = self.desk.peers.beat(now, from, beat);
        let agrees = self.desk.peers.agrees(from);
        if !compare && (agreed || !agrees) {
            return;
        }
        for (id, group) in &mut self.groups {
            let Group::Serving(serving) = group else { continue };
            if !serving.epoch.members.contains(&from) {
                continue;
            }
            if agrees {
                serving.agreed_with(from);
                self.touched.insert(*id);
            } else {
                serving.tell_whereabouts(&mut self.desk.turn(now), from);
            }
        }
    }

    pub(crate) fn touch_concerned(&mut self, proc: ProcId) {
        let concerned = self.groups.iter().filter(|(_, group)| group.concerns(proc));
        self.touched.extend(concerned.map(|(id, _)| *id));
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
        let due = settle(group, &mut self.desk.turn(now), highest);
        let after = group.channel();
        if let Group::Over { highest } = group {
            self.highest = self.highest.max(*highest);
            self.groups.remove(&id);
        }
        self.note_channel(id, before, after);
        self.timers.set(id, due);
    }

    fn note_channel(&mut self, group: GroupId, before: Option<Channel>, after: Option<Channel>) {
        // A group that was founded or joined in this turn had no channel before it was settled.
        if let Some(channel) = after
            && self.channels.insert(channel, group) == Some(group)
        {
            return;
        }
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
        match ask {
            Down::Meet { node, address } => {
                self.desk.turn(now).ask(muts::Down::Meet { node, address });
            }
            Down::Found { group, members } => self.found(now, group, members),
            Down::Join { group, contact } => self.join(now, group, contact),
            Down::Invite { group, members } => self.invite(now, group, members),
            Down::Leave { group } => self.leave(now, group),
            Down::Send { to, message } => return self.send(now, to, message),
            Down::Cast { group, order, after_all, message } => {
                let Some(found) = self.groups.get_mut(&group) else {
                    self.desk.told.push_back(Up::Fault { group, fault: Fault::NotIn });
                    return Ok(());
                };
                let mut turn = self.desk.turn(now);
                if let Err(message) = found.cast(&mut turn, order, after_all, message) {
                    return Err(Full(Down::Cast { group, order, after_all, message }));
                }
                self.fed.insert(group);
            }
        }
        self.listen(now);
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.desk.told.pop_front()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        self.desk.below.receive(now, packet);
        self.listen(now);
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.desk.below.transmit(now)
    }

    fn wake(&mut self, now: Instant) {
        self.desk.below.wake(now);
        if self.look <= now {
            self.look(now);
        }
        while let Some((due, group)) = self.timers.by_time.first().copied()
            && due <= now
        {
            self.timers.set(group, None);
            self.touched.insert(group);
        }
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

impl<M: Multicast + Counted> Counted for Kernel<M> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.desk.counters.each(each);
        each("vsync.groups", self.groups.len() as u64);
        self.count_unsettled(each);
        self.desk.below.count(each);
    }
}
