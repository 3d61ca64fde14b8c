//! Results: what found each planted fault, kept from part to part while the code is the same.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::list::Plant;
use crate::Done;
use crate::cargo::target;

/// What became of one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The fault, as [`mark`] tells it from what it was before.
    pub(super) mark: String,
    /// What found it, if anything did.
    pub(super) found: Option<String>,
    /// Properties that its storm found broken.
    pub(super) properties: Vec<String>,
    /// How long that took, builds included.
    pub(super) seconds: u64,
}

/// See the head of this file.
pub(super) struct Results {
    file: PathBuf,
    by_mark: BTreeMap<String, Outcome>,
}

impl Results {
    /// Those of the code whose files these are, below this directory.
    pub(super) fn of(files: &[PathBuf], root: &Path) -> Result<Self, String> {
        let mut code = Sha256::new();
        for path in files.iter().filter(|path| path.starts_with("crates")) {
            code.update(path.to_string_lossy().as_bytes());
            code.update(fs::read(root.join(path)).map_err(|error| error.to_string())?);
        }
        let file = target().join("plants").join(format!("{}.jsonl", hex(&code.finalize())));
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str::<Outcome>);
        let by_mark = lines.map(|it| it.map(|it| (it.mark.clone(), it))).collect::<Result<_, _>>();
        let by_mark = by_mark.map_err(|error| format!("{}: {error}; remove it", file.display()))?;
        Ok(Self { file, by_mark })
    }

    /// What is known of a fault.
    pub(super) fn get(&self, plant: &Plant) -> Option<&Outcome> {
        self.by_mark.get(&mark(plant))
    }

    /// Keeps what became of one.
    pub(super) fn keep(&mut self, outcome: Outcome) -> Done {
        let wrong = |error: std::io::Error| format!("{}: {error}", self.file.display());
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(wrong)?;
        }
        let line = serde_json::to_string(&outcome).map_err(|error| error.to_string())?;
        let file = OpenOptions::new().create(true).append(true).open(&self.file);
        file.and_then(|mut file| writeln!(file, "{line}")).map_err(wrong)?;
        self.by_mark.insert(outcome.mark.clone(), outcome);
        Ok(())
    }
}

/// Tells a fault from every other, and from what was planted under its name before.
pub(super) fn mark(plant: &Plant) -> String {
    let mut all = Sha256::new();
    for part in [plant.name, plant.file, plant.from, plant.to] {
        all.update(part.as_bytes());
        all.update([0]);
    }
    hex(&all.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
