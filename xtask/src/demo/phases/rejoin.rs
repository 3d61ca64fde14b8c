//! Rejoin: the survivors add a process that has started again, and its files come to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::json;

use super::super::events::Event;
use super::super::limits::{ADDS_AHEAD, NAMES};
use super::super::town::{Phase, Town};

/// See the head of this file.
pub(in super::super) struct Rejoin {
    newcomer: usize,
    proc: String,
    /// Groups that it is still to be added to, by who does it.
    queues: [VecDeque<usize>; NAMES.len()],
    /// Adds not yet answered, by who asked.
    ahead: [usize; NAMES.len()],
    /// What is missing of each group, by its id.
    waiting: HashMap<String, Missing>,
    /// Bytes of content that came by state transfer.
    pub(in super::super) bytes: u64,
    /// When the last file came, in microseconds of the wall clock.
    pub(in super::super) last_us: u64,
}

#[derive(Debug)]
struct Missing {
    file: bool,
    /// Members that have not told a view with the newcomer.
    views: BTreeSet<usize>,
}

impl Missing {
    fn is_nothing(&self) -> bool {
        !self.file && self.views.is_empty()
    }
}

impl Rejoin {
    /// All groups that it was in. It has started again and has been met.
    pub(in super::super) fn new(town: &Town<'_>, newcomer: usize) -> Self {
        let mut queues = [const { VecDeque::new() }; NAMES.len()];
        let mut waiting = HashMap::new();
        for (number, group) in town.groups.iter().enumerate() {
            let other = group.members.iter().find(|member| **member != newcomer);
            let (true, Some(other)) = (group.members.contains(&newcomer), other) else { continue };
            queues[*other].push_back(number);
            let views = group.members.iter().copied().collect();
            let missing = Missing { file: true, views };
            waiting.extend(group.id.clone().map(|id| (id, missing)));
        }
        let proc = town.proc(newcomer).to_owned();
        let ahead = [0; NAMES.len()];
        Self { newcomer, proc, queues, ahead, waiting, bytes: 0, last_us: 0 }
    }

    fn go_on(&mut self, town: &mut Town<'_>, adder: usize) -> Result<(), String> {
        while self.ahead[adder] < ADDS_AHEAD
            && let Some(number) = self.queues[adder].pop_front()
        {
            let add = json!({ "do": "add", "lwg": town.groups[number].id, "members": [self.proc] });
            town.tell(adder, &add)?;
            self.ahead[adder] += 1;
        }
        Ok(())
    }

    fn came(&mut self, group: &str, what: impl FnOnce(&mut Missing)) {
        if let Some(missing) = self.waiting.get_mut(group) {
            what(missing);
            if missing.is_nothing() {
                self.waiting.remove(group);
            }
        }
    }

    fn received(&mut self, town: &Town<'_>, group: &str, sha256: &str) -> Result<(), String> {
        let Some(number) = town.by_id.get(group) else {
            return Err(format!("a document of an unknown group {group} came"));
        };
        let piece = &town.groups[*number].piece;
        if piece.sha256 != sha256 {
            let name = &piece.name;
            return Err(format!("{name}: {} came, the original has {}", sha256, piece.sha256));
        }
        self.came(group, |missing| missing.file = false);
        Ok(())
    }
}

impl Phase for Rejoin {
    fn name(&self) -> String {
        format!("{} is back in {} groups", NAMES[self.newcomer], self.waiting.len())
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        (0..NAMES.len()).try_for_each(|adder| self.go_on(town, adder))
    }

    fn hear(&mut self, town: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::Done { verb, .. } if verb == "add" => {
                self.ahead[from] -= 1;
                return self.go_on(town, from);
            }
            Event::View { group, members, core: Some(_), .. } if members.contains(&self.proc) => {
                self.came(group, |missing| {
                    missing.views.remove(&from);
                });
            }
            Event::Received { group, sha256, bytes, at_us } if from == self.newcomer => {
                self.received(town, group, sha256)?;
                self.bytes += bytes;
                self.last_us = self.last_us.max(*at_us);
            }
            _ => {}
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.waiting.len() + self.ahead.iter().sum::<usize>()
    }

    fn missing(&self, town: &Town<'_>) -> String {
        let sorted: BTreeMap<_, _> = self.waiting.iter().collect();
        let first = sorted.first_key_value().map(|(id, missing)| {
            let name = town.by_id.get(*id).map_or("?", |number| &town.groups[*number].piece.name);
            let file = if missing.file { "its file and " } else { "" };
            format!("; of {name} {file}{} views", missing.views.len())
        });
        let unanswered: usize = self.ahead.iter().sum();
        let first = first.unwrap_or_default();
        format!("{} groups and {unanswered} answers{first}", self.waiting.len())
    }
}
