//! Corpus: inputs that once led somewhere: files named by what they show, and the examples of
//! `docs/wire.md`.

use std::fs;
use std::path::Path;

#[path = "../wire/examples.rs"]
mod examples;

/// The inputs of a target, one of no bytes first; then files by their names, then examples.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    paths.sort_by_key(fs::DirEntry::path);
    all.extend(paths.iter().map(|entry| fs::read(entry.path()).expect("a file of the corpus")));
    let examples = examples::read().into_iter().filter(|example| example.decoder == target);
    all.extend(examples.map(|example| example.bytes));
    all
}
