//! Parked: commands that wait, for somebody to be met or for a group, while others go on.
//!
//! Who speaks of the same group or message as one that waits waits behind it, and quitting waits
//! behind all: so a script may be written down in one go. Nothing else is held up.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::Value;

use super::command::Command;

/// A command, and until when it may wait.
pub(crate) type Waiting = (Command, Instant);

/// See the head of this file; in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Parked(VecDeque<Waiting>);

impl Parked {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.0.push_back(waiting);
    }

    /// Whether this command has to wait behind one of these.
    pub(crate) fn is_before(&self, command: &Command) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let subjects = subjects(command);
        *command == Command::Quit
            || self.0.iter().any(|(other, _)| {
                *other == Command::Quit
                    || self::subjects(other).iter().any(|subject| subjects.contains(subject))
            })
    }

    /// Takes all, to be tried again.
    pub(crate) fn take(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.0)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// When the first has waited long enough.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|(_, until)| *until).min()
    }
}

/// The groups and messages that a command speaks of.
fn subjects(command: &Command) -> Vec<(String, Value)> {
    let known = command.known_by().into_iter();
    known.filter(|(field, _)| matches!(field.as_str(), "group" | "lwg" | "msg")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::command::parse;
    use super::*;

    #[test]
    fn only_who_speaks_of_the_same_waits_behind_and_quitting_behind_all() {
        let command = |line| parse(line, false).expect("a command");
        let mut parked = Parked::default();
        assert!(!parked.is_before(&command("quit")));
        parked.push((command("create L a b"), Instant::now()));
        parked.push((command("cast G fbcast msg=m hello"), Instant::now()));
        for waits in ["send L fbcast x", "cast G fbcast x", "leave G", "replies m", "quit"] {
            assert!(parked.is_before(&command(waits)), "{waits}");
        }
        for goes_on in ["send M fbcast x", "cast H fbcast x", "chaos drop=b", "stats", "settled"] {
            assert!(!parked.is_before(&command(goes_on)), "{goes_on}");
        }
        parked.push((command("quit"), Instant::now()));
        assert!(parked.is_before(&command("stats")));
    }
}
