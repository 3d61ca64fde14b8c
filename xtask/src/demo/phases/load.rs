//! Load: every process multicasts at a steady rate; and calm, when it is over.

use serde_json::json;

use super::super::events::Event;
use super::super::limits::{LOAD_BYTES, LOAD_COUNT, LOAD_RATE, LOAD_SEEN, NAMES};
use super::super::town::{Phase, Town};

/// Each process another order, so that all three meet the fault.
const ORDERS: [&str; NAMES.len()] = ["abcast", "cbcast", "fbcast", "abcast"];

/// Until the load is well under way at every process.
pub(in super::super) struct Load {
    victim: usize,
    seen: [u64; NAMES.len()],
}

impl Load {
    /// Sent in groups of the process that will be killed.
    pub(in super::super) const fn new(victim: usize) -> Self {
        Self { victim, seen: [0; NAMES.len()] }
    }
}

impl Phase for Load {
    fn name(&self) -> String {
        "every process multicasts".into()
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        for number in town.living() {
            let shared = |members: &[usize]| {
                usize::from(members.contains(&self.victim)) * NAMES.len() + members.len()
            };
            let groups = town.groups.iter().filter(|group| group.members.contains(&number));
            let Some(group) = groups.max_by_key(|group| shared(&group.members)) else {
                // It is in no group, and delivers nothing.
                self.seen[number] = LOAD_SEEN;
                continue;
            };
            let flood = json!({
                "do": "flood",
                "lwg": group.id,
                "order": ORDERS[number],
                "size": LOAD_BYTES,
                "count": LOAD_COUNT,
                "rate": LOAD_RATE,
            });
            town.tell(number, &flood)?;
            town.flooding.insert(number);
        }
        Ok(())
    }

    fn hear(&mut self, _: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        if matches!(event, Event::Deliver {}) {
            self.seen[from] += 1;
        }
        Ok(())
    }

    fn left(&self) -> usize {
        let left: u64 = self.seen.iter().map(|seen| LOAD_SEEN.saturating_sub(*seen)).sum();
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    fn missing(&self, _: &Town<'_>) -> String {
        let seen = NAMES.iter().zip(self.seen).map(|(name, seen)| format!("{seen} at {name}"));
        let seen: Vec<_> = seen.collect();
        format!("{LOAD_SEEN} deliveries everywhere; there were {}", seen.join(", "))
    }
}

/// Until all that was to be multicast is, and is stable.
#[derive(Default)]
pub(in super::super) struct Calm {
    left: usize,
}

impl Phase for Calm {
    fn name(&self) -> String {
        "let the load end".into()
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        self.left = town.flooding.len();
        Ok(())
    }

    fn hear(&mut self, town: &mut Town<'_>, _: usize, _: &Event) -> Result<(), String> {
        self.left = town.flooding.len();
        Ok(())
    }

    fn left(&self) -> usize {
        self.left
    }

    fn missing(&self, town: &Town<'_>) -> String {
        let names: Vec<_> = town.flooding.iter().map(|number| NAMES[*number]).collect();
        format!("the end of the multicasts of {}", names.join(", "))
    }
}
