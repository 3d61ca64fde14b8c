//! Hatch: what a process reads of operators that ask it: questions, and what stands around them.

use muts::{Duration, Instant, Layer, Porter};
use vsync::gate::{Say, framed};

use self::askers::{Askers, News, Reply};
use super::gate::pieces;
use crate::allocator;

#[path = "../../../../horus/src/hatch/askers.rs"]
mod askers;
#[path = "../../../../horus/src/hatch/limits.rs"]
#[expect(dead_code, reason = "what is looked at is not read here")]
mod limits;
#[path = "../../../../horus/src/hatch/query.rs"]
mod query;

/// The one that says what it pleases, and the other.
const LOUD: u32 = 1;
const CALM: u32 = 2;

/// A question is understood, or refused by a sentence.
pub(super) fn query(bytes: &[u8]) {
    let (query, most) = allocator::most(|| query::Query::read(bytes));
    // A map of a few fields, and the sentence that lists all verbs.
    assert!(most <= bytes.len() * 64 + (16 << 10), "{most} bytes for {}", bytes.len());
    if let Err(why) = query {
        assert!(!why.is_empty());
    }
}

/// Two that ask: whatever the one says, it has at most one answer, and the other has its own.
pub(super) fn askers(bytes: &[u8]) {
    let ((), most) = allocator::most(|| {
        let (mut askers, mut now) = (Askers::default(), Instant::ZERO);
        let (mut questions, mut over) = ([0, 0], [0, 0]);
        let mut hear = |askers: &mut Askers, now| {
            for pipe in [LOUD, CALM] {
                while askers.write(now, pipe).is_some() {}
            }
            while let Some(news) = askers.up() {
                match news {
                    News::Question { pipe, query } => {
                        questions[pipe as usize - 1] += 1;
                        assert!(askers.down(now, Reply { pipe, answer: query }).is_ok());
                    }
                    News::Over { pipe, .. } => over[pipe as usize - 1] += 1,
                }
            }
        };
        askers.opened(now, LOUD, None);
        askers.opened(now, CALM, None);
        for piece in pieces(bytes) {
            askers.hear(now, LOUD, &piece);
            now += Duration::from_millis(1);
            askers.wake(now);
            hear(&mut askers, now);
        }
        // It may have been too late for that.
        let was_late = now >= Instant::ZERO + limits::ASKER_PATIENCE;
        askers.hear(now, CALM, &framed(&Say::Query(b"well".into())));
        hear(&mut askers, now);
        hear(&mut askers, now);
        askers.close();
        hear(&mut askers, now);
        assert!(questions[0] <= 1 && questions[1] == usize::from(!was_late), "{questions:?}");
        assert_eq!(over, [1, 1], "each is done with once");
        assert_eq!(askers.deadline(), None);
    });
    assert!(most <= bytes.len() * 64 + (64 << 10), "{most} bytes for {}", bytes.len());
}
