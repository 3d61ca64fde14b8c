//! Session: what two ends of a link have agreed upon, and what they seal datagrams with.
//!
//! A link may have several for a moment: both ends may have called, or a new one takes the place of
//! an old one. Both ends rank them alike, by what both have said: so they soon use the same.
//! Datagrams are numbered across all of them, so no number is used twice under one key. What is
//! sent goes under the highest that the other end is known to have; what comes is taken under any.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::guard::Seal;
use crate::process::ProcId;
use crate::time::{Duration, Instant};

/// A new session takes the place of one so old.
pub(crate) const RENEW_AFTER: Duration = Duration::from_secs(120);

/// Or of one that has sealed so many datagrams.
pub(crate) const RENEW_NUMBERS: u64 = 1 << 32;

/// What is under way when a session is replaced still counts for so long.
const RETIRED_FOR: Duration = Duration::from_secs(10);

/// One that was retired and not replaced for so long is left to this end.
const LEFT_AFTER: Duration = Duration::from_secs(2);

/// The third message of a greeting is repeated after this until the other end has used the session.
const THANK_AGAIN: Duration = Duration::from_millis(50);

/// Both ends may call at once, and renew before the last is retired.
const SESSIONS_MAX: usize = 4;

/// Keys of a peer's hall that are kept: the newest, and the one before.
const HALL_KEYS_MAX: usize = 2;

/// How many hellos both ends had said, added up, and who called. Later sessions rank higher; of two
/// calls that crossed each other the same one does at both ends.
pub(crate) type Rank = (u64, ProcId);

/// One session of a link.
#[derive(Debug)]
pub(crate) struct Session {
    /// Our end: what the peer's datagrams carry.
    pub(crate) mine: u32,
    /// Its end: what ours carry.
    pub(crate) theirs: u32,
    pub(crate) seal: Option<Box<dyn Seal>>,
    rank: Rank,
    /// The third message, until the other end is known to have it, and when it goes again.
    thanks: Option<(Bytes, Instant)>,
    made: Instant,
    /// The first number that is sealed in it.
    first: u64,
    retired: Option<Instant>,
    /// The newest key of this process's hall that was told in it, and that has come.
    pub(crate) hall_told: u32,
    pub(crate) hall_there: u32,
    /// The keys of the peer's hall, the newest last.
    hall: Vec<(u32, Box<dyn Seal>)>,
}

impl Session {
    /// A session that this end has called for; the other one has it once it has these thanks.
    pub(crate) fn called(
        now: Instant,
        (mine, theirs): (u32, u32),
        seal: Option<Box<dyn Seal>>,
        rank: Rank,
        thanks: Bytes,
    ) -> Self {
        let session = Self::answered(now, (mine, theirs), seal, rank);
        Self { thanks: Some((thanks, now)), ..session }
    }

    /// A session that the other end has called for: it has it.
    pub(crate) fn answered(
        now: Instant,
        (mine, theirs): (u32, u32),
        seal: Option<Box<dyn Seal>>,
        rank: Rank,
    ) -> Self {
        Self {
            mine,
            theirs,
            seal,
            rank,
            thanks: None,
            made: now,
            first: 0,
            retired: None,
            hall_told: 0,
            hall_there: 0,
            hall: Vec::new(),
        }
    }

    /// Whether it was neither replaced nor made under a guard that is gone.
    pub(crate) fn is_fresh(&self) -> bool {
        self.retired.is_none()
    }

    /// The peer has told a key of its hall. What is under way under the one before still counts.
    pub(crate) fn take_hall_key(&mut self, generation: u32, seal: Box<dyn Seal>) {
        if self.hall.iter().all(|(known, _)| *known < generation) {
            self.hall.push((generation, seal));
            if self.hall.len() > HALL_KEYS_MAX {
                self.hall.remove(0);
            }
        }
    }

    /// What opens what the peer says in the hall under this key.
    pub(crate) fn hall_seal(&mut self, generation: u32) -> Option<&mut Box<dyn Seal>> {
        let known = self.hall.iter_mut().find(|(known, _)| *known == generation)?;
        Some(&mut known.1)
    }
}

/// All sessions of a link, the highest last.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Vec<Session>);

impl Sessions {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one; answers the end of one that had to go for it.
    pub(crate) fn add(&mut self, mut session: Session, next_number: u64) -> Option<u32> {
        session.first = next_number;
        let at = self.0.partition_point(|known| known.rank < session.rank);
        self.0.insert(at, session);
        (self.0.len() > SESSIONS_MAX).then(|| self.0.remove(0).mine)
    }

    /// The one to send under.
    pub(crate) fn current(&mut self) -> Option<&mut Session> {
        let at = self.current_place()?;
        self.0.get_mut(at)
    }

    fn current_place(&self) -> Option<usize> {
        let known = self.0.iter().rposition(|session| session.thanks.is_none());
        known.or(self.0.len().checked_sub(1))
    }

