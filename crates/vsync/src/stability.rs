//! Stability: who has what, hence what everyone has (paper 3.2).
//!
//! Takes: each member's report of how far it has received and processed every stream. Promises: a
//! position is called settled or stable only when every member of the view said so itself. Keeps:
//! one row of positions per member. Whoever is not known to have all that is here is asked again
//! and again, and answers, so a lost report delays and never stalls.
//! What is new here goes to everybody where somebody waits for it, and otherwise by a hub: after a
//! while, or at once if much is kept for it.

mod hub;
mod table;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use muts::{Audience, Duration, Instant};

use crate::limits::PAUSE_MAX;
use crate::positions::Positions;

pub(crate) use hub::TELL_ALL;

use self::table::Table;

/// What the members of one epoch are known to have.
#[derive(Debug)]
pub(crate) struct Stability {
    members: usize,
    /// By stream: every member has received and processed it below.
    floor: Positions,
    /// What each has said; none while nobody has said more than the floor.
    said_by: Option<Box<Said>>,
    /// By stream: what all have received, and processed, by the word of the hub.
    all_received: Positions,
    all_processed: Positions,
    /// One's own rank.
    own: usize,
    /// Who gives places, and hears of all who have what.
    hub: usize,
    /// At the hub, which words of the members stand confirmed.
    confirmed: Option<Box<Confirmed>>,
    /// By stream: the first position not known stable, as it was told last.
    told: Positions,
    /// By member: it has said anything in this epoch, so it is in it.
    present: Audience,
    /// Somebody waits until all are.
    expecting: bool,
    /// Something was received or processed here since the last report.
    fresh: bool,
    /// Everybody is to hear of it at once.
    hurried: bool,
    /// By stream: everybody is to hear at once when it is processed here below.
    awaited_here: Option<Box<[u64]>>,
    /// Bytes of it that are kept until all are known to have it.
    kept: usize,
    /// How often that was reported.
    reports: u8,
    /// At the hub, a number that grows with what all have: as it was when they were told last.
    said: u64,
    /// At the hub, somebody hears only from it what all have.
    owes_all: bool,
    /// Who has asked since then.
    asked: Audience,
    /// Somebody waits for the others' next words.
    pub(crate) urgent: bool,
    /// When the next report is due, if one is.
    pub(crate) due: Option<Instant>,
    /// How long to wait before the one after: doubles while nothing changes.
    pause: Duration,
}

/// By member, by stream.
#[derive(Debug)]
struct Said {
    /// The first position not known received there.
    received: Table,
    /// The first position not known processed there.
    processed: Table,
}

/// What members had received when they had sent no more than is here.
#[derive(Debug)]
struct Confirmed {
    /// By member.
    rows: Vec<Vec<u64>>,
    /// By member: the same, of a moment up to which not all that it sent is here.
    waiting: Vec<Option<Vec<u64>>>,
}

/// The shortest pause before a report is repeated: a round trip and some.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// Bytes of which it is said at once that they are here, so that all cease to keep them: what is
/// kept longer than a core's cache holds it costs more than the report.
const KEPT_BYTES: usize = 256 << 10;

/// What keeping a message takes besides its bytes.
const KEPT_BESIDE_BYTES: usize = 128;

impl Stability {
    /// Of the member with the rank `own`. The rank `hub` is that of who gives places.
    pub(crate) fn new(members: usize, own: usize, hub: usize) -> Self {
        Self {
            members,
            floor: Positions::new(members),
            said_by: None,
            all_received: Positions::new(members),
            all_processed: Positions::new(members),
            own,
            hub,
            confirmed: None,
            told: Positions::new(members),
            present: Audience::NONE,
            expecting: false,
            fresh: false,
            hurried: false,
            awaited_here: None,
            kept: 0,
            reports: 0,
            said: 0,
            owes_all: false,
            asked: Audience::NONE,
            urgent: false,
            due: None,
            pause: Duration::ZERO,
        }
    }

