//! The daemon: not built yet.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("horusd is not built yet: embed the tower (crate horus, or `horus node`)");
    ExitCode::FAILURE
}
