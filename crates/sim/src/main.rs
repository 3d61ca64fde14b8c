//! One seed or many: runs storms, counts what they did, and prints one line to repeat a failure.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;
use sim::{Family, Mode, Report, Trace, faults, run, write_histories};

/// Storms over the towers of the workspace, in a pretended world.
#[derive(Debug, Parser)]
struct Options {
    /// Run this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run of each family and mode; of `many` a tenth of that.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Run so many seeds in all instead, from --from on, shared out among all families, moves too,
    /// and both modes: no two of them run the same one.
    #[arg(long, value_name = "SEEDS", conflicts_with_all = ["seed", "seeds", "family", "mode"])]
    spread: Option<u64>,
    /// Run what this file lists instead, one run a line: seed, family, mode, and what went wrong
    /// when it failed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "spread", "family", "mode"])]
    list: Option<PathBuf>,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// streams, core, lwg, gate, gate-lwg, many, state or moves; all but moves if left out.
    #[arg(long)]
    family: Option<String>,
    /// safety or liveness; both if left out.
    #[arg(long)]
    mode: Option<String>,
    /// Print one line per event: use it with --seed.
    #[arg(long)]
    trace: bool,
    /// Print one line per run.
    #[arg(long)]
    every: bool,
    /// Go on after a violation.
    #[arg(long)]
    all: bool,
    /// Families and modes that run at the same time; as many as there are cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Write the histories of failing runs below this directory.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What is run, and how.
type Kind = (Family, Mode);

/// Sums over runs.
#[derive(Default)]
struct Sums {
    runs: u64,
    failed: u64,
    simulated_s: f64,
    sent: u64,
    compared: u64,
    views: u64,
    counts: BTreeMap<&'static str, u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let seeds = match options.seed {
        Some(seed) => seed..seed + 1,
        None => options.from..options.from + options.seeds,
    };
    let asked = match (&options.list, options.spread) {
        (Some(list), _) => listed(list),
        (None, Some(seeds)) => Ok(spread(options.from, seeds)),
        (None, None) => Ok(kinds(&options).map(|kind| (kind, seeds.clone())).collect()),
    };
    let asked: Vec<(Kind, Range<u64>)> = match asked {
        Ok(asked) if !asked.is_empty() => asked,
        Ok(_) => return wrong("no such family or mode"),
        Err(why) => return wrong(&why),
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = if options.trace { 1 } else { options.threads.unwrap_or(cores) };
    let (next, ran, failed) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, asked.len()) {
            scope.spawn(|| {
                while let Some((kind, seeds)) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sums = all_of(&options, *kind, seeds);
                    ran.fetch_add(sums.runs, Ordering::Relaxed);
                    failed.fetch_add(sums.failed, Ordering::Relaxed);
                }
            });
        }
    });
    let (ran, failed) = (ran.into_inner(), failed.into_inner());
    if options.spread.is_some() {
        println!("{ran} seeds in all, each in one family and mode: {failed} failed");
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn wrong(why: &str) -> ExitCode {
    let families = "streams, core, lwg, gate, gate-lwg, many, state, moves";
    eprintln!("{why}: {families}; safety, liveness");
    ExitCode::from(2)
}

/// Every family that is meant, in every mode that is.
fn kinds(options: &Options) -> impl Iterator<Item = Kind> {
    let named = |name: &Option<String>, this: &str| name.as_deref().is_none_or(|name| name == this);
    let asked = options.family.as_deref() == Some(Family::Moves.name());
    let families = Family::ALL.into_iter().chain(asked.then_some(Family::Moves));
    let families = families.filter(move |it| named(&options.family, it.name()));
    families.flat_map(move |family| {
        let modes = Mode::ALL.into_iter().filter(move |it| named(&options.mode, it.name()));
        modes.map(move |mode| (family, mode))
    })
}

/// So many seeds shared out, each for one family and mode; of families whose runs take longer each
/// has as many fewer.
fn spread(from: u64, seeds: u64) -> Vec<(Kind, Range<u64>)> {
    let families = Family::ALL.into_iter().chain([Family::Moves]);
    let kinds: Vec<Kind> = families.flat_map(|it| Mode::ALL.map(|mode| (it, mode))).collect();
    let most = kinds.iter().map(|(family, _)| family.weight()).max().unwrap_or(1);
    let parts: u64 = kinds.iter().map(|(family, _)| most / family.weight()).sum();
    let share = (seeds * most).div_ceil(parts);
    let starts = (0..).map(|kind| from + kind * share);
    kinds.into_iter().zip(starts).map(|(kind, start)| (kind, start..start + share)).collect()
}

/// What a list names; blank lines and those that begin with `#` name nothing.
fn listed(list: &Path) -> Result<Vec<(Kind, Range<u64>)>, String> {
    let text = std::fs::read_to_string(list);
    let text = text.map_err(|error| format!("{}: {error}", list.display()))?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let seed = words.next().and_then(|word| word.parse::<u64>().ok());
        let word = words.next();
        let family = Family::ALL.into_iter().chain([Family::Moves]);
        let family = family.into_iter().find(|family| Some(family.name()) == word);
        let word = words.next();
        let mode = Mode::ALL.into_iter().find(|mode| Some(mode.name()) == word);
        let (Some(seed), Some(family), Some(mode)) = (seed, family, mode) else {
            return Err(format!("{}: line {number} is not SEED FAMILY MODE", list.display()));
        };
        found.push(((family, mode), seed..seed + 1));
    }
    Ok(found)
}

