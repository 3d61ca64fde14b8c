//! Say: what a command has to say, to whoever still reads it.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Writes it out; then the exit code is this, or 1 if it could not be written, which is said on
/// standard error. Who has heard enough (`horus check DIR | head`) closes the pipe, and that is no
/// failure of ours: what the command found stands in its exit code.
pub(crate) fn say(what: impl Display, code: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    match write!(out, "{what}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "{}: {}", env!("CARGO_PKG_NAME"), unwritten(&error));
            ExitCode::FAILURE
        }
        _ => code,
    }
}

/// What is said of it.
pub(crate) fn unwritten(error: &io::Error) -> String {
    format!("standard output cannot be written: {error}")
}
