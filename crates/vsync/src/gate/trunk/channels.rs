//! Channels: those of the kernels here, on the transport's, and who of them is told what.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use muts::{Audience, Channel, Down, Full, Instant, Message, Multicast, ProcId};

use super::Trunk;
use super::letter::CastHead;
use crate::gate::shared::Shared;

impl<M: Multicast> Trunk<M> {
    pub(super) fn open(&mut self, now: Instant, me: ProcId, channel: Channel, peers: &[ProcId]) {
        if !self.channels.contains_key(&channel) {
            let mut shared = Shared::new(me, peers);
            let patience = now + self.silence;
            shared.patience = Some(patience);
            self.waiting.insert((patience, channel));
            for member in shared.members.clone() {
                if self.ports.contains_key(&member) {
                    shared.locals.entry(member).or_default();
                }
            }
            self.channels.insert(channel, shared);
        }
        if let Some(shared) = self.channels.get_mut(&channel) {
            shared.open(me, peers);
        }
        self.tend_channel(now, channel);
        self.deliver(now, channel);
    }

    pub(super) fn close(&mut self, now: Instant, me: ProcId, channel: Channel) {
        let Some(shared) = self.channels.get_mut(&channel) else { return };
        if shared.locals.remove(&me).is_none() {
            return;
        }
        if shared.locals.values().any(|local| local.open) {
            return self.deliver(now, channel);
        }
        // Whoever has not opened it yet was waited for by nobody, and needs nothing of it any more.
        let Some(shared) = self.channels.remove(&channel) else { return };
        if let Some(patience) = shared.patience {
            self.waiting.remove(&(patience, channel));
        }
        if shared.opened {
            self.ask_host(now, Down::Close { channel });
        }
    }

    /// Opens the transport's channels for which there is nothing more to wait.
    pub(super) fn tend_channels(&mut self, now: Instant) {
        let waiting: VecDeque<Channel> = self.waiting.iter().map(|(_, channel)| *channel).collect();
        for channel in waiting {
            self.tend_channel(now, channel);
        }
    }

    /// Opens the transport's channel, once it is known where all members are, or long enough was
    /// waited: whoever turns up later is taken for failed by then.
    fn tend_channel(&mut self, now: Instant, channel: Channel) {
        let Some(shared) = self.channels.get(&channel) else { return };
        let Some(patience) = shared.patience else { return };
        let unknown = |proc: &ProcId| {
            let known = self.nodes.get(&proc.node);
            known.is_none_or(|known| known.proc.incarnation < proc.incarnation)
        };
        if patience > now && shared.members.iter().any(unknown) {
            return;
        }
        let hosts: BTreeSet<ProcId> =
            shared.members.iter().filter_map(|member| self.home(*member)).collect();
        let Some(shared) = self.channels.get_mut(&channel) else { return };
        shared.patience = None;
        self.waiting.remove(&(patience, channel));
        shared.hosts = hosts.into_iter().collect();
        let waiting = core::mem::take(&mut shared.waiting);
        if shared.hosts.is_empty() {
            return;
        }
        shared.opened = true;
        let peers = shared.hosts.clone();
        self.ask_host(now, Down::Open { channel, peers, credit: true });
        for (from, to, message) in waiting {
            self.cast_out(now, channel, from, to, message);
        }
    }

    pub(super) fn cast(
        &mut self,
        now: Instant,
        me: ProcId,
        channel: Channel,
        to: Audience,
        message: Message,
    ) {
        let Some(shared) = self.channels.get_mut(&channel) else { return };
        let Some(from) = shared.place(me) else { return };
        let to = shared.audience(me, to);
        if !shared.has_alone(me) {
            shared.push(from, to, message.clone(), None);
            self.fed.insert(channel);
        }
        if shared.patience.is_some() {
            shared.waiting.push_back((from, to, message));
        } else if shared.opened {
            self.cast_out(now, channel, from, to, message);
        }
    }

