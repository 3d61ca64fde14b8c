//! A promise has a number, a judge and a keeper: the table in `docs/promises.md` is complete.

use std::collections::BTreeMap;

use super::{Fault, Source};
use crate::spaces::JUDGES;

const DOCUMENT: &str = "docs/promises.md";

/// Promises are numbered from P1 without a gap; judges and keepers exist; no judge is unlisted,
/// and each names in its first line the property it judges.
pub(super) fn judged(sources: &[Source]) -> Vec<Fault> {
    let Some(document) = sources.iter().find(|source| source.path == DOCUMENT) else {
        return vec![Fault::new(DOCUMENT, 0, "the promises are missing")];
    };
    let mut faults = Vec::new();
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    let mut next = 1;
    for (at, line) in document.text.lines().enumerate() {
        let Some(number) = number(line) else { continue };
        if number != next {
            let what = format!("P{number} stands where P{next} should");
            faults.push(Fault::new(DOCUMENT, at + 1, what));
        }
        next = number + 1;
        let paths = paths(line);
        for path in paths.iter().filter(|path| !exists(sources, path)) {
            let what = format!("P{number} names {path}, which is not there");
            faults.push(Fault::new(DOCUMENT, at + 1, what));
        }
        if paths.len() < 2 {
            let what = format!("P{number} needs a judge and a keeper: two paths in backticks");
            faults.push(Fault::new(DOCUMENT, at + 1, what));
        }
        listed.extend(paths.into_iter().map(|path| (path, at + 1)));
    }
    if next == 1 {
        faults.push(Fault::new(DOCUMENT, 0, "no promise is numbered"));
    }
    for judge in sources.iter().filter(|source| is_judge(source)) {
        let stem = judge.path.rsplit('/').next().unwrap_or("").trim_end_matches(".rs");
        let property = format!("`{}`", stem.replace('_', "-"));
        if !listed.contains_key(&judge.path) {
            let what = format!("a judge whose promise is not in {DOCUMENT}");
            faults.push(Fault::new(&judge.path, 0, what));
        }
        if !judge.text.lines().next().is_some_and(|line| line.contains(&property)) {
            let what = format!("the first line of a judge names its property, {property}");
            faults.push(Fault::new(&judge.path, 1, what));
        }
    }
    faults
}

/// Each promise is broken by a planted fault.
pub(super) fn planted(sources: &[Source]) -> Vec<Fault> {
    let document = sources.iter().filter(|source| source.path == DOCUMENT);
    let numbers = document.flat_map(|source| source.text.lines().filter_map(number));
    let missing = crate::plant::unplanted(numbers).into_iter();
    missing.map(|what| Fault::new("xtask/src/plant/promises.rs", 0, what)).collect()
}

/// A file that judges: one with a function of that name.
fn is_judge(source: &Source) -> bool {
    source.path.starts_with(JUDGES) && source.code.contains("pub(super) fn judge(")
}

fn exists(sources: &[Source], path: &str) -> bool {
    sources.iter().any(|source| source.path == path)
}

/// The number of the promise in a row of the table: `| P7 | ...`.
fn number(line: &str) -> Option<u32> {
    line.strip_prefix("| P")?.split(' ').next()?.parse().ok()
}

/// The paths in backticks in a row.
fn paths(line: &str) -> Vec<String> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.ends_with(".rs")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIFO: &str = "crates/horus/src/check/fifo.rs";

    fn found(rows: &str, head: &str) -> Vec<String> {
        let sources = [
            Source::new(DOCUMENT, rows),
            Source::new(FIFO, &format!("{head}\npub(super) fn judge() {{}}\n")),
            Source::new("crates/horus/src/check/facts.rs", "//! What the judges read.\n"),
            Source::new("crates/vsync/src/epoch.rs", "//! An epoch.\n"),
        ];
        judged(&sources).into_iter().map(|fault| fault.what).collect()
    }

    const GOOD: &str =
        "| P1 | order | `crates/horus/src/check/fifo.rs` | `crates/vsync/src/epoch.rs` |\n";

    #[test]
    fn a_promise_without_its_judge_or_keeper_is_refused() {
        assert!(found(GOOD, "//! `fifo`: in order.").is_empty());
        let lost = GOOD.replace("epoch", "lost");
        assert!(found(&lost, "//! `fifo`: in order.")[0].contains("lost.rs"));
        let one = "| P1 | order | `crates/horus/src/check/fifo.rs` | somebody |\n";
        assert!(found(one, "//! `fifo`: in order.")[0].contains("keeper"));
        let gap = GOOD.replace("P1", "P2");
        assert!(found(&gap, "//! `fifo`: in order.")[0].contains("P1"));
        assert!(!found("", "//! `fifo`: in order.").is_empty());
    }

    #[test]
    fn a_judge_without_a_promise_or_a_name_is_refused() {
        let other = GOOD.replace("check/fifo", "check/facts");
        assert!(found(&other, "//! `fifo`: in order.")[0].contains("not in docs"));
        assert!(found(GOOD, "//! In order.")[0].contains("`fifo`"));
    }
}
