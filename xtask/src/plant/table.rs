//! Table: each planted fault, the promises that it breaks, what found it, and after how long.

use std::collections::BTreeSet;

use super::list::Plant;
use super::promises;
use super::results::Results;

/// The rows; `document` is `docs/promises.md`, which says what each judge is of.
pub(super) fn table(plants: &[&Plant], results: &Results, document: &str) -> String {
    let mut text =
        String::from("| fault | breaks | found by | seconds |\n| --- | --- | --- | --- |\n");
    for plant in plants {
        let outcome = results.get(plant);
        let found = outcome.map_or("not tried", |it| it.found.as_deref().unwrap_or("NOTHING"));
        let seconds = outcome.map_or_else(String::new, |it| it.seconds.to_string());
        let properties = outcome.map_or(&[][..], |it| &it.properties);
        let judged = properties.iter().filter_map(|it| promises::judged_by(document, it));
        let broken: BTreeSet<u32> = promises::broken_by(plant).chain(judged).collect();
        let broken: Vec<String> = broken.iter().map(|number| format!("P{number}")).collect();
        text.push_str(&format!(
            "| {} | {} | {found} | {seconds} |\n",
            plant.name,
            broken.join(" ")
        ));
    }
    text
}
