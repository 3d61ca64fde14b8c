//! Chaos: a floor with bad links, for tests from outside. It ignores whom it is told to ignore, and
//! loses, doubles, damages and holds up what goes out.
//!
//! Takes what is to go wrong, if that was allowed when it was made; then all of it can be changed
//! at any time. Promises that where it was not, or nothing is to go wrong, nothing is another for
//! it. Keeps what it holds up, and counts what it did.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use bytes::Bytes;

use crate::address::Address;
use crate::counters::Counted;
use crate::guard::{Guard, Guarded};
use crate::layer::{Full, Layer, Packet, Transmit};
use crate::limits::HELD_UP_MAX;
use crate::random::Random;
use crate::time::{Duration, Instant};

/// What is wrong with the links of a process, on purpose; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Nothing is heard from these.
    pub from: BTreeSet<Address>,
    /// Nothing goes to these. What is said in a hall goes to the hall, and so to all in it.
    pub to: BTreeSet<Address>,
    /// Datagrams that are lost, of a hundred that go out.
    pub loss: u8,
    /// Those that go twice.
    pub twice: u8,
    /// Those that are damaged: a bit is another, the end is missing, or there is too much. Only
    /// with keys is each noticed.
    pub corrupt: u8,
    /// Each is held up for so long at the most; they overtake each other.
    pub delay: Duration,
}

impl Trouble {
    /// Why this cannot be; none if it can.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let most = self.loss.max(self.twice).max(self.corrupt);
        (most > 100).then(|| format!("{most} is more than 100 of 100"))
    }

    const fn is_weather(&self) -> bool {
        self.loss > 0 || self.twice > 0 || self.corrupt > 0 || !self.delay.is_zero()
    }
}

/// A floor that spoils the datagrams of the one below as [`Trouble`] says, where that is allowed.
#[derive(Debug)]
pub struct Chaos<T> {
    below: T,
    /// There is none where it is not allowed.
    links: Option<Box<Links>>,
}

#[derive(Debug)]
struct Links {
    trouble: Trouble,
    random: Random,
    /// What is held up, until when.
    held: BTreeMap<(Instant, u64), Transmit>,
    count: u64,
    cut: u64,
    lost: u64,
    doubled: u64,
    damaged: u64,
    delayed: u64,
}

impl<T> Chaos<T> {
    /// A floor that stays as it is.
    pub const fn forbidden(below: T) -> Self {
        Self { below, links: None }
    }

    /// A floor that can be told to have bad links; this seed says what becomes of which datagram.
    pub fn allowed(below: T, seed: u64) -> Self {
        let links = Links {
            trouble: Trouble::default(),
            random: Random::new(seed),
            held: BTreeMap::new(),
            count: 0,
            cut: 0,
            lost: 0,
            doubled: 0,
            damaged: 0,
            delayed: 0,
        };
        Self { below, links: Some(Box::new(links)) }
    }

    /// The floor below.
    pub const fn below(&self) -> &T {
        &self.below
    }

    /// From now on this goes wrong and nothing else; false if nothing may. What is held up by then
    /// goes out all the same.
    #[must_use]
    pub fn spoil(&mut self, trouble: Trouble) -> bool {
        match &mut self.links {
            Some(links) => {
                links.trouble = trouble;
                true
            }
            None => false,
        }
    }
}

impl<T: Layer> Layer for Chaos<T> {
    type Down = T::Down;
    type Up = T::Up;

    fn down(&mut self, now: Instant, ask: T::Down) -> Result<(), Full<T::Down>> {
        self.below.down(now, ask)
    }

    fn up(&mut self) -> Option<T::Up> {
        self.below.up()
    }

