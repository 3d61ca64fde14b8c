//! Planted faults: the code is broken on purpose, one place at a time, in a scratch copy, and the
//! suite has to find each. A fault that nothing finds says which check is missing.

mod list;
mod promises;
mod results;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Args;

use self::list::Plant;
use self::results::{Outcome, Results, mark};
use crate::Done;
use crate::cargo::{root, target};

pub(crate) use self::promises::unplanted;

/// Seeds of each family and mode that a fault is given to show itself.
const SEEDS: u64 = 300;

/// Where the table of a whole run is kept.
const DOCUMENT: &str = "docs/plants.md";

/// Who judges what.
const PROMISES: &str = "docs/promises.md";

/// Breaks the code on purpose, one place at a time in a copy, and has the suite find it. What has a
/// result for this very code is not planted again, so a long list can be run in parts
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the faults whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Only those from this place of the list on; the first is 1
    #[arg(long, value_name = "PLACE", default_value_t = 1)]
    from: usize,
    /// So many places of the list
    #[arg(long, value_name = "PLACES")]
    count: Option<usize>,
    /// Plant them although they have a result
    #[arg(long)]
    again: bool,
    /// Plant nothing, and print what is known of them so far
    #[arg(long)]
    table: bool,
    /// Write docs/plants.md, if then every fault of the list has a result for this very code
    #[arg(long)]
    write: bool,
}

impl Options {
    fn chosen(&self) -> Vec<&'static Plant> {
        let places = list::all().skip(self.from.saturating_sub(1));
        let places = places.take(self.count.unwrap_or(usize::MAX));
        places.filter(|plant| plant.name.contains(&self.only)).collect()
    }
}

/// Plants what was chosen, and tells what found it.
pub(crate) fn run(options: &Options) -> Done {
    let chosen = options.chosen();
    if chosen.is_empty() {
        return Err(format!("no planted fault there is called `{}`", options.only));
    }
    let files = tracked()?;
    let mut results = Results::of(&files, root())?;
    let promises = std::fs::read_to_string(root().join(PROMISES));
    let promises = promises.map_err(|error| format!("{PROMISES}: {error}"))?;
    let is_open = |plant: &&&Plant| options.again || results.get(plant).is_none();
    let open: Vec<&Plant> = chosen.iter().filter(is_open).copied().collect();
    if !options.table && !open.is_empty() {
        let copy = copy_workspace(&files)?;
        for (at, plant) in (1..).zip(&open) {
            eprintln!("{at} of {}: {}", open.len(), plant.name);
            results.keep(try_one(&copy, plant)?)?;
        }
    }
    print!("{}", table::table(&chosen, &results, &promises));
    if options.write {
        write(&results, &promises)?;
    }
    let lost = |plant: &&&Plant| results.get(plant).is_some_and(|it| it.found.is_none());
    let unfound: Vec<&str> = chosen.iter().filter(lost).map(|plant| plant.name).collect();
    if unfound.is_empty() { Ok(()) } else { Err(format!("not found: {}", unfound.join(", "))) }
}

/// Writes down what a whole run has come to.
fn write(results: &Results, promises: &str) -> Done {
    let all: Vec<&Plant> = list::all().collect();
    let missing = all.iter().filter(|plant| results.get(plant).is_none()).count();
    if missing > 0 {
        return Err(format!("{missing} faults have no result for this very code yet"));
    }
    let text = format!(
        "# Planted faults\n\n\
         Written by `cargo xtask plant --write`: each was planted alone, all in one tree. Seconds\n\
         are those of a build and of what found it. What a fault breaks is what it was planted\n\
         for, and what judges found broken ([promises](promises.md)).\n\n{}",
        table::table(&all, results, promises)
    );
    std::fs::write(root().join(DOCUMENT), text).map_err(|error| format!("{DOCUMENT}: {error}"))
}

fn try_one(copy: &Path, plant: &Plant) -> Result<Outcome, String> {
    let began = Instant::now();
    let file = copy.join(plant.file);
    let whole = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let broken = planted(plant, &whole)?;
    std::fs::write(&file, broken).map_err(|error| error.to_string())?;
    let found = find(copy, plant);
    std::fs::write(&file, whole).map_err(|error| error.to_string())?;
    let (found, properties) = found?;
    Ok(Outcome { mark: mark(plant), found, properties, seconds: began.elapsed().as_secs() })
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

/// What finds the fault, if anything does, and the properties that it breaks there.
fn find(copy: &Path, plant: &Plant) -> Result<(Option<String>, Vec<String>), String> {
    let storm = ["build", "--profile", "storm", "--quiet", "--package", "sim"];
    let check = ["check", "--quiet", "--package", plant.packages.first().unwrap_or(&"sim")];
    // Where no storm looks for it, tests find it sooner than a storm is built.
    let words = if plant.families.is_empty() { &check[..] } else { &storm[..] };
    if let Some(text) = cargo(copy, words)? {
        return Err(format!("planted fault `{}` does not compile:\n{text}", plant.name));
    }
    for family in plant.families {
        let seeds = SEEDS.to_string();
        let words = ["--family", family, "--seeds", &seeds];
        let sim = copy.join("target/storm/sim");
        if let Some(text) = complaint(Command::new(sim).current_dir(copy).args(words))? {
            let broken = broken(&text);
            let first = broken.first().map_or("it ended badly", String::as_str);
            return Ok((Some(format!("storm {family}: {first}")), broken));
        }
    }
    for package in plant.packages {
        let test = cargo(copy, &["test", "--quiet", "--package", package, "--tests", "--lib"])?;
        if let Some(text) = test {
            // A list of names follows the frames of a backtrace.
            let is_name = |line: &&str| line.starts_with("    ") && !line.trim().contains(' ');
            let failed = text.lines().find(is_name);
            let name = failed.map_or("a test", str::trim);
            return Ok((Some(format!("test of {package}: {name}")), Vec::new()));
        }
    }
    Ok((None, Vec::new()))
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

fn cargo(copy: &Path, words: &[&str]) -> Result<Option<String>, String> {
    let mut command = Command::new(env!("CARGO"));
    complaint(command.current_dir(copy).env("CARGO_TARGET_DIR", copy.join("target")).args(words))
}

/// Everything that a command says, if it fails.
fn complaint(command: &mut Command) -> Result<Option<String>, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(None);
    }
    let text = [output.stdout, output.stderr].concat();
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// What git tracks.
fn tracked() -> Result<Vec<PathBuf>, String> {
    let listed = Command::new("git").current_dir(root()).args(["ls-files", "-z"]).output();
    let listed = listed.map_err(|error| format!("git ls-files: {error}"))?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(text.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect())
}

/// Copies it, as it is now, into the target directory.
fn copy_workspace(files: &[PathBuf]) -> Result<PathBuf, String> {
    let copy = target().join("plant");
    for path in files {
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

    #[test]
    fn parts_of_the_list_are_all_of_it_and_have_nothing_in_common() {
        let part = |from, count| {
            let only = String::new();
            Options { only, from, count, again: false, table: false, write: false }.chosen()
        };
        let (first, rest) = (part(1, Some(40)), part(41, None));
        assert_eq!(first.len(), 40);
        let names: Vec<&str> = first.iter().chain(&rest).map(|plant| plant.name).collect();
        assert_eq!(names, list::all().map(|plant| plant.name).collect::<Vec<_>>());
    }
}
