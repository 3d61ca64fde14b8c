//! Guest: one client as the server keeps it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;

use bytes::Bytes;
use muts::{Address, Channel, Counted, Duration, Full, Instant, Layer, NodeId, Packet, ProcId};

use super::own::Own;
use crate::endpoint::GroupId;
use crate::gate::client::weight;
use crate::gate::frame::{Bye, FATES_SINCE, OWN_SINCE, Say, Tell};
use crate::gate::line::Line;
use crate::gate::out::Out;
use crate::gate::reader::Reader;
use crate::gate::under_way::{LOOK_EVERY, UnderWay};
use crate::interface::{Down, Fault, Up};
use crate::kernel::Kernel;
use crate::limits::{
    GATE_BACKLOG_BYTES_MAX, GATE_CHOKE_BYTES, GATE_CREDIT_BYTES, GATE_STRANGER_BYTES_MAX,
    MEMBERS_MAX,
};
use crate::terms::Terms;
use crate::view::View;

/// A group that a client is in, or on its way to.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) view: Option<View>,
    owed: u64,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Guest {
    /// Once it has said who it is.
    pub(super) kernel: Option<(ProcId, Box<Kernel<Line>>)>,
    pub(super) name: String,
    /// Of the gate, as agreed upon.
    pub(super) version: u8,
    /// The user that it runs as, where the system says.
    pub(super) uid: Option<u32>,
    pub(super) reader: Reader,
    /// What waits to be written.
    pub(super) out: Out,
    /// When it gave its last sign of life.
    pub(super) heard: Instant,
    /// Since when more waits than it takes.
    pub(super) choked: Option<Instant>,
    /// It has asked something of the daemon and was not answered yet.
    pub(super) asking: bool,
    /// When it was told last what is under way.
    looked: Option<Instant>,
    pub(super) groups: BTreeMap<GroupId, Place>,
    /// Groups that wait for its last word in a view, since when.
    closing: BTreeMap<GroupId, Instant>,
    /// Groups that it has named terms for.
    terms: BTreeSet<GroupId>,
    /// Bytes of sends that it was not told yet that there is room for; of casts each group has its.
    owed: u64,
    /// The groups, or sends, of which it is worth telling.
    due: BTreeSet<Option<GroupId>>,
}

impl Guest {
    pub(super) fn new(now: Instant, uid: Option<u32>) -> Self {
        Self {
            kernel: None,
            name: String::new(),
            uid,
            reader: Reader::limited(GATE_STRANGER_BYTES_MAX),
            version: 0,
            out: Out::default(),
            heard: now,
            choked: None,
            asking: false,
            looked: None,
            groups: BTreeMap::new(),
            closing: BTreeMap::new(),
            terms: BTreeSet::new(),
            owed: 0,
            due: BTreeSet::new(),
        }
    }

