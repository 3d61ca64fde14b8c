//! horusd: the system space as a daemon, for the processes of one host.
#![forbid(unsafe_code)]

mod answers;
mod chaos;
mod config;
mod daemon;
mod health;
mod limits;
mod log;
mod metrics;
mod others;
mod pages;
mod settings;
mod signals;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use config::Config;
use settings::Line;

/// A bad option or setting, as other tools answer it.
const BAD_OPTIONS: u8 = 2;

fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error)
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            return end(say(error));
        }
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or("bad options");
            return bad(first.strip_prefix("error: ").unwrap_or(first));
        }
    };
    if let Some(share) = &line.write_pages {
        return end(pages::write(share).map_err(|error| format!("{}: {error}", share.display())));
    }
    let config = match line.settings().and_then(|settings| Config::of(&settings)) {
        Ok(config) => config,
        Err(why) => return bad(&why),
    };
    if line.print_config {
        return end(say(config.settings.in_toml()));
    }
    end(daemon::run(&line, config))
}

/// Writes it out. Who has heard enough closes the pipe, and that is no failure of ours.
fn say(what: impl Display) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match write!(out, "{what}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

fn end(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("horusd: {why}");
            ExitCode::FAILURE
        }
    }
}

fn bad(why: &str) -> ExitCode {
    eprintln!("horusd: {why}");
    ExitCode::from(BAD_OPTIONS)
}
