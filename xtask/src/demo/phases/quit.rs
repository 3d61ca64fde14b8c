//! Quit: every process leaves its groups and ends.

use super::super::events::Event;
use super::super::limits::NAMES;
use super::super::town::{Phase, Town};

/// See the head of this file.
#[derive(Default)]
pub(in super::super) struct Quit {
    living: Vec<usize>,
}

impl Phase for Quit {
    fn name(&self) -> String {
        "leave and end".into()
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        self.living = town.living();
        town.let_go();
        town.tell_all("quit")
    }

    fn hear(&mut self, _: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        if matches!(event, Event::Gone) {
            self.living.retain(|number| *number != from);
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.living.len()
    }

    fn missing(&self, _: &Town<'_>) -> String {
        let names: Vec<_> = self.living.iter().map(|number| NAMES[*number]).collect();
        format!("the end of {}", names.join(", "))
    }
}
