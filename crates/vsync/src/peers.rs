//! Peers: silence and accusation turned into suspicion, once per process, for all its groups.
//!
//! Takes: what the transport tells of links, and each peer's *row* (whom it hears), which rides in
//! heartbeats. Promises: suspicion becomes mutual; a link that just came back is not relied on
//! before it has been good for a while, longer each time it breaks. Keeps: one entry for each that
//! lives or shares a view, with those of them that it does not hear; of others the newest process
//! of each of so many nodes.

mod looking;
mod over;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{Duration, Instant, NodeId, ProcId, Wire};

use crate::beat::{Beat, Brief, ROW_MAX, Row};
use crate::config::Config;
use crate::endpoint::GroupId;
use crate::grounds::Charge;

/// Breaks of a link are forgotten after it has been good for so long.
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

/// For how long two digests may stay as they are and differ before the peers compare what they
/// share: installing a view takes its time to travel.
const DIFFERS_FOR: Duration = Duration::from_millis(250);

/// How often they compare while digests differ and change: thousands of groups that change need the
/// room, and one that is stale is found all the same.
const COMPARES_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Peer {
    met: bool,
    /// Since when it is known to be over.
    lost: Option<Instant>,
    silent: bool,
    /// It fell silent at once: nobody is said to live where it was.
    ended: bool,
    /// Since when it has been heard without a break, or been known at all.
    since: Instant,
    /// For how long it must be heard before it counts as heard.
    probation: Duration,
    /// How often the link has broken since it was forgiven.
    breaks: u8,
    /// Whom it hears, once it has said so.
    row: Option<Row>,
    /// What it said that in.
    said: Option<Said>,
    /// Since when its rows have lacked these, of those whom it was ever asked about.
    holes: BTreeMap<ProcId, Instant>,
    /// Of the epochs shared with it, as seen here.
    digest: u64,
    /// Set while its digest differs.
    differs: Option<Differs>,
    /// When its digest was heard last that agreed.
    agreed: Option<Instant>,
    /// The group that was compared with it last.
    compared: GroupId,
    /// What its heartbeats carry now.
    beat: Option<Bytes>,
    /// Suspected, and heard for long enough to rely on, when that was looked at last.
    looked: (bool, bool),
}

impl Peer {
    const fn lives(&self) -> bool {
        self.met && self.lost.is_none()
    }

    const fn is_reachable(&self) -> bool {
        self.lives() && !self.silent
    }

    /// Whether it is heard, and has been for long enough.
    fn is_heard(&self, now: Instant) -> bool {
        self.is_reachable() && now.since(self.since) >= self.probation
    }
}

/// A heartbeat that has been taken.
#[derive(Debug)]
struct Said {
    bytes: Bytes,
    digest: u64,
    /// How often it had changed then who is known.
    changes: u64,
}

/// Two digests that differ.
#[derive(Debug)]
struct Differs {
    /// Ours and the peer's.
    digests: [u64; 2],
    /// Since when they have been these.
    since: Instant,
    /// When the peers compare even if they go on changing.
    next: Instant,
}

/// All peers of this process.
#[derive(Debug)]
pub(crate) struct Peers {
    me: ProcId,
    suspicion: Duration,
    good_first: Duration,
    good_again: Duration,
    good_max: Duration,
    all: BTreeMap<ProcId, Peer>,
    /// Who has not heard whom for too long, by what the first says, though both are heard here.
    rifts: BTreeSet<(ProcId, ProcId)>,
    /// Whom heartbeats say that this process hears.
    row: Row,
    /// Something may have changed what heartbeats carry.
    stale: bool,
    /// How often it has changed who is known and not over.
    changes: u64,
    /// Something was heard that may have changed what is seen.
    unlooked: bool,
    /// When time alone may change it next.
    next_look: Option<Instant>,
}

