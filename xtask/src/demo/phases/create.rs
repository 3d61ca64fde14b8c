//! Create: the groups come about, smallest first; some of each kind alone, to be timed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use serde_json::json;

use super::super::events::Event;
use super::super::limits::{CREATES_AHEAD, NAMES, TIMED_PER_SET};
use super::super::plan::Group;
use super::super::town::{Phase, Town};

/// How long creations took, from the command to its answer, in microseconds.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Times {
    /// On a core group that was there.
    pub(in super::super) light_us: Vec<u64>,
    /// With a core group of their own.
    pub(in super::super) core_us: Vec<u64>,
}

/// See the head of this file.
pub(in super::super) struct Create {
    /// Groups to be created, and whether alone.
    queue: VecDeque<(usize, bool)>,
    under_way: BTreeMap<usize, UnderWay>,
    /// The one that is created alone.
    alone: Option<usize>,
    /// Of each group that a view was told of: at how many members, and its core group.
    seen: HashMap<String, (usize, String)>,
    /// Core groups that carry a group.
    pub(in super::super) cores: BTreeSet<String>,
    pub(in super::super) times: Times,
    /// When no more are begun.
    until: Option<Instant>,
}

struct UnderWay {
    asked_us: u64,
    /// Its id and when its creator was answered.
    created: Option<(String, u64)>,
}

/// Smallest first; of each size those to be timed, some of each set of members, before the rest.
fn queue(groups: &[Group]) -> VecDeque<(usize, bool)> {
    let mut sets: BTreeMap<(usize, Vec<usize>), usize> = BTreeMap::new();
    let mut ordered: Vec<(usize, bool, usize)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let mut set = group.members.clone();
        set.sort_unstable();
        let count = sets.entry((set.len(), set)).or_default();
        *count += 1;
        ordered.push((group.members.len(), *count > TIMED_PER_SET, number));
    }
    ordered.sort_unstable();
    ordered.into_iter().map(|(_, rest, number)| (number, !rest)).collect()
}

impl Create {
    /// All groups; until then, if there is an end to it.
    pub(in super::super) fn new(groups: &[Group], until: Option<Instant>) -> Self {
        Self {
            queue: queue(groups),
            under_way: BTreeMap::new(),
            alone: None,
            seen: HashMap::new(),
            cores: BTreeSet::new(),
            times: Times::default(),
            until,
        }
    }

    fn go_on(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            self.queue.clear();
        }
        while let Some((number, alone)) = self.queue.front().copied() {
            let room = if alone { 1 } else { CREATES_AHEAD };
            if self.alone.is_some() || self.under_way.len() >= room {
                return Ok(());
            }
            self.queue.pop_front();
            self.alone = alone.then_some(number);
            let members = &town.groups[number].members;
            let (creator, names) = (members[0], members.iter().map(|member| NAMES[*member]));
            let names: Vec<_> = names.collect();
            let create = json!({ "do": "create", "lwg": number.to_string(), "members": names });
            let asked_us = town.tell(creator, &create)?;
            self.under_way.insert(number, UnderWay { asked_us, created: None });
        }
        Ok(())
    }

    /// Answered, and seen by all its members: it is there.
    fn end_if_whole(&mut self, town: &mut Town<'_>, number: usize) -> Result<(), String> {
        let Some(UnderWay { asked_us, created: Some((id, at_us)) }) = self.under_way.get(&number)
        else {
            return Ok(());
        };
        let Some((count, core)) = self.seen.get(id) else { return Ok(()) };
        let group = &mut town.groups[number];
        if *count < group.members.len() {
            return Ok(());
        }
        group.id = Some(id.clone());
        let founded = self.cores.insert(core.clone());
        if self.alone == Some(number) {
            self.alone = None;
            let times = if founded { &mut self.times.core_us } else { &mut self.times.light_us };
            times.push(at_us.saturating_sub(*asked_us));
        }
        self.under_way.remove(&number);
        self.go_on(town)
    }
}

impl Phase for Create {
    fn name(&self) -> String {
        format!("create up to {} groups", self.queue.len())
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        self.go_on(town)
    }

    fn hear(&mut self, town: &mut Town<'_>, _: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::Created { lwg, group, at_us } => {
                let number = lwg.parse().ok().filter(|number| self.under_way.contains_key(number));
                let Some(number) = number else {
                    return Err(format!("a group `{lwg}` was created that nobody asked for"));
                };
                if let Some(under_way) = self.under_way.get_mut(&number) {
                    under_way.created = Some((group.clone(), *at_us));
                }
                town.by_id.insert(group.clone(), number);
                self.end_if_whole(town, number)
            }
            Event::View { group, core: Some(core), .. } => {
                self.seen.entry(group.clone()).or_insert((0, core.clone())).0 += 1;
                match town.by_id.get(group).copied() {
                    Some(number) => self.end_if_whole(town, number),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn left(&self) -> usize {
        self.queue.len() + self.under_way.len()
    }

    fn missing(&self, town: &Town<'_>) -> String {
        let Some((number, under_way)) = self.under_way.first_key_value() else {
            return "nothing".into();
        };
        let name = &town.groups[*number].piece.name;
        let what = match &under_way.created {
            None => "the answer to its creator".to_owned(),
            Some((id, _)) => {
                let seen = self.seen.get(id).map_or(0, |(seen, _)| *seen);
                format!("its view at {seen} of {} members", town.groups[*number].members.len())
            }
        };
        format!("{} groups; of {name} {what}", self.under_way.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::tree::Piece;

    #[test]
    fn of_each_size_the_timed_ones_come_first() {
        let group = |number: usize| {
            let piece = Piece {
                file: number,
                name: number.to_string(),
                source: "x".into(),
                from: 0,
                bytes: 1,
                sha256: String::new(),
            };
            let members = if number.is_multiple_of(2) { vec![0, 1] } else { vec![2, 1, 0] };
            Group { piece, members, id: None }
        };
        let groups: Vec<Group> = (0..40).map(group).collect();
        let queue = queue(&groups);
        assert_eq!(queue.len(), 40);
        let sizes: Vec<_> = queue.iter().map(|(at, _)| groups[*at].members.len()).collect();
        assert!(sizes.is_sorted());
        let alone: Vec<_> = queue.iter().map(|(_, alone)| *alone).collect();
        let (timed, rest) = (vec![true; TIMED_PER_SET], vec![false; 20 - TIMED_PER_SET]);
        assert_eq!(alone, [&timed[..], &rest, &timed, &rest].concat());
    }
}
