//! What CI runs, in the order of cost; each step shows its command, the first failure ends it.

mod untried;

use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::Done;
use crate::cargo::{has, run, run_with, sim, target};
use untried::Untried;

/// Fresh seeds on every push, shared out among all families and modes.
const SEEDS_FRESH: u64 = 500;

/// The same in one go of the storms at night.
const SEEDS_A_GO: u64 = 120;

/// The same seeds every time: what once was found by one of them is found again.
const SEEDS_FIXED: u64 = 10;

/// Every run that failed once.
const FAILED: &str = "crates/sim/failed";

/// Storms of real processes at night.
const STORMS_OF_PROCESSES: &str = "60";

/// How long each target is fuzzed at night.
const FUZZ_SECONDS: u64 = 60;

/// Everything, cheapest first; at the end what could not be tried here.
pub(crate) fn run_all() -> Done {
    let untried = Untried::new()?;
    let done = all_steps(&untried);
    untried.tell();
    done
}

fn all_steps(untried: &Untried) -> Done {
    run(&["fmt", "--all", "--check"])?;
    crate::tidy::run()?;
    crate::bare::run()?;
    run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if has("nextest") {
        run_with(&["nextest", "run", "--workspace"], &untried.told())?;
    } else {
        let all = ["test", "--workspace", "--lib", "--bins", "--tests", "--examples"];
        run_with(&all, &untried.told())?;
    }
    run(&["test", "--workspace", "--doc"])?;
    doc()?;
    other_systems(untried)?;
    loom()?;
    sim(&["--list", FAILED].map(str::to_owned))?;
    sim(&["--seeds", &SEEDS_FIXED.to_string()].map(str::to_owned))?;
    fresh(SEEDS_FRESH, of_this_tree().unwrap_or_else(of_this_second))
}

/// The paths of other systems: the portable one under test here, and the list of names.
fn other_systems(untried: &Untried) -> Done {
    let tests = ["--test", "all", "--", "loopback::", "multicast::", "sockets::"];
    let portable = ["test", "--package", "muts", "--features", "portable"];
    run_with(&[&portable[..], &tests].concat(), &untried.told())?;
    let none = ["--lib", "--profile", "check", "--", "--cfg", "horus_none", "-D", "warnings"];
    run(&[&["rustc", "--package", "muts"][..], &none].concat())
}

/// The documentation, with warnings as errors.
pub(crate) fn doc() -> Done {
    run_with(&["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
}

/// Every interleaving of the bell, and of who waits, chokes or turns at the roof, in a build of
/// their own.
pub(crate) fn loom() -> Done {
    let directory = target().join("loom").to_string_lossy().into_owned();
    let env = [("RUSTFLAGS", "--cfg horus_loom"), ("CARGO_TARGET_DIR", directory.as_str())];
    run_with(
        &[
            "test",
            "--package",
            "muts",
            "--no-default-features",
            "--profile",
            "storm",
            "--test",
            "loom_bell",
            "--test",
            "loom_roof",
            "--test",
            "loom_runtime",
        ],
        &env,
    )
}

/// All that CI runs on a push, what is handed out, the fuzzer, and storms for as long as told.
pub(crate) fn night(minutes: u64) -> Done {
    run_all()?;
    crate::deny::run_if_there()?;
    crate::dist::run()?;
    crate::fuzz::all(FUZZ_SECONDS)?;
    let storms_of_processes =
        ["test", "--release", "--package", "horus", "--test", "processes", "storms"];
    run_with(&storms_of_processes, &[("HORUS_STORMS", STORMS_OF_PROCESSES)])?;
    storms(Duration::from_secs(minutes.saturating_mul(60)), of_this_second())
}

/// A seed that only this tree begins with: whoever runs its storms again finds the same.
fn of_this_tree() -> Option<u64> {
    let asked = Command::new("git").args(["rev-parse", "HEAD^{tree}"]).output().ok()?;
    let name = String::from_utf8(asked.stdout).ok()?;
    let number = u64::from_str_radix(name.get(..8)?, 16).ok()?;
    Some(number << 16)
}

/// A seed that nobody has begun with before.
fn of_this_second() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs() << 16
}

/// Storms over seeds from this one on, until the time is over.
fn storms(long: Duration, mut from: u64) -> Done {
    let began = Instant::now();
    while began.elapsed() < long {
        fresh(SEEDS_A_GO, from)?;
        // Shares are rounded up.
        from += SEEDS_A_GO * 2;
    }
    Ok(())
}

/// So many storms from this seed on.
fn fresh(seeds: u64, from: u64) -> Done {
    sim(&["--from", &from.to_string(), "--spread", &seeds.to_string()].map(str::to_owned))
}
