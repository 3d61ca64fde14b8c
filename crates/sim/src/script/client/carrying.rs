//! Carrying: a state in every group that is not relaxed, kept equal at its members by replicas.
//!
//! *Takes* what the tower tells the client, after the client has written it down. *Promises* that
//! the history tells the state at each view, and a newcomer's; that who has the state has in it all
//! that it was told. *Keeps* the replicas, and what they ask until the tower takes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lwg::{Down, LwgId, SendId, Up, View, ViewId};
use muts::{Instant, Message};
use tools::{Answer, Asks, Replica, Tool};
use vsync::Endpoint;

use super::{Client, Owed};
use crate::diary::Diary;
use crate::script::record::{Record, Said};
use crate::script::wishes::Carried;

/// Whether the application made this message, not a tool: what has a header above the floors'.
pub(super) fn is_bare(message: &Message) -> bool {
    message.len() == Message::new(message.body().clone()).len()
}

/// A command that moved a state here and wants an answer: who asked, and what.
type Applied = (Endpoint, SendId, String);

/// One group's state.
#[derive(Debug)]
struct One {
    replica: Replica<Record>,
    /// Commands told in the present view, and whether the state was lost in it.
    told: Vec<u64>,
    lost: bool,
    /// Whether the state is on its way.
    lacking: bool,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Carrying {
    me: Endpoint,
    wish: Option<Carried>,
    ones: BTreeMap<LwgId, One>,
    asks: Asks,
    /// What the tower has not taken yet, by group and whom it is for, oldest first.
    waiting: BTreeMap<(LwgId, Option<Endpoint>), VecDeque<Down>>,
    counts: BTreeMap<&'static str, u64>,
}

impl Carrying {
    pub(super) fn new(me: Endpoint, wish: Option<Carried>) -> Self {
        Self {
            me,
            wish,
            ones: BTreeMap::new(),
            asks: Asks::new(),
            waiting: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Chance that a message to a group is a command, parts of 1,000,000.
    pub(super) fn command_chance(&self) -> u64 {
        self.wish.as_ref().map_or(0, |wish| wish.command_chance)
    }

    /// The ask that proposes a command; none where no state is carried.
    pub(super) fn propose(
        &mut self,
        lwg: LwgId,
        body: &[u8],
        send: SendId,
        replies: bool,
    ) -> Option<Down> {
        let one = self.ones.get(&lwg)?;
        let mut asks = Asks::new();
        one.replica.propose(&Said(body.to_vec()), send, replies, &mut asks);
        asks.take()
    }

    /// Whether a replica is to hear this.
    pub(super) fn concerns(&self, up: &Up) -> bool {
        let known = |lwg| self.ones.contains_key(lwg);
        match up {
            Up::View(view) => self.wish.is_some() && !view.traits.relaxed,
            Up::Message { lwg, .. }
            | Up::Told { lwg, .. }
            | Up::Done { lwg, .. }
            | Up::Out { lwg, .. } => known(lwg),
            _ => false,
        }
    }

    /// Has the replica of the group hear it; tells what wants an answer.
    fn hear(
        &mut self,
        now: Instant,
        up: &Up,
        diary: &mut Diary,
        wrong: &mut Vec<String>,
    ) -> Vec<Applied> {
        let lwg = match up {
            Up::View(view) => view.lwg,
            Up::Message { lwg, .. }
            | Up::Told { lwg, .. }
            | Up::Done { lwg, .. }
            | Up::Out { lwg, .. } => *lwg,
            _ => return Vec::new(),
        };
        let Some(wish) = &self.wish else { return Vec::new() };
        let (me, state) = (self.me, || Record::new(wish.bytes));
        let one = self.ones.entry(lwg).or_insert_with(|| One {
            replica: Replica::new(lwg, me, state()).with_rate(wish.bytes_a_second),
            told: Vec::new(),
            lost: false,
            lacking: false,
        });
        if let Up::Message { send, message, .. } = up
            && !Asks::is_minted(*send)
            && !is_bare(message)
        {
            one.told.push(Record::entry(message.body()));
        }
        one.replica.hear(now, up, &mut self.asks);
        match up {
            Up::View(view) => self.entered(view, diary, wrong),
            Up::Out { .. } => {
                self.waiting.retain(|(of, _), _| *of != lwg);
                self.broken_off(lwg);
            }
            _ => {}
        }
        self.answers(lwg, diary)
    }

    /// A view began: what its members have in common is written down, and looked through.
    fn entered(&mut self, view: &View, diary: &mut Diary, wrong: &mut Vec<String>) {
        self.no_longer_lacking(view.lwg, "views over which states were awaited");
        let gone = |to: &Endpoint| !view.members.contains(to);
        self.waiting.retain(|(lwg, to), _| *lwg != view.lwg || !to.as_ref().is_some_and(gone));
        let Some(one) = self.ones.get_mut(&view.lwg) else { return };
        if let Some(digest) = one.replica.view_digest() {
            diary.state(view.lwg, digest, view.id);
        }
        let (told, lost) = (std::mem::take(&mut one.told), std::mem::take(&mut one.lost));
        let owed = view.previous.is_some() && !lost;
        if owed && one.replica.state().is_some_and(|record| !record.has_all(&told)) {
            let what = format!("{:?} lacks in {:?} what was told before", view.lwg, view.id);
            wrong.push(format!("state: that of {what}"));
        }
    }

    /// What was on its way will not come.
    fn broken_off(&mut self, lwg: LwgId) {
        self.no_longer_lacking(lwg, "states broken off");
    }

    fn no_longer_lacking(&mut self, lwg: LwgId, kind: &'static str) {
        let Some(one) = self.ones.get_mut(&lwg) else { return };
        if std::mem::take(&mut one.lacking) {
            self.count(kind);
        }
    }

    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Takes what the replica of a group tells.
    fn answers(&mut self, lwg: LwgId, diary: &mut Diary) -> Vec<Applied> {
        let mut applied = Vec::new();
        while let Some(answer) = self.ones.get_mut(&lwg).and_then(|one| one.replica.answer()) {
            let one = self.ones.get_mut(&lwg).expect("it has just answered");
            match answer {
                Answer::Applied { from, send, replies: true, answer: Some(msg) } => {
                    applied.push((from, send, msg));
                }
                Answer::Applied { .. } => {}
                Answer::Lacking { .. } => {
                    one.lacking = true;
                    self.count("states awaited");
                }
                Answer::Ready { view, digest, donor, at_view } => {
                    one.lacking = false;
                    if at_view {
                        diary.join_state(lwg, digest, view, donor.proc);
                    }
                    let own = donor == self.me;
                    self.count(if own { "states of one's own" } else { "states received" });
                }
                Answer::Lost { .. } => {
                    (one.lacking, one.lost) = (false, true);
                    one.replica.revive(&mut self.asks);
                    self.count("states lost");
                }
                Answer::GaveUp { .. } => {
                    one.lacking = false;
                    self.count("states given up");
                }
                Answer::Out { .. } => {}
            }
        }
        applied
    }

    /// What a replica asks next, of a group or for a member that takes something.
    pub(super) fn ask(
        &mut self,
        full: &BTreeSet<LwgId>,
        full_to: &BTreeSet<(LwgId, Endpoint)>,
    ) -> Option<Down> {
        while let Some(ask) = self.asks.take() {
            match place(&ask) {
                Some(place) => self.waiting.entry(place).or_default().push_back(ask),
                None => return Some(ask),
            }
        }
        let takes = |(lwg, to): &&(LwgId, Option<Endpoint>)| match to {
            Some(to) => !full_to.contains(&(*lwg, *to)),
            None => !full.contains(lwg),
        };
        let place = *self.waiting.keys().find(takes)?;
        let waiting = self.waiting.get_mut(&place)?;
        let ask = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&place);
        }
        ask
    }

