//! Survey: what the participants of a flush have of one excluded sender's stream, put together.
//!
//! Takes: their answers. Promises: of every position up to the furthest that any of them has
//! received it is known who can hand it over, or that nobody has it; and which of them somebody
//! has processed. Keeps: nothing.

use alloc::vec::Vec;

use crate::control::{Gap, Held};
use crate::install::Lost;
use crate::span::{Span, any_has};

/// What one participant answered of the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) rank: u8,
    pub(crate) received: u64,
    /// None: nothing is said of it, so nothing of it is without payload or processed.
    pub(crate) held: Option<&'a Held>,
}

impl Answer<'_> {
    fn has_payload(&self, position: u64) -> bool {
        position < self.received && !self.held.is_some_and(|h| any_has(&h.skipped, position))
    }

    /// Whether it delivered this to its user.
    fn delivered(&self, position: u64) -> bool {
        let aside = self.held.is_some_and(|held| any_has(&held.aside, position));
        position < self.head() && self.has_payload(position) && !aside
    }

    fn head(&self) -> u64 {
        self.held.map_or(0, |held| held.head)
    }
}

/// What is to be done about one excluded sender.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The first position that nobody has received.
    pub(crate) end: u64,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) lost: Lost,
}

/// Puts the answers together.
pub(crate) fn survey(of: u8, answers: &[Answer<'_>]) -> Survey {
    let least = answers.iter().map(|answer| answer.received).min().unwrap_or(0);
    let end = answers.iter().map(|answer| answer.received).max().unwrap_or(0);
    let holder = |position: u64| {
        let payload = answers.iter().find(|answer| answer.has_payload(position));
        payload.map(|answer| answer.rank)
    };
    let mut gaps: Vec<Gap> = Vec::new();
    for position in least..end {
        let holder = holder(position);
        match gaps.last_mut() {
            Some(last) if last.holder == holder => last.span.end = position + 1,
            _ => gaps.push(Gap { of, span: Span { from: position, end: position + 1 }, holder }),
        }
    }
    let void = gaps.iter().filter(|gap| gap.holder.is_none()).map(|gap| gap.span).collect();
    // Below the lowest head all is processed, or was not meant for any of them.
    let processed = answers.iter().map(Answer::head).min().unwrap_or(0);
    let head = answers.iter().map(Answer::head).max().unwrap_or(0);
    let done = |position: &u64| answers.iter().any(|answer| answer.delivered(*position));
    let mut done = Span::gather((processed..head).filter(done));
    match done.first_mut() {
        Some(first) if first.from == processed => first.from = 0,
        _ => done.insert(0, Span { from: 0, end: processed }),
    }
    let lost = Lost { of, void, done };
    Survey { end, gaps, lost }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn held(head: u64, skipped: &[(u64, u64)]) -> Held {
        let skipped = skipped.iter().map(|(from, end)| Span { from: *from, end: *end }).collect();
        Held { of: 2, head, skipped, aside: vec![] }
    }

    #[test]
    fn who_it_was_not_for_has_not_delivered_it() {
        let (mut a, b) = (held(5, &[]), held(1, &[]));
        a.aside = vec![Span { from: 2, end: 4 }];
        let answers = [
            Answer { rank: 0, received: 6, held: Some(&a) },
            Answer { rank: 1, received: 1, held: Some(&b) },
        ];
        let done = survey(2, &answers).lost.done;
        assert_eq!(done, [Span { from: 0, end: 2 }, Span { from: 4, end: 5 }]);
    }

    #[test]
    fn who_has_the_payload_hands_it_over_even_if_another_has_received_more() {
        let (a, b) = (held(0, &[(3, 5)]), held(0, &[]));
        let answers = [
            Answer { rank: 0, received: 6, held: Some(&a) },
            Answer { rank: 1, received: 4, held: Some(&b) },
            Answer { rank: 3, received: 2, held: None },
        ];
        let survey = survey(2, &answers);
        assert_eq!(survey.end, 6);
        let gaps: Vec<_> =
            survey.gaps.iter().map(|g| (g.span.from, g.span.end, g.holder)).collect();
        assert_eq!(gaps, [(2, 3, Some(0)), (3, 4, Some(1)), (4, 5, None), (5, 6, Some(0))]);
        assert_eq!(survey.lost.void, [Span { from: 4, end: 5 }]);
    }

    #[test]
    fn only_what_somebody_processed_as_payload_is_done() {
        let (a, b) = (held(5, &[(3, 4)]), held(2, &[]));
        let answers = [
            Answer { rank: 0, received: 6, held: Some(&a) },
            Answer { rank: 1, received: 4, held: Some(&b) },
        ];
        let done = survey(2, &answers).lost.done;
        assert_eq!(done, vec![Span { from: 0, end: 3 }, Span { from: 4, end: 5 }]);
    }

    #[test]
    fn where_everything_is_for_all_the_longest_is_handed_over_by_one() {
        let (a, b) = (held(1, &[]), held(7, &[]));
        let answers = [
            Answer { rank: 0, received: 3, held: Some(&a) },
            Answer { rank: 1, received: 9, held: Some(&b) },
        ];
        let survey = survey(2, &answers);
        assert_eq!(survey.gaps.len(), 1);
        assert_eq!(survey.gaps[0].holder, Some(1));
        assert_eq!(survey.lost.done, [Span { from: 0, end: 7 }]);
    }
}
