//! Storm: what goes wrong, when; a plan drawn from choices, blow by blow.

use std::collections::BTreeMap;

use muts::{Duration, Instant, Layer};

use crate::choice::Choice;
use crate::limits::{FAULT_KINDS_MIN, FAULTS_MIN};
use crate::network::Weather;
use crate::script::App;
use crate::world::World;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A process is killed, between two turns or in the middle of sending.
    Crash,
    /// A process starts where none runs.
    Restart,
    /// A process is killed and starts again, mostly before anybody can have noticed.
    Bounce,
    /// A process is stopped for a while.
    Pause,
    /// Two sides that do not hear each other; sometimes some still hear some.
    Part,
    /// One direction of one link is cut.
    CutOneWay,
    /// One process sends but does not hear, or the reverse.
    Deafen,
    /// Every link is whole again.
    Heal,
    /// The weather of a link, or of all, changes.
    Weather,
    /// Some do not hear some in the hall any more, or hear them again.
    Hall,
    /// For a moment nothing arrives anywhere, or at one host and from it.
    Blackout,
}

const FAULTS: [Fault; 11] = [
    Fault::Crash,
    Fault::Restart,
    Fault::Bounce,
    Fault::Pause,
    Fault::Part,
    Fault::CutOneWay,
    Fault::Deafen,
    Fault::Heal,
    Fault::Weather,
    Fault::Hall,
    Fault::Blackout,
];

/// After these not everybody hears everybody.
const PARTS: [Fault; 3] = [Fault::Part, Fault::CutOneWay, Fault::Deafen];

impl Fault {
    /// What it may be counted as; of a restart and of what heals nothing is.
    const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Crash => &["crash", IN_MID_SEND],
            Self::Bounce => &[BOUNCE],
            Self::Restart | Self::Heal => &[],
            Self::Pause => &["pause"],
            Self::Part => &["partition", "leaky partition"],
            Self::CutOneWay => &["one-way cut"],
            Self::Deafen => &["deafened", "muted"],
            Self::Weather => &["weather"],
            Self::Hall => &["hall"],
            Self::Blackout => &["blackout"],
        }
    }
}

/// What faults are counted as: one of these each.
const BLOWS: [&str; 10] = [
    "blackout",
    "crash",
    "deafened",
    "hall",
    "leaky partition",
    "muted",
    "one-way cut",
    "partition",
    "pause",
    "weather",
];

/// So many more are aimed at than there have to be: some blows hit nobody.
const IN_VAIN: u64 = 5;

/// Two kinds of crash that are counted as such besides.
const IN_MID_SEND: &str = "crash in mid-send";
const BOUNCE: &str = "bounce";

