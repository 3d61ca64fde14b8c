//! Parked: commands that wait, for somebody to be met or for a group, while others go on.
//!
//! Who speaks of the same group or message as one that waits waits behind it, and quitting waits
//! behind all: so a script may be written down in one go. Nothing else is held up.

use std::collections::BTreeSet;
use std::time::Instant;

use super::command::{Command, Subject};

/// A command, and until when it may wait.
pub(crate) type Waiting = (Command, Instant);

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    /// What they speak of.
    subjects: BTreeSet<Subject>,
    /// One of them is to quit.
    quits: bool,
    /// When the first has waited long enough.
    next: Option<Instant>,
    /// Something has happened for which one may have waited.
    stirred: bool,
}

impl Parked {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, (command, until): Waiting) {
        self.subjects.extend(command.subjects());
        self.quits |= command == Command::Quit {};
        self.next = Some(self.next.map_or(until, |next| next.min(until)));
        self.waiting.push((command, until));
    }

    /// Adds one that waits for another: that one may wait for longer, and it is not looked at
    /// again before.
    pub(crate) fn push_behind(&mut self, (command, until): Waiting) {
        let others = self.waiting.iter().map(|(_, until)| *until);
        let until = others.fold(until, Instant::max);
        self.push((command, until));
    }

    /// Whether this command has to wait behind one of these.
    pub(crate) fn is_before(&self, command: &Command) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        self.quits
            || *command == Command::Quit {}
            || command.subjects().any(|subject| self.subjects.contains(&subject))
    }

    /// They are to be tried again: what happens seldom concerns one of them, so that a glance at
    /// each time would cost more than what happens.
    pub(crate) const fn stir(&mut self) {
        self.stirred = true;
    }

    /// Takes all if they are to be tried again now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Waiting> {
        if self.stirred || self.next.is_some_and(|next| next <= now) {
            std::mem::take(self).waiting
        } else {
            Vec::new()
        }
    }

    /// Takes all, never to be tried again.
    pub(crate) fn into_waiting(self) -> Vec<Waiting> {
        self.waiting
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many are to be carried out: what comes after quitting is not.
    pub(crate) fn open(&self) -> usize {
        self.waiting.iter().take_while(|(command, _)| *command != Command::Quit {}).count()
    }

    /// When they are to be tried again although nothing happens.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::parse;
    use super::*;
    use std::time::Duration;

    fn command(line: &str) -> Command {
        parse(line, false).expect("a command")
    }

    #[test]
    fn only_who_speaks_of_the_same_waits_behind_and_quitting_behind_all() {
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
        parked.push((command("stats"), Instant::now()));
        assert_eq!((parked.len(), parked.open()), (4, 2));
    }

    #[test]
    fn who_waits_behind_another_is_not_tried_again_before_that_one() {
        let (now, mut parked) = (Instant::now(), Parked::default());
        let late = now + Duration::from_secs(60);
        parked.push((command("quit"), late));
        parked.push_behind((command("stats"), now));
        assert_eq!(parked.next(), Some(late), "a node would turn for nothing until then");
    }

    #[test]
    fn they_are_tried_again_when_something_happened_or_one_has_waited_long_enough() {
        let (now, mut parked) = (Instant::now(), Parked::default());
        let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(5));
        parked.push((command("create L a b"), late));
        parked.push((command("create M a b"), soon));
        assert_eq!(parked.next(), Some(soon));
        assert!(parked.take_due(now).is_empty());
        parked.stir();
        let all = parked.take_due(now);
        assert_eq!((all.len(), parked.len()), (2, 0));
        all.into_iter().for_each(|waiting| parked.push(waiting));
        assert!(parked.take_due(now).is_empty());
        assert_eq!(parked.take_due(soon).len(), 2);
        assert!(!parked.is_before(&command("quit")));
    }
}
