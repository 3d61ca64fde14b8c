//! Health of this process: whether its own turns come late (Lifeguard, Dadgar, Phillips and Currey
//! 2018).
//!
//! Who is late hears others late, and must not accuse them for it. The score rises with every turn
//! that comes long after it was wanted, and falls while they come in time.

use crate::time::{Duration, Instant};

/// Later than this is late: a tenth of the usual limit on silence.
const LATE: Duration = Duration::from_millis(100);

/// So long in time, and one lateness is forgotten.
const FORGIVEN_AFTER: Duration = Duration::from_secs(1);

const SCORE_MAX: u32 = 8;

#[derive(Debug, Default)]
pub(crate) struct Health {
    score: u32,
    since: Instant,
}

impl Health {
    /// A turn comes now that was wanted then.
    pub(crate) fn turn(&mut self, now: Instant, wanted: Option<Instant>) {
        if wanted.is_some_and(|wanted| now.since(wanted) > LATE) {
            self.score = (self.score + 1).min(SCORE_MAX);
            self.since = now;
        } else if self.score > 0 && now.since(self.since) > FORGIVEN_AFTER {
            self.score -= 1;
            self.since = now;
        }
    }

    /// How many times the usual patience others are given.
    pub(crate) fn patience(&self) -> u32 {
        1 + self.score
    }

    pub(crate) fn score(&self) -> u32 {
        self.score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_makes_patient_and_punctuality_less_so() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut health = Health::default();
        health.turn(at(100), Some(at(50)));
        assert_eq!(health.patience(), 1);
        (1..20).for_each(|turn| health.turn(at(turn * 500), Some(at(turn * 500 - 200))));
        assert_eq!(health.patience(), 9);
        (20..60).for_each(|turn| health.turn(at(turn * 500), Some(at(turn * 500))));
        assert_eq!(health.patience(), 1);
    }
}
