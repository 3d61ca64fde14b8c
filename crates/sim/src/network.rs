//! The pretended network: delay, loss, duplication, reordering, corruption, cuts; per direction.

use bytes::Bytes;
use muts::{Address, Duration, Instant};

use crate::choice::Choice;

/// Where everybody listens at once, as far as they hear it.
pub const HALL: Address = Address::EVERY_PIPE;

/// What one directed link does to a datagram. Chances are parts of 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// The shortest way.
    pub delay_min_ns: u64,
    /// The longest usual way; all between are equally likely, so datagrams overtake each other.
    pub delay_max_ns: u64,
    /// Chance to be held up.
    pub held_chance: u64,
    /// For how much longer at most.
    pub held_max_ns: u64,
    /// Chance to be lost.
    pub loss_chance: u64,
    /// Chance to arrive twice.
    pub twice_chance: u64,
    /// Chance to arrive with a bit flipped, a byte missing or bytes added.
    pub corrupt_chance: u64,
}

impl Weather {
    /// A quiet local network: 50 to 200 µs, nothing lost.
    pub const FAIR: Self = Self {
        delay_min_ns: 50_000,
        delay_max_ns: 200_000,
        held_chance: 0,
        held_max_ns: 0,
        loss_chance: 0,
        twice_chance: 0,
        corrupt_chance: 0,
    };

    /// Some weather for a run: loss none, 5 or 20 %, delays of a local or a wide network.
    pub fn drawn(choice: &mut Choice) -> Self {
        let delay_max_ns = *choice.pick(&[200_000, 2_000_000, 15_000_000, 40_000_000]);
        Self {
            delay_min_ns: 50_000,
            delay_max_ns,
            held_chance: *choice.pick(&[0, 1_000, 10_000]),
            held_max_ns: *choice.pick(&[20_000_000, 100_000_000]),
            loss_chance: *choice.pick(&[0, 10_000, 50_000, 200_000]),
            twice_chance: *choice.pick(&[0, 10_000, 50_000]),
            corrupt_chance: 0,
        }
    }
}

/// How fast a host takes in what reaches it: one thing after the other, as one busy core does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intake {
    /// Nanoseconds that a byte takes.
    pub byte_ns: u64,
    /// Bytes that its socket keeps meanwhile; what comes on top of them is lost.
    pub kept_bytes: u64,
}

/// All links between hosts that are numbered from 0.
#[derive(Debug)]
pub struct Network {
    hosts: usize,
    weather: Vec<Weather>,
    cut: Vec<bool>,
    /// Nothing comes along this link, and who sends is told that nobody listens there.
    rejects: Vec<bool>,
    /// What goes to the hall does not come along this link.
    deaf: Vec<bool>,
    /// The same at every host; without it all that arrives is taken in at once.
    intake: Option<Intake>,
    /// When each host is done with what has reached it.
    done: Vec<Instant>,
    choice: Choice,
    sent: u64,
    lost: u64,
    corrupted: u64,
}

impl Network {
    /// A network of this many hosts under the same weather everywhere.
    #[must_use]
    pub fn new(hosts: usize, weather: Weather, choice: Choice) -> Self {
        let links = hosts * hosts;
        Self {
            hosts,
            weather: vec![weather; links],
            cut: vec![false; links],
            rejects: vec![false; links],
            deaf: vec![false; links],
            intake: None,
            done: vec![Instant::ZERO; hosts],
            choice,
            sent: 0,
            lost: 0,
            corrupted: 0,
        }
    }

    fn link(&self, from: usize, to: usize) -> usize {
        from * self.hosts + to
    }

    /// Cuts one direction, or opens it again.
    pub fn cut(&mut self, from: usize, to: usize, cut: bool) {
        let link = self.link(from, to);
        self.cut[link] = cut;
    }

