//! Say: what a command has to say, to whoever still reads it.

use std::fmt::Display;
use std::io::Write;

/// Writes it out. Who has heard enough (`horus check DIR | head`) closes the pipe, and that is no
/// failure of ours: what the command found stands in its exit code.
pub(crate) fn say(what: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{what}").and_then(|()| out.flush());
}