    fn receive(&mut self, now: Instant, packet: Packet) {
        match &mut self.links {
            Some(links) if links.trouble.from.contains(&packet.from) => links.cut += 1,
            _ => self.below.receive(now, packet),
        }
    }

    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        let Some(links) = &mut self.links else { return self.below.transmit(now) };
        loop {
            if let Some(due) = links.held.first_entry().filter(|held| held.key().0 <= now) {
                return Some(due.remove());
            }
            let transmit = self.below.transmit(now)?;
            if links.trouble.to.contains(&transmit.to) {
                links.cut += 1;
            } else if links.trouble.is_weather() {
                links.rain(now, &transmit);
            } else {
                return Some(transmit);
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        self.below.wake(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let held = self.links.as_ref().and_then(|links| links.held.keys().next());
        let held = held.map(|(due, _)| *due);
        self.below.deadline().into_iter().chain(held).min()
    }
}

impl<T: Guarded> Guarded for Chaos<T> {
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>) {
        self.below.change_guard(now, guard);
    }
}

impl<T: Counted> Counted for Chaos<T> {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        if let Some(links) = &self.links {
            each("chaos.cut", links.cut);
            each("chaos.lost", links.lost);
            each("chaos.doubled", links.doubled);
            each("chaos.damaged", links.damaged);
            each("chaos.delayed", links.delayed);
        }
        self.below.count(each);
    }
}

impl Links {
    fn rain(&mut self, now: Instant, transmit: &Transmit) {
        let Trouble { loss, twice, corrupt, delay, .. } = self.trouble;
        let twice = self.happens(twice);
        self.doubled += u64::from(twice);
        for _ in 0..1 + u8::from(twice) {
            if self.happens(loss) || self.held.len() >= HELD_UP_MAX {
                self.lost += 1;
                continue;
            }
            let copy = if self.happens(corrupt) {
                self.damaged += 1;
                Transmit::whole(transmit.to, self.damaged(&transmit.gather()))
            } else {
                transmit.clone()
            };
            let most = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
            let delay = Duration::from_nanos(self.random.below(most));
            self.delayed += u64::from(!delay.is_zero());
            self.count += 1;
            self.held.insert((now + delay, self.count), copy);
        }
    }

    fn happens(&mut self, hundredths: u8) -> bool {
        self.random.below(100) < hundredths.into()
    }

    fn damaged(&mut self, bytes: &[u8]) -> Bytes {
        let mut damaged = bytes.to_vec();
        let at = self.random.below(damaged.len() as u64) as usize;
        match self.random.below(4) {
            0 => damaged.truncate(at),
            1 if damaged.len() < 1_000 => damaged.extend_from_within(at..),
            _ => {
                if let Some(byte) = damaged.get_mut(at) {
                    *byte ^= 1 << self.random.below(8);
                }
            }
        }
        damaged.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use alloc::vec;

    /// Sends back whatever it hears.
    #[derive(Default)]
    struct Echo(VecDeque<Transmit>);

    impl Layer for Echo {
        type Down = ();
        type Up = ();
        fn down(&mut self, _: Instant, (): ()) -> Result<(), Full<()>> {
            Ok(())
        }
        fn up(&mut self) -> Option<()> {
            None
        }
        fn receive(&mut self, _: Instant, packet: Packet) {
            self.0.push_back(Transmit::whole(packet.from, packet.bytes));
        }
        fn transmit(&mut self, _: Instant) -> Option<Transmit> {
            self.0.pop_front()
        }
        fn wake(&mut self, _: Instant) {}
        fn deadline(&self) -> Option<Instant> {
            None
        }
    }

    impl Counted for Echo {
        fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
    }

    fn counted(tower: &Chaos<Echo>) -> BTreeMap<&'static str, u64> {
        let mut counters = BTreeMap::new();
        tower.count(&mut |name, value| {
            counters.insert(name, value);
        });
        counters
    }

    fn hear(tower: &mut Chaos<Echo>, pipe: u32, bytes: usize) {
        let packet = Packet { from: Address::Pipe(pipe), bytes: vec![7; bytes].into() };
        tower.receive(Instant::ZERO, packet);
    }

