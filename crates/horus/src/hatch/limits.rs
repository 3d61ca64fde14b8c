//! Every bound of what operators may ask, each with its reason. That of a question is the gate's.

use std::time::Duration;

/// Operators that may ask at a time: they are people and what watches for them.
pub(crate) const ASKERS_MAX: usize = 16;

/// How long an operator may take to ask, and to read the answer: it is on this host, and has
/// nothing else to do.
pub(crate) const ASKER_PATIENCE: Duration = Duration::from_secs(1);

/// How long the tower may take to come round to a question: less than the patience of who asks, so
/// that it is told.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(3);

/// Core groups that one answer lists: what a person may read, and copied within a turn.
pub(crate) const CORES_LISTED_MAX: usize = 1_000;

/// Light-weight groups that one answer lists unless told otherwise: a screen or two.
pub(crate) const LIGHTS_LISTED: usize = 100;

/// And at most, whatever is asked: some tens of microseconds of a turn, and an answer of some
/// hundred kilobytes, where there may be a million.
pub(crate) const LIGHTS_LISTED_MAX: usize = 1_000;
