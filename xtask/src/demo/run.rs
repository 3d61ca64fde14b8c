//! Run: all phases with one policy, and what they measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::bar::Bar;
use super::houses::Houses;
use super::judge::{Verdict, judge};
use super::limits::NAMES;
use super::node::Policy;
use super::numbers::Numbers;
use super::phases::{Calm, Create, Fall, Load, Meet, Quit, Rejoin, Replicate, Round};
use super::plan::Group;
use super::town::{Phase as _, Town};
use super::verify::compare;
use super::wards::Wards;

/// What a run is given.
pub(super) struct Setting<'a> {
    pub(super) binary: &'a Path,
    /// A daemon to be behind; without it each process has its own kernel.
    pub(super) horusd: Option<&'a Path>,
    /// Its own: histories go to `history` in it.
    pub(super) folder: PathBuf,
    pub(super) policy: Policy,
    /// Who is killed.
    pub(super) victim: usize,
    /// How long groups may be created; without it, until all are.
    pub(super) creating_max: Option<Duration>,
    pub(super) wards: &'a Wards,
    pub(super) bar: &'a Bar,
}

/// Counters of each process.
type Counters = BTreeMap<usize, BTreeMap<String, u64>>;

fn milliseconds(from_us: u64, to_us: u64) -> f64 {
    to_us.saturating_sub(from_us) as f64 / 1_000.0
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1_000.0
}

fn sum(counters: &Counters, name: &str) -> u64 {
    counters.values().filter_map(|each| each.get(name)).sum()
}

/// What all have counted, daemons too.
fn counters(town: &mut Town<'_>, houses: Option<&Houses<'_>>) -> Result<Counters, String> {
    let mut all = town.run(Round::stats())?.counters();
    // A killed process has the place behind the others.
    all.extend((NAMES.len() + 1..).zip(houses.map_or(Ok(Vec::new()), Houses::counters)?));
    Ok(all)
}

impl Setting<'_> {
    /// Where the histories lie.
    pub(super) fn histories(&self) -> PathBuf {
        self.folder.join("history")
    }

    /// Goes through everything.
    ///
    /// # Errors
    /// A sentence that says what did not come about.
    pub(super) fn run(&self, groups: Vec<Group>) -> Result<(Numbers, Verdict), String> {
        let start = Instant::now();
        let mut numbers = Numbers::default();
        let open = |horusd| Houses::open((horusd, self.binary), &self.folder, self.wards);
        let houses = self.horusd.map(open).transpose()?;
        let houses = houses.as_ref();
        let programs = (self.binary, self.folder.as_path());
        let mut town = Town::new(programs, houses, self.policy, groups, self.wards, self.bar)?;
        self.bring_up(&mut town, &mut numbers)?;
        let before = self.strike(&mut town, houses, &mut numbers)?;
        self.bring_back(&mut town, &mut numbers)?;
        town.run(Calm::default())?;
        town.run(Round::settled())?;
        let held = town.run(Round::held())?.answers();
        let verified = compare(&town.groups, &held)?;
        (numbers.files_verified, numbers.copies_verified) = (verified.files, verified.copies);
        let mut after = counters(&mut town, houses)?;
        // What the killed process had counted went with it; this was last seen of it.
        if let Some(counters) = before.get(&self.victim) {
            after.insert(NAMES.len(), counters.clone());
        }
        numbers.datagrams = sum(&after, "muts.datagrams_sent");
        numbers.bytes_moved = sum(&after, "muts.bytes_sent");
        town.run(Round::quiesce())?;
        town.run(Quit::default())?;
        let judging = "judge the histories";
        self.bar.begin(judging, 1);
        let verdict = judge(self.binary, &self.histories(), self.wards)?;
        self.bar.end(judging);
        (numbers.events, numbers.violations) = (verdict.events, verdict.violations);
        numbers.seconds = start.elapsed().as_secs_f64();
        Ok((numbers, verdict))
    }

    /// The processes start, the groups come about, the files are replicated.
    fn bring_up(&self, town: &mut Town<'_>, numbers: &mut Numbers) -> Result<(), String> {
        for number in 0..NAMES.len() {
            town.start(number)?;
        }
        town.run(Meet::new((0..NAMES.len()).collect()))?;
        let start = Instant::now();
        let until = self.creating_max.map(|most| start + most);
        let created = town.run(Create::new(&town.groups, until))?;
        numbers.create_ms = since(start);
        numbers.core_groups = created.cores.len();
        (numbers.lwg_create_us, numbers.core_create_us) =
            (created.times.light_us, created.times.core_us);
        // Those for which the time was too short.
        town.keep_created();
        numbers.lwgs = town.groups.len();
        numbers.bytes = town.groups.iter().map(|group| group.piece.bytes).sum();
        let start = Instant::now();
        town.run(Replicate::new(town))?;
        numbers.replicate_ms = since(start);
        let held = town.run(Round::held())?.answers();
        numbers.files = compare(&town.groups, &held)?.files;
        town.run(Round::settled()).map(drop)
    }

    /// One of them is killed under load; the counters just before.
    fn strike(
        &self,
        town: &mut Town<'_>,
        houses: Option<&Houses<'_>>,
        numbers: &mut Numbers,
    ) -> Result<Counters, String> {
        town.run(Load::new(self.victim))?;
        let before = counters(town, houses)?;
        let fall = Fall::new(town, self.victim);
        numbers.views_changed = fall.left();
        let fall = town.run(fall)?;
        let mut after = counters(town, houses)?;
        after.remove(&self.victim);
        let more = |name: &str| {
            let grown = |(number, counters): (&usize, &BTreeMap<String, u64>)| {
                let count = |of: &BTreeMap<String, u64>| of.get(name).copied().unwrap_or(0);
                count(counters) - before.get(number).map_or(0, count)
            };
            after.iter().map(grown).sum()
        };
        numbers.lwgs_hit = fall.groups;
        numbers.core_groups_hit = fall.cores.len();
        numbers.detect_ms = milliseconds(fall.killed_us, fall.first_us);
        numbers.last_view_ms = milliseconds(fall.killed_us, fall.last_us);
        numbers.flushes = more("vsync.flushes");
        numbers.flushes_restarted = more("vsync.flushes_restarted");
        numbers.view_change_datagrams = more("muts.datagrams_of_change");
        Ok(before)
    }

    /// It starts again and its groups and files come back to it.
    fn bring_back(&self, town: &mut Town<'_>, numbers: &mut Numbers) -> Result<(), String> {
        let started_us = town.start(self.victim)?;
        town.run(Meet::new(vec![self.victim]))?;
        let back = town.run(Rejoin::new(town, self.victim))?;
        numbers.rejoin_ms = milliseconds(started_us, back.last_us);
        numbers.rejoin_bytes = back.bytes;
        Ok(())
    }
}
