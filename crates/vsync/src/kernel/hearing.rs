//! Hearing: what the transport tells, to the group that it concerns.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{Channel, Instant, Message, Multicast, ProcId};

use super::Kernel;
use crate::beat::Beat;
use crate::compare::compare;
use crate::control::{Control, Whereabouts};
use crate::endpoint::Endpoint;
use crate::group::Group;
use crate::header::SendHeader;
use crate::interface::Up;
use crate::joining::Joining;

impl<M: Multicast> Kernel<M> {
    /// Takes all that the transport tells, then settles the groups that it touched.
    pub(super) fn listen(&mut self, now: Instant) {
        let mut next = self.desk.below.up();
        while let Some(heard) = next {
            next = self.hear(now, heard).or_else(|| self.desk.below.up());
        }
        self.touched.append(&mut self.desk.spreads.fewer());
        while let Some(group) = self.touched.pop_first() {
            self.fed.remove(&group);
            self.desk.counters.settlings += 1;
            self.settle(now, group, Group::settle);
        }
        while let Some(group) = self.fed.pop_first() {
            self.settle(now, group, Group::feed);
        }
        self.note_left(now);
        let (beats, soon) = self.desk.peers.new_beats(now);
        for (to, bytes) in beats {
            self.desk.turn(now).ask(muts::Down::Beat { to, bytes, soon });
        }
    }

    /// Takes a multicast, and those that come right behind it; answers what else came then.
    fn hear_casts(
        &mut self,
        now: Instant,
        channel: Channel,
        from: ProcId,
        first: (u64, Message),
    ) -> Option<muts::Up> {
        let group = self.channels.get(&channel).copied()?;
        let found = self.groups.get_mut(&group)?;
        self.fed.insert(group);
        found.receive(&mut self.desk.turn(now), from, first)
    }

    /// Takes what the transport tells; answers what it has told since.
    fn hear(&mut self, now: Instant, heard: muts::Up) -> Option<muts::Up> {
        match heard {
            muts::Up::Cast { channel, from, seq, message } => {
                return self.hear_casts(now, channel, from, (seq, message));
            }
            muts::Up::Met { peer } => {
                self.desk.peers.met(now, peer);
                self.desk.told.push_back(Up::Met { peer });
                self.groups.values_mut().for_each(|group| group.meet(peer));
                self.stir(now, peer);
            }
            muts::Up::Lost { peer } => {
                self.desk.peers.lost(now, peer);
                self.desk.spreads.lost(peer);
                self.lose_choked(peer);
                self.desk.told.push_back(Up::Lost { peer });
                self.stir(now, peer);
            }
            muts::Up::Silent { peer, since } => {
                self.desk.peers.silent(now, peer, since);
                self.stir(now, peer);
            }
            muts::Up::Back { peer } => {
                self.desk.peers.back(now, peer);
                self.stir(now, peer);
            }
            muts::Up::Skip { channel, from, below } => {
                if let Some(group) = self.channels.get(&channel).copied()
                    && let Some(found) = self.groups.get_mut(&group)
                {
                    found.skip(&mut self.desk.turn(now), from, below);
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
            muts::Up::Beat { from, bytes } => self.hear_beat(now, from, &bytes),
            muts::Up::Refused { peer, versions } => {
                self.desk.told.push_back(Up::Refused { peer, versions });
            }
            // Members tell stability, of more than receipt; what is too long is refused above.
            muts::Up::Settled { .. } | muts::Up::Gone { .. } | muts::Up::TooLong { .. } => {}
        }
        None
    }

    fn hear_send(&mut self, now: Instant, from: ProcId, mut message: Message) {
        match message.pop::<SendHeader>() {
            Ok(SendHeader::User) => {
                self.desk.told.push_back(Up::Send { from: Endpoint::of(from), message });
            }
            Ok(SendHeader::Choke { group, choked }) => {
                self.hear_choked(group, Endpoint::of(from), choked);
            }
            Ok(SendHeader::Fill { group, epoch, rank, position }) => {
                if let Some(found) = self.groups.get_mut(&group) {
                    let place = (rank, position);
                    found.fill(&mut self.desk.turn(now), from, epoch, place, message);
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
        let highest = self.highest;
        if let Some(found) = self.groups.get_mut(&group)
            && !matches!(found, Group::Over { .. })
        {
            // What a member has changes what can be delivered, and nothing else.
            match found.is_told_by(&control) {
                true => self.fed.insert(group),
                false => self.touched.insert(group),
            };
            let before = found.channel();
            found.hear(&mut self.desk.turn(now), from, control, highest);
            let after = found.channel();
            self.note_channel(group, before, after);
            return;
        }
        self.touched.insert(group);
        self.hear_as_stranger(now, from, control);
    }

    /// Something about a group that this process is not in.
    fn hear_as_stranger(&mut self, now: Instant, from: ProcId, control: Control) {
        let group = control.group();
        let mut turn = self.desk.turn(now);
        match control {
            Control::Invite { .. } => {
                let joining = Joining::new(&turn, group, Some(from), false);
                self.groups.insert(group, Group::Joining(Box::new(joining)));
            }
            Control::Install(install) => {
                let view = install.view;
                turn.control(from, &Control::Installed { group, view });
            }
            Control::Where { whereabouts: Whereabouts { view: None, .. }, .. } => {}
            Control::Join { .. }
            | Control::Stability { .. }
            | Control::StabilityOfAll { .. }
            | Control::Denied { .. } => {
                turn.counters.strays += 1;
            }
            _ => {
                if matches!(control, Control::Where { .. }) {
                    turn.heard.note(group, from);
                }
                let beyond = Vec::new();
                let number = now.as_nanos();
                let whereabouts = Whereabouts { number, view: None, beyond, charge: None };
                turn.control(from, &Control::Where { group, whereabouts });
            }
        }
    }

    fn hear_beat(&mut self, now: Instant, from: ProcId, bytes: &Bytes) {
        if let Some(digest) = self.desk.peers.says_again(from, bytes) {
            return self.hear_digest(now, from, digest);
        }
        match Beat::of(bytes) {
            Ok(beat) => {
                self.hear_row(now, from, &beat, bytes);
                self.hear_digest(now, from, beat.digest);
            }
            Err(_) => self.desk.counters.malformed += 1,
        }
    }

    fn hear_row(&mut self, now: Instant, from: ProcId, beat: &Beat, bytes: &Bytes) {
        for peer in self.desk.peers.missed(now, from, beat) {
            self.desk.turn(now).ask(muts::Down::Miss { peer });
        }
        if self.desk.peers.row_differs(from, beat) {
            let waiting = self.groups.iter().filter(|(_, group)| group.waits_for_rows());
            self.touched.extend(waiting.map(|(id, _)| *id));
        }
        self.desk.peers.hear_row(now, from, beat, bytes);
    }

    fn hear_digest(&mut self, now: Instant, from: ProcId, digest: u64) {
        let agreed = self.desk.peers.agrees(from);
        let overdue = self.desk.peers.hear_digest(now, from, digest);
        let agrees = self.desk.peers.agrees(from);
        if !overdue && (agreed || !agrees) {
            return;
        }
        if !agrees {
            return compare(&self.groups, &mut self.desk.turn(now), from);
        }
        for (id, group) in &mut self.groups {
            if let Group::Serving(serving) = group
                && serving.epoch.members.contains(&from)
            {
                // Thousands share nothing with it but that they are idle.
                if serving.agreed_with(from) {
                    self.touched.insert(*id);
                }
            }
        }
    }
}
