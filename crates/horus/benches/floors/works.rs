//! Works: operations one after the other, each begun when the one before is done, and timed.

use crate::common::clock::now_ns;
use crate::common::words::Words;
use crate::member::stamp::Times;

/// What is done to groups, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Make one of all but the last process.
    Create,
    /// Add the last process.
    Add,
    /// Remove the last process.
    Remove,
    /// Leave; asked of the last process.
    Leave,
}

/// When one is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Its outcome is told.
    Outcome,
    /// The view that it makes is told, or that this process is out.
    View,
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Works {
    kind: Kind,
    until: Until,
    next: u64,
    end: u64,
    /// One is under way since then.
    since: Option<u64>,
    times: Times,
}

impl Works {
    /// None.
    pub(crate) fn none() -> Self {
        Self {
            kind: Kind::Create,
            until: Until::Outcome,
            next: 0,
            end: 0,
            since: None,
            times: Times::new(),
        }
    }

    /// As `work kind=create from=0 to=100` says.
    pub(crate) fn begin(&mut self, words: &Words) {
        self.kind = match words.get::<String>("kind").as_str() {
            "create" => Kind::Create,
            "add" => Kind::Add,
            "remove" => Kind::Remove,
            _ => Kind::Leave,
        };
        let view = words.all("until").next() == Some("view");
        self.until = if view { Until::View } else { Until::Outcome };
        (self.next, self.end, self.since) = (words.get("from"), words.get("to"), None);
    }

    /// What to begin now.
    pub(crate) fn next(&mut self) -> Option<(Kind, u64)> {
        if self.since.is_some() || self.next == self.end {
            return None;
        }
        self.since = Some(now_ns());
        Some((self.kind, self.next))
    }

    /// What is under way.
    pub(crate) fn current(&self) -> Option<(Kind, u64)> {
        self.since.map(|_| (self.kind, self.next))
    }

    /// What is awaited of it.
    pub(crate) const fn until(&self) -> Until {
        self.until
    }

    /// It is done.
    pub(crate) fn done(&mut self) {
        if let Some(since) = self.since.take() {
            self.times.note(since);
            self.next += 1;
        }
    }

    /// How many are left, and the times if none is.
    pub(crate) fn tell(&mut self, words: Words) -> Words {
        let left = self.end - self.next;
        let words = words.with("left", left);
        if left == 0 { self.times.tell(words) } else { words }
    }
}
