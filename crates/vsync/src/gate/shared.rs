//! Shared: a channel that kernels of this daemon share, and who of them has been told what.
//!
//! Takes: what local kernels and other daemons multicast on it. Promises: every local member is
//! told everything from its first message on, in order, once. Keeps: what some local member has not
//! been told: it may not have opened the channel yet, or takes nothing now. What lies here counts
//! against its senders.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use muts::{Audience, Instant, Message, ProcId, Up};

/// One message on the channel.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its sender's place among the members.
    pub(crate) from: u8,
    /// Its number among that sender's.
    pub(crate) seq: u64,
    /// Whom it is for, by places; none: everybody.
    pub(crate) to: Option<Audience>,
    pub(crate) message: Message,
    /// The daemon that it came from, and what it counts for there.
    pub(crate) host: Option<(ProcId, u64)>,
}

/// A member behind this daemon.
#[derive(Debug, Default)]
pub(crate) struct Local {
    /// It has opened the channel.
    pub(crate) open: bool,
    /// The next message that it is told.
    next: u64,
    /// The places of its peers in the order in which it names them.
    places: Vec<u8>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// All members, in an order that every daemon makes the same.
    pub(crate) members: Vec<ProcId>,
    /// The daemons of those that are elsewhere, in the order in which the transport knows them.
    pub(crate) hosts: Vec<ProcId>,
    /// The transport's channel is open, if there is to be one.
    pub(crate) opened: bool,
    /// Until then it waits for members of whom it is not known where they are.
    pub(crate) patience: Option<Instant>,
    /// Casts of local members that wait for it.
    pub(crate) waiting: VecDeque<(u8, Option<Audience>, Message)>,
    /// Something was pressed into the transport's window.
    pub(crate) full: bool,
    pub(crate) locals: BTreeMap<ProcId, Local>,
    log: VecDeque<Entry>,
    log_bytes: usize,
    /// The number of the first entry of the log.
    base: u64,
    /// Messages of each member so far.
    counts: Vec<u64>,
}

impl Shared {
    pub(crate) fn new(me: ProcId, peers: &[ProcId]) -> Self {
        let mut members: Vec<ProcId> = peers.iter().copied().chain([me]).collect();
        members.sort_unstable();
        members.dedup();
        Self { counts: alloc::vec![0; members.len()], members, ..Self::default() }
    }

    pub(crate) fn place(&self, proc: ProcId) -> Option<u8> {
        let place = self.members.binary_search(&proc).ok()?;
        u8::try_from(place).ok()
    }

    /// A local member opens it.
    pub(crate) fn open(&mut self, proc: ProcId, peers: &[ProcId]) {
        let places = peers.iter().map(|peer| self.place(*peer).unwrap_or(u8::MAX)).collect();
        let end = self.base + self.log.len() as u64;
        let local = self.locals.entry(proc).or_insert(Local { next: end, ..Local::default() });
        local.open = true;
        local.places = places;
    }

    /// An audience in the order of all members.
    pub(crate) fn audience(&self, from: ProcId, to: Audience) -> Option<Audience> {
        if to == Audience::ALL {
            return None;
        }
        let mut all = Audience::NONE;
        let places = self.locals.get(&from).map(|local| &local.places[..]).unwrap_or_default();
        for (at, place) in places.iter().enumerate() {
            if to.has(at) {
                all.insert(usize::from(*place));
            }
        }
        Some(all)
    }

    /// The daemons at which any of an audience are, and those at which nobody of it is.
    pub(crate) fn hosts_of(
        &self,
        to: Option<Audience>,
        home: impl Fn(ProcId) -> Option<ProcId>,
    ) -> (Audience, Audience) {
        let Some(to) = to else { return (Audience::ALL, Audience::NONE) };
        let (mut hosts, mut others) = (Audience::NONE, Audience::NONE);
        let meant: Vec<ProcId> = (self.members.iter().enumerate())
            .filter(|(place, _)| to.has(*place))
            .filter_map(|(_, member)| home(*member))
            .collect();
        for (at, host) in self.hosts.iter().enumerate() {
            if meant.contains(host) { hosts.insert(at) } else { others.insert(at) }
        }
        (hosts, others)
    }

    /// Whether nobody else here is to be told what this member multicasts.
    pub(crate) fn has_alone(&self, proc: ProcId) -> bool {
        self.log.is_empty() && self.locals.len() == 1 && self.locals.contains_key(&proc)
    }

    /// Something was multicast on it. Not kept if nobody here is to be told.
    pub(crate) fn push(
        &mut self,
        from: u8,
        to: Option<Audience>,
        message: Message,
        host: Option<(ProcId, u64)>,
    ) {
        let Some(count) = self.counts.get_mut(usize::from(from)) else { return };
        let seq = *count;
        *count += 1;
        self.log_bytes += message.len() + size_of::<Entry>();
        self.log.push_back(Entry { from, seq, to, message, host });
    }

    /// Tells a member what it has not been told.
    pub(crate) fn tell(&mut self, channel: muts::Channel, proc: ProcId, told: &mut VecDeque<Up>) {
        let own = self.place(proc);
        let Some(local) = self.locals.get_mut(&proc).filter(|local| local.open) else { return };
        let skip = usize::try_from(local.next - self.base).unwrap_or(usize::MAX);
        for entry in self.log.iter().skip(skip) {
            local.next += 1;
            if Some(entry.from) == own {
                continue;
            }
            let from = self.members[usize::from(entry.from)];
            let meant = |to: Audience| own.is_some_and(|own| to.has(usize::from(own)));
            told.push_back(if entry.to.is_none_or(meant) {
                let message = entry.message.clone();
                Up::Cast { channel, from, seq: entry.seq, message }
            } else {
                Up::Skip { channel, from, below: entry.seq + 1 }
            });
        }
    }

    /// Takes out what everybody here has been told; answers what that counted for elsewhere.
    pub(crate) fn trim(&mut self) -> BTreeMap<ProcId, u64> {
        let end = self.base + self.log.len() as u64;
        let told = self.locals.values().map(|local| local.next).min().unwrap_or(end);
        let mut taken = BTreeMap::new();
        while self.base < told
            && let Some(entry) = self.log.pop_front()
        {
            self.base += 1;
            self.log_bytes -= entry.message.len() + size_of::<Entry>();
            if let Some((host, bytes)) = entry.host {
                *taken.entry(host).or_default() += bytes;
            }
        }
        taken
    }

    /// Whether whoever casts here should wait.
    pub(crate) fn is_full(&self) -> bool {
        self.full
            || self.patience.is_some()
            || self.log_bytes > muts::limits::WINDOW_BYTES
            || self.log.len() > muts::limits::WINDOW_MESSAGES
    }
}