    #[test]
    fn a_cut_is_one_way_until_it_heals() {
        let mut tower = Chaos::allowed(Echo::default(), 1);
        let mut echoes = |from: u32, to: u32| {
            let set = |pipe: u32| (pipe > 0).then_some(Address::Pipe(pipe)).into_iter().collect();
            assert!(tower.spoil(Trouble { from: set(from), to: set(to), ..Trouble::default() }));
            [1, 2].into_iter().for_each(|pipe| hear(&mut tower, pipe, 1));
            let count = core::iter::from_fn(|| tower.transmit(Instant::ZERO)).count();
            (count, counted(&tower)["chaos.cut"])
        };
        assert_eq!(echoes(1, 0), (1, 1));
        assert_eq!(echoes(0, 2), (1, 2));
        assert_eq!(echoes(1, 2), (0, 4));
        assert_eq!(echoes(0, 0), (2, 4));
    }

    #[test]
    fn weather_loses_doubles_damages_and_delays_as_often_as_it_is_told() {
        let mut tower = Chaos::allowed(Echo::default(), 1);
        let delay = Duration::from_millis(50);
        let weather = Trouble { loss: 30, twice: 30, corrupt: 30, delay, ..Trouble::default() };
        assert!(tower.spoil(weather));
        let (mut came, mut whole, mut late) = (0, 0, 0);
        let mut take = |tower: &mut Chaos<Echo>, now| {
            while let Some(transmit) = tower.transmit(now) {
                came += 1;
                whole += u32::from(transmit.gather() == [7; 100][..]);
                late += u32::from(now > Instant::ZERO);
            }
        };
        (0..1_000).for_each(|_| hear(&mut tower, 1, 100));
        take(&mut tower, Instant::ZERO);
        assert!(tower.deadline().is_some_and(|due| due <= Instant::ZERO + delay));
        take(&mut tower, Instant::ZERO + delay);
        assert_eq!(tower.deadline(), None);
        assert!((850..970).contains(&came), "1,300 less 30 in a hundred, not {came}");
        assert!((560..700).contains(&whole), "{whole} of {came} are whole");
        assert!(late > 800, "{late} of {came} were held up");
        let counted = counted(&tower);
        assert_eq!(1_000 + counted["chaos.doubled"] - counted["chaos.lost"], u64::from(came));
        assert_eq!(counted["chaos.damaged"], u64::from(came - whole));
        assert_eq!(counted["chaos.delayed"], u64::from(came));
    }

    #[test]
    fn what_is_held_up_has_a_bound_and_goes_out_when_its_time_comes_although_links_are_whole() {
        let mut tower = Chaos::allowed(Echo::default(), 1);
        let delay = Duration::from_secs(3_600);
        assert!(tower.spoil(Trouble { delay, ..Trouble::default() }));
        (0..=HELD_UP_MAX).for_each(|_| hear(&mut tower, 1, 1));
        assert!(tower.transmit(Instant::ZERO).is_none());
        assert_eq!(counted(&tower)["chaos.lost"], 1);
        assert!(tower.spoil(Trouble::default()));
        let later = Instant::ZERO + delay;
        assert_eq!(core::iter::from_fn(|| tower.transmit(later)).count(), HELD_UP_MAX);
    }

    #[test]
    fn where_it_is_not_allowed_nothing_goes_wrong_and_nothing_is_counted() {
        let mut tower = Chaos::forbidden(Echo::default());
        assert!(!tower.spoil(Trouble { loss: 100, ..Trouble::default() }));
        hear(&mut tower, 1, 1);
        assert!(tower.transmit(Instant::ZERO).is_some());
        assert_eq!(counted(&tower).len(), 0);
    }

    #[test]
    fn datagrams_of_no_bytes_are_damaged_too() {
        let mut tower = Chaos::allowed(Echo::default(), 1);
        assert!(tower.spoil(Trouble { corrupt: 100, ..Trouble::default() }));
        (0..100).for_each(|_| hear(&mut tower, 1, 0));
        assert_eq!(core::iter::from_fn(|| tower.transmit(Instant::ZERO)).count(), 100);
    }

    #[test]
    fn more_than_all_cannot_go_wrong() {
        let of = |twice| Trouble { twice, ..Trouble::default() }.wrong();
        assert_eq!(of(100), None);
        assert!(of(101).is_some_and(|why| why.contains("101")));
    }
}
