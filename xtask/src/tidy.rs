//! The rules of the house: each a function from files to faults, each with a test that breaks it.

mod arrows;
mod code;
mod docs;
mod heads;
mod homes;
mod limits;
mod promises;
mod reach;
mod rooms;
mod words;
mod world;

use std::fmt;
use std::fs;
use std::path::Path;

use crate::Done;
use crate::cargo::{metadata, root};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The file, from the root.
    path: String,
    /// The line, from 1; 0 for the whole file.
    line: usize,
    /// What is wrong, and what would be right.
    what: String,
}

impl Fault {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A file under version control, with the two readings that rules want.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root, with forward slashes.
    path: String,
    /// As it is.
    text: String,
    /// With comments and the insides of strings blanked out: same lines, same columns.
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: code::blanked(text) }
    }
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
    /// Not shipped: tests, examples, benches.
    fn is_trial(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let folder = parts.iter().any(|part| matches!(*part, "tests" | "examples" | "benches"));
        folder || self.path.ends_with("tests.rs")
    }
    /// Lines of code with their numbers from 1, up to the tests at the bottom.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let tests = |at: &usize| {
            let next = lines.get(at + 1).unwrap_or(&"");
            lines[*at].trim() == "#[cfg(test)]" && next.trim_end().ends_with('{')
        };
        let end = (0..lines.len()).find(tests).unwrap_or(lines.len());
        let end = if self.is_trial() { 0 } else { end };
        self.code.lines().enumerate().take(end).map(|(at, line)| (at + 1, line))
    }
}

/// Every rule that looks at one file at a time.
const RULES: [fn(&Source) -> Vec<Fault>; 7] = [
    rooms::small,
    rooms::no_unsafe,
    heads::sentence,
    docs::say_something,
    limits::reasons,
    world::edges,
    homes::used,
];

/// Everything that is wrong with the workspace.
fn faults() -> Result<Vec<Fault>, String> {
    let sources = read(root())?;
    let packages = metadata()?.packages;
    let mut faults = arrows::point_left(&packages);
    faults.extend(homes::named(&packages));
    faults.extend(homes::empty(&packages, &sources));
    for source in sources.iter().filter(|source| source.is_rust()) {
        faults.extend(RULES.iter().flat_map(|rule| rule(source)));
    }
    faults.extend(reach::reachable(&sources));
    faults.extend(promises::judged(&sources));
    faults.extend(promises::planted(&sources));
    faults.extend(words::banned(&sources));
    let header = crate::header::stale().into_iter();
    faults.extend(header.map(|what| Fault::new(crate::header::place(), 0, what)));
    let stale = crate::plant::stale().into_iter();
    faults.extend(stale.map(|what| Fault::new("xtask/src/plant/list.rs", 0, what)));
    faults.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    Ok(faults)
}

/// Prints what is wrong; fails if anything is.
pub(crate) fn run() -> Done {
    let faults = faults()?;
    for fault in &faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => {
            println!("tidy");
            Ok(())
        }
        count => Err(format!("{count} faults")),
    }
}

/// Reads everything that a person wrote: no build, no version control.
fn read(root: &Path) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("{folder:?}: {error}"))?.path();
            let inside = path.strip_prefix(root).map_err(|error| error.to_string())?;
            let name = inside.to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| {
                ["rs", "md", "toml", "sh", "txt"].iter().any(|known| end == *known)
            }) {
                let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
                sources.push(Source::new(&name, &text));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let faults = faults().expect("a workspace");
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(shown.is_empty(), "\n{}", shown.join("\n"));
    }

    #[test]
    fn tests_at_the_bottom_and_trials_are_not_shipped() {
        let text = "//! A room.\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(Source::new("crates/a/src/b.rs", text).shipped().count(), 3);
        assert_eq!(Source::new("crates/a/tests/b.rs", text).shipped().count(), 0);
        let text = "//! A room.\n#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(Source::new("crates/a/src/b.rs", text).shipped().count(), 4);
    }
}
