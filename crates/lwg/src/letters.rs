//! Letters: what is said to one process and waits until the kernel takes it.
//!
//! *Takes* letters for processes that take none now: one that is silent but not over may do so for
//! as long as it likes, and one that asked a group by way of a member may not have been met yet.
//! *Promises* that each goes in its turn, and keeps nobody else's waiting. *Keeps* for each process
//! no more than the limits: beyond them asks of the floor above are handed back
//! ([`Letters::refuse`]), and what is asked after anyway, or ends by its asker's patience, is
//! dropped. Beside that: one word for each group that is choked, and the few letters of which the
//! next follows the answer to the one before.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use muts::Message;
use vsync::{Endpoint, ProcId};

use crate::id::LwgId;
use crate::interface::Up;
use crate::letter::Letter;
use crate::limits::{LETTERS_BYTES_MAX, LETTERS_MAX, UNMET_MAX};
use crate::told::Told;

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Letters {
    waiting: BTreeMap<Endpoint, Waiting>,
    /// How many were dropped.
    pub(crate) dropped: u64,
}

/// What waits for one process.
#[derive(Default)]
pub(crate) struct Waiting {
    letters: VecDeque<Message>,
    bytes: usize,
    /// Whether this process chokes a group, where the other end believes the opposite.
    words: BTreeMap<LwgId, bool>,
    /// Groups of which something was handed back.
    refused: BTreeSet<LwgId>,
    /// A reply was.
    refused_reply: bool,
}

impl Letters {
    /// Whether something waits for it: what comes has to wait behind that.
    pub(crate) fn waits_for(&self, to: Endpoint) -> bool {
        self.waiting.contains_key(&to)
    }

    /// Whether as much waits for it as may.
    pub(crate) fn is_full(&self, to: Endpoint) -> bool {
        self.waiting.get(&to).is_some_and(|waiting| {
            waiting.letters.len() >= LETTERS_MAX || waiting.bytes >= LETTERS_BYTES_MAX
        })
    }

    /// Whether an ask is to be handed back, a group's or a reply; then it is told of room later.
    pub(crate) fn refuse(&mut self, to: Endpoint, what: Option<LwgId>) -> bool {
        let full = self.is_full(to);
        if full && let Some(waiting) = self.waiting.get_mut(&to) {
            match what {
                Some(lwg) => drop(waiting.refused.insert(lwg)),
                None => waiting.refused_reply = true,
            }
        }
        full
    }

    /// Keeps an answer to a process until it is met, if it is not one of too many.
    pub(crate) fn keep_until_met(&mut self, to: Endpoint, letter: &Letter, message: Message) {
        if self.waiting.len() < UNMET_MAX || self.waits_for(to) {
            self.keep(to, letter, message);
        } else {
            self.dropped += 1;
        }
    }

    /// Keeps a letter until it can go.
    pub(crate) fn keep(&mut self, to: Endpoint, letter: &Letter, mut message: Message) {
        if is_asked_after(letter) && self.is_full(to) {
            self.dropped += 1;
            return;
        }
        let waiting = self.waiting.entry(to).or_default();
        match *letter {
            Letter::Choke { lwg } => return waiting.say(lwg, true),
            Letter::Ease { lwg } => return waiting.say(lwg, false),
            _ => message.push(letter),
        }
        waiting.bytes += message.len();
        waiting.letters.push_back(message);
    }

    /// Sends what waits, as far as it is taken.
    pub(crate) fn post(
        &mut self,
        told: &mut Told,
        mut send: impl FnMut(Endpoint, Message) -> Result<(), Message>,
    ) {
        self.waiting.retain(|to, waiting| {
            let rest = waiting.post(|message| send(*to, message));
            if rest.is_err() && !waiting.has_room() {
                return true;
            }
            waiting.give_room(*to, told);
            rest.is_err()
        });
    }

    /// That process is over: nothing waits for it any more.
    pub(crate) fn lose(&mut self, peer: ProcId, told: &mut Told) {
        self.waiting.retain(|to, waiting| {
            if to.proc == peer {
                waiting.give_room(*to, told);
            }
            to.proc != peer
        });
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.values().map(|waiting| waiting.letters.len() + waiting.words.len()).sum()
    }
}

impl Waiting {
    /// Of one group the last word counts, and none if it is what the other end was told last.
    fn say(&mut self, lwg: LwgId, choked: bool) {
        if self.words.insert(lwg, choked) == Some(!choked) {
            self.words.remove(&lwg);
        }
    }

    fn has_room(&self) -> bool {
        self.letters.len() < LETTERS_MAX / 2 && self.bytes < LETTERS_BYTES_MAX / 2
    }

