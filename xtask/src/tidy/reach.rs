//! No dead rooms: every file under `src` is reached from a root by `mod`.

use std::collections::BTreeSet;

use super::{Fault, Source};

/// Every Rust file that nothing names.
pub(super) fn reachable(sources: &[Source]) -> Vec<Fault> {
    let find = |path: &str| sources.iter().find(|source| source.path == path);
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let roots = sources.iter().filter(|source| source.is_rust() && is_root(&source.path));
    let mut open: Vec<&Source> = roots.collect();
    while let Some(source) = open.pop() {
        if reached.insert(&source.path) {
            open.extend(named(source).iter().filter_map(|path| find(path)));
        }
    }
    let lost = sources.iter().filter(|it| it.is_rust() && !reached.contains(it.path.as_str()));
    lost.map(|it| Fault::new(&it.path, 0, "no `mod` leads here")).collect()
}

/// Where a crate, a program, a test or an example begins.
fn is_root(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (file, folder, above) = (parts.next(), parts.next(), parts.next());
    match folder {
        Some("src") => matches!(file, Some("lib.rs" | "main.rs")),
        Some("bin") => above == Some("src"),
        Some("tests" | "examples" | "benches") => above != Some("src") && !path.contains("/src/"),
        Some(folder) => file == Some("main.rs") && above == Some("tests") && folder != "src",
        None => false,
    }
}

/// A path without its `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// The files that `mod` lines of a source may mean.
fn named(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let inner = if is_root(&source.path) || stem == "mod" {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let mut named = Vec::new();
    let mut given: Vec<&str> = Vec::new();
    for (text, code) in source.text.lines().zip(source.code.lines()) {
        if text.trim_start().starts_with("#[")
            && let Some((_, path)) = text.split_once("path = \"")
        {
            given.extend(path.split('"').next());
            continue;
        }
        let Some(word) = module(code) else { continue };
        named.extend(given.iter().map(|path| plain(&format!("{folder}/{path}"))));
        if given.is_empty() {
            named.push(format!("{inner}/{word}.rs"));
            named.push(format!("{inner}/{word}/mod.rs"));
        }
        given.clear();
    }
    named
}

/// The module that a line names, if it names one: `pub(crate) mod word;`.
fn module(line: &str) -> Option<&str> {
    let line = line.trim();
    let rest = if line.starts_with("pub") { line.split_once(' ')?.1 } else { line };
    rest.strip_prefix("mod ")?.strip_suffix(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nothing_names_is_refused() {
        let sources = [
            Source::new("crates/a/src/lib.rs", "mod b;\n// mod lost;\npub(crate) mod os;"),
            Source::new("crates/a/src/b.rs", "mod c;\n#[path = \"b_tests.rs\"]\nmod tests;"),
            Source::new("crates/a/src/b/c.rs", ""),
            Source::new("crates/a/src/b_tests.rs", ""),
            Source::new(
                "crates/a/src/os/mod.rs",
                "#[cfg_attr(unix, path = \"unix.rs\")]\nmod system;",
            ),
            Source::new("crates/a/src/os/unix.rs", ""),
            Source::new("crates/a/src/lost.rs", ""),
            Source::new("crates/a/tests/common/mod.rs", ""),
            Source::new("crates/a/tests/t.rs", "mod common;"),
            Source::new("crates/a/tests/u/main.rs", "mod v;"),
            Source::new("crates/a/tests/u/v.rs", ""),
            Source::new("crates/a/src/bin/p.rs", "#[path = \"../node/mod.rs\"]\nmod node;"),
            Source::new("crates/a/src/node/mod.rs", ""),
        ];
        let faults = reachable(&sources);
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["crates/a/src/lost.rs"]);
    }
}
