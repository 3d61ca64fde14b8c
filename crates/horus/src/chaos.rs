//! Chaos: a floor below none, which drops packets of chosen addresses, and loses, doubles, damages
//! and delays what goes out. For tests from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use muts::{Address, Duration, Full, Instant, Layer, Packet, Random, Transmit};
use parking_lot::Mutex;

/// What becomes of datagrams that go out, in parts of a hundred.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// Lost.
    pub loss: u8,
    /// Sent twice.
    pub twice: u8,
    /// Damaged: a bit is another, the end is missing, or there is too much.
    pub corrupt: u8,
    /// Held up for so long at the most; they overtake each other.
    pub delay: Duration,
}

/// Whose datagrams are dropped, and the weather; shared with whoever asks for trouble.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    cuts: Arc<Mutex<Cut>>,
    weather: Arc<Mutex<Weather>>,
}

#[derive(Debug, Default)]
struct Cut {
    from: BTreeSet<Address>,
    to: BTreeSet<Address>,
}

impl Cuts {
    /// From now on nothing is heard `from` these and nothing goes `to` those.
    pub fn set(&self, from: BTreeSet<Address>, to: BTreeSet<Address>) {
        *self.cuts.lock() = Cut { from, to };
    }

    /// From now on this is the weather for all that goes out.
    pub fn set_weather(&self, weather: Weather) {
        *self.weather.lock() = weather;
    }
}

/// A tower with bad links.
pub(crate) struct Chaos<T> {
    tower: T,
    cuts: Cuts,
    random: Random,
    /// What is held up, until when.
    held: BTreeMap<(Instant, u64), Transmit>,
    count: u64,
}

impl<T> Chaos<T> {
    /// Wraps a tower; without cuts and in fair weather it changes nothing.
    pub(crate) const fn new(tower: T, cuts: Cuts) -> Self {
        let random = Random::new(0x0063_6861_6f73);
        Self { tower, cuts, random, held: BTreeMap::new(), count: 0 }
    }

    /// The tower itself.
    pub(crate) const fn tower(&self) -> &T {
        &self.tower
    }

    /// The same, to be changed.
    pub(crate) const fn tower_mut(&mut self) -> &mut T {
        &mut self.tower
    }
}

impl<T: Layer> Layer for Chaos<T> {
    type Down = T::Down;
    type Up = T::Up;

    fn down(&mut self, now: Instant, ask: T::Down) -> Result<(), Full<T::Down>> {
        self.tower.down(now, ask)
    }
    fn up(&mut self) -> Option<T::Up> {
        self.tower.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        if !self.cuts.cuts.lock().from.contains(&packet.from) {
            self.tower.receive(now, packet);
        }
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        loop {
            if let Some(due) = self.held.first_entry().filter(|held| held.key().0 <= now) {
                return Some(due.remove());
            }
            let transmit = self.tower.transmit(now)?;
            if self.cuts.cuts.lock().to.contains(&transmit.to) {
                continue;
            }
            let weather = *self.cuts.weather.lock();
            if weather == Weather::default() {
                return Some(transmit);
            }
            self.rain(now, weather, transmit);
        }
    }
    fn wake(&mut self, now: Instant) {
        self.tower.wake(now);
    }
    fn deadline(&self) -> Option<Instant> {
        let held = self.held.keys().next().map(|(due, _)| *due);
        [self.tower.deadline(), held].into_iter().flatten().min()
    }
}

impl<T> Chaos<T> {
    fn rain(&mut self, now: Instant, weather: Weather, transmit: Transmit) {
        for _ in 0..1 + u8::from(self.happens(weather.twice)) {
            if self.happens(weather.loss) {
                continue;
            }
            let copy = if self.happens(weather.corrupt) {
                Transmit::whole(transmit.to, self.damaged(&transmit.gather()))
            } else {
                transmit.clone()
            };
            let most = u64::try_from(weather.delay.as_nanos()).unwrap_or(u64::MAX);
            let delay = Duration::from_nanos(self.random.below(most.max(1)));
            self.count += 1;
            self.held.insert((now + delay, self.count), copy);
        }
    }

    fn happens(&mut self, hundredths: u8) -> bool {
        self.random.below(100) < hundredths.into()
    }

    fn damaged(&mut self, bytes: &[u8]) -> Bytes {
        let mut damaged = bytes.to_vec();
        let at = self.random.below(damaged.len().max(1) as u64) as usize;
        match self.random.below(4) {
            0 => damaged.truncate(at),
            1 if damaged.len() < 1_000 => damaged.extend_from_within(at..),
            _ => damaged[at] ^= 1 << self.random.below(8),
        }
        damaged.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

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

    #[test]
    fn a_cut_is_one_way_until_it_heals() {
        let cuts = Cuts::default();
        let mut tower = Chaos::new(Echo::default(), cuts.clone());
        let mut echoes = |from: u32, to: u32| {
            let set = |pipe: u32| (pipe > 0).then_some(Address::Pipe(pipe)).into_iter().collect();
            cuts.set(set(from), set(to));
            for pipe in [1, 2] {
                let packet = Packet { from: Address::Pipe(pipe), bytes: (&b"x"[..]).into() };
                tower.receive(Instant::ZERO, packet);
            }
            std::iter::from_fn(|| tower.transmit(Instant::ZERO)).count()
        };
        assert_eq!(echoes(1, 0), 1);
        assert_eq!(echoes(0, 2), 1);
        assert_eq!(echoes(1, 2), 0);
        assert_eq!(echoes(0, 0), 2);
    }

    #[test]
    fn weather_loses_doubles_damages_and_delays_as_often_as_it_is_told() {
        let cuts = Cuts::default();
        let mut tower = Chaos::new(Echo::default(), cuts.clone());
        let delay = Duration::from_millis(50);
        cuts.set_weather(Weather { loss: 30, twice: 30, corrupt: 30, delay });
        let (mut came, mut whole, mut late) = (0, 0, 0);
        let mut hear = |tower: &mut Chaos<Echo>, now| {
            while let Some(transmit) = tower.transmit(now) {
                came += 1;
                whole += u32::from(transmit.gather() == [7; 100][..]);
                late += u32::from(now > Instant::ZERO);
            }
        };
        for _ in 0..1_000 {
            let packet = Packet { from: Address::Pipe(1), bytes: vec![7; 100].into() };
            tower.receive(Instant::ZERO, packet);
        }
        hear(&mut tower, Instant::ZERO);
        assert!(tower.deadline().is_some_and(|due| due <= Instant::ZERO + delay));
        hear(&mut tower, Instant::ZERO + delay);
        assert_eq!(tower.deadline(), None);
        assert!((850..970).contains(&came), "1,300 less 30 in a hundred, not {came}");
        assert!((560..700).contains(&whole), "{whole} of {came} are whole");
        assert!(late > 800, "{late} of {came} were held up");
    }
}
