//! Which promise a planted fault breaks: each promise has one at least, or it counts as untested.

use super::list::{self, Plant};

/// A promise by its number in `docs/promises.md`, and a fault of the list that breaks it.
const BROKEN: [(u32, &str); 32] = [
    (1, "who joins is told a first view without itself"),
    (2, "a view has the number of the one before it"),
    (3, "who leaves is told so before the rest of its view"),
    (4, "a message of a group is told under another view than that it is told in"),
    (5, "a view has the number of the one before it"),
    (6, "who comes back is told in a view beside what it was before"),
    (7, "a CBCAST is told as an FBCAST"),
    (8, "a GBCAST is told twice"),
    (9, "a GBCAST is told twice"),
    (10, "who joins is told a first view without itself"),
    (11, "what a member sent itself and a flush has still to tell is told to the others only"),
    (12, "whoever is in a view is said to have come along"),
    (13, "a view has the number of the one before it"),
    (14, "what a member sent itself and a flush has still to tell is told to the others only"),
    (15, "a message is for the members of the view before"),
    (16, "a message is delivered before its causes"),
    (17, "orphans are placed by something local"),
    (18, "a donor gives the wrong part of its state"),
    (19, "a reply is told twice"),
    (19, "who declines to reply is not named"),
    (20, "a group of two keeps a member that its core group has lost"),
    (21, "who is not in a relaxed group is told what is said there"),
    (22, "a view id tells nothing but its number"),
    (23, "who is behind is told what is new and never asked again"),
    (24, "a view has the number of the one before it"),
    (25, "what a member sent itself and a flush has still to tell is told to the others only"),
    (26, "causes in other groups are not waited for"),
    (27, "orphans are placed by something local"),
    (28, "a GBCAST is told twice"),
    (29, "stable as soon as one member has it"),
    (30, "half of an electorate is a majority"),
    (30, "whoever comes counts for a primary view"),
];

/// Every promise that is to be broken.
pub(super) fn all() -> impl Iterator<Item = u32> {
    BROKEN.into_iter().map(|(number, _)| number)
}

/// The promises that this fault is planted for.
pub(super) fn broken_by(plant: &Plant) -> impl Iterator<Item = u32> {
    BROKEN.into_iter().filter(|(_, name)| *name == plant.name).map(|(number, _)| number)
}

/// The number of the promise whose judge finds this property broken.
pub(super) fn judged_by(document: &str, property: &str) -> Option<u32> {
    let judge = format!("/{}.rs`", property.replace('-', "_"));
    let row = document.lines().find(|line| line.starts_with("| P") && line.contains(&judge))?;
    row.strip_prefix("| P")?.split(' ').next()?.parse().ok()
}

/// What is wrong with the faults of these promises: one has none, or names what is not planted.
pub(crate) fn unplanted(promises: impl Iterator<Item = u32>) -> Vec<String> {
    let named = |name: &str| list::all().any(|plant| plant.name == name);
    let strange = BROKEN.iter().filter(|(_, name)| !named(name));
    let strange = strange.map(|(number, name)| format!("P{number}: no fault is called `{name}`"));
    let bare = promises.filter(|number| BROKEN.iter().all(|(known, _)| known != number));
    let bare = bare.map(|number| format!("P{number} has no planted fault: it counts as untested"));
    strange.chain(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_without_a_fault_is_named() {
        assert!(unplanted(1..=30).is_empty());
        assert!(unplanted(30..=31)[0].contains("P31"));
    }

    #[test]
    fn what_a_judge_finds_is_the_promise_of_its_row() {
        let document = "| P7 | sent | `check/integrity.rs` |\n| P15 | order | `check/fifo.rs` |\n";
        assert_eq!(judged_by(document, "fifo"), Some(15));
        assert_eq!(judged_by(document, "room"), None);
    }
}