    /// Takes what a member says of itself. Rows of another length are none.
    pub(crate) fn hear(&mut self, member: usize, received: &[u64], processed: &[u64]) {
        let members = self.members;
        if received.len() != members || processed.len() != members {
            return;
        }
        self.present.insert(member);
        for stream in 0..members {
            let floor = self.floor.get(stream);
            if received[stream] <= floor && processed[stream] <= floor {
                continue;
            }
            let said = self.said_by.get_or_insert_with(|| {
                let [received, processed] = [(); 2].map(|()| Table::new(members));
                Box::new(Said { received, processed })
            });
            for (known, said) in [(&mut said.received, received), (&mut said.processed, processed)]
            {
                if said[stream] > floor {
                    known.raise(member, stream, said[stream]);
                }
            }
        }
        // Who has received nothing confirms nothing.
        if self.is_hub() && received.iter().any(|below| *below > 0) {
            self.weighed().waiting[member].get_or_insert_with(|| received.to_vec());
        }
    }

    fn weighed(&mut self) -> &mut Confirmed {
        let members = self.members;
        self.confirmed.get_or_insert_with(|| {
            let rows = vec![vec![0; members]; members];
            Box::new(Confirmed { rows, waiting: vec![None; members] })
        })
    }

    /// Looks at what is here: whose words of the past stand confirmed by it.
    pub(crate) fn confirm(&mut self, own: usize, here: &[u64]) {
        let confirmed = self.weighed();
        confirmed.rows[own] = here.to_vec();
        for (member, row) in confirmed.waiting.iter_mut().enumerate() {
            if let Some(said) = row.take_if(|said| said[member] <= here[member]) {
                confirmed.rows[member] = said;
            }
        }
    }

    /// Whether every member had received this when it had sent no more than is here.
    pub(crate) fn is_confirmed(&self, stream: usize, position: u64) -> bool {
        let all = |known: &Confirmed| known.rows.iter().all(|row| row[stream] > position);
        self.confirmed.as_ref().is_some_and(|known| all(known))
    }

    /// From now on asks until every member has said that it is in the epoch.
    pub(crate) fn expect_all(&mut self, now: Instant) {
        self.expecting = true;
        self.urge(now);
    }

    /// Asks the others at once.
    pub(crate) fn urge(&mut self, now: Instant) {
        self.urgent = true;
        self.hasten(now, Duration::ZERO);
    }

    /// Whether every member is known to be in the epoch.
    pub(crate) fn has_all(&self) -> bool {
        (0..self.members).all(|member| self.present.has(member))
    }

    /// Who is not known to be in the epoch.
    pub(crate) fn absent(&self) -> Vec<usize> {
        (0..self.members).filter(|member| !self.present.has(*member)).collect()
    }

    /// Who is not known to have received all of this.
    pub(crate) fn lacking(&self, received: &[u64]) -> Vec<usize> {
        let below = |stream, below| self.settled_below(stream) < below;
        self.short_of(below, Self::has_received, received)
    }

    /// Who is not known to have processed all of this.
    pub(crate) fn behind(&self, received: &[u64]) -> Vec<usize> {
        let below = |stream, below| self.stable_below(stream) < below;
        self.short_of(below, Self::has_processed, received)
    }

    /// Who has said to have received the least of this stream.
    pub(crate) fn slowest(&self, stream: usize) -> Vec<usize> {
        let least = self.settled_below(stream);
        let has = |member: &usize| self.has_received(*member, stream);
        (0..self.members).filter(|member| has(member) == least).collect()
    }

    /// Whether it is waited for that every member is.
    pub(crate) fn misses_any(&self) -> bool {
        self.expecting && !self.has_all()
    }

    /// Every member has received this stream below the answer.
    pub(crate) fn settled_below(&self, stream: usize) -> u64 {
        let least = self.said_by.as_ref().map_or(0, |said| said.received.least(stream));
        least.max(self.all_received.get(stream)).max(self.floor.get(stream))
    }

    /// Every member has processed this stream below the answer.
    pub(crate) fn stable_below(&self, stream: usize) -> u64 {
        let least = self.said_by.as_ref().map_or(0, |said| said.processed.least(stream));
        least.max(self.all_processed.get(stream)).max(self.floor.get(stream))
    }

    fn has_received(&self, member: usize, stream: usize) -> u64 {
        let all = self.all_received.get(stream).max(self.floor.get(stream));
        self.said_by.as_ref().map_or(0, |said| said.received.get(member, stream)).max(all)
    }

    fn has_processed(&self, member: usize, stream: usize) -> u64 {
        let all = self.all_processed.get(stream).max(self.floor.get(stream));
        self.said_by.as_ref().map_or(0, |said| said.processed.get(member, stream)).max(all)
    }

