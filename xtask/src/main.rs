//! The verbs of the workspace: `cargo xtask` alone lists them.
#![forbid(unsafe_code)]

mod bare;
mod cargo;
mod demo;
mod deny;
mod dist;
mod fuzz;
mod header;
mod plant;
mod space;
mod spaces;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// What goes wrong in a verb, as a sentence for whoever typed it.
type Done = Result<(), String>;

/// Assembles and checks the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Options),
    /// Everything that CI runs, in the order of cost; stops at the first failure
    Test,
    /// Arrows, homes, sizes, first lines, promises and judges: the rules of the house
    Tidy,
    /// Makes the header of libhorus from its source
    Header,
    /// Storms in the pretended world; options after it go to `sim` (try `--help`)
    Sim {
        /// What `sim` is told.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Every floor beside what it stands on, measured by turns in real processes: muts, vsync, lwg,
    /// gate, tools, paper or all (try `cargo xtask bench --help`)
    Bench {
        /// What the benchmarks are told.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    Plant(plant::Options),
    /// Bytes of strangers at everything that reads them, guided by what they reach; needs a C++
    /// compiler, and minutes for its first build
    Fuzz(fuzz::Options),
    /// Every interleaving of the bell, and of who waits at the roof
    Loom,
    /// Links the floors into a program without a standard library: the proof that they do no I/O
    Bare,
    /// Assembles one of the two spaces below target/space, checks what it is made of, lists it
    Space {
        /// The daemon, or library and command line without a kernel
        which: space::Which,
    },
    /// An archive and a Debian package of each space below target/dist, unpacked again and run
    Dist,
    /// What the workspace depends on: known holes, licences, sources; needs `cargo deny` and the
    /// network
    Deny,
    /// The documentation, with warnings as errors
    Doc,
    /// All that `test` runs, then deny, dist, the fuzzer, and long storms: what CI runs every night
    Night {
        /// How long the storms last, in minutes
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
}

/// A bad option, as other tools answer it.
const BAD_OPTIONS: u8 = 2;

fn main() -> ExitCode {
    // `cargo xtask sim --help` is for sim, so clap must not answer it.
    // What is not UTF-8 is for clap to refuse.
    let args: Result<Vec<String>, _> = std::env::args_os().map(|word| word.into_string()).collect();
    let args = args.unwrap_or_default();
    match args.get(1).map(String::as_str) {
        Some("sim") => return end(cargo::sim(&args[2..])),
        Some("bench") => return end(cargo::bench(&args[2..])),
        _ => {}
    }
    match Options::try_parse() {
        Ok(options) => run(options.verb),
        Err(error) => answer(&error),
    }
}

fn end(done: Done) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Help was asked for, or an option cannot be: then one line says which.
fn answer(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let said = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said = said.take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
    eprintln!("cargo xtask: {}", said.collect::<Vec<_>>().join(" "));
    ExitCode::from(BAD_OPTIONS)
}

fn run(verb: Option<Verb>) -> ExitCode {
    end(match verb {
        None => Options::command().print_help().map_err(|error| error.to_string()),
        Some(Verb::Demo(options)) => return demo::run(&options),
        Some(Verb::Test) => test::run_all(),
        Some(Verb::Tidy) => tidy::run(),
        Some(Verb::Header) => header::write(),
        Some(Verb::Sim { args }) => cargo::sim(&args),
        Some(Verb::Bench { args }) => cargo::bench(&args),
        Some(Verb::Plant(options)) => plant::run(&options),
        Some(Verb::Fuzz(options)) => fuzz::run(&options),
        Some(Verb::Loom) => test::loom(),
        Some(Verb::Bare) => bare::run(),
        Some(Verb::Space { which }) => space::run_for(which),
        Some(Verb::Dist) => dist::run(),
        Some(Verb::Deny) => deny::run_all(),
        Some(Verb::Doc) => test::doc(),
        Some(Verb::Night { minutes }) => test::night(minutes),
    })
}
