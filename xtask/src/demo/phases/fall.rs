//! Fall: a process is killed, and every group that it was in goes on without it.

use std::collections::{BTreeSet, HashMap};

use super::super::events::Event;
use super::super::limits::NAMES;
use super::super::town::{Phase, Town};

/// See the head of this file. Times are microseconds of the wall clock.
pub(in super::super) struct Fall {
    victim: usize,
    proc: String,
    /// Who has not yet told the view after it, by the id of the group.
    waiting: HashMap<String, BTreeSet<usize>>,
    views: usize,
    /// Core groups that the victim shared with somebody.
    pub(in super::super) cores: BTreeSet<String>,
    /// Light-weight groups that it was in.
    pub(in super::super) groups: usize,
    /// When it was killed.
    pub(in super::super) killed_us: u64,
    /// When the first view without it was told, of whatever group.
    pub(in super::super) first_us: u64,
    /// When the last view of a light-weight group without it was told.
    pub(in super::super) last_us: u64,
}

impl Fall {
    /// It will be killed when this phase begins.
    pub(in super::super) fn new(town: &Town<'_>, victim: usize) -> Self {
        let proc = town.proc(victim).to_owned();
        let mut waiting = HashMap::new();
        for group in town.groups.iter().filter(|group| group.members.contains(&victim)) {
            let others: BTreeSet<_> =
                group.members.iter().copied().filter(|member| *member != victim).collect();
            waiting.extend(group.id.clone().map(|id| (id, others)));
        }
        let shared = |members: &[String]| members.contains(&proc) && members.len() > 1;
        let cores = town.cores.iter().filter(|(_, members)| shared(members));
        Self {
            victim,
            cores: cores.map(|(core, _)| core.clone()).collect(),
            groups: waiting.len(),
            views: waiting.values().map(BTreeSet::len).sum(),
            proc,
            waiting,
            killed_us: 0,
            first_us: u64::MAX,
            last_us: 0,
        }
    }
}

impl Phase for Fall {
    fn name(&self) -> String {
        format!("SIGKILL for {}; {} views change", NAMES[self.victim], self.views)
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        if self.views == 0 {
            return Err(format!("{} is in no group: its death would hit none", self.proc));
        }
        self.killed_us = town.kill(self.victim)?;
        Ok(())
    }

    fn hear(&mut self, _: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        let Event::View { group, members, core, at_us } = event else { return Ok(()) };
        if members.contains(&self.proc) {
            return Ok(());
        }
        if core.is_none() {
            if self.cores.contains(group) {
                self.first_us = self.first_us.min(*at_us);
            }
        } else if let Some(waiting) = self.waiting.get_mut(group)
            && waiting.remove(&from)
        {
            self.views -= 1;
            self.first_us = self.first_us.min(*at_us);
            self.last_us = self.last_us.max(*at_us);
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.views
    }

    fn missing(&self, town: &Town<'_>) -> String {
        let late = self.waiting.iter().find(|(_, who)| !who.is_empty());
        let late = late.map_or_else(String::new, |(id, who)| {
            let name = town.by_id.get(id).map(|number| &town.groups[*number].piece.name);
            let who: Vec<_> = who.iter().map(|number| NAMES[*number]).collect();
            format!("; {} at {}", name.unwrap_or(id), who.join(", "))
        });
        format!("{} views without {}{late}", self.views, self.proc)
    }
}