    /// One row stands for all, if everybody is known to have processed what anybody has received,
    /// and that was told.
    pub(crate) fn rest(&mut self) {
        for stream in 0..self.members {
            let has = |member| self.has_received(member, stream);
            let most = (0..self.members).map(has).max().unwrap_or(0);
            if self.told(stream) < most {
                return;
            }
        }
        for stream in 0..self.members {
            let below = self.stable_below(stream);
            self.floor.raise(stream, below);
        }
        self.said_by = None;
        self.all_received = Positions::new(self.members);
        self.all_processed = Positions::new(self.members);
        self.told = Positions::new(self.members);
    }

    /// The members of whom not all of this is known; looked for in those streams only of which it
    /// is not known of all.
    fn short_of(
        &self,
        is_open: impl Fn(usize, u64) -> bool,
        has: fn(&Self, usize, usize) -> u64,
        wanted: &[u64],
    ) -> Vec<usize> {
        let streams = wanted.iter().copied().enumerate();
        let open: Vec<(usize, u64)> = streams.filter(|(at, below)| is_open(*at, *below)).collect();
        let short =
            |member: &usize| open.iter().any(|(at, below)| has(self, *member, *at) < *below);
        (0..self.members).filter(short).collect()
    }

    fn told(&self, stream: usize) -> u64 {
        self.told.get(stream).max(self.floor.get(stream))
    }

    /// The streams that became stable further than was told, and mark them told.
    pub(crate) fn news(&mut self) -> Vec<(usize, u64)> {
        let mut news = Vec::new();
        for stream in 0..self.told.count() {
            let below = self.stable_below(stream);
            if below > self.told(stream) {
                self.told.set(stream, below);
                news.push((stream, below));
            }
        }
        news
    }

    /// A message of so many bytes is kept here until all are known to have it; somebody may wait
    /// for that.
    pub(crate) fn keep(&mut self, bytes: usize, waited_for: bool) {
        self.kept += bytes + KEPT_BESIDE_BYTES;
        self.hurried |= waited_for;
    }

    /// A member asks who has this: what of it is still on its way is told of at once, too, when it
    /// has been processed.
    pub(crate) fn await_here(&mut self, wanted: &[u64], processed: &[u64]) {
        let comes = wanted.iter().zip(processed).any(|(wanted, here)| wanted > here);
        if comes && wanted.len() == processed.len() {
            self.awaited_here = Some(wanted.into());
        }
    }

    /// Whether something is awaited here; it is no more if it has been processed.
    fn is_awaited_here(&mut self) -> bool {
        let here = |stream| self.has_processed(self.own, stream);
        let comes = |row: &[u64]| row.iter().enumerate().any(|(at, wanted)| here(at) < *wanted);
        let Some(row) = &self.awaited_here else { return false };
        if !comes(row) {
            self.awaited_here = None;
        }
        true
    }

    /// Something new was received or processed here: a report is due soon.
    pub(crate) fn stir(&mut self, now: Instant, delay: Duration) {
        self.fresh = true;
        let at_once = self.hurried || self.awaited_here.is_some() || self.kept >= KEPT_BYTES;
        self.hasten(now, if at_once { Duration::ZERO } else { delay });
    }

    fn hasten(&mut self, now: Instant, delay: Duration) {
        let soon = now + delay;
        if self.due.is_none_or(|due| due > soon) {
            self.due = Some(soon);
        }
        self.pause = delay.max(PAUSE_MIN);
    }

    /// This member has asked: it is answered with the next report.
    pub(crate) fn ask(&mut self, member: usize) {
        self.asked.insert(member);
    }

    /// Everybody if there is anything new, otherwise those who have asked, and those of whom not
    /// all that is here is known.
    fn everybody(&mut self, received: &[u64]) -> Audience {
        let mut to = core::mem::replace(&mut self.asked, Audience::NONE);
        if core::mem::take(&mut self.fresh) {
            return Audience::ALL;
        }
        let absent = if self.expecting { self.absent() } else { Vec::new() };
        absent.into_iter().chain(self.behind(received)).for_each(|member| to.insert(member));
        to
    }

