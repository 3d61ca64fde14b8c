//! Silence: who was heard when, and what to do about it (the feedback of paper section 4).
//!
//! Takes: every valid datagram of the peer, what the system says of its address, whether others
//! miss it too. Promises: `Silent` only after the limit, or sooner on evidence that was put to the
//! test; always after probes went unanswered. `Silent` too if it calls as one calls who is silent,
//! and acknowledges nothing for as long; `Back` with the first sign that it hears this end: who is
//! deaf and calls now and then does not come and go. Judges nobody.

use crate::time::{Duration, Instant};

/// Between two probes of a peer that was not heard for half of the limit.
const PROBE_EVERY: Duration = Duration::from_millis(25);

/// Between two of a peer that is silent already, at first, and at most: a sixteenth of the time for
/// which it has been.
const CALL_EVERY: Duration = Duration::from_millis(200);
const CALL_EVERY_MAX: Duration = Duration::from_secs(2);
const CALL_SHARE: u32 = 16;

/// Between two probes of a peer at whose address nobody is said to listen.
const TEST_EVERY: Duration = Duration::from_millis(2);

/// So many probes in a row met nobody: the process is gone.
const TESTS: u8 = 3;

/// Refused once, and none of a dozen probes answered within this: the process is gone too. Between
/// hosts a system refuses seldom (Linux: six times at once, then once a second), and what was under
/// way has used that up.
const UNANSWERED: Duration = Duration::from_millis(25);

/// On a longer path it is so many round trips.
const TRIPS: u32 = 4;

/// What one look found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing to do.
    Fine,
    /// Ask the peer for a sign of life.
    Probe,
    /// It has just become silent.
    NowSilent,
    /// It is silent: call it as one calls a stranger.
    Call,
}

/// A peer has called, and has acknowledged nothing since: it does not seem to hear.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    since: Instant,
    /// It goes on calling: who wants a new session calls once.
    insists: bool,
    /// How long an acknowledgement may take.
    patience: Duration,
    /// This process was away meanwhile.
    excused: bool,
}

#[derive(Debug)]
pub(crate) struct Silence {
    limit: Duration,
    heard: Instant,
    silent: bool,
    silent_since: Instant,
    /// When one that is silent and was heard was asked last whether it hears.
    asked: Instant,
    doubt: Option<Doubt>,
    next: Instant,
    /// Others miss it too.
    missed: bool,
    /// This process was away since it was heard.
    excused: bool,
    /// How often, since it was heard, a probe met nobody; and when the last did.
    nobody: u8,
    nobody_at: Instant,
    /// When the first did, how long after it an answer may take, and is waited for.
    refused: Instant,
    answered: Duration,
    unanswered: Duration,
}

impl Silence {
    pub(crate) fn new(now: Instant, limit: Duration) -> Self {
        Self {
            limit,
            heard: now,
            silent: false,
            silent_since: now,
            asked: Instant::ZERO,
            doubt: None,
            next: now + limit / 2,
            missed: false,
            excused: false,
            nobody: 0,
            nobody_at: now,
            refused: now,
            answered: Duration::ZERO,
            unanswered: UNANSWERED,
        }
    }

    /// The peer was heard. Answers whether it is silent, and is to be asked whether it hears.
    pub(crate) fn hear(&mut self, now: Instant) -> bool {
        self.heard = now;
        (self.missed, self.excused, self.nobody) = (false, false, 0);
        if !self.silent {
            // One that is doubted is asked until it acknowledges, however often it is heard.
            if self.doubt.is_none() {
                self.next = now + self.limit / 2;
            }
            return false;
        }
        let ask = now.since(self.asked) >= PROBE_EVERY;
        if ask {
            self.asked = now;
        }
        ask
    }

    /// The peer was heard, and hears. Answers whether it was silent before.
    pub(crate) fn answered(&mut self, now: Instant) -> bool {
        let silent = core::mem::take(&mut self.silent);
        self.doubt = None;
        self.hear(now);
        silent
    }

