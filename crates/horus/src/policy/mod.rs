//! Policy: what a way of placing light-weight groups would cost, found out by replaying a trace.

mod chart;
mod generate;
mod model;
mod record;
mod table;
mod trace;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use horus::history;
use lwg::{Adaptive, OneToOne, Policy, Smallest};
use muts::Duration;

use generate::Application;
use model::{Model, Sums};
use record::Guess;

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Replay a trace of creates, joins, sends and failures against every policy
    Replay {
        /// The trace; `-` reads it from standard input
        trace: PathBuf,
        /// Where to draw the chart
        #[arg(long, value_name = "FILE.svg")]
        svg: Option<PathBuf>,
    },
    /// Print a trace of what histories tell of light-weight groups. They tell neither times nor
    /// lengths
    Record {
        /// Where the histories lie: what `horus node --history DIR` has written
        directory: PathBuf,
        /// How long each message was
        #[arg(long, default_value_t = 100)]
        bytes: u64,
        /// How much happened in a second
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
        a_second: u64,
    },
    /// Print a trace such as one of the paper's applications makes
    Trace {
        /// Which
        application: Application,
        /// Where its chance comes from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many groups it has
        #[arg(long, default_value_t = 2_000)]
        groups: u64,
    },
}

/// Every policy that is shipped, by name.
fn policies() -> Vec<(&'static str, Box<dyn Policy>)> {
    let adaptive = Adaptive { share_over: 4, ..Adaptive::default() };
    let cold = Smallest { extras_max: None, grace: Some(Duration::ZERO) };
    vec![
        ("one-to-one", Box::new(OneToOne)),
        ("exact", Box::new(Smallest::exact())),
        ("subset", Box::new(Smallest::default())),
        ("subset, no grace", Box::new(cold)),
        ("adaptive", Box::new(adaptive)),
    ]
}

/// Does it; the exit code of the program.
pub(crate) fn run(verb: &Verb) -> ExitCode {
    let done = match verb {
        Verb::Replay { trace, svg } => match replay(trace) {
            Ok(rows) => return draw(&rows, svg.as_deref()),
            Err(why) => Err(why),
        },
        Verb::Record { directory, bytes, a_second } => {
            record(directory, Guess { bytes: *bytes, a_second: *a_second })
        }
        Verb::Trace { application, seed, groups } => {
            Ok(generate::trace(*application, *seed, *groups))
        }
    };
    match done {
        Ok(text) => crate::say::say(text, ExitCode::SUCCESS),
        Err(why) => {
            eprintln!("horus: {why}");
            ExitCode::from(2)
        }
    }
}

fn record(directory: &Path, guess: Guess) -> Result<String, String> {
    let logs = history::read_dir(directory).map_err(|error| error.to_string())?;
    let text = record::trace(&logs, guess);
    if text.is_empty() {
        return Err(format!(
            "{}: no history there tells of a light-weight group; `horus node --history DIR` writes \
             them, `create` makes one",
            directory.display()
        ));
    }
    Ok(text)
}

/// What each policy made of it.
type Rows = Vec<(&'static str, Sums)>;

fn draw(rows: &Rows, svg: Option<&Path>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    if let Some(svg) = svg
        && let Err(error) = chart::draw(svg, rows)
    {
        eprintln!("horus: {}: {error}", svg.display());
        code = ExitCode::FAILURE;
    }
    crate::say::say(table::of(rows), code)
}

fn replay(path: &Path) -> Result<Rows, String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    } else {
        text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let events = trace::read(&text)?;
    let rows = policies()
        .into_iter()
        .map(|(name, policy)| {
            let mut model = Model::new(policy);
            events.iter().for_each(|event| model.take(event));
            (name, model.end())
        })
        .collect();
    Ok(rows)
}
