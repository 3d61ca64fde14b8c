//! Judge: `horus check` over the histories of a run.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::wards::Wards;

/// What it says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Verdict {
    pub(super) violations: u64,
    /// Why nothing can be concluded, if so.
    pub(super) void: Option<String>,
    pub(super) events: u64,
    /// Some of them, in words.
    kept: Vec<Kept>,
}

#[derive(Debug, Clone, Deserialize)]
struct Kept {
    property: String,
    proc: String,
    line: u64,
    text: String,
}

/// Judges the histories in a directory.
///
/// # Errors
/// A sentence if the judge could not read them.
pub(super) fn judge(binary: &Path, histories: &Path, wards: &Wards) -> Result<Verdict, String> {
    let cannot = |error| format!("`horus check` could not be run: {error}");
    let mut command = Command::new(binary);
    command.arg("check").arg(histories).arg("--json");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let output = child.stdout.take();
    let id = wards.take_in(child);
    let mut text = String::new();
    if let Some(mut output) = output {
        output.read_to_string(&mut text).map_err(cannot)?;
    }
    wards.ended(id).map_err(cannot)?;
    serde_json::from_str(&text).map_err(|error| format!("`horus check` said no verdict: {error}"))
}

impl Verdict {
    /// What is wrong, if anything: the first of each in a line.
    pub(super) fn wrong(&self, histories: &Path) -> Option<String> {
        if let Some(void) = &self.void {
            return Some(format!("the histories in {} prove nothing: {void}", histories.display()));
        }
        let first = self
            .kept
            .first()
            .map(|kept| format!("; {}: {}:{}: {}", kept.property, kept.proc, kept.line, kept.text));
        (self.violations > 0).then(|| {
            let first = first.unwrap_or_default();
            format!("{} violations in {}{first}", self.violations, histories.display())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_history_and_a_violation_are_both_wrong() {
        let verdict = |text| serde_json::from_str::<Verdict>(text).expect("a verdict");
        let good = r#"{"violations":0,"void":null,"events":9,"kept":[]}"#;
        assert_eq!(verdict(good).wrong(Path::new("h")), None);
        let void = r#"{"violations":0,"void":"there is no history","events":0,"kept":[]}"#;
        assert!(verdict(void).wrong(Path::new("h")).expect("wrong").contains("no history"));
        let bad = r#"{"violations":2,"void":null,"events":9,"kept":[
            {"property":"fifo","proc":"a#1","line":7,"text":"a gap"}]}"#;
        let said = verdict(bad).wrong(Path::new("h")).expect("wrong");
        assert_eq!(said, "2 violations in h; fifo: a#1:7: a gap");
    }
}
