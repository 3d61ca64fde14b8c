//! Planted faults: the code is broken on purpose, one place at a time, in a scratch copy, and the
//! suite has to find each. A fault that nothing finds says which check is missing.

mod list;
mod promises;
mod table;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Args;

use self::list::Plant;
use self::table::{Outcome, Table};
use crate::Done;
use crate::cargo::{root, target};

pub(crate) use self::promises::unplanted;

/// Seeds of each family and mode that a fault is given to show itself before tests look for it.
/// What is planted for a promise is given all of them, so that whatever it breaks is told.
const SEEDS_FIRST: RangeInclusive<u64> = 1..=20;

/// Those that look for what tests have not found.
const SEEDS_LAST: RangeInclusive<u64> = 21..=100;

/// A command that takes so many seconds has found that something does not end.
const PATIENCE: &str = "900";

/// What `timeout` says then.
const UNENDED: [i32; 2] = [124, 137];

/// Who judges what.
const PROMISES: &str = "docs/promises.md";

/// Breaks the code on purpose, one place at a time in a copy, and has the suite find it. What came
/// of each is kept in docs/plants.md at once, and what has a result there is not planted again: a
/// long list can be run in parts. First come those that are planted for a promise
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the faults whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Plant them although they have a result
    #[arg(long, conflicts_with = "write")]
    again: bool,
    /// Begin with the last: so a second run, with a target directory of its own, works beside a
    /// first
    #[arg(long)]
    backwards: bool,
    /// Plant nothing: write docs/plants.md for the list as it is now
    #[arg(long)]
    write: bool,
}

