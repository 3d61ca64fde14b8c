//! Queue: own asks that wait, oldest first, bounded by number and by bytes.

use alloc::collections::{VecDeque, vec_deque};

use crate::group::Ask;
use crate::header::Op;
use crate::limits::{QUEUE_BYTES_MAX, QUEUE_MAX};

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    asks: VecDeque<Ask>,
    /// Of the messages among them.
    bytes: usize,
}

fn bytes_of(ask: &Ask) -> usize {
    match ask {
        Ask::Op(_) => 0,
        Ask::Send(post) => post.message.len(),
    }
}

impl Queue {
    /// No more is to be put in for now: the last may have gone over.
    pub(crate) fn is_full(&self) -> bool {
        self.asks.len() >= QUEUE_MAX || self.bytes >= QUEUE_BYTES_MAX
    }

    /// Whether it is worth saying that it can take more.
    pub(crate) fn has_room(&self) -> bool {
        self.asks.len() < QUEUE_MAX / 2 && self.bytes < QUEUE_BYTES_MAX / 2
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    pub(crate) fn push_back(&mut self, ask: Ask) {
        self.bytes += bytes_of(&ask);
        self.asks.push_back(ask);
    }

    /// An operation that goes before what was asked after it, and behind those before it: only what
    /// is sent waits for an operation.
    pub(crate) fn insert(&mut self, op: Op) {
        let sends = |ask: &Ask| matches!(ask, Ask::Send(_));
        let at = self.asks.iter().position(sends).unwrap_or(self.asks.len());
        self.asks.insert(at, Ask::Op(op));
    }

    /// What was taken out, or goes before all others.
    pub(crate) fn push_front(&mut self, ask: Ask) {
        self.bytes += bytes_of(&ask);
        self.asks.push_front(ask);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Ask> {
        let ask = self.asks.pop_front()?;
        self.bytes -= bytes_of(&ask);
        Some(ask)
    }

    pub(crate) fn front(&self) -> Option<&Ask> {
        self.asks.front()
    }

    pub(crate) fn iter(&self) -> vec_deque::Iter<'_, Ask> {
        self.asks.iter()
    }

    /// Puts all of another before what is here.
    pub(crate) fn prepend(&mut self, others: Self) {
        others.asks.into_iter().rev().for_each(|ask| self.push_front(ask));
    }

    /// Puts all of another behind what is here.
    pub(crate) fn append(&mut self, others: Self) {
        others.into_iter().for_each(|ask| self.push_back(ask));
    }
}

impl IntoIterator for Queue {
    type Item = Ask;
    type IntoIter = vec_deque::IntoIter<Ask>;

    fn into_iter(self) -> Self::IntoIter {
        self.asks.into_iter()
    }
}