    /// The peer called as one calls who is silent, over a path with such a round trip. Answers
    /// whether it is asked from now on whether it hears.
    pub(crate) fn doubt(&mut self, now: Instant, trip: Duration) -> bool {
        if let Some(doubt) = &mut self.doubt {
            doubt.insists = true;
            return false;
        }
        if self.silent {
            return false;
        }
        let patience = self.limit.max(trip * TRIPS);
        self.doubt = Some(Doubt { since: now, insists: false, patience, excused: false });
        self.next = now;
        true
    }

    /// Whether it has yet to show that it hears.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.silent || self.doubt.is_some()
    }

    /// This process itself was away: nobody is to be accused for that. Once, until the peer is
    /// heard: who is always away is patient for longer, and not for ever.
    pub(crate) fn excuse(&mut self, now: Instant) {
        if self.silent || core::mem::replace(&mut self.excused, true) {
            return;
        }
        (self.heard, self.missed) = (now, false);
        if let Some(doubt) = self.doubt.as_mut().filter(|doubt| !doubt.excused) {
            (doubt.since, doubt.excused) = (now, true);
        }
        if self.nobody == 0 && self.doubt.is_none() {
            self.next = now + self.limit / 2;
        }
    }

    /// Others miss it too: it is asked at once, and half of the limit is enough.
    pub(crate) fn miss(&mut self, now: Instant) {
        if !self.silent {
            self.missed = true;
            self.next = self.next.min(now);
        }
    }

    /// The system says that nobody listens where it was. That may be old, or a lie: it is put to
    /// the test by probes that a living process would answer after a round trip.
    pub(crate) fn nobody(&mut self, now: Instant, trip: Duration) {
        if self.nobody == 0 {
            (self.refused, self.answered) = (now, trip * 2);
            self.unanswered = UNANSWERED.max(trip * TRIPS);
        }
        if !self.silent && (self.nobody == 0 || now.since(self.nobody_at) >= TEST_EVERY) {
            self.nobody = (self.nobody + 1).min(TESTS);
            self.nobody_at = now;
            self.next = now;
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// When it last gave a sign of life, and of hearing as far as that was asked.
    pub(crate) fn shown(&self) -> Instant {
        self.doubt.map_or(self.heard, |doubt| doubt.since.min(self.heard))
    }

    /// When to look next.
    pub(crate) fn due(&self) -> Instant {
        self.next
    }

    /// Looks, when it is due. A process that is late itself gives others so many times the limit.
    pub(crate) fn look(&mut self, now: Instant, patience: u32) -> Look {
        if self.next > now {
            return Look::Fine;
        }
        if self.silent {
            let share = now.since(self.silent_since) / CALL_SHARE;
            self.next = now + share.clamp(CALL_EVERY, CALL_EVERY_MAX);
            return Look::Call;
        }
        let limit = if self.missed { self.limit / 2 } else { self.limit } * patience;
        let since = now.since(self.refused);
        let late = self.nobody > 0 && since >= self.unanswered * patience;
        let tested = self.nobody == TESTS && since >= self.answered;
        let deaf = self.doubt.is_some_and(|doubt| {
            doubt.insists && now.since(doubt.since) >= doubt.patience * patience
        });
        if now.since(self.heard) >= limit || tested || late || deaf {
            (self.silent, self.silent_since, self.doubt) = (true, now, None);
            self.next = now + CALL_EVERY;
            return Look::NowSilent;
        }
        let pause = if self.nobody > 0 { TEST_EVERY } else { PROBE_EVERY };
        self.next = (now + pause).min(self.heard + limit);
        Look::Probe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    const TRIP: Duration = Duration::from_millis(1);

    fn silence() -> Silence {
        Silence::new(at(0), Duration::from_millis(1000))
    }

    #[test]
    fn probes_come_before_silence_and_silence_once() {
        let mut silence = silence();
        let looks: alloc::vec::Vec<Look> = (0..1_200)
            .map(|ms| silence.look(at(ms), 1))
            .filter(|look| *look != Look::Fine)
            .collect();
        assert_eq!(looks.iter().filter(|look| **look == Look::Probe).count(), 20);
        assert_eq!(looks.iter().filter(|look| **look == Look::NowSilent).count(), 1);
        assert!(silence.answered(at(1_200)), "it was silent");
        assert!(!silence.answered(at(1_201)));
    }

    #[test]
    fn who_is_heard_and_does_not_hear_stays_silent_and_is_asked_now_and_then() {
        let mut silence = silence();
        assert!(!silence.hear(at(100)), "it is not silent");
        (100..1_200).for_each(|ms| _ = silence.look(at(ms), 1));
        let asked = (1_200..1_300).filter(|ms| silence.hear(at(*ms))).count();
        assert_eq!(asked, 4, "once in 25 ms");
        assert!(silence.is_silent());
        let calls = (1_300..2_300).filter(|ms| silence.look(at(*ms), 1) == Look::Call);
        assert!(calls.count() >= 4, "and it is called as before");
    }

    #[test]
    fn who_calls_and_acknowledges_nothing_for_the_limit_is_silent_however_often_it_is_heard() {
        let mut silence = silence();
        silence.hear(at(100));
        assert!(silence.doubt(at(100), TRIP));
        let mut probes = 0;
        for ms in 100..1_100 {
            if ms % 200 == 0 {
                silence.hear(at(ms));
                assert!(!silence.doubt(at(ms), TRIP), "once is enough");
            }
            let look = silence.look(at(ms), 1);
            assert_ne!(look, Look::NowSilent, "at {ms} ms");
            probes += usize::from(look == Look::Probe);
        }
        assert_eq!(probes, 40, "once in 25 ms");
        assert_eq!(silence.look(at(1_100), 1), Look::NowSilent);
        assert!(!silence.doubt(at(1_200), TRIP), "it is silent already");
    }

    #[test]
    fn who_calls_and_acknowledges_is_not_asked_on() {
        let mut silence = silence();
        assert!(silence.doubt(at(100), TRIP));
        assert_eq!(silence.look(at(100), 1), Look::Probe);
        assert!(!silence.answered(at(101)));
        assert_eq!(silence.look(at(500), 1), Look::Fine);
        assert!(silence.doubt(at(510), TRIP), "and may be doubted again");
    }

    /// It wants a new session, and what it acknowledges is long on the way.
    #[test]
    fn who_calls_once_is_not_deaf_and_over_a_long_path_an_acknowledgement_takes_its_time() {
        let is_silent_at = |calls: &[u64], trip: u64| {
            let mut silence = silence();
            (100..8_000).find(|ms| {
                silence.hear(at(*ms));
                if calls.contains(ms) {
                    silence.doubt(at(*ms), Duration::from_millis(trip));
                }
                silence.look(at(*ms), 1) == Look::NowSilent
            })
        };
        assert_eq!(is_silent_at(&[100], 1), None);
        assert_eq!(is_silent_at(&[100, 300], 1), Some(1_100));
        assert_eq!(is_silent_at(&[100, 1_100], 1_400), Some(5_700), "four round trips");
    }

    #[test]
    fn ones_own_absence_is_no_sign_that_another_is_deaf_but_only_once() {
        let mut silence = silence();
        silence.doubt(at(100), TRIP);
        silence.doubt(at(300), TRIP);
        let turns = (1..10).map(|turn| {
            silence.excuse(at(turn * 900));
            silence.hear(at(turn * 900));
            silence.look(at(turn * 900), 1) == Look::NowSilent
        });
        assert_eq!(turns.collect::<alloc::vec::Vec<bool>>()[..3], [false, false, true]);
    }

    #[test]
    fn who_falls_silent_has_been_so_since_it_was_heard_also_if_it_called_after_that() {
        let mut silence = silence();
        silence.doubt(at(900), TRIP);
        assert_eq!(silence.shown(), at(0));
        silence.hear(at(950));
        assert_eq!(silence.shown(), at(900));
    }

    #[test]
    fn who_was_away_itself_accuses_nobody_and_who_is_late_waits_longer() {
        let mut silence = silence();
        silence.excuse(at(5_000));
        assert_eq!(silence.look(at(5_000), 1), Look::Fine);
        assert_eq!(silence.look(at(5_500), 1), Look::Probe);
        assert_eq!(silence.look(at(6_500), 3), Look::Probe);
        assert_eq!(silence.look(at(8_000), 3), Look::NowSilent);
    }

    #[test]
    fn who_is_away_again_and_again_notices_a_death_all_the_same() {
        let mut silence = silence();
        let turns = (1..30).map(|turn| {
            silence.excuse(at(turn * 600));
            silence.look(at(turn * 600), 9)
        });
        assert_eq!(turns.filter(|look| *look == Look::NowSilent).count(), 1);
    }

    #[test]
    fn on_a_long_path_refusals_prove_nothing_before_an_answer_can_have_come() {
        let mut silence = silence();
        for ms in 0..59 {
            silence.nobody(at(ms), Duration::from_millis(30));
            assert_ne!(silence.look(at(ms), 1), Look::NowSilent, "at {ms} ms");
        }
        assert_eq!(silence.look(at(60), 1), Look::NowSilent);
    }

    #[test]
    fn who_has_been_silent_for_long_is_called_more_seldom() {
        let mut silence = silence();
        let mut calls = |from: u64, to: u64| {
            (from..to).filter(|ms| silence.look(at(*ms), 1) == Look::Call).count()
        };
        assert!((3..=5).contains(&calls(0, 2_000)));
        assert!((4..=6).contains(&calls(100_000, 110_000)));
    }

    #[test]
    fn half_of_the_limit_is_enough_when_others_miss_it_too() {
        let mut silence = silence();
        silence.miss(at(100));
        assert_eq!(silence.look(at(100), 1), Look::Probe);
        assert_eq!(silence.look(at(499), 1), Look::Probe);
        assert_eq!(silence.look(at(500), 1), Look::NowSilent);
    }

    #[test]
    fn that_nobody_listens_is_tested_and_an_answer_clears_it() {
        let mut silence = silence();
        for ms in 0..2 * u64::from(TESTS) - 2 {
            silence.nobody(at(ms), TRIP);
            assert_ne!(silence.look(at(ms), 1), Look::NowSilent, "at {ms} ms");
        }
        silence.hear(at(5));
        for ms in [6, 7, 8, 9] {
            silence.nobody(at(ms), TRIP);
            assert_ne!(silence.look(at(ms), 1), Look::NowSilent);
        }
        silence.nobody(at(10), TRIP);
        assert_eq!(silence.look(at(10), 1), Look::NowSilent);
    }

    #[test]
    fn one_refusal_and_no_answer_are_enough_and_an_answer_clears_it() {
        let mut silence = silence();
        silence.nobody(at(0), TRIP);
        for ms in 0..24 {
            assert_ne!(silence.look(at(ms), 1), Look::NowSilent, "at {ms} ms");
        }
        silence.hear(at(24));
        assert_eq!(silence.look(at(25), 1), Look::Fine);
        silence.nobody(at(30), TRIP);
        assert_eq!(silence.look(at(54), 1), Look::Probe);
        assert_eq!(silence.look(at(56), 1), Look::NowSilent);
    }

    #[test]
    fn on_a_long_path_and_by_who_is_late_an_answer_is_waited_for_longer() {
        let mut silence = silence();
        silence.nobody(at(0), Duration::from_millis(30));
        assert_eq!(silence.look(at(119), 1), Look::Probe);
        assert_eq!(silence.look(at(121), 2), Look::Probe);
        assert_eq!(silence.look(at(241), 2), Look::NowSilent);
    }
}
