//! What the judges found, and over how much.

use std::collections::BTreeMap;
use std::fmt;

use super::{Options, Property};
use crate::history::{Event, Id, Log};

/// One violation more of a property is counted but not kept: nobody reads a hundred.
const KEPT_PER_PROPERTY: usize = 100;

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub property: Property,
    /// The process in whose history it shows.
    pub proc: Id,
    /// The event there, counted from 0: line `event + 1` of its file.
    pub event: usize,
    /// What happened, with the ids, in a sentence.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, proc, event, text } = self;
        write!(formatter, "{property}: {proc}:{}: {text}", event + 1)
    }
}

/// The outcome of judging one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was found, property by property; at most a hundred of each.
    pub violations: Vec<Violation>,
    /// How often each property was broken.
    pub found: BTreeMap<Property, u64>,
    /// How many comparisons each property stands on.
    pub compared: BTreeMap<Property, u64>,
    /// Histories read.
    pub processes: u64,
    /// Events in them.
    pub events: u64,
    /// Views installed.
    pub views: u64,
    /// Messages sent.
    pub sends: u64,
    /// Messages delivered.
    pub deliveries: u64,
    /// Events of an unknown kind.
    pub unknown: u64,
    /// Why nothing can be concluded even without a violation, if so.
    pub void: Option<String>,
}

impl Verdict {
    /// Whether something was compared and nothing was found.
    pub fn is_good(&self) -> bool {
        self.found.is_empty() && self.void.is_none()
    }
}

impl fmt::Display for Verdict {
    /// A line for each violation, then one or two for the whole.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(formatter, "{violation}")?;
        }
        let compared: u64 = self.compared.values().sum();
        writeln!(
            formatter,
            "{} processes, {} events ({} of an unknown kind), {} views, {} sends, {} deliveries, \
             {compared} comparisons",
            self.processes, self.events, self.unknown, self.views, self.sends, self.deliveries,
        )?;
        let found: u64 = self.found.values().sum();
        match (&self.void, found) {
            (Some(reason), 0) => write!(formatter, "void: {reason}"),
            (_, 0) => write!(formatter, "good: no violation"),
            _ => write!(formatter, "bad: {found} violations"),
        }
    }
}

/// Where the judges write.
#[derive(Debug)]
pub(super) struct Report {
    verdict: Verdict,
}

impl Report {
    pub(super) fn new(logs: &[Log], options: &Options) -> Self {
        let mut verdict = Verdict { processes: logs.len() as u64, ..Verdict::default() };
        for log in logs {
            verdict.events += log.events.len() as u64;
            verdict.unknown += log.unknown as u64;
            for event in &log.events {
                match event {
                    Event::View(_) => verdict.views += 1,
                    Event::Send(_) => verdict.sends += 1,
                    Event::Deliver(_) => verdict.deliveries += 1,
                    _ => {}
                }
            }
        }
        verdict.void = if logs.is_empty() {
            Some("there is no history".into())
        } else if verdict.views == 0 {
            Some("no process installed a view".into())
        } else if verdict.deliveries == 0 {
            Some("no process delivered a message".into())
        } else if options.refuse_unknown && verdict.unknown > 0 {
            Some(format!("{} events are of an unknown kind", verdict.unknown))
        } else {
            None
        };
        Report { verdict }
    }

    /// Counts `count` comparisons made for `property`.
    pub(super) fn compared(&mut self, property: Property, count: usize) {
        *self.verdict.compared.entry(property).or_default() += count as u64;
    }

    /// Records that `property` is broken; `text` is asked for only if it is kept.
    pub(super) fn broken(
        &mut self,
        property: Property,
        proc: &Id,
        event: u32,
        text: impl FnOnce() -> String,
    ) {
        let found = self.verdict.found.entry(property).or_default();
        *found += 1;
        if *found <= KEPT_PER_PROPERTY as u64 {
            let proc = proc.clone();
            let violation = Violation { property, proc, event: event as usize, text: text() };
            self.verdict.violations.push(violation);
        }
    }

    pub(super) fn close(self) -> Verdict {
        self.verdict
    }
}
