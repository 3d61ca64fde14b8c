//! Introductions: what is told waits until it is known what those who were met are called, so that
//! a process has one spelling in a history, and all histories the same.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll};
use std::time::Instant;

use horus::Book;
use lwg::Up;
use muts::ProcId;

use super::limits::INTRODUCTION_PATIENCE;

/// Keeps what is told, in order, while somebody is not known by name.
#[derive(Default)]
pub(crate) struct Introductions {
    /// Who is not, and until when that is waited for.
    unnamed: BTreeMap<ProcId, Instant>,
    held: VecDeque<Box<Up>>,
}

impl Introductions {
    /// Keeps what the tower tells.
    pub(crate) fn hear(&mut self, now: Instant, up: Box<Up>) {
        if let Up::Core(vsync::Up::Met { peer }) = &*up {
            self.unnamed.insert(*peer, now + INTRODUCTION_PATIENCE);
        }
        self.held.push_back(up);
    }

    /// The next that can be told now, once all are known by name or have had their time.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        book: &Book,
        context: &mut Context<'_>,
    ) -> Poll<Box<Up>> {
        self.unnamed.retain(|process, until| {
            now < *until && book.poll_named(*process, context).is_pending()
        });
        let next = if self.unnamed.is_empty() { self.held.pop_front() } else { None };
        next.map_or(Poll::Pending, Poll::Ready)
    }

    /// When somebody has had its time.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.unnamed.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;

    #[test]
    fn what_is_told_waits_for_names_in_its_order_and_not_for_ever() {
        let (mut waiting, book) = (Introductions::default(), Book::default());
        let (now, context) = (Instant::now(), &mut Context::from_waker(std::task::Waker::noop()));
        let peer = ProcId { node: NodeId(5), incarnation: 1 };
        waiting.hear(now, Box::new(Up::Core(vsync::Up::Met { peer })));
        waiting.hear(now, Box::new(Up::Core(vsync::Up::Lost { peer })));
        assert!(waiting.poll(now, &book, context).is_pending());
        let late = waiting.next().expect("it is waited for");
        let first = waiting.poll(late, &book, context);
        assert!(matches!(first, Poll::Ready(up) if matches!(*up, Up::Core(vsync::Up::Met { .. }))));
        assert!(waiting.poll(now, &book, context).is_ready() && waiting.next().is_none());
        assert!(waiting.poll(now, &book, context).is_pending(), "there is no more");
    }
}