/// Runs these seeds.
fn all_of(options: &Options, (family, mode): Kind, seeds: &Range<u64>) -> Sums {
    let began = Instant::now();
    let mut sums = Sums::default();
    let count = (seeds.end - seeds.start).div_ceil(family.weight());
    for seed in seeds.start..seeds.start + count {
        one(options, family, mode, seed, &mut sums);
        if sums.failed > 0 && !options.all {
            break;
        }
    }
    summary(family, mode, &sums, began.elapsed().as_secs_f64());
    sums
}

fn one(options: &Options, family: Family, mode: Mode, seed: u64, sums: &mut Sums) {
    let trace = if options.trace { Trace::printed() } else { Trace::off() };
    let report = run(family, mode, seed, family.lengths(), &trace);
    sums.runs += 1;
    sums.simulated_s += report.simulated.as_secs_f64();
    sums.sent += report.sent;
    sums.compared += report.compared;
    sums.views += report.views;
    for (kind, count) in &report.counts {
        *sums.counts.entry(kind).or_default() += count;
    }
    if options.every {
        println!(
            "{} {} seed {seed}: digest {:016x}, {} views, {} compared",
            family.name(),
            mode.name(),
            report.digest,
            report.views,
            report.compared
        );
    }
    if !report.violations.is_empty() {
        sums.failed += 1;
        complain(options, family, mode, seed, &report);
    }
}

fn complain(options: &Options, family: Family, mode: Mode, seed: u64, report: &Report) {
    let mut kinds: Vec<(&str, &str, u64)> = Vec::new();
    for violation in &report.violations {
        let property = violation.split(':').next().unwrap_or_default();
        match kinds.iter_mut().find(|(known, ..)| *known == property) {
            Some((.., count)) => *count += 1,
            None => kinds.push((property, violation, 1)),
        }
    }
    for (number, (_, first, count)) in kinds.iter().enumerate() {
        println!(
            "{} {first} ({count} of this kind)",
            if number == 0 { "VIOLATION" } else { "      and" }
        );
    }
    println!(
        "   repeat: cargo xtask sim --seed {seed} --family {} --mode {}",
        family.name(),
        mode.name()
    );
    let Some(out) = &options.out else { return };
    let directory = out.join(format!("{}-{}-{seed}", family.name(), mode.name()));
    match write_histories(&directory, report) {
        Ok(()) => println!("histories: {}", directory.display()),
        Err(error) => println!("histories could not be written: {error}"),
    }
}

fn summary(family: Family, mode: Mode, sums: &Sums, seconds: f64) {
    println!(
        "{} {}: {} seeds, {} failed, {:.1} seeds/s, {:.0} simulated s per s, {} views, {} compared",
        family.name(),
        mode.name(),
        sums.runs,
        sums.failed,
        sums.runs as f64 / seconds,
        sums.simulated_s / seconds,
        sums.views,
        sums.compared
    );
    let runs = sums.runs.max(1) as f64;
    println!(
        "   a run: {:.0} s, {:.0} messages, {:.0} faults",
        sums.simulated_s / runs,
        sums.sent as f64 / runs,
        faults(&sums.counts) as f64 / runs,
    );
    let faults: Vec<_> =
        sums.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    println!("   {}", faults.join(", "));
}