/// Plants what was chosen, and keeps what found it.
pub(crate) fn run(options: &Options) -> Done {
    let chosen: Vec<&Plant> = list::all().filter(|it| it.name.contains(&options.only)).collect();
    if chosen.is_empty() {
        return Err(format!("no planted fault there is called `{}`", options.only));
    }
    let mut wrong = Vec::new();
    if !options.write {
        let table = Table::read();
        let is_open = |plant: &&&Plant| options.again || table.get(plant).is_none();
        let mut open: Vec<&Plant> = chosen.iter().filter(is_open).copied().collect();
        open.sort_by_key(|plant| promises::broken_by(plant).next().is_none());
        if options.backwards {
            open.reverse();
        }
        let (copy, at) = (copy_workspace()?, commit()?);
        for (place, plant) in (1..).zip(&open) {
            // Perhaps a run beside this one was there first.
            if !options.again && Table::read().get(plant).is_some() {
                continue;
            }
            eprintln!("{place} of {}: {}", open.len(), plant.name);
            match try_one(&copy, plant, &at) {
                Ok(outcome) => Table::keep(plant, outcome)?,
                Err(why) => wrong.push(why),
            }
        }
    }
    let table = Table::read();
    table.write()?;
    println!("{}", table.summary());
    let lost = |plant: &&&Plant| table.get(plant).is_some_and(|it| it.found.is_none());
    wrong.extend(chosen.iter().filter(lost).map(|plant| format!("not found: {}", plant.name)));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn try_one(copy: &Path, plant: &Plant, at: &str) -> Result<Outcome, String> {
    let began = Instant::now();
    let file = copy.join(plant.file);
    let whole = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let broken = planted(plant, &whole)?;
    std::fs::write(&file, broken).map_err(|error| error.to_string())?;
    let found = find(copy, plant);
    std::fs::write(&file, whole).map_err(|error| error.to_string())?;
    let (found, judged) = match found? {
        Some(Finding { by, judged }) => (Some(by), judged),
        None => (None, BTreeSet::new()),
    };
    Ok(Outcome { found, judged, seconds: began.elapsed().as_secs(), at: at.to_owned() })
}

/// Which of the list no longer fits the code: for tidy.
pub(crate) fn stale() -> Vec<String> {
    let misfit = |plant: &Plant| {
        let text = std::fs::read_to_string(root().join(plant.file)).unwrap_or_default();
        planted(plant, &text).err()
    };
    list::all().filter_map(misfit).collect()
}

/// The file with the fault in it.
fn planted(plant: &Plant, whole: &str) -> Result<String, String> {
    match whole.matches(plant.from).count() {
        1 => Ok(whole.replacen(plant.from, plant.to, 1)),
        places => Err(format!(
            "planted fault `{}`: its text stands {places} times in {}, not once",
            plant.name, plant.file
        )),
    }
}

/// What found a fault.
struct Finding {
    by: String,
    /// The promises that judges found broken there.
    judged: BTreeSet<u32>,
}

/// What finds the fault, if anything does: few storms, tests, many storms.
fn find(copy: &Path, plant: &Plant) -> Result<Option<Finding>, String> {
    if !plant.families.is_empty() {
        compile(copy, plant, &["build", "--package", "sim"])?;
    }
    let promised = promises::broken_by(plant).next().is_some();
    let how = if promised { &["--all"][..] } else { &[] };
    for family in plant.families {
        if let Some(finding) = storm(copy, family, SEEDS_FIRST, how)? {
            return Ok(Some(finding));
        }
    }
    for package in plant.packages {
        let words = ["test", "--package", package, "--tests", "--lib"];
        compile(copy, plant, &[&words[..], &["--no-run"]].concat())?;
        if let Some(text) = cargo(copy, &words)? {
            // A list of names follows the frames of a backtrace.
            let is_name = |line: &&str| line.starts_with("    ") && !line.trim().contains(' ');
            let failed = text.lines().find(is_name).or_else(|| text.lines().last());
            let by = format!("test of {package}: {}", failed.unwrap_or_default().trim());
            return Ok(Some(Finding { by, judged: BTreeSet::new() }));
        }
    }
    for family in plant.families {
        if let Some(finding) = storm(copy, family, SEEDS_LAST, &[])? {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

/// Builds what is to be run: a fault that does not compile is none.
fn compile(copy: &Path, plant: &Plant, words: &[&str]) -> Done {
    let wrong = |text| format!("planted fault `{}` does not compile:\n{text}", plant.name);
    cargo(copy, words)?.map_or(Ok(()), |text| Err(wrong(text)))
}

/// What storms of these seeds find.
fn storm(
    copy: &Path,
    family: &str,
    seeds: RangeInclusive<u64>,
    how: &[&str],
) -> Result<Option<Finding>, String> {
    let (from, count) = (seeds.start().to_string(), seeds.count().to_string());
    let words = ["--family", family, "--from", &from, "--seeds", &count];
    let sim = copy.join("target/plant/sim");
    let Some(text) = complaint(patient(copy).arg(sim).args(words).args(how))? else {
        return Ok(None);
    };
    let document = std::fs::read_to_string(copy.join(PROMISES));
    let document = document.map_err(|error| format!("{PROMISES}: {error}"))?;
    let broken = broken(&text);
    let ended = || text.lines().find(|line| line.contains("panicked at") || line == &SLOW);
    let first = broken.first().map(String::as_str).or_else(ended).unwrap_or("it ended badly");
    let judged = broken.iter().filter_map(|it| promises::judged_by(&document, it)).collect();
    Ok(Some(Finding { by: format!("storm {family}: {first}"), judged }))
}

/// The properties that a storm complains of, the first first.
fn broken(text: &str) -> Vec<String> {
    let complaint = |line: &str| {
        let line = line.trim_start();
        let rest = line.strip_prefix("VIOLATION ").or_else(|| line.strip_prefix("and "))?;
        rest.split([' ', ':']).next().map(str::to_owned)
    };
    let mut broken: Vec<String> = Vec::new();
    for property in text.lines().filter_map(complaint) {
        if !broken.contains(&property) {
            broken.push(property);
        }
    }
    broken
}

/// What is said of a command that was ended.
const SLOW: &str = "it did not end";

fn cargo(copy: &Path, words: &[&str]) -> Result<Option<String>, String> {
    let mut command = patient(copy);
    command.arg(env!("CARGO")).args(words).args(["--quiet", "--profile", "plant"]);
    complaint(command.env("CARGO_TARGET_DIR", copy.join("target")))
}

/// What runs a command in the copy, and ends it and all that it started if it does not end.
fn patient(copy: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.current_dir(copy).args(["--kill-after=9", PATIENCE]);
    command
}

/// Everything that a command says, if it fails.
fn complaint(command: &mut Command) -> Result<Option<String>, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(None);
    }
    let mut text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.code().is_none_or(|code| UNENDED.contains(&code)) {
        text.push('\n');
        text.push_str(SLOW);
    }
    Ok(Some(text))
}

/// What this git command says.
fn git(words: &[&str]) -> Result<String, String> {
    let said = Command::new("git").current_dir(root()).args(words).output();
    let said = said.map_err(|error| format!("git {}: {error}", words.join(" ")))?;
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// The commit that faults are planted in, with a `+` if the crates are not as they are there.
fn commit() -> Result<String, String> {
    let name = git(&["rev-parse", "--short", "HEAD"])?;
    let differs = !git(&["status", "--porcelain", "crates"])?.is_empty();
    Ok(format!("{}{}", name.trim(), if differs { "+" } else { "" }))
}

/// Copies what git tracks, as it is now, into the target directory.
fn copy_workspace() -> Result<PathBuf, String> {
    let copy = target().join("plant");
    for path in git(&["ls-files", "-z"])?.split_terminator('\0') {
        let (from, to) = (root().join(path), copy.join(path));
        let bytes = std::fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        if std::fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder = to.parent().ok_or("a file without a folder")?;
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        std::fs::write(&to, bytes).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_complaint_of_a_storm_is_a_property_that_is_broken() {
        let said = "VIOLATION fifo: a#1 (2 of this kind)\n      and state: b#1 (1 of this kind)\n\
                    \x20  repeat: cargo xtask sim\nVIOLATION fifo: c#1 (1 of this kind)\n";
        assert_eq!(broken(said), ["fifo", "state"]);
    }
}
