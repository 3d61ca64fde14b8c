//! Flight: what is under way to one peer, datagram by datagram, until it has come or is lost.
//!
//! Takes: every datagram that is sent, and acknowledgements. Promises: everything that asked for an
//! acknowledgement is told once as come or as lost; what comes after all that is told lost does no
//! harm. Loss after RFC 9002: three later numbers acknowledged, or one acknowledged that was sent
//! an eighth of a round trip later. Keeps: the datagrams from the oldest undecided on.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::address::Address;
use crate::interface::Channel;
use crate::limits::DATAGRAM_BYTES_SAFE;
use crate::time::{Duration, Instant};

/// Later datagrams that must have come before a missing one is taken for lost (RFC 9002, 6.1.1).
const REORDERED_MAX: u64 = 3;

/// The finest difference in time that means anything.
const GRAIN: Duration = Duration::from_millis(1);

/// What of a datagram has to come, or to be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Bytes of a stream, or a skip in their place.
    Stream { channel: Channel, from: u64, to: u64 },
    /// How far the peer may go on a channel.
    Credit { channel: Channel },
    /// That a channel is closed here.
    Gone { channel: Channel },
    /// A try whether the path carries a datagram of this length.
    Length(usize),
    /// A sign of life.
    Probe,
    /// A question whether the peer is there.
    There(Address),
    /// It went to the hall.
    Hall,
    /// A try whether the peer hears a datagram of this length in the hall.
    HallLength(usize),
    /// The key of the hall, told in this end's session.
    HallKey { session: u32, generation: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Out,
    Decided,
}

#[derive(Debug)]
struct Sent {
    at: Instant,
    bytes: u32,
    items: u16,
    state: State,
}

/// What an acknowledgement, or time, has decided.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) came: Vec<Item>,
    pub(crate) lost: Vec<Item>,
    pub(crate) came_bytes: usize,
    pub(crate) lost_bytes: usize,
    /// Datagrams that are longer than every path carries, and tries apart: so many came, and were
    /// lost; and whether any that is not came.
    pub(crate) long_came: u32,
    pub(crate) long_lost: u32,
    pub(crate) short_came: bool,
    /// A fresh round trip.
    pub(crate) round_trip: Option<Duration>,
}

impl Decided {
    /// Of what was lost from that place on, this counts once: nothing at all was heard meanwhile.
    pub(crate) fn count_once(&mut self, from: usize, once: Item) {
        let mut first = true;
        let mut at = 0;
        self.lost.retain(|item| {
            at += 1;
            at <= from || *item != once || core::mem::take(&mut first)
        });
    }

    /// Of what was lost from that place on, this does not count.
    pub(crate) fn forgive(&mut self, from: usize, what: Item) {
        let mut at = 0;
        self.lost.retain(|item| {
            at += 1;
            at <= from || *item != what
        });
    }

    /// Forgets everything, and keeps the room for it.
    pub(crate) fn clear(&mut self) {
        self.came.clear();
        self.lost.clear();
        (self.came_bytes, self.lost_bytes, self.round_trip) = (0, 0, None);
        (self.long_came, self.long_lost, self.short_came) = (0, 0, false);
    }

    fn take<'a>(&mut self, bytes: u32, items: impl Iterator<Item = &'a Item> + Clone, came: bool) {
        let own = |item: &Item| !matches!(item, Item::Length(_) | Item::HallLength(_) | Item::Hall);
        let (bytes, own) = (bytes as usize, items.clone().all(own));
        let long = u32::from(own && bytes > DATAGRAM_BYTES_SAFE);
        if came {
            self.came_bytes += bytes;
            self.came.extend(items);
            self.long_came += long;
            self.short_came |= own && long == 0;
        } else {
            self.lost_bytes += bytes;
            self.lost.extend(items);
            self.long_lost += long;
        }
    }
}

/// Datagrams sent to one peer.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    /// The number of the first kept.
    first: u64,
    sent: VecDeque<Sent>,
    /// The items of all that are kept, in order.
    items: VecDeque<Item>,
    /// Bytes under way that ask for an acknowledgement.
    bytes: usize,
    /// One above the highest number acknowledged.
    acknowledged: u64,
    /// When the last that asks for an acknowledgement was sent, and whether it asks for one at
    /// once.
    asked: Instant,
    at_once: bool,
    /// When one has waited so long that those sent later and acknowledged prove it lost.
    lost_at: Option<Instant>,
}