    /// The tower handed something back that multicasts, or is for one member.
    pub(super) fn refused(&mut self, ask: Down) {
        if let Some(place) = place(&ask).filter(|_| is_tools(&ask)) {
            self.waiting.entry(place).or_default().push_front(ask);
        }
    }

    fn wake(&mut self, now: Instant, diary: &mut Diary) -> Vec<Applied> {
        let due = |one: &One| one.replica.deadline().is_some_and(|due| due <= now);
        let due: Vec<_> =
            self.ones.iter().filter(|(_, one)| due(one)).map(|(lwg, _)| *lwg).collect();
        let mut applied = Vec::new();
        for lwg in due {
            self.ones.get_mut(&lwg).expect("just found").replica.wake(now, &mut self.asks);
            applied.extend(self.answers(lwg, diary));
        }
        applied
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ones.values().filter_map(|one| one.replica.deadline()).min()
    }

    /// Its process was killed.
    pub(super) fn crashed(&mut self) {
        let lwgs: Vec<_> = self.ones.keys().copied().collect();
        lwgs.into_iter().for_each(|lwg| self.broken_off(lwg));
    }

    /// What should not be so once all has settled.
    pub(super) fn loose_ends(&self) -> impl Iterator<Item = String> {
        self.ones.iter().flat_map(|(lwg, one)| {
            let replica = &one.replica;
            let counts = replica.counts();
            let late = replica.view().is_some() && !replica.is_settled();
            let late = late.then(|| format!("liveness: the state of {lwg:?} is not here"));
            let kept = (replica.snapshots_kept() > 0)
                .then(|| format!("liveness: a state of {lwg:?} is kept for nobody"));
            // Nobody lies here, and links lose nothing that was not lost with a process.
            let bad = counts.refused > 0;
            let bad = bad.then(|| format!("state: one of {lwg:?} was not what was promised"));
            late.into_iter().chain(kept).chain(bad)
        })
    }

