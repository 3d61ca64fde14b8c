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
mod pages;
mod settings;
mod signals;

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
            print!("{error}");
            return ExitCode::SUCCESS;
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
        print!("{}", config.settings.in_toml());
        return ExitCode::SUCCESS;
    }
    end(daemon::run(&line, config))
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