    pub(super) fn proc(&self) -> Option<ProcId> {
        self.kernel.as_ref().map(|(proc, _)| *proc)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.kernel.as_ref()?.1.deadline()
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|due| due <= now)
    }

    pub(super) fn tell(&mut self, tell: &Tell) {
        self.out.put(tell);
    }

    /// Tells it what is under way at its kernel, over this transport, if that has not just been
    /// told; answers whether it has one.
    pub(super) fn tell_under_way(&mut self, now: Instant, below: &impl Counted) -> bool {
        let Some((_, kernel)) = &self.kernel else { return false };
        if self.looked.is_none_or(|last| now.since(last) >= LOOK_EVERY) {
            let under_way = UnderWay::of(kernel, below);
            self.looked = Some(now);
            self.tell(&Tell::UnderWay(under_way));
        }
        true
    }

    /// Since when a group has waited for its last word in a view, the longest of them.
    pub(super) fn kept_waiting(&self) -> Option<Instant> {
        self.closing.values().min().copied()
    }

    /// The daemon was away for so long: whatever it waits for may have come meanwhile, and that
    /// time does not count.
    pub(super) fn excuse(&mut self, now: Instant, away: Duration) {
        let later = |since: Instant| now.min(since + away);
        self.heard = later(self.heard);
        self.choked = self.choked.map(later);
        self.closing.values_mut().for_each(|since| *since = later(*since));
    }

    /// Gives back room that is not used now.
    pub(super) fn rest(&mut self) {
        self.out.rest();
        if let Some((_, kernel)) = &mut self.kernel {
            kernel.below_mut().rest();
        }
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.out.len() > GATE_CHOKE_BYTES
    }

    /// Takes all that came in which it asks something of its kernel, up to the first word that is
    /// for somebody else; none if there is none yet.
    ///
    /// # Errors
    /// Why it has to go.
    pub(super) fn take_asks(
        &mut self,
        now: Instant,
        came: &mut &[u8],
        groups_max: usize,
    ) -> Result<Option<Say>, Bye> {
        loop {
            let Ok(say) = self.reader.take(came) else { return Err(self.misread()) };
            let Some(say) = say else { return Ok(None) };
            match say {
                Say::Ask(ask) if self.kernel.is_some() && !matches!(ask, Down::Farewell) => {
                    self.ask(now, ask, groups_max)?;
                }
                other => return Ok(Some(other)),
            }
        }
    }

    /// Why it has to go whose frame could not be read; who asks too long a question is told so.
    fn misread(&mut self) -> Bye {
        let Some(bytes) = self.reader.overlong_query() else { return Bye::Malformed };
        self.tell(&Tell::too_long(bytes));
        Bye::Quota
    }

    /// Takes an ask of the client.
    ///
    /// # Errors
    /// Why it has to go.
    fn ask(&mut self, now: Instant, ask: Down, groups_max: usize) -> Result<(), Bye> {
        let cost = match &ask {
            // What is cast into a group that it is not in is dropped, and counted nowhere.
            Down::Cast { group, message, .. } => {
                let place = self.groups.get_mut(group);
                place.map(|place| (&mut place.owed, Some(*group), message))
            }
            Down::Send { message, .. } => Some((&mut self.owed, None, message)),
            _ => None,
        };
        if let Some((owed, what, message)) = cost {
            // The last that was taken may have gone over.
            if *owed >= GATE_CREDIT_BYTES {
                return Err(Bye::Quota);
            }
            // To tell each cast would wake its sender for each.
            let little = *owed < GATE_CREDIT_BYTES / 4;
            *owed += weight(message);
            if little && *owed >= GATE_CREDIT_BYTES / 4 {
                self.due.insert(what);
            }
        }
        match &ask {
            Down::Closed { group } => _ = self.closing.remove(group),
            Down::Terms { group, terms } => {
                if !terms.is_modest() {
                    return Err(Bye::Quota);
                }
                let group = *group;
                if !self.terms.contains(&group)
                    && self.terms.len() >= groups_max
                    && !self.forget_terms(now)
                {
                    self.tell(&Tell::Told(Up::Fault { group, fault: Fault::TooMany }));
                    return Ok(());
                }
                self.terms.insert(group);
            }
            Down::Invite { members, .. } | Down::Found { members, .. }
                if members.len() > MEMBERS_MAX =>
            {
                return Err(Bye::Quota);
            }
            _ => {}
        }
        if let Down::Found { group, .. } | Down::Join { group, .. } = &ask {
            let group = *group;
            if !self.groups.contains_key(&group) {
                if self.groups.len() >= groups_max {
                    self.tell(&Tell::Told(Up::Fault { group, fault: Fault::TooMany }));
                    return Ok(());
                }
                self.groups.insert(group, Place::default());
            }
        }
        let Some((_, kernel)) = &mut self.kernel else { return Ok(()) };
        match kernel.down(now, ask) {
            // It was told that casts of this group have to wait.
            Err(Full(Down::Cast { .. })) => Err(Bye::Malformed),
            _ => Ok(()),
        }
    }

    /// Forgets the terms of a group that it is not in; false if it is in all of them.
    fn forget_terms(&mut self, now: Instant) -> bool {
        let groups = &self.groups;
        let idle = self.terms.iter().find(|group| !groups.contains_key(*group)).copied();
        let Some((group, (_, kernel))) = idle.zip(self.kernel.as_mut()) else { return false };
        self.terms.remove(&group);
        let terms = Terms::default();
        let taken = kernel.down(now, Down::Terms { group, terms });
        debug_assert!(taken.is_ok(), "only casts are handed back");
        true
    }

    /// What its kernel asks of its transport.
    pub(super) fn asked(&mut self) -> Option<&mut VecDeque<muts::Down>> {
        self.kernel.as_mut().map(|(_, kernel)| &mut kernel.below_mut().asked)
    }

    /// Its kernel is told something by its transport.
    pub(super) fn hear(&mut self, now: Instant, told: impl FnOnce(&mut VecDeque<muts::Up>)) {
        let Some((_, kernel)) = &mut self.kernel else { return };
        told(&mut kernel.below_mut().told);
        // No datagram: it looks at its transport whatever comes.
        kernel.receive(now, Packet { from: Address::Pipe(0), bytes: Bytes::new() });
    }

    /// Passes on all that its kernel tells; true if too much waits.
    pub(super) fn tell_all<'a>(
        &mut self,
        now: Instant,
        name: impl Fn(NodeId) -> Option<&'a [u8]>,
    ) -> bool {
        let Some((me, kernel)) = &mut self.kernel else { return false };
        let mut own: Option<Own> = None;
        while let Some(up) = kernel.up() {
            if self.version >= OWN_SINCE
                && let Some(next) = Own::of(&up, *me)
            {
                if own.as_mut().is_none_or(|run| !run.join(&next))
                    && let Some(before) = own.replace(next)
                {
                    self.out.put(&before.tell());
                }
                continue;
            }
            if let Some(run) = own.take() {
                self.out.put(&run.tell());
            }
            match &up {
                Up::Fault { fault: Fault::Denied(_) | Fault::Excluded { .. }, .. }
                    if self.version < FATES_SINCE =>
                {
                    continue;
                }
                Up::Met { peer } => {
                    if let Some(name) = name(peer.node) {
                        self.out.put(&Tell::Name(name.to_vec()));
                    }
                }
                Up::Closing { group } => {
                    self.closing.entry(*group).or_insert(now);
                }
                Up::View(view) => {
                    self.closing.remove(&view.group);
                    self.groups.entry(view.group).or_default().view = Some((**view).clone());
                }
                Up::Out { group, .. } => {
                    self.groups.remove(group);
                    self.closing.remove(group);
                    self.due.remove(&Some(*group));
                }
                _ => {}
            }
            self.out.put(&Tell::Told(up));
        }
        if let Some(run) = own {
            self.out.put(&run.tell());
        }
        self.out.len() > GATE_BACKLOG_BYTES_MAX
    }

    /// Says what there is room for again; true if some is owed still.
    pub(super) fn give_room(&mut self, is_full: impl Fn(ProcId, Option<Channel>) -> bool) -> bool {
        let Some((me, kernel)) = &self.kernel else { return false };
        let (sends, groups, out) = (&mut self.owed, &mut self.groups, &mut self.out);
        self.due.retain(|group| {
            let full = is_full(*me, group.and_then(|group| kernel.channel(group)))
                || group.is_some_and(|group| kernel.is_choked(group));
            let owed = match group {
                Some(group) => groups.get_mut(group).map(|place| &mut place.owed),
                None => Some(&mut *sends),
            };
            if !full && let Some(owed) = owed {
                out.put(&Tell::Took { group: *group, bytes: core::mem::take(owed) });
            }
            full
        });
        !self.due.is_empty()
    }
}
