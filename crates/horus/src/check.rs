//! The judges: what histories must satisfy, one promise a file.
//!
//! [`judge`] reads nothing but histories, so it does not care what wrote them: four real
//! processes, the simulator, or somebody else's system. The properties are those of Chockler,
//! Keidar and Vitenberg's study of group communication and of the light-weight group paper; every
//! [`Property`] has one judge, and [`Property::meaning`] says in a sentence what breaks it.
//!
//! Light-weight groups are groups: every ordinary property is checked for them as well. A group
//! with relaxed semantics owes integrity, no duplicates, its senders' orders without the rule
//! against gaps, the membership of whoever delivers, and the subset rule.
//!
//! ```
//! use horus::check::{Options, judge};
//! use horus::history::{Deliver, Event, Log, Order, Send, View};
//!
//! let mut log = Log::new("a#1");
//! let members = vec!["a#1".into()];
//! let view = View { group: "G".into(), view: "1:a#1".into(), members, ..View::default() };
//! log.push(Event::View(Box::new(view)));
//! log.push(Event::Send(Send::new("G", "a#1:1", Order::Abcast)));
//! log.push(Event::Deliver(Deliver::new("G", "a#1:1", "a#1")));
//! assert!(judge(&[log.clone()], &Options::default()).is_good());
//!
//! log.push(Event::Deliver(Deliver::new("G", "a#1:1", "a#1")));
//! let verdict = judge(&[log], &Options::default());
//! assert_eq!(verdict.violations[0].property.name(), "no-duplicates");
//! ```
//!
//! A verdict over histories in which nothing could be compared is not good either: a harness that
//! recorded nothing must not look like a system without faults.
//!
//! The cost is near-linear in the events, times the members of a view for the causal orders.

use std::path::Path;

use crate::history::{Error, Log, read_dir};

mod property;
mod verdict;

pub use property::Property;
pub use verdict::{Verdict, Violation};

use verdict::Report;

/// What is promised beyond the properties that always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Causality holds across groups too: `causal-across` is checked.
    pub causal_across: bool,
    /// One order of ABCASTs fits all processes, crashed and partitioned ones included:
    /// `total-strong` is checked for every ABCAST, not only for the safe ones.
    pub total_strong: bool,
    /// Events of an unknown kind make a verdict bad.
    pub refuse_unknown: bool,
}

/// Judges the histories of one run.
pub fn judge(logs: &[Log], options: &Options) -> Verdict {
    Report::new(logs, options).close()
}

/// Judges the histories in `directory`.
///
/// # Errors
/// A history cannot be read; see [`read_dir`].
pub fn directory(directory: &Path, options: &Options) -> Result<Verdict, Error> {
    Ok(judge(&read_dir(directory)?, options))
}