impl Flight {
    /// The number of the next datagram.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.sent.len() as u64
    }

    /// Datagrams that are remembered.
    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Bytes under way.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the last that asks for an acknowledgement was sent; none if all are decided.
    pub(crate) fn asked(&self) -> Option<Instant> {
        (self.bytes > 0).then_some(self.asked)
    }

    /// The last that was sent asks for an acknowledgement at once.
    pub(crate) fn ask_at_once(&mut self) {
        self.at_once = true;
    }

    /// As `asked`, if that asks for one at once.
    pub(crate) fn asked_at_once(&self) -> Option<Instant> {
        self.asked().filter(|_| self.at_once)
    }

    /// When waiting alone decides something.
    pub(crate) fn lost_at(&self) -> Option<Instant> {
        self.lost_at
    }

    /// The next datagram went out. Without items it asks for no acknowledgement.
    pub(crate) fn send(&mut self, now: Instant, bytes: usize, items: &[Item]) {
        let state = if items.is_empty() { State::Decided } else { State::Out };
        if state == State::Out {
            self.bytes += bytes;
            (self.asked, self.at_once) = (now, false);
            self.items.extend(items);
        } else if self.sent.is_empty() {
            self.first += 1;
            return;
        }
        let bytes = u32::try_from(bytes).expect("a datagram's length");
        let items = u16::try_from(items.len()).expect("fewer items than bytes");
        self.sent.push_back(Sent { at: now, bytes, items, state });
    }

    /// Takes an acknowledgement: runs of numbers, highest first. Answers false if it is of what was
    /// never sent.
    pub(crate) fn acknowledge(
        &mut self,
        now: Instant,
        runs: &[(u64, u64)],
        delay: Duration,
        patience: Duration,
        decided: &mut Decided,
    ) -> bool {
        let Some(top) = runs.first().map(|run| run.1).filter(|top| *top <= self.next()) else {
            return false;
        };
        let (mut at, mut item) = (0, 0);
        for (from, to) in runs.iter().rev() {
            let low = from.saturating_sub(self.first) as usize;
            let high = to.saturating_sub(self.first) as usize;
            while at < low.min(self.sent.len()) {
                item += usize::from(self.sent[at].items);
                at += 1;
            }
            while at < high.min(self.sent.len()) {
                let sent = &mut self.sent[at];
                let items = usize::from(sent.items);
                if sent.state == State::Out {
                    sent.state = State::Decided;
                    self.bytes -= sent.bytes as usize;
                    decided.take(sent.bytes, self.items.range(item..item + items), true);
                    if self.first + at as u64 + 1 == top {
                        decided.round_trip = Some(now.since(sent.at).saturating_sub(delay));
                    }
                }
                item += items;
                at += 1;
            }
        }
        self.acknowledged = self.acknowledged.max(top);
        self.find_lost(now, patience, decided);
        true
    }

    /// Takes for lost what those acknowledged prove to be.
    pub(crate) fn find_lost(&mut self, now: Instant, patience: Duration, decided: &mut Decided) {
        let patience = (patience * 9 / 8).max(GRAIN);
        self.lost_at = None;
        let older = self.acknowledged.saturating_sub(self.first) as usize;
        let mut item = 0;
        for at in 0..older.min(self.sent.len()) {
            let sent = &mut self.sent[at];
            let items = usize::from(sent.items);
            if sent.state == State::Out {
                let overtaken = self.first + at as u64 + REORDERED_MAX < self.acknowledged;
                if overtaken || now.since(sent.at) >= patience {
                    sent.state = State::Decided;
                    self.bytes -= sent.bytes as usize;
                    decided.take(sent.bytes, self.items.range(item..item + items), false);
                } else {
                    let due = sent.at + patience;
                    self.lost_at = Some(self.lost_at.map_or(due, |before| before.min(due)));
                }
            }
            item += items;
        }
        self.forget();
    }

    /// Takes the oldest undecided for lost, at most so many: nothing came for too long.
    pub(crate) fn give_up(&mut self, most: usize, decided: &mut Decided) {
        let (mut item, mut given) = (0, 0);
        for sent in &mut self.sent {
            let items = usize::from(sent.items);
            if sent.state == State::Out && given < most {
                given += 1;
                sent.state = State::Decided;
                self.bytes -= sent.bytes as usize;
                decided.take(sent.bytes, self.items.range(item..item + items), false);
            }
            item += items;
        }
        self.forget();
    }

    fn forget(&mut self) {
        while self.sent.front().is_some_and(|sent| sent.state == State::Decided) {
            let sent = self.sent.pop_front().expect("just looked at");
            self.items.drain(..usize::from(sent.items));
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(100);

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn item(number: u64) -> Item {
        Item::Stream { channel: Channel(1), from: number, to: number + 1 }
    }

    fn five() -> Flight {
        let mut flight = Flight::default();
        (0..5).for_each(|number| flight.send(at(number), 100, &[item(number)]));
        flight
    }

    #[test]
    fn what_is_acknowledged_has_come_and_what_was_overtaken_is_lost() {
        let (mut flight, mut decided) = (five(), Decided::default());
        flight.acknowledge(at(10), &[(4, 5)], Duration::ZERO, PATIENCE, &mut decided);
        assert_eq!(decided.came, [item(4)]);
        assert_eq!(decided.lost, [item(0), item(1)]);
        assert_eq!(decided.round_trip, Some(Duration::from_millis(6)));
        assert_eq!(flight.bytes(), 200);
        decided.clear();
        flight.acknowledge(at(12), &[(4, 5), (1, 3)], Duration::ZERO, PATIENCE, &mut decided);
        assert_eq!(decided.came, [item(2)]);
        assert_eq!((decided.lost.len(), decided.round_trip), (0, None));
        let due = flight.lost_at().expect("one is missing");
        flight.find_lost(due, PATIENCE, &mut decided);
        assert_eq!(decided.lost, [item(3)]);
        assert_eq!((flight.bytes(), flight.asked(), flight.next()), (0, None, 5));
    }

    #[test]
    fn what_asks_for_no_acknowledgement_is_not_waited_for() {
        let mut flight = Flight::default();
        for _ in 0..1_000 {
            flight.send(at(0), 100, &[]);
        }
        assert_eq!((flight.next(), flight.sent.len(), flight.asked()), (1_000, 0, None));
    }

    #[test]
    fn the_oldest_are_given_up_first() {
        let (mut flight, mut decided) = (five(), Decided::default());
        flight.give_up(2, &mut decided);
        assert_eq!(decided.lost, [item(0), item(1)]);
        flight.acknowledge(at(9), &[(0, 5)], Duration::ZERO, PATIENCE, &mut decided);
        assert_eq!(decided.came, [item(2), item(3), item(4)]);
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_sent_is_ignored() {
        let (mut flight, mut decided) = (five(), Decided::default());
        assert!(!flight.acknowledge(at(9), &[(0, 6)], Duration::ZERO, PATIENCE, &mut decided));
        assert_eq!((decided.came.len(), flight.bytes()), (0, 500));
    }
}