    /// The state of each group that it is in, by view.
    fn states(&self) -> impl Iterator<Item = (LwgId, ViewId, tools::Digest)> {
        self.ones
            .iter()
            .filter_map(|(lwg, one)| Some((*lwg, one.replica.view()?.id, one.replica.digest()?)))
    }
}

impl Client {
    /// Has the replica of the group hear it too.
    pub(super) fn carry(&mut self, now: Instant, up: &Up) {
        let applied = self.carrying.hear(now, up, &mut self.diary, &mut self.wrong);
        self.owe(now, applied);
    }

    pub(super) fn wake_states(&mut self, now: Instant) {
        let applied = self.carrying.wake(now, &mut self.diary);
        self.owe(now, applied);
    }

    fn owe(&mut self, now: Instant, applied: Vec<Applied>) {
        for (to, send, msg) in applied {
            let msg = self.diary.text(&msg);
            self.owed.push_back(Owed { to, send, msg, at: now });
        }
    }

    /// The state of each group that it is in and carries one of, by view.
    pub fn states(&self) -> impl Iterator<Item = (LwgId, ViewId, tools::Digest)> {
        self.carrying.states()
    }

    /// What became of the states that it carried, and what that cost.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = self.carrying.counts.clone();
        for one in self.carrying.ones.values() {
            one.replica.counts().each(&mut |what, count| {
                if count > 0 {
                    *counts.entry(what).or_default() += count;
                }
            });
        }
        counts
    }
}

/// Where an ask waits for room; none for what needs none.
fn place(ask: &Down) -> Option<(LwgId, Option<Endpoint>)> {
    match ask {
        Down::Send { lwg, .. } => Some((*lwg, None)),
        Down::Tell { lwg, to, .. } => Some((*lwg, Some(*to))),
        _ => None,
    }
}

/// Whether a tool asks this, on its own account.
pub(super) fn is_tools(ask: &Down) -> bool {
    match ask {
        Down::Send { send, .. } => Asks::is_minted(*send),
        Down::Tell { message, .. } => !is_bare(message),
        _ => false,
    }
}
