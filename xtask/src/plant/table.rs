//! Table: `docs/plants.md`, where it is kept what became of each planted fault. It is read back
//! from there, so whoever comes next goes on where the last one stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sha2::{Digest as _, Sha256};

use super::list::{self, Plant};
use super::promises;
use crate::Done;
use crate::cargo::root;

/// Where it lies.
const DOCUMENT: &str = "docs/plants.md";

/// What the head of the document says of its columns.
const HEAD: &str = "# Planted faults

Kept by `cargo xtask plant` ([testing](testing.md)): each fault was planted alone, in the code of
the commit that its row names (`+`: with changes to it). *Planted for* says which
[promises](promises.md) it is meant to break, *judged* which of them judges found broken in the
storm that found it. Seconds are those of builds and of what looked for it. The last column tells
the fault from what was planted under its name before: a row whose mark is another counts no more.
";

const COLUMNS: &str = "\
| fault | planted for | judged | found by | seconds | at | mark |
| --- | --- | --- | --- | --- | --- | --- |
";

const NOTHING: &str = "NOTHING";
const UNTRIED: &str = "not tried";

/// What became of one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What found it, if anything did.
    pub(super) found: Option<String>,
    /// The promises that judges found broken.
    pub(super) judged: BTreeSet<u32>,
    /// How long that took, builds included.
    pub(super) seconds: u64,
    /// The commit that it was planted in.
    pub(super) at: String,
}

/// See the head of this file.
pub(super) struct Table(BTreeMap<String, Outcome>);

impl Table {
    /// What the document says; without one nothing has been tried.
    pub(super) fn read() -> Self {
        Self::parse(&fs::read_to_string(root().join(DOCUMENT)).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(outcome).collect())
    }

    /// What is known of a fault.
    pub(super) fn get(&self, plant: &Plant) -> Option<&Outcome> {
        self.0.get(&mark(plant))
    }

    /// Adds what became of one to what the document says by now.
    pub(super) fn keep(plant: &Plant, outcome: Outcome) -> Done {
        let mut table = Self::read();
        table.0.insert(mark(plant), outcome);
        table.write()
    }

    /// Writes the document.
    pub(super) fn write(&self) -> Done {
        fs::write(root().join(DOCUMENT), self.text())
            .map_err(|error| format!("{DOCUMENT}: {error}"))
    }

    fn text(&self) -> String {
        let rows: String = list::all().map(|plant| self.row(plant)).collect();
        format!("{HEAD}\n{}\n\n{COLUMNS}{rows}", self.summary())
    }

    /// How many were found, and which promises no judge has found broken yet.
    pub(super) fn summary(&self) -> String {
        let tried: Vec<&Outcome> = list::all().filter_map(|plant| self.get(plant)).collect();
        let found = tried.iter().filter(|outcome| outcome.found.is_some()).count();
        let (lost, untried) = (tried.len() - found, list::all().count() - tried.len());
        let judged: BTreeSet<u32> = tried.iter().flat_map(|it| &it.judged).copied().collect();
        let silent = promises::all().filter(|number| !judged.contains(number)).collect();
        let silent = match numbers(&silent) {
            none if none.is_empty() => "Every promise was found broken by its judge".to_owned(),
            some => format!("Not yet found broken by their judges: {some}"),
        };
        format!("{found} found, {lost} not found, {untried} not tried. {silent}.")
    }

    fn row(&self, plant: &Plant) -> String {
        let planted_for = numbers(&promises::broken_by(plant).collect());
        let (judged, found, seconds, at) = match self.get(plant) {
            None => (String::new(), UNTRIED, String::new(), ""),
            Some(it) => {
                let found = it.found.as_deref().unwrap_or(NOTHING);
                (numbers(&it.judged), found, it.seconds.to_string(), it.at.as_str())
            }
        };
        let found = found.replace('|', "/");
        format!(
            "| {} | {planted_for} | {judged} | {found} | {seconds} | {at} | {} |\n",
            plant.name,
            mark(plant)
        )
    }
}

/// The mark of a row and what it tells, if its fault was tried.
fn outcome(row: &str) -> Option<(String, Outcome)> {
    let cells: Vec<&str> = row.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [_, _, judged, found, seconds, at, mark] = cells[..] else { return None };
    let judged = judged.split(' ').filter_map(|word| word.strip_prefix('P')?.parse().ok());
    let outcome = Outcome {
        found: (found != NOTHING).then(|| found.to_owned()),
        judged: judged.collect(),
        seconds: seconds.parse().ok()?,
        at: at.to_owned(),
    };
    Some((mark.to_owned(), outcome))
}

fn numbers(promises: &BTreeSet<u32>) -> String {
    promises.iter().map(|number| format!("P{number}")).collect::<Vec<_>>().join(" ")
}

/// Tells a fault from every other, and from what was planted under its name before.
fn mark(plant: &Plant) -> String {
    let mut all = Sha256::new();
    for part in [plant.name, plant.file, plant.from, plant.to] {
        all.update(part.as_bytes());
        all.update([0]);
    }
    all.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(found: Option<&str>, judged: &[u32]) -> Outcome {
        let (found, judged) = (found.map(str::to_owned), judged.iter().copied().collect());
        Outcome { found, judged, seconds: 7, at: "abc1234+".into() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut table = Table::parse("");
        let plants: Vec<&Plant> = list::all().take(3).collect();
        let ends = [Some("storm core: fifo"), Some("test of a: b | c"), None];
        for (plant, end) in plants.iter().zip(ends) {
            table.0.insert(mark(plant), outcome(end, &[5, 13]));
        }
        let text = table.text();
        assert!(text.contains("\n2 found, 1 not found, "));
        let back = Table::parse(&text);
        assert_eq!(back.0.len(), 3);
        assert_eq!(back.get(plants[0]), table.get(plants[0]));
        assert_eq!(back.get(plants[2]), table.get(plants[2]));
        assert_eq!(back.text(), text);
    }

    #[test]
    fn a_fault_that_is_planted_elsewhere_than_before_was_not_tried() {
        let fault =
            |from| Plant { name: "a", file: "b", from, to: "d", families: &[], packages: &[] };
        let table = Table([(mark(&fault("c")), outcome(None, &[]))].into());
        assert!(table.get(&fault("c")).is_some());
        assert!(table.get(&fault("x")).is_none());
        assert!(table.row(&fault("x")).contains(UNTRIED));
    }

    #[test]
    fn marks_tell_all_faults_from_each_other() {
        let marks: BTreeSet<String> = list::all().map(mark).collect();
        assert_eq!(marks.len(), list::all().count());
    }

    #[test]
    fn a_promise_that_no_judge_found_broken_is_named() {
        let all: BTreeSet<u32> = promises::all().collect();
        let plant = list::all().next().expect("a fault");
        let with = |judged: &[u32]| Table([(mark(plant), outcome(Some("x"), judged))].into());
        let judged: Vec<u32> = all.iter().copied().filter(|number| *number != 6).collect();
        assert!(with(&judged).summary().ends_with("by their judges: P6."));
        assert!(with(&Vec::from_iter(all)).summary().ends_with("by its judge."));
    }
}