    /// Whether this direction is cut.
    #[must_use]
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cut[self.link(from, to)]
    }

    /// Shuts one direction: it is cut, or a firewall rejects what goes there and says so.
    pub fn shut(&mut self, from: usize, to: usize, rejects: bool) {
        let link = self.link(from, to);
        (self.cut[link], self.rejects[link]) = (self.cut[link] || !rejects, rejects);
    }

    /// Whether what goes in this direction is rejected.
    #[must_use]
    pub fn rejects(&self, from: usize, to: usize) -> bool {
        self.rejects[self.link(from, to)]
    }

    /// From now on nothing of the hall comes along this direction, or it does again.
    pub fn deafen(&mut self, from: usize, to: usize, deaf: bool) {
        let link = self.link(from, to);
        self.deaf[link] = deaf;
    }

    /// Whether what goes to the hall comes along this direction.
    #[must_use]
    pub fn hears(&self, from: usize, to: usize) -> bool {
        from != to && !self.deaf[self.link(from, to)]
    }

    /// Opens every link; who hears the hall stays as it is.
    pub fn heal(&mut self) {
        self.cut.fill(false);
        self.rejects.fill(false);
    }

    /// Changes the weather of one direction.
    pub fn set_weather(&mut self, from: usize, to: usize, weather: Weather) {
        let link = self.link(from, to);
        self.weather[link] = weather;
    }

    /// Changes the weather everywhere.
    pub fn set_weather_everywhere(&mut self, weather: Weather) {
        self.weather.fill(weather);
    }

    /// From now on every host takes in what reaches it at this rate.
    pub const fn set_intake(&mut self, intake: Intake) {
        self.intake = Some(intake);
    }

    /// Datagrams sent, and how many of them were lost or cut off.
    #[must_use]
    pub const fn counted(&self) -> (u64, u64) {
        (self.sent, self.lost)
    }

    /// Datagrams damaged on the way.
    #[must_use]
    pub const fn corrupted(&self) -> u64 {
        self.corrupted
    }

    /// When the copies of a datagram of this length arrive: none if it is lost.
    pub fn carry(&mut self, now: Instant, from: usize, to: usize, bytes: usize) -> Arrivals {
        self.sent += 1;
        let link = self.link(from, to);
        let weather = self.weather[link];
        let shut = self.cut[link] || self.rejects[link];
        if shut || self.choice.chance(weather.loss_chance) {
            self.lost += 1;
            return [None, None];
        }
        let first = self.arrival(now, &weather);
        let second = self.choice.chance(weather.twice_chance).then(|| self.arrival(now, &weather));
        [self.taken_in(to, first, bytes), second.and_then(|at| self.taken_in(to, at, bytes))]
    }

    /// When a host is done with what reaches it then; never if its socket is full.
    fn taken_in(&mut self, to: usize, at: Instant, bytes: usize) -> Option<Instant> {
        let Some(Intake { byte_ns, kept_bytes }) = self.intake else { return Some(at) };
        let begins = at.max(self.done[to]);
        if begins.since(at) > Duration::from_nanos(byte_ns * kept_bytes) {
            self.lost += 1;
            return None;
        }
        self.done[to] = begins + Duration::from_nanos(byte_ns * bytes as u64);
        Some(self.done[to])
    }

    fn arrival(&mut self, now: Instant, weather: &Weather) -> Instant {
        let mut delay = self.choice.between(weather.delay_min_ns, weather.delay_max_ns);
        if self.choice.chance(weather.held_chance) {
            delay += self.choice.below(weather.held_max_ns);
        }
        now + Duration::from_nanos(delay)
    }

    /// A copy of a datagram, damaged if the weather of its link says so.
    pub fn corrupted_copy(&mut self, from: usize, to: usize, bytes: &Bytes) -> Bytes {
        let chance = self.weather[self.link(from, to)].corrupt_chance;
        if bytes.is_empty() || !self.choice.chance(chance) {
            return bytes.clone();
        }
        self.corrupted += 1;
        let mut damaged = bytes.to_vec();
        let at = self.choice.below(damaged.len() as u64) as usize;
        match self.choice.below(4) {
            0 => damaged.truncate(at),
            1 => damaged.extend_from_within(at..),
            _ => damaged[at] ^= 1 << self.choice.below(8),
        }
        damaged.into()
    }
}

/// When a datagram and its copy arrive.
pub type Arrivals = [Option<Instant>; 2];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_one_way() {
        let mut network = Network::new(2, Weather::FAIR, Choice::from_seed(1));
        network.cut(0, 1, true);
        assert_eq!(network.carry(Instant::ZERO, 0, 1, 1), [None, None]);
        assert!(network.carry(Instant::ZERO, 1, 0, 1)[0].is_some());
        network.heal();
        assert!(network.carry(Instant::ZERO, 0, 1, 1)[0].is_some());
        assert_eq!(network.counted(), (3, 1));
    }

    #[test]
    fn loss_and_copies_come_as_often_as_asked() {
        let weather = Weather { loss_chance: 200_000, twice_chance: 100_000, ..Weather::FAIR };
        let mut network = Network::new(1, weather, Choice::from_seed(1));
        let carried: Vec<_> = (0..10_000).map(|_| network.carry(Instant::ZERO, 0, 0, 1)).collect();
        let lost = carried.iter().filter(|copies| copies[0].is_none()).count();
        let twice = carried.iter().filter(|copies| copies[1].is_some()).count();
        assert!((1_800..2_200).contains(&lost), "{lost}");
        assert!((700..900).contains(&twice), "{twice}");
    }

    #[test]
    fn a_host_takes_in_one_thing_after_the_other_and_its_socket_keeps_so_much() {
        let mut network = Network::new(2, Weather::FAIR, Choice::from_seed(1));
        network.set_intake(Intake { byte_ns: 1_000, kept_bytes: 10_000 });
        let mut carry = |to| network.carry(Instant::ZERO, 0, to, 1_000)[0];
        let arrivals: Vec<_> = (0..20).filter_map(|_| carry(1)).collect();
        let apart = Duration::from_millis(1);
        assert!(arrivals.windows(2).all(|pair| pair[1].since(pair[0]) >= apart), "{arrivals:?}");
        assert!((10..=12).contains(&arrivals.len()), "{arrivals:?}");
        assert!(carry(0).is_some_and(|at| at < arrivals[1]));
    }
}
