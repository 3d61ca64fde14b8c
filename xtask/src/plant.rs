//! Planted faults: the code is broken on purpose, one place at a time, in a scratch copy, and the
//! suite has to find each. A fault that nothing finds says which check is missing.

mod list;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use self::list::Plant;
use crate::Done;
use crate::cargo::{root, target};

/// Seeds of each family and mode that a fault is given to show itself.
const SEEDS: u64 = 300;

/// Plants every fault whose name contains `only`, and tells what found it.
pub(crate) fn run(only: &str) -> Done {
    let chosen: Vec<&Plant> = list::all().filter(|plant| plant.name.contains(only)).collect();
    if chosen.is_empty() {
        return Err(format!("no planted fault is called `{only}`"));
    }
    let copy = copy_workspace()?;
    let mut unfound = Vec::new();
    println!("| fault | found by | seconds |\n| --- | --- | --- |");
    for plant in chosen {
        let began = Instant::now();
        let file = copy.join(plant.file);
        let whole = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let broken = planted(plant, &whole)?;
        std::fs::write(&file, broken).map_err(|error| error.to_string())?;
        let found = find(&copy, plant);
        std::fs::write(&file, whole).map_err(|error| error.to_string())?;
        let found = found?.unwrap_or_else(|| {
            unfound.push(plant.name);
            "NOTHING".to_owned()
        });
        println!("| {} | {found} | {} |", plant.name, began.elapsed().as_secs());
    }
    if unfound.is_empty() { Ok(()) } else { Err(format!("not found: {}", unfound.join(", "))) }
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

/// What finds the fault, if anything does.
fn find(copy: &Path, plant: &Plant) -> Result<Option<String>, String> {
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
            let first = text.lines().find(|line| line.starts_with("VIOLATION"));
            let property = first.and_then(|line| line.split([' ', ':']).nth(1));
            return Ok(Some(format!("storm {family}: {}", property.unwrap_or("it ended badly"))));
        }
    }
    for package in plant.packages {
        let test = cargo(copy, &["test", "--quiet", "--package", package, "--tests", "--lib"])?;
        if let Some(text) = test {
            // A list of names follows the frames of a backtrace.
            let is_name = |line: &&str| line.starts_with("    ") && !line.trim().contains(' ');
            let failed = text.lines().find(is_name);
            let name = failed.map_or("a test", str::trim);
            return Ok(Some(format!("test of {package}: {name}")));
        }
    }
    Ok(None)
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

/// Copies what git tracks, as it is now, into the target directory.
fn copy_workspace() -> Result<PathBuf, String> {
    let listed = Command::new("git").current_dir(root()).args(["ls-files", "-z"]).output();
    let listed = listed.map_err(|error| format!("git ls-files: {error}"))?;
    let copy = target().join("plant");
    for path in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|path| !path.is_empty())
    {
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
