//! Untried: what tests could not try on this machine, summed up where everybody sees it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::cargo::target;

/// Where tests write it down: they know the file by this variable (`crates/muts/tests/untried.rs`).
const VARIABLE: &str = "HORUS_UNTRIED";

/// See the head of this file.
pub(super) struct Untried(PathBuf);

impl Untried {
    /// Nothing so far.
    pub(super) fn new() -> Result<Self, String> {
        let file = target().join("untried");
        fs::create_dir_all(target())
            .and_then(|()| fs::write(&file, ""))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self(file))
    }

    /// What tests are told, as a variable and its value.
    pub(super) fn told(&self) -> [(&'static str, &str); 1] {
        [(VARIABLE, self.0.to_str().unwrap_or_default())]
    }

    /// Tells what they wrote.
    pub(super) fn tell(&self) {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        eprint!("{}", summed(&text));
    }
}

fn summed(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().collect();
    if lines.is_empty() {
        return String::new();
    }
    let mut told = String::from("\nNot tried here; with HORUS_MUST=1 that is a failure:\n");
    lines.iter().for_each(|line| told.push_str(&format!("  {line}\n")));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tried_is_told_once_and_nothing_is_told_of_all_that_was() {
        let told = summed("the hall: not root\nusers: not root\nthe hall: not root\n");
        assert_eq!(told.matches("the hall").count(), 1, "{told}");
        assert!(told.contains("users") && told.contains("HORUS_MUST"), "{told}");
        assert_eq!(summed(""), "");
    }
}
