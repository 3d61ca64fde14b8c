//! Meet: processes start, and every two of them meet.

use std::collections::BTreeSet;

use super::super::events::Event;
use super::super::limits::NAMES;
use super::super::town::{Phase, Town};

/// See the head of this file.
pub(in super::super) struct Meet {
    newcomers: Vec<usize>,
    /// Who is to start.
    starting: BTreeSet<usize>,
    /// Who is to meet whom; one of the two is a newcomer.
    unmet: BTreeSet<(usize, usize)>,
    /// Met before it had told its own start here: its name is not known yet.
    early: Vec<(usize, String)>,
}

impl Meet {
    /// These have just been started; the others have met each other before.
    pub(in super::super) fn new(newcomers: Vec<usize>) -> Self {
        let all = || 0..NAMES.len();
        let new = |one: usize, other: usize| newcomers.contains(&one) || newcomers.contains(&other);
        let pairs = all().flat_map(|one| all().map(move |other| (one, other)));
        let unmet = pairs.filter(|(one, other)| one != other && new(*one, *other)).collect();
        let starting = newcomers.iter().copied().collect();
        Self { newcomers, starting, unmet, early: Vec::new() }
    }

    fn met(&mut self, town: &Town<'_>, from: usize, process: &str) -> bool {
        let whom = (0..NAMES.len()).find(|number| town.proc(*number) == process);
        whom.is_some_and(|whom| {
            self.unmet.remove(&(from, whom));
            true
        })
    }
}

impl Phase for Meet {
    fn name(&self) -> String {
        match self.newcomers.as_slice() {
            [one] => format!("{} starts again", NAMES[*one]),
            many => format!("{} processes start and meet", many.len()),
        }
    }

    fn hear(&mut self, town: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::Start { .. } => {
                self.starting.remove(&from);
                for (from, process) in std::mem::take(&mut self.early) {
                    if !self.met(town, from, &process) {
                        self.early.push((from, process));
                    }
                }
            }
            Event::Met { process } if !self.met(town, from, process) => {
                self.early.push((from, process.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.starting.len() + self.unmet.len()
    }

    fn missing(&self, _: &Town<'_>) -> String {
        let starting = self.starting.iter().map(|number| format!("{} to start", NAMES[*number]));
        let meeting =
            |(one, other): &(usize, usize)| format!("{} to meet {}", NAMES[*one], NAMES[*other]);
        let all: Vec<_> = starting.chain(self.unmet.iter().map(meeting)).collect();
        all.join(", ")
    }
}