    /// The key of this process's hall that has come to the peer in that one.
    pub(crate) fn hall_there(&self) -> Option<u32> {
        let current = &self.0[self.current_place()?];
        current.is_fresh().then_some(current.hall_there)
    }

    /// The one that this end stands for.
    pub(crate) fn of(&mut self, mine: u32) -> Option<&mut Session> {
        self.0.iter_mut().find(|session| session.mine == mine)
    }

    /// The other end has used this one: it has it, and lower ones are of no more use.
    pub(crate) fn confirm(&mut self, now: Instant, mine: u32) {
        let Some(at) = self.0.iter().position(|session| session.mine == mine) else { return };
        self.0[at].thanks = None;
        for lower in &mut self.0[..at] {
            lower.retired.get_or_insert(now + RETIRED_FOR);
        }
    }

    /// No session may outlive this moment by more than what is under way: their keys are no good
    /// any more.
    pub(crate) fn retire_all(&mut self, now: Instant) {
        for session in &mut self.0 {
            session.retired.get_or_insert(now + RETIRED_FOR);
        }
    }

    /// The thanks that have to go again, and to which end.
    pub(crate) fn thanks_due(&mut self, now: Instant) -> Option<Bytes> {
        let newest = self.0.last_mut()?;
        let (thanks, due) = newest.thanks.as_mut().filter(|(_, due)| *due <= now)?;
        *due = now + THANK_AGAIN;
        Some(thanks.clone())
    }

    /// When those are due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.last()?.thanks.as_ref().map(|(_, due)| *due)
    }

    /// Whether a new one should take the place of the newest.
    pub(crate) fn is_old(&self, now: Instant, next_number: u64) -> bool {
        self.0.last().is_some_and(|newest| {
            newest.retired.is_some()
                || now.since(newest.made) > RENEW_AFTER
                || next_number - newest.first > RENEW_NUMBERS
        })
    }

    /// Whether the newest is retired, and the other end has had its time to replace it.
    pub(crate) fn is_left(&self, now: Instant) -> bool {
        let over = self.0.last().and_then(|newest| newest.retired);
        over.is_some_and(|over| over <= now + (RETIRED_FOR - LEFT_AFTER))
    }

    /// Takes out those whose time is over; answers their ends.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<u32> {
        let over = |session: &Session| session.retired.is_some_and(|at| at <= now);
        let ends = self.0.iter().filter(|session| over(session)).map(|s| s.mine).collect();
        self.0.retain(|session| !over(session));
        ends
    }

    /// All ends of this side.
    pub(crate) fn ends(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|session| session.mine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn rank(said: u64) -> Rank {
        (said, ProcId::default())
    }

    #[test]
    fn both_ends_use_the_same_of_two_that_crossed_each_other() {
        let one = ((4, ProcId { incarnation: 1, ..ProcId::default() }), 11);
        let other = ((4, ProcId { incarnation: 2, ..ProcId::default() }), 12);
        for order in [[one, other], [other, one]] {
            let mut sessions = Sessions::default();
            for (rank, theirs) in order {
                sessions.add(Session::answered(at(0), (theirs - 10, theirs), None, rank), 0);
            }
            assert_eq!(sessions.current().map(|session| session.theirs), Some(12));
        }
    }

    #[test]
    fn a_renewed_session_is_used_once_the_other_end_has_it() {
        let mut sessions = Sessions::default();
        sessions.add(Session::answered(at(0), (1, 11), None, rank(3)), 0);
        let thanks = Bytes::from_static(b"thanks");
        sessions.add(Session::called(at(0), (2, 12), None, rank(5), thanks.clone()), 70);
        assert_eq!(sessions.current().map(|session| session.theirs), Some(11));
        assert_eq!(sessions.thanks_due(at(0)), Some(thanks));
        assert_eq!(sessions.thanks_due(at(1)), None);
        sessions.confirm(at(2), 2);
        assert_eq!(sessions.current().map(|session| session.theirs), Some(12));
        assert_eq!(sessions.due(), None);
        assert!(sessions.of(1).is_some(), "what is under way still counts");
        assert_eq!(sessions.expire(at(20_000)), [1]);
        assert_eq!(sessions.ends().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_session_is_renewed_by_age_by_use_and_when_keys_change() {
        let mut sessions = Sessions::default();
        sessions.add(Session::answered(at(0), (1, 11), None, rank(3)), 5);
        assert!(!sessions.is_old(at(1_000), 5));
        assert!(sessions.is_old(at(121_000), 5));
        assert!(sessions.is_old(at(0), 6 + RENEW_NUMBERS));
        sessions.retire_all(at(0));
        assert!(sessions.is_old(at(0), 5));
        assert!(!sessions.is_left(at(1_000)));
        assert!(sessions.is_left(at(2_000)));
        assert_eq!(sessions.expire(at(10_000)), [1]);
    }
}
