//! Round: every process is told the same and gives one answer.

use std::collections::BTreeMap;

use super::super::events::Event;
use super::super::limits::NAMES;
use super::super::town::{Phase, Town};

/// See the head of this file.
pub(in super::super) struct Round {
    name: &'static str,
    verb: &'static str,
    is_answer: fn(&Event) -> bool,
    waiting: Vec<usize>,
    answers: BTreeMap<usize, Event>,
}

impl Round {
    /// Until nothing is under way anywhere.
    pub(in super::super) fn settled() -> Self {
        let is_answer = |event: &Event| matches!(event, Event::Settled {});
        Self::new("wait until nothing is under way", "settled", is_answer)
    }

    /// Every counter of every process.
    pub(in super::super) fn stats() -> Self {
        Self::new("read the counters", "stats", |event| matches!(event, Event::Stats(_)))
    }

    /// Every document of every process.
    pub(in super::super) fn held() -> Self {
        Self::new("compare all copies by hash", "held", |event| matches!(event, Event::Held { .. }))
    }

    /// The faults are over: everybody marks its history.
    pub(in super::super) fn quiesce() -> Self {
        Self::new("mark the histories", "quiesce", |event| matches!(event, Event::Quiesce {}))
    }

    fn new(name: &'static str, verb: &'static str, is_answer: fn(&Event) -> bool) -> Self {
        Self { name, verb, is_answer, waiting: Vec::new(), answers: BTreeMap::new() }
    }

    /// The answer of each process.
    pub(in super::super) fn answers(self) -> BTreeMap<usize, Event> {
        self.answers
    }

    /// The counters that each process told.
    pub(in super::super) fn counters(self) -> BTreeMap<usize, BTreeMap<String, u64>> {
        let counters = |event| match event {
            Event::Stats(counters) => Some(counters),
            _ => None,
        };
        let told = |(number, event)| Some((number, counters(event)?));
        self.answers.into_iter().filter_map(told).collect()
    }
}

impl Phase for Round {
    fn name(&self) -> String {
        self.name.into()
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        self.waiting = town.living();
        town.tell_all(self.verb)
    }

    fn hear(&mut self, _: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        if (self.is_answer)(event) {
            self.waiting.retain(|number| *number != from);
            self.answers.insert(from, event.clone());
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.waiting.len()
    }

    fn missing(&self, _: &Town<'_>) -> String {
        let names: Vec<_> = self.waiting.iter().map(|number| NAMES[*number]).collect();
        format!("the answer of {} to `{}`", names.join(", "), self.verb)
    }
}
