//! Neighbour: another daemon, and what is to be said to it.
//!
//! Promises: what waits for a daemon that does not take it is bounded, however long it is away and
//! whoever comes and goes here meanwhile. Keeps: letters for which its link had no room, which are
//! what clients may have under way; and whom it is to be told of.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::mem;

use muts::{Instant, Message, ProcId};

use super::letter::Table;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Neighbour {
    /// Since when it has not been heard.
    pub(super) silent: Option<Instant>,
    /// The version of our table that it has.
    pub(super) has: u64,
    /// Of those that went as letters, the latest.
    pub(super) posted: u64,
    /// Its table.
    pub(super) table: Table,
    /// Heartbeats that have come of it.
    pub(super) pulses: u64,
    /// Kernels here have forgotten what those behind it said: it was silent.
    pub(super) unheard: bool,
    /// Letters that wait, and the clients that they are from; none: ourselves.
    pending: VecDeque<(Option<ProcId>, Message)>,
    /// How many of them each client has.
    senders: BTreeMap<ProcId, usize>,
    /// Clients that it knows of and that have gone since it fell silent.
    gone: BTreeSet<ProcId>,
    /// Those that have come since.
    come: BTreeSet<ProcId>,
}

impl Neighbour {
    /// Whether a letter of this client waits.
    pub(super) fn keeps(&self, proc: ProcId) -> bool {
        self.senders.contains_key(&proc)
    }

    /// Whether any letter does.
    pub(super) fn keeps_any(&self) -> bool {
        !self.pending.is_empty()
    }

    /// A letter waits behind all others.
    pub(super) fn keep(&mut self, from: Option<ProcId>, message: Message) {
        from.into_iter().for_each(|from| *self.senders.entry(from).or_default() += 1);
        self.pending.push_back((from, message));
    }

    /// Sends what waits, the oldest first, as long as nothing is handed back.
    pub(super) fn send_kept(&mut self, mut send: impl FnMut(Message) -> Option<Message>) {
        while let Some((from, message)) = self.pending.pop_front() {
            if let Some(message) = send(message) {
                return self.pending.push_front((from, message));
            }
            let Some(from) = from else { continue };
            match self.senders.get_mut(&from).filter(|left| **left > 1) {
                Some(left) => *left -= 1,
                None => _ = self.senders.remove(&from),
            }
        }
    }

    /// While it is silent a client comes, or goes.
    pub(super) fn note(&mut self, proc: ProcId, here: bool) {
        if here {
            self.come.insert(proc);
        } else if !self.come.remove(&proc) {
            self.gone.insert(proc);
        }
    }

    /// It is heard again. Who has gone meanwhile, and who has come.
    pub(super) fn catch_up(&mut self) -> (BTreeSet<ProcId>, BTreeSet<ProcId>) {
        (self.silent, self.unheard) = (None, true);
        (mem::take(&mut self.gone), mem::take(&mut self.come))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;

    const fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    #[test]
    fn letters_go_in_order_and_keep_only_those_waiting_who_sent_them() {
        let mut neighbour = Neighbour::default();
        for (at, from) in [Some(1), None, Some(1), Some(2)].into_iter().enumerate() {
            neighbour.keep(from.map(proc), Message::new(alloc::vec![at as u8]));
        }
        let mut went = alloc::vec::Vec::new();
        neighbour.send_kept(|message| {
            if went.len() == 3 {
                return Some(message);
            }
            went.push(message.body()[0]);
            None
        });
        assert_eq!(went, [0, 1, 2]);
        assert!(!neighbour.keeps(proc(1)) && neighbour.keeps(proc(2)));
        neighbour.send_kept(|_| None);
        assert!(!neighbour.keeps(proc(2)) && !neighbour.keeps_any());
    }

    #[test]
    fn who_comes_and_goes_while_it_is_silent_is_never_told() {
        let mut neighbour = Neighbour::default();
        neighbour.note(proc(9), false);
        for node in 0..1_000 {
            neighbour.note(proc(node % 3), true);
            neighbour.note(proc(node % 3), false);
        }
        neighbour.note(proc(1), true);
        assert_eq!(neighbour.catch_up(), ([proc(9)].into(), [proc(1)].into()));
        assert_eq!(neighbour.catch_up(), Default::default());
    }
}
