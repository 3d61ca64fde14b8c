//! Demo: a directory tree replicated by a thousand groups, a process killed, and what that costs.

mod bar;
mod events;
mod houses;
mod judge;
mod limits;
mod node;
mod numbers;
mod phases;
mod plan;
mod run;
mod table;
mod town;
mod tree;
mod verify;
mod wards;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cargo::{root, run as cargo, target};
use crate::space::{self, SPACES};
use bar::Bar;
use limits::{GROUPS_MAX, NAMES};
use node::Policy;
use numbers::Numbers;
use plan::Group;
use run::Setting;
use wards::Wards;

/// A bad option, as other tools answer it.
const BAD_OPTIONS: u8 = 2;

/// Replicate a tree with a light-weight group for each file, kill a process, bring it back
///
/// Builds `horus`, starts four processes on loopback and makes one light-weight group for each file
/// of the tree, on two to four of the processes. Every file is multicast in its group and
/// acknowledged by its SHA-256. Then one process gets SIGKILL under load, is started again and
/// receives its files by state transfer; all copies are compared with the originals by hash.
/// The same again with each group on a core group of its own shows what that would cost. What the
/// processes wrote down is judged by `horus check`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A tree to replicate, as often as there are several; `target` and `.git` in it are passed
    /// over [default: crates and docs of this workspace]
    #[arg(long, value_name = "DIR")]
    dir: Vec<PathBuf>,
    /// Groups at least: the largest files are cut until there are so many
    #[arg(long, value_name = "N", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(GROUPS_MAX)))]
    groups: u32,
    /// Who is killed
    #[arg(long, value_name = "NAME", default_value = "d", value_parser = NAMES)]
    kill: String,
    /// How long the one-to-one run may create groups; 0 leaves it out
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(0..=60))]
    naive: u64,
    /// Work in this new directory, and leave the histories there [default: target/demo]
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Behind daemons: assemble the two spaces, start two of the one, and the processes of the other
    #[arg(long)]
    daemons: bool,
    /// One JSON object with all numbers as the last line of standard output
    #[arg(long)]
    json: bool,
}

/// What ends a demo early.
enum Failed {
    /// It could not begin as was asked.
    Options(String),
    /// Something did not come about.
    Run(String),
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self::Run(why)
    }
}

/// Runs the demo.
pub(crate) fn run(options: &Options) -> ExitCode {
    let (why, code) = match demo(options) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failed::Options(why)) => (why, ExitCode::from(BAD_OPTIONS)),
        Err(Failed::Run(why)) => (why, ExitCode::FAILURE),
    };
    eprintln!("cargo xtask demo: {why}");
    code
}

fn demo(options: &Options) -> Result<(), Failed> {
    let defaults = [root().join("crates"), root().join("docs")];
    let dirs = if options.dir.is_empty() { &defaults[..] } else { &options.dir };
    let files = tree::find(dirs).map_err(Failed::Options)?;
    if files.len() > GROUPS_MAX as usize {
        let why = format!("the tree has {} files; at most {GROUPS_MAX}", files.len());
        return Err(Failed::Options(why));
    }
    let (folder, _lock) = workplace(options.keep.as_deref())?;
    let (binary, horusd) = build(options.daemons)?;
    let (wards, _guard) = Wards::open()?;
    let bar = Bar::new();
    let cutting = format!("read and cut {} files", files.len());
    bar.begin(&cutting, 1);
    let groups = plan::groups(tree::cut(&files, options.groups as usize)?);
    bar.end(&cutting);
    let victim = NAMES.iter().position(|name| *name == options.kill).unwrap_or_default();
    if !groups.iter().any(|group| group.members.contains(&victim)) {
        let why = format!("--kill {}: it is in none of so few groups", options.kill);
        return Err(Failed::Options(why));
    }
    let setting = |name: &str, policy, creating_max| {
        let folder = folder.join(name);
        make(&folder)?;
        Ok::<_, String>(Setting {
            binary: &binary,
            horusd: horusd.as_deref(),
            folder,
            policy,
            victim,
            creating_max,
            wards: &wards,
            bar: &bar,
        })
    };
    let light = setting("light-weight", Policy::Smallest, None)?;
    let naive = (options.naive > 0)
        .then(|| {
            let most = Duration::from_secs(options.naive);
            setting("one-to-one", Policy::OneToOne, Some(most))
        })
        .transpose()?;
    show(options.json, &light, naive.as_ref(), groups)
}

/// The command line, and a daemon if it is to be behind one.
fn build(daemons: bool) -> Result<(PathBuf, Option<PathBuf>), String> {
    if daemons {
        SPACES.into_iter().try_for_each(space::run_for)?;
        let [system, user] = SPACES.map(|which| target().join("space").join(which.space().name));
        return Ok((user.join("bin/horus"), Some(system.join("bin/horusd"))));
    }
    cargo(&["build", "--release", "--package", "horus"])?;
    let horus = format!("horus{}", std::env::consts::EXE_SUFFIX);
    Ok((target().join("release").join(horus), None))
}

/// Goes through the runs and tells what they measured.
fn show(
    json: bool,
    light: &Setting<'_>,
    naive: Option<&Setting<'_>>,
    groups: Vec<Group>,
) -> Result<(), Failed> {
    let (run, verdict) = light.run(groups.clone())?;
    let mut wrong = verdict.wrong(&light.histories());
    let mut beside: Option<Numbers> = None;
    if let Some(setting) = naive {
        let in_naive = |why| format!("with --policy one-to-one: {why}");
        let (numbers, verdict) = setting.run(groups).map_err(in_naive)?;
        wrong = wrong.or(verdict.wrong(&setting.histories()));
        beside = Some(numbers);
    }
    light.bar.clear();
    println!("{}\n", table::table(&run, beside.as_ref()));
    println!("{}", table::sentence(&run, beside.as_ref()));
    let histories = light.histories().display().to_string();
    println!("Histories: {histories}");
    if json {
        println!("{}", run.json(beside.as_ref(), &histories));
    }
    wrong.map_or(Ok(()), |wrong| Err(Failed::Run(wrong)))
}

/// A directory that is empty and nobody else's, for as long as the lock is held.
fn workplace(keep: Option<&Path>) -> Result<(PathBuf, File), Failed> {
    let folder = keep.map_or_else(|| target().join("demo"), Path::to_path_buf);
    if keep.is_some() && folder.exists() {
        let why = format!("--keep: {} is there already; name a new one", folder.display());
        return Err(Failed::Options(why));
    }
    make(&folder)?;
    let cannot = |error| format!("cannot use {}: {error}", folder.display());
    let folder = fs::canonicalize(&folder).map_err(cannot)?;
    let lock = File::create(folder.join("lock")).map_err(cannot)?;
    if lock.try_lock().is_err() {
        let why = format!("another demo works in {}; give it --keep DIR", folder.display());
        return Err(Failed::Options(why));
    }
    // What the last one left behind.
    for name in ["light-weight", "one-to-one"] {
        let old = folder.join(name);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(cannot)?;
        }
    }
    Ok((folder, lock))
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}