impl Peers {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            me: config.me,
            suspicion: config.suspicion,
            good_first: config.good_first,
            good_again: config.good_again,
            good_max: config.good_max,
            all: BTreeMap::new(),
            rifts: BTreeSet::new(),
            row: Row::default(),
            stale: false,
            changes: 0,
            unlooked: true,
            next_look: None,
        }
    }

    fn peer(&mut self, now: Instant, proc: ProcId) -> &mut Peer {
        (self.stale, self.unlooked) = (true, true);
        let lost = self.is_lost(proc).then_some(now);
        let changes = &mut self.changes;
        self.all.entry(proc).or_insert_with(|| {
            *changes += 1;
            Peer {
                met: false,
                lost,
                silent: false,
                ended: false,
                since: now,
                probation: self.good_first,
                breaks: 0,
                row: None,
                said: None,
                holes: BTreeMap::new(),
                digest: 0,
                differs: None,
                agreed: None,
                compared: GroupId(0),
                beat: None,
                looked: (false, false),
            }
        })
    }

    /// Makes sure that it is known: from now on its silence counts.
    pub(crate) fn know(&mut self, now: Instant, proc: ProcId) {
        if proc != self.me {
            self.peer(now, proc);
        }
    }

    pub(crate) fn met(&mut self, now: Instant, proc: ProcId) {
        let peer = self.peer(now, proc);
        if !peer.met {
            peer.met = true;
            peer.since = now;
        }
    }

    pub(crate) fn lost(&mut self, now: Instant, proc: ProcId) {
        self.peer(now, proc).lost.get_or_insert(now);
        self.changes += 1;
        // Nobody hears it any more, and that says nothing of anybody.
        self.all.values_mut().for_each(|peer| _ = peer.holes.remove(&proc));
    }

    /// It has been silent since then, as far as the transport knows.
    pub(crate) fn silent(&mut self, now: Instant, proc: ProcId, since: Instant) {
        let (again, most) = (self.good_again, self.good_max);
        let ended = now.since(since) < self.suspicion / 2;
        let peer = self.peer(now, proc);
        peer.ended = ended;
        if !peer.silent {
            let forgiven = now.since(peer.since) > FORGIVEN_AFTER;
            peer.silent = true;
            peer.breaks = if forgiven { 1 } else { peer.breaks.saturating_add(1) };
            peer.probation =
                if forgiven { again } else { (peer.probation * 2).max(again).min(most) };
        }
    }

    pub(crate) fn back(&mut self, now: Instant, proc: ProcId) {
        let peer = self.peer(now, proc);
        if peer.silent {
            (peer.silent, peer.ended) = (false, false);
            peer.since = now;
            // What it said before the silence is old.
            (peer.row, peer.said) = (None, None);
            peer.holes.clear();
        }
    }

    /// Those that are heard here and that this peer has just ceased to hear.
    pub(crate) fn missed(&self, now: Instant, from: ProcId, beat: &Beat) -> Vec<ProcId> {
        let before = self.all.get(&from).and_then(|peer| peer.row.as_ref());
        let cut = beat.row.is_cut();
        let before = before.filter(|row| !cut && !beat.row.covers(row));
        let Some(before) = before else { return Vec::new() };
        let ceased = |proc: &ProcId| {
            let brief = Brief::of(from, *proc);
            before.contains(brief) && !beat.row.contains(brief)
        };
        self.living().filter(|proc| self.hears(now, *proc)).filter(ceased).collect()
    }

    /// Whether it says otherwise than before whom it hears.
    pub(crate) fn row_differs(&self, from: ProcId, beat: &Beat) -> bool {
        let before = self.all.get(&from).and_then(|peer| peer.row.as_ref());
        before != Some(&beat.row)
    }

    /// The digest in a heartbeat that says what the one before it said, of the same processes.
    /// Hundreds of processes of a host hear one another several times a second: to look at who
    /// hears whom each time would take the cube of their number.
    pub(crate) fn says_again(&self, from: ProcId, bytes: &Bytes) -> Option<u64> {
        let said = self.all.get(&from)?.said.as_ref()?;
        // Who is behind the same daemon says it in the same bytes again.
        let same = || said.bytes.as_ptr() == bytes.as_ptr() && said.bytes.len() == bytes.len();
        let again = said.changes == self.changes && (same() || said.bytes == bytes);
        again.then_some(said.digest)
    }

    /// Takes what a heartbeat, which came in these bytes, says of whom its sender hears.
    pub(crate) fn hear_row(&mut self, now: Instant, from: ProcId, beat: &Beat, bytes: &Bytes) {
        let (me, cut) = (self.me, beat.row.is_cut());
        let named = |proc: ProcId| beat.row.contains(Brief::of(from, proc));
        let hears = |proc: ProcId| proc == from || (cut && proc != me) || named(proc);
        let Some(peer) = self.all.get(&from) else { return };
        // Of the same processes it hears those that it heard: only holes may be filled.
        let same = peer.said.as_ref().is_some_and(|said| said.changes == self.changes);
        let grows = same && peer.row.as_ref().is_some_and(|row| beat.row.covers(row));
        let living = self.all.iter().filter(|(_, peer)| peer.lost.is_none());
        let living = living.map(|(proc, _)| *proc).chain([me]);
        let missed: Vec<ProcId> =
            if grows { Vec::new() } else { living.filter(|proc| !hears(*proc)).collect() };
        let Some(peer) = self.all.get_mut(&from) else { return };
        self.unlooked = true;
        peer.holes.retain(|proc, _| !hears(*proc));
        missed.into_iter().for_each(|proc| _ = peer.holes.entry(proc).or_insert(now));
        peer.row = Some(beat.row.clone());
        let (bytes, digest, changes) = (bytes.clone(), beat.digest, self.changes);
        peer.said = Some(Said { bytes, digest, changes });
    }

    /// Takes the digest that a heartbeat carries. Answers whether it has differed for long enough
    /// that the two should compare what they share.
    pub(crate) fn hear_digest(&mut self, now: Instant, from: ProcId, digest: u64) -> bool {
        let Some(peer) = self.all.get_mut(&from) else { return false };
        if peer.digest == digest {
            peer.differs = None;
            peer.agreed = Some(now);
            return false;
        }
        let digests = [peer.digest, digest];
        let fresh = Differs { digests, since: now, next: now + COMPARES_EVERY };
        let differs = peer.differs.get_or_insert(fresh);
        if differs.digests != digests {
            (differs.digests, differs.since) = (digests, now);
        }
        let due = differs.next <= now;
        if due {
            differs.next = now + COMPARES_EVERY;
        }
        due || now.since(differs.since) >= DIFFERS_FOR
    }

    /// Which group was compared with it last.
    pub(crate) fn compared(&self, proc: ProcId) -> GroupId {
        self.all.get(&proc).map_or(GroupId(0), |peer| peer.compared)
    }

    /// This group was.
    pub(crate) fn compared_up_to(&mut self, proc: ProcId, group: GroupId) {
        if let Some(peer) = self.all.get_mut(&proc) {
            peer.compared = group;
        }
    }

    /// Whether its digest agreed with ours when it was heard last.
    pub(crate) fn agrees(&self, proc: ProcId) -> bool {
        self.all.get(&proc).is_none_or(|peer| peer.differs.is_none())
    }

    /// Whether its digest has been heard and agreed since: it was in the same epochs then.
    pub(crate) fn agreed_after(&self, since: Instant, proc: ProcId) -> bool {
        self.all.get(&proc).and_then(|peer| peer.agreed).is_some_and(|agreed| agreed > since)
    }

    /// How many peers that are heard see the shared groups differently.
    pub(crate) fn disagreeing(&self) -> usize {
        let disagrees = |peer: &&Peer| peer.lives() && !peer.silent && peer.differs.is_some();
        self.all.values().filter(disagrees).count()
    }

    /// Counts an epoch shared with this peer in, or out again.
    pub(crate) fn share(&mut self, now: Instant, proc: ProcId, epoch: u64) {
        if proc != self.me {
            self.peer(now, proc).digest ^= epoch;
        }
    }

    /// Whether it is heard now: in the row that others are told.
    pub(crate) fn hears(&self, now: Instant, proc: ProcId) -> bool {
        proc == self.me || self.all.get(&proc).is_some_and(|peer| peer.is_heard(now))
    }

    /// Whether it is in reach, and nothing lasting says that it does not hear this process.
    pub(crate) fn comes_back(&self, now: Instant, proc: ProcId) -> bool {
        let Some(peer) = self.all.get(&proc) else { return false };
        // One that broke again counts once it has held for longer than silence lasts: of who is
        // mute but for a word now and then nobody comes back.
        let held = now.since(peer.since) > self.suspicion;
        if !held && peer.breaks > 1 {
            return false;
        }
        // Of a link on probation nothing is to be said but that it seems to be whole.
        let fresh = !self.hears(now, proc);
        let answers = peer.row.is_some() || now.since(peer.since) <= self.suspicion;
        self.is_reachable(proc) && (fresh || (answers && !self.suspects(now, proc)))
    }

    /// Whether it is taken for failed: silent, over, or without a sign that it hears us.
    pub(crate) fn suspects(&self, now: Instant, proc: ProcId) -> bool {
        if proc == self.me {
            return false;
        }
        self.all.get(&proc).is_none_or(|peer| self.has_failed(now, peer))
    }

    fn has_failed(&self, now: Instant, peer: &Peer) -> bool {
        peer.lost.is_some()
            || peer.silent
            || (!peer.met && now.since(peer.since) > self.suspicion)
            || self.lasting_hole(now, peer, self.me)
    }

    /// What speaks against it, if it is suspected.
    pub(crate) fn charge(&self, now: Instant, proc: ProcId) -> Option<Charge> {
        if !self.suspects(now, proc) {
            return None;
        }
        Some(match self.all.get(&proc) {
            _ if self.is_lost(proc) => Charge::Over,
            Some(peer) if peer.silent => Charge::Silent,
            Some(peer) if peer.met => Charge::Deaf,
            _ => Charge::NeverMet,
        })
    }

    fn lasting_hole(&self, now: Instant, peer: &Peer, proc: ProcId) -> bool {
        peer.holes.get(&proc).is_some_and(|since| now.since(*since) > self.suspicion)
    }

    /// Whether anything that is sent to it has a chance to arrive.
    pub(crate) fn is_reachable(&self, proc: ProcId) -> bool {
        self.all.get(&proc).is_some_and(Peer::is_reachable)
    }

    /// Whether two processes hear each other by what both said last.
    pub(crate) fn linked(&self, now: Instant, a: ProcId, b: ProcId) -> bool {
        a == b || (self.row_has(now, a, b) && self.row_has(now, b, a))
    }

    /// The same for this process and that one.
    pub(crate) fn linked_to(&self, now: Instant, proc: ProcId) -> bool {
        self.linked(now, self.me, proc)
    }

    fn row_has(&self, now: Instant, whose: ProcId, whom: ProcId) -> bool {
        if whose == self.me {
            return self.hears(now, whom);
        }
        let row = self.all.get(&whose).and_then(|peer| peer.row.as_ref());
        let cut = |row: &Row| whom != self.me && row.is_cut();
        row.is_some_and(|row| cut(row) || row.contains(Brief::of(whose, whom)))
    }

    /// Whether another process hears it by what that one said last: the silence may be between it
    /// and this process alone. Where it is over the others soon say that they miss it too.
    pub(crate) fn is_heard_by(&self, proc: ProcId, other: ProcId) -> bool {
        let lives = self.all.get(&proc).is_some_and(Peer::lives);
        let row = self.all.get(&other).and_then(|peer| peer.row.as_ref());
        lives && row.is_some_and(|row| row.contains(Brief::of(other, proc)))
    }

    /// Whether it is said to be over by the system where it was: of its process, or by a firewall.
    pub(crate) fn has_ended(&self, proc: ProcId) -> bool {
        self.all.get(&proc).is_some_and(|peer| peer.ended)
    }

    /// Whether a view may hold both: only a lasting hole in somebody's rows speaks against it.
    pub(crate) fn compatible(&self, now: Instant, a: ProcId, b: ProcId) -> bool {
        if a == b {
            return true;
        }
        if a == self.me || b == self.me {
            return !self.suspects(now, if a == self.me { b } else { a });
        }
        let hole = |whose: ProcId, whom: ProcId| {
            self.all.get(&whose).is_some_and(|peer| self.lasting_hole(now, peer, whom))
        };
        !hole(a, b) && !hole(b, a)
    }

    /// Whether it was ever met.
    pub(crate) fn is_met(&self, proc: ProcId) -> bool {
        self.all.get(&proc).is_some_and(|peer| peer.met)
    }

    /// The processes of a node that are known, oldest first.
    pub(crate) fn of_node(&self, node: NodeId) -> impl Iterator<Item = ProcId> {
        let of = |incarnation| ProcId { node, incarnation };
        self.all.range(of(0)..=of(u64::MAX)).map(|(proc, _)| *proc)
    }

    /// Those met and not known to be over.
    pub(crate) fn living(&self) -> impl Iterator<Item = ProcId> {
        self.all.iter().filter(|(_, peer)| peer.lives()).map(|(proc, _)| *proc)
    }

    /// Whether no view may hold all of these, since two that are heard do not hear each other.
    pub(crate) fn are_torn(&self, now: Instant, members: &[ProcId]) -> bool {
        self.rifts.iter().any(|(a, b)| {
            members.contains(a) && members.contains(b) && !self.compatible(now, *a, *b)
        })
    }

    /// What heartbeats to each peer have to carry from now on, where it changed; and whether it is
    /// to go at once, since somebody is missed: whoever hears that asks that one for a sign of
    /// life, and may wait for just this word before it acts.
    pub(crate) fn new_beats(&mut self, now: Instant) -> (Vec<(ProcId, Bytes)>, bool) {
        if !core::mem::take(&mut self.stale) {
            return (Vec::new(), false);
        }
        // Where there are too many, those with whom nothing is shared are left out.
        let mut heard: Vec<ProcId> =
            self.all.keys().copied().filter(|proc| self.hears(now, *proc)).collect();
        let mut left_out = BTreeSet::new();
        if heard.len() > ROW_MAX {
            heard.sort_by_key(|proc| self.all[proc].digest == 0);
            left_out.extend(heard.drain(ROW_MAX..));
        }
        let me = self.me;
        let row_of = |named: &[ProcId]| named.iter().map(|proc| Brief::of(me, *proc)).collect();
        let row: Row = row_of(&heard);
        let told = core::mem::replace(&mut self.row, row.clone());
        let missed = |brief| told.contains(brief) && !row.contains(brief);
        let soon = !row.is_cut() && self.living().any(|proc| missed(Brief::of(me, proc)));
        let mut new = Vec::new();
        let mut bytes = Vec::new();
        for (proc, peer) in self.all.iter_mut().filter(|(_, peer)| peer.lives()) {
            let row = if left_out.contains(proc) {
                // It has to know that it is heard.
                heard[ROW_MAX - 1] = *proc;
                row_of(&heard)
            } else {
                row.clone()
            };
            bytes.clear();
            Beat { row, digest: peer.digest }.write(&mut bytes);
            if peer.beat.as_deref() != Some(&bytes[..]) {
                let bytes = Bytes::copy_from_slice(&bytes);
                peer.beat = Some(bytes.clone());
                new.push((*proc, bytes));
            }
        }
        (new, soon)
    }
}

#[cfg(test)]
mod tests;
