//! The command line: `horus node` runs a process, `horus check` judges what processes wrote down.

#[path = "../node/mod.rs"]
mod node;
#[cfg(unix)]
#[path = "../operator.rs"]
mod operator;
#[path = "../pages.rs"]
mod pages;
#[path = "../policy/mod.rs"]
mod policy;
#[path = "../say.rs"]
mod say;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use horus::check;
use muts::keyed::KeyFile;

use self::say::say;

/// Histories that cannot be read say nothing of any promise; nor are keys that cannot be read keys.
const UNREADABLE: u8 = 2;

/// Process groups as cheap as malloc.
#[derive(Debug, Parser)]
#[command(name = "horus", version, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Node(Box<node::Options>),
    #[cfg(unix)]
    #[command(flatten)]
    Ask(operator::Ask),
    /// Make a new node's keys: of a new cluster, or of the one that another node's keys belong to
    Keygen {
        /// Where to write them; what is there already is left as it is
        file: PathBuf,
        /// The keys of a node of the same cluster
        #[arg(long, value_name = "FILE")]
        like: Option<PathBuf>,
    },
    /// Find out what ways of placing light-weight groups would cost
    Policy {
        #[command(subcommand)]
        what: policy::Verb,
    },
    /// Write man pages and completions below a directory like /usr/share
    Pages {
        /// The directory
        share: PathBuf,
    },
    /// Judge the histories in a directory: exit code 1 if a promise was broken, or if there is
    /// nothing to judge; 2 if they cannot be read
    Check {
        /// Where the histories lie
        directory: PathBuf,
        /// One JSON object instead of words
        #[arg(long)]
        json: bool,
        /// Demand one total order for all processes, crashed and partitioned ones included
        #[arg(long)]
        total_strong: bool,
        /// Demand causal order across groups
        #[arg(long)]
        causal_across: bool,
    },
}

fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error)
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            return say(error, ExitCode::SUCCESS);
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{error}");
            return ExitCode::from(2);
        }
        Err(error) => {
            let text = error.to_string();
            let mut said = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let first = said.next().unwrap_or("error: bad options");
            // The names of what is missing, or what would be right, follow on lines of their own.
            let names: Vec<_> = said
                .take_while(|line| !line.starts_with("Usage"))
                .filter(|l| ["-", "<", "[", "tip:"].iter().any(|begin| l.starts_with(begin)))
                .collect();
            eprintln!("horus: {}", [&[first], &names[..]].concat().join(" "));
            return ExitCode::from(2);
        }
    };
    match line.what {
        What::Node(options) => node::run(&options),
        What::Policy { what } => policy::run(&what),
        #[cfg(unix)]
        What::Ask(ask) => operator::run(&ask),
        What::Keygen { file, like } => keygen(&file, like.as_deref()),
        What::Pages { share } => match pages::write(&Line::command(), &share) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("horus pages: {}: {error}", share.display());
                ExitCode::FAILURE
            }
        },
        What::Check { directory, json, total_strong, causal_across } => {
            let options =
                check::Options { total_strong, causal_across, ..check::Options::default() };
            judge(&directory, &options, json)
        }
    }
}

fn keygen(file: &Path, like: Option<&Path>) -> ExitCode {
    let made = like.map(horus::read_keys).transpose().and_then(|like| {
        let keys = KeyFile::generate(like.as_ref());
        horus::write_keys(file, &keys)?;
        Ok(keys)
    });
    match made {
        Ok(keys) => {
            let (cluster, file, trust) = (keys.cluster(), file.display(), keys.public());
            let trusted = format!("others that list whom they trust write: trust {trust:?}");
            say(format_args!("cluster {cluster} of {file}\n{trusted}\n"), ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("horus keygen: {error}");
            let unread = matches!(error, horus::Error::Keys { .. });
            if unread { ExitCode::from(UNREADABLE) } else { ExitCode::FAILURE }
        }
    }
}

fn judge(directory: &Path, options: &check::Options, json: bool) -> ExitCode {
    match check::directory(directory, options) {
        Ok(verdict) => {
            let code = if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            if json {
                say(format_args!("{}\n", in_json(&verdict)), code)
            } else {
                say(format_args!("{verdict}\n"), code)
            }
        }
        Err(error) => {
            eprintln!("horus check: {error}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn in_json(verdict: &check::Verdict) -> serde_json::Value {
    let by_name = |counts: &std::collections::BTreeMap<check::Property, u64>| {
        counts.iter().map(|(property, count)| (property.name(), *count)).collect()
    };
    let found: std::collections::BTreeMap<_, u64> = by_name(&verdict.found);
    let compared: std::collections::BTreeMap<_, u64> = by_name(&verdict.compared);
    let kept: Vec<_> = verdict
        .violations
        .iter()
        .map(|violation| {
            serde_json::json!({
                "property": violation.property.name(),
                "proc": violation.proc.as_str(),
                "line": violation.event + 1,
                "text": violation.text,
            })
        })
        .collect();
    serde_json::json!({
        "good": verdict.is_good(),
        "void": verdict.void,
        "violations": found.values().sum::<u64>(),
        "found": found,
        "compared": compared,
        "kept": kept,
        "processes": verdict.processes,
        "events": verdict.events,
        "views": verdict.views,
        "sends": verdict.sends,
        "deliveries": verdict.deliveries,
        "unknown": verdict.unknown,
    })
}