    /// A report has gone out; the next is due only if something is not stable yet.
    pub(crate) fn reported(&mut self, now: Instant, unstable: bool) {
        self.kept = 0;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.due = unstable.then(|| now + self.pause);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn only_what_every_member_said_of_itself_is_stable() {
        let mut stability = Stability::new(2, 0, 0);
        stability.hear(0, &[5, 3], &[5, 2]);
        assert!(stability.news().is_empty());
        stability.hear(1, &[4, 3], &[4, 3]);
        assert_eq!(stability.news(), [(0, 4), (1, 2)]);
        assert_eq!(stability.settled_below(1), 3);
        assert!(stability.news().is_empty());
    }

    #[test]
    fn what_a_member_said_counts_once_all_that_it_had_sent_is_here() {
        let mut stability = Stability::new(2, 0, 0);
        stability.hear(1, &[3, 2], &[0, 0]);
        stability.confirm(0, &[3, 1]);
        assert!(!stability.is_confirmed(0, 2));
        // A later word does not take the place of one that is still waited for.
        stability.hear(1, &[4, 9], &[0, 0]);
        stability.confirm(0, &[3, 2]);
        assert!(stability.is_confirmed(0, 2) && !stability.is_confirmed(0, 3));
    }

    #[test]
    fn what_is_known_at_rest_is_known_in_less_room() {
        let mut stability = Stability::new(2, 0, 1);
        stability.hear(0, &[5, 3], &[5, 3]);
        stability.hear(1, &[5, 3], &[4, 3]);
        assert_eq!(stability.news(), [(0, 4), (1, 3)]);
        stability.rest();
        assert_eq!(stability.behind(&[5, 3]), [1], "it was not stable");
        stability.hear(1, &[5, 3], &[5, 3]);
        stability.rest();
        assert_eq!(stability.news(), [(0, 5)], "it was not told");
        stability.rest();
        assert!(stability.said_by.is_none() && stability.told.is_empty());
        assert!(stability.news().is_empty());
        stability.hear(0, &[6, 3], &[2, 3]);
        assert_eq!((stability.settled_below(0), stability.stable_below(0)), (5, 5));
        assert_eq!(stability.lacking(&[6, 3]), [1]);
    }

    pub(super) fn places(members: &[usize]) -> Audience {
        let mut places = Audience::NONE;
        members.iter().for_each(|member| places.insert(*member));
        places
    }

    #[test]
    fn what_is_waited_for_everybody_is_told_once_and_who_is_behind_or_has_asked_again() {
        let mut stability = Stability::new(3, 0, 1);
        let here = [1, 0, 0];
        stability.keep(1, true);
        stability.stir(Instant::ZERO, Duration::from_millis(20));
        assert_eq!(stability.due, Some(Instant::ZERO));
        assert_eq!(stability.addressees(&here, false).own, Audience::ALL);
        stability.hear(0, &here, &here);
        stability.hear(1, &here, &here);
        assert_eq!(stability.addressees(&here, true).own, places(&[2]));
        stability.hear(2, &here, &[0, 0, 0]);
        stability.ask(1);
        let own = stability.addressees(&here, true).own;
        assert_eq!(own, places(&[1, 2]), "it has not processed it");
        stability.hear(2, &here, &here);
        assert_eq!(stability.addressees(&here, true).own, places(&[]));
        stability.urge(Instant::ZERO);
        let own = stability.addressees(&here, true).own;
        assert_eq!(own, places(&[]), "who waits has nothing new to say");
    }

    #[test]
    fn where_much_is_kept_it_is_said_at_once() {
        let (now, delay) = (Instant::ZERO, Duration::from_millis(20));
        let mut stability = Stability::new(3, 0, 1);
        stability.keep(KEPT_BYTES - KEPT_BESIDE_BYTES - 1, false);
        stability.stir(now, delay);
        assert_eq!(stability.due, Some(now + delay));
        stability.keep(1, false);
        stability.stir(now, delay);
        assert_eq!(stability.due, Some(now));
        let places = stability.addressees(&[1, 0, 0], false);
        assert_eq!(places.own, self::places(&[1]), "by the hub, as everything that can wait");
        stability.reported(now, false);
        stability.stir(now, delay);
        assert_eq!(stability.due, Some(now + delay), "it has been said");
    }

    #[test]
    fn an_older_report_takes_nothing_back() {
        let mut stability = Stability::new(1, 0, 0);
        stability.hear(0, &[5], &[5]);
        stability.hear(0, &[4], &[3]);
        assert_eq!(stability.stable_below(0), 5);
    }
}