    fn post(&mut self, mut send: impl FnMut(Message) -> Result<(), Message>) -> Result<(), ()> {
        while let Some((&lwg, &choked)) = self.words.first_key_value() {
            let mut message = Message::default();
            message.push(&if choked { Letter::Choke { lwg } } else { Letter::Ease { lwg } });
            send(message).map_err(drop)?;
            self.words.pop_first();
        }
        while let Some(message) = self.letters.pop_front() {
            let bytes = message.len();
            if let Err(message) = send(message) {
                self.letters.push_front(message);
                return Err(());
            }
            self.bytes -= bytes;
        }
        Ok(())
    }

    fn give_room(&mut self, to: Endpoint, told: &mut Told) {
        let refused = core::mem::take(&mut self.refused);
        told.extend(refused.into_iter().map(|lwg| Up::Room { lwg }));
        if core::mem::take(&mut self.refused_reply) {
            told.push_back(Up::RoomTo { to });
        }
    }
}

/// Whether its receiver asks after it, or gives up by itself what it is about, and is right to: it
/// has taken nothing for long. Letters that ask to come for or to meet are not: their sender waits
/// for the answer before it says the next.
const fn is_asked_after(letter: &Letter) -> bool {
    matches!(
        letter,
        Letter::Place { .. }
            | Letter::Placed { .. }
            | Letter::Passed { .. }
            | Letter::Gone { .. }
            | Letter::Forget { .. }
            | Letter::After { .. }
            | Letter::Still { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to() -> Endpoint {
        Endpoint::default()
    }

    fn lwg(count: u64) -> LwgId {
        LwgId { creator: 1, count: count as _ }
    }

    fn sent(letters: &mut Letters, told: &mut Told, most: usize) -> usize {
        let mut count = 0;
        letters.post(told, |_, message| {
            count += 1;
            if count > most { Err(message) } else { Ok(()) }
        });
        count.min(most)
    }

    #[test]
    fn who_chokes_and_eases_all_the_time_has_one_word_for_a_group_or_none() {
        let (mut letters, mut told) = (Letters::default(), Told::default());
        for _ in 0..100 {
            letters.keep(to(), &Letter::Choke { lwg: lwg(1) }, Message::default());
            letters.keep(to(), &Letter::Choke { lwg: lwg(2) }, Message::default());
            assert_eq!(letters.len(), 2);
            letters.keep(to(), &Letter::Ease { lwg: lwg(1) }, Message::default());
            letters.keep(to(), &Letter::Ease { lwg: lwg(2) }, Message::default());
            assert_eq!(letters.len(), 0);
        }
        // The other end has been told that it is choked.
        letters.keep(to(), &Letter::Ease { lwg: lwg(1) }, Message::default());
        letters.keep(to(), &Letter::Choke { lwg: lwg(1) }, Message::default());
        assert_eq!((letters.len(), sent(&mut letters, &mut told, 9)), (0, 0));
        assert!(!letters.waits_for(to()));
    }

    #[test]
    fn what_is_handed_back_is_told_of_room_once_half_is_free_or_the_process_is_over() {
        for over in [false, true] {
            let (mut letters, mut told) = (Letters::default(), Told::default());
            while !letters.refuse(to(), Some(lwg(1))) {
                letters.keep(to(), &Letter::Bare, Message::default());
            }
            assert!(letters.refuse(to(), None) && letters.len() == LETTERS_MAX);
            sent(&mut letters, &mut told, LETTERS_MAX / 2);
            assert!(told.is_empty() && !letters.is_full(to()));
            if over {
                letters.lose(to().proc, &mut told);
            } else {
                assert_eq!(sent(&mut letters, &mut told, 1), 1);
            }
            assert!(matches!(told.pop_front(), Some(Up::Room { lwg: of }) if of == lwg(1)));
            assert!(matches!(told.pop_front(), Some(Up::RoomTo { to: who }) if who == to()));
            assert!(told.is_empty());
        }
    }

    #[test]
    fn bytes_count_as_well_and_what_is_asked_after_is_dropped_where_there_is_no_room() {
        let mut letters = Letters::default();
        letters.keep(to(), &Letter::Bare, Message::new(alloc::vec![0; LETTERS_BYTES_MAX]));
        assert!(letters.is_full(to()));
        letters.keep(to(), &Letter::Still { send: crate::id::SendId(1) }, Message::default());
        assert_eq!((letters.len(), letters.dropped), (1, 1));
        // A word of what is true now is not.
        letters.keep(to(), &Letter::Choke { lwg: lwg(1) }, Message::default());
        assert_eq!((letters.len(), letters.dropped), (2, 1));
    }
}