    /// Multicasts to the other daemons. What a client was promised is pressed into a full window.
    fn cast_out(
        &mut self,
        now: Instant,
        channel: Channel,
        from: u8,
        to: Option<Audience>,
        message: Message,
    ) {
        let Some(shared) = self.channels.get(&channel) else { return };
        let (hosts, others) = shared.hosts_of(to, |member| self.home(member));
        if hosts != Audience::NONE {
            self.cast_to(now, channel, hosts, &CastHead { from, to }, message);
        }
        // It has its place in the stream there too.
        if others != Audience::NONE {
            let head = CastHead { from, to };
            self.cast_to(now, channel, others, &head, Message::default());
        }
    }

    fn cast_to(
        &mut self,
        now: Instant,
        channel: Channel,
        hosts: Audience,
        head: &CastHead,
        mut message: Message,
    ) {
        message.push(head);
        let cast = self.host.down(now, Down::Cast { channel, to: hosts, message });
        if let Err(Full(Down::Cast { channel, to, message })) = cast {
            if let Some(shared) = self.channels.get_mut(&channel) {
                shared.full = true;
            }
            self.ask_host(now, Down::Press { channel, to, message });
        }
    }

    /// The same of all channels on which something was multicast: many in a row are told together.
    pub(super) fn deliver_fed(&mut self, now: Instant) {
        while let Some(channel) = self.fed.pop_first() {
            self.deliver(now, channel);
        }
    }

    /// Tells the local members of a channel what is there for them.
    pub(super) fn deliver(&mut self, now: Instant, channel: Channel) {
        let Some(shared) = self.channels.get_mut(&channel) else { return };
        let open = shared.locals.iter().filter(|(_, local)| local.open);
        let open: VecDeque<ProcId> = open.map(|(proc, _)| *proc).collect();
        let mut told = Vec::new();
        for proc in open {
            if let Some(port) = self.ports.get_mut(&proc).filter(|port| !port.choked) {
                let before = port.told.len();
                shared.tell(channel, proc, &mut port.told);
                if port.told.len() > before {
                    told.push(proc);
                }
            }
        }
        let taken = shared.trim();
        told.into_iter().for_each(|proc| self.stir(proc));
        for (from, bytes) in taken {
            self.ask_host(now, Down::Taken { channel, from, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::line::Line;
    use core::time::Duration;
    use muts::NodeId;

    #[test]
    fn a_channel_whose_member_never_turns_up_opens_at_its_time_and_not_a_beat_later() {
        let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
        let (me, stranger, channel) = (proc(1), proc(2), Channel(7));
        let (beat, silence) = (Duration::from_millis(250), Duration::from_secs(1));
        let mut trunk = Trunk::new(Line::default(), beat, silence);
        trunk.attach(Instant::ZERO, me, "a");
        trunk.wake(Instant::ZERO);
        let opened = Instant::ZERO + beat / 2;
        trunk.open(opened, me, channel, &[stranger]);
        let due = opened + silence;
        while let Some(next) = trunk.deadline().filter(|next| *next < due) {
            assert!(trunk.channels[&channel].is_full(), "at {next:?}");
            trunk.wake(next);
            assert!(trunk.deadline() > Some(next), "it asks again for {next:?}");
        }
        trunk.wake(due);
        assert!(!trunk.channels[&channel].is_full());
        assert!(trunk.deadline() > Some(due), "it spins until the next beat");
    }

    #[test]
    fn nobody_waits_for_a_channel_that_was_closed_before_it_opened() {
        let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
        let (me, channel) = (proc(1), Channel(7));
        let mut trunk = Trunk::new(Line::default(), Duration::MAX, Duration::from_secs(1));
        trunk.attach(Instant::ZERO, me, "a");
        trunk.open(Instant::ZERO, me, channel, &[proc(2)]);
        assert!(trunk.waiting.len() == 1);
        trunk.close(Instant::ZERO, me, channel);
        assert!(trunk.waiting.is_empty() && trunk.channels.is_empty());
    }
}
