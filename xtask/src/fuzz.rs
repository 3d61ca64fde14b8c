//! Fuzz: bytes of strangers at everything that reads them, guided by what they reach.
//!
//! libFuzzer, with the counters that the stable compiler can put in, in a build of its own. What is
//! tried, and what must hold, is in `crates/sim/tests/fuzz`; without a fuzzer the tests there try
//! the same targets with the committed corpus and a few seeds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;
use crate::cargo::{execute, root, run_with, target};

/// What the compiler is to put in: counters, where they are, and what is compared with what.
const COUNTERS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cdebug-assertions -Coverflow-checks";

/// Where findings are kept.
const CORPUS: &str = "crates/sim/tests/fuzz/corpus";

/// The longest input: several datagrams of a short path.
const INPUT_BYTES_MAX: u32 = 4_096;

/// What is tried, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One target, or all whose name begins so; none: all, one after the other
    #[arg(default_value = "")]
    target: String,
    /// How long each is tried, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this input: a file that was found before
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only tells the targets
    #[arg(long)]
    list: bool,
}

/// Tries every chosen target; stops at the first finding.
pub(crate) fn run(options: &Options) -> Done {
    let fuzzer = build()?;
    let names = names(&fuzzer)?;
    let one = |name: &&String| **name == options.target;
    let begins = |name: &&String| name.starts_with(&options.target);
    let mut chosen: Vec<&String> = names.iter().filter(one).collect();
    if chosen.is_empty() {
        chosen = names.iter().filter(begins).collect();
    }
    if chosen.is_empty() {
        return Err(format!("no target `{}`; there are: {}", options.target, names.join(" ")));
    }
    if options.list {
        chosen.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    chosen.into_iter().try_for_each(|name| attempt(&fuzzer, name, options))
}

/// For an hour in the night: every target, for so long.
pub(crate) fn all(seconds: u64) -> Done {
    run(&Options { target: String::new(), seconds, file: None, list: false })
}

/// Everything of the fuzzer's, apart from other builds.
fn folder() -> PathBuf {
    target().join("fuzz")
}

fn build() -> Result<PathBuf, String> {
    let host = host()?;
    let folder = folder();
    let place = folder.to_string_lossy().into_owned();
    let env = [("RUSTFLAGS", COUNTERS), ("CARGO_TARGET_DIR", place.as_str())];
    let what = ["--package", "sim", "--example", "fuzzer", "--features", "fuzz"];
    // With a target told, scripts and macros of the build are built as ever.
    let how = ["build", "--quiet", "--profile", "storm", "--target", &host];
    run_with(&[&how[..], &what].concat(), &env)?;
    Ok(folder.join(host).join("storm/examples/fuzzer"))
}

/// The machine that this runs on, as the compiler names it.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(Into::into).ok_or_else(|| "rustc does not tell its host".into())
}

/// What the fuzzer can try.
fn names(fuzzer: &Path) -> Result<Vec<String>, String> {
    let output = Command::new(fuzzer).env("HORUS_FUZZ", "").output();
    let output = output.map_err(|error| format!("{}: {error}", fuzzer.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect())
}

fn attempt(fuzzer: &Path, name: &str, options: &Options) -> Done {
    let (corpus, found) = (folder().join("corpus").join(name), folder().join("found"));
    let kept = root().join(CORPUS).join(name);
    for place in [&corpus, &found] {
        std::fs::create_dir_all(place).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    let prefix = found.join(format!("{name}-"));
    let mut command = Command::new(fuzzer);
    command.env("HORUS_FUZZ", name).arg("-timeout=10").arg("-rss_limit_mb=2048");
    command.arg(format!("-artifact_prefix={}", prefix.display()));
    if let Some(file) = &options.file {
        command.arg(std::path::absolute(file).map_err(|error| error.to_string())?);
    } else {
        command.env("HORUS_FUZZ_SEEDS", &corpus).arg(&corpus);
        command.args(kept.is_dir().then_some(&kept));
        command.arg(format!("-max_total_time={}", options.seconds));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.args(["-verbosity=0", "-print_final_stats=1"]);
    }
    let shown = format!("fuzz {name}");
    execute(&mut command, &shown).map_err(|_| {
        format!(
            "{name} does not hold; the input is the newest of {}*: repeat it with `cargo xtask \
             fuzz {name} --file FILE`, mend it, and keep it in {CORPUS}/{name}/ under a name that \
             tells what it shows",
            prefix.display()
        )
    })
}
