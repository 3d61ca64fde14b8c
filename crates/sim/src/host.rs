//! Host: the place where one incarnation of a process after the other runs.

use std::collections::VecDeque;

use bytes::Bytes;
use muts::Instant;

use crate::limits::INBOX_DATAGRAMS_MAX;
use crate::script::Phase;

/// A tower and the application on it.
#[derive(Debug)]
pub(crate) struct Running<T, A> {
    pub(crate) tower: T,
    pub(crate) app: A,
}

/// One host.
#[derive(Debug)]
pub(crate) struct Host<T, A> {
    /// The process, if one runs.
    pub(crate) running: Option<Running<T, A>>,
    /// The number of its last start.
    pub(crate) incarnation: u64,
    /// Until when the process is stopped, if it is.
    pub(crate) paused_until: Option<Instant>,
    /// What arrived while it was stopped.
    pub(crate) inbox: VecDeque<(usize, Bytes)>,
    /// The wake that is in the queue and still meant.
    pub(crate) wake_at: Option<Instant>,
    /// The process dies when it has sent so many datagrams.
    pub(crate) doom: Option<u64>,
    /// It went with its last process, and refuses nothing.
    pub(crate) is_dark: bool,
    /// Datagrams sent by all incarnations.
    pub(crate) datagrams: u64,
    /// The last phase that its application was told.
    pub(crate) phase_told: Phase,
    /// Wakes since `wakes_since`.
    pub(crate) wakes: u64,
    /// When counting began.
    pub(crate) wakes_since: Instant,
    /// The applications of dead incarnations.
    pub(crate) past: Vec<A>,
}

impl<T, A> Default for Host<T, A> {
    fn default() -> Self {
        Self {
            running: None,
            incarnation: 0,
            paused_until: None,
            inbox: VecDeque::new(),
            wake_at: None,
            doom: None,
            is_dark: false,
            datagrams: 0,
            phase_told: Phase::Storm,
            wakes: 0,
            wakes_since: Instant::ZERO,
            past: Vec::new(),
        }
    }
}

impl<T, A> Host<T, A> {
    /// Keeps a datagram for a stopped process, as long as its socket has room.
    pub(crate) fn keep(&mut self, from: usize, bytes: Bytes) {
        if self.inbox.len() < INBOX_DATAGRAMS_MAX {
            self.inbox.push_back((from, bytes));
        }
    }
}