/// The kinds of faults among what was counted: a crash is of one kind alone.
#[must_use]
pub fn fault_kinds(counts: &BTreeMap<&'static str, u64>) -> Vec<&'static str> {
    let count = |kind: &str| counts.get(kind).copied().unwrap_or(0);
    let plain = count("crash") > count(IN_MID_SEND) + count(BOUNCE);
    let kinds = BLOWS.into_iter().chain([IN_MID_SEND, BOUNCE]);
    kinds.filter(|kind| count(kind) > 0 && (*kind != "crash" || plain)).collect()
}

/// How many faults were counted.
#[must_use]
pub fn faults(counts: &BTreeMap<&'static str, u64>) -> u64 {
    counts.iter().filter(|(kind, _)| BLOWS.contains(kind)).map(|(_, count)| count).sum()
}

/// A plan of faults.
#[derive(Debug)]
pub struct Storm {
    choice: Choice,
    /// How likely each fault is, relative to the others.
    weights: [u64; FAULTS.len()],
    /// The silence after which the towers suspect: pauses, cuts and gaps are measured in it.
    silence_ms: u64,
    gap_max_ms: u64,
    /// Nobody is to be taken for failed who lives.
    gentle: bool,
    /// Somebody may not hear the hall.
    has_hall: bool,
    /// Systems say that nobody listens: of the dead, and some of what is cut off.
    refuses: bool,
    /// What is drawn from this leaves all else as it was.
    aside: Choice,
}

impl Storm {
    /// A storm whose kinds of faults, and how often they come, are drawn too.
    pub fn drawn(mut choice: Choice, silence_ms: u64) -> Self {
        // Every kind has its runs without it, and its runs in which it is most of what happens.
        let mut weights = FAULTS.map(|_| *choice.pick(&[0, 1, 2, 2, 4]));
        weights[1] = weights[1].max(1);
        weights[7] = weights[7].max(1);
        // No more than two are missing.
        let missing = (0..FAULTS.len()).filter(|kind| weights[*kind] == 0);
        for kind in missing.skip(2).collect::<Vec<_>>() {
            weights[kind] = 1;
        }
        let gap_max_ms = silence_ms * choice.between(1, 3);
        let mut aside = choice.clone().fork();
        let refuses = aside.chance(500_000);
        let (gentle, has_hall) = (false, true);
        Self { choice, weights, silence_ms, gap_max_ms, gentle, has_hall, refuses, aside }
    }

    /// The same, but whoever lives hears everybody else that does: nobody is stopped for long.
    #[must_use]
    pub fn without_partitions(mut self) -> Self {
        for (kind, weight) in FAULTS.into_iter().zip(&mut self.weights) {
            *weight = if PARTS.contains(&kind) { 0 } else { (*weight).max(1) };
        }
        self.gentle = true;
        if self.has_hall { self } else { self.without_hall() }
    }

    /// The same where there is no hall.
    #[must_use]
    pub fn without_hall(mut self) -> Self {
        for (kind, weight) in FAULTS.into_iter().zip(&mut self.weights) {
            if kind == Fault::Hall {
                *weight = 0;
            }
        }
        self.has_hall = false;
        self
    }

    /// No faults at all, under some weather.
    #[must_use]
    pub fn none(choice: Choice) -> Self {
        let weights = [0; FAULTS.len()];
        let (silence_ms, gap_max_ms) = (1_000, 1_000);
        let (gentle, has_hall, refuses, aside) = (false, true, false, choice.clone());
        Self { choice, weights, silence_ms, gap_max_ms, gentle, has_hall, refuses, aside }
    }

    /// Rages over a world for this long.
    pub fn rage<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
        length: Duration,
    ) {
        let weather = Weather::drawn(&mut self.choice);
        world.network.set_weather_everywhere(weather);
        if self.refuses {
            world.refuse_for_the_dead();
        }
        let end = world.now() + length;
        while world.now() < end {
            let gap = Duration::from_millis(self.choice.between(10, self.gap_max(world, end)));
            world.run_until(end.min(world.now() + gap));
            let drawn = self.drawn_fault();
            let left = end.since(world.now());
            // At last nothing else comes.
            let owes = left < length / 6 || left < length / 3 && self.choice.chance(500_000);
            let owed = if owes && drawn.is_some() { self.owed(world) } else { None };
            self.strike(world, owed.or(drawn));
        }
    }

    /// How long nothing happens at most: less once there is hardly time for what is still to come.
    fn gap_max<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &self,
        world: &World<T, A>,
        end: Instant,
    ) -> u64 {
        let left_ms = end.since(world.now()).as_millis() as u64;
        match (FAULTS_MIN + IN_VAIN).saturating_sub(faults(world.counts())) {
            0 => self.gap_max_ms,
            owed => self.gap_max_ms.min((left_ms / owed).max(10)),
        }
    }

    /// What comes next by its weight.
    fn drawn_fault(&mut self) -> Option<Fault> {
        let mut drawn = self.choice.below(self.weights.iter().sum());
        for (kind, weight) in FAULTS.into_iter().zip(self.weights) {
            if drawn < weight {
                return Some(kind);
            }
            drawn -= weight;
        }
        None
    }

    /// A kind that has not come, where too few have. Every other blow stays as it was drawn: some
    /// take others before them.
    fn owed<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &World<T, A>,
    ) -> Option<Fault> {
        let counts = world.counts();
        let seen = fault_kinds(counts);
        if seen.len() >= FAULT_KINDS_MIN {
            return None;
        }
        let fits = |kind: &Fault| {
            kind.kinds().iter().any(|name| !seen.contains(name))
                && !(self.gentle && PARTS.contains(kind))
                && (self.has_hall || *kind != Fault::Hall)
        };
        let owed: Vec<Fault> = FAULTS.into_iter().filter(fits).collect();
        let kind = (!owed.is_empty()).then(|| *self.choice.pick(&owed))?;
        // Who is the last to have something may not die before somebody has come to share it.
        let hosts = 0..world.hosts();
        let none_may = kind == Fault::Bounce && !hosts.clone().any(|host| world.may_die(host));
        let is_down = |host| !world.is_up(host);
        Some(if none_may && hosts.clone().any(is_down) { Fault::Restart } else { kind })
    }

    /// Ends: everything whole and running, some of the dead start again. Tells who is up.
    pub fn calm<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
    ) -> Vec<usize> {
        world.network.heal();
        let loss_chance = *self.choice.pick(&[0, 20_000]);
        world.network.set_weather_everywhere(Weather { loss_chance, ..Weather::FAIR });
        world.note("calm", format_args!(""));
        for host in 0..world.hosts() {
            world.resume(host);
            world.spare(host);
            if !world.is_up(host) && self.choice.chance(500_000) {
                world.start(host);
            }
        }
        let up: Vec<_> = (0..world.hosts()).filter(|host| world.is_up(*host)).collect();
        if up.is_empty() {
            world.start(0);
            return vec![0];
        }
        up
    }

    /// Ends for some only: they are whole for good and can reach each other, all else stays broken
    /// for good. Tells who they are.
    pub fn calm_some<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
    ) -> Vec<usize> {
        let up = self.calm(world);
        let some = self.choice.some(&up, 1);
        for &host in up.iter().filter(|host| !some.contains(host)) {
            self.choice_of_ruin(world, host, &some);
        }
        some
    }

    fn choice_of_ruin<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
        host: usize,
        some: &[usize],
    ) {
        let ruin = self.choice.below(5);
        world.note("ruin", format_args!("p{host} by {ruin}"));
        match ruin {
            0 if world.may_die(host) => world.crash(host),
            1 => world.pause(host, Duration::from_secs(86_400)),
            _ => {
                let rejects = self.rejects();
                for &other in some {
                    if ruin != 3 {
                        world.network.shut(host, other, rejects);
                    }
                    if ruin != 4 {
                        world.network.shut(other, host, rejects);
                    }
                }
            }
        }
    }

    /// One blow.
    fn strike<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
        fault: Option<Fault>,
    ) {
        match fault {
            None => {}
            Some(Fault::Crash) => self.crash(world),
            Some(Fault::Restart) => self.restart(world),
            Some(Fault::Bounce) => self.bounce(world),
            Some(Fault::Pause) => self.pause(world),
            Some(Fault::Part) => self.part(world),
            Some(Fault::CutOneWay) => self.cut_one_way(world),
            Some(Fault::Deafen) => self.deafen(world),
            Some(Fault::Heal) => {
                world.network.heal();
                world.note("heal", format_args!(""));
            }
            Some(Fault::Weather) => self.change_weather(world),
            Some(Fault::Hall) => self.change_hall(world),
            Some(Fault::Blackout) => self.black_out(world),
        }
    }

    fn victim<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &World<T, A>,
        up: bool,
    ) -> Option<usize> {
        let fits = |host: &usize| world.is_up(*host) == up;
        let hosts: Vec<_> = (0..world.hosts()).filter(fits).collect();
        (!hosts.is_empty()).then(|| *self.choice.pick(&hosts))
    }

    fn crash<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let up = (0..world.hosts()).filter(|host| world.is_up(*host)).count();
        if up < 2 {
            return;
        }
        let Some(host) = self.victim(world, true) else { return };
        if !world.may_die(host) {
            return;
        }
        let seen = fault_kinds(world.counts());
        let in_mid_send = match (seen.contains(&"crash"), seen.contains(&IN_MID_SEND)) {
            (true, false) => true,
            (false, true) => false,
            _ => self.choice.chance(600_000),
        };
        if in_mid_send && !world.is_paused(host) {
            let datagrams = self.choice.below(12);
            world.doom(host, datagrams);
        } else {
            world.crash(host);
        }
    }

    fn restart<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        if let Some(host) = self.victim(world, false) {
            world.start(host);
        }
    }

    fn bounce<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let spare: Vec<_> = (0..world.hosts()).filter(|host| world.may_die(*host)).collect();
        if spare.is_empty() {
            return;
        }
        let host = *self.choice.pick(&spare);
        world.crash(host);
        let wait_ms = *self.choice.pick(&[0, 10, self.silence_ms / 2, self.silence_ms]);
        world.run_for(Duration::from_millis(wait_ms));
        world.note(BOUNCE, format_args!("p{host} after {wait_ms} ms"));
        world.start(host);
    }

    fn pause<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let Some(host) = self.victim(world, true) else { return };
        let tenths: &[u64] = if self.gentle { &[1, 2] } else { &[1, 5, 9, 12, 20, 50] };
        let tenths = *self.choice.pick(tenths);
        world.pause(host, Duration::from_millis(self.silence_ms * tenths / 10));
    }

    fn part<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let sides: Vec<_> = (0..world.hosts()).map(|_| self.choice.chance(500_000)).collect();
        // Most partitions are clean; in the others some still hear some of the other side.
        let leak_chance = *self.choice.pick(&[0, 0, 300_000]);
        let rejects = self.rejects();
        for from in 0..sides.len() {
            for to in 0..sides.len() {
                if sides[from] != sides[to] && !self.choice.chance(leak_chance) {
                    world.network.shut(from, to, rejects);
                }
            }
        }
        let kind = if leak_chance == 0 { "partition" } else { "leaky partition" };
        world.note(kind, format_args!("{sides:?}"));
    }

    /// Whether who sends where it does not come is told so.
    fn rejects(&mut self) -> bool {
        self.refuses && self.aside.chance(500_000)
    }

    fn cut_one_way<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
    ) {
        let from = self.choice.below(world.hosts() as u64) as usize;
        let to = self.choice.below(world.hosts() as u64) as usize;
        if from != to {
            let rejects = self.rejects();
            world.network.shut(from, to, rejects);
            // Mostly a firewall is of the same mind about the way back.
            if rejects && self.aside.chance(700_000) {
                world.network.shut(to, from, rejects);
            }
            world.note("one-way cut", format_args!("p{from} to p{to}"));
        }
    }

    fn deafen<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let Some(host) = self.victim(world, true) else { return };
        let deaf = self.choice.chance(500_000);
        for other in (0..world.hosts()).filter(|other| *other != host) {
            if deaf {
                world.network.cut(other, host, true);
            } else {
                world.network.cut(host, other, true);
            }
        }
        world.note(if deaf { "deafened" } else { "muted" }, format_args!("p{host}"));
    }

    fn change_hall<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
    ) {
        let deaf_chance = *self.choice.pick(&[0, 100_000, 500_000]);
        for from in 0..world.hosts() {
            for to in 0..world.hosts() {
                world.network.deafen(from, to, self.choice.chance(deaf_chance));
            }
        }
        let kind = if deaf_chance == 0 { "hall whole" } else { "hall" };
        world.note(kind, format_args!("deaf by {deaf_chance}"));
    }

    fn black_out<T: Layer, A: App<Down = T::Down, Up = T::Up>>(&mut self, world: &mut World<T, A>) {
        let most = if self.gentle { self.silence_ms / 10 } else { self.silence_ms * 3 / 10 };
        let length_ms = self.choice.between(self.silence_ms / 20, most);
        let (hosts, everywhere) = (world.hosts(), self.choice.chance(500_000));
        let one = self.choice.below(hosts as u64) as usize;
        let links = (0..hosts).flat_map(|from| (0..hosts).map(move |to| (from, to)));
        let dark = |&(from, to): &(usize, usize)| everywhere || from == one || to == one;
        let links: Vec<_> =
            links.filter(dark).filter(|(from, to)| !world.network.is_cut(*from, *to)).collect();
        world.note("blackout", format_args!("for {length_ms} ms at {} links", links.len()));
        links.iter().for_each(|(from, to)| world.network.cut(*from, *to, true));
        world.run_for(Duration::from_millis(length_ms));
        links.iter().for_each(|(from, to)| world.network.cut(*from, *to, false));
    }

    fn change_weather<T: Layer, A: App<Down = T::Down, Up = T::Up>>(
        &mut self,
        world: &mut World<T, A>,
    ) {
        let weather = Weather::drawn(&mut self.choice);
        if self.choice.chance(500_000) {
            world.network.set_weather_everywhere(weather);
            world.note("weather", format_args!("everywhere {weather:?}"));
        } else {
            let from = self.choice.below(world.hosts() as u64) as usize;
            let to = self.choice.below(world.hosts() as u64) as usize;
            world.network.set_weather(from, to, weather);
            world.note("weather", format_args!("p{from} to p{to} {weather:?}"));
        }
    }
}
